"""``xinqiao uscc``: one line per code, whatever is typed, and an exit status a script can rely on."""

import pytest

from xinqiao.cli import main

GOOD = "91990102MADEM0011M"


def test_each_code_is_one_line_and_one_bad_code_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["uscc", GOOD, GOOD.lower()]) == 0
    assert capsys.readouterr().out == f"{GOOD} valid\n{GOOD.lower()} valid\n"
    assert main(["uscc", GOOD, f"{GOOD[:-1]}N", "", "a\nb", "\udcff", "９" * 300]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[:5] == [
        f"{GOOD} valid", f"{GOOD[:-1]}N invalid CHECKSUM:18", " invalid LENGTH", "a\\nb invalid LENGTH",
        "\\udcff invalid LENGTH",
    ]  # fmt: skip
    assert len(said) == 6


def test_no_code_is_a_usage_error_and_never_all_valid(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["uscc"]) == 2
    assert "xinqiao uscc" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_is_not_taken_for_a_code(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["uscc", word]) == 0
    assert "invalid" not in capsys.readouterr().out
