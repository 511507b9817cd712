"""The verbs of the quality app at one address: people's, the worker's chores, and what the outbox brings."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from xinqiao.domain.collection import expected_by
from xinqiao.domain.coordination import LIVE
from xinqiao.domain.period import business_day
from xinqiao.hub.apps.collection.catalogue import collected_item
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.collection.selectors import TAKEN
from xinqiao.hub.apps.collection.usage import SETTLED, USED
from xinqiao.hub.apps.identity.models import Source
from xinqiao.hub.apps.notices.models import OutboxEvent
from xinqiao.hub.apps.quality.measuring import measure_agreement, measure_batch, month_of, recompute
from xinqiao.hub.apps.quality.models import Ticket, UseCount
from xinqiao.hub.apps.quality.tickets import (
    close_ticket,
    end_by_arrival,
    escalate_ticket,
    open_if_due,
    open_ticket,
    promise_ticket,
)
from xinqiao.hub.apps.quality.usage import count_dossiers

__all__ = [
    "SETTLED",
    "USED",
    "batch_settled",
    "close_ticket",
    "count_dossiers",
    "count_use",
    "measure_agreement",
    "measure_batch",
    "month_of",
    "open_ticket",
    "promise_ticket",
    "recompute",
    "watch_supply",
]

#: Dossiers are counted from their own records.
_ANNOUNCED = ("own_report", "report")


def batch_settled(*, batch_id: str, at: datetime) -> None:
    """A batch has ended: its counts, and the tickets that waited for it. Harmless when done twice."""
    measure_batch(batch_id)
    end_by_arrival(batch_id=batch_id, at=at)


def watch_supply(*, at: datetime) -> tuple[int, int]:
    """The worker's chore: open what the rule asks for, escalate what is overdue; how many of each. Harmless twice."""
    opened = sum(_open_for(source, item, at) for source, item in _expected())
    today = business_day(at)
    overdue = Ticket.objects.filter(
        Q(answer_by__lt=today) | Q(promised_on__lt=today), state__in=[state.value for state in LIVE]
    )
    escalated = sum(
        escalate_ticket(ticket_id=ticket_id, at=at)
        for ticket_id in overdue.order_by("id").values_list("id", flat=True)
    )
    return opened, escalated


def _expected() -> list[tuple[Source, str]]:
    sources = Source.objects.filter(status="active").order_by("id")
    return [(source, item) for source in sources for item in source.items]


def _open_for(source: Source, item_id: str, at: datetime) -> bool:
    item = collected_item(item_id)
    if item is None:
        return False
    taken = Batch.objects.filter(source=source, item=item_id, state__in=TAKEN).order_by("-seq").first()
    since = taken.received_at if taken else source.created_at
    due = expected_by(item.frequency, business_day(since))
    if due is None:
        return False
    return (
        open_if_due(source=source, item=item_id, due_on=due, came_before=taken is not None, at=at) is not None
    )


def count_use(*, event: OutboxEvent) -> None:
    """Count what was shown, once, and forget the announcement: what is left says nothing about anybody."""
    with transaction.atomic():
        row = OutboxEvent.objects.select_for_update().get(id=event.id)
        payload = row.payload
        items = payload.get("items") if isinstance(payload, dict) else None
        if not isinstance(items, dict) or payload.get("kind") not in _ANNOUNCED:
            return
        ids = dict(Source.objects.values_list("name", "id"))
        for item, names in sorted(items.items()):
            for name in names:
                if name in ids:
                    _add(item, ids[name], payload)
        OutboxEvent.objects.filter(id=row.id).update(payload={})


def _add(item: str, source_id: str, payload: dict[str, str]) -> None:
    row, _made = UseCount.objects.get_or_create(
        month=payload["month"], item=item, source_id=source_id, kind=payload["kind"],
        institution=payload.get("institution", ""),
    )  # fmt: skip
    UseCount.objects.filter(id=row.id).update(count=F("count") + 1)
