"""``xinqiao firms``: build from lists with dirt in them, search, size."""

import json
from pathlib import Path

import pytest

from xinqiao.cli import main

LIST = """企业名称,统一社会信用代码,注册日期,登记状态,曾用名,行业代码
山西远山科技有限公司,91140105MA0DEM013B,2016-03-01,存续,,I65
太原近水商贸有限公司,91140106MA0DEM0567,2016/3/1,注销,太原旧水商贸有限公司；太原老水商贸有限公司,F52
没有代码的公司,,2016-03-01,存续,,
老注册号的公司,140108000000016,2016-03-01,存续,,
错了一位的公司,91140108MA0DEM064X,2016-03-01,存续,,
行业不对的公司,91140108MA0DEM064Y,2016-03-01,存续,,X9
日期不对的公司,91140109MA0DEM048P,2016-02-30,存续,,
"""


@pytest.fixture
def index(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    source, where = tmp_path / "list.csv", tmp_path / "firms.db"
    source.write_bytes(LIST.encode("gb18030"))
    assert (
        main(["firms", "build", str(source), "--index", str(where), "--rejects", str(tmp_path / "aside.csv")])
        == 0
    )
    return where


def test_build_says_what_was_put_aside_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, where, aside = tmp_path / "list.csv", tmp_path / "firms.db", tmp_path / "aside.csv"
    source.write_text(LIST, encoding="utf-8-sig")
    asked = ["firms", "build", str(source), "--index", str(where), "--rejects", str(aside)]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "7 行 rows, 收下 taken 3, 没有收下 put aside 4" in said
    for line in (
        "uscc CHECKSUM:18: 1",
        "uscc LENGTH: 2",
        "industry UNKNOWN:1: 1",
        "left out established_on DATE: 1",
    ):
        assert line in said
    assert "3 家 firms; 新增 new 3" in said
    assert aside.read_text(encoding="utf-8-sig").splitlines()[2:4] == [
        "list.csv,4,uscc,LENGTH,140108000000016",
        "list.csv,5,uscc,CHECKSUM:18,91140108MA0DEM064X",
    ]
    assert main(asked) == 0
    assert "新增 new 0, 变更 changed 0, 未变 same 3" in capsys.readouterr().out


def test_search(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["firms", "search", "yuan", "shan", "--index", str(index)]) == 0
    assert capsys.readouterr().out.startswith("91140105MA0DEM013B  山西远山科技有限公司  拼音 pinyin  存续")
    assert main(["firms", "search", "老水", "--index", str(index)]) == 0
    assert "注销  曾用名 formerly 太原老水商贸有限公司" in capsys.readouterr().out
    assert main(["firms", "search", "厄运", "--index", str(index)]) == 1
    assert main(["firms", "search", "远山", "--index", str(index), "--json"]) == 0
    (hit,) = json.loads(capsys.readouterr().out)
    assert (hit["uscc"], hit["match"], hit["established_on"], hit["industry"]) == (
        "91140105MA0DEM013B", "fragment", "2016-03-01", "I65",
    )  # fmt: skip


def test_a_near_code_only_when_asked_for(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    wrong = "91140105MAODEM013B"
    assert main(["firms", "search", wrong, "--index", str(index)]) == 1
    assert main(["firms", "search", wrong, "--index", str(index), "--near"]) == 0
    assert "山西远山科技有限公司" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "FILE_EMPTY"),
        ("名字\n甲\n".encode(), "FILE_COLUMNS"),
        (b"\xff\xff\xff", "FILE_UNREADABLE"),
        (None, "FILE_UNREADABLE"),
    ],
)
def test_a_file_that_is_no_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: bytes | None, code: str
) -> None:
    source = tmp_path / "list.csv"
    if text is not None:
        source.write_bytes(text)
    assert main(["firms", "build", str(source), "--index", str(tmp_path / "firms.db")]) == 2
    assert code in capsys.readouterr().err


def test_no_index_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["firms", "search", "远山", "--index", str(tmp_path / "none.db")]) == 2
    assert "FILE_UNREADABLE" in capsys.readouterr().err


def test_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["firms", "size", "--industry", "C26", "--employees", "120", "--revenue", "30,000,000"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "小型 small"
    assert (
        said[1]
        == "从业人员 120 人，达到 20 人，为小型；营业收入 3,000 万元，达到 2,000 万元，为中型；取最低的一档，所以是小型。"
    )
    assert said[3].endswith("第 2 行 工业")


def test_size_with_a_figure_missing_is_1_and_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["firms", "size", "--industry", "C26", "--revenue", "30000000", "--json", "--individual"]) == 1
    )
    found = json.loads(capsys.readouterr().out)
    assert (found["size"], found["possible"], found["deciding"]) == (
        "medium",
        ["micro", "small", "medium"],
        ["employees"],
    )
    assert found["is_msme"] is True
    assert found["by_reference"] is True
    assert main(["firms", "size", "--industry", "J66"]) == 1
    assert main(["firms", "size", "--industry", "C26", "--employees", "-1"]) == 2
    with pytest.raises(SystemExit):
        main(["firms", "size", "--industry", "C26", "--revenue", "many"])
