"""Reading one enterprise: the few row groups that hold it, over all items, newest by key with its lineage.

The filters of the segments say which items know the subject at all; a sorted segment gives up one row group; of a
row group only the columns are decoded whose value differs within it. Files that a compaction has just replaced are
read from the next version of the manifest.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xinqiao.lake.store.buckets import bucket_of, hashes_of_column, subject_hash
from xinqiao.lake.store.decode import Opened, Row, at_places, of_subject, open_segment
from xinqiao.lake.store.index import Entry, read_subjects
from xinqiao.lake.store.manifest import BASE, DELTA, HISTORY, ItemState, Manifest, Segment
from xinqiao.lake.store.measure import WITHDRAWN

MAX_OPEN_FILES = 512
THREADS = 1  # beside the one that asks
_TECHNICAL = frozenset({"_kind", "_key", "_digest"})
MAX_POSITIONS = 64  # unsorted segments whose rows are known by subject, some 12 bytes a row


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
        self._files: _Kept[str, Opened] = _Kept(MAX_OPEN_FILES)
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
        """Do several reads at once: decoding leaves the interpreter, so a second core shortens the wait.

        One hand-over for all: a thread woken for each part costs more than the part.
        """
        if len(parts) < 2:
            return [work(part) for part in parts]
        if self._pool is None or self._pool[0] != os.getpid():  # a fork has no threads
            self._pool = os.getpid(), ThreadPoolExecutor(THREADS, "lake")
        half = len(parts) // 2
        other = self._pool[1].submit(lambda: [work(part) for part in parts[:half]])
        mine = [work(part) for part in parts[half:]]
        return [*other.result(), *mine]

    def rows(self, segment: Segment, subject: str, lineage: Mapping[int, Row]) -> list[Row]:
        """The rows of a subject in a segment, in file order. ``lineage``: what their ``_seq`` says already."""
        entry = self._entry(segment)
        with self._open(segment) as opened:
            if not entry.is_sorted:
                found = self._unsorted(opened, segment, entry, subject, lineage)
                return [row for row in found if row["_subject"] == subject]
            found = []
            for group in entry.groups_of(subject):
                found += of_subject(opened, group, subject, lineage)
            return found

    def _unsorted(
        self, opened: Opened, segment: Segment, entry: Entry, subject: str, lineage: Mapping[int, Row]
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
            found += at_places(opened, int(group), places[groups == group] - starts[group], lineage)
        return found

    def _entry(self, segment: Segment) -> Entry:
        def load() -> Entry:
            name, offset, length = segment.index
            with (self._folder / name).open("rb") as file:
                file.seek(offset)
                return Entry.from_bytes(file.read(length))

        return self._entries.get(segment.file, load)

    @contextmanager
    def _open(self, segment: Segment) -> Iterator[Opened]:
        opened = self._files.pop(segment.file)
        if opened is None:
            opened = open_segment(self._folder / segment.file)
        yield opened
        self._files.put(segment.file, opened)


def _positions(path: Path) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    hashes = hashes_of_column(read_subjects(path))
    order = np.argsort(hashes, kind="stable")
    return hashes[order], order


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


def shown(row: Row, payload: Sequence[str]) -> Row:
    """A row as callers see it: every payload column of the item, the lineage, nothing technical."""
    lineage = {name: value for name, value in row.items() if name[0] == "_" and name not in _TECHNICAL}
    return {**{name: row.get(name) for name in payload}, **lineage}


def payload_of(state: ItemState) -> list[str]:
    """The columns of an item's own."""
    return [name for name in state.columns if name[0] != "_"]
