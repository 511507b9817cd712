"""Counts into rows: from the receipts of batches, and from the lake how far sources agree. All of it can be done again.

Batches that were returned count: what was supplied is measured, not what was taken. Batches that were withdrawn do not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Sum

from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.model import Item
from xinqiao.domain.catalogue.receipt import Receipt, RegionTally
from xinqiao.domain.collection import IN_THE_LAKE, BatchState
from xinqiao.domain.period import add_months, business_day, parse_date, start_of_day
from xinqiao.domain.quality import VALUE_RULES, Tally
from xinqiao.hub.apps.collection.catalogue import collected_item
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.identity.models import Source
from xinqiao.hub.apps.quality.models import COUNTS, Figure, Total

if TYPE_CHECKING:
    from xinqiao.lake.agreement import Agreement
    from xinqiao.lake.store import Lake

_COUNTED = [state.value for state in (*IN_THE_LAKE, BatchState.RETURNED)]


def month_of(at: datetime) -> str:
    """The Shanghai month of an instant, ``YYYY-MM``."""
    return f"{business_day(at):%Y-%m}"


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """First instant of a Shanghai month, and of the next. Raises ``TIME_FORMAT``."""
    first = parse_date(f"{month}-01", field="month")
    return start_of_day(first), start_of_day(add_months(first, 1))


def measure_batch(batch_id: str) -> int:
    """Write the counts of a batch, as its receipt has them, over those that were there; how many rows there are now."""
    with transaction.atomic():
        batch = Batch.objects.get(id=batch_id)
        _lock(batch.source_id)
        batch.refresh_from_db()
        Figure.objects.filter(batch=batch).delete()
        counted = batch.state in _COUNTED and batch.receipt is not None
        rows = [
            Figure(
                batch=batch,
                source_id=batch.source_id,
                item=batch.item,
                region=one.region,
                month=month_of(batch.received_at),
                **asdict(one.tally),
            )
            for one in (_counts(batch.item, batch.receipt or {}) if counted else ())
        ]
        Figure.objects.bulk_create(rows)
        _add_up(batch.source_id, batch.item, month_of(batch.received_at))
        return len(rows)


def _lock(source_id: str) -> None:
    """Figures of a source are written one after the other, so that their total misses none."""
    Source.objects.select_for_update().get(id=source_id)


def _add_up(source_id: str, item: str, month: str) -> None:
    """Write the total of a source, an item and a month anew; under the lock of the source."""
    rows = Figure.objects.filter(source_id=source_id, item=item, month=month)
    summed = rows.aggregate(any=Count("id"), **{f"sum_{name}": Sum(name) for name in COUNTS})
    if not summed["any"]:
        Total.objects.filter(source_id=source_id, item=item, month=month).delete()
        return
    Total.objects.update_or_create(
        source_id=source_id, item=item, month=month, defaults={name: summed[f"sum_{name}"] for name in COUNTS}
    )


def _counts(item_id: str, receipt: Mapping[str, Json]) -> tuple[RegionTally, ...]:
    """What a receipt counts; a receipt from before regions were counted says less."""
    if "columns" not in receipt:
        return ()
    read = Receipt.from_json(receipt)
    return read.quality or (RegionTally("", _whole(item_id, read)),)


def _whole(item_id: str, receipt: Receipt) -> Tally:
    item = collected_item(item_id)
    required = {field.name for field in item.fields if field.required} if item else set()
    judged = receipt.accepted + receipt.refused
    filled = sum(one.present for one in receipt.columns)
    wrong = sum(count for rule, count in receipt.by_rule.items() if rule in VALUE_RULES)
    return Tally(
        rows=receipt.rows,
        accepted=receipt.accepted,
        required_cells=judged * len(required),
        required_filled=sum(one.present for one in receipt.columns if one.field in required),
        filled_cells=filled,
        valid_cells=filled - wrong,
    )


def recompute(month: str = "") -> int:
    """Write the counts of every batch anew, or of those of a month; how many batches there were. Raises TIME_FORMAT."""
    rows = Batch.objects.order_by("seq")
    if month:
        since, until = month_bounds(month)
        rows = rows.filter(received_at__gte=since, received_at__lt=until)
    return sum(1 for batch_id in rows.values_list("id", flat=True) if measure_batch(batch_id) >= 0)


def counted_months() -> list[str]:
    """Months of which there are counts of batches."""
    rows = Figure.objects.filter(batch__isnull=False).order_by("month").values_list("month", flat=True)
    return list(rows.distinct())


def measure_agreement(month: str, *, items: Iterable[str] | None = None) -> int:
    """Compare the sources of every item that has several, for what they sent in a month; how many rows there are now."""
    since, until = month_bounds(month)
    asked = _of_several() if items is None else list(items)
    ids = dict(Source.objects.values_list("code", "id"))
    found: list[Figure] = []
    for item_id in asked:
        item = collected_item(item_id)
        found += [
            Figure(
                source_id=ids[one.source],
                item=item_id,
                region=one.region,
                month=month,
                compared_rows=one.compared,
                consistent_rows=one.agreed,
            )
            for one in _agreed(item, since, until)
            if one.source in ids
        ]
    with transaction.atomic():
        old = Figure.objects.filter(batch__isnull=True, month=month)
        if items is not None:
            old = old.filter(item__in=asked)
        touched = {*old.values_list("source_id", "item"), *((row.source_id, row.item) for row in found)}
        for source_id in sorted({source_id for source_id, _item in touched}):
            _lock(source_id)
        old.delete()
        Figure.objects.bulk_create(found)
        for source_id, item_id in sorted(touched):
            _add_up(source_id, item_id, month)
    return len(found)


def _agreed(item: Item | None, since: datetime, until: datetime) -> "list[Agreement]":
    from xinqiao.lake.agreement import agreement  # the engine of columns: only here

    lake = _lake(Path(settings.XINQIAO_LAKE))
    return [] if item is None else agreement(lake, item, since=since, until=until)


def _of_several() -> list[str]:
    """Items that more than one source has supplied."""
    taken = Batch.objects.filter(state__in=[state.value for state in IN_THE_LAKE])
    pairs = set(taken.values_list("item", "source_id"))
    items = [item for item, _source in pairs]
    return sorted({item for item in items if items.count(item) > 1})


@cache
def _lake(folder: Path) -> "Lake":
    from xinqiao.lake.store import Lake  # the engine of columns: only here

    return Lake.open(folder, create=True)
