"""The rules as SQL are the rules told literally: same findings, same values, same key, subject and day."""

import csv
import random
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xinqiao.catalogue import load
from xinqiao.domain.catalogue.headers import match_headers
from xinqiao.domain.catalogue.keys import as_of, natural_key, subject
from xinqiao.domain.catalogue.model import Field, FieldType, Item
from xinqiao.domain.catalogue.rows import check_row
from xinqiao.domain.catalogue.values import OUTER, UNSEEN
from xinqiao.domain.identifiers import resident_check, uscc_check
from xinqiao.lake.collecting.coded import coded
from xinqiao.lake.collecting.verdicts import Cells, Verdicts, ask
from xinqiao.lake.rules_sql import SETTINGS, Compiled, compile_item, decode_finding, register

ON = date(2026, 11, 21)
CATALOGUE = load()
CASES = Path(__file__).parents[1] / "cases" / "catalogue"
ITEMS = list(CATALOGUE.items.values())


def a_uscc(rng: random.Random) -> str:
    body = f"9114{rng.randrange(10_000):04d}" + "".join(rng.choice("0123456789ABCDEFGHJK") for _ in range(9))
    return body + uscc_check(body)


def a_resident(rng: random.Random) -> str:
    body = f"1401{rng.randrange(1, 90):02d}19{rng.randrange(50, 99)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}{rng.randrange(1000):03d}"
    return body + resident_check(body)


_DATES = ["2024-02-29", "2023-02-29", "20240105", "2024/01/05", "2024年1月5日", "2024年13月5日", "长期", "9999-12-31",
          "1849-12-31", "1850-01-01", "2199-12-31", "2200-01-01", "2024-1-5", "infinity", "-infinity", "epoch",
          "0044-03-15 (BC)", "2024-01-05 00:00:00", "2027-01-01", "2026-11-21", "2026-11-22", "２０２４-01-05",
          "10000-01-01", "2024/1/5", "20241301", "2024-00-10", "0000-01-01", "2024年01月5日"]  # fmt: skip
_NUMBERS = ["0", "1", "1.5", "1.50", "1.500", "1.505", "-1.00", "-0.00", "+5", "+-5", "1e3", "1_000", "1,000", "007.10",
            "99999999999999999999", "9999999999999999.99", "0.00", ".5", "5.", "-0", "NaN", "inf", "0" * 40 + "1.20",
            "1." + "0" * 55, "999999999999999999", "1000000000000000000", "9223372036854775807", "2024", "2027", "1999",
            "12345678.123456", "0.000001", "１２", "0x10", "1" * 61, "000000000000000000001", "-7", "20", "150"]  # fmt: skip
_WORDS = ["是", "否", "Y", "n", "TRUE", "False", "yes", "2026-11", "2026-12", "2024-13", "2024-05", "太原市样例有限公司",
          "（2023）晋0105执1234号", "140100", "999999", "140000", "14", "C1311", "A", "ZZ", "[]", '[{"a": 1}]', "[1]",
          "{", "[NaN]", "https://example.org/a?b=c", "ftp://x", "http://例子.cn", "İ", "K", "ſ", "K", "1234567890",
          "14011111****1234", "CN202010123456.7", "X" * 401, "字" * 201, "汉" * 100, "a\u200bb", "a b", "a　b", "a\nb",
          "a\tb", "\ufeffa", "a\u00a0", "\u2028", "\U000e0041", "it's", "%", "\\", "｛｝", "null", "NULL"]  # fmt: skip


