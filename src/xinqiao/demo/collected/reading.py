"""Files of the public sets as tables of text: whatever a supplier's file may be, read as a supplier's file is read.

Another part of a set comes in another dress (GB18030, XLSX, a mark at its beginning, gzip as the publisher packs it), so
it goes through the same staging as collection. A row is handed on with the cells it has: one of another width than the
header stays one, for the pipeline to find.
"""

import csv
import gzip
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from xinqiao.domain.errors import Code, TooLarge
from xinqiao.lake.files import Limits, Sheet, stage
from xinqiao.lake.files.model import LONG, unreadable

_GZIP: Final = b"\x1f\x8b"
_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a file, to be read as often as needed while :func:`tables` is open."""

    sheet: Sheet

    @property
    def header(self) -> tuple[str, ...]:
        """The header as written, trimmed."""
        return self.sheet.header

    def rows(self) -> Iterator[list[str]]:
        """The data rows; a cell that is not there at all is an empty one."""
        return _csv_rows(self.sheet) if self.sheet.kind == "csv" else _stored_rows(self.sheet)


@contextmanager
def tables(path: Path) -> Iterator[tuple[Table, ...]]:
    """The tables of a file: CSV, XLSX, JSONL, Parquet, ZIP of these, and each of them inside gzip.

    Raises:
        XinqiaoError: what :func:`xinqiao.lake.files.stage` raises; FILE_UNREADABLE, too, for gzip that is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="xinqiao-public-") as folder:
        yield tuple(Table(sheet) for sheet in stage(_unpacked(path, Path(folder)), Path(folder)).sheets)


def _unpacked(path: Path, folder: Path) -> Path:
    with path.open("rb") as packed:
        if packed.read(2) != _GZIP:
            return path
    plain = folder / "plain"
    # no more than a file may have: what is packed may be a bomb
    left = min(_LIMITS.upload_bytes, _LIMITS.archive_ratio * path.stat().st_size)
    try:
        with gzip.open(path, "rb") as source, plain.open("wb") as out:
            while piece := source.read(1 << 20):
                left -= len(piece)
                if left < 0:
                    raise TooLarge(Code.ARCHIVE_LIMITS, "unpacks to more than is taken")
                out.write(piece)
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable("gzip that cannot be unpacked") from error
    return plain


def _csv_rows(sheet: Sheet) -> Iterator[list[str]]:
    csv.field_size_limit(_LIMITS.record_bytes)
    with sheet.path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=sheet.delimiter)
        yield from (cells for cells in reader if cells and reader.line_num > sheet.skip)


def _stored_rows(sheet: Sheet) -> Iterator[list[str]]:
    # Arrow takes a second to load, which a CSV need not wait for
    import pyarrow.parquet as pq

    width = len(sheet.header)
    with pq.ParquetFile(sheet.path) as file:
        for batch in file.iter_batches(batch_size=8192):
            for ragged, *cells in zip(
                *(column.to_pylist() for column in islice(batch.columns, 1, None)), strict=True
            ):
                texts = [cell or "" for cell in cells]
                if ragged == LONG:
                    texts.append("")
                elif ragged:  # cells at the end are not there
                    texts = texts[
                        : max((n for n, cell in enumerate(cells, 1) if cell is not None), default=0)
                    ]
                    texts = texts[: width - 1]
                yield texts
