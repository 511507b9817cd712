"""Reading one enterprise: the few row groups that hold it, over all items, newest by key with its lineage.

The filters of the segments say which items know the subject at all; a sorted segment gives up one row group; of a
row group only the columns are decoded whose value differs within it. Files that a compaction has just replaced are
read from the next version of the manifest.
"""

import os
import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from xinqiao.lake.store.buckets import bucket_of, hashes_of_column, subject_hash
from xinqiao.lake.store.index import Entry, read_subjects
from xinqiao.lake.store.manifest import BASE, DELTA, HISTORY, ItemState, Manifest, Segment
from xinqiao.lake.store.measure import WITHDRAWN

type Row = dict[str, Any]

MAX_OPEN_FILES = 512
THREADS = 2
MAX_POSITIONS = 64  # unsorted segments whose rows are known by subject, some 12 bytes a row


@dataclass(slots=True)
class _Open:
    """An open segment; used by one thread at a time."""

    file: pq.ParquetFile
    names: list[str]
    #: by row group: columns to decode, and what the others hold throughout
    plans: dict[int, tuple[list[int], Row]]


class _Kept[K, V]:
    """A small store of what was used last. Safe between threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K, make: Callable[[], V]) -> V:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        self.put(key, value)
        return value

    def pop(self, key: K) -> V | None:
        with self._lock:
            return self._values.pop(key, None)

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._values[key] = value
            if len(self._values) > self._limit:
                self._values.popitem(last=False)


class Reader:
    """Reads segments of a folder. One for a process; threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: _Kept[str, Entry] = _Kept(8192)
        self._files: _Kept[str, _Open] = _Kept(MAX_OPEN_FILES)
        self._pool: tuple[int, ThreadPoolExecutor] | None = None
        self._positions: _Kept[str, tuple[NDArray[np.uint64], NDArray[np.int64]]] = _Kept(MAX_POSITIONS)

    def segments(
        self, state: ItemState, subject: str, buckets: int, *, history: bool = False
    ) -> list[Segment]:
        """The segments of an item that may hold a subject."""
        bucket, hashed = bucket_of(subject, buckets), subject_hash(subject)
        return [
            segment
            for segment in state.segments
            if segment.bucket == bucket
            and (history or segment.kind != HISTORY)
            and self._entry(segment).may_hold(hashed)
        ]

    def together[T, R](self, work: Callable[[T], R], parts: Sequence[T]) -> list[R]:
        """Do several reads at once: decoding leaves the interpreter, so a second core halves the wait."""
        if len(parts) < 2:
            return [work(part) for part in parts]
        if self._pool is None or self._pool[0] != os.getpid():  # a fork has no threads
            self._pool = os.getpid(), ThreadPoolExecutor(THREADS, "lake")
        return list(self._pool[1].map(work, parts))

    def rows(self, segment: Segment, subject: str, lineage: Mapping[int, Row]) -> list[Row]:
        """The rows of a subject in a segment, in file order. ``lineage``: what their ``_seq`` says already."""
        entry = self._entry(segment)
        with self._open(segment) as opened:
            if not entry.is_sorted:
                found = self._unsorted(opened, segment, entry, subject, lineage)
                return [row for row in found if row["_subject"] == subject]
            found = []
            for group in entry.groups_of(subject):
                places = _places(opened, group, subject)
                if places.start < places.stop:
                    found += _decode(opened, group, places, lineage, subject)
            return found

    def _unsorted(
        self, opened: _Open, segment: Segment, entry: Entry, subject: str, lineage: Mapping[int, Row]
    ) -> list[Row]:
        hashes, rows = self._positions.get(segment.file, lambda: _positions(self._folder / segment.file))
        wanted = np.uint64(subject_hash(subject))
        places = np.sort(
            rows[np.searchsorted(hashes, wanted, "left") : np.searchsorted(hashes, wanted, "right")]
        )
        starts = np.cumsum([0, *entry.groups])
        groups = np.searchsorted(starts, places, "right") - 1
        found: list[Row] = []
        for group in np.unique(groups):
            found += _decode(opened, int(group), places[groups == group] - starts[group], lineage)
        return found

    def _entry(self, segment: Segment) -> Entry:
        def load() -> Entry:
            name, offset, length = segment.index
            with (self._folder / name).open("rb") as file:
                file.seek(offset)
                return Entry.from_bytes(file.read(length))

        return self._entries.get(segment.file, load)

    @contextmanager
    def _open(self, segment: Segment) -> Iterator[_Open]:
        opened = self._files.pop(segment.file)
        if opened is None:
            file = pq.ParquetFile(self._folder / segment.file, memory_map=True)
            schema = file.metadata.schema
            leaves = [schema.column(number).path.partition(".")[0] for number in range(len(schema))]
            opened = _Open(file, leaves, {})
        yield opened
        self._files.put(segment.file, opened)


def _positions(path: Path) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    hashes = hashes_of_column(read_subjects(path))
    order = np.argsort(hashes, kind="stable")
    return hashes[order], order


def _plan(opened: _Open, group: int) -> tuple[list[int], Row]:
    """Which columns of a row group must be decoded, and the one value of each of the others."""
    known = opened.plans.get(group)
    if known is not None:
        return known
    metadata = opened.file.metadata.row_group(group)
    decode: list[int] = []
    constant: Row = {}
    for number, column in enumerate(opened.names):
        if column == "_digest":
            continue
        chunk = metadata.column(number)
        found = chunk.statistics if chunk.path_in_schema == column else None  # a list has no bounds
        if found is None or not found.has_null_count:
            decode.append(number)
        elif found.null_count == metadata.num_rows:
            constant[column] = None
        elif found.has_min_max and not found.null_count and found.min == found.max:
            constant[column] = found.min
        else:
            decode.append(number)
    opened.plans[group] = decode, constant
    return decode, constant


