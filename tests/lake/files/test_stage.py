"""Staging: every kind of file becomes the same rows of text, numbered as the sender counts them."""

import datetime
import hashlib
import io
import json
import re
import zipfile
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from xinqiao.catalogue import load
from xinqiao.catalogue.template import csv_template, xlsx_template
from xinqiao.domain.catalogue.headers import match_headers
from xinqiao.domain.errors import Code, XinqiaoError
from xinqiao.lake.files import READER_SETTINGS, Limits, expected_names, relation_sql, stage
from xinqiao.lake.files.kinds import sheets

TEXT = "名称,金额\n甲,1.50\n乙,\n"
ROWS = [(1, None, "甲", "1.50"), (2, None, "乙", "")]


def read(sheet, names=None):
    with duckdb.connect() as connection:
        for setting in READER_SETTINGS:
            connection.execute(setting)
        return connection.execute(relation_sql(sheet, names) + " ORDER BY _row").fetchall()


def staged(tmp_path, raw, **how):
    """In this process: what the child does is the same function."""
    path = tmp_path / "upload"
    path.write_bytes(raw)
    return sheets(path, tmp_path / "t", "", how.pop("limits", Limits()), how.pop("expected", ()))


def refused(tmp_path, raw, **how):
    with pytest.raises(XinqiaoError) as caught:
        staged(tmp_path, raw, **how)
    return caught.value


def book(write):
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    write(made)
    made.close()
    return out.getvalue()


