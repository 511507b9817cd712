"""Generated rows into files: CSV or Parquet with the Chinese labels of the template, and beside each its truth.

``<item>.truth.json`` holds the counts a receipt must show; ``<item>.truth.csv``, for files of up to a million rows,
every row with a fault.
"""

import contextlib
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from xinqiao.catalogue import load
from xinqiao.demo.collected.blocks import Block, Source
from xinqiao.demo.collected.faults import Truth
from xinqiao.demo.collected.firms import Firms, firms_csv, invent_firms
from xinqiao.demo.collected.plan import number_records, spread_records
from xinqiao.demo.collected.tables import Cells, Column, Pool, Table, Texts
from xinqiao.domain.catalogue.model import Item, RowRule

FORMATS = ("csv", "parquet")
#: Files up to here get a list of every faulty row.
LISTED = 1_000_000
#: A firm's running numbers have room for this many records a firm on average.
RECORDS_PER_FIRM = 1_000
MOST_FIRMS = 10_000_000


@dataclass(frozen=True, slots=True)
class Order:
    """What to generate. ``records`` over all items together; ``items`` empty: all that are collected."""

    enterprises: int
    records: int
    as_of: date
    items: tuple[str, ...] = ()
    errors: float = 0.0
    seed: int = 7
    format: str = "csv"


@dataclass(frozen=True, slots=True)
class Written:
    """A finished file."""

    item: Item
    path: Path
    truth: Truth


def generate(order: Order, folder: Path, *, firms: Firms | None = None) -> Iterator[Written]:
    """Write ``firms.csv`` and a file per item into ``folder``, which is made; the item files one after another.

    ``firms``: these instead of invented ones, as many as the order says.

    Raises ValueError: numbers that do not go together, an item that is not collected.
    """
    catalogue = load()
    known = [item.id for item in catalogue.collected()]
    items = [item for item in known if item in order.items] if order.items else known
    if unknown := sorted(set(order.items) - set(known)):
        raise ValueError(f"不是归集事项 not a collected item: {', '.join(unknown)}")
    if not 1 <= order.enterprises <= MOST_FIRMS:
        raise ValueError(f"企业 1 到 {MOST_FIRMS} 家 enterprises: 1 to {MOST_FIRMS}")
    if order.records > order.enterprises * RECORDS_PER_FIRM:
        raise ValueError(
            f"平均每家至多 {RECORDS_PER_FIRM} 条 at most so many records an enterprise on average"
        )
    firms = firms or invent_firms(seed=order.seed, count=order.enterprises)
    counts = spread_records(order.records, items, firms)
    folder.mkdir(parents=True, exist_ok=True)
    _write_firms(firms, order.as_of, folder / "firms.csv")
    for name in items:
        item = catalogue.items[name]
        numbering = number_records(name, counts[name], firms, salt=order.seed * 1000 + item.no * 10)
        source = Source(
            catalogue, item, firms, numbering, seed=order.seed, as_of=order.as_of, errors=order.errors
        )
        yield _write_item(source, order, folder)


