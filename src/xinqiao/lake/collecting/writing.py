"""Good rows into the files that become segments, and the two kinds of rows that are put beside them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xinqiao.lake.collecting.accepted import Accepted
from xinqiao.lake.collecting.coded import Coded
from xinqiao.lake.collecting.verdicts import Rows, Verdicts
from xinqiao.lake.rules_sql import Compiled
from xinqiao.lake.store.buckets import bucket_name

#: A lookup before compaction reads one group of each file: what a column of more rows costs it is little beside what
#: every column of a group costs whoever writes it.
_GROUP_ROWS = 16_384
#: Columns of ours whose values hardly repeat.
_ONCE = ("_digest", "_row", "_key")
#: Columns of ours that are not packed: hashes do not get smaller, nor does a value that is the same throughout.
_UNPACKED = ("_digest", "_batch", "_source", "_received", "_status", "_seq")
_REFUSED = pa.schema(
    [("_row", pa.int64()), ("_findings", pa.list_(pa.int32())), ("_cells", pa.list_(pa.string()))]
)
#: So many refused rows are told at once: a file may hold no others.
_REFUSED_ROWS = 1 << 17


@dataclass(frozen=True, slots=True)
class Lineage:
    """What every row of a batch carries. ``received``: UTC, without a zone. ``as_of``: an SQL value."""

    batch: str
    source: str
    received: datetime
    status: str
    seq: int
    as_of: str


def stored_table(
    lineage: Lineage, columns: Mapping[str, pa.Array], rows: pa.Array, digests: pa.Array
) -> pa.Table:
    """Some rows as the lake keeps them. ``columns``: what is of each row; ``rows``: their numbers in the batch."""
    count = len(rows)
    as_of = {"_as_of": columns["_as_of"]}
    return pa.table(
        {name: column for name, column in columns.items() if name not in as_of}
        | {"_row": rows, "_batch": _same(lineage.batch, count), "_source": _same(lineage.source, count)}
        | as_of
        | {
            "_received": pa.repeat(pa.scalar(lineage.received, pa.timestamp("us")), count),
            "_status": _same(lineage.status, count),
            "_seq": pa.repeat(pa.scalar(lineage.seq, pa.int64()), count),
            "_digest": digests,
        }
    )


def stored_columns(compiled: Compiled, part: Accepted) -> dict[str, Coded]:
    """The fields that the lake keeps, by name."""
    named = dict(zip((field.name for field in compiled.item.fields), part.fields, strict=True))
    return {name: named[name] for name in compiled.stored}


def _same(text: str, count: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([text]))


def write_stored(folder: Path, name: str, bucket: int, table: pa.Table, once: Collection[str]) -> None:
    """The file of a bucket. ``once``: columns whose values hardly repeat."""
    within = folder / f"bucket={bucket_name(bucket)}"
    within.mkdir(exist_ok=True)
    pq.write_table(
        table,
        within / f"{name}.parquet",
        compression={one: "none" if one in _UNPACKED else "zstd" for one in table.column_names},
        row_group_size=_GROUP_ROWS,
        store_schema=False,
        store_decimal_as_integer=True,
        use_dictionary=[one for one in table.column_names if one not in _ONCE and one not in once],
        column_encoding={"_row": "DELTA_BINARY_PACKED"},
        write_statistics=["_subject"],
    )


def cells_of(columns: Sequence[Coded], at: Rows) -> pa.ListArray:
    """The cells of some rows, a list for each."""
    width = len(columns)
    every = pa.concat_arrays([column.take(at) for column in columns])
    # column after column becomes row after row
    order = np.arange(len(at) * width).reshape(width, len(at)).T.ravel()
    ends = np.arange(0, len(at) * width + 1, width, dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), every.take(pa.array(order)))


def write_refused(path: Path, verdicts: Verdicts) -> None:
    """The rows that are put aside, with their findings as numbers and their cells; no file when there are none."""
    bad = np.flatnonzero(verdicts.bad)
    if not len(bad):
        return
    path.parent.mkdir(exist_ok=True)
    with pq.ParquetWriter(path, _REFUSED, compression="zstd") as writer:
        for start in range(0, len(bad), _REFUSED_ROWS):
            rows = bad[start : start + _REFUSED_ROWS]
            told = [
                pa.array(verdicts.cells.rows[rows]),
                verdicts.findings(rows),
                cells_of(verdicts.cells.columns, rows),
            ]
            writer.write_table(pa.Table.from_arrays(told, schema=_REFUSED))


def write_doubtful(path: Path, table: pa.Table, keys: pa.Array, cells: pa.ListArray) -> None:
    """Rows whose keys may stand twice, with these keys and their cells."""
    path.parent.mkdir(exist_ok=True)
    more = table.append_column("_k", keys).append_column("_cells", cells)
    pq.write_table(more, path, compression="zstd", store_schema=False, store_decimal_as_integer=True)
