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

import numpy as np
import pyarrow.parquet as pq

from xinqiao.lake.files import Sheet, relation_sql
from xinqiao.lake.files.model import unreadable

#: Some 800,000 rows of a usual item. Two pieces at once take four times as much.
PIECE_BYTES = 128 << 20
PIECE_ROWS = 1_000_000
#: Cells of a piece, which bound what a file of many columns, or of nearly empty rows, takes.
PIECE_CELLS = 24_000_000
#: Start of a piece that is the whole table, header and all.
WHOLE = -1
#: End of a piece that goes to the last row of its table, whatever number that has.
END = 1 << 62
_BLOCK = 1 << 18
_QUOTE = b'"'
_LINE_FEED, _RETURN = b"\n", b"\r"
_LOOK = 4_096
#: A piece that is the whole table is read at once.
_MOST_WHOLE = 256 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """Part ``number`` of table ``sheet``: bytes of a CSV, numbers of rows of a Parquet file; ``end`` is the first one beyond."""

    sheet: int
    number: int
    start: int
    end: int


def pieces(place: int, sheet: Sheet, *, piece_bytes: int = PIECE_BYTES) -> list[Piece]:
    """Cut a table. ``place``: its place in the file."""
    if sheet.kind == "parquet":
        rows = pq.ParquetFile(sheet.path).metadata.num_rows
        # the numbers may have gaps (lines of JSON that are blank), so that the last one is beyond their count
        cuts = [*range(0, rows, _most_rows(sheet)), END]
    else:
        cuts = _cuts(sheet, piece_bytes)
    return [Piece(place, number, start, end) for number, (start, end) in enumerate(pairwise(cuts))]


def _most_rows(sheet: Sheet) -> int:
    return max(1, min(PIECE_ROWS, PIECE_CELLS // len(sheet.header)))


def _cuts(sheet: Sheet, piece_bytes: int) -> list[int]:
    """Offsets between records, the first after the header, the last at the end.

    Raises:
        Invalid: FILE_UNREADABLE: a large file whose header has line ends of two kinds, so that it cannot be cut.
    """
    size = sheet.path.stat().st_size
    with sheet.path.open("rb", buffering=_BLOCK) as file:
        end = _LINE_FEED if b"\n" in file.read(_BLOCK) else _RETURN
        file.seek(0)
        head = b"".join(_line(file, end) for _ in range(sheet.skip))
        if end == _LINE_FEED and _RETURN in head.replace(b"\r\n", b""):
            if size > _MOST_WHOLE:
                raise unreadable("a header with line ends of two kinds, in a file that large")
            return [WHOLE, size]
        cuts = [len(head)]
        while cuts[-1] < size:
            quotes = _forward(file, piece_bytes, _most_rows(sheet), end, sheet.quoted) & 1
            while line := _line(file, end):
                quotes += line.count(_QUOTE) if sheet.quoted else 0
                if quotes % 2 == 0:
                    break
            cuts.append(file.tell())
    return cuts if len(cuts) > 1 else [*cuts, size]


def _line(file: BinaryIO, end: bytes) -> bytes:
    """The rest of a line with its end; nothing at the end of the file."""
    if end == _LINE_FEED:
        return file.readline()
    parts: list[bytes] = []
    while block := file.read(_LOOK):
        place = block.find(end)
        if place >= 0:
            file.seek(place + 1 - len(block), os.SEEK_CUR)
            return b"".join([*parts, block[: place + 1]])
        parts.append(block)
    return b"".join(parts)


def _forward(file: BinaryIO, most: int, rows: int, end: bytes, quoted: bool) -> int:
    """Skip about so many bytes, or lines if that is less; the quotes among them, when there are any to count."""
    found = 0
    while most > 0 and rows > 0 and (block := file.read(min(most, _BLOCK))):
        codes = np.frombuffer(block, np.uint8)
        found += int(np.count_nonzero(codes == ord(_QUOTE))) if quoted else 0
        rows -= int(np.count_nonzero(codes == ord(end)))
        most -= len(block)
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
