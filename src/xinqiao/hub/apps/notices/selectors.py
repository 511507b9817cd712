"""Questions about notices and the outbox."""

from django.db.models import Q

from xinqiao.domain.errors import Code, Invalid
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.notices.models import Notice, OutboxEvent


def notices(actor: Actor, *, limit: int = 50) -> list[Notice]:
    """The actor's notices, newest first."""
    return list(Notice.objects.for_viewer(actor).order_by("-created_at", "-id")[:limit])


#: What an institution is told of records it received.
RECORD_CHANGES = ("record_corrected", "record_repaired", "record_restored")


def record_changes(actor: Actor, *, after: str = "", limit: int = 100) -> list[Notice]:
    """What changed of records the actor's institution received, oldest first, from behind the notice ``after``.

    Raises:
        Invalid: ``INVALID`` naming ``after``: no such notice of the actor's.
    """
    rows = Notice.objects.for_viewer(actor).filter(kind__in=RECORD_CHANGES)
    if after:
        last = rows.filter(id=after).first()
        if last is None:
            raise Invalid(Code.INVALID, "no such notice", facts={"field": "after"})
        rows = rows.filter(Q(created_at__gt=last.created_at) | Q(created_at=last.created_at, id__gt=last.id))
    return list(rows.order_by("created_at", "id")[:limit])


def unread_count(actor: Actor) -> int:
    """How many of the actor's notices nobody has read."""
    return Notice.objects.for_viewer(actor).filter(read_at__isnull=True).count()


def parked_events(*, limit: int = 50) -> list[OutboxEvent]:
    """Deliveries that wait for a person, for the operator's page."""
    return list(OutboxEvent.objects.filter(parked_at__isnull=False).order_by("-parked_at")[:limit])


def pending_count() -> int:
    """Deliveries not yet done."""
    return OutboxEvent.objects.filter(done_at__isnull=True, parked_at__isnull=True).count()
