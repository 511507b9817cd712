"""``xinqiao generate``: files, a line for each, and refusals that say why."""

import json
from pathlib import Path

import pytest

from xinqiao.cli import main


def test_files_and_a_line_for_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "generate",
        "--enterprises",
        "30",
        "--records",
        "400",
        "--items",
        "gas_fee，water_fee",
        "--errors",
        "0.1",
    ]
    assert main([*words, "--as-of", "2026-06-30", "-o", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said] == ["water_fee.csv", "gas_fee.csv", "共"]
    truth = json.loads((tmp_path / "out" / "gas_fee.truth.json").read_text(encoding="utf-8"))
    assert truth["received_on"] == "2026-06-30"
    assert truth["rows"] == truth["accepted"] + truth["refused"] + truth["repeated"]
    assert f"{truth['rows']:,} 行" in said[1]


def test_the_day_is_todays_in_shanghai_by_default(tmp_path: Path) -> None:
    from xinqiao.clock import SHANGHAI, SystemClock

    before = SystemClock().now().astimezone(SHANGHAI).date().isoformat()
    assert (
        main(["generate", "--enterprises", "3", "--records", "3", "--items", "gas_fee", "-o", str(tmp_path)])
        == 0
    )
    after = SystemClock().now().astimezone(SHANGHAI).date().isoformat()
    assert json.loads((tmp_path / "gas_fee.truth.json").read_text())["received_on"] in (before, after)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--records", "40000"], "at most so many records"),
        (["--records", "30", "--items", "tax_credit"], "not a collected item"),
        (["--records", "5"], "at least one record"),
    ],
)
def test_what_cannot_be_made_is_2_and_says_why(
    words: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "--enterprises", "30", *words, "-o", str(tmp_path / "out")]) == 2
    assert why in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--records", "0"], ["--records", "１０"], ["--records", "10", "--errors", "0.6"],
        ["--records", "10", "--errors", "x"], ["--records", "10", "--seed", "-1"], ["--records", "10", "--as-of", "1.1.26"],
        ["--records", "10", "--format", "xlsx"],
    ],
)  # fmt: skip
def test_options_are_checked(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["generate", "--enterprises", "30", *words, "-o", str(tmp_path)])
    assert ended.value.code == 2
