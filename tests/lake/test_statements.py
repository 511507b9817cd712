"""Reading statement files: encodings, layouts, typed cells, refusals."""

import os
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from xinqiao.domain.errors import Code, Invalid, TooLarge
from xinqiao.lake import statements
from xinqiao.lake.sandbox import Limits, run_limited
from xinqiao.lake.statements import cell_text, decode, read_statement, read_table

CASES = Path(__file__).parents[1] / "cases" / "fundflow"
EXAMPLE = CASES / "example_10_6.csv"
HEADER = "account_no,booked_at,direction,amount,counterparty_name,summary_text\n"
ROW = "6217,2026-01-05,in,1.00,澄州甲木业有限公司,货款\n"


def write(tmp_path, data):
    path = tmp_path / "statement"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def refusal(tmp_path, data):
    with pytest.raises(Invalid) as caught:
        read_statement(write(tmp_path, data))
    return caught.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_the_same_file_in_every_encoding_is_the_same_statement(tmp_path, encoding):
    text = EXAMPLE.read_text(encoding="utf-8")
    rows = read_statement(write(tmp_path, text.encode(encoding))).rows
    expected = read_statement(EXAMPLE).rows
    assert [(r.name, r.text, r.amount) for r in rows] == [(r.name, r.text, r.amount) for r in expected]


def test_spreadsheet_and_parquet_say_the_same_as_the_csv(tmp_path):
    table = read_table(EXAMPLE)
    book = tmp_path / "statement.xlsx"
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet()
        stamp = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.write_row(0, 0, table.columns)
        for i, cells in enumerate(table.rows, start=1):
            for j, (name, cell) in enumerate(zip(table.columns, cells, strict=True)):
                if name == "booked_at":
                    sheet.write_datetime(i, j, datetime.fromisoformat(cell), stamp)
                elif name in ("amount", "balance_after"):
                    sheet.write_number(i, j, float(cell))
                else:
                    sheet.write_string(i, j, cell)
    columns = {name: [row[j] for row in table.rows] for j, name in enumerate(table.columns)}
    typed = {
        **columns,
        "booked_at": pa.array([datetime.fromisoformat(t) for t in columns["booked_at"]], pa.timestamp("us")),
        "amount": pa.array([Decimal(t) for t in columns["amount"]], pa.decimal128(18, 4)),
        "balance_after": pa.array([float(t) for t in columns["balance_after"]]),
        "is_cash": pa.array([t == "true" for t in columns["is_cash"]]),
    }
    parquet = tmp_path / "statement.parquet"
    pq.write_table(pa.table(typed), parquet)

    def facts(path):
        return [
            (r.account, r.txn_id, r.ts, r.signed, r.balance, r.is_cash, r.cp, r.text, r.kind, r.purpose)
            for r in read_statement(path).rows
        ]

    assert facts(book) == facts(parquet) == facts(EXAMPLE)


