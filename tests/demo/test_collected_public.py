"""Public sets mapped into supplier's files: every line is a row or is refused with a reason, and nothing is cleaned.

What the rules find is counted a second time here, straight from the raw file with the standard library alone.
"""

import csv
import gzip
import itertools
import json
import os
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from xinqiao.catalogue import load
from xinqiao.cli import main
from xinqiao.demo.collected import inspur, registry
from xinqiao.demo.collected.public import write_public
from xinqiao.domain.catalogue.headers import match_headers
from xinqiao.domain.catalogue.model import Catalogue, Item
from xinqiao.domain.catalogue.rows import check_row
from xinqiao.domain.identifiers import check_org_code, check_uscc

RECEIVED = date(2026, 6, 30)
_NAMED = os.environ.get("XINQIAO_DATA_DIR", "").strip()
DATA = Path(_NAMED) if _NAMED else None
needs_inspur = pytest.mark.skipif(not inspur.available(DATA), reason="needs the public data sets")
needs_registry = pytest.mark.skipif(not registry.available(DATA), reason="needs the public data sets")
HASH = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return registry.extended(inspur.extended(load()))


def _found(
    catalogue: Catalogue, item: Item, header: list[str], rows: list[list[str]]
) -> Counter[tuple[str, str]]:
    columns = match_headers(item, header)
    assert (columns.unknown, columns.missing, columns.repeated) == ((), (), ())
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        cells = {name: cell for name, cell in zip(columns.fields, row, strict=True) if name is not None}
        verdict = check_row(catalogue, item, cells, received_on=RECEIVED)
        found.update((one.field, str(one.rule)) for one in verdict.findings)
    return found


def test_the_schemas_are_items_of_a_province_of_their_own(catalogue: Catalogue, tmp_path: Path) -> None:
    added = set(catalogue.items) - set(load().items)
    assert len(added) == 31
    assert all(catalogue.items[name].origin == "demo" for name in added)
    assert set(inspur.NOT_NATIONAL) <= {kind.file for kind in inspur.KINDS}
    (tmp_path / "demo").mkdir()
    for name, text in (inspur.extension_texts() | registry.extension_texts()).items():
        (tmp_path / "demo" / name).write_text(text, encoding="utf-8")
    assert set(load(extensions=tmp_path).items) == set(catalogue.items)


def test_a_hash_always_has_the_same_code_and_it_is_nobodys() -> None:
    codes = [inspur.demo_uscc(f"{n:032x}") for n in range(3000)]
    assert len(set(codes)) == 3000
    assert codes[7] == inspur.demo_uscc(f"{7:032x}")
    assert all(check_uscc(code) == code and code.startswith("9199") and code[8:10] == "DH" for code in codes)
    assert all(check_org_code(code[8:17]) == code[8:17] for code in codes[:50])


def _mapped(file: str, lines: str, tmp_path: Path) -> inspur.Mapped:
    kind = next(kind for kind in inspur.KINDS if kind.file == file)
    (tmp_path / f"{file}.csv").write_text(lines, encoding="utf-8")
    return inspur.map_kind(kind, tmp_path / f"{file}.csv")


def test_what_makes_no_row_is_refused_with_a_reason(tmp_path: Path) -> None:
    head = "entname,time,casetype,casecause,courtrank,datatype\n"
    out = _mapped(
        "justice_judge_new",
        f"{head}{HASH},二〇一七年十月二十三日,民事裁定书,其他,,\n{HASH},,判决,,,\n{HASH},二〇一七年十三,判决,,,\n"
        f"{HASH},去年,判决,,,\n某公司,二〇一七年一月一日,判决,,,\n{HASH},短\n",
        tmp_path,
    )
    assert out.refused == {"UNREADABLE_DAY": 2, "NO_SUBJECT": 1, "COLUMNS": 1}
    assert [row[2:5] for row in out.rows] == [["1", "2017年10月23日", "民事裁定书"], ["2", "", "判决"]]
    assert out.read == 6


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("二〇一五年十二月二十日", "2015年12月20日"), ("二零一六年一月三十一日", "2016年1月31日"),
        ("二〇一五年二月三十日", "2015年2月30日"), ("二〇一五年二月日", "2015年2月0日"), ("二〇一五二月三日", None),
        ("一五年二月三日", None), ("二〇一五年二月三日补", None),
    ],
)  # fmt: skip
def test_days_in_numerals_are_told_in_digits_and_not_judged(text: str, day: str | None) -> None:
    if day == "2015年2月0日":
        day = None  # no numeral at all is no day
    assert inspur._day_in_words(text) == day


