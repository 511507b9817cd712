"""Collecting: the receipt is the planted truth, values and lineage are right, the refused rows come back corrected."""

import csv
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook
from tests.lake.staging import staged_here

from xinqiao.campaigns.planted import HEADER, Truth, plant
from xinqiao.catalogue import load
from xinqiao.catalogue.template import csv_template
from xinqiao.catalogue.words import example_row
from xinqiao.domain.catalogue.batch import check_batch
from xinqiao.domain.catalogue.headers import match_headers
from xinqiao.domain.catalogue.receipt import BatchStatus, Receipt, Threshold, masked
from xinqiao.domain.errors import Code, Conflict, Invalid, NotFound
from xinqiao.domain.identifiers import uscc_check
from xinqiao.lake.collect import Means, Terms, collect, quarantine_file, quarantine_path, receipt_of
from xinqiao.lake.files import expected_names
from xinqiao.lake.store import Lake

CATALOGUE = load()
ITEM = CATALOGUE.items["electricity_fee"]
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
USCC = "91140000765432101" + uscc_check("91140000765432101")
MEANS = Means(secret=b"secret", piece_bytes=300_000, memory="500MB")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "lake", create=True, buckets=4)


def take(lake: Lake, path: Path, batch_no: str = "b1", **more: object) -> Receipt:
    item = more.pop("item", ITEM)
    into = path.parent / "staged"
    into.mkdir(exist_ok=True)
    staged = staged_here(path, into, expected=expected_names(item))  # type: ignore[arg-type]
    options: dict[str, object] = {
        "source": "grid-01", "batch_no": batch_no, "received_at": NOW, "means": MEANS, **more,
    }  # fmt: skip
    return collect(lake, staged, item, CATALOGUE, **options)  # type: ignore[arg-type]


def rows_of(lake: Lake, item: str = "electricity_fee", columns: str = "*") -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        sql = f"SELECT {columns} FROM {lake.relation_sql(item)} ORDER BY ALL"
        return connection.execute(sql).fetchall()


