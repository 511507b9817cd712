"""How the good rows of a batch lie: one file in each bucket, in the order of their subjects, however many pieces there were.

A batch that was cut into seven pieces would else leave seven files in every bucket: seven places to look for a firm in,
and seven times as much for every version of the manifest to say.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from xinqiao.lake.collecting.accepted import Accepted
from xinqiao.lake.collecting.verdicts import Flags, Rows
from xinqiao.lake.collecting.writing import Lineage, stored_table
from xinqiao.lake.rules_sql import Compiled

_RADIX = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The good rows of a piece. ``before``: rows of the batch before it; ``left_out``: rows that are not stored."""

    compiled: Compiled
    accepted: Accepted
    before: int
    left_out: Flags | None


def by_bucket(lineage: Lineage, parts: Sequence[Part], buckets: range) -> Iterator[tuple[int, pa.Table]]:
    """What the lake keeps of a batch in some buckets; nothing of a bucket without rows."""
    for bucket in buckets:
        found = [(part, at) for part in parts if _count(at := _rows(part, bucket))]
        if found:
            yield bucket, _bucket(lineage, found)


def hardly_repeating(parts: Sequence[Part]) -> set[str]:
    """Columns that are not coded, because nearly every value is another."""
    rows = sum(len(part.accepted.rows) for part in parts)
    names = [field.name for field in parts[0].compiled.item.fields] if parts else []
    return {
        name
        for place, name in enumerate(names)
        if 2 * sum(len(part.accepted.fields[place].values) for part in parts) > rows
    }


def _rows(part: Part, bucket: int) -> Rows | slice:
    start, end = part.accepted.edges[bucket : bucket + 2]
    if part.left_out is not None and part.left_out[start:end].any():
        return start + np.flatnonzero(~part.left_out[start:end])
    return slice(start, end)


def _count(at: Rows | slice) -> int:
    return at.stop - at.start if isinstance(at, slice) else len(at)


def _bucket(lineage: Lineage, found: Sequence[tuple[Part, Rows | slice]]) -> pa.Table:
    tables = [stored_table(part.compiled, lineage, part.accepted, at, part.before) for part, at in found]
    if len(tables) == 1:
        return tables[0]
    order = _by_subject([(part.accepted, at) for part, at in found])
    return _together(tables).take(pa.array(order))


def _by_subject(found: Sequence[tuple[Accepted, Rows | slice]]) -> Rows:
    """The order of rows by subject, then as they came. Only the different subjects are compared as texts."""
    names: list[pa.Array] = []
    lengths: list[NDArray[np.int64]] = []
    for accepted, at in found:
        places = accepted.subject.places[at]
        starts = np.flatnonzero(np.diff(places, prepend=-1))
        names.append(accepted.subject.values.take(pa.array(places[starts])))
        lengths.append(np.diff(starts, append=len(places)))
    rank = pc.rank(pa.concat_arrays(names), tiebreaker="dense").to_numpy()
    if len(rank) < _RADIX:
        rank = rank.astype(np.uint16)
    return np.argsort(np.repeat(rank, np.concatenate(lengths)), kind="stable")


def _together(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables of the same columns as one; a column that is coded in some of them only is not coded in the whole."""
    plain = {
        field.name for table in tables for field in table.schema if not pa.types.is_dictionary(field.type)
    }
    return (
        pa.concat_tables([_decoded(table, plain) for table in tables]).unify_dictionaries().combine_chunks()
    )


def _decoded(table: pa.Table, plain: set[str]) -> pa.Table:
    for place, field in enumerate(table.schema):
        if field.name in plain and pa.types.is_dictionary(field.type):
            column = table.column(place).cast(field.type.value_type)
            table = table.set_column(place, field.name, column)
    return table
