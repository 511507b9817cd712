"""Handlers of what a source reads and answers: tickets, objections, applications for repair. No rules.

A source's system decides nothing by itself: every answer names the steward who decided, and the verbs ask for his role
as they do at the portal.
"""

from collections.abc import Callable
from functools import partial

from pydantic import BaseModel

from xinqiao.domain.canonical import Json
from xinqiao.hub.actors import SourceActor
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.quality import ticket_selectors as tickets
from xinqiao.hub.apps.quality.services import promise_ticket
from xinqiao.hub.apps.redress import selectors as redress
from xinqiao.hub.apps.redress import services as verbs
from xinqiao.hub.apps.redress.models import Objection, Repair
from xinqiao.hub.apps.redress.selectors import MatterRow
from xinqiao.hub.gateway import schemas_redress as schemas
from xinqiao.hub.gateway.handlers_collection import day_of, source_work
from xinqiao.hub.gateway.handlers_consent import text, text_or_none
from xinqiao.hub.gateway.http import Reply
from xinqiao.hub.gateway.operations import Call

_SHOWN = {"live": "", "escalated": "escalated", "ended": "ended"}
_MATTERS: dict[str, redress.Show] = {"open": "open", "late": "late", "all": ""}


async def _decided[R](call: Call, decision: schemas.Decision, work: Callable[[SourceActor], R]) -> R:
    """Do something as the steward that the source's system names, in a thread."""
    return await call.gateway.in_thread(
        lambda: work(identity.source_steward_actor(call.source_id, decision.steward))
    )


# tickets


def _ticket(row: tickets.TicketRow, steps: list[tickets.StepRow] | None = None) -> schemas.TicketView:
    return schemas.TicketView(
        id=row.id,
        number=row.number,
        kind=row.kind,  # type: ignore[arg-type]  # the column's constraint
        item=row.item,
        text=row.text,
        due_on=row.due_on.isoformat() if row.due_on else None,
        opened_at=text(row.opened_at),
        by_rule=row.by_rule,
        answer_by=row.answer_by.isoformat(),
        state=row.state,
        version=row.version,
        promised_on=row.promised_on.isoformat() if row.promised_on else None,
        escalations=row.escalations,
        ended_at=text_or_none(row.ended_at),
        batch=row.batch_id,
        steps=None
        if steps is None
        else [
            schemas.StepView(event=one.event, at=text(one.at), by=one.by_kind, text=one.text, leaf=one.leaf_index)
            for one in reversed(steps)
        ],
    )  # fmt: skip


def _one_ticket(actor: SourceActor, ticket_id: str) -> schemas.TicketView:
    return _ticket(tickets.ticket(actor, ticket_id), tickets.steps(actor, ticket_id))