@pytest.mark.parametrize(
    ("text", "day"), [("1388505600000", "2014-01-01"), ("-1", "1970-01-01"), ("x", None), ("9" * 15, None)]
)
def test_milliseconds_are_days_in_shanghai(text: str, day: str | None) -> None:
    assert inspur._day_in_milliseconds(text) == day


@pytest.mark.data
@needs_inspur
def test_every_line_of_every_kind_is_a_row_or_refused(catalogue: Catalogue) -> None:
    assert DATA is not None
    kinds = 0
    for mapped in inspur.map_all(DATA):
        kinds += 1
        with (DATA / inspur.FOLDER / f"{mapped.kind.file}.csv").open(encoding="utf-8", newline="") as text:
            raw = list(csv.DictReader(text))
        assert mapped.read == len(raw)
        hashes = [row["entname"] for row in raw if mapped.kind.file != "justice_judge_new"]
        if hashes and not mapped.refused:
            assert [row[1] for row in mapped.rows] == [inspur.demo_uscc(one) for one in hashes]
        found = _found(catalogue, catalogue.items[mapped.item], mapped.header, mapped.rows)
        assert found == _literal(mapped.kind.file, raw)
    assert kinds == len(inspur.KINDS) == 30


def _literal(file: str, raw: list[dict[str, str]]) -> Counter[tuple[str, str]]:
    """What the rules must find in these sets: amounts with commas, shares with too many places."""
    column, field, places = {
        "business_risk_taxunpaid": ("taxunpaidnum", "owed_amount", 2),
        "justice_enforced": ("enforce_amount", "amount", 2),
        "product_checkinfo_connect": ("passpercent", "pass_share", 4),
    }.get(file, ("", "", 0))
    if not column:
        return Counter()
    plain = re.compile(rf"[0-9]+([.][0-9]{{1,{places}}}0*)?")
    odd = sum(plain.fullmatch(row[column]) is None for row in raw)
    return Counter({(field, "BAD_DECIMAL"): odd}) if odd else Counter()


def _is_right(code: str) -> bool:
    """GB 32100 once more, from its table, apart from the program's own; small letters count as capitals."""
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    code = code.strip().upper()
    if len(code) != 18 or set(code) - set(letters) or not code[2:8].isdigit():
        return False
    total = sum(letters.index(char) * 3**place for place, char in enumerate(code[:17]))
    return letters[-total % 31] == code[17]


_UNSEEN = re.compile("[\x00-\x1f\x7f-\xa0\xad\u2000-\u200f\u2028-\u202f\ufeff\ufffd]")
_LONGEST = {"企业类型": 100, "注册资金": 100, "经营范围": 1000, "所在省份": 20, "地区": 20, "注册地址": 300}
_FIELDS = {
    "企业名称": "ent_name", "企业类型": "ent_type", "法人代表": "legal_rep_name", "注册资金": "registered_capital",
    "经营范围": "business_scope", "所在省份": "province", "地区": "region", "注册地址": "registered_address",
}  # fmt: skip