def _places(opened: _Open, group: int, subject: str) -> slice:
    """Where a subject stands in a sorted row group: its rows lie side by side."""
    column = opened.file.reader.read_row_group(
        group, column_indices=[opened.names.index("_subject")], use_threads=False
    ).column(0)
    rows, subjects = range(len(column)), column.combine_chunks()

    def at(row: int) -> str:
        text: str = subjects[row].as_py()
        return text

    first = bisect_left(rows, subject, key=at)
    return slice(first, bisect_right(rows, subject, lo=first, key=at))


def _decode(
    opened: _Open,
    group: int,
    places: slice | NDArray[np.int64],
    lineage: Mapping[int, Row],
    subject: str = "",
) -> list[Row]:
    """Rows of a row group; what the caller and the manifest know is not decoded."""
    planned, constant = _plan(opened, group)
    known = set(next(iter(lineage.values()), ())) | ({"_subject"} if subject else set())
    decode = [number for number in planned if opened.names[number] not in known]
    table = opened.file.reader.read_row_group(group, column_indices=decode, use_threads=False)
    if isinstance(places, slice):
        count = places.stop - places.start
        table = table.slice(places.start, count)
    else:
        count = len(places)
        table = table.take(pa.array(places))
    columns = [column.to_pylist() for column in table.columns]
    shared = {**constant, "_subject": subject} if subject else constant
    found = [
        {**shared, **dict(zip(table.column_names, values, strict=True))}
        for values in zip(*columns, strict=True)
    ]
    if not columns:
        found = [dict(shared) for _ in range(count)]
    for row in found if lineage else ():
        row.update(lineage[row["_seq"]])
    return found


# ------------------------------------------------------------------------------------------------ what rows say


def identity(row: Mapping[str, Any], key: Sequence[str]) -> tuple[Any, ...]:
    """Which record a row is a version of."""
    return tuple(row.get(name) for name in key) if key else (row.get("_key"),)


def _content(row: Mapping[str, Any]) -> Row:
    kept = {name: value for name, value in row.items() if name[0] != "_" and value is not None}
    return {**kept, "_source": row["_source"], "_status": row["_status"]}


def chain(rows: Sequence[Row]) -> list[Row]:
    """The versions of one record, oldest first; the same as ``merge_sql.chained`` says of rows in a file.

    Rows of history and base have their version already; later ones get theirs.
    """
    ordered = sorted(rows, key=lambda row: (row["_seq"], row["_row"]))
    settled = [place for place, row in enumerate(ordered) if row.get("_kind") == BASE]
    if settled:
        late = [row for row in ordered[: settled[0]] if row.get("_kind") == DELTA]
        for row in late:
            row["_version"], row["_since"] = 0, row["_as_of"]
    found: list[Row] = []
    for row in ordered:
        previous = found[-1] if found and found[-1]["_version"] else None
        if row.get("_version") is None:
            same = previous is not None and _content(previous) == _content(row)
            row["_version"] = (previous["_version"] if previous else 0) + (not same)
            row["_since"] = previous["_since"] if previous and same else row["_as_of"]
            if same:
                found.pop()
        found.append(row)
    return found


def newest(rows: Sequence[Row], key: Sequence[str], as_of: date | None) -> list[Row]:
    """The newest version of each record, without the withdrawn; known on a day when one is given."""
    chains: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        chains.setdefault(identity(row, key), []).append(row)
    found: list[Row] = []
    for versions in chains.values():
        known = chain(versions)
        if as_of is not None:
            known = [row for row in known if row["_since"] is None or row["_since"] <= as_of]
        if known and known[-1]["_status"] != WITHDRAWN:
            found.append(known[-1])
    found.sort(key=lambda row: (row["_as_of"] or date.min, row["_seq"], row["_row"]))
    return found


def read(
    reader: Reader, manifest: Manifest, items: Iterable[str], subject: str, buckets: int, *, history: bool
) -> dict[str, list[Row]]:
    """All rows of a subject by item, each marked with the kind of segment it lies in."""
    states = {item: manifest.state(item) for item in items}
    wanted = [
        (item, segment)
        for item, state in states.items()
        for segment in reader.segments(state, subject, buckets, history=history)
    ]

    def rows(one: tuple[str, Segment]) -> list[Row]:
        return reader.rows(one[1], subject, states[one[0]].lineage)

    found: dict[str, list[Row]] = {item: [] for item in states}
    for (item, segment), read_rows in zip(wanted, reader.together(rows, wanted), strict=True):
        found[item] += [prepared(row, segment.kind) for row in read_rows]
    return found


def prepared(row: Row, kind: str) -> Row:
    """A row with the kind of its segment; what compaction leaves unsaid is said."""
    row["_kind"] = kind
    if kind == DELTA:
        row["_version"] = row["_since"] = None
    elif row["_since"] is None:
        row["_since"] = row["_as_of"]
    return row


def shown(row: Row, columns: Sequence[str]) -> Row:
    """A row as callers see it: every payload column of the item, the lineage, nothing technical."""
    payload = {name: row.get(name) for name in columns if name[0] != "_"}
    lineage = {name: value for name, value in row.items() if name[0] == "_"}
    for name in ("_kind", "_key", "_digest"):
        lineage.pop(name, None)
    return {**payload, **lineage}
