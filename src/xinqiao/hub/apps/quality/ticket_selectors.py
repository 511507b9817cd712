"""Questions about tickets, each for a given actor."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from xinqiao.domain.coordination import LIVE, TicketState
from xinqiao.domain.errors import NotFound
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.quality.models import Ticket, TicketStep

_LIVE = sorted(state.value for state in LIVE)


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One ticket for lists and its page."""

    id: str
    number: str
    kind: str
    source_id: str
    source_code: str
    source_name: str
    item: str
    due_on: date | None
    text: str
    opened_at: datetime
    by_rule: bool
    answer_by: date
    state: TicketState
    version: int
    promised_on: date | None
    escalations: int
    ended_at: datetime | None
    batch_id: str | None
    batch_number: str

    @property
    def live(self) -> bool:
        """Whether it has not ended."""
        return self.state in LIVE


@dataclass(frozen=True, slots=True)
class StepRow:
    """One thing that happened to a ticket."""

    at: datetime
    event: str
    by_kind: str
    by_name: str
    text: str
    promised_on: date | None
    leaf_index: int


def _wanted(actor: Actor, show: str, source_id: str) -> QuerySet[Ticket]:
    rows = Ticket.objects.for_viewer(actor)
    if source_id:
        rows = rows.filter(source_id=source_id)
    match show:
        case "escalated":
            return rows.filter(state=TicketState.ESCALATED.value)
        case "ended":
            return rows.exclude(state__in=_LIVE)
        case _:
            return rows.filter(state__in=_LIVE)


def tickets(actor: Actor, *, show: str = "", source_id: str = "", limit: int = 200) -> list[TicketRow]:
    """Tickets, those that wait longest first; the ended ones newest first."""
    rows = _wanted(actor, show, source_id).select_related("source", "ended_by_batch")
    order = ("-ended_at", "id") if show == "ended" else ("answer_by", "opened_at", "id")
    return [_row(row) for row in rows.order_by(*order)[:limit]]


def ticket_counts(actor: Actor, *, source_id: str = "") -> dict[str, int]:
    """How many there are of each list."""
    return {show: _wanted(actor, show, source_id).count() for show in ("", "escalated", "ended")}


def ticket(actor: Actor, ticket_id: str) -> TicketRow:
    """One of them. Raises NotFound for an absent or foreign one."""
    rows = Ticket.objects.for_viewer(actor).select_related("source", "ended_by_batch")
    row = rows.filter(id=ticket_id).first()
    if row is None:
        raise NotFound
    return _row(row)


def steps(actor: Actor, ticket_id: str) -> list[StepRow]:
    """What happened to a ticket the actor may see, newest first."""
    rows = TicketStep.objects.filter(ticket__in=Ticket.objects.for_viewer(actor).filter(id=ticket_id))
    return [
        StepRow(row.at, row.event, row.by_kind, row.by_name, row.text, row.promised_on, row.leaf_index)
        for row in rows.order_by("-id")
    ]


def waiting_count(actor: Actor) -> int:
    """How many wait for the source: unanswered or escalated."""
    return Ticket.objects.for_viewer(actor).filter(state__in=["open", "escalated"]).count()


def _row(row: Ticket) -> TicketRow:
    return TicketRow(
        id=row.id, number=row.number, kind=row.kind, source_id=row.source_id,
        source_code=row.source.code, source_name=row.source.short_name,
        item=row.item, due_on=row.due_on, text=row.text, opened_at=row.opened_at, by_rule=not row.opened_by,
        answer_by=row.answer_by, state=TicketState(row.state), version=row.version, promised_on=row.promised_on,
        escalations=row.escalations, ended_at=row.ended_at, batch_id=row.ended_by_batch_id,
        batch_number=row.ended_by_batch.number if row.ended_by_batch else "",
    )  # fmt: skip
