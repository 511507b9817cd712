"""Reading statement files: CSV (UTF-8 or GB18030), XLSX and Parquet → canonical text rows.

The canonical layout has the field names of :class:`~xinqiao.domain.fundflow.model.Transaction` as column names.
What a value means is not decided here (``domain.fundflow.parse``); this module only turns files into text, without
guessing: a file that cannot be read for certain is refused.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid, TooLarge
from xinqiao.domain.fundflow.model import COLUMNS, REQUIRED_COLUMNS, Parity, ParsedRows
from xinqiao.domain.fundflow.parse import parse_rows
from xinqiao.lake.cells import EXACT_DIGITS, decimal_text, float_text
from xinqiao.lake.sandbox import readable, run_limited

MAX_BYTES = 256 << 20
"""More than a million rows. Their cells take some 2.5 GiB in the limited child and as much again here; a file much
larger would not fit the child, so it is refused before it is read."""
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_NUMBERS_AS_TEXT = frozenset({"account_no", "counterparty_account", "txn_id", "reversal_of"})


@dataclass(frozen=True, slots=True)
class Table:
    """A file as text: the header and rows of the same width."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def ignored(self) -> tuple[str, ...]:
        """Columns that are no field of the canonical row."""
        return tuple(name for name in self.columns if name and name not in COLUMNS)

    def mappings(self) -> Iterator[dict[str, str]]:
        """Rows as column name → text."""
        for row in self.rows:
            yield dict(zip(self.columns, row, strict=True))


def read_statement(path: Path, *, parity: Parity | None = None) -> ParsedRows:
    """Read and parse a statement file in the canonical layout.

    Raises:
        Invalid: FILE_UNREADABLE, FILE_EMPTY, FILE_COLUMNS (``facts['missing']``), FILE_VALUE (``row``, ``field``),
            ENCODING_AMBIGUOUS (``byte_offset``).
        TooLarge: the file is over the stated limit.
    """
    return parse_rows(read_table(path).mappings(), parity=parity)


def read_table(path: Path) -> Table:
    """Read a file as text, by its content and not by its name.

    Raises:
        Invalid, TooLarge: as :func:`read_statement`, but no value is looked at yet.
    """
    size = readable(path).stat().st_size
    if size > MAX_BYTES:
        raise TooLarge(Code.BODY_TOO_LARGE, "the file is too large", facts={"limit_bytes": MAX_BYTES})
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(b"PK\x03\x04") or head == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        cells = _received(run_limited(spreadsheet_cells, str(path)))
    elif head.startswith(b"PAR1"):
        cells = _received(run_limited(parquet_cells, str(path)))
    else:
        cells = _received(run_limited(csv_cells, str(path)))
    return _table(cells)


def _received(answer: Json) -> list[list[str]]:
    """The child's answer, checked: it read a hostile file and is not believed blindly."""
    if not isinstance(answer, list):
        raise Invalid(Code.FILE_UNREADABLE, "the file could not be read")
    rows: list[list[str]] = []
    for row in answer:
        if not isinstance(row, list):
            raise Invalid(Code.FILE_UNREADABLE, "the file could not be read")
        rows.append([cell if isinstance(cell, str) else "" for cell in row])
    return rows


def _table(cells: Sequence[Sequence[str]]) -> Table:
    """Header and rows; blank rows are skipped, also before the header, rows of another width refused."""
    cells = cells[_blank_rows(cells) :]
    if not cells:
        raise Invalid(Code.FILE_EMPTY, "the file has no header")
    header = tuple(cell.strip() for cell in cells[0])
    missing = [name for name in REQUIRED_COLUMNS if name not in header]
    if missing:
        detail = f"missing columns: {', '.join(missing)}"
        raise Invalid(Code.FILE_COLUMNS, detail, facts={"missing": missing})
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise Invalid(Code.FILE_COLUMNS, "a column appears twice", facts={"repeated": twice})
    rows: list[tuple[str, ...]] = []
    for number, row in enumerate(cells[1:], start=1):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise _bad_value(number, "", f"{len(row)} cells under {len(header)} columns")
        rows.append(tuple(row))
    if not rows:
        raise Invalid(Code.FILE_EMPTY, "the file has a header and no row")
    return Table(header, tuple(rows))


def _blank_rows(rows: Sequence[Sequence[object]]) -> int:
    """How many blank rows stand before the first one that is not."""
    said = (number for number, row in enumerate(rows) if any(str(cell).strip() for cell in row))
    return next(said, len(rows))


def _bad_value(row: int, field: str, why: str) -> Invalid:
    place = f"row {row}" + (f", {field}" if field else "")
    return Invalid(Code.FILE_VALUE, f"{place}: {why}", facts={"row": row, "field": field})


# CSV


