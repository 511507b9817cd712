"""XLSX: every visible sheet that has a header, as text rows that keep their numbers."""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

from xinqiao.domain.errors import Code, Invalid, TooLarge, Unsupported
from xinqiao.lake.cells import sheet_text
from xinqiao.lake.files.archive import Archive
from xinqiao.lake.files.headers import folded, header_place
from xinqiao.lake.files.model import Limits, Sheet, checked_header, over, unreadable
from xinqiao.lake.files.rows import RowWriter

_CELL: Final = re.compile(rb"<(?:\w+:)?c[ >/]")
_PLACE: Final = re.compile(rb"""\sr=["'](\$?[A-Z]{1,3})(\d{1,9})["']""")
_FORBIDDEN: Final = (b"<!DOCTYPE", b"<!ENTITY")
_CARRY: Final = 64
_FORMULA_ENDS: Final = (b"</f>", b":f>", b"<f ", b":f ")
#: The end of a cell with a formula and nothing after it: who wrote the file did not work it out.
_UNWORKED: Final = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f(?: [^<>]*)?/>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
#: A result that is a text may be an empty one.
_EMPTY_TEXT: Final = re.compile(rb"""\st=["']str["']""")
#: As much as a cell with the longest formula takes, its letters written as references at worst.
_FORMULA: Final = 8192 * 10


def check_package(archive: Archive, limits: Limits) -> None:
    """What a workbook's package may hold: no macros, no document types, no more cells than are taken.

    Raises:
        Unsupported: FILE_KIND_UNSUPPORTED: macros.
        TooLarge: FILE_LIMITS: cells, or a cell so far out that the area between is over the limit.
        Invalid: FILE_UNREADABLE: a document type, which no spreadsheet program writes. FILE_VALUE: a formula without
            its result, which would be read as a blank cell.
    """
    if any(name.endswith("vbaProject.bin") or "macrosheets/" in name for name in archive.members):
        raise Unsupported(Code.FILE_KIND_UNSUPPORTED, "a workbook with macros", facts={"kind": "xlsm"})
    if b"macroEnabled" in b"".join(archive.read("[Content_Types].xml")):
        raise Unsupported(Code.FILE_KIND_UNSUPPORTED, "a workbook with macros", facts={"kind": "xlsm"})
    for name in archive.members:
        if name.endswith((".xml", ".rels")):
            _look_through(archive.read(name), limits, cells=name.startswith("xl/worksheets/"))


def _look_through(pieces: Iterator[bytes], limits: Limits, *, cells: bool) -> None:
    count = rows = columns = 0
    tail = before = b""
    for piece in pieces:
        joined = tail + piece
        if cells:
            if any(mark in joined for mark in _FORMULA_ENDS):
                _worked_out(before + piece)
            before = (before + piece)[-_FORMULA:]
        if any(word in joined for word in _FORBIDDEN):
            raise unreadable("a document type in the workbook")
        if cells:
            count += len(_CELL.findall(joined)) - len(_CELL.findall(tail))
            for column, row in set(_PLACE.findall(joined)):
                rows, columns = max(rows, int(row)), max(columns, _column(column))
            # calamine holds the whole rectangle, so one cell far out is as dear as all that lie before it
            if max(count, rows * columns) > limits.cells:
                raise over("cells", limits.cells)
        tail = joined[-_CARRY:]


def _worked_out(xml: bytes) -> None:
    for found in _UNWORKED.finditer(xml):
        begun = max(xml.rfind(b"<c ", 0, found.start()), xml.rfind(b":c ", 0, found.start()))
        said = xml[begun : xml.find(b">", begun) + 1] if begun >= 0 else b""
        if not _EMPTY_TEXT.search(said):
            place = _PLACE.search(said)
            where = "".join(part.decode() for part in place.groups()) if place else ""
            row = int(place[2]) if place else 0
            why = f"{where}: a formula whose result is not in the file"
            raise Invalid(Code.FILE_VALUE, why, facts={"row": row, "field": where})


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.lstrip(b"$"):
        number = number * 26 + letter - 64
    return number


