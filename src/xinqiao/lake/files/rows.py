"""The table staging writes when the upload itself cannot be read by the pipeline: Parquet of text and row numbers."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from xinqiao.lake.files.model import LONG, SHORT, column_names

_FLUSH_ROWS: Final = 16_384
_FLUSH_CHARACTERS: Final = 8 << 20


class RowWriter:
    """Collects rows, writes them in groups. Memory stays at one group whatever the file."""

    def __init__(self, path: Path, width: int) -> None:
        names = ["_row", "_ragged", *column_names(width)]
        types = [pa.int64(), *[pa.string()] * (width + 1)]
        self._schema = pa.schema(list(zip(names, types, strict=True)))
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", compression_level=1)
        self._width = width
        self._numbers: list[int] = []
        self._ragged: list[str | None] = []
        self._rows: list[Sequence[str | None]] = []
        self._held = 0
        self.count = 0

    def add(self, number: int, cells: Sequence[str | None]) -> None:
        """One row by its ordinal (the first data row is 1); cells beyond the header only mark it as too long."""
        found = len(cells)
        ragged = None
        if found != self._width:
            ragged = SHORT if found < self._width else LONG
            cells = [*cells[: self._width], *[None] * (self._width - found)]
        self._numbers.append(number)
        self._ragged.append(ragged)
        self._rows.append(cells)
        self.count += 1
        self._held += sum(len(cell) for cell in cells if cell)
        if len(self._rows) >= _FLUSH_ROWS or self._held >= _FLUSH_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if self._rows:
            texts = [pa.array(column, pa.string()) for column in zip(*self._rows, strict=True)]
            arrays = [pa.array(self._numbers, pa.int64()), pa.array(self._ragged, pa.string()), *texts]
            self.write(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
            self._numbers, self._ragged, self._rows, self._held = [], [], [], 0

    def write(self, batch: "pa.RecordBatch") -> None:
        """A batch that has the columns already."""
        self._writer.write_batch(batch)

    def columns(self, first: int, texts: Sequence["pa.Array"]) -> None:
        """A batch of whole columns of text; its rows are numbered from ``first``."""
        length = len(texts[0])
        numbers = pa.array(range(first, first + length), pa.int64())
        self.write(
            pa.RecordBatch.from_arrays([numbers, pa.nulls(length, pa.string()), *texts], schema=self._schema)
        )
        self.count += length

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.flush()
        self._writer.close()