def decode(raw: bytes) -> str:
    """Bytes → text: a byte order mark, else strict UTF-8, else GB18030.

    Two cases are refused rather than guessed: text that is mostly UTF-8 with damaged bytes (GB18030 would read it
    as nonsense), and text that reads both as UTF-8 and as Chinese in GB18030.

    Raises:
        Invalid: ENCODING_AMBIGUOUS with ``byte_offset``; FILE_UNREADABLE for UTF-16 and binary files.
    """
    if raw.startswith(_UTF16_BOMS) or b"\0" in raw:
        raise Invalid(Code.FILE_UNREADABLE, "not a text file in UTF-8 or GB18030")
    marked = raw.startswith(_UTF8_BOM)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # decode("utf-8-sig") counts from after the mark
        offset = error.start + (len(_UTF8_BOM) if marked else 0)
        if marked or _mostly_utf8(raw):
            raise _ambiguous(offset) from error
        try:
            return raw.decode("gb18030")
        except UnicodeDecodeError as second:
            raise _ambiguous(second.start) from second
    if not marked and _chinese_only_as_gb18030(raw, text):
        raise _ambiguous(next(i for i, byte in enumerate(raw) if byte >= 0x80))
    return text


def _ambiguous(offset: int) -> Invalid:
    return Invalid(
        Code.ENCODING_AMBIGUOUS,
        f"neither UTF-8 nor GB18030 for certain at byte {offset}",
        facts={"byte_offset": offset},
    )


def _mostly_utf8(raw: bytes) -> bool:
    """Whether damaged UTF-8 is likelier than GB18030: more whole Chinese signs than broken places."""
    text = raw.decode("utf-8", errors="replace")
    whole = sum("\u4e00" <= sign <= "\u9fff" for sign in text)
    return whole > text.count("\ufffd")


def _chinese_only_as_gb18030(raw: bytes, text: str) -> bool:
    """Whether valid UTF-8 holds no Chinese, but the same bytes as GB18030 hold nothing else beyond ASCII."""
    foreign = [sign for sign in text if sign >= "\x80"]
    if not foreign or any(sign >= "\u0800" for sign in foreign):
        return False
    try:
        other = raw.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return all("\u4e00" <= sign <= "\u9fff" for sign in other if sign >= "\x80")


# inside the limited child


def csv_cells(path: str) -> Json:
    """All lines as text. Runs in the child: cells take a dozen times the memory of the file."""
    raw = Path(path).read_bytes()
    if not raw.strip():
        raise Invalid(Code.FILE_EMPTY, "the file is empty")
    try:
        return [list[Json](line) for line in csv.reader(io.StringIO(decode(raw), newline=""), strict=True)]
    except csv.Error as error:
        raise Invalid(Code.FILE_UNREADABLE, "not a CSV file") from error


def spreadsheet_cells(path: str) -> Json:
    """The first sheet as text. Runs in the child."""
    from python_calamine import (
        CalamineError,
        PasswordError,
        XmlError,
        ZipError,
        load_workbook,
    )

    try:
        sheet = load_workbook(path).get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, PasswordError, XmlError, ZipError, OSError, ValueError, IndexError) as error:
        raise Invalid(Code.FILE_UNREADABLE, "not a spreadsheet that can be read") from error
    sheet = sheet[_blank_rows(sheet) :]
    header = [str(cell).strip() for cell in sheet[0]] if sheet else []
    return [list(header), *(_cells(row, number, header) for number, row in enumerate(sheet[1:], start=1))]


def parquet_cells(path: str) -> Json:
    """All columns as text. Runs in the child."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)  # type: ignore[no-untyped-call,unused-ignore]
    except (pa.ArrowException, OSError) as error:
        raise Invalid(Code.FILE_UNREADABLE, "not a Parquet file that can be read") from error
    header: list[str] = list(table.column_names)
    columns = [column.to_pylist() for column in table.columns]
    rows = zip(*columns, strict=True)
    return [list(header), *(_cells(row, number, header) for number, row in enumerate(rows, start=1))]


def _cells(row: Sequence[object], number: int, header: Sequence[str]) -> list[Json]:
    names = [*header, *[""] * (len(row) - len(header))]
    return [cell_text(cell, number, name) for cell, name in zip(row, names, strict=False)]


def cell_text(cell: object, row: int, field: str) -> str:
    """A typed cell as the text the canonical row expects.

    Raises:
        Invalid: FILE_VALUE for a number that a spreadsheet cannot have kept whole, and for a type with no text.
    """
    match cell:
        case None:
            return ""
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case int():
            return str(cell)
        case float():
            if field in _NUMBERS_AS_TEXT and abs(cell) >= EXACT_DIGITS:
                raise _bad_value(
                    row, field, "a long number kept as a number has lost digits; keep it as text"
                )
            return float_text(cell)
        case Decimal():
            return decimal_text(cell)
        case datetime():
            return cell.replace(microsecond=0).isoformat(sep=" ")
        case date() | time():
            return cell.isoformat()
        case _:
            raise _bad_value(row, field, "a kind of value that is not taken")