def _literal_faults(row: dict[str, str]) -> set[tuple[str, str]]:
    """What is wrong with a registration, told from the raw text."""
    found = set() if _is_right(row["统一社会信用代码"]) else {("uscc", "BAD_USCC")}
    if not re.fullmatch(r"(18[5-9]|19[0-9]|20[0-9])[0-9]-[0-9]{2}-[0-9]{2}", row["注册日期"]):
        found.add(("established_on", "BAD_DATE"))
    for column, field in _FIELDS.items():
        text = row[column].strip(" \t\r\n\v\f\u3000")
        if len(text) > _LONGEST.get(column, 1 << 20):
            found.add((field, "TOO_LONG"))
        elif _UNSEEN.search(re.sub(r"[\t\r\n]", "", text) if column == "经营范围" else text):
            found.add((field, "BAD_FORMAT"))
    return found


@pytest.mark.data
@needs_registry
def test_the_registry_is_passed_on_uncleaned_and_the_rules_find_its_dirt(catalogue: Catalogue) -> None:
    assert DATA is not None
    with gzip.open(DATA / registry.FILE, "rt", encoding="utf-8", newline="") as text:
        raw = list(csv.DictReader(text))
    header, *rows = registry.registration_rows(DATA)
    assert rows == [[row[label] for label in header] for row in raw]
    assert sum(1 for _ in registry.firm_rows(DATA)) == len(raw) + 1
    faults = [_literal_faults(row) for row in raw]
    expected = Counter(itertools.chain.from_iterable(faults))
    assert expected["uscc", "BAD_USCC"] > 140
    # Every row this count finds fault with, and a slice of the others, for the literal checker is slow.
    chosen = [row for row, found in zip(rows, faults, strict=True) if found]
    chosen += [row for row, found in zip(rows[:4000], faults, strict=False) if not found]
    assert _found(catalogue, catalogue.items[registry.REGISTRATION], header, chosen) == expected


@pytest.mark.data
@needs_registry
def test_in_the_national_form_nearly_every_row_breaks_a_rule(catalogue: Catalogue) -> None:
    assert DATA is not None
    header, *rows = itertools.islice(registry.national_rows(DATA), 4001)
    with gzip.open(DATA / registry.FILE, "rt", encoding="utf-8", newline="") as text:
        raw = list(itertools.islice(csv.DictReader(text), 4000))
    labels = set(load().code_lists["ent_type"].entries) | set(load().code_lists["ent_type"].entries.values())
    capital = re.compile(r"[+-]?\d{1,16}(\.\d{1,2}0*)?")
    expected = {
        ("reg_status", "REQUIRED"): len(raw),
        ("uscc", "BAD_USCC"): sum(not _is_right(row["统一社会信用代码"]) for row in raw),
        ("ent_type", "NOT_IN_LIST"): sum(
            bool(row["企业类型"]) and row["企业类型"] not in labels for row in raw
        ),
        ("registered_capital", "BAD_DECIMAL"): sum(
            bool(row["注册资金"]) and not capital.fullmatch(row["注册资金"]) for row in raw
        ),
    }
    found = _found(catalogue, catalogue.items["legal_representative"], header, rows)
    assert {pair: count for pair, count in found.items() if pair[1] != "BAD_FORMAT"} == {
        pair: count for pair, count in expected.items() if count
    }


@pytest.mark.data
@needs_inspur
@needs_registry
def test_the_command_writes_files_schemas_and_an_account(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "--public", "-o", str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 33
    account = json.loads((tmp_path / "mapping.json").read_text(encoding="utf-8"))["files"]
    with_rows = load(extensions=tmp_path / "catalogue")
    for one in account:
        with (tmp_path / one["file"]).open(encoding="utf-8", newline="") as text:
            header, *rows = csv.reader(text)
        assert len(rows) == one["rows"]
        if one["item"]:
            assert match_headers(with_rows.items[one["item"]], header).missing == ()


def test_without_the_sets_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("XINQIAO_DATA_DIR", raising=False)
    assert main(["generate", "--public", "-o", str(tmp_path / "out")]) == 2
    assert "XINQIAO_DATA_DIR" in capsys.readouterr().err
    with pytest.raises(FileNotFoundError):
        list(write_public(tmp_path, tmp_path / "out"))
    assert not (tmp_path / "out").exists()
