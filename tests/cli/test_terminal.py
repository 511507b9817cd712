"""Columns that line up with Chinese in them, and a password that is typed twice."""

import io

import pytest

from xinqiao.cli import terminal


def test_a_chinese_character_takes_two_columns() -> None:
    assert [terminal.width(text) for text in ("ab", "中文", "（a）", "")] == [2, 4, 5, 0]
    assert (terminal.padded("中", 4), terminal.padded("中文", 3)) == ("中  ", "中文")


@pytest.mark.parametrize(("typed", "password"), [(["p", "p"], "p"), (["p", "q"], None)])
def test_a_password_is_taken_when_both_agree(
    typed: list[str], password: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "getpass", lambda _: typed.pop(0))
    assert terminal.new_password(from_stdin=False) == password


def test_a_password_may_come_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("p w \nrest"))
    assert terminal.new_password(from_stdin=True) == "p w "
