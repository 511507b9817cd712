"""From files in a draft to segments: measured, indexed, synced, ready to be placed."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import numpy as np

from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.store import index
from xinqiao.lake.store.buckets import buckets_of_column
from xinqiao.lake.store.commit import index_file, segment_file
from xinqiao.lake.store.disk import sync_file
from xinqiao.lake.store.manifest import Segment
from xinqiao.lake.store.measure import Measured, measure, sha256_of

_INDEX = "segments.idx"
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Written:
    """A file in a draft that is to become a segment. ``is_sorted``: it must be; a batch's need not, and may be."""

    path: Path
    bucket: int
    kind: str
    stem: str
    is_sorted: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """Segments and the moves that put their files in place."""

    segments: tuple[Segment, ...]
    moves: dict[Path, str]
    measured: Mapping[Path, Measured]


def prepare(
    connection: duckdb.DuckDBPyConnection,
    item: str,
    stem: str,
    written: Sequence[Written],
    columns: dict[str, str],
    *,
    folder: Path,
    buckets: int,
) -> Prepared:
    """Measure, index and sync the files of one publication; ``stem`` names its index file.

    Raises:
        Invalid: ``LAKE_INVALID`` when a row lies in a bucket that is not its subject's.
    """
    if not written:
        return Prepared((), {}, {})
    measured = measure(connection, [one.path for one in written], columns)
    index_name, offset = index_file(item, stem), 0
    segments, moves = [], {}
    with (folder / _INDEX).open("wb") as file:
        with ThreadPoolExecutor(_THREADS) as pool:
            looked = list(pool.map(partial(_looked_at, buckets), written))
        for one, (content, sha256) in zip(written, looked, strict=True):
            file.write(content)
            figures = measured[one.path]
            target = segment_file(item, one.bucket, one.kind, one.stem)
            segments.append(
                Segment(
                    file=target,
                    bucket=one.bucket,
                    kind=one.kind,
                    rows=figures.rows,
                    bytes=one.path.stat().st_size,
                    sha256=sha256,
                    sums=figures.sums,
                    content_digest=figures.content_digest,
                    index=(index_name, offset, len(content)),
                )
            )
            moves[one.path] = target
            offset += len(content)
    for path in [*moves, folder / _INDEX]:
        sync_file(path)
    return Prepared(tuple(segments), {**moves, folder / _INDEX: index_name}, measured)


def _looked_at(buckets: int, one: Written) -> tuple[bytes, str]:
    """The index entry of a file and its SHA-256. Raises as :func:`prepare`."""
    entry, distinct = index.build(one.path, is_sorted=one.is_sorted)
    if not np.all(buckets_of_column(distinct, buckets) == one.bucket):
        raise Invalid(Code.LAKE_INVALID, "a row lies in the bucket of another subject")
    return entry.to_bytes(), sha256_of(one.path)


def add_sums(parts: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Column sums of several segments together."""
    from decimal import Context, Decimal

    exact = Context(prec=60)
    total: dict[str, Decimal] = {}
    for part in parts:
        for column, value in part.items():
            total[column] = exact.add(total.get(column, Decimal(0)), Decimal(value))
    return {column: format(value, "f") for column, value in sorted(total.items())}


def facts_bytes(facts: Mapping[str, object]) -> bytes:
    """A batch's facts as its file keeps them."""
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, allow_nan=False).encode()
