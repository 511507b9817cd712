"""A piece of a staged table as coded columns, every cell as it stands.

A usual CSV is read by Arrow's reader, which knows rows of one width only; a piece with anything else in it (a row of
another width, a line end of an old machine, a file of one column, whose blank lines are rows to some readers) and every
other kind of table go through the relation that :mod:`xinqiao.lake.files.relation` describes. Where the first reads a
piece at all it reads what the second reads: tests hold that.
"""

# ruff: noqa: S608 - names are made here

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
_BLOCK = 4 << 20


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
    with sheet.path.open("rb") as file:
        file.seek(piece.start)
        raw = file.read(piece.end - piece.start)
    if len(raw) < piece.end - piece.start:
        raise OSError("the staged file has become shorter")
    if b"\r" in raw and raw.count(b"\r") != raw.count(b"\r\n"):
        return None
    names = [f"x{place}" for place in range(width)]
    try:
        table = csv.read_csv(
            pa.py_buffer(raw),
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
    except pa.ArrowInvalid:  # a row of another width
        return None
    columns = tuple(coded(table.column(name)) for name in names)
    return Cells(np.arange(1, len(table) + 1, dtype=np.int64), None, columns)


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