def zipped(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, raw in members.items():
            made.writestr(name, raw)
    return out.getvalue()


def test_an_upload_in_utf8_is_read_in_place_and_nothing_is_written(tmp_path):
    path, into = tmp_path / "a[1].csv", tmp_path / "into"
    into.mkdir()
    (tmp_path / "a1.csv").write_text("another,file\n1,2\n")  # what DuckDB would take the name for
    path.write_text(TEXT)
    done = stage(path, into, declared="gbk")
    assert (done.digest, done.size) == (hashlib.sha256(TEXT.encode()).hexdigest(), len(TEXT.encode()))
    assert done.declared == "gbk"
    (sheet,) = done.sheets
    assert (sheet.kind, sheet.header, sheet.encoding, sheet.first_row) == (
        "csv",
        ("名称", "金额"),
        "utf-8",
        2,
    )
    assert read(sheet) == ROWS
    assert [file.is_symlink() for file in into.rglob("*") if not file.is_dir()] == [True]


def test_a_refusal_leaves_nothing_and_keeps_its_class(tmp_path):
    path, into = tmp_path / "a.zip", tmp_path / "into"
    into.mkdir()
    path.write_bytes(zipped({"a.csv": TEXT.encode("gbk"), "b.csv": b"%PDF"}))
    with pytest.raises(XinqiaoError) as caught:
        stage(path, into)
    assert (caught.value.code, caught.value.status) == (Code.FILE_KIND_UNSUPPORTED, 415)
    assert list(into.iterdir()) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_the_same_text_in_every_encoding_is_the_same_rows(tmp_path, encoding):
    (sheet,) = staged(tmp_path, TEXT.encode(encoding))
    assert read(sheet) == ROWS
    assert sheet.encoding == ("gb18030" if encoding == "gbk" else encoding)


@pytest.mark.parametrize(
    ("raw", "offset"),
    [
        (TEXT.encode() + "丙".encode("gbk") + b",1\n", len(TEXT.encode())),
        (TEXT.encode("gbk") + b"x,\xff\n", len(TEXT.encode("gbk")) + 2),
        (b"\xef\xbb\xbf" + b"a,b\n1,\xd6\xd0\n", 9),
        (b"a,b\n1,\xef\xbf\xbd\n", 6),
        (b"a" * 70_000 + b",b\n1,\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xff\n", 70_017),
    ],
)  # fmt: skip
def test_what_reads_two_ways_or_none_names_the_byte(tmp_path, raw, offset):
    error = refused(tmp_path, raw)
    assert (error.code, error.facts["byte_offset"]) == (Code.ENCODING_AMBIGUOUS, offset)


def test_a_sign_that_lies_across_two_pieces_is_no_damage(tmp_path):
    for ahead in range(3):
        (sheet,) = staged(tmp_path, ("a,b\n" + "x" * (65_530 + ahead) + "中中,1\n").encode())
        assert read(sheet)[0][2].endswith("x中中")


def test_rows_too_short_and_too_long_are_marked_and_the_numbers_stay(tmp_path):
    (sheet,) = staged(tmp_path, b'a,b,c\n1,2,3\n4,5\n6,7,8,9\n6,7,8,9,10,11\n10,,12\n"x\ny",2,3\n\n1,2,\n')
    assert read(sheet) == [
        (1, None, "1", "2", "3"),
        (2, "short", "4", "5", None),
        (3, "long", "6", "7", "8"),
        (4, "long", "6", "7", "8"),
        (5, None, "10", "", "12"),
        (6, None, "x\ny", "2", "3"),
        (7, None, "1", "2", ""),
    ]


@pytest.mark.parametrize(
    ("raw", "rows"),
    [
        (b'a;b\r\n1,5;"x;y"\r\n"""";z\r\n', [("1,5", "x;y"), ('"', "z")]),
        (b"a\tb\n1\t2\n", [("1", "2")]),
        (b"a|b\r1|2\r", [("1", "2")]),
        (b"a,b\n1,2\r\n3,4\n5,6", [("1", "2"), ("3", "4"), ("5", "6")]),
        (b'\n\n"a\r\nx",b\r\n\r\n1,2\r\n', [("1", "2")]),
        (b'a,b\n5" pipe,1\n "q",2\n', [('5" pipe', "1"), (' "q"', "2")]),
        (b"a\n1\n\n2\n", [("1",), ("2",)]),
    ],
)
def test_separators_quotes_and_line_ends(tmp_path, raw, rows):
    (sheet,) = staged(tmp_path, raw)
    assert read(sheet) == [(number, None, *row) for number, row in enumerate(rows, start=1)]


@pytest.mark.parametrize("raw", [b'a,b\n1,"2\n3,4\n', b'a,b\n1,2\n3,"4', b'a,b\n1,2\n"x"y,2\n'])
def test_quotes_that_would_swallow_rows_are_refused_by_row(tmp_path, raw):
    error = refused(tmp_path, raw)
    assert error.code is Code.FILE_UNREADABLE
    # the row as the sender's program shows it: below the header
    assert error.facts["row"] == (2 if b'"2' in raw else 3)


def test_quotes_at_the_edges_of_pieces_are_seen(tmp_path):
    for ahead in range(65_530, 65_540):
        (sheet,) = staged(tmp_path, b"a,b\n" + b"x" * (ahead - 7) + b',"y""\nz"\n3,4\n')
        assert (sheet.kind, sheet.quoted) == ("csv", True)
        assert read(sheet)[0][3] == 'y"\nz'


def test_many_rows_come_in_order_with_quoted_line_ends_between(tmp_path):
    count = 200_000
    lines = (f'{n},"a\nb"\n' if n % 1_000 == 0 else f"{n},x\n" for n in range(1, count + 1))
    (sheet,) = staged(tmp_path, ("n,x\n" + "".join(lines)).encode())
    with duckdb.connect() as connection:
        sql = f"SELECT count(*), count(*) FILTER (_row <> n::BIGINT) FROM ({relation_sql(sheet)})"
        assert connection.execute(sql).fetchall() == [(count, 0)]


def test_a_cast_of_a_column_used_nowhere_else_gives_null_and_no_error(tmp_path):
    """The trap: with type_pushdown on, the reader casts, and one bad value ends the statement."""
    (sheet,) = staged(tmp_path, b"a,b\n1,2\nx,y\n")
    with duckdb.connect() as connection:
        for setting in READER_SETTINGS:
            connection.execute(setting)
        sql = f"SELECT TRY_CAST(a AS INTEGER) FROM ({relation_sql(sheet)})"
        assert connection.execute(sql).fetchall() == [(1,), (None,)]


def test_names_of_the_callers_own_and_headers_sql_would_confuse(tmp_path):
    (sheet,) = staged(tmp_path, b"_row,,x\n1,2,3\n")
    with duckdb.connect() as connection:
        found = connection.execute(relation_sql(sheet))
        assert [c[0] for c in found.description] == ["_row", "_ragged", "_column1", "_column2", "x"]
    assert read(sheet, ["p", "q", 'r"s']) == [(1, None, "1", "2", "3")]
    with pytest.raises(ValueError):
        relation_sql(sheet, ["p", "P", "q"])


def workbook_of_all(made):
    made.add_worksheet("说明").write(0, 0, "怎样填")
    sheet = made.add_worksheet("数据")
    hidden = made.add_worksheet("lists")
    hidden.hide()
    hidden.write(0, 0, "名称")
    day = made.add_format({"num_format": "yyyy-mm-dd"})
    instant = made.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.write(0, 0, "某省某项信息")
    sheet.write_row(2, 0, ["名称", "金额", "日期"])
    sheet.write_row(3, 0, ["12345678901234567", 100_000])
    sheet.write_datetime(3, 2, datetime.datetime(2024, 2, 29), day)
    sheet.write_row(5, 0, ["=1+1", 0.1 + 0.2], made.add_format({"num_format": "@"}))
    sheet.write_string(5, 0, "=1+1")
    sheet.write_datetime(5, 2, datetime.datetime(2024, 2, 29, 13, 5, 6), instant)
    sheet.write_row(6, 0, [123456789012345678, 1e-7, True])


def test_a_workbook_gives_text_exactly_and_excels_row_numbers(tmp_path):
    (sheet,) = staged(tmp_path, book(workbook_of_all), expected=["名称", "金额", "日期"])
    assert (sheet.name, sheet.header, sheet.first_row) == ("数据", ("名称", "金额", "日期"), 4)
    assert read(sheet) == [
        (1, None, "12345678901234567", "100000", "2024-02-29"),
        (3, None, "=1+1", "0.3", "2024-02-29 13:05:06"),
        (4, None, "1.23456789012346E+17", "0.0000001", "true"),
    ]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_every_template_filled_in_is_read_back_and_an_empty_one_is_empty(tmp_path, form):
    catalogue = load()
    for item in list(catalogue.items.values())[::9]:
        row = {field.name: f"值{place}" for place, field in enumerate(item.fields)}
        for rows in ([row, row], []):
            made = csv_template(item, rows) if form == "csv" else xlsx_template(item, catalogue, rows)
            if not rows:
                assert refused(tmp_path, made, expected=expected_names(item)).code is Code.FILE_EMPTY
                continue
            (sheet,) = staged(tmp_path, made, expected=expected_names(item))
            names = match_headers(item, sheet.header).fields
            assert names == tuple(row)
            assert read(sheet, names) == [(number, None, *row.values()) for number in (1, 2)]


def _with_cell(raw, cell):
    """The workbook with another cell C2."""
    with zipfile.ZipFile(io.BytesIO(raw)) as book_:
        members = {name: book_.read(name) for name in book_.namelist()}
    name = "xl/worksheets/sheet1.xml"
    members[name], times = re.subn(rb'<c r="C2"[^>]*>.*?</c>', lambda _: cell, members[name])
    assert times == 1
    return zipped(members)


_LONG_FORMULA = b"SUM(" + b"&quot;x&quot;," * 2000 + b"1)"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (b'<c r="C2"><f>1+1</f></c>', None),
        (b'<c r="C2" s="1"><f>DATE(2017,7,18)</f><v></v></c>', None),
        (b'<c r="C2"><f>1+1</f><v/></c>', None),
        (b'<c r="C2"><f t="shared" si="0"/></c>', None),
        (b'<c r="C2"><f>' + _LONG_FORMULA + b"</f></c>", None),
        (b'<c r="C2"><f>1+1</f><v>2</v></c>', "2"),
        (b'<c r="C2" t="str"><f>""</f><v></v></c>', ""),
        (b'<c r="C2" t="str"><f>' + _LONG_FORMULA + b"</f><v></v></c>", ""),
        (b'<c r="C2"/>', ""),
    ],
)
def test_a_formula_that_nobody_worked_out_is_no_blank_cell(tmp_path, cell, text):
    def write(made):
        sheet = made.add_worksheet("数据")
        sheet.write_row(0, 0, ["名称", "日期", "金额"])
        sheet.write_row(1, 0, ["甲", "2024-02-29", 7])
        for row in range(2, 900):
            sheet.write_row(row, 0, ["乙" * 30, "2024-02-29", row])

    raw = _with_cell(book(write), cell)
    if text is None:
        error = refused(tmp_path, raw)
        assert (error.code, error.facts) == (Code.FILE_VALUE, {"row": 2, "field": "C2"})
    else:
        assert read(staged(tmp_path, raw)[0])[0] == (1, None, "甲", "2024-02-29", text)