def _write_firms(firms: Firms, as_of: date, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        for piece in firms_csv(firms, as_of=as_of):
            out.write(piece)


def _write_item(source: Source, order: Order, folder: Path) -> Written:
    item = source.item
    path = folder / f"{item.id}.{order.format}"
    unfinished = path.with_name(path.name + ".part")  # a file with its name is whole
    truth = Truth()
    with contextlib.ExitStack() as stack:
        kind = CsvSheet if order.format == "csv" else _ParquetSheet
        sheet = stack.enter_context(contextlib.closing(kind(unfinished, item)))
        listed = None
        if source.numbering.count <= LISTED:
            listed = csv.writer(
                stack.enter_context((folder / f"{item.id}.truth.csv").open("w", encoding="utf-8", newline=""))
            )
            listed.writerow(("row", "field", "rule"))
        for index in range(source.blocks):
            block = source.block(index)
            if listed is not None:
                listed.writerows(_faulty(source, block, truth.rows))
            sheet.write(block)
            source.count(truth, block)
    unfinished.replace(path)
    found = json.dumps(_as_json(source, truth, order, path), ensure_ascii=False, indent=1)
    (folder / f"{item.id}.truth.json").write_text(found + "\n", encoding="utf-8")
    return Written(item, path, truth)


def _faulty(source: Source, block: Block, before: int) -> Iterator[tuple[int, str, str]]:
    """Rows with a fault: number of the row, counted from 1 below the header; field; rule."""
    for at in (block.fault >= 0).nonzero()[0].tolist():
        fault = source.faults[block.fault[at]]
        if fault.rule is not None:
            name = "" if fault.rule is RowRule.DUPLICATE_KEY else fault.field
            yield before + at + 1, name, str(fault.rule)


def _as_json(source: Source, truth: Truth, order: Order, path: Path) -> dict[str, object]:
    by_field = [
        {"field": name, "rule": rule, "rows": rows} for (name, rule), rows in sorted(truth.by_field.items())
    ]
    return {
        "item": source.item.id, "item_version": source.item.version, "file": path.name, "format": order.format,
        "seed": order.seed, "enterprises": order.enterprises, "received_on": order.as_of.isoformat(),
        "rows": truth.rows, "accepted": truth.accepted, "refused": truth.refused, "repeated": truth.repeated,
        "subjects_offered": len(source.numbering.firms), "by_rule": truth.by_rule, "by_field_rule": by_field,
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------------ the files


class CsvSheet:
    """UTF-8, commas, a cell in quotes only where it must be. A block is joined as a whole and written as one buffer."""

    def __init__(self, path: Path, item: Item) -> None:
        self._out = path.open("wb")
        self._tables: dict[int, tuple[Table, pa.StringArray]] = {}
        self._joined: dict[tuple[int, tuple[str, ...]], pa.StringArray] = {}
        self._out.write((",".join(one.label for one in item.fields) + "\n").encode())

    def close(self) -> None:
        """Finish the file."""
        self._out.close()

    def write(self, block: Block) -> None:
        """Append the rows of a block."""
        touched = np.flatnonzero(block.fault >= 0)
        texts = [self._piece(group, touched) for group in _groups(block.columns)]
        texts[-1] = pc.binary_join_element_wise(texts[-1], "", "\n")
        lines = pc.binary_join_element_wise(*texts, ",")
        self._out.write(lines.buffers()[2])

    def _piece(self, group: dict[str, Column], touched: NDArray[np.int64]) -> pa.StringArray:
        """Neighbouring columns as one text a row. Texts made row by row never need quotes."""
        column = next(iter(group.values()))
        if isinstance(column, Texts):
            return column.values
        if column.pool is None or column.picked is None:
            return self._quoted(column.table).take(pa.array(column.places))
        names = tuple(group)
        whole = self._joined.get((id(column.pool), names))
        if whole is None:
            drawn = [
                self._quoted(one.table).take(pa.array(one.places))
                for one in map(column.pool.columns.get, names)
                if one
            ]
            whole = self._joined[id(column.pool), names] = pc.binary_join_element_wise(*drawn, ",")
        own = [
            self._quoted(one.table).take(pa.array(one.places[touched]))
            for one in group.values()
            if isinstance(one, Cells)
        ]
        picked = column.picked.copy()
        picked[touched] = len(whole) + np.arange(len(touched), dtype=np.int32)
        return pa.concat_arrays([whole, pc.binary_join_element_wise(*own, ",")]).take(pa.array(picked))

    def _quoted(self, one: Table) -> pa.StringArray:
        """The texts of a table as they stand in the file."""
        found = self._tables.get(id(one))
        if found is None:  # the table is kept, so that its identity stays its own
            needed = pc.match_substring_regex(one.texts, r'[",\r\n]')
            inside = pc.binary_join_element_wise('"', pc.replace_substring(one.texts, '"', '""'), '"', "")
            found = self._tables[id(one)] = (one, pc.if_else(needed, inside, one.texts))
        return found[1]


def _groups(columns: dict[str, Column]) -> Iterator[dict[str, Column]]:
    """Neighbouring columns out of one pool; every other column by itself."""
    group: dict[str, Column] = {}
    pool: Pool | None = None
    for name, column in columns.items():
        own = column.pool if isinstance(column, Cells) else None
        if group and (own is None or own is not pool):
            yield group
            group = {}
        group[name], pool = column, own
    yield group


class _ParquetSheet:
    """Columns of text, zstd."""

    def __init__(self, path: Path, item: Item) -> None:
        self._schema = pa.schema([(one.label, pa.string()) for one in item.fields])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()

    def write(self, block: Block) -> None:
        """Append the rows of a block."""
        arrays = [column.render() for column in block.columns.values()]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