def a_good(field: Field, rng: random.Random) -> str:
    match field.type:
        case FieldType.USCC:
            return a_uscc(rng)
        case FieldType.ID_NUMBER:
            return rng.choice([a_resident, a_uscc])(rng)
        case FieldType.DATE:
            return f"20{rng.randrange(10, 27)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
        case FieldType.DECIMAL:
            return f"{rng.randrange(1000)}.{rng.randrange(100):02d}"
        case FieldType.INTEGER:
            return str(rng.choice([2020, 5, 12, 2]))
        case FieldType.BOOLEAN:
            return rng.choice("是否")
        case FieldType.ENUM:
            entries = CATALOGUE.code_lists[field.code_list or ""].entries
            some = rng.sample([*entries, *entries.values()], k=rng.choice([1, 1, 2]) if field.multiple else 1)
            return rng.choice(";；").join(some)
        case FieldType.DIVISION:
            return "140105"
        case FieldType.INDUSTRY:
            return "C1311"
        case FieldType.LIST:
            return '[{"a": 1}]'
        case FieldType.URL:
            return "https://example.org/n/1"
        case _:
            return rng.choice(["2024-05", "1234567890", "太原样例", "样例2号", a_uscc(rng)])


def a_cell(field: Field, rng: random.Random) -> str:
    roll = rng.random()
    text = a_good(field, rng)
    if roll < 0.72:
        return text
    if roll < 0.80:
        return rng.choice(OUTER) + text + rng.choice(OUTER) * 2
    if roll < 0.84:
        return rng.choice(["", " ", "　", "\t \n"])
    if roll < 0.88:
        place = rng.randrange(len(text) + 1)
        return (
            text[:place] + chr(rng.choice(rng.choice([u for u in UNSEEN if u[0] != 0xD800]))) + text[place:]
        )
    if roll < 0.92:
        place = rng.randrange(len(text) or 1)
        return text[:place] + rng.choice("0Aa-１Ｂ ;；") + text[place + 1 :]
    return rng.choice(rng.choice([_DATES, _NUMBERS, _WORDS]))


def judged(item: Item, rows: list[dict[str, str]]) -> tuple[Compiled, list[dict[str, object]]]:
    """The rows through the SQL."""
    names = [field.name for field in item.fields]
    compiled = compile_item(CATALOGUE, item, names, received_on=ON)
    columns = [pa.chunked_array([[row.get(name) for row in rows]], pa.string()) for name in names]
    cells = Cells(np.arange(len(rows), dtype=np.int64), None, tuple(map(coded, columns)))
    with duckdb.connect() as connection:
        register(connection, CATALOGUE, item, on=ON, key=b"key")
        verdicts = Verdicts(connection, compiled, cells)
        every = np.arange(len(rows), dtype=np.int64)
        good = every[~verdicts.bad]
        subjects = verdicts.subjects(good)
        known = {
            "_subject": subjects.take(slice(None)),
            "_key": verdicts.keys(good, subjects),
            "_as_of": verdicts.as_of(good, "CAST(NULL AS DATE)").take(slice(None)),
        }
        found: list[dict[str, object]] = [
            {"_findings": findings, "_digest": digest} | dict.fromkeys(known)
            for findings, digest in zip(
                verdicts.findings(every).to_pylist(), verdicts.digest(every).tolist(), strict=True
            )
        ]
        for name, column in known.items():
            for row, value in zip(good, column.to_pylist(), strict=True):
                found[row][name] = value
        # not by Arrow: a day outside the years, which is a finding, need not be a day of Python
        for place, field in enumerate(verdicts.fields):
            connection.register("one", pa.table({"v": field.column.take(slice(None))}))
            for row, (value,) in zip(found, connection.sql("FROM one").fetchall(), strict=True):
                row[f"v{place}"] = value
            connection.unregister("one")
        payload = ", ".join(f"v{place}" for place in range(len(item.fields)))
        values = {f"v{p}": field.column.take(slice(None)) for p, field in enumerate(verdicts.fields)}
        # what is made of the parts' hashes is the engine's own hash of the whole
        whole_rows = ask(connection, values, f"hash({payload}) AS h").column("h").to_pylist()
        assert whole_rows == [row["_digest"] for row in found]
        return compiled, found


