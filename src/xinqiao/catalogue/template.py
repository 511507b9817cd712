"""Empty files for a supplier: XLSX with drop-downs and notes, CSV for programs. What they hold is read back as it is.

Every cell of a column is text, so that codes keep their zeros and no program turns an account number into a figure.
"""

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from io import BytesIO, StringIO
from typing import Any

import xlsxwriter

from xinqiao.catalogue.words import SENSITIVITIES, TYPES, Said, example, limits, rule_words
from xinqiao.domain.catalogue.model import Catalogue, Field, FieldType, Item

#: Sheets of the workbook; only the first is read back.
GUIDE_SHEET, CODES_SHEET = "填写说明", "代码表"
_BOOLEANS = ("是", "否")
#: Excel keeps a drop-down of its own only up to so many characters; longer ones refer to a sheet.
_INLINE = 255
_LAST_ROW = 1_048_575

type Rows = Iterable[Mapping[str, str]]


def csv_template(item: Item, rows: Rows = ()) -> bytes:
    """UTF-8 with a mark, so that every spreadsheet opens it right: one line of labels, then the rows if any."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow([field.label for field in item.fields])
    writer.writerows([row.get(field.name, "") for field in item.fields] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def xlsx_template(item: Item, catalogue: Catalogue, rows: Rows = ()) -> bytes:
    """A workbook: the sheet to fill, a sheet that explains every column, a hidden one with the long code lists.

    The same item gives the same bytes.
    """
    out = BytesIO()
    options = {
        "in_memory": True,
        "strings_to_numbers": False,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        made = datetime(2000, 1, 1, tzinfo=UTC) if item.valid_from is None else _noon(item)
        book.set_properties({"title": item.name, "author": "信桥 Xinqiao", "created": made})
        sheet = book.add_worksheet(_sheet_name(item))
        _guide(book, item, catalogue)
        lists = _lists(item, catalogue)
        places = _code_sheet(book, {name: one for name, one in lists.items() if not _fits(one)})
        _head(book, sheet, item, catalogue)
        for column, field in enumerate(item.fields):
            _drop_down(sheet, column, field, lists.get(field.name), places.get(field.name))
        for index, row in enumerate(rows, start=1):
            for column, field in enumerate(item.fields):
                if row.get(field.name):
                    sheet.write_string(index, column, row[field.name])
    return out.getvalue()


def column_note(field: Field, item: Item, catalogue: Catalogue) -> str:
    """What stands beside a header: type, need, limits, sensitivity, note, example."""
    need = Said("必填", "required") if field.required else Said("选填", "optional")
    lines = [
        f"{field.name}（{TYPES[field.type].both}，{need.both}）",
        *(one.zh for one in limits(field, item, catalogue)),
        f"敏感级别：{SENSITIVITIES[field.sensitivity].zh}",
        *([field.note] if field.note else []),
        f"例：{example(field, catalogue)}",
    ]
    return "\n".join(lines)


def _noon(item: Item) -> datetime:
    assert item.valid_from is not None
    return datetime(item.valid_from.year, item.valid_from.month, item.valid_from.day, tzinfo=UTC)


def _sheet_name(item: Item) -> str:
    return "".join(char for char in item.name if char not in "[]:*?/\\")[:31]


def _lists(item: Item, catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """What a drop-down offers, by field: labels of a code list, yes and no. Several codes in a cell have none."""
    offered: dict[str, tuple[str, ...]] = {}
    for field in item.fields:
        if field.type is FieldType.BOOLEAN:
            offered[field.name] = _BOOLEANS
        elif field.code_list is not None and not field.multiple:
            offered[field.name] = tuple(catalogue.code_lists[field.code_list].entries.values())
    return offered


def _fits(labels: tuple[str, ...]) -> bool:
    return len(",".join(labels)) <= _INLINE and not any("," in label for label in labels)


def _head(book: Any, sheet: Any, item: Item, catalogue: Catalogue) -> None:
    text = book.add_format({"num_format": 49})  # the built-in format "text"
    looks = {
        need: book.add_format(
            {"bold": True, "bg_color": colour, "border": 1, "text_wrap": True, "valign": "top"}
        )
        for need, colour in ((True, "#D9E8F6"), (False, "#F2F2F2"))
    }
    for column, field in enumerate(item.fields):
        sheet.set_column(column, column, min(40, max(14, 2 * len(field.label) + 2)), text)
        sheet.write_string(0, column, field.label, looks[field.required])
        sheet.write_comment(0, column, column_note(field, item, catalogue), {"x_scale": 2.4, "y_scale": 1.8})
    sheet.freeze_panes(1, 0)


def _guide(book: Any, item: Item, catalogue: Catalogue) -> None:
    sheet = book.add_worksheet(GUIDE_SHEET)
    bold = book.add_format({"bold": True})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 1, 26, wrap)
    sheet.set_column(2, 4, 14, wrap)
    sheet.set_column(5, 6, 50, wrap)
    title = f"{item.name}（{item.id}，第 {item.version} 版）：第一行是表头，从第二行起填；浅蓝色的列必填。"
    sheet.write_string(0, 0, title, bold)
    heads = (
        "列 column",
        "字段 field",
        "类型 type",
        "必填 required",
        "敏感级别 sensitivity",
        "要求 limits",
        "例 example",
    )
    for column, head in enumerate(heads):
        sheet.write_string(2, column, head, bold)
    for index, field in enumerate(item.fields, start=3):
        told = "；".join(
            [*(one.zh for one in limits(field, item, catalogue)), *([field.note] if field.note else [])]
        )
        cells = (
            field.label, field.name, TYPES[field.type].both, "是 yes" if field.required else "",
            SENSITIVITIES[field.sensitivity].both, told, example(field, catalogue),
        )  # fmt: skip
        for column, cell in enumerate(cells):
            sheet.write_string(index, column, cell)
    for index, rule in enumerate(item.rules, start=len(item.fields) + 4):
        sheet.write_string(index, 0, rule_words(rule, item, catalogue).both)


def _code_sheet(book: Any, lists: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The hidden sheet of lists too long for a drop-down of their own; where each stands, by field."""
    if not lists:
        return {}
    sheet = book.add_worksheet(CODES_SHEET)
    sheet.hide()
    places: dict[str, str] = {}
    for column, (name, labels) in enumerate(lists.items()):
        for row, label in enumerate(labels):
            sheet.write_string(row, column, label)
        letters = xlsxwriter.utility.xl_col_to_name(column, col_abs=True)
        places[name] = f"='{CODES_SHEET}'!{letters}$1:{letters}${len(labels)}"
    return places


def _drop_down(
    sheet: Any, column: int, field: Field, labels: tuple[str, ...] | None, place: str | None
) -> None:
    if labels is None:
        return
    rule = {
        "validate": "list",
        "source": place or list(labels),
        "error_title": "不在代码表里",
        "error_message": f"{field.label}：请从下拉列表里选。",
    }
    sheet.data_validation(1, column, _LAST_ROW, column, rule)
