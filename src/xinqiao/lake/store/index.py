"""The index of a segment: which subjects it may hold, and in which row groups.

An entry is a JSON line (row groups with the first and last subject of each, when the rows are sorted) and the bits of
a Bloom filter. The entries of one publication lie in one file. A lookup asks the filter first, so an item that knows
nothing of a firm costs no read; a sorted segment then gives up one row group.
"""

import json
import math
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.store.buckets import hashes_of_column

PROBES = 4
BITS_PER_SUBJECT = 16  # 0.25 % of the lookups of an absent firm read in vain
_WORD = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Entry:
    """An index entry in memory."""

    groups: tuple[int, ...]
    low: tuple[str, ...]
    high: tuple[str, ...]
    bits: bytes

    @property
    def is_sorted(self) -> bool:
        """Whether the row groups have bounds to look by."""
        return bool(self.low)

    def may_hold(self, hashed: int) -> bool:
        """``False`` is certain."""
        mask = len(self.bits) * 8 - 1
        first, step = hashed & _WORD, hashed >> 32 | 1
        for probe in range(PROBES):
            place = first + probe * step & mask
            if not self.bits[place >> 3] >> (place & 7) & 1:
                return False
        return True

    def groups_of(self, subject: str) -> list[int]:
        """Row groups of a sorted segment that may hold the subject."""
        found = []
        for group in range(bisect_left(self.high, subject), len(self.low)):
            if self.low[group] > subject:
                break
            found.append(group)
        return found

    def to_bytes(self) -> bytes:
        """One line, then the bits."""
        told = {"groups": self.groups, "low": self.low, "high": self.high}
        return json.dumps(told).encode() + b"\n" + self.bits

    @classmethod
    def from_bytes(cls, content: bytes) -> "Entry":
        """Read it back."""
        line, _, bits = content.partition(b"\n")
        told = json.loads(line)
        return cls(tuple(told["groups"]), tuple(told["low"]), tuple(told["high"]), bits)


def read_subjects(path: Path) -> pa.Array:
    """The column ``_subject`` of a segment, in file order."""
    with pq.ParquetFile(path) as file:
        column = file.read(columns=["_subject"], use_threads=False).column(0)
    return column.combine_chunks()


def build(path: Path, *, is_sorted: bool) -> tuple[Entry, pa.Array]:
    """The entry of a segment, and the distinct subjects it holds.

    ``is_sorted``: it must be in order; else it is looked whether it is, for then a lookup need not read it whole.

    Raises:
        Invalid: ``LAKE_INVALID`` when row groups that should be in order are not.
    """
    subjects = read_subjects(path)
    distinct = pc.unique(subjects)
    metadata = pq.read_metadata(path)
    groups = tuple(metadata.row_group(number).num_rows for number in range(metadata.num_row_groups))
    starts = np.cumsum([0, *groups])
    ordered = is_sorted or _in_order(subjects)
    low = tuple(subjects[int(at)].as_py() for at in starts[:-1]) if ordered else ()
    high = tuple(subjects[int(at) - 1].as_py() for at in starts[1:]) if ordered else ()
    if any(last > first for last, first in zip(high, low[1:], strict=False)):
        raise Invalid(Code.LAKE_INVALID, "a segment that should be sorted is not")
    return Entry(groups, low, high, _filter(distinct)), distinct


def _in_order(subjects: pa.Array) -> bool:
    rises = pc.all(pc.greater_equal(subjects.slice(1), subjects.slice(0, max(0, len(subjects) - 1))))
    return bool(rises.as_py() is not False)


def _filter(distinct: pa.Array) -> bytes:
    size = 1 << max(6, math.ceil(math.log2(max(1, len(distinct)) * BITS_PER_SUBJECT * 3 / 4)))
    hashed = hashes_of_column(distinct)
    first, step = hashed & np.uint64(_WORD), hashed >> np.uint64(32) | np.uint64(1)
    present = np.zeros(size, np.bool_)
    for probe in range(PROBES):
        present[first + np.uint64(probe) * step & np.uint64(size - 1)] = True
    return np.packbits(present, bitorder="little").tobytes()
