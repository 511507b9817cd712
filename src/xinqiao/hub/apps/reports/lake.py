"""What the lake holds about a firm, as the report's rules take it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from django.conf import settings

from xinqiao.domain.catalogue.model import Item
from xinqiao.domain.report import Record, RecordStatus, Supply
from xinqiao.domain.report.sight import Value
from xinqiao.hub.apps.collection.gathered import gathered, source_names
from xinqiao.hub.apps.reports.services import Holdings
from xinqiao.hub.runtime import runtime
from xinqiao.lake.store import Lake


@cache
def _lake(folder: Path) -> Lake:
    """One per process: opening looks for what dead writers left behind, which no reader of a page needs to wait for."""
    return Lake.open(folder)


def holdings_of(uscc: str) -> Holdings:
    """Records and supplies of one firm, at this moment."""
    catalogue = runtime.catalogue
    supplies = {item: Supply(found.sources, found.newest) for item, found in gathered().items()}
    names = source_names()
    records: dict[str, list[Record]] = {}
    if supplies:
        found = _lake(settings.XINQIAO_LAKE).records(uscc)
        records = {
            item_id: [_record(catalogue.items[item_id], row, names) for row in rows]
            for item_id, rows in found.items()
            if item_id in catalogue.items
        }
    return Holdings(catalogue, records, supplies)


def _record(item: Item, row: Mapping[str, object], names: Mapping[str, str]) -> Record:
    code, received = str(row["_source"]), row["_received"]
    assert isinstance(received, datetime)
    as_of = row["_as_of"]
    return Record(
        values={field.name: _value(row.get(field.name)) for field in item.fields},
        source=names.get(code, code),
        batch=str(row["_batch"]),
        as_of=as_of if isinstance(as_of, date) else None,
        received_at=received if received.tzinfo else received.replace(tzinfo=UTC),
        version=int(str(row.get("_version", 1))),
        status=RecordStatus(str(row["_status"])),
    )


def _value(value: object) -> Value:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(str(part) for part in value)
    assert value is None or isinstance(value, str | date | Decimal | int | bool)
    return value
