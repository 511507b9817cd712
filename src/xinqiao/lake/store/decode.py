"""Out of one row group the rows of one subject, with as little decoded as can be.

Some thirty columns of 2,048 values are read for a dozen rows, so what counts is the cost of a column, not of a row: a
column that holds one value in the row group is known from its statistics, texts stay numbers into their dictionary
until the rows are chosen, and everything is one call.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

type Row = dict[str, Any]

_DICTIONARY = "RLE_DICTIONARY"


@dataclass(slots=True)
class Opened:
    """An open segment; used by one thread at a time."""

    path: Path
    file: pq.ParquetFile
    names: list[str]
    #: by row group: columns to decode, and what the others hold throughout
    plans: dict[int, tuple[list[int], Row]] = field(default_factory=dict)
    #: texts that ``file`` leaves in their dictionary, and the file without that where a row group has none for them
    kept: frozenset[int] = frozenset()
    plain: pq.ParquetFile | None = None


def open_segment(path: Path) -> Opened:
    """Open a segment; texts the writer kept in a dictionary are left in it."""
    file = pq.ParquetFile(path, memory_map=True)
    metadata = file.metadata
    schema = metadata.schema
    leaves = [schema.column(number).path.partition(".")[0] for number in range(len(schema))]
    kept: frozenset[int] = frozenset()
    if metadata.num_row_groups:
        first = metadata.row_group(0)
        kept = frozenset(
            number
            for number, leaf in enumerate(leaves)
            if schema.column(number).path == leaf
            and schema.column(number).physical_type == "BYTE_ARRAY"
            and _DICTIONARY in first.column(number).encodings
        )
        names = [leaves[number] for number in sorted(kept)]
        file = pq.ParquetFile(path, memory_map=True, metadata=metadata, read_dictionary=names)
    return Opened(path, file, leaves, kept=kept)


def of_subject(opened: Opened, group: int, subject: str, lineage: Mapping[int, Row]) -> list[Row]:
    """The rows of a subject in a sorted row group: they lie side by side. ``lineage``: what ``_seq`` says already."""
    decode, shared = _plan(opened, group, lineage)
    table = _read(opened, group, decode)
    if "_subject" in shared:  # one throughout
        places = slice(0, table.num_rows if shared["_subject"] == subject else 0)
    else:
        places = _stretch(table.column("_subject").combine_chunks(), subject)
    return _rows(table, places, shared, lineage)


def at_places(opened: Opened, group: int, places: NDArray[np.int64], lineage: Mapping[int, Row]) -> list[Row]:
    """The rows at given places of a row group."""
    decode, shared = _plan(opened, group, lineage)
    return _rows(_read(opened, group, decode), places, shared, lineage)


def _plan(opened: Opened, group: int, lineage: Mapping[int, Row]) -> tuple[list[int], Row]:
    """Which columns of a row group must be decoded, and the one value of each of the others."""
    if group not in opened.plans:
        opened.plans[group] = _planned(opened, group)
    planned, shared = opened.plans[group]
    known = next(iter(lineage.values()), {})
    return [number for number in planned if opened.names[number] not in known], shared


def _planned(opened: Opened, group: int) -> tuple[list[int], Row]:
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
    return decode, constant


def _read(opened: Opened, group: int, decode: list[int]) -> pa.Table:
    return _reading(opened, group).reader.read_row_group(group, column_indices=decode, use_threads=False)


def _reading(opened: Opened, group: int) -> pq.ParquetFile:
    """The writer chooses for every row group anew whether a column has a dictionary; none can be left where none is."""
    metadata = opened.file.metadata.row_group(group)
    if all(_DICTIONARY in metadata.column(number).encodings for number in opened.kept):
        return opened.file
    if opened.plain is None:
        opened.plain = pq.ParquetFile(opened.path, memory_map=True, metadata=opened.file.metadata)
    return opened.plain


def _stretch(subjects: pa.Array, subject: str) -> slice:
    """Where a subject stands in a sorted column. Of the dictionary no order is expected."""
    words: pa.Array = subjects
    numbers: Sequence[int] | NDArray[np.integer[Any]] = range(len(subjects))
    if isinstance(subjects, pa.DictionaryArray):
        words, numbers = subjects.dictionary, subjects.indices.to_numpy(zero_copy_only=False)

    def at(row: int) -> str:
        text: str = words[int(numbers[row])].as_py()
        return text

    rows = range(len(subjects))
    first = bisect_left(rows, subject, key=at)
    return slice(first, bisect_right(rows, subject, lo=first, key=at))


def _rows(
    table: pa.Table, places: slice | NDArray[np.int64], shared: Row, lineage: Mapping[int, Row]
) -> list[Row]:
    names = table.column_names
    if isinstance(places, slice):
        count = places.stop - places.start
    else:
        count = len(places)
        table = table.take(pa.array(places))
        places = slice(0, count)
    if not count:
        return []
    columns = [_values(column, places.start, count) for column in table.columns]
    found = [{**shared, **dict(zip(names, values, strict=True))} for values in zip(*columns, strict=True)]
    if not columns:
        found = [dict(shared) for _ in range(count)]
    for row in found if lineage else ():
        row.update(lineage[row["_seq"]])
    return found


def _values(column: pa.ChunkedArray, start: int, count: int) -> list[Any]:
    part = column.chunk(0).slice(start, count) if column.num_chunks == 1 else column.slice(start, count)
    if not isinstance(part, pa.DictionaryArray):
        values: list[Any] = part.to_pylist()
        return values
    numbers = part.indices.to_pylist()
    words = {number: part.dictionary[number].as_py() for number in set(numbers) if number is not None}
    return [words.get(number) for number in numbers]