def test_several_sheets_of_data_are_several_tables(tmp_path):
    def write(made):
        for name in ("一月", "二月"):
            sheet = made.add_worksheet(name)
            sheet.write_row(0, 0, ["名称", "金额"])
            sheet.write_row(1, 0, [name, 1])
            sheet.write(1, 3, "beyond" if name == "二月" else "")

    found = staged(tmp_path, book(write))
    assert [(sheet.name, read(sheet)) for sheet in found] == [
        ("一月", [(1, None, "一月", "1")]),
        ("二月", [(1, "long", "二月", "1")]),
    ]


def test_objects_keep_their_numbers_and_lines(tmp_path):
    lines = (
        '{"a": 1.10, "b": "x"}\n\n{"c": [1, "y", true], "a": 1E5, "b": null}\n{"a": 12345678901234567890}\n'
    )
    (sheet,) = staged(tmp_path, lines.encode())
    assert sheet.header == ("a", "b", "c")
    assert read(sheet) == [
        (1, None, "1.10", "x", None),
        # as it is written: what a rule says of an exponent it says whatever kind of file it stands in
        (3, None, "1E5", None, "1;y;true"),
        (4, None, "12345678901234567890", None, None),
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"a": 1, "a": 1}', Code.AMBIGUOUS_INPUT),
        ('{"a": {}}', Code.FILE_VALUE),
        ('{"a": [[1]]}', Code.FILE_VALUE),
        ('{"a": NaN}', Code.FILE_UNREADABLE),
        ("[1]", Code.FILE_UNREADABLE),
        ('{"a": ' + "[" * 9_000 + "]" * 9_000 + "}", Code.FILE_UNREADABLE),
    ],
)
def test_objects_that_are_not_flat_are_refused_by_line(tmp_path, line, code):
    error = refused(tmp_path, f'{{"a": 1}}\n{line}\n'.encode())
    assert (error.code, error.facts["row"]) == (code, 2)