def assert_same(item: Item, rows: list[dict[str, str]]) -> None:
    _, found = judged(item, rows)
    for cells, row in zip(rows, found, strict=True):
        verdict = check_row(
            CATALOGUE, item, {name: text or "" for name, text in cells.items()}, received_on=ON
        )
        said = [decode_finding(item, number) for number in row["_findings"] or []]  # type: ignore[attr-defined]
        assert said == [(one.field, one.rule) for one in verdict.findings], cells
        broken = {name for name, _ in said}
        for place, field in enumerate(item.fields):
            if field.name not in broken:
                value = row[f"v{place}"]
                value = tuple(value) if isinstance(value, list) else value
                assert value == verdict.values.get(field.name), field.name
        if verdict.ok:
            assert_known_by(item, dict(verdict.values), row)


def assert_known_by(item: Item, values: dict[str, object], row: dict[str, object]) -> None:
    key, whom = natural_key(item, values), subject(item, values)  # type: ignore[arg-type]
    number = item.subject[-1]
    found = str(row["_subject"])
    if whom is None:
        assert found.startswith("~")
    elif whom[0] == "10":
        assert found == whom[1]
    else:
        assert found.startswith("P")
        assert whom[1] not in found
    parts = str(row["_key"]).split(chr(31))
    hidden = item.field(number).type is FieldType.ID_NUMBER
    assert parts == [
        found if hidden and name == number else part for name, part in zip(item.natural_key, key, strict=True)
    ]
    assert row["_as_of"] == as_of(item, values, received_on=ON)  # type: ignore[arg-type]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_the_sql_says_what_the_literal_rules_say(item: Item) -> None:
    rng = random.Random(item.id)
    assert_same(item, [{field.name: a_cell(field, rng) for field in item.fields} for _ in range(200)])


@pytest.mark.parametrize("item", [item for item in ITEMS if item.mode.is_collected], ids=lambda item: item.id)
def test_every_nasty_cell_in_every_field(item: Item) -> None:
    rng = random.Random(item.id)
    nasty = [*_DATES, *_NUMBERS, *_WORDS, "", " ", *(chr(first) for first, _ in UNSEEN if first != 0xD800)]
    once = {
        field.type: field for field in item.fields
    }.values()  # fields of one type differ in what is random below
    assert_same(
        item,
        [{field.name: a_good(field, rng) for field in item.fields} | {field.name: text}
         for field in once for text in nasty],
    )  # fmt: skip


def test_a_cast_never_ends_the_statement(tmp_path: Path) -> None:
    """DuckDB 2.0 pushes the type of a cast into its CSV reader, unless told not to: pinned here, with the cure."""
    path = tmp_path / "t.csv"
    path.write_text("1\nx\n", "utf-8")
    sql = f"SELECT TRY_CAST(a AS INTEGER) FROM read_csv('{path}', header = false, auto_detect = false, columns = {{'a': 'VARCHAR'}})"
    with duckdb.connect() as connection, pytest.raises(duckdb.ConversionException):
        connection.execute(sql).fetchall()
    with duckdb.connect() as connection:
        for statement in SETTINGS:
            connection.execute(statement)
        assert connection.execute(sql).fetchall() == [(1,), (None,)]


def test_the_digest_of_a_row_stays_what_it_was() -> None:
    """Made by DuckDB's ``hash``: an upgrade that changes it makes every record look changed, and must be seen."""
    item = CATALOGUE.items["electricity_fee"]
    rng = random.Random(4)
    _, found = judged(item, [{field.name: a_good(field, rng) for field in item.fields}])
    assert found[0]["_digest"] == 17_696_371_454_823_147_032


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_the_case_files(item: Item) -> None:
    for name in ("should_pass.csv", "should_fail.csv"):
        with (CASES / item.id / name).open(encoding="utf-8", newline="") as file:
            heads, *rows = csv.reader(file)
        fields = match_headers(item, heads).fields
        assert_same(item, [{f: cell for f, cell in zip(fields, row, strict=True) if f} for row in rows])


_CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(st.lists(_CELLS, min_size=17, max_size=17), min_size=1, max_size=8))
def test_any_text_at_all(rows: list[list[str]]) -> None:
    item = CATALOGUE.items["electricity_fee"]
    names = [field.name for field in item.fields]
    assert_same(item, [dict(zip(names, row, strict=True)) for row in rows])
