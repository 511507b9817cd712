"""Verbs of the outbox and of notices. Both are written in the caller's transaction and delivered afterwards."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Forbidden, NotFound
from xinqiao.hub.actors import Actor, OperatorActor, OperatorRole
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.notices.models import Notice, OutboxEvent
from xinqiao.hub.ids import Prefix, new_id

type Audience = tuple[Literal["enterprise", "institution", "operator", "source"], str]

#: After so many attempts an event waits for a person (the operator's page shows it).
MAX_ATTEMPTS = 12
#: How long a claimed event is left to the worker that took it before another may try.
CLAIM_SECONDS = 60


def announce(*, topic: str, key: str, payload: Mapping[str, Json], at: datetime) -> None:
    """Put an event into the outbox, in the open transaction. One event per (topic, key), however often it is said.

    Raises:
        RuntimeError: no transaction is open: an event without its effect must not exist.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an event is written inside the transaction of its effect")
    try:
        with transaction.atomic():
            OutboxEvent.objects.create(
                id=new_id(Prefix.EVENT),
                topic=topic,
                key=key,
                payload=dict(payload),
                created_at=at,
                available_at=at,
            )
    except IntegrityError:
        return


def notify(
    *, audience: Audience, kind: str, facts: Mapping[str, Json], at: datetime, link: str = ""
) -> Notice:
    """Leave a message for a party. ``kind`` and ``facts`` become words at the edge."""
    audience_kind, audience_id = audience
    return Notice.objects.create(
        id=new_id(Prefix.NOTICE),
        audience_kind=audience_kind,
        audience_id=audience_id,
        kind=kind,
        facts=dict(facts),
        link=link,
        created_at=at,
    )


def mark_read(*, actor: Actor, notice_id: str, at: datetime) -> None:
    """Mark one notice as read. Raises NotFound for an absent or foreign one."""
    rows = Notice.objects.for_viewer(actor).filter(id=notice_id)
    if not rows.exists():
        raise NotFound
    rows.filter(read_at__isnull=True).update(read_at=at)


def mark_all_read(*, actor: Actor, at: datetime) -> int:
    """Mark everything the actor was told up to now as read; returns how many there were."""
    return (
        Notice.objects.for_viewer(actor).filter(read_at__isnull=True, created_at__lte=at).update(read_at=at)
    )


def claim_event(*, topics: list[str], at: datetime) -> OutboxEvent | None:
    """Take the next due event for this worker, or ``None``. Two workers never hold the same one.

    The claim moves ``available_at`` ahead under the condition that nobody else did, so a worker that dies loses
    nothing: the event comes up again.
    """
    due = OutboxEvent.objects.filter(
        topic__in=topics, done_at__isnull=True, parked_at__isnull=True, available_at__lte=at
    ).order_by("available_at", "id")
    for event in due[:20]:
        claimed = OutboxEvent.objects.filter(
            id=event.id, done_at__isnull=True, parked_at__isnull=True, available_at=event.available_at
        ).update(available_at=at + timedelta(seconds=CLAIM_SECONDS), attempts=F("attempts") + 1)
        if claimed == 1:
            event.refresh_from_db()
            return event
    return None


def finish_event(*, event_id: str, at: datetime) -> None:
    """The event was delivered."""
    OutboxEvent.objects.filter(id=event_id).update(done_at=at, last_error="")


def retry_event(*, event: OutboxEvent, error: str, at: datetime) -> None:
    """Delivery failed: try again later, twice as late each time up to an hour, and park it in the end."""
    parked = event.attempts >= MAX_ATTEMPTS
    wait = min(2 ** min(event.attempts, 12), 3600)
    OutboxEvent.objects.filter(id=event.id, done_at__isnull=True).update(
        available_at=at + timedelta(seconds=wait),
        last_error=error[:200],
        parked_at=at if parked else None,
    )


def resume_event(*, actor: OperatorActor, event_id: str, at: datetime) -> None:
    """A person removed the cause: let the worker try a parked event again, from the first attempt.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``: neither administrator nor service desk. NotFound: no parked event has that id.
    """
    if not actor.roles & {OperatorRole.ADMIN, OperatorRole.SERVICE}:
        raise Forbidden(Code.ROLE_FORBIDDEN, "the platform role is missing")
    with transaction.atomic(durable=True):
        parked = OutboxEvent.objects.filter(id=event_id, parked_at__isnull=False, done_at__isnull=True)
        if parked.update(parked_at=None, attempts=0, available_at=at) != 1:
            raise NotFound
        append_leaf(
            type="ADMIN",
            at=at,
            facts={"act": "delivery_resumed", "by": actor.user_id},
            refs=Refs(object=event_id),
        )
