"""Rows that were put aside: kept as they were sent, counted, and given back in a file that can be corrected.

A quarantine file is a Parquet file beside the lake's segments, one a batch: ``_row`` (of the batch), ``_findings``
(``field:RULE``), ``_cells`` (as sent, in the order of the header in the receipt). It holds what the supplier sent,
personal data too, and goes back to the supplier only.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import xlsxwriter

from xinqiao.domain.active_cells import neutral
from xinqiao.domain.catalogue.headers import match_headers
from xinqiao.domain.catalogue.model import Catalogue, Item, RowRule
from xinqiao.domain.catalogue.receipt import Example, Receipt, SheetRows, masked
from xinqiao.domain.errors import Code, Invalid, TooLarge
from xinqiao.lake.collecting.fields_sql import RULES, filled, quoted
from xinqiao.lake.collecting.pieces import END
from xinqiao.lake.collecting.words import finding_words
from xinqiao.lake.rules_sql import FINDING_SHIFT, WHOLE_ROW

#: Columns we add; a file that has all of them is one of ours and comes back corrected.
OUR_COLUMNS = ("错误说明", "错误字段", "错误规则", "原行号")
EXAMPLES_EACH = 2
MOST_EXAMPLES = 40
_SHEET_ROWS = 1_048_575
#: Findings that say nothing about what stands in the cell.
_NOT_THE_CELL = (RowRule.REQUIRED, RowRule.REQUIRED_WHEN, RowRule.DUPLICATE_KEY)


def write_quarantine(connection: duckdb.DuckDBPyConnection, item: Item, refused_sql: str, path: Path) -> None:
    """Write the rows of ``refused_sql`` in the order of the file."""
    fields = ", ".join(quoted(name) for name in [*(field.name for field in item.fields), WHOLE_ROW])
    rules = ", ".join(quoted(rule.value if rule else "") for rule in RULES)
    shift = FINDING_SHIFT
    words = f"list_transform(_findings, lambda f: ([{fields}])[f // {shift} + 1] || ':' || ([{rules}])[f % {shift} + 1])"
    connection.execute(
        f"COPY (SELECT _row, {words} AS _findings, _cells FROM ({refused_sql}) ORDER BY _row)"  # noqa: S608
        f" TO {quoted(str(path))} (FORMAT parquet, COMPRESSION zstd)"
    ).fetchall()


@dataclass(frozen=True, slots=True)
class Refused:
    """What a quarantine file says of itself. ``invalid``, ``present``: rows by field."""

    rows: int
    found: dict[tuple[str, RowRule], int]
    examples: tuple[Example, ...]
    present: dict[str, int]
    invalid: dict[str, int]


NOTHING = Refused(0, {}, (), {}, {})


def look_at(
    connection: duckdb.DuckDBPyConnection, item: Item, path: Path, sheets: Sequence[SheetRows]
) -> Refused:
    """Count a quarantine file."""
    source = f"read_parquet({quoted(str(path))})"
    each = f"(SELECT _row, unnest(_findings) AS f FROM {source})"  # noqa: S608
    counted = connection.execute(
        f"SELECT f, count(*), min(_row, {EXAMPLES_EACH}) FROM {each} GROUP BY f"  # noqa: S608
    ).fetchall()
    found = {_split(text): int(count) for text, count, _ in counted}
    shown = sorted((int(row), text) for text, _, first in counted for row in first)[:MOST_EXAMPLES]
    unsaid = ", ".join(quoted(rule.value) for rule in _NOT_THE_CELL)
    wrong = connection.execute(
        f"SELECT split_part(f, ':', 1), count(DISTINCT _row) FROM {each}"  # noqa: S608
        f" WHERE split_part(f, ':', 2) NOT IN ({unsaid}) GROUP BY ALL"
    ).fetchall()
    rows = connection.execute(f"SELECT count(*) FROM {source}").fetchone()  # noqa: S608
    return Refused(
        rows=int(rows[0]) if rows else 0,
        found=found,
        examples=tuple(_examples(connection, item, source, shown, sheets)),
        present=_present(connection, item, source, sheets),
        invalid={name: int(count) for name, count in wrong},
    )


def _split(text: str) -> tuple[str, RowRule]:
    name, _, rule = text.partition(":")
    return name, RowRule(rule)


def _columns(item: Item, sheet: SheetRows) -> dict[str, int]:
    names = match_headers(item, sheet.header).fields
    return {name: place for place, name in enumerate(names) if name is not None}


def _sheet_of(sheets: Sequence[SheetRows], row: int) -> SheetRows:
    return next(sheet for sheet in reversed(sheets) if row > sheet.before)


def _examples(
    connection: duckdb.DuckDBPyConnection,
    item: Item,
    source: str,
    shown: Sequence[tuple[int, str]],
    sheets: Sequence[SheetRows],
) -> Iterator[Example]:
    """``shown``: rows and the findings to show of them."""
    rows = ", ".join({str(row): None for row, _ in shown})
    asked = f"SELECT _row, _cells FROM {source} WHERE _row IN ({rows})"  # noqa: S608
    cells_of = dict(connection.execute(asked).fetchall()) if shown else {}
    for row, text in shown:
        cells = cells_of[row]
        name, rule = _split(text)
        place = _columns(item, _sheet_of(sheets, row)).get(name)
        value = "" if place is None else (cells[place] or "")
        yield Example(int(row), name, rule.value, masked(item, name, value))


def _present(
    connection: duckdb.DuckDBPyConnection, item: Item, source: str, sheets: Sequence[SheetRows]
) -> dict[str, int]:
    """Cells that are not blank, by field."""
    present: dict[str, int] = {}
    ends = [*(sheet.before for sheet in sheets[1:]), END]
    for sheet, end in zip(sheets, ends, strict=True):
        columns = _columns(item, sheet)
        counts = ", ".join(
            f"count(*) FILTER (WHERE {filled(f'_cells[{place + 1}]')})" for place in columns.values()
        )
        within = f"_row > {sheet.before} AND _row <= {end}"
        row = connection.execute(f"SELECT {counts} FROM {source} WHERE {within}").fetchone()  # noqa: S608
        for name, count in zip(columns, row or (), strict=True):
            present[name] = present.get(name, 0) + int(count)
    return present


# the way back


def write_corrections(
    catalogue: Catalogue, item: Item, receipt: Receipt, quarantine: Path, into: Path, *, file_format: str
) -> Path:
    """The refused rows as they were sent, with what is wrong beside them, as XLSX or CSV: to be corrected and sent again.

    Every cell is text; what a spreadsheet would run is marked, and read without the mark when the file comes back.

    Raises:
        Invalid: ``INVALID`` for another format. TooLarge: ``FILE_LIMITS``: more rows than a workbook's sheet holds.
    """
    header = list(dict.fromkeys(name for sheet in receipt.sheets for name in sheet.header))
    header = [name for name in header if name not in OUR_COLUMNS]
    rows = _correction_rows(catalogue, item, receipt, quarantine, header)
    if file_format == "csv":
        with into.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*header, *OUR_COLUMNS])
            writer.writerows(rows)
    elif file_format == "xlsx":
        if receipt.refused > _SHEET_ROWS:
            raise TooLarge(
                Code.FILE_LIMITS, "more rows than a sheet holds", facts={"limit": "rows", "max": _SHEET_ROWS}
            )
        _write_workbook(into, header, rows)
    else:
        raise Invalid(Code.INVALID, "xlsx or csv", facts={"field": "format"})
    return into


def _correction_rows(
    catalogue: Catalogue, item: Item, receipt: Receipt, quarantine: Path, header: Sequence[str]
) -> Iterator[list[str]]:
    lists = dict(catalogue.code_lists)
    labels = {field.name: field.label for field in item.fields}
    columns = {sheet.before: _columns(item, sheet) for sheet in receipt.sheets}
    for batch in pq.ParquetFile(quarantine).iter_batches(batch_size=4_096):
        for record in batch.to_pylist():
            sheet, number = receipt.place(record["_row"])
            cells = dict(zip(sheet.header, record["_cells"], strict=True))
            found = [_split(text) for text in record["_findings"]]
            places = columns[sheet.before]
            sent = [record["_cells"][places[name]] or "" if name in places else "" for name, _ in found]
            ours = [
                "；".join(
                    finding_words(item, lists, name, rule, cell)
                    for (name, rule), cell in zip(found, sent, strict=True)
                ),
                "；".join(labels.get(name, "整行") for name, _ in found),
                "；".join(rule.value for _, rule in found),
                f"{sheet.name}:{number}" if sheet.name else str(number),
            ]
            yield [neutral(text) for text in [*(cells.get(name) or "" for name in header), *ours]]


def _write_workbook(into: Path, header: Sequence[str], rows: Iterator[list[str]]) -> None:
    book = xlsxwriter.Workbook(str(into), {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet("待更正")
    text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "num_format": "@"})
    wrong = book.add_format({"num_format": "@", "bg_color": "#FDE9E7"})
    sheet.set_column(0, len(header) - 1, 20, text)
    sheet.set_column(len(header), len(header), 48, wrong)
    sheet.set_column(len(header) + 1, len(header) + len(OUR_COLUMNS) - 1, 18, wrong)
    sheet.freeze_panes(1, 0)
    for place, name in enumerate([*header, *OUR_COLUMNS]):
        sheet.write_string(0, place, name, bold)
    for number, row in enumerate(rows, start=1):
        for place, cell in enumerate(row):
            if cell:
                sheet.write_string(number, place, cell, text if place < len(header) else wrong)
    book.close()
