"""A child with limits: its answer, its refusal, its crash, its greed."""

import os
import signal
import socket
from pathlib import Path

import pytest

from xinqiao.domain.errors import Code, Invalid, TooLarge
from xinqiao.lake.sandbox import Limits, run_limited


def twice(value):
    print("a library may print")
    return [value, value]


def refuse():
    raise Invalid(Code.FILE_VALUE, "row 3", facts={"row": 3})


def crash():
    os.kill(os.getpid(), signal.SIGSEGV)


def hoard():
    return len(b"x" * (3 << 30))


def spin():
    while True:
        pass


def refuse_size():
    raise TooLarge(Code.FILE_LIMITS, "columns")


def reach_out(port):
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        return "reached"


def write_file(path):
    Path(path).write_text("x" * 100)
    return "written"


def test_the_child_answers_what_the_function_returned():
    assert run_limited(twice, "甲") == ["甲", "甲"]


def test_a_refusal_comes_back_with_its_code_and_facts():
    with pytest.raises(Invalid) as caught:
        run_limited(refuse)
    assert (caught.value.code, caught.value.facts) == (Code.FILE_VALUE, {"row": 3})


@pytest.mark.parametrize(
    ("func", "limits"),
    [
        (crash, Limits()),
        (hoard, Limits(memory=1 << 30)),
        (hoard, Limits(private=1 << 30)),
        (spin, Limits(cpu_seconds=1)),
    ],
)
def test_a_child_that_dies_is_an_unreadable_file_and_not_our_end(func, limits):
    with pytest.raises(Invalid) as caught:
        run_limited(func, limits=limits)
    assert caught.value.code is Code.FILE_UNREADABLE


def test_the_child_can_write_no_file(tmp_path):
    with pytest.raises(Invalid):
        run_limited(write_file, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists() or (tmp_path / "out").stat().st_size == 0


def test_the_child_writes_up_to_the_size_it_was_given(tmp_path):
    assert run_limited(write_file, str(tmp_path / "out"), limits=Limits(file_bytes=100)) == "written"
    with pytest.raises(Invalid):
        run_limited(write_file, str(tmp_path / "out"), limits=Limits(file_bytes=99))


def test_a_refusal_of_size_stays_one():
    with pytest.raises(TooLarge) as caught:
        run_limited(refuse_size)
    assert caught.value.code is Code.FILE_LIMITS


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user may not be allowed to give the network up")
def test_the_child_reaches_nobody():
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(Invalid):
        run_limited(reach_out, listening.getsockname()[1])
