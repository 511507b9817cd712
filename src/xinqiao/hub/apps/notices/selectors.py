"""Questions about notices and the outbox."""

from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.notices.models import Notice, OutboxEvent


def notices(actor: Actor, *, limit: int = 50) -> list[Notice]:
    """The actor's notices, newest first."""
    return list(Notice.objects.for_viewer(actor).order_by("-created_at", "-id")[:limit])


def unread_count(actor: Actor) -> int:
    """How many of the actor's notices nobody has read."""
    return Notice.objects.for_viewer(actor).filter(read_at__isnull=True).count()


def parked_events(*, limit: int = 50) -> list[OutboxEvent]:
    """Deliveries that wait for a person, for the operator's page."""
    return list(OutboxEvent.objects.filter(parked_at__isnull=False).order_by("-parked_at")[:limit])


def pending_count() -> int:
    """Deliveries not yet done."""
    return OutboxEvent.objects.filter(done_at__isnull=True, parked_at__isnull=True).count()