def a_file(path: Path, *rows: list[str], header: tuple[str, ...] = HEADER, encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def good(number: int = 1, **cells: str) -> list[str]:
    row = dict(
        zip(
            HEADER,
            ["样例有限公司", USCC, f"{number:010d}", "样例街道1号", "100.00", "90", "2020-01-05", "正常",
             "5.00", "0", "2024-05", "1.5", "-"],
            strict=True,
        )
    )  # fmt: skip
    return list((row | cells).values())


def assert_truth(receipt: Receipt, truth: Truth) -> None:
    assert (receipt.rows, receipt.accepted, receipt.refused, receipt.duplicates) == (
        truth.rows, truth.accepted, truth.refused, truth.duplicates,
    )  # fmt: skip
    assert {name: dict(counts) for name, counts in receipt.by_field.items()} == truth.by_field()
    by_rule: dict[str, int] = {}
    for (_, rule), count in truth.found.items():
        by_rule[rule] = by_rule.get(rule, 0) + count
    assert receipt.by_rule == by_rule


def test_twenty_thousand_rows_with_planted_mistakes(lake: Lake, tmp_path: Path) -> None:
    truth = plant(tmp_path / "bills.csv", 20_000, seed=7)
    seen: list[tuple[str, int, int]] = []
    receipt = take(lake, tmp_path / "bills.csv", progress=lambda *step: seen.append(step))
    assert_truth(receipt, truth)
    assert receipt.status is BatchStatus.PARTLY
    assert len(rows_of(lake)) == truth.accepted
    assert lake.check() == []
    assert {phase for phase, _, _ in seen} == {"count", "write"}
    assert max(total for _, _, total in seen) > 4, "the file was not cut into pieces"
    assert not list((lake.folder / "drafts").glob("*/*.parquet"))


def test_the_pieces_do_not_matter(lake: Lake, tmp_path: Path) -> None:
    plant(tmp_path / "bills.csv", 3_000, seed=3)
    small = take(lake, tmp_path / "bills.csv", means=replace(MEANS, piece_bytes=20_000))
    other = Lake.open(tmp_path / "other", create=True, buckets=4)
    assert take(other, tmp_path / "bills.csv", means=Means(secret=b"secret", threads=1)) == small
    assert rows_of(other) == rows_of(lake)


def test_a_gb18030_twin_is_the_same(lake: Lake, tmp_path: Path) -> None:
    truth = plant(tmp_path / "bills.csv", 2_000, seed=5, encoding="gb18030")
    assert_truth(take(lake, tmp_path / "bills.csv"), truth)


def test_the_same_file_again_is_no_work_and_the_same_receipt(lake: Lake, tmp_path: Path) -> None:
    plant(tmp_path / "bills.csv", 500, seed=1)
    first = take(lake, tmp_path / "bills.csv")
    version = lake.manifest().version
    assert take(lake, tmp_path / "bills.csv", "b2") == first
    assert lake.manifest().version == version
    assert receipt_of(lake, ITEM.id, "b1") == first


def test_a_batch_number_stands_for_one_file(lake: Lake, tmp_path: Path) -> None:
    take(lake, a_file(tmp_path / "one.csv", good(1)))
    with pytest.raises(Conflict) as refused:
        take(lake, a_file(tmp_path / "two.csv", good(2)))
    assert refused.value.code is Code.CONFLICT_DUPLICATE


def test_values_and_lineage(lake: Lake, tmp_path: Path) -> None:
    take(
        lake,
        a_file(
            tmp_path / "one.csv",
            good(1, 首次供电时间="2020年1月5日", 统一社会信用代码=" ９" + USCC[1:]),
        ),
    )
    found = rows_of(lake, columns="_subject, uscc, first_supply_on, account_status, running_capacity_kva, usage_kwh,"
                    " _as_of, _batch, _source, _row, _status, _seq, _received")  # fmt: skip
    assert found == [
        (USCC, USCC, date(2020, 1, 5), "normal", Decimal("100.00"), Decimal("1.50"),
         date(2024, 5, 31), "b1", "grid-01", 1, "valid", 1, datetime(2026, 11, 21, 3, 0)),
    ]  # fmt: skip


def test_a_later_batch_supersedes(lake: Lake, tmp_path: Path) -> None:
    take(lake, a_file(tmp_path / "one.csv", good(1)))
    take(lake, a_file(tmp_path / "two.csv", good(1, **{"欠费金额(元)": "7.00"})), "b2")
    assert rows_of(lake, columns="arrears_amount, _batch") == [(Decimal("7.00"), "b2")]


def test_a_withdrawal_needs_only_what_names_the_record(lake: Lake, tmp_path: Path) -> None:
    take(lake, a_file(tmp_path / "one.csv", good(1), good(2)))
    gone = a_file(tmp_path / "two.csv", [USCC, "0000000001", "2024-05"],
                  header=("统一社会信用代码", "用电户号", "费用所属期"))  # fmt: skip
    receipt = take(lake, gone, "b2", terms=Terms(withdrawal=True))
    assert (receipt.accepted, receipt.refused) == (1, 0)
    assert rows_of(lake, columns="account_no") == [("0000000002",)]


def test_wan_yuan_is_exact(lake: Lake, tmp_path: Path) -> None:
    cells = ["0.000001", "12.3456", "0.0000001", "9999999999.99", "99999999999999"]
    path = a_file(tmp_path / "one.csv", *(good(n, **{"欠费金额(元)": text}) for n, text in enumerate(cells)))
    receipt = take(lake, path, terms=Terms(units={"arrears_amount": "wan_yuan"}))
    assert receipt.by_field == {"arrears_amount": {"BAD_DECIMAL": 1, "OUT_OF_RANGE": 1}}
    expected = [Decimal(cells[place]) * 10_000 for place in (0, 1, 3)]
    assert [row[0] for row in rows_of(lake, columns="arrears_amount")] == sorted(expected)


def test_a_ragged_row_is_put_aside_whole(lake: Lake, tmp_path: Path) -> None:
    path = a_file(tmp_path / "one.csv", good(1), good(2)[:-3], [*good(3), "more"])
    assert take(lake, path).by_field == {"": {"RAGGED": 2}}


def test_blank_lines_between_objects_lose_no_row(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    rows = [
        dict(zip(HEADER, good(number, 用电户号="wrong" if number == 9 else f"{number:010d}"), strict=True))
        for number in range(10)
    ]
    path.write_text("\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n", "utf-8")
    receipt = take(lake, path)
    assert (receipt.rows, receipt.accepted, receipt.refused) == (10, 9, 1)
    (example,) = receipt.examples
    assert receipt.place(example.row)[1] == 19  # the line it stands in
    account = next(column for column in receipt.columns if column.field == "account_no")
    assert (account.present, account.valid) == (10, 9)


def test_too_much_wrong_goes_back_whole(lake: Lake, tmp_path: Path) -> None:
    bad = [good(number, 用电户号="?") for number in range(3)]
    path = a_file(tmp_path / "one.csv", good(1), *bad)
    receipt = take(lake, path, terms=Terms(threshold=Threshold(Decimal(30))))
    assert receipt.status is BatchStatus.REJECTED
    assert not lake.manifest().states
    assert receipt_of(lake, ITEM.id, "b1") == receipt
    assert take(lake, path, terms=Terms(threshold=Threshold(Decimal(20)))).status is BatchStatus.PARTLY


def test_a_missing_column_names_it_and_leaves_nothing(lake: Lake, tmp_path: Path) -> None:
    path = a_file(tmp_path / "one.csv", good(1)[1:], header=HEADER[1:])
    with pytest.raises(Invalid) as refused:
        take(lake, path)
    assert (refused.value.code, refused.value.facts["missing"]) == (Code.HEADER_MISMATCH, ["ent_name"])
    assert not (lake.folder / "quarantine").exists()


def test_persons_are_kept_by_a_keyed_hash(lake: Lake, tmp_path: Path) -> None:
    item = CATALOGUE.items["large_grower_list"]
    assert item.subject[-1] == "id_no"
    cells = {field.name: "" for field in item.fields} | grower()
    receipt = take(lake, a_file(tmp_path / "g.csv", list(cells.values()), header=tuple(cells)), item=item)
    assert (receipt.accepted, receipt.by_field) == (1, {})
    files = list(lake.folder.rglob("*.parquet"))
    assert files
    assert all(b"11010519491231002X" not in file.read_bytes() for file in files)
    assert "id_no" not in lake.manifest().state(item.id).columns


def grower() -> dict[str, str]:
    item = CATALOGUE.items["large_grower_list"]
    cells: dict[str, str] = {}
    for field in item.fields:
        if field.required:
            cells[field.name] = {
                "date": "2024-05-01", "decimal": "5", "integer": "2024", "boolean": "是", "division": "140105",
            }.get(field.type, "样例")  # fmt: skip
            if field.code_list:
                cells[field.name] = next(iter(CATALOGUE.code_lists[field.code_list].entries))
    return cells | {"id_type": "01", "id_no": "11010519491231002X"}


@pytest.mark.parametrize("file_format", ["xlsx", "csv"])
def test_the_refused_rows_can_be_corrected_and_sent_again(
    lake: Lake, tmp_path: Path, file_format: str
) -> None:
    rows = [
        good(1),
        good(2, **{"用电账户状态": "很好", "欠费金额(元)": "-5.00"}),
        good(3, 企业名称='=HYPERLINK("http://x")', 近两年违约次数="二"),
    ]
    receipt = take(lake, a_file(tmp_path / "one.csv", *rows), terms=Terms(threshold=Threshold(Decimal(30))))
    assert (receipt.accepted, receipt.refused, receipt.status) == (1, 2, BatchStatus.PARTLY)
    into = quarantine_file(
        lake, receipt, CATALOGUE, tmp_path / f"back.{file_format}", file_format=file_format
    )
    table = read(into, file_format)
    assert table[0] == [*HEADER, "错误说明", "错误字段", "错误规则", "原行号"]
    assert table[1][-2:] == ["NOT_IN_LIST；OUT_OF_RANGE", "3"]
    assert "用电账户状态：不在代码表里：正常" in table[1][-4]
    assert table[2][0] == '\'=HYPERLINK("http://x")'
    table[1][HEADER.index("用电账户状态")] = "正常"
    table[1][HEADER.index("欠费金额(元)")] = "5.00"
    table[2][HEADER.index("近两年违约次数")] = "2"
    again = take(lake, a_file(tmp_path / "again.csv", *table[1:], header=tuple(table[0])), "b2")
    assert (again.accepted, again.refused) == (2, 0)
    assert again.sheets[0].ignored[-4:] == ("错误说明", "错误字段", "错误规则", "原行号")
    names = [row[0] for row in rows_of(lake, columns="ent_name")]
    assert names.count('=HYPERLINK("http://x")') == 1
    assert len(names) == 3


def test_what_nobody_can_see_is_named_to_whoever_corrects_it(lake: Lake, tmp_path: Path) -> None:
    month = HEADER.index("费用所属期")
    hidden = [good(1), good(2, 企业名称=" 甲\u200b公司"), good(3, 企业名称="甲\n公司")]
    hidden[0][month] += "\u00a0"
    receipt = take(lake, a_file(tmp_path / "one.csv", *hidden, good(4), good(5), good(6)))
    into = quarantine_file(lake, receipt, CATALOGUE, tmp_path / "back.csv", file_format="csv")
    told = [row[-4] for row in read(into, "csv")[1:]]
    assert told[0].startswith("费用所属期：")
    assert told[0].endswith("；第 8 个字符看不见（U+00A0）")
    assert told[1] == "企业名称：格式不符，或有看不见的字符；第 3 个字符看不见（U+200B）"
    assert told[2].endswith("第 2 个字符看不见（U+000A）")


def read(path: Path, file_format: str) -> list[list[str]]:
    if file_format == "csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file))
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
    rows = [[str(cell) for cell in row] for row in sheet.to_python()]
    assert all(isinstance(cell, str) for row in sheet.to_python() for cell in row)
    return rows


def test_a_receipt_survives_json(lake: Lake, tmp_path: Path) -> None:
    plant(tmp_path / "bills.csv", 800, seed=2)
    receipt = take(lake, tmp_path / "bills.csv")
    assert Receipt.from_json(json.loads(json.dumps(receipt.to_json()))) == receipt
    assert quarantine_path(lake, receipt) is not None
    with pytest.raises(ValueError, match="format"):
        Receipt.from_json({"format": 2})
    with pytest.raises(NotFound):
        receipt_of(lake, ITEM.id, "never")


def test_examples_are_masked_by_sensitivity() -> None:
    assert masked(ITEM, "uscc", USCC) == USCC
    assert masked(ITEM, "address", "样例街道甲乙丙丁1号") == "样例******1号"
    assert masked(ITEM, "account_no", "12") == "**"
    assert masked(ITEM, "no such field", "secret") == "******"


def test_figures_by_column(lake: Lake, tmp_path: Path) -> None:
    path = a_file(tmp_path / "one.csv", good(1), good(2, **{"用电量(千瓦时)": ""}), good(3, **{"用电量(千瓦时)": "x"}),
                  good(4, 企业名称=""))  # fmt: skip
    figures = {one.field: (one.present, one.valid) for one in take(lake, path).columns}
    assert figures["usage_kwh"] == (3, 2)
    assert figures["ent_name"] == (3, 3)
    assert figures["uscc"] == (4, 4)
    assert figures["peak_kwh"] == (0, 0)


def test_a_batch_is_what_the_literal_rules_of_a_batch_say(lake: Lake, tmp_path: Path) -> None:
    plant(tmp_path / "bills.csv", 700, seed=9, share=0.3)
    with (tmp_path / "bills.csv").open(encoding="utf-8", newline="") as file:
        names = match_headers(ITEM, HEADER).fields
        cells = [dict(zip(names, row, strict=True)) for row in list(csv.reader(file))[1:]]
    literal = check_batch(CATALOGUE, ITEM, cells, received_on=date(2026, 11, 21))  # type: ignore[arg-type]
    found: dict[str, dict[str, int]] = {}
    for verdict in literal.rows:
        for one in verdict.findings:
            counts = found.setdefault(one.field, {})
            counts[one.rule.value] = counts.get(one.rule.value, 0) + 1
    receipt = take(lake, tmp_path / "bills.csv")
    assert {name: dict(counts) for name, counts in receipt.by_field.items()} == found
    assert receipt.duplicates == len(literal.repeats)
    refused = [number for number, verdict in enumerate(literal.rows, start=1) if not verdict.ok]
    path = quarantine_path(lake, receipt)
    assert path is not None
    assert pq.read_table(path).column("_row").to_pylist() == refused


@pytest.mark.parametrize(
    "item_id", sorted(item.id for item in CATALOGUE.items.values() if item.mode.is_collected)
)
def test_the_example_of_every_item_is_collected(lake: Lake, item_id: str, tmp_path: Path) -> None:
    item = CATALOGUE.items[item_id]
    path = tmp_path / "rows.csv"
    path.write_bytes(csv_template(item, [example_row(item, CATALOGUE)]))
    receipt = take(lake, path, item=item)
    assert (receipt.accepted, dict(receipt.by_field)) == (1, {})
    assert len(rows_of(lake, item_id)) == 1
