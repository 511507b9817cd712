"""The good rows of a piece between the two halves of the work: judged, and not written before the whole batch is.

Which rows stand twice in a batch is known when its last row has been read. Until then the places of the values and the
values themselves wait in a file beside the draft, as they lie in memory; it is mapped, not read, when they are wanted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xinqiao.lake.collecting.coded import Coded, Places, in_order, narrow
from xinqiao.lake.collecting.verdicts import Hashes, Rows, Verdicts
from xinqiao.lake.store.buckets import buckets_of_column

_ANY_SUBJECT = "0000"


@dataclass(frozen=True, slots=True, eq=False)
class Accepted:
    """Good rows in the order of their buckets.

    Attributes:
        edges: of each bucket the first of its rows, and the end.
        rows: their numbers within the piece.
        keys: 64 bits of their natural keys.
        digests: 64 bits of their content.
        subject, as_of: whom they are about, what day they are true for.
        texts: their natural keys, where the lake keeps them.
        fields: their values.
        cells: what stood in the file.
    """

    edges: tuple[int, ...]
    rows: Rows
    keys: Hashes
    digests: Hashes
    subject: Coded
    as_of: Coded
    texts: Coded | None
    fields: tuple[Coded, ...]
    cells: tuple[Coded, ...]


def accepted(verdicts: Verdicts, *, buckets: int, as_of: str) -> Accepted:
    """What is good in a piece. ``as_of``: SQL of the batch's own day."""
    good = np.flatnonzero(~verdicts.bad)
    subject = verdicts.subjects(good)
    order, edges = _by_subject(subject, buckets)
    good = good[order]
    subject = Coded(narrow(subject.places, len(subject.values))[order], subject.values)
    texts = None
    if not verdicts.compiled.keyed:
        keys = verdicts.keys(good, subject)
        texts = Coded(np.arange(len(good), dtype=np.int32), keys)
    taken = _Taken(good)
    day = verdicts.as_of(good, as_of)
    return Accepted(
        edges=tuple(edges.tolist()),
        rows=verdicts.cells.rows[good],
        keys=verdicts.key_hash(good),
        digests=verdicts.digest(good),
        subject=subject,
        as_of=Coded(narrow(day.places, len(day.values)), day.values),
        texts=texts,
        fields=tuple(taken(_shared(verdicts, place)) for place in range(len(verdicts.fields))),
        cells=tuple(map(taken, verdicts.cells.columns)),
    )


def _by_subject(subject: Coded, buckets: int) -> tuple[Rows, Rows]:
    """The order of rows by bucket, then by subject, so that a lookup decodes one group of a file; the buckets' edges.

    Only the different subjects are compared as texts.
    """
    # a value that no good row has may be missing, and is in any bucket
    values = subject.values.fill_null(_ANY_SUBJECT)
    by_text = pc.sort_indices(values).to_numpy()
    bucket = buckets_of_column(values, buckets).astype(np.uint16)
    order = by_text[np.argsort(bucket[by_text], kind="stable")]
    rank = np.empty(len(values), np.int32)
    rank[order] = np.arange(len(values), dtype=np.int32)
    edges = np.searchsorted(bucket[order], np.arange(buckets + 1))
    ranks = rank[subject.places]
    rows = in_order(ranks)
    return rows, np.searchsorted(ranks[rows], edges)


def _shared(verdicts: Verdicts, place: int) -> Coded:
    """A field's column; the file's own where the values are what stood there, so that they are kept once."""
    made, cell = verdicts.fields[place].column, verdicts.compiled.fields[place].cell
    if cell is None:
        return made
    given = verdicts.cells.columns[cell]
    return given if made.places is given.places and made.values.equals(given.values) else made


class _Taken:
    """Columns of some rows only; those that share their places go on sharing them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._known: dict[int, Places] = {}

    def __call__(self, column: Coded) -> Coded:
        which = id(column.places)
        if which not in self._known:
            self._known[which] = narrow(column.places, len(column.values))[self._rows]
        return Coded(self._known[which], column.values)


def save(path: Path, part: Accepted) -> None:
    """Write it, for :func:`load`."""
    columns = [part.subject, part.as_of, *([part.texts] if part.texts else []), *part.fields, *part.cells]
    places = {id(one.places): one.places for one in columns}
    values = {id(one.values): one.values for one in columns}
    numbers = [[list(kind).index(id(part)) for part in parts] for kind, parts in (
        (places, [one.places for one in columns]), (values, [one.values for one in columns]),
    )]  # fmt: skip
    shape = [part.edges, [int(part.texts is not None)], [len(part.fields)], *numbers]
    with pa.OSFile(str(path), "wb") as file:
        _put(file, [pa.array(shape, pa.list_(pa.int64()))])
        _put(file, [pa.array(one) for one in (part.rows, part.keys, part.digests)])
        _put(file, [pa.array(one) for one in places.values()])
        for one in values.values():
            _put(file, [one])


def load(path: Path) -> Accepted:
    """What :func:`save` wrote; its arrays lie in the mapped file."""
    file = pa.memory_map(str(path))
    edges, keyed, count, at, of = _get(file)[0].to_pylist()
    rows, keys, digests = (one.to_numpy() for one in _get(file))
    places = [one.to_numpy() for one in _get(file)]
    values = [_get(file)[0] for _ in range(max(of) + 1)]
    found = iter([Coded(places[one], values[other]) for one, other in zip(at, of, strict=True)])
    return Accepted(
        tuple(edges), rows, keys, digests,
        subject=next(found),
        as_of=next(found),
        texts=next(found) if keyed[0] else None,
        fields=tuple(_some(found, count[0])),
        cells=tuple(found),
    )  # fmt: skip


def _some(columns: Iterator[Coded], count: int) -> Iterator[Coded]:
    for _ in range(count):
        yield next(columns)


def _put(file: pa.NativeFile, columns: Sequence[pa.Array]) -> None:
    batch = pa.RecordBatch.from_arrays(list(columns), [str(place) for place in range(len(columns))])
    with pa.ipc.new_stream(file, batch.schema) as stream:
        stream.write_batch(batch)


def _get(file: pa.NativeFile) -> list[pa.Array]:
    with pa.ipc.open_stream(file) as stream:
        batch = stream.read_next_batch()
        for _ in stream:
            raise AssertionError("one batch each")
    return [batch.column(place) for place in range(batch.num_columns)]
