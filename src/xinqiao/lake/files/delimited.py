"""CSV in place: its encoding verified, its header, its separator and its quotes known, nothing copied if possible."""

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.files import text
from xinqiao.lake.files.headers import header_place
from xinqiao.lake.files.model import Limits, Sheet, checked_header, over, unreadable
from xinqiao.lake.files.structure import Structure

_DELIMITERS: Final = ",;\t|"
_HEAD: Final = 256 << 10
_HEAD_RECORDS: Final = 50


@dataclass(frozen=True, slots=True)
class Head:
    """The first records: the separator, the header, its last line, the first data row's number, whether there is one."""

    delimiter: str
    header: tuple[str, ...]
    skip: int
    first_row: int
    has_rows: bool


def csv_sheet(path: Path, into: Path, name: str, limits: Limits, expected: Collection[str]) -> Sheet:
    """Verify a CSV and say how to read it. ``into``: the path without ending for what must be written.

    Raises:
        Invalid: ENCODING_AMBIGUOUS, FILE_UNREADABLE (quotes that are not closed, with ``row``), FILE_EMPTY,
            HEADER_MISMATCH.
        TooLarge: FILE_LIMITS.
    """
    encoding = text.recognise(path)
    source, structure, broken_at = path, None, None
    if encoding != "utf-16":
        structure, broken_at = _looked_through(path, limits, marked=encoding == "utf-8-sig")
        if broken_at is not None and encoding == "utf-8-sig":
            raise text.ambiguous(broken_at)
    if structure is None or broken_at is not None:
        encoding = "utf-16" if structure is None else "gb18030"
        source = into.with_suffix(".csv")
        text.transcode(path, source, encoding, broken_at=broken_at or 0)
        structure, _ = _looked_through(source, limits, marked=False)
    head = _head(source, limits, expected)
    if not structure.regular:
        return _written_anew(source, into.with_suffix(".parquet"), name, encoding, head, limits)
    if not head.has_rows:
        raise Invalid(Code.FILE_EMPTY, "the file has a header and no row")
    return Sheet(
        source, "csv", name, head.header, head.delimiter, '"', encoding,
        head.first_row, head.skip, structure.quoted,
    )  # fmt: skip


def _looked_through(path: Path, limits: Limits, *, marked: bool) -> tuple[Structure, int | None]:
    """The one pass over all bytes: their structure, and where they stop being UTF-8."""
    structure = Structure(sniff(_beginning(path)[0]), limits.record_bytes)
    broken_at = text.verify_utf8(path, marked=marked, observe=structure.feed)
    structure.finish()
    return structure, broken_at


def _beginning(path: Path) -> tuple[str, bool]:
    """The first records as text, cut at a line's end, and whether that is all. What is not UTF-8 only fills places."""
    with path.open("rb") as file:
        raw = file.read(_HEAD)
    whole = len(raw) < _HEAD
    if not whole:
        raw = raw[: max(raw.rfind(b"\n"), raw.rfind(b"\r")) + 1]
    return raw.decode("utf-8-sig", errors="replace"), whole


def _head(path: Path, limits: Limits, expected: Collection[str]) -> Head:
    said, whole = _beginning(path)
    delimiter = sniff(said)
    records = list(_records(said, delimiter))
    if not records:
        if whole:
            raise Invalid(Code.FILE_EMPTY, "the file is empty")
        raise over("record_bytes", _HEAD)
    place = header_place([cells for _, _, cells in records], expected)
    shown, line, cells = records[place]
    header = checked_header(cells, limits)
    return Head(delimiter, header, line, shown + 1, has_rows=not whole or len(records) > place + 1)


def _records(said: str, delimiter: str) -> Iterator[tuple[int, int, list[str]]]:
    """Number as shown, last line, cells of the first records that are not blank."""
    reader = csv.reader(io.StringIO(said, newline=""), delimiter=delimiter)
    found = 0
    csv.field_size_limit(1 << 31)
    for shown, cells in enumerate(reader, start=1):
        if any(cell.strip() for cell in cells):
            yield shown, reader.line_num, cells
            found += 1
        if found == _HEAD_RECORDS:
            return


def sniff(said: str) -> str:
    """The separator: of those that occur in the first record, the one that splits the most records alike."""
    best, most = _DELIMITERS[0], (0.0, 0)
    for delimiter in _DELIMITERS:
        widths = [len(cells) for _, _, cells in _records(said, delimiter)]
        if widths and widths[0] > 1:
            mark = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
            best, most = max((best, most), (delimiter, mark), key=lambda pair: pair[1])
    return best


def _written_anew(source: Path, into: Path, name: str, encoding: str, head: Head, limits: Limits) -> Sheet:
    """A file whose quotes are not those of a plain CSV, read strictly and written as a table."""
    # Arrow takes a second to load, which a CSV that is read in place need not wait for
    from xinqiao.lake.files.rows import RowWriter

    csv.field_size_limit(limits.record_bytes)
    number = 0
    with source.open(encoding="utf-8-sig", newline="") as file, RowWriter(into, len(head.header)) as writer:
        reader = csv.reader(file, delimiter=head.delimiter, strict=True)
        try:
            for cells in reader:
                if cells and reader.line_num > head.skip:
                    number += 1
                    writer.add(number, cells)
        except csv.Error as error:
            shown = head.first_row + number
            why = f"quotes that are not closed, or closed within a cell, at row {shown}"
            raise unreadable(why, row=shown) from error
    if not number:
        raise Invalid(Code.FILE_EMPTY, "the file has a header and no row")
    return Sheet(into, "parquet", name, head.header, encoding=encoding, first_row=head.first_row)