@pytest.mark.parametrize("data", [b"", b"  \n\n", HEADER.encode(), b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path, data):
    assert refusal(tmp_path, data).code is Code.FILE_EMPTY


def test_a_missing_column_is_named(tmp_path):
    error = refusal(tmp_path, "account_no,booked_at,direction\n1,2026-01-01,in\n")
    assert error.code is Code.FILE_COLUMNS
    assert error.facts == {"missing": ["amount"]}


def test_a_column_that_appears_twice_is_refused(tmp_path):
    error = refusal(tmp_path, "account_no,booked_at,direction,amount,amount\n1,2026-01-01,in,1,2\n")
    assert (error.code, error.facts) == (Code.FILE_COLUMNS, {"repeated": ["amount"]})


def test_a_bad_value_tells_row_and_field(tmp_path):
    error = refusal(tmp_path, HEADER + ROW + ROW.replace("1.00", "1.005"))
    assert (error.code, error.facts) == (Code.FILE_VALUE, {"row": 2, "field": "amount"})


def test_a_row_of_another_width_is_refused_and_not_shifted(tmp_path):
    error = refusal(tmp_path, HEADER + ROW + "6217,2026-01-05,in,1,000.00,甲公司,货款\n")
    assert (error.code, error.facts["row"]) == (Code.FILE_VALUE, 2)


def test_blank_lines_are_no_rows(tmp_path):
    assert len(read_statement(write(tmp_path, HEADER + ROW + "\n,,,,,\n" + ROW)).rows) == 2


def test_blank_lines_before_the_header_are_passed_over(tmp_path):
    for blank in ("\n", " \n", ",,,,,\n\n", "\r\n"):
        assert len(read_statement(write(tmp_path, blank + HEADER + ROW)).rows) == 1
    error = refusal(tmp_path, "\n\n" + HEADER + ROW + ROW.replace("1.00", "1.005"))
    assert (error.code, error.facts) == (Code.FILE_VALUE, {"row": 2, "field": "amount"})


@pytest.mark.parametrize("top", [0, 1, 3])
def test_blank_rows_above_the_header_of_a_sheet_are_passed_over(tmp_path, top):
    book = tmp_path / "statement.xlsx"
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet()
        if top:
            sheet.write_string(0, 2, " ")
        sheet.write_row(top, 0, HEADER.strip().split(","))
        sheet.write_row(top + 1, 0, ["6217", "2026-01-05", "in", 1.0, "甲公司", "货款"])
        sheet.write_row(top + 2, 0, [6217000000003017.0, "2026-01-05", "in", 1.0, "甲公司", "货款"])
    with pytest.raises(Invalid) as caught:
        read_table(book)
    # the columns are known by their names all the same
    assert (caught.value.code, caught.value.facts) == (Code.FILE_VALUE, {"row": 2, "field": "account_no"})


def test_unknown_columns_are_ignored_and_can_be_named(tmp_path):
    table = read_table(write(tmp_path, "account_no,booked_at,direction,amount,note\n1,2026-01-05,in,1,x\n"))
    assert table.ignored == ("note",)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    for name in ("nothing.csv", "n" * 5000, "a\0b"):
        with pytest.raises(Invalid) as caught:
            read_statement(tmp_path / name)
        assert caught.value.code is Code.FILE_UNREADABLE


def test_a_pipe_a_device_or_a_folder_is_no_statement(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path):
        with pytest.raises(Invalid) as caught:
            read_statement(path)
        assert caught.value.code is Code.FILE_UNREADABLE


def test_a_csv_file_that_would_fill_the_memory_ends_its_child_and_not_the_program(tmp_path, monkeypatch):
    def small(func, *args):
        return run_limited(func, *args, limits=Limits(memory=512 << 20))

    monkeypatch.setattr(statements, "run_limited", small)
    assert len(read_table(EXAMPLE).rows) > 1
    assert refusal(tmp_path, b"\n" * 20_000_000 + b"x").code is Code.FILE_UNREADABLE


def test_a_file_over_the_limit_is_refused_unread(tmp_path):
    path = write(tmp_path, HEADER + ROW)
    os.truncate(path, statements.MAX_BYTES + 1)
    with pytest.raises(TooLarge) as caught:
        read_statement(path)
    assert (caught.value.code, caught.value.facts) == (
        Code.BODY_TOO_LARGE,
        {"limit_bytes": statements.MAX_BYTES},
    )


@pytest.mark.parametrize(
    "data",
    [
        "甲".encode("utf-16"),
        b"account_no\0,x",
        b"PK\x03\x04 not a workbook",
        b"PAR1 not a parquet file PAR1",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 not a workbook",
        b'account_no,booked_at\n"open quote,1\n',
    ],
)
def test_what_is_no_statement_is_unreadable(tmp_path, data):
    assert refusal(tmp_path, data).code is Code.FILE_UNREADABLE


def test_a_damaged_utf8_file_is_ambiguous_at_its_first_bad_byte():
    good = (HEADER + ROW * 3).encode()
    offset = good.rindex("货".encode())
    broken = good[:offset] + b"\xe8\xb4" + good[offset + 3 :]
    with pytest.raises(Invalid) as caught:
        decode(broken)
    assert (caught.value.code, caught.value.facts) == (Code.ENCODING_AMBIGUOUS, {"byte_offset": offset})


def test_a_marked_utf8_file_with_a_bad_byte_counts_the_mark():
    with pytest.raises(Invalid) as caught:
        decode(b"\xef\xbb\xbfab\xff")
    assert caught.value.facts == {"byte_offset": 5}


def test_bytes_that_are_neither_encoding_are_ambiguous():
    with pytest.raises(Invalid) as caught:
        decode(b"abc,\xff\xff")
    assert (caught.value.code, caught.value.facts) == (Code.ENCODING_AMBIGUOUS, {"byte_offset": 4})


def test_bytes_that_read_both_ways_are_not_guessed():
    both = b"account_no,\xce\xbb"
    assert both.endswith("位".encode("gb18030"))
    assert both.endswith("λ".encode())
    with pytest.raises(Invalid) as caught:
        decode(both)
    assert (caught.value.code, caught.value.facts) == (Code.ENCODING_AMBIGUOUS, {"byte_offset": 11})


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (True, "true"),
        (5, "5"),
        (5.0, "5"),
        (0.1 + 0.2, "0.3"),
        (1234567.89, "1234567.89"),
        (Decimal("100.0000"), "100"),
        (Decimal("1E+2"), "100"),
        (Decimal("0.0000"), "0"),
        (date(2026, 1, 5), "2026-01-05"),
        (datetime(2026, 1, 5, 9, 8, 7, 600), "2026-01-05 09:08:07"),
    ],
)
def test_typed_cells_become_canonical_text(cell, text):
    assert cell_text(cell, 1, "amount") == text


def test_an_account_number_kept_as_a_number_has_lost_digits_and_is_refused():
    with pytest.raises(Invalid) as caught:
        cell_text(6.217000000003017e18, 3, "account_no")
    assert caught.value.facts == {"row": 3, "field": "account_no"}
    assert cell_text(12345.0, 3, "account_no") == "12345"