def workbook_sheets(
    path: Path, into: Path, name: str, limits: Limits, expected: Collection[str]
) -> tuple[Sheet, ...]:
    """The tables of a workbook; with ``expected`` names, only the sheets that have them, if any has.

    Raises:
        Invalid: FILE_UNREADABLE, FILE_EMPTY, HEADER_MISMATCH, FILE_VALUE (a kind of value that has no text).
        TooLarge: FILE_LIMITS.
    """
    from python_calamine import SheetTypeEnum, SheetVisibleEnum, load_workbook

    try:
        book = load_workbook(path)
        wanted = [
            meta.name
            for meta in book.sheets_metadata
            if meta.visible == SheetVisibleEnum.Visible and meta.typ == SheetTypeEnum.WorkSheet
        ]
        if len(wanted) > limits.sheets:
            raise over("sheets", limits.sheets)
        found = [
            (sheet, fits)
            for place, title in enumerate(wanted)
            for sheet, fits in _sheet(
                book, title, into.with_name(f"{into.name}-{place}.parquet"), name, limits, expected
            )
        ]
    except (Invalid, TooLarge):
        raise
    except Exception as error:
        # calamine has half a dozen errors of its own, and a panic of its native part is none of them
        raise unreadable("not a spreadsheet that can be read") from error
    # the sheet to fill is empty, the sheet that explains it is not: that is an empty file
    if any(fits for _, fits in found):
        found = [(sheet, fits) for sheet, fits in found if fits]
    made = tuple(sheet for sheet, _ in found if sheet)
    if not made:
        raise Invalid(Code.FILE_EMPTY, "no sheet has a header and a row")
    return made


def _sheet(
    book: "object", title: str, into: Path, name: str, limits: Limits, expected: Collection[str]
) -> Iterator[tuple[Sheet | None, bool]]:
    """At most one: the table, None for a header without rows; and whether its header has an expected name."""
    sheet = book.get_sheet_by_name(title)  # type: ignore[attr-defined]
    start = sheet.start
    if start is None:
        return
    above: list[tuple[int, list[str]]] = []
    rows = _numbered(sheet.iter_rows())
    for shown, cells in rows:
        above.append((shown, cells))
        if len(above) == 20:
            break
    if not above:
        return
    place = header_place([cells for _, cells in above], expected)
    at, cells = above[place]
    header = checked_header(_trimmed(cells), limits)
    left = next(index for index, cell in enumerate(header) if cell)
    header = header[left:]
    with RowWriter(into, len(header)) as writer:
        for shown, cells in above[place + 1 :]:
            writer.add(shown - at, _fitted(cells[left:], len(header)))
        for shown, cells in rows:
            writer.add(shown - at, _fitted(cells[left:], len(header)))
    known = {folded(word) for word in expected}
    full_name = f"{name}/{title}" if name else title
    made = Sheet(into, "parquet", full_name, header, first_row=at + 1) if writer.count else None
    yield made, any(folded(cell) in known for cell in header)


def _numbered(rows: Iterator[Sequence[object]]) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, by the number the spreadsheet program shows."""
    for shown, row in enumerate(rows, start=1):
        try:
            cells = [cell if isinstance(cell, str) else sheet_text(cell) for cell in row]
        except TypeError as error:
            why = f"row {shown}: a kind of value that is not taken"
            raise Invalid(Code.FILE_VALUE, why, facts={"row": shown, "field": ""}) from error
        if any(cell and not cell.isspace() for cell in cells):
            if any("\ufffd" in cell or "\0" in cell for cell in cells):
                raise Invalid(Code.ENCODING_AMBIGUOUS, f"row {shown}: U+FFFD or NUL", facts={"row": shown})
            yield shown, cells


def _trimmed(cells: list[str]) -> list[str]:
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def _fitted(cells: list[str], width: int) -> list[str]:
    """A sheet is a rectangle: what is blank beyond the header is not there; what is not makes the row too long."""
    if len(cells) <= width:
        return cells + [""] * (width - len(cells))
    return cells if any(cell.strip() for cell in cells[width:]) else cells[:width]
