"""How the good rows of a batch lie: one file in each bucket, in the order of their subjects, however many pieces there were.

A batch that was cut into seven pieces would else leave seven files in every bucket: seven places to look for a firm in,
and seven times as much for every version of the manifest to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from xinqiao.lake.collecting.accepted import Accepted
from xinqiao.lake.collecting.coded import Coded, in_order
from xinqiao.lake.collecting.verdicts import Flags, Rows
from xinqiao.lake.collecting.writing import Lineage, stored_columns, stored_table
from xinqiao.lake.rules_sql import Compiled

#: The values of a column with more stay with their pieces: what all buckets share is held as long as they are written.
_MOST_BYTES = 16 << 20
#: A column of so few different values is handed over as it is coded.
_FEW = 128


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The good rows of a piece. ``before``: rows of the batch before it; ``left_out``: rows that are not stored."""

    compiled: Compiled
    accepted: Accepted
    before: int
    left_out: Flags | None


@dataclass(frozen=True, slots=True)
class _Some:
    """Rows of a part."""

    place: int
    part: Part
    at: Rows | slice


class Layout:
    """The good rows of a batch; its buckets may be asked for by several threads."""

    def __init__(self, lineage: Lineage, parts: Sequence[Part]) -> None:
        self._lineage, self._parts = lineage, parts
        each = [_named(part) for part in parts]
        self._columns = {name: _column([one[name] for one in each]) for name in each[0]} if each else {}

    def table(self, bucket: int) -> pa.Table | None:
        """What the lake keeps in a bucket; nothing of one without rows."""
        of_parts = [_Some(place, part, _rows(part, bucket)) for place, part in enumerate(self._parts)]
        found = [one for one in of_parts if _count(one.at)]
        return self._table(found) if found else None

    def _table(self, found: Sequence[_Some]) -> pa.Table:
        order = None if len(found) == 1 else pa.array(_by_subject(found))
        rows = _ordered([pa.array(one.part.accepted.rows[one.at] + one.part.before) for one in found], order)
        digests = _ordered([pa.array(one.part.accepted.digests[one.at]) for one in found], order)
        columns = {name: column.of(found, order) for name, column in self._columns.items()}
        return stored_table(self._lineage, columns, rows, digests)


def hardly_repeating(parts: Sequence[Part]) -> set[str]:
    """Columns that are not coded, because nearly every value is another."""
    rows = sum(len(part.accepted.rows) for part in parts)
    names = [field.name for field in parts[0].compiled.item.fields] if parts else []
    return {
        name
        for place, name in enumerate(names)
        if 2 * sum(len(part.accepted.fields[place].values) for part in parts) > rows
    }


# columns of all parts


def _named(part: Part) -> Mapping[str, Coded]:
    accepted = part.accepted
    texts = {} if accepted.texts is None else {"_key": accepted.texts}
    return {
        "_subject": accepted.subject,
        **stored_columns(part.compiled, accepted),
        **texts,
        "_as_of": accepted.as_of,
    }


class _Apart:
    """A column whose values stay with their parts."""

    def __init__(self, parts: Sequence[Coded]) -> None:
        self._parts = parts

    def of(self, found: Sequence[_Some], order: pa.Array | None) -> pa.Array:
        """The values of some rows."""
        return _ordered([self._parts[one.place].take(one.at) for one in found], order)


class _Shared:
    """A column of which all parts have the same ``values``; ``within``: of each part, where its own are among them.

    ``is_coded``: it is handed over as places in its values, none of which is missing, though a place may be.
    """

    def __init__(
        self, parts: Sequence[Coded], values: pa.Array, within: Sequence[pa.Array], *, is_coded: bool
    ) -> None:
        self._parts, self._values, self._within, self._is_coded = parts, values, within, is_coded

    def of(self, found: Sequence[_Some], order: pa.Array | None) -> pa.Array:
        """The values of some rows."""
        if len(self._values) == 1 and not self._is_coded:
            return pa.repeat(self._values[0], sum(_count(one.at) for one in found))
        places = _ordered([self._places(one) for one in found], order)
        if self._is_coded:
            return pa.DictionaryArray.from_arrays(places, self._values, safe=False)
        return pc.take(self._values, places, boundscheck=False)

    def _places(self, one: _Some) -> pa.Array:
        own = pa.array(self._parts[one.place].places[one.at])
        return pc.take(self._within[one.place], own, boundscheck=False)


def _column(parts: Sequence[Coded]) -> _Apart | _Shared:
    if sum(part.values.nbytes for part in parts) > _MOST_BYTES or any(
        pa.types.is_nested(part.values.type)
        for part in parts  # lists of codes are not told apart
    ):
        return _Apart(parts)
    every = pa.concat_arrays([part.values for part in parts])
    found = every.dictionary_encode()
    is_coded = pa.types.is_string(every.type) and 0 < len(found.dictionary) <= _FEW
    if not is_coded and every.null_count:
        found = every.dictionary_encode(null_encoding="encode")
    ends = np.cumsum([len(part.values) for part in parts]).tolist()
    within = [found.indices[start:end] for start, end in pairwise([0, *ends])]
    return _Shared(parts, found.dictionary, within, is_coded=is_coded)


# rows of a bucket


def _rows(part: Part, bucket: int) -> Rows | slice:
    start, end = part.accepted.edges[bucket : bucket + 2]
    if part.left_out is not None and part.left_out[start:end].any():
        return start + np.flatnonzero(~part.left_out[start:end])
    return slice(start, end)


def _count(at: Rows | slice) -> int:
    return at.stop - at.start if isinstance(at, slice) else len(at)


def _ordered(parts: Sequence[pa.Array], order: pa.Array | None) -> pa.Array:
    """Parts as one; ``order``: ``None`` for one part, which is in order."""
    return parts[0] if order is None else pc.take(pa.concat_arrays(parts), order, boundscheck=False)


def _by_subject(found: Sequence[_Some]) -> Rows:
    """The order of rows by subject, then as they came. Only the different subjects are compared as texts."""
    names: list[pa.Array] = []
    lengths: list[NDArray[np.int64]] = []
    for one in found:
        subject = one.part.accepted.subject
        places = subject.places[one.at]
        starts = np.flatnonzero(np.diff(places, prepend=-1))
        names.append(subject.values.take(pa.array(places[starts])))
        lengths.append(np.diff(starts, append=len(places)))
    rank = pc.rank(pa.concat_arrays(names), tiebreaker="dense").to_numpy().astype(np.int32)
    return in_order(np.repeat(rank, np.concatenate(lengths)))
