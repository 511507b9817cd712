"""Handlers of the platform's own systems: what its desk does about tickets, objections and repair. No rules.

A system decides nothing: every writing names an operator of the platform, and the verbs ask for his role as they do at
the portal. Reading is shared with the sources (``handlers_redress``).
"""

from collections.abc import Callable
from functools import partial

from pydantic import BaseModel

from xinqiao.hub.actors import OperatorActor
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.notices import selectors as notices
from xinqiao.hub.apps.quality import services as ticket_verbs
from xinqiao.hub.apps.quality import ticket_selectors as tickets
from xinqiao.hub.apps.redress import services as verbs
from xinqiao.hub.apps.redress.models import Objection, Repair
from xinqiao.hub.gateway import schemas_desk as schemas
from xinqiao.hub.gateway.handlers_consent import actor_of, text
from xinqiao.hub.gateway.handlers_redress import (
    OBJECTIONS,
    REPAIRS,
    SHOWN,
    Reading,
    one_ticket,
    reading,
    ticket_list,
)
from xinqiao.hub.gateway.http import Reply
from xinqiao.hub.gateway.operations import Call


async def decided[R](call: Call, operator: str, work: Callable[[OperatorActor], R]) -> R:
    """Do something as the operator that a system of the desk names, in a thread."""
    return await call.gateway.in_thread(lambda: work(identity.desk_person_actor(call.desk_id, operator)))


# tickets


async def list_tickets(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/desk/tickets``."""
    params = call.params
    assert isinstance(params, schemas.DeskTicketParams)

    def work(actor: Reading) -> BaseModel:
        source = identity.source_by_code(actor, params.source).id if params.source else ""
        return ticket_list(
            tickets.tickets(actor, show=SHOWN[params.show], source_id=source, limit=params.limit)
        )

    return await reading(call, work)


async def open_ticket(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/desk/tickets``."""
    body = call.body
    assert isinstance(body, schemas.TicketOpening)

    def work(actor: OperatorActor) -> BaseModel:
        row = ticket_verbs.open_ticket(
            actor=actor, source_id=identity.source_by_code(actor, body.source).id, item=body.item, kind=body.kind,
            text=body.text, at=call.gateway.clock.now(),
        )  # fmt: skip
        return one_ticket(actor, row.id)

    return await decided(call, body.operator, work)


async def close_ticket(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/desk/tickets/{id}``."""
    body, ticket_id = call.body, call.path_params["id"]
    assert isinstance(body, schemas.TicketClosing)

    def work(actor: OperatorActor) -> BaseModel:
        ticket_verbs.close_ticket(
            actor=actor, ticket_id=ticket_id, reason=body.reason, expected_version=body.version,
            at=call.gateway.clock.now(),
        )  # fmt: skip
        return one_ticket(actor, ticket_id)

    return await decided(call, body.operator, work)


# objections and repair


async def handle_objection(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/desk/objections/{id}``."""
    body, objection_id = call.body, call.path_params["id"]
    assert isinstance(body, schemas.ObjectionHandling)
    acts: dict[str, Callable[..., Objection]] = {
        "forward": verbs.forward_objection,
        "decline": partial(verbs.decline_objection, reason=body.text),
        "leave_open": partial(verbs.leave_objection_open, answer=body.text),
    }
    verb = acts[body.act]

    def work(actor: OperatorActor) -> BaseModel:
        verb(
            actor=actor, objection_id=objection_id, expected_version=body.version, at=call.gateway.clock.now()
        )
        return OBJECTIONS.whole(call, actor)

    return await decided(call, body.operator, work)


async def handle_repair(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/desk/repairs/{id}``."""
    body, repair_id = call.body, call.path_params["id"]
    assert isinstance(body, schemas.RepairHandling)
    acts: dict[str, Callable[..., Repair]] = {
        "accept": verbs.accept_repair,
        "return": partial(verbs.return_repair, reason=body.text),
    }
    verb = acts[body.act]

    def work(actor: OperatorActor) -> BaseModel:
        verb(actor=actor, repair_id=repair_id, expected_version=body.version, at=call.gateway.clock.now())
        return REPAIRS.whole(call, actor)

    return await decided(call, body.operator, work)


async def list_results(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/desk/repair-results``."""
    params = call.params
    assert isinstance(params, schemas.ResultsParams)

    def work(_actor: Reading) -> BaseModel:
        made = verbs.repair_results(after=params.after or "", limit=params.limit, at=call.gateway.clock.now())
        return schemas.ResultsAnswer.model_validate(made)

    return await reading(call, work)


# what institutions are told


async def list_changes(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/redress/changes``."""
    params = call.params
    assert isinstance(params, schemas.ChangeParams)

    def work() -> BaseModel:
        rows = notices.record_changes(actor_of(call), after=params.after or "", limit=params.limit)
        items = [
            schemas.ChangeView(
                id=row.id, kind=row.kind.removeprefix("record_"),  # type: ignore[arg-type]  # the selector's kinds
                at=text(row.created_at), enterprise_name=str(row.facts["enterprise"]), uscc=row.facts.get("uscc"),
                item=str(row.facts["item"]), number=str(row.facts["number"]),
            )
            for row in rows
        ]  # fmt: skip
        return schemas.ChangeList(items=items, next=rows[-1].id if rows else params.after)

    return await call.gateway.in_thread(work)
