"""Public sets mapped into supplier's files: every line is a row, in whatever dress it comes, and nothing is cleaned.

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
from xinqiao.demo.collected.public import write_parts, write_public
from xinqiao.demo.collected.reading import tables
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


def _mapped(file: str, lines: str, folder: Path) -> list[list[str]]:
    """What becomes of a file of this kind: header and rows."""
    (folder / "part.csv").write_bytes(lines.encode())
    (done,) = write_parts([folder / "part.csv"], folder / "out")
    assert (done.item, done.problem) == (_kind(file).item, None)
    return _read(done.path)


def _kind(file: str) -> inspur.Kind:
    return next(kind for kind in inspur.KINDS if kind.file == file)


def _read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.reader(text))


def test_every_line_is_a_row_and_what_is_wrong_with_it_stands_in_it(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    head = "entname,time,casetype,casecause,courtrank,datatype\n"
    header, *rows = _mapped(
        "justice_judge_new",
        f"{head}{HASH},二〇一七年十月二十三日,民事裁定书,其他,,\n{HASH},,判决,,,\n{HASH},二〇一七年十三,判决,,,\n"
        f"{HASH},去年,判决,,,\n某公司,二〇一七年一月一日,判决,,,\n{HASH},短\n{HASH},,长,,,,多\n,,无名,,,\n",
        tmp_path,
    )
    assert [row[2:5] for row in rows[:4]] == [
        ["1", "2017年10月23日", "民事裁定书"], ["2", "", "判决"], ["3", "二〇一七年十三", "判决"], ["4", "去年", "判决"],
    ]  # fmt: skip
    assert rows[4][:3] == ["某公司", "某公司", "5"]
    assert (len(rows[5]) < len(header) < len(rows[6]), rows[5], rows[6][6]) == (True, [HASH, "短"], "多")
    whole = [row for row in rows if len(row) == len(header)]
    assert _found(catalogue, catalogue.items["x_demo_justice_judge_new"], header, whole) == {
        ("decided_on", "BAD_DATE"): 2, ("uscc", "BAD_USCC"): 1, ("ent_name", "REQUIRED"): 1, ("uscc", "REQUIRED"): 1,
    }  # fmt: skip


def test_a_part_is_known_by_its_columns_in_whatever_dress_it_comes(tmp_path: Path) -> None:
    lines = [
        ["entname", "record_date", "enforce_amount"],
        [HASH, "2008-08-11", "2,020.42"],
        [HASH.upper(), "", "1"],
    ]
    text = "\r\n".join(",".join(f'"{cell}"' if "," in cell else cell for cell in line) for line in lines)
    plain = tmp_path / "甲.csv"
    plain.write_bytes(text.encode())
    dresses = {
        "乙.csv": b"\xef\xbb\xbf" + text.replace("entname", " ENTNAME ").encode(),
        "丙.csv": text.replace("\r\n", "\r").encode("utf-16"),
        "丁": gzip.compress(text.encode()),
        "戊.jsonl": "\n".join(
            json.dumps(dict(zip(lines[0], row, strict=True))) for row in lines[1:]
        ).encode(),
    }
    for name, raw in dresses.items():
        (tmp_path / name).write_bytes(raw)
    done = list(write_parts([plain, *(tmp_path / name for name in dresses)], tmp_path / "out"))
    assert [one.path.name for one in done] == [
        "x_demo_justice_enforced.csv", *(f"x_demo_justice_enforced-{n}.csv" for n in range(2, 6))
    ]  # fmt: skip
    header, *rows = _read(done[0].path)
    assert header == ["企业名称", "统一社会信用代码", "来源序号", "立案日期", "执行标的(元)"]
    assert [row[1:] for row in rows] == [
        [inspur.demo_uscc(HASH), "1", "2008-08-11", "2,020.42"], [inspur.demo_uscc(HASH), "2", "", "1"],
    ]  # fmt: skip
    for at, one in enumerate(done[1:], start=1):
        again, *others = _read(one.path)
        assert again == header
        assert [row[:2] + row[3:] for row in others] == [row[:2] + row[3:] for row in rows]
        # a number comes once, or a record of another part would take the place of this one
        assert [row[2] for row in others] == [str(2 * at + 1), str(2 * at + 2)]


def test_columns_of_no_use_and_files_of_no_set_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text(f"备注,is_brap,entname\nx,2,{HASH}\n", "utf-8")
    (tmp_path / "b.csv").write_text("一,二\n1,2\n", "utf-8")
    (tmp_path / "c.csv").write_text("entname,bidnum\n", "utf-8")
    (tmp_path / "d").write_bytes(gzip.compress(b"entname,bidnum\n" + b"1,2\n" * 1000)[:-9])
    (tmp_path / "e").write_bytes(gzip.compress(b"entname,bidnum\n" + b"1,2\n" * 100_000))
    named = [str(tmp_path / name) for name in ("a.csv", "b.csv", "c.csv", "d", "e")]
    assert main(["generate", "--public", *named, "-o", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert (
        said.out
        == "x_demo_business_risk_all_punish.csv  1 行 rows · a.csv · 未用的列 columns not used: 备注\n"
    )
    assert [line.split()[:2] for line in said.err.splitlines()] == [
        ["b.csv", "HEADER_MISMATCH"], ["c.csv", "FILE_EMPTY"], ["d", "FILE_UNREADABLE"],
        ["e", "ARCHIVE_LIMITS"],
    ]  # fmt: skip
    account = json.loads((tmp_path / "out" / "mapping.json").read_text(encoding="utf-8"))["files"]
    assert account[0] == {
        "item": "x_demo_business_risk_all_punish", "file": "x_demo_business_risk_all_punish.csv", "rows": 1,
        "source": "a.csv", "columns": {"is_brap": "处罚次数"}, "ignored": ["备注"],
    }  # fmt: skip
    assert [one.get("problem") for one in account[1:]] == [
        "HEADER_MISMATCH", "FILE_EMPTY", "FILE_UNREADABLE", "ARCHIVE_LIMITS",
    ]  # fmt: skip
    assert main(["generate", "--public", str(tmp_path / "absent.csv"), "-o", str(tmp_path / "no")]) == 2
    assert not (tmp_path / "no").exists()


def test_a_folder_is_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "in" / "more").mkdir(parents=True)
    for place in ("b.csv", "a.csv", "more/c.csv"):
        (tmp_path / "in" / place).write_text(f"entname,bidnum\n{HASH},1\n", "utf-8")
    done = list(write_parts([tmp_path / "in"], tmp_path / "out"))
    assert [one.source for one in done] == ["a.csv", "b.csv", "c.csv"]
    assert [one.path.name for one in done][::2] == ["x_demo_ent_bid.csv", "x_demo_ent_bid-3.csv"]


def test_a_part_of_the_register_keeps_its_columns_and_cells(tmp_path: Path) -> None:
    lines = [
        "统一社会信用代码,企业名称,注册日期,注册资金,备注",
        '110108000000016,某厂,2017/7/18,"3,000(万元人民币)",甲',
        "短,行",
    ]
    (tmp_path / "part").write_bytes(gzip.compress("\n".join(lines).encode("gb18030")))
    (done,) = write_parts([tmp_path / "part"], tmp_path / "out")
    assert (done.item, done.rows) == (registry.REGISTRATION, 2)
    assert _read(done.path) == list(csv.reader(lines))


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
    ("text", "day"),
    [
        ("1388505600000", "2014-01-01"), ("\u3000123456789012 ", "1973-11-30"), ("x", None), ("9" * 15, None),
        ("1388505600", None), ("20140101", None), ("41640", None), ("-1388505600000", None), ("138850560000０", None),
    ],
)  # fmt: skip
def test_milliseconds_are_days_in_shanghai(text: str, day: str | None) -> None:
    assert inspur._day_in_milliseconds(text) == day


@pytest.mark.data
@needs_inspur
def test_every_line_of_every_kind_is_a_row(catalogue: Catalogue, tmp_path: Path) -> None:
    assert DATA is not None
    paths = [DATA / inspur.FOLDER / f"{kind.file}.csv" for kind in inspur.KINDS]
    made = list(write_parts(paths, tmp_path))
    assert [one.item for one in made] == [kind.item for kind in inspur.KINDS]
    for path, one in zip(paths, made, strict=True):
        with path.open(encoding="utf-8", newline="") as text:
            raw = list(csv.DictReader(text))
        header, *rows = _read(one.path)
        assert [row[1] for row in rows] == [inspur.demo_uscc(row["entname"]) for row in raw]
        found = _found(catalogue, catalogue.items[one.item], header, rows)
        assert found == _literal(path.stem, raw)


def _literal(file: str, raw: list[dict[str, str]]) -> Counter[tuple[str, str]]:
    """What the rules must find in these sets: amounts with commas, shares with too many places, days cut short."""
    if file == "justice_judge_new":
        numeral = "[〇零○ＯO一二三四五六七八九]"
        day = re.compile(f"{numeral}{{4}}年({numeral}|十|十{numeral})月({numeral}|{numeral}?十{numeral}?)日")
        return Counter(
            {
                ("decided_on", "BAD_DATE"): sum(
                    bool(row["time"]) and not day.fullmatch(row["time"]) for row in raw
                )
            }
        )
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
def test_the_registry_is_passed_on_uncleaned_and_the_rules_find_its_dirt(
    catalogue: Catalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert DATA is not None
    with gzip.open(DATA / registry.FILE, "rt", encoding="utf-8", newline="") as text:
        raw = list(csv.DictReader(text))
    with tables(DATA / registry.FILE) as (table,):
        header, *rows = registry.registration_rows(table)
        assert sum(1 for _ in registry.firm_rows(table)) == len(raw) + 1
    assert rows == [[row[label] for label in header] for row in raw]
    faults = [_literal_faults(row) for row in raw]
    expected = Counter(itertools.chain.from_iterable(faults))
    assert expected["uscc", "BAD_USCC"] > 140
    # Every row this count finds fault with, and a slice of the others, for the literal checker is slow.
    chosen = [row for row, found in zip(rows, faults, strict=True) if found]
    chosen += [row for row, found in zip(rows[:4000], faults, strict=False) if not found]
    assert _found(catalogue, catalogue.items[registry.REGISTRATION], header, chosen) == expected
    # and all of them by the command, from the very file
    wrong, by_rule = sum(map(bool, faults)), Counter(rule for found in faults for _, rule in found)
    words = ["generate", "--public", str(DATA / registry.FILE), "-o", str(tmp_path)]
    assert main(words) == 0
    capsys.readouterr()
    words = ["collect", str(tmp_path / f"{registry.REGISTRATION}.csv"), "--item", registry.REGISTRATION]
    words += [
        "--source",
        "public",
        "--lake",
        str(tmp_path / "lake"),
        "--extensions",
        str(tmp_path / "catalogue"),
    ]
    assert main([*words, "--format", "json"]) == 1
    receipt = json.loads(capsys.readouterr().out)
    assert receipt["by_rule"] == by_rule
    assert (receipt["rows"], receipt["refused"], receipt["duplicates"]) == (len(raw), wrong, 0)


@pytest.mark.data
@needs_registry
def test_in_the_national_form_nearly_every_row_breaks_a_rule(catalogue: Catalogue) -> None:
    assert DATA is not None
    with tables(DATA / registry.FILE) as (table,):
        header, *rows = itertools.islice(registry.national_rows(table), 4001)
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
    with pytest.raises(SystemExit):
        main(["generate", "part.csv", "-o", str(tmp_path / "out")])
    with pytest.raises(FileNotFoundError):
        list(write_public(tmp_path, tmp_path / "out"))
    assert not (tmp_path / "out").exists()