def test_a_parquet_file_gives_text_exactly(tmp_path):
    instants = [
        datetime.datetime(2024, 2, 29, 13, 5, 6),
        datetime.datetime(2024, 2, 29, 13, 5, 6, 120_000),
        None,
    ]
    midnights = [datetime.datetime(2024, 2, 29), datetime.datetime(2024, 2, 29, 0, 0, 0, 1), None]
    pq.write_table(
        pa.table(
            {
                "整数": [2**62, -1, None],
                "小数": pa.array(
                    [Decimal("1.2300"), Decimal("0.0000"), Decimal("-100.0000")], pa.decimal128(10, 4)
                ),
                "浮点": [0.1, 1e20, 1e-9],
                "日期": pa.array([datetime.date(2024, 2, 29)] * 3),
                "时刻": pa.array(instants, pa.timestamp("us")),
                "日": pa.array(midnights, pa.timestamp("us")),
                "区": pa.array(midnights, pa.timestamp("us", tz="Asia/Shanghai")),
                "字典": pa.array(["x", None, "x"]).dictionary_encode(),
                "真": [True, False, None],
            }
        ),
        tmp_path / "made",
    )
    (sheet,) = staged(tmp_path, (tmp_path / "made").read_bytes())
    day = "2024-02-29"
    assert read(sheet) == [
        (
            1,
            None,
            str(2**62),
            "1.23",
            "0.1",
            day,
            f"{day} 13:05:06",
            day,
            f"{day} 08:00:00+08:00",
            "x",
            "true",
        ),
        (
            2,
            None,
            "-1",
            "0",
            "1" + "0" * 20,
            day,
            f"{day} 13:05:06.12",
            f"{day} 00:00:00.000001",
            f"{day} 08:00:00.000001+08:00",
            None,
            "false",
        ),
        (3, None, None, "-100", "0.000000001", day, None, None, None, "x", None),
    ]


