"""Verbs of coordination tickets: opened by the rule or by an operator, answered by the source, ended, escalated.

Every step is a row of the ticket's own story and a leaf, written in the transaction of its effect.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction

from xinqiao.domain.canonical import Json
from xinqiao.domain.collection import IN_THE_LAKE
from xinqiao.domain.coordination import (
    BY_ARRIVAL,
    LIVE,
    TICKET,
    TicketEvent,
    TicketKind,
    TicketState,
    answer_by,
    check_promise,
    is_overdue,
)
from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale
from xinqiao.domain.machine import Role
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import Actor, OperatorActor, OperatorRole, SourceActor, SourceRole
from xinqiao.hub.apps.audit.services import LeafRef, Refs, append_leaf
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.collection.rights import require_source
from xinqiao.hub.apps.consents.records import next_number
from xinqiao.hub.apps.identity.models import Source
from xinqiao.hub.apps.notices.services import notify
from xinqiao.hub.apps.quality.models import Ticket, TicketStep
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime

LONGEST_TEXT = 500
_LIVE = [state.value for state in LIVE]
#: A ticket opened while its batch was being judged: the two may be written in either order.
_MEANWHILE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Said:
    """Who made a step, and what was said with it."""

    by_kind: str
    by_name: str = ""
    text: str = ""
    promised_on: date | None = None


def open_ticket(
    *, actor: OperatorActor, source_id: str, item: str, kind: TicketKind, text: str, at: datetime
) -> Ticket:
    """An operator asks a source to put something right about an item it supplies.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``. NotFound: no such source. Invalid: an item it does not supply, no text.
        Conflict: ``CONFLICT_DUPLICATE``: a ticket of this kind about this item is live already.
    """
    with transaction.atomic(durable=True):
        _require_desk(actor)
        source = Source.objects.for_viewer(actor).filter(id=source_id).first()
        if source is None:
            raise NotFound
        if item not in source.items:
            raise Invalid(Code.INVALID, "an item the source does not supply", facts={"field": "item"})
        return _open(source, item, kind, Said("operator", text=_text(text)), at, opened_by=actor.user_id)


def promise_ticket(
    *, actor: SourceActor, ticket_id: str, promised_on: date, text: str, expected_version: int, at: datetime
) -> Ticket:
    """The source's steward answers with the day by which it will be right; a new promise replaces the one before.

    Raises:
        NotFound: absent or foreign. Forbidden: no steward. Stale: it changed since it was shown.
        Conflict: ``ILLEGAL_MOVE``: it has ended. Invalid: the day, or a text that is too long.
    """
    with transaction.atomic(durable=True):
        row = _locked(actor, ticket_id, expected_version)
        require_source(actor, SourceRole.STEWARD)
        state = TICKET.fire(TicketState(row.state), TicketEvent.PROMISE, Role.SOURCE)
        day = check_promise(promised_on, today=business_day(at), longest=runtime.quality_rules.promise_days)
        said = Said("source", actor.name, _text(text, needed=False), day)
        _move(row, TicketEvent.PROMISE, state, said, at, promised_on=day)
        _tell_operator(row, at)
    return row


def close_ticket(
    *, actor: OperatorActor, ticket_id: str, reason: str, expected_version: int, at: datetime
) -> Ticket:
    """An operator ends a ticket with a reason, whether or not anything arrived.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``. NotFound. Stale. Conflict: ``ILLEGAL_MOVE``. Invalid: no reason, or a long one.
    """
    with transaction.atomic(durable=True):
        _require_desk(actor)
        row = _locked(actor, ticket_id, expected_version)
        state = TICKET.fire(TicketState(row.state), TicketEvent.CLOSE, Role.OPERATOR)
        _move(row, TicketEvent.CLOSE, state, Said("operator", text=_text(reason)), at, ended_at=at)
        _tell_source(row, at)
    return row


# what the clock and the batches do


def open_if_due(*, source: Source, item: str, due_on: date, came_before: bool, at: datetime) -> Ticket | None:
    """The rule: a batch was expected by ``due_on`` and has not come. Asked again for the same day, it does nothing."""
    if business_day(at) <= due_on or Ticket.objects.filter(source=source, item=item, due_on=due_on).exists():
        return None
    kind = TicketKind.LATE if came_before else TicketKind.MISSING
    try:
        with transaction.atomic():
            return _open(source, item, kind, Said("system"), at, due_on=due_on)
    except Conflict:
        return None  # an operator asked already, or another worker was faster


def escalate_ticket(*, ticket_id: str, at: datetime) -> bool:
    """Escalate a ticket whose answer, or whose promised day, is overdue; whether it was."""
    today = business_day(at)
    with transaction.atomic():
        row = Ticket.objects.select_for_update().filter(id=ticket_id).first()
        if row is None or not is_overdue(
            TicketState(row.state), answer_by=row.answer_by, promised=row.promised_on, today=today
        ):
            return False
        state = TICKET.fire(TicketState(row.state), TicketEvent.ESCALATE, Role.CLOCK)
        _move(row, TicketEvent.ESCALATE, state, Said("system"), at, escalations=row.escalations + 1)
        _tell_source(row, at)
        _tell_operator(row, at)
    return True


def end_by_arrival(*, batch_id: str, at: datetime) -> int:
    """A batch came: tickets that waited for it end; how many did. Only a batch whose rows were taken ends one."""
    ended = 0
    with transaction.atomic():
        batch = Batch.objects.filter(id=batch_id, state__in=[state.value for state in IN_THE_LAKE]).first()
        if batch is None or batch.finished_at is None:
            return 0
        waiting = Ticket.objects.select_for_update().filter(
            source_id=batch.source_id, item=batch.item, state__in=_LIVE, opened_at__lte=batch.finished_at + _MEANWHILE,
            kind__in=[kind.value for kind in BY_ARRIVAL],
        )  # fmt: skip
        for row in list(waiting.order_by("id")):
            state = TICKET.fire(TicketState(row.state), TicketEvent.ARRIVE, Role.HUB)
            said = Said("system", text=batch.number)
            _move(row, TicketEvent.ARRIVE, state, said, at, ended_at=at, ended_by_batch=batch)
            _tell_source(row, at)
            ended += 1
    return ended


# how


def _require_desk(actor: OperatorActor) -> None:
    if not actor.roles & {OperatorRole.ADMIN, OperatorRole.SERVICE}:
        raise Forbidden(Code.ROLE_FORBIDDEN, "the platform role is missing")


def _text(text: str, *, needed: bool = True) -> str:
    said = text.strip()
    if len(said) > LONGEST_TEXT or (needed and not said):
        raise Invalid(Code.INVALID, "a text is needed, not too long", facts={"field": "text"})
    return said


def _open(
    source: Source, item: str, kind: TicketKind, said: Said, at: datetime, *, due_on: date | None = None,
    opened_by: str = "",
) -> Ticket:  # fmt: skip
    rules = runtime.quality_rules
    row = Ticket(
        id=new_id(Prefix.TICKET), number=next_number("CT", at), kind=kind.value, source=source, item=item,
        due_on=due_on, text=said.text, opened_at=at, opened_by=opened_by,
        answer_by=answer_by(business_day(at), rules.reply_workdays, rules.calendar),
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        facts: dict[str, str | int | bool | list[str] | None] = {"field": "kind"}
        raise Conflict(Code.CONFLICT_DUPLICATE, "such a ticket is live", facts=facts) from None
    _note(row, "", said, at, _leaf("ticket_opened", row, at, {"by": opened_by or "rule", "kind": row.kind}))
    _tell_source(row, at)
    return row


def _locked(actor: Actor, ticket_id: str, expected_version: int) -> Ticket:
    rows = Ticket.objects.for_viewer(actor).select_related("source").select_for_update(of=("self",))
    row = rows.filter(id=ticket_id).first()
    if row is None:
        raise NotFound
    if row.version != expected_version:
        raise Stale("the ticket changed since it was shown")
    return row


def _move(
    row: Ticket, event: TicketEvent, state: TicketState, said: Said, at: datetime, **columns: object
) -> None:
    """The conditional update with its step and its leaf. Raises Stale when somebody was faster."""
    before = row.state
    columns |= {"state": state.value, "version": row.version + 1}
    if Ticket.objects.filter(id=row.id, state=before, version=row.version).update(**columns) != 1:
        raise Stale("the ticket changed meanwhile")
    for name, value in columns.items():
        setattr(row, name, value)
    facts: dict[str, Json] = {"from": before, "state": state.value, "by": said.by_kind}
    if said.promised_on:
        facts["promised_on"] = said.promised_on.isoformat()
    _note(row, event.value, said, at, _leaf(f"ticket_{state.value}", row, at, facts))


def _note(row: Ticket, event: str, said: Said, at: datetime, leaf: LeafRef) -> None:
    TicketStep.objects.create(
        ticket=row, at=at, event=event, by_kind=said.by_kind, by_name=said.by_name, text=said.text,
        promised_on=said.promised_on, leaf_index=leaf.index,
    )  # fmt: skip


def _leaf(act: str, row: Ticket, at: datetime, facts: dict[str, Json]) -> LeafRef:
    return append_leaf(
        type="STATEMENT",
        at=at,
        facts={"act": act, "number": row.number, "source": row.source.code, "item": row.item, **facts},
        refs=Refs(institution=row.source_id, object=row.id),
    )


def _tell_source(row: Ticket, at: datetime) -> None:
    notify(
        audience=("source", row.source_id), kind=f"ticket_{row.state}", link=f"/source/tickets/{row.id}", at=at,
        facts={"number": row.number, "item": row.item},
    )  # fmt: skip


def _tell_operator(row: Ticket, at: datetime) -> None:
    notify(
        audience=("operator", ""), kind=f"ticket_{row.state}_by_source", link=f"/o/tickets/{row.id}", at=at,
        facts={"number": row.number, "item": row.item, "name": row.source.short_name},
    )  # fmt: skip
