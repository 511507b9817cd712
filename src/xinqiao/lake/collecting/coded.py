"""Columns of a piece as places in their different values, so that what a value means is asked once for each.

A million bills hold some thousand different days and a few words for a status: whatever is true of a cell is true of
all cells like it. A column in which nearly every value is different stays as it is.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

type Places = NDArray[np.int64] | NDArray[np.int32] | NDArray[np.int16] | NDArray[np.int8]

_SAMPLE = 8_192
#: A column of which a sample repeats less than this is not worth the table of its values.
_WORTH = 0.9
_NARROWER, _NARROW = 1 << 7, 1 << 15
_DIGIT = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A column: of each row the place of its value in ``values``, which may hold one value at several places."""

    places: Places
    values: pa.Array

    def take(self, rows: NDArray[np.int64] | slice) -> pa.Array:
        """The values of some rows."""
        # the places are ours: nobody need look whether they are any
        return pc.take(self.values, pa.array(self.places[rows]), boundscheck=False)


def coded(column: pa.ChunkedArray) -> Coded:
    """Code a column; a missing cell is a value too. One whose parts are coded by themselves gets one table of values."""
    if not len(column):
        return Coded(np.zeros(0, np.int32), pa.array([], getattr(column.type, "value_type", column.type)))
    if pa.types.is_dictionary(column.type):
        found = column.unify_dictionaries()
    elif len(column) > _SAMPLE and not worth_coding(column.slice(0, _SAMPLE)):
        return Coded(np.arange(len(column), dtype=np.int32), column.combine_chunks())
    else:
        found = column.dictionary_encode(null_encoding="encode")
    # one table of values for all parts
    places = np.concatenate([np.asarray(part.indices) for part in found.chunks])
    return Coded(places, found.chunk(found.num_chunks - 1).dictionary)


def worth_coding(some: pa.ChunkedArray) -> bool:
    """Whether a sample of a column repeats its values often enough for a table of them."""
    return len(some.unique()) <= _WORTH * len(some)


def narrow(places: Places, count: int) -> Places:
    """The places in less room, where ``count`` values allow it."""
    if count <= _NARROWER:
        return places.astype(np.int8)
    return places.astype(np.int16) if count <= _NARROW else places


def in_order(numbers: NDArray[np.int32]) -> NDArray[np.int64]:
    """Where numbers from 0 stand in their order, equal ones as they came: by their halves, which need no comparing."""
    low: NDArray[np.int64] = np.argsort((numbers % _DIGIT).astype(np.uint16), kind="stable")
    if numbers.max(initial=0) < _DIGIT:
        return low
    high = (numbers[low] // _DIGIT).astype(np.uint16)
    return low[np.argsort(high, kind="stable")]


def constant(count: int, value: pa.Scalar) -> Coded:
    """The same value in every row."""
    return Coded(np.zeros(count, np.int32), pa.array([value.as_py()], value.type))


def paired(first: Coded, second: Coded) -> tuple[Places, pa.Array, pa.Array]:
    """Two columns as one of pairs: of each row the place of its pair, and both parts of each pair."""
    width = max(1, len(second.values))
    pair = first.places.astype(np.int64) * width + second.places
    different, places = np.unique(pair, return_inverse=True)
    return (
        places.astype(np.int32),
        first.values.take(pa.array(different // width)),
        second.values.take(pa.array(different % width)),
    )
