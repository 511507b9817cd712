"""SIGKILL and a full disk: whole or nothing, no orphans, the second run is exact."""

import errno
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.lake.store.synthetic import ITEM, new_lake, row, send, subject

from xinqiao.campaigns import kill_lake
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Unavailable
from xinqiao.lake.store import Lake, disk, phases

SUBJECTS = [subject(number) for number in range(7)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What the lake says when nothing happened to it."""
    lake = new_lake(tmp_path_factory.mktemp("whole") / "lake", kill_lake.BUCKETS)
    kill_lake.work(lake)
    return kill_lake.answers(lake)


@pytest.mark.whole
def test_killed_at_every_marker(tmp_path: Path, whole: list[Any]) -> None:
    names = kill_lake.markers(tmp_path / "names")
    assert {name.partition(":")[0] for name in names} >= {"publish", "compact", "sweep"}
    first = {name: place for place, name in reversed(list(enumerate(names, start=1)))}
    for name, place in first.items():
        folder = tmp_path / name.replace(":", "-")
        child = kill_lake.start(folder, place)
        child.communicate()
        assert child.returncode == -signal.SIGKILL, name
        lake = Lake.open(folder)
        assert kill_lake.judge(lake) + kill_lake.judge_batches(lake) == [], name
        kill_lake.work(lake)
        assert kill_lake.answers(lake) == whole, name
        assert kill_lake.judge(lake) == [], name


@pytest.mark.slow
def test_a_slice_of_the_campaign(tmp_path: Path) -> None:
    """A death at a random moment and one at a step; every step is for ``make whole``."""
    found = kill_lake.run(2, seed=3, folder=tmp_path)
    assert found["ok"], found["problems"]
    figures = found["figures"]
    assert isinstance(figures, dict)
    assert (sum(figures.values()) >= 2, figures.get("killed_at_a_step")) == (True, 1), figures


def test_the_judge_finds_what_was_left_and_what_was_changed(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake", kill_lake.BUCKETS)
    kill_lake.work(lake)
    assert kill_lake.judge(lake) == []
    (lake.folder / "items" / "orphan.parquet").write_bytes(b"x")
    lake.files(kill_lake.ITEMS[0])[0].unlink()
    assert len(kill_lake.judge(lake)) == 2


def _answers(lake: Lake) -> list[Any]:
    return [lake.records(firm) for firm in SUBJECTS] + [lake.history(firm, ITEM) for firm in SUBJECTS]


def _cells(count: int) -> list[Json]:
    return kill_lake.cells(count)


def _full_at(name: str) -> Callable[[str], None]:
    def hook(marker: str) -> None:
        if marker == name:
            raise OSError(errno.ENOSPC, "no space left on device")

    return hook


@pytest.mark.parametrize(
    "marker", ["publish:synced", "publish:facts", "publish:move", "publish:placed", "publish:state"]
)
def test_a_disk_that_is_full_leaves_the_lake_as_it_was(
    tmp_path: Path, marker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = new_lake(tmp_path / "lake", 2)
    send(lake, "B1", [row(firm, firm) for firm in range(7)], facts={"digest": "1", "rollup": _cells(1)})
    before = _answers(lake), _files(lake)
    monkeypatch.setattr(phases, "hook", _full_at(marker))
    rows = [row(firm, firm + 10) for firm in range(7)]
    with pytest.raises(Unavailable) as told:
        send(lake, "B2", rows, facts={"digest": "2", "rollup": _cells(1)})
    assert told.value.code is Code.LAKE_FULL
    assert (_answers(lake), _files(lake)) == before
    monkeypatch.setattr(phases, "hook", None)
    assert send(lake, "B2", rows, facts={"digest": "2", "rollup": _cells(1)}).new


@pytest.mark.parametrize("nth", [1, 2, 3, 5, 8])
def test_a_write_that_fails_leaves_the_lake_as_it_was(
    tmp_path: Path, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every durable write and every sync fails in its turn."""
    lake = new_lake(tmp_path / "lake", 2)
    send(lake, "B1", [row(firm, firm) for firm in range(7)])
    send(lake, "B2", [row(firm, firm, note="补缴") for firm in range(7)])
    before = _answers(lake)
    real, count = os.fsync, 0

    def fsync(descriptor: int) -> None:
        nonlocal count
        count += 1
        if count == nth:
            raise OSError(errno.ENOSPC, "no space left on device")
        real(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(disk.os, "fsync", fsync)
        with pytest.raises(Unavailable):
            lake.compact(full=True)
    reopened = Lake.open(lake.folder)
    assert _answers(reopened) == before
    assert reopened.check() == []
    reopened.compact(full=True)
    assert _answers(reopened)[: len(SUBJECTS)] == before[: len(SUBJECTS)]


def _until_full(lake: Lake) -> tuple[int, list[Any]]:
    """Send batches until one fails, as the pipeline does; how many were taken, and what the lake said then."""
    for sent in range(200):
        before = _answers(lake)
        rows = [row(bill % 7, sent * 1000 + bill, note=os.urandom(9).hex()) for bill in range(500)]
        try:
            send(lake, f"B{sent}", rows)
        except (Unavailable, OSError, duckdb.Error):  # the pipeline's own COPY may be the first to meet it
            return sent, before
    raise AssertionError("the disk was never full")


def test_a_small_disk(tmp_path: Path) -> None:
    """A real one, where this machine lets us mount it."""
    small = tmp_path / "disk"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=250k", "tmpfs", str(small)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("no tmpfs may be mounted here")
    try:
        sent, before = _until_full(new_lake(small / "lake", 1))
        assert sent
        lake = Lake.open(small / "lake")
        assert _answers(lake) == before
        assert lake.check() == []
        assert [path for path in (lake.folder / "drafts").iterdir() if path.is_dir()] == []
    finally:
        # lazily: readers keep files mapped
        subprocess.run(["umount", "--lazy", str(small)], check=True)


def _files(lake: Lake) -> list[str]:
    return sorted(
        str(path.relative_to(lake.folder))
        for path in lake.folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    )


def test_what_a_dead_owner_left_goes_at_the_next_opening(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake", 2)
    send(lake, "B1", [row(1, 1)])
    held = lake.begin(ITEM, "B2", 2)
    (lake.folder / "drafts" / "0").mkdir()
    (lake.folder / "items" / ITEM / "000").mkdir(exist_ok=True)
    (lake.folder / "items" / ITEM / "000" / "orphan.parquet").write_bytes(b"x")
    (lake.folder / f"manifest.json{disk.TEMPORARY}1").write_bytes(b"x")
    Lake.open(lake.folder)
    assert held.folder.is_dir()
    assert not (lake.folder / "drafts" / "0").exists()
    assert not (lake.folder / "items" / ITEM / "000" / "orphan.parquet").exists()
    assert not (lake.folder / f"manifest.json{disk.TEMPORARY}1").exists()
    lake.discard(held)
    lake.discard(held)
    assert not held.folder.exists()
