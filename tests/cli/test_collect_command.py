"""``xinqiao collect``: receipts on standard output, an exit status a script can rely on, corrections that come back."""

import csv
import json
from pathlib import Path

import pytest

from xinqiao.campaigns.planted import HEADER, plant
from xinqiao.cli import main


def run(path: Path, *more: str) -> int:
    lake = str(path.parent / "lake")
    return main(
        ["collect", str(path), "--item", "electricity_fee", "--source", "grid-01", "--lake", lake, *more]
    )


def test_a_file_its_receipt_and_its_corrections(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = plant(tmp_path / "bills.csv", 300, seed=4, share=0.2)
    back = tmp_path / "back.csv"
    assert run(tmp_path / "bills.csv", "--format", "json", "--quarantine", str(back)) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["accepted"], told["refused"]) == ("partly", truth.accepted, truth.refused)
    with back.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert (len(rows), rows[0][-4:]) == (truth.refused + 1, ["错误说明", "错误字段", "错误规则", "原行号"])
    assert run(tmp_path / "bills.csv") == 1
    out = capsys.readouterr().out
    assert f"收 accepted {truth.accepted}" in out
    assert "DUPLICATE_KEY" in out


def test_the_table_shows_labels_and_what_nobody_can_see(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(tmp_path / "bills.csv", 3, seed=4, share=0)
    with (tmp_path / "bills.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    rows[1][rows[0].index("企业名称")] = "甲\u200b公　司\u2028"
    with (tmp_path / "bills.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([*rows, ["短"]])
    assert run(tmp_path / "bills.csv") == 1
    out = capsys.readouterr().out
    assert "第 2 行    企业名称    BAD_FORMAT    甲<U+200B>公　司<U+2028>\n" in out
    assert "第 5 行    整行    RAGGED" in out


def test_rows_that_replace_an_earlier_value_are_counted_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(tmp_path / "bills.csv", 40, seed=4, share=0)
    assert run(tmp_path / "bills.csv", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["superseding"] is None
    with (tmp_path / "bills.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    name = rows[0].index("企业名称")
    for row in rows[1:4]:
        row[name] = "更名以后的企业有限公司"
    with (tmp_path / "late.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    assert run(tmp_path / "late.csv", "--format", "json", "--superseding") == 0
    assert json.loads(capsys.readouterr().out)["superseding"] == 3
    assert run(tmp_path / "late.csv", "--superseding") == 0
    assert "替换旧值 superseding 3" in capsys.readouterr().out


def test_all_taken_is_0_and_refused_files_are_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant(tmp_path / "bills.csv", 50, seed=4, share=0)
    assert run(tmp_path / "bills.csv") == 0
    assert "全部收下" in capsys.readouterr().out
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", "utf-8")
    assert run(tmp_path / "other.csv") == 2
    problem = json.loads(capsys.readouterr().out)
    assert (problem["code"], "uscc" in problem["missing"]) == ("HEADER_MISMATCH", True)
    # in the words of the form they fill in
    assert "缺少的列：企业名称、统一社会信用代码、" in problem["next_step"]
    twice = ",".join([*HEADER, "统一社会信用代码", "uscc"])
    (tmp_path / "twice.csv").write_text(twice.replace("统一社会信用代码,uscc", "uscc") + "\n1\n", "utf-8")
    assert run(tmp_path / "twice.csv") == 2
    assert "出现了不止一次的列：统一社会信用代码。" in json.loads(capsys.readouterr().out)["next_step"]
    (tmp_path / "half.csv").write_bytes("一,二\n甲,1\n".encode()[:-3] + b"\xe4,\n")
    assert run(tmp_path / "half.csv") == 2
    problem = json.loads(capsys.readouterr().out)
    assert (problem["line"], "在第 2 行（表头也算）" in problem["next_step"]) == (2, True)


@pytest.mark.parametrize(
    ("more", "field"),
    [(["--quarantine", "x.pdf"], "quarantine"), (["--wan-yuan", "uscc"], "units.uscc"), (["--item", "carbon_emission"], "item"),
     (["--item", "no_such"], "item")],
)  # fmt: skip
def test_what_cannot_be_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], field: str
) -> None:
    (tmp_path / "one.csv").write_text(",".join(HEADER) + "\n" + ",".join("x" for _ in HEADER) + "\n", "utf-8")
    assert run(tmp_path / "one.csv", *more) == 2
    assert json.loads(capsys.readouterr().out)["field"] == field