def test_an_archive_of_all_kinds(tmp_path):
    members = {
        "企业.csv": TEXT.encode("gbk"),
        "b/二.csv": TEXT.encode(),
        "三.xlsx": book(workbook_of_all),
        "四.jsonl": json.dumps({"名称": "丙"}).encode(),
        "__MACOSX/._x": b"\0",
    }
    found = staged(tmp_path, zipped(members), expected=["名称", "金额", "日期"])
    assert [sheet.name for sheet in found] == ["企业.csv", "b/二.csv", "三.xlsx/数据", "四.jsonl"]
    assert [len(read(sheet)) for sheet in found] == [2, 2, 3, 1]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ("名称,金额\n".encode(), Code.FILE_EMPTY), (b"%PDF-1.7", Code.FILE_KIND_UNSUPPORTED),
        ("名称\n甲\0\n".encode(), Code.FILE_UNREADABLE), ('名称\n"甲\n'.encode(), Code.FILE_UNREADABLE),
        (book(lambda made: made.add_worksheet("空")), Code.FILE_EMPTY),
    ],
)  # fmt: skip
def test_the_file_of_an_archive_that_is_at_fault_is_named(tmp_path, bad, code):
    error = refused(tmp_path, zipped({"好.csv": TEXT.encode(), "b/坏": bad}))
    assert (error.code, error.facts["file"]) == (code, "b/坏")


def test_limits_are_those_that_are_given(tmp_path):
    assert refused(tmp_path, TEXT.encode(), limits=Limits(columns=1)).code is Code.FILE_LIMITS
    assert (
        refused(tmp_path, b"a,b\n" + b"x" * 200_000, limits=Limits(record_bytes=100_000)).code
        is Code.FILE_LIMITS
    )
    twice = zipped({"a.csv": TEXT, "b.csv": TEXT})
    error = refused(tmp_path, twice, limits=Limits(archive_entries=1))
    assert (error.code, error.status, error.facts) == (
        Code.ARCHIVE_LIMITS, 413, {"limit": "archive_entries", "max": 1},
    )  # fmt: skip
    assert refused(tmp_path, twice, limits=Limits(archive_bytes=50)).facts["limit"] == "archive_bytes"


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("名称,金额\n甲,1\n乙,2\n".encode().replace("乙".encode(), "乙".encode()[:2]), 3),
        ("名称,金额\r\n甲,1\r\n乙,2\r\n".encode().replace("乙".encode(), "乙".encode()[:2]), 3),
        ("名称,金额\r甲,1\r乙,2\r".encode().replace("乙".encode(), "乙".encode()[:2]), 3),
        (("名称,金额\r\n" + "甲\u4e00一丁,1\r\n" * 9000).encode() + "乙\0,2\r\n".encode(), 9002),
        ("名称,金额\n".encode("gb18030") + "甲,1\n".encode("gb18030") * 3 + b"\xff,1\n", 5),
        (('{"名称": "甲"}\n' * 2).encode() + '{"名称": "\0"}\n'.encode(), 3),
        ("\ufeff名称,金额\n甲,1\n乙\ufffd,2\n".encode("utf-16"), None),
    ],
)
def test_a_damaged_character_is_told_by_its_line(tmp_path, raw, line):
    error = refused(tmp_path, raw)
    assert error.code in (Code.ENCODING_AMBIGUOUS, Code.FILE_UNREADABLE)
    assert error.facts.get("line") == line
