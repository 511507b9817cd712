"""A piece of a staged table as coded columns, every cell as it stands.

A usual CSV is read by Arrow's reader, which knows rows of one width only; a piece with anything else in it (a row of
another width, a line end of an old machine, a file of one column, whose blank lines are rows to some readers) and every
other kind of table go through the relation that :mod:`xinqiao.lake.files.relation` describes. Where the first reads a
piece at all it reads what the second reads: tests hold that.
"""

# ruff: noqa: S608 - names are made here

import io
from collections.abc import Callable, Sequence

import duckdb
import numpy as np
import pyarrow as pa
from pyarrow import csv

from xinqiao.domain.active_cells import restored_sql
from xinqiao.lake.collecting.coded import Coded, coded, worth_coding
from xinqiao.lake.collecting.pieces import WHOLE, Piece, relation
from xinqiao.lake.collecting.verdicts import Cells, ask, whole
from xinqiao.lake.files import Sheet

#: What Arrow's reader works on at once: stays in the processor's cache, and no record is as long.
_BLOCK = 2 << 20
#: What of a piece is looked at first.
_HEAD = 1 << 20
_CODED = pa.dictionary(pa.int32(), pa.string())

type _Handler = Callable[[csv.InvalidRow], str]


def read(connection: duckdb.DuckDBPyConnection, piece: Piece, sheet: Sheet, *, marked: bool = False) -> Cells:
    """Read a piece. ``marked``: it is a file of ours that comes back; what we had to mark is read without the mark."""
    found = quick(piece, sheet) or careful(connection, piece, sheet)
    if not marked:
        return found
    columns = tuple(
        Coded(one.places, whole(ask(connection, {"x": one.values}, f"{restored_sql('x')} AS x"), "x"))
        for one in found.columns
    )
    return Cells(found.rows, found.ragged, columns)


def quick(piece: Piece, sheet: Sheet) -> Cells | None:
    """By Arrow; ``None`` for what its reader might see otherwise."""
    width = len(sheet.header)
    if sheet.kind != "csv" or piece.start == WHOLE or width == 1:
        return None
    names = [f"x{place}" for place in range(width)]
    try:
        with sheet.path.open("rb", buffering=0) as file:
            plain = _hardly_repeating(file, piece, sheet, names)
            types = {name: pa.string() if name in plain else _CODED for name in names}
            table = _table(pa.PythonFile(_Part(file, piece), mode="r"), sheet, types)
        columns = tuple(coded(table.column(name)) for name in names)
        for one in columns:  # once for each value, not for each cell: the reader did not look
            one.values.validate(full=True)
    except _OldLineEnd:
        return None
    except pa.ArrowInvalid:  # a row of another width
        return None
    return Cells(np.arange(1, len(table) + 1, dtype=np.int64), None, columns)


def _table(
    source: pa.NativeFile, sheet: Sheet, types: dict[str, pa.DataType], on_other_width: _Handler | None = None
) -> pa.Table:
    return csv.read_csv(
        source,
        read_options=csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=list(types)),
        parse_options=csv.ParseOptions(
            delimiter=sheet.delimiter,
            quote_char=sheet.quote if sheet.quoted else False,
            newlines_in_values=sheet.quoted,
            invalid_row_handler=on_other_width,
        ),
        convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=False, check_utf8=False),
    )


def _hardly_repeating(file: io.FileIO, piece: Piece, sheet: Sheet, names: Sequence[str]) -> set[str]:
    """Columns that are not worth a table of their values, as the beginning of a piece shows them."""
    file.seek(piece.start)
    head = file.read(min(_HEAD, piece.end - piece.start))
    if len(head) < _HEAD:
        return set()
    try:
        # the end may be within quotes, which makes a row of another width
        some = pa.BufferReader(head[: head.rfind(b"\n") + 1])
        table = _table(some, sheet, dict.fromkeys(names, pa.binary()), lambda _: "skip")
    except pa.ArrowInvalid:
        return set()
    return {name for name in names if not worth_coding(table.column(name))}


class _OldLineEnd(Exception):
    """A line end of an old machine, or a return within a cell."""


class _Part:
    """The bytes of a piece as a file that is read once, block by block: no block stays longer than it is worked on."""

    closed = False

    def __init__(self, file: io.FileIO, piece: Piece) -> None:
        file.seek(piece.start)
        self._file, self._left, self._return = file, piece.end - piece.start, False

    def read(self, count: int) -> bytes:
        """The next ones. Raises ``_OldLineEnd``, and ``OSError`` for a file that ends before the piece does."""
        block = self._file.read(min(count, self._left))
        if not block and self._left and count:
            raise OSError("the staged file has become shorter")
        self._left -= len(block)
        if self._return and not block.startswith(b"\n"):
            raise _OldLineEnd
        self._return = block.endswith(b"\r")
        if b"\r" in block and block.count(b"\r") - self._return != block.count(b"\r\n"):
            raise _OldLineEnd
        return block


def careful(connection: duckdb.DuckDBPyConnection, piece: Piece, sheet: Sheet) -> Cells:
    """By DuckDB, row by row as staging has promised."""
    names = [f"x{place}" for place in range(len(sheet.header))]
    with relation(piece, sheet, names) as source:
        table = connection.sql(f"SELECT * FROM ({source})").to_arrow_table()
    sound = whole(table, "_ragged").is_null()
    ragged = ~np.asarray(sound)
    columns = tuple(coded(table.column(name)) for name in names)
    rows = whole(table, "_row").to_numpy()
    return Cells(rows, ragged if ragged.any() else None, columns)
