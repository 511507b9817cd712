"""Rollups: additive counts of batches, so that a dashboard never scans records.

A cell says how many rows of an item, source, division, month and rule there were. Batches bring their cells among
their facts; a few stay beside their batch, older ones are added up into one file per item and version.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.store.commit import batch_file
from xinqiao.lake.store.disk import make_folder, sync_file, sync_folder
from xinqiao.lake.store.manifest import ItemState, Manifest

DIMENSIONS = ("source", "division", "month", "rule")
#: More batches than this are added up at the next publication.
MAX_PENDING = 16
_SCHEMA = pa.schema([*((name, pa.string()) for name in DIMENSIONS), ("count", pa.int64())])


def cells_of(facts: Mapping[str, Json]) -> pa.Table:
    """The cells among a batch's facts.

    Raises:
        Invalid: ``LAKE_INVALID`` for a cell of another shape.
    """
    listed = facts.get("rollup") or []
    columns: dict[str, list[object]] = {name: [] for name in _SCHEMA.names}
    try:
        if not isinstance(listed, list):
            raise TypeError("a list")
        for cell in listed:
            if not isinstance(cell, dict) or not isinstance(cell["count"], int):
                raise TypeError("a cell")
            for name in DIMENSIONS:
                columns[name].append(str(cell.get(name) or ""))
            columns["count"].append(cell["count"])
    except (KeyError, TypeError) as error:
        raise Invalid(Code.LAKE_INVALID, "rollup: cells of source, division, month, rule, count") from error
    return pa.table(columns, schema=_SCHEMA)


@lru_cache(maxsize=1024)
def _of_batch(path: Path) -> pa.Table:
    return cells_of(json.loads(path.read_bytes())["facts"])


@lru_cache(maxsize=256)
def _of_file(path: Path) -> pa.Table:
    # a file of this name never changes: both tables may be kept
    return pq.read_table(path, schema=_SCHEMA, use_threads=False)


def _tables(folder: Path, state: ItemState) -> list[pa.Table]:
    found = [_of_file(folder / state.rollup)] if state.rollup else []
    return found + [_of_batch(folder / batch_file(state.item, number)) for number in state.pending]


def _summed(tables: Sequence[pa.Table], by: Sequence[str]) -> pa.Table:
    if not tables:
        return pa.table({name: [] for name in (*by, "count")})
    grouped = pa.concat_tables(tables).group_by(list(by)).aggregate([("count", "sum")])
    return grouped.rename_columns([*by, "count"])


def merge_pending(folder: Path, state: ItemState, *, always: bool = False) -> ItemState:
    """Add up the cells that lie beside batches when they are many; the new file is named by the new state."""
    if not state.pending or (len(state.pending) <= MAX_PENDING and not always):
        return state
    name = f"rollups/{state.item}/upto-{state.pending[-1]}.parquet"
    path = folder / name
    make_folder(path.parent)
    try:
        pq.write_table(_summed(_tables(folder, state), DIMENSIONS), path, compression="zstd")
        sync_file(path)
        sync_folder(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    _of_file.cache_clear()
    return replace(state, rollup=name, pending=())


def rollups(
    folder: Path,
    manifest: Manifest,
    items: Iterable[str],
    by: Sequence[str],
    where: Mapping[str, str],
) -> list[dict[str, Json]]:
    """Counts by the dimensions asked for (``item`` is one), of the cells with the values asked for."""
    unknown = [name for name in (*by, *where) if name not in (*DIMENSIONS, "item")]
    if unknown:
        raise Invalid(Code.LAKE_INVALID, "a dimension the rollups do not have", facts={"fields": unknown})
    total: Counter[tuple[str, ...]] = Counter()
    for item in items:
        if where.get("item", item) != item:
            continue
        within = [name for name in by if name != "item"]
        for row in _filtered(_tables(folder, manifest.state(item)), within, where):
            total[tuple(item if name == "item" else str(row[name]) for name in by)] += row["count"]
    return [{**dict(zip(by, cell, strict=True)), "count": count} for cell, count in sorted(total.items())]


def _filtered(
    tables: Sequence[pa.Table], by: Sequence[str], where: Mapping[str, str]
) -> list[dict[str, int]]:
    asked = {name: value for name, value in where.items() if name != "item"}
    if tables and asked:
        whole = pa.concat_tables(tables)
        for name, value in asked.items():
            whole = whole.filter(pc.equal(whole[name], value))
        tables = [whole]
    rows: list[dict[str, int]] = _summed(tables, by).to_pylist()
    return rows
