"""A small lake of a made-up item, and a model of it in plain Python that says what it must answer."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from xinqiao.domain.canonical import Json
from xinqiao.lake.store import Draft, Lake, Published, bucket_sql

ITEM = "water_fee"
KEY = ("bill_no",)
SCHEMA = pa.schema(
    [
        ("_subject", pa.string()),
        ("bill_no", pa.string()),
        ("due_on", pa.date32()),
        ("amount", pa.decimal128(18, 2)),
        ("volume", pa.int64()),
        ("paid", pa.bool_()),
        ("note", pa.string()),
        ("marks", pa.list_(pa.string())),
        ("_row", pa.int64()),
        ("_batch", pa.string()),
        ("_source", pa.string()),
        ("_as_of", pa.date32()),
        ("_received", pa.timestamp("us")),
        ("_status", pa.string()),
        ("_seq", pa.int64()),
        ("_digest", pa.uint64()),
        ("_key", pa.string()),
    ]
)
PAYLOAD = ("bill_no", "due_on", "amount", "volume", "paid", "note", "marks")


def subject(number: int) -> str:
    """A code of the right shape."""
    return (
        f"91140100MA{number:06X}{'KLMNPQRT'[number % 8]}{'0123456789ABCDEFGHJKLMNPQRTUWXY'[number * 7 % 31]}"
    )


def row(firm: int, bill: int, **other: Any) -> dict[str, Any]:
    """One row; what is not said is the same for all."""
    return {
        "_subject": subject(firm),
        "bill_no": f"W{bill:06d}",
        "due_on": date(2026, 1 + bill % 12, 1),
        "amount": (Decimal(bill) / 100).quantize(Decimal("0.01")),
        "volume": bill,
        "paid": bill % 2 == 0,
        "note": None if bill % 3 else "补缴",
        "marks": ["甲", "乙"] if bill % 5 == 0 else None,
        "_status": "valid",
        **other,
    }


def table_of(batch_no: str, seq: int, rows: Sequence[Mapping[str, Any]], as_of: date) -> pa.Table:
    """A batch as the pipeline writes it."""
    full = [
        {
            "_row": number,
            "_batch": batch_no,
            "_source": "水务集团",
            "_as_of": as_of,
            "_received": datetime(2026, 11, 1, 8, 0, seq % 60),
            "_seq": seq,
            "_digest": hash((batch_no, number)) % (1 << 64),
            "_key": one["bill_no"],
            **one,
        }
        for number, one in enumerate(rows, start=1)
    ]
    return pa.Table.from_pylist(full, schema=SCHEMA)


def fill(draft: Draft, table: pa.Table, buckets: int, *, row_group: int = 2048) -> None:
    """Write a batch into its draft."""
    with duckdb.connect() as connection:
        connection.register("batch", table)
        connection.execute(
            f"COPY (SELECT *, printf('%03d', {bucket_sql('_subject', buckets)}) AS bucket FROM batch) "
            f"TO '{draft.folder}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (bucket), "
            f"OVERWRITE_OR_IGNORE, ROW_GROUP_SIZE {row_group})"
        ).fetchall()


def send(
    lake: Lake,
    batch_no: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    seq: int | None = None,
    item: str = ITEM,
    key: Sequence[str] = KEY,
    as_of: date = date(2026, 10, 31),
    facts: Mapping[str, Json] | None = None,
) -> Published:
    """Publish a batch."""
    number = lake.next_seq(item) if seq is None else seq
    with lake.begin(item, batch_no, number, key=key) as draft:
        if rows:
            fill(draft, table_of(batch_no, number, rows, as_of), lake.buckets)
        return lake.publish(draft, facts=facts or {"digest": f"sha256:{batch_no}"})


def facts_of(rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """The payload of rows, to compare."""
    return sorted((tuple(str(one[name]) for name in PAYLOAD) for one in rows), key=str)


def new_lake(folder: Path, buckets: int = 4) -> Lake:
    """An empty lake."""
    return Lake.open(folder, create=True, buckets=buckets)
