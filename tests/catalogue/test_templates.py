"""A template that is filled and read back passes, for every item; a spreadsheet keeps it as it is."""

import csv
import io
import re
import zipfile
from dataclasses import replace
from datetime import date

import pytest
from python_calamine import CalamineWorkbook

from xinqiao.catalogue import load
from xinqiao.catalogue.template import CODES_SHEET, GUIDE_SHEET, csv_template, xlsx_template
from xinqiao.catalogue.words import example_row
from xinqiao.domain.catalogue.headers import match_headers
from xinqiao.domain.catalogue.model import CodeList
from xinqiao.domain.catalogue.rows import check_row

CATALOGUE = load()
ITEMS = list(CATALOGUE.items.values())
DAY = date(2026, 5, 1)


def verdicts(item, table):
    columns = match_headers(item, table[0])
    assert columns.fields == tuple(field.name for field in item.fields)
    for cells in table[1:]:
        row = {name: str(cell) for name, cell in zip(columns.fields, cells, strict=True) if name}
        yield row, check_row(CATALOGUE, item, row, received_on=DAY)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_a_filled_workbook_is_read_back_as_it_was_and_passes(item):
    filled = example_row(item, CATALOGUE)
    book = CalamineWorkbook.from_filelike(io.BytesIO(xlsx_template(item, CATALOGUE, [filled])))
    table = book.get_sheet_by_index(0).to_python()
    ((row, verdict),) = verdicts(item, table)
    assert row == filled
    assert verdict.findings == ()
    assert book.sheet_names[1] == GUIDE_SHEET


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_a_filled_csv_is_read_back_as_it_was_and_passes(item):
    filled = example_row(item, CATALOGUE)
    content = csv_template(item, [filled])
    assert content.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    ((row, verdict),) = verdicts(item, table)
    assert row == filled
    assert verdict.ok


def test_the_empty_workbook_has_its_drop_downs_notes_frozen_head_and_text_columns():
    item = CATALOGUE.items["dishonest_judgment_debtor"]
    content = xlsx_template(item, CATALOGUE)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        book = parts.read("xl/workbook.xml").decode()
        styles = parts.read("xl/styles.xml").decode()
        notes = parts.read("xl/comments1.xml").decode()
    offered = [field for field in item.fields if field.code_list and not field.multiple]
    assert sheet.count("<dataValidation ") == len(offered)
    assert '"自然人,法人或其他组织"' in sheet
    assert re.search(r'<pane [^>]*ySplit="1"[^>]*state="frozen"', sheet)
    assert CODES_SHEET not in book
    assert 'numFmtId="49"' in styles  # text
    assert notes.count("<comment ") == len(item.fields)
    assert "最多 100 个字符" in notes
    assert content == xlsx_template(item, CATALOGUE)


def test_what_looks_like_a_formula_stays_text():
    item = CATALOGUE.items["water_fee"]
    row = {
        **example_row(item, CATALOGUE),
        "address": "=1+1",
        "account_no": "00012",
        "ent_name": "https://a.example",
    }
    book = CalamineWorkbook.from_filelike(io.BytesIO(xlsx_template(item, CATALOGUE, [row])))
    table = book.get_sheet_by_index(0).to_python()
    assert dict(zip([field.name for field in item.fields], table[1], strict=True)) == row


def test_a_list_too_long_for_a_drop_down_of_its_own_stands_on_a_hidden_sheet():
    item = CATALOGUE.items["legal_rep_marital_status"]
    long = CodeList("marital_status", {f"c{n}": f"第{n}种情况" for n in range(100)})
    catalogue = replace(CATALOGUE, code_lists={**CATALOGUE.code_lists, "marital_status": long})
    with zipfile.ZipFile(io.BytesIO(xlsx_template(item, catalogue))) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        codes = parts.read("xl/worksheets/sheet3.xml").decode()
        assert f'name="{CODES_SHEET}" sheetId="3" state="hidden"' in parts.read("xl/workbook.xml").decode()
    assert f"'{CODES_SHEET}'!$A$1:$A$100" in sheet
    assert codes.count("<row ") == 100
