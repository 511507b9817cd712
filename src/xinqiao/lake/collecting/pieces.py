"""A staged table in pieces that fit the memory, each with rows counted from 1.

Row numbers make a pipeline of DuckDB one thread wide, so the width comes from here: pieces of one file are worked on at
once. A piece of a CSV is the bytes between two line ends that end a record, shown to DuckDB as a file of its own that
lives in memory; the reader of the whole file and that of a piece are the same.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import pyarrow.parquet as pq

from xinqiao.lake.files import Sheet, relation_sql

#: Some 800,000 rows of a usual item. Two pieces at once take four times as much.
PIECE_BYTES = 128 << 20
PIECE_ROWS = 1_000_000
#: Start of a piece that is the whole table, header and all.
WHOLE = -1
_BLOCK = 1 << 20
_QUOTE = b'"'


@dataclass(frozen=True, slots=True)
class Piece:
    """Part ``number`` of table ``sheet``: bytes of a CSV, rows of a Parquet file; ``end`` is the first one beyond."""

    sheet: int
    number: int
    start: int
    end: int


def pieces(place: int, sheet: Sheet, *, piece_bytes: int = PIECE_BYTES) -> list[Piece]:
    """Cut a table. ``place``: its place in the file."""
    if sheet.kind == "parquet":
        rows = pq.ParquetFile(sheet.path).metadata.num_rows
        cuts = [*range(0, rows, PIECE_ROWS), rows]
    else:
        cuts = _cuts(sheet, piece_bytes)
    return [Piece(place, number, start, end) for number, (start, end) in enumerate(pairwise(cuts))]


def _cuts(sheet: Sheet, piece_bytes: int) -> list[int]:
    """Offsets between records, the first after the header, the last at the end.

    The line ends of old machines are not looked for: such a file is one piece.
    """
    size = sheet.path.stat().st_size
    with sheet.path.open("rb", buffering=_BLOCK) as file:
        head = b"".join(file.readline() for _ in range(sheet.skip))
        if b"\r" in head.replace(b"\r\n", b""):
            return [WHOLE, size]
        cuts = [len(head)]
        quotes = 0
        while size - cuts[-1] > piece_bytes:
            quotes = _forward(file, piece_bytes, sheet.quoted) & 1
            while line := file.readline():
                quotes += line.count(_QUOTE) if sheet.quoted else 0
                if quotes % 2 == 0:
                    break
            if file.tell() >= size:
                break
            cuts.append(file.tell())
    return [*cuts, size]


def _forward(file: BinaryIO, count: int, quoted: bool) -> int:
    """Skip bytes; the quotes among them, when there are any to count."""
    if not quoted:
        file.seek(count, os.SEEK_CUR)
        return 0
    found = 0
    while count > 0:
        block = file.read(min(count, _BLOCK))
        found += block.count(_QUOTE)
        count -= len(block) or count
    return found


@contextmanager
def relation(piece: Piece, sheet: Sheet, names: Sequence[str]) -> Iterator[str]:
    """SQL of a piece as :func:`relation_sql` has it; ``_row`` counts from 1 within the piece."""
    if sheet.kind == "parquet":
        rows = f"_row > {piece.start} AND _row <= {piece.end}"
        base = relation_sql(sheet, names)
        yield f"SELECT * REPLACE (_row - {piece.start} AS _row) FROM ({base}) WHERE {rows}"  # noqa: S608
        return
    if piece.start == WHOLE:
        yield relation_sql(sheet, names)
        return
    descriptor = os.memfd_create("piece")
    try:
        with sheet.path.open("rb") as file:
            at = piece.start
            while at < piece.end:
                sent = os.sendfile(descriptor, file.fileno(), at, piece.end - at)
                if not sent:
                    raise OSError("the staged file has become shorter")
                at += sent
        yield relation_sql(replace(sheet, path=Path(f"/proc/self/fd/{descriptor}"), skip=0), names)
    finally:
        os.close(descriptor)
