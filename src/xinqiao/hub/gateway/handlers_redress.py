"""Handlers of tickets, objections and applications for repair: read by sources and by the platform's desk, answered by
sources. No rules.

A system decides nothing by itself: every answer names the steward who decided, and the verbs ask for his role as they
do at the portal. What the desk does is in ``handlers_desk``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pydantic import BaseModel

from xinqiao.domain.canonical import Json
from xinqiao.hub.actors import OperatorActor, SourceActor
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.quality import ticket_selectors as tickets
from xinqiao.hub.apps.quality.services import promise_ticket
from xinqiao.hub.apps.redress import selectors as redress
from xinqiao.hub.apps.redress import services as verbs
from xinqiao.hub.apps.redress.evidence import evidence_file
from xinqiao.hub.apps.redress.models import Objection, Repair
from xinqiao.hub.apps.redress.selectors import MatterRow
from xinqiao.hub.gateway import schemas_redress as schemas
from xinqiao.hub.gateway.auth import Party
from xinqiao.hub.gateway.handlers_collection import day_of
from xinqiao.hub.gateway.handlers_consent import text, text_or_none
from xinqiao.hub.gateway.http import Reply
from xinqiao.hub.gateway.operations import Call, Handler

SHOWN = {"live": "", "escalated": "escalated", "ended": "ended"}
_MATTERS: dict[str, redress.Show] = {"open": "open", "late": "late", "all": ""}

type Reading = SourceActor | OperatorActor


async def reading[R](call: Call, work: Callable[[Reading], R]) -> R:
    """Read something as the system that calls, a source's or the desk's, in a thread."""

    def run() -> R:
        if call.operation.party is Party.DESK:
            return work(identity.desk_system_actor(call.desk_id))
        return work(identity.source_system_actor(call.source_id))

    return await call.gateway.in_thread(run)


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
        source=row.source_code,
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


def one_ticket(actor: Reading, ticket_id: str) -> schemas.TicketView:
    """One ticket with its steps. Raises NotFound."""
    return _ticket(tickets.ticket(actor, ticket_id), tickets.steps(actor, ticket_id))


def ticket_list(rows: list[tickets.TicketRow]) -> schemas.TicketList:
    """Tickets as a list shows them."""
    return schemas.TicketList(items=[_ticket(row) for row in rows])


async def list_tickets(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/coordination/tickets``."""
    params = call.params
    assert isinstance(params, schemas.TicketParams)
    show = SHOWN[params.show]

    def work(actor: Reading) -> schemas.TicketList:
        return ticket_list(tickets.tickets(actor, show=show, limit=params.limit))

    return await reading(call, work)


async def get_ticket(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/coordination/tickets/{id}``."""
    return await reading(call, lambda actor: one_ticket(actor, call.path_params["id"]))


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
        return one_ticket(actor, ticket_id)

    return await _decided(call, body, work)


# objections and repair


def _common(matter: Objection | Repair, row: MatterRow, *, whole: bool) -> dict[str, Json]:
    steps: list[Json] = [
        {"event": one.event, "at": text(one.at), "by": one.actor_kind, "text": one.text, "leaf": one.leaf_index}
        for one in (redress.steps(matter) if whole else [])
    ]  # fmt: skip
    evidence: list[Json] = [
        {"id": one.id, "file_name": one.file_name, "size": one.size, "digest": one.digest}
        for one in (redress.evidence(matter) if whole else [])
    ]
    return {
        "id": row.id, "number": row.number, "enterprise_name": row.enterprise_name, "uscc": row.uscc,
        "source": matter.source.code, "item": row.item, "record": matter.record_ref, "label": row.label, "begun_at": text(row.begun_at),
        "closed_at": text_or_none(row.closed_at), "due_on": row.due_on.isoformat() if row.due_on else None,
        "late_days": row.late_days, "version": row.version, "answer": matter.answer, "state": row.state,
        "steps": steps if whole else None, "evidence": evidence if whole else None,
    }  # fmt: skip


def objection_view(call: Call, matter: Objection, *, whole: bool) -> schemas.ObjectionView:
    common = _common(matter, redress.row_of(matter, at=call.gateway.clock.now()), whole=whole)
    more: dict[str, Json] = {"field": matter.field, "kind": matter.kind, "reason": matter.reason}
    return schemas.ObjectionView.model_validate(common | more)


def repair_view(call: Call, matter: Repair, *, whole: bool) -> schemas.RepairView:
    common = _common(matter, redress.row_of(matter, at=call.gateway.clock.now()), whole=whole)
    more: dict[str, Json] = {
        "gravity": matter.gravity, "determined_on": matter.determined_on.isoformat(),
        "explanation": matter.explanation, "extended": matter.extended,
    }  # fmt: skip
    return schemas.RepairView.model_validate(common | more)


@dataclass(frozen=True, slots=True)
class Family[M: (Objection, Repair)]:
    """What is read alike: objections or applications. ``page`` is the model of a list of what ``view`` makes."""

    rows: Callable[..., list[M]]
    one: Callable[[Reading, str], M]
    view: Callable[..., BaseModel]
    page: Callable[..., BaseModel]

    def listing(self) -> Handler:
        """The handler of the list, for sources and the desk."""

        async def handler(call: Call) -> BaseModel | Reply:
            params = call.params
            assert isinstance(params, schemas.MatterParams)
            show, at = _MATTERS[params.show], call.gateway.clock.now()

            def work(actor: Reading) -> BaseModel:
                rows = self.rows(actor, show=show, limit=params.limit, at=at)
                return self.page(items=[self.view(call, row, whole=False) for row in rows])

            return await reading(call, work)

        return handler

    def alone(self) -> Handler:
        """The handler of one of them, with its steps and files."""

        async def handler(call: Call) -> BaseModel | Reply:
            return await reading(call, lambda actor: self.whole(call, actor))

        return handler

    def whole(self, call: Call, actor: Reading) -> BaseModel:
        """The one the path names. Raises NotFound."""
        return self.view(call, self.one(actor, call.path_params["id"]), whole=True)


OBJECTIONS = Family(redress.objections, redress.objection, objection_view, schemas.ObjectionList)
REPAIRS = Family(redress.repairs, redress.repair, repair_view, schemas.RepairList)
list_objections, get_objection = OBJECTIONS.listing(), OBJECTIONS.alone()
list_repairs, get_repair = REPAIRS.listing(), REPAIRS.alone()


async def get_evidence(call: Call) -> BaseModel | Reply:
    """``GET …/evidence/{id}``: a file of a matter the caller sees, to be taken away and never opened in place."""
    row, content = await reading(call, lambda actor: evidence_file(actor, call.path_params["id"]))
    named = ("Content-Disposition", f'attachment; filename="{row.taken_as}"')
    return Reply(200, content, row.media_type, (named,))


async def answer_objection(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/redress/objections/{id}``."""
    body, objection_id = call.body, call.path_params["id"]
    assert isinstance(body, schemas.ObjectionAnswer)
    verb = {"corrected": verbs.correct_objection, "upheld": verbs.uphold_objection}[body.outcome]

    def work(actor: SourceActor) -> BaseModel:
        verb(
            actor=actor, objection_id=objection_id, answer=body.answer, expected_version=body.version,
            at=call.gateway.clock.now(),
        )  # fmt: skip
        return OBJECTIONS.whole(call, actor)

    return await _decided(call, body, work)


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

    def work(actor: SourceActor) -> BaseModel:
        verb(actor=actor, repair_id=repair_id, expected_version=body.version, at=at)
        return REPAIRS.whole(call, actor)

    return await _decided(call, body, work)
