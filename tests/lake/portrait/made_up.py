"""A lake of made-up rows of every item the portrait looks at, drawn so that every edge of a definition is met."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pyarrow as pa

from xinqiao.catalogue import load
from xinqiao.domain.catalogue.model import Field, FieldType, Item
from xinqiao.domain.identifiers.uscc import CHARSET, uscc_check
from xinqiao.domain.portrait import FIGURES
from xinqiao.domain.report import Record, RecordStatus
from xinqiao.lake.store import Lake, bucket_sql

MONTH = "2026-10"
ITEMS = tuple(sorted({item for figure in FIGURES for item in figure.items}))
_TYPES: Mapping[FieldType, pa.DataType] = {
    FieldType.DATE: pa.date32(), FieldType.DECIMAL: pa.decimal128(18, 2), FieldType.INTEGER: pa.int64(),
    FieldType.BOOLEAN: pa.bool_(), FieldType.LIST: pa.list_(pa.string()),
}  # fmt: skip
_ENVELOPE: Mapping[str, pa.DataType] = {
    "_subject": pa.string(), "_row": pa.int64(), "_batch": pa.string(), "_source": pa.string(), "_as_of": pa.date32(),
    "_received": pa.timestamp("us"), "_status": pa.string(), "_seq": pa.int64(), "_digest": pa.uint64(), "_key": pa.string(),
}  # fmt: skip

type Row = dict[str, Any]


def code(number: int) -> str:
    """A valid code of a firm."""
    body = f"911401{number % 100:02d}MA{number:06d}{CHARSET[number % 10]}"
    return body + uscc_check(body)


def schema_of(item: Item) -> pa.Schema:
    """The columns of an item in a lake."""
    own = {field.name: pa.list_(pa.string()) if field.multiple else _TYPES.get(field.type, pa.string()) for field in item.fields}  # fmt: skip
    return pa.schema([*own.items(), *_ENVELOPE.items()])


def publish(lake: Lake, item: Item, rows: Sequence[Row], *, source: str = "演示数源") -> None:
    """Put rows into the lake as one batch; what a row does not say is empty."""
    seq = lake.next_seq(item.id)
    schema = schema_of(item)
    full = [
        {
            **dict.fromkeys(schema.names), "_row": number, "_batch": f"B{seq}", "_source": source, "_as_of": date(2026, 10, 31),
            "_received": datetime(2026, 11, 1, 8), "_status": "valid", "_seq": seq, "_digest": number, "_key": f"{seq}-{number}",
            **row,
        }
        for number, row in enumerate(rows, start=1)
    ]  # fmt: skip
    with lake.begin(item.id, f"B{seq}", seq) as draft, duckdb.connect() as connection:
        connection.register("batch", pa.Table.from_pylist(full, schema=schema))
        connection.execute(
            f"COPY (SELECT *, printf('%03d', {bucket_sql('_subject', lake.buckets)}) AS bucket FROM batch) "
            f"TO '{draft.folder}' (FORMAT parquet, PARTITION_BY (bucket), OVERWRITE_OR_IGNORE)"
        ).fetchall()
        lake.publish(draft, facts={"digest": f"sha256:{item.id}-{seq}"})


def drawn(item: Item, firms: Sequence[str], count: int, rng: Random) -> list[Row]:
    """Rows around the month: ends of months, open ends, empty cells, every state."""
    lists = load().code_lists
    rows = []
    for _ in range(count):
        row: Row = {field.name: _value(field, lists, rng) for field in item.fields}
        row["_subject"] = rng.choice(firms)
        row["_status"] = rng.choice(["valid"] * 8 + ["corrected", "objected", "repaired", "expired"])
        rows.append(row)
    return rows


def _value(field: Field, lists: Mapping[str, Any], rng: Random) -> Any:
    if rng.random() < 0.15 and field.name != "period":
        return None
    if field.name == "period":
        number = 2026 * 12 + 9 - rng.randrange(30)
        return f"{number // 12}-{number % 12 + 1:02d}"
    match field.type:
        case FieldType.DATE:
            near = [date(2026, 10, 31), date(2026, 10, 30), date(2026, 11, 1), date(2025, 10, 31), date(2025, 11, 1), date(9999, 12, 31)]  # fmt: skip
            return rng.choice(near) if rng.random() < 0.5 else date.fromordinal(date(2024, 6, 1).toordinal() + rng.randrange(1000))  # fmt: skip
        case FieldType.DECIMAL:
            return Decimal(rng.choice([0, 100, rng.randrange(1, 10_000_000)])) / 100
        case FieldType.INTEGER:
            return rng.choice([0, 1, rng.randrange(300)])
        case FieldType.BOOLEAN:
            return rng.random() < 0.5
        case FieldType.ENUM if not field.multiple:
            return rng.choice(list(lists[field.code_list].entries))
        case _:
            return None if field.multiple or field.type is FieldType.LIST else "文字"


def new_lake(folder: Path) -> Lake:
    """An empty lake."""
    return Lake.open(folder, create=True, buckets=4)


def records_of(lake: Lake, uscc: str) -> dict[str, list[Record]]:
    """What the lake holds about a firm, as the rules take it."""
    items = load().items
    return {
        item: [
            Record(
                {field.name: row.get(field.name) for field in items[item].fields}, str(row["_source"]), str(row["_batch"]),
                row["_as_of"], row["_received"], row["_version"], RecordStatus(row["_status"]),
            )
            for row in rows
        ]
        for item, rows in lake.records(uscc).items()
    }  # fmt: skip
