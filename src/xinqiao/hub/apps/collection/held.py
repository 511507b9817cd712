"""What the lake holds about a firm, as the report's rules take it; nothing is left out or marked here."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from django.conf import settings

from xinqiao.domain.adverse import record_ref
from xinqiao.domain.catalogue.model import Item
from xinqiao.domain.report import Record, RecordStatus
from xinqiao.domain.report.sight import Value
from xinqiao.hub.apps.collection.gathered import source_names
from xinqiao.hub.runtime import runtime
from xinqiao.lake.store import Lake


@cache
def opened(folder: Path) -> Lake:
    """One per process: opening looks for what dead writers left behind, which no reader of a page needs to wait for."""
    return Lake.open(folder)


def held_records(uscc: str, items: Iterable[str] | None = None) -> dict[str, list[Record]]:
    """The newest version of each record of a firm, by item; of all items unless some are named.

    Raises:
        Invalid: ``LAKE_INVALID``: this platform has no lake yet.
    """
    found = opened(settings.XINQIAO_LAKE).records(uscc, items=items)
    catalogue, names = runtime.catalogue, source_names()
    return {
        item_id: [_record(catalogue.items[item_id], uscc, row, names) for row in rows]
        for item_id, rows in found.items()
        if item_id in catalogue.items
    }


def _record(item: Item, uscc: str, row: Mapping[str, object], names: Mapping[str, str]) -> Record:
    code, received = str(row["_source"]), row["_received"]
    assert isinstance(received, datetime)
    as_of = row["_as_of"]
    values = values_of(item, row)
    return Record(
        values=values,
        source=names.get(code, code),
        batch=str(row["_batch"]),
        as_of=as_of if isinstance(as_of, date) else None,
        received_at=received if received.tzinfo else received.replace(tzinfo=UTC),
        version=int(str(row.get("_version", 1))),
        status=RecordStatus(str(row["_status"])),
        ref=record_ref(item, uscc, values),
        source_code=code,
    )


def values_of(item: Item, row: Mapping[str, object]) -> dict[str, Value]:
    """What a row of the lake says, field by field."""
    return {field.name: _value(row.get(field.name)) for field in item.fields}


def _value(value: object) -> Value:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(str(part) for part in value)
    assert value is None or isinstance(value, str | date | Decimal | int | bool)
    return value