async def list_tickets(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/coordination/tickets``."""
    params = call.params
    assert isinstance(params, schemas.TicketParams)
    show = _SHOWN[params.show]

    def work(actor: SourceActor) -> schemas.TicketList:
        found = tickets.tickets(actor, show=show, limit=params.limit)
        return schemas.TicketList(items=[_ticket(row) for row in found])

    return await source_work(call, work)


async def get_ticket(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/coordination/tickets/{id}``."""
    return await source_work(call, lambda actor: _one_ticket(actor, call.path_params["id"]))


async def answer_ticket(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/coordination/tickets/{id}``: promise a day."""
    body, ticket_id = call.body, call.path_params["id"]
    assert isinstance(body, schemas.TicketAnswer)
    promised_on = day_of(body.promised_on, "promised_on")
    assert promised_on is not None

    def work(actor: SourceActor) -> schemas.TicketView:
        promise_ticket(
            actor=actor, ticket_id=ticket_id, promised_on=promised_on, text=body.text,
            expected_version=body.version, at=call.gateway.clock.now(),
        )  # fmt: skip
        return _one_ticket(actor, ticket_id)

    return await _decided(call, body, work)


# objections and repair


def _common(matter: Objection | Repair, row: MatterRow, *, whole: bool) -> dict[str, Json]:
    steps: list[Json] = [
        {"event": one.event, "at": text(one.at), "by": one.actor_kind, "text": one.text, "leaf": one.leaf_index}
        for one in (redress.steps(matter) if whole else [])
    ]  # fmt: skip
    evidence: list[Json] = [
        {"file_name": one.file_name, "size": one.size, "digest": one.digest}
        for one in (redress.evidence(matter) if whole else [])
    ]
    return {
        "id": row.id, "number": row.number, "enterprise_name": row.enterprise_name, "uscc": row.uscc,
        "item": row.item, "record": matter.record_ref, "label": row.label, "begun_at": text(row.begun_at),
        "closed_at": text_or_none(row.closed_at), "due_on": row.due_on.isoformat() if row.due_on else None,
        "late_days": row.late_days, "version": row.version, "answer": matter.answer, "state": row.state,
        "steps": steps if whole else None, "evidence": evidence if whole else None,
    }  # fmt: skip


def _objection(call: Call, matter: Objection, *, whole: bool) -> schemas.ObjectionView:
    common = _common(matter, redress.row_of(matter, at=call.gateway.clock.now()), whole=whole)
    more: dict[str, Json] = {"field": matter.field, "kind": matter.kind, "reason": matter.reason}
    return schemas.ObjectionView.model_validate(common | more)


def _repair(call: Call, matter: Repair, *, whole: bool) -> schemas.RepairView:
    common = _common(matter, redress.row_of(matter, at=call.gateway.clock.now()), whole=whole)
    more: dict[str, Json] = {
        "gravity": matter.gravity, "determined_on": matter.determined_on.isoformat(),
        "explanation": matter.explanation, "extended": matter.extended,
    }  # fmt: skip
    return schemas.RepairView.model_validate(common | more)


async def list_objections(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/redress/objections``."""
    params = call.params
    assert isinstance(params, schemas.MatterParams)

    def work(actor: SourceActor) -> schemas.ObjectionList:
        rows = redress.objections(
            actor, show=_MATTERS[params.show], limit=params.limit, at=call.gateway.clock.now()
        )
        return schemas.ObjectionList(items=[_objection(call, row, whole=False) for row in rows])

    return await source_work(call, work)


async def get_objection(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/redress/objections/{id}``."""

    def work(actor: SourceActor) -> schemas.ObjectionView:
        return _objection(call, redress.objection(actor, call.path_params["id"]), whole=True)

    return await source_work(call, work)


async def answer_objection(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/redress/objections/{id}``."""
    body, objection_id = call.body, call.path_params["id"]
    assert isinstance(body, schemas.ObjectionAnswer)
    verb = {"corrected": verbs.correct_objection, "upheld": verbs.uphold_objection}[body.outcome]

    def work(actor: SourceActor) -> schemas.ObjectionView:
        verb(
            actor=actor, objection_id=objection_id, answer=body.answer, expected_version=body.version,
            at=call.gateway.clock.now(),
        )  # fmt: skip
        return _objection(call, redress.objection(actor, objection_id), whole=True)

    return await _decided(call, body, work)


async def list_repairs(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/redress/repairs``."""
    params = call.params
    assert isinstance(params, schemas.MatterParams)

    def work(actor: SourceActor) -> schemas.RepairList:
        rows = redress.repairs(
            actor, show=_MATTERS[params.show], limit=params.limit, at=call.gateway.clock.now()
        )
        return schemas.RepairList(items=[_repair(call, row, whole=False) for row in rows])

    return await source_work(call, work)


async def get_repair(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/redress/repairs/{id}``."""

    def work(actor: SourceActor) -> schemas.RepairView:
        return _repair(call, redress.repair(actor, call.path_params["id"]), whole=True)

    return await source_work(call, work)


async def decide_repair(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/redress/repairs/{id}``."""
    body, repair_id = call.body, call.path_params["id"]
    assert isinstance(body, schemas.RepairDecision)
    words, at = body.text, call.gateway.clock.now()
    acts: dict[str, Callable[..., Repair]] = {
        "accept": verbs.accept_repair,
        "return": partial(verbs.return_repair, reason=words),
        "extend": partial(verbs.extend_repair, reason=words),
        "grant": partial(verbs.grant_repair, answer=words),
        "refuse": partial(verbs.refuse_repair, answer=words),
        "revoke": partial(verbs.revoke_repair, reason=words),
    }
    verb = acts[body.act]

    def work(actor: SourceActor) -> schemas.RepairView:
        verb(actor=actor, repair_id=repair_id, expected_version=body.version, at=at)
        return _repair(call, redress.repair(actor, repair_id), whole=True)

    return await _decided(call, body, work)
