"""Formula injection (C1): no exported cell begins with an active character, and import gives back what there was."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.domain.active_cells import is_active, neutral, restored, restored_sql

ACTIVE = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\tx", "\rx", "＝1", "＋1", "－1", "＠x", " =1", "\u3000=1",
    "%0A=1", "%0dx", "\x00=1", "'=1", "''+1", "-12.50",
]  # fmt: skip
INERT = ["", "甲", "1", "a=1", "'", "'甲", "“=1”", "12-3", "%0", "%0B=", " x", "''x"]
CELLS = st.text(st.sampled_from("=+-@＝－'\t\r\n %0Aa1甲\x00\u3000"), max_size=8) | st.text(max_size=20)


@pytest.mark.parametrize("cell", ACTIVE)
def test_an_active_cell_is_marked(cell):
    assert neutral(cell) == "'" + cell


@pytest.mark.parametrize("cell", INERT)
def test_an_inert_cell_stays_as_it_is(cell):
    assert neutral(cell) == cell


@given(CELLS)
def test_whatever_is_exported_begins_with_nothing_active_and_comes_back(cell):
    out = neutral(cell)
    assert out.lstrip()[:1] not in {"=", "+", "-", "@", "＝", "＋", "－", "＠"}
    assert out[:1] not in {"\t", "\r", "\n"}
    assert restored(out) == cell


@given(CELLS)
def test_what_was_not_neutralised_is_not_touched(cell):
    if not is_active(cell[1:]):
        assert restored(cell) == cell


def test_sql_restores_as_python_does():
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        for cell in [*ACTIVE, *INERT, *map(neutral, ACTIVE)]:
            if "\x00" not in cell:
                sql = f"SELECT {restored_sql('c')} FROM (SELECT ?::VARCHAR AS c)"
                assert connection.execute(sql, [cell]).fetchall() == [(restored(cell),)]


def test_a_csv_and_a_workbook_of_neutral_cells_hold_no_formula(tmp_path):
    out = io.StringIO()
    csv.writer(out).writerows([[neutral(cell)] for cell in ACTIVE])
    back = [row[0] for row in csv.reader(io.StringIO(out.getvalue(), newline=""))]
    assert [restored(cell) for cell in back] == ACTIVE
    xlsxwriter = pytest.importorskip("xlsxwriter")
    calamine = pytest.importorskip("python_calamine")
    book = xlsxwriter.Workbook(tmp_path / "out.xlsx")
    sheet = book.add_worksheet()
    shown = [cell for cell in ACTIVE if "\x00" not in cell and "\r" not in cell]
    for place, cell in enumerate(shown):
        sheet.write(
            place, 0, neutral(cell)
        )  # the careless call, which makes formulas of what begins with "="
    book.close()
    assert b"<f>" not in (tmp_path / "out.xlsx").read_bytes()
    read = calamine.load_workbook(tmp_path / "out.xlsx").get_sheet_by_index(0).to_python()
    assert [restored(row[0]) for row in read] == shown
