"""A piece of a staged table as coded columns, every cell as it stands.

A usual CSV is read by Arrow's reader, which knows rows of one width only; a piece with anything else in it (a row of
another width, a line end of an old machine, a file of one column, whose blank lines are rows to some readers) and every
other kind of table go through the relation that :mod:`xinqiao.lake.files.relation` describes. Where the first reads a
piece at all it reads what the second reads: tests hold that.
"""

# ruff: noqa: S608 - names are made here

import io

import duckdb
import numpy as np
import pyarrow as pa
from pyarrow import csv

from xinqiao.domain.active_cells import restored_sql
from xinqiao.lake.collecting.coded import Coded, coded
from xinqiao.lake.collecting.pieces import WHOLE, Piece, relation
from xinqiao.lake.collecting.verdicts import Cells, ask, whole
from xinqiao.lake.files import Sheet

#: What Arrow's reader works on at once: stays in the processor's cache, and no record is as long.
_BLOCK = 2 << 20


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
            table = csv.read_csv(
                pa.PythonFile(_Part(file, piece), mode="r"),
                read_options=csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names),
                parse_options=csv.ParseOptions(
                    delimiter=sheet.delimiter,
                    quote_char=sheet.quote if sheet.quoted else False,
                    newlines_in_values=sheet.quoted,
                ),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                ),
            )
    except _OldLineEnd:
        return None
    except pa.ArrowInvalid:  # a row of another width
        return None
    columns = tuple(coded(table.column(name)) for name in names)
    return Cells(np.arange(1, len(table) + 1, dtype=np.int64), None, columns)


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
