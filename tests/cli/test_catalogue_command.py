"""``xinqiao catalogue``: what it prints, what it writes, and an exit status a script can rely on."""

import json
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from xinqiao.catalogue import load
from xinqiao.catalogue.words import NOT_KNOWN, UNVERIFIED
from xinqiao.cli import main


def test_check_of_the_shipped_lists(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "check"]) == 0
    out = capsys.readouterr().out
    assert "国办发〔2024〕15号: 17 类 categories, 37 项 items" in out
    assert "国办发〔2021〕52号: 14 类 categories, 37 项 items（未转载 not reproduced）" in out


def test_check_names_each_mistake_with_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.toml").write_text('id = "x_shanxi_a"\nno = 3\n', "utf-8")
    assert main(["catalogue", "check", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert "a.toml: no: " in err
    assert "a.toml: providers: 缺少" in err
    assert main(["catalogue", "show", "--extensions", str(tmp_path)]) == 1


def test_show_all_one_and_the_list_before(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "show"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in load().items)
    for words in ("国办发〔2021〕52号  2021-12-22", "进出口（第 7、8 项）", NOT_KNOWN.zh):
        assert words in out
    assert main(["catalogue", "show", "medical_insurance_change"]) == 0
    out = capsys.readouterr().out
    assert "变动后人数 = 变动前人数 + 新增人数 − 减少人数" in out
    assert main(["catalogue", "show", "--edition", "2021"]) == 0
    out = capsys.readouterr().out
    assert "14 类 categories, 37 项 items" in out
    assert "严重失信主体名单" in out
    assert out.count(UNVERIFIED.zh) == 2
    assert main(["catalogue", "show", "water"]) == 2
    assert "water_fee" in capsys.readouterr().err


def test_show_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "show", "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in shown["items"]] == list(load().items)
    assert shown["mentions"][1] == {
        "name": "资质", "name_en": "qualifications", "standing": "brought_in", "categories": [14], "verified": True
    }  # fmt: skip
    assert main(["catalogue", "show", "agri_subsidy", "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["natural_key"] == ["id_no", "subsidy_kind", "year", "batch"]
    assert {"name": "subsidy_amount", "precision": 18, "scale": 2, "minimum": "0"}.items() <= shown["fields"][
        4
    ].items()
    assert shown["code_lists"]["agri_subsidy_kind"]["disaster"] == "救灾补助"


def test_a_template_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.xlsx", "a.csv"):
        assert main(["catalogue", "template", "water_fee", "-o", str(tmp_path / name)]) == 0
    head = (tmp_path / "a.csv").read_text("utf-8-sig").strip().split(",")
    assert head == [field.label for field in load().items["water_fee"].fields]
    assert CalamineWorkbook.from_path(tmp_path / "a.xlsx").get_sheet_by_index(0).to_python() == [head]
    assert main(["catalogue", "template", "water_fee", "-o", str(tmp_path)]) == 2
    assert main(["catalogue", "template", "nothing", "-o", str(tmp_path / "b.csv")]) == 2
    assert "no such item" in capsys.readouterr().err
