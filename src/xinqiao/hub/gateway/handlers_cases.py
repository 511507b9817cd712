"""Handlers of cases: an institution's system reads its leads and acts for the person it names. No rules."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from hashlib import sha256

from pydantic import BaseModel

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.money import format_fen, parse_amount
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.cases import selectors, services
from xinqiao.hub.apps.cases.files import case_file
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.gateway import schemas_cases as schemas
from xinqiao.hub.gateway.handlers_consent import actor_of, text
from xinqiao.hub.gateway.http import Reply
from xinqiao.hub.gateway.operations import Call


def _view(row: selectors.CaseRow) -> schemas.CaseView:
    return schemas.CaseView(
        id=row.id,
        number=row.number,
        need_number=row.need_number,
        uscc=row.uscc,
        enterprise_name=row.enterprise_name,
        product_name=row.product_name,
        amount=format_fen(row.amount_fen),
        months=row.months,
        purpose=row.purpose,
        state=row.state,  # type: ignore[arg-type]  # the column's constraint
        version=row.version,
        dispatched_at=text(row.dispatched_at),
        since=text(row.since),
        due_on=row.due_on.isoformat() if row.due_on else None,
        late_days=row.late_days,
        refusal=row.refusal,
        refusal_words=row.refusal_words,
        approved_amount=None if row.approved_fen is None else format_fen(row.approved_fen),
        approved_rate=None if row.approved_rate is None else str(row.approved_rate.normalize()),
        approved_months=row.approved_months,
    )


def _whole(call: Call, actor: InstitutionActor, case_id: str) -> schemas.CaseView:
    row = selectors.case(actor, case_id, at=call.gateway.clock.now())
    steps = [
        schemas.CaseStepView(
            event=one.event, state=one.state, at=text(one.at), by=one.role, reason=one.reason, text=one.text,  # type: ignore[arg-type]
            leaf=one.leaf_index,
        )
        for one in selectors.steps(actor, case_id)
    ]  # fmt: skip
    actions = [
        schemas.CaseActionView(
            id=one.id, kind=one.kind, item=one.item, words=one.words, state=one.state, due_on=one.due_on.isoformat(),  # type: ignore[arg-type]
            answer=one.answer,
            files=[
                schemas.CaseFileView(id=f.id, file_name=f.file_name, size=f.size, digest=f.digest) for f in one.files.all()
            ],
        )
        for one in selectors.actions(actor, case_id)
    ]  # fmt: skip
    messages = [
        schemas.CaseMessageView(id=one.id, side=one.side, text=one.text, at=text(one.at))  # type: ignore[arg-type]
        for one in selectors.messages(actor, case_id)
    ]
    more = {
        "contact": selectors.contact(actor, case_id),
        "steps": steps,
        "actions": actions,
        "messages": messages,
    }
    return _view(row).model_copy(update=more)


async def list_cases(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/cases``."""
    params = call.params
    assert isinstance(params, schemas.CaseParams)
    show = "" if params.show == "all" else params.show

    def work() -> schemas.CaseList:
        rows = selectors.cases(
            actor_of(call), show=show, after=params.after or "", limit=params.limit + 1, at=call.gateway.clock.now()
        )  # fmt: skip
        shown = rows[: params.limit]
        return schemas.CaseList(
            items=[_view(row) for row in shown], next=shown[-1].id if len(rows) > params.limit else None
        )

    return await call.gateway.in_thread(work)


async def get_case(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/cases/{id}``."""
    return await call.gateway.in_thread(lambda: _whole(call, actor_of(call), call.path_params["id"]))


async def list_case_events(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/case-events``: what happened to the institution's cases, in the order of the log."""
    params = call.params
    assert isinstance(params, schemas.EventParams)

    def work() -> schemas.CaseEvents:
        rows = selectors.case_events(actor_of(call), after=params.after, limit=params.limit)
        items = [
            schemas.CaseEventView(
                case=one.case_id, number=one.case.number, event=one.event, state=one.state, at=text(one.at),  # type: ignore[arg-type]
                leaf=one.leaf_index,
            )
            for one in rows
        ]  # fmt: skip
        return schemas.CaseEvents(items=items, next=items[-1].leaf if items else params.after)

    return await call.gateway.in_thread(work)


async def get_case_file(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/case-files/{id}``: a file the firm answered with, to be taken away and never opened in place."""
    row, content = await call.gateway.in_thread(lambda: case_file(actor_of(call), call.path_params["id"]))
    named = ("Content-Disposition", f'attachment; filename="{row.taken_as}"')
    return Reply(200, content, row.media_type, (named,))


async def fire_case_event(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/cases/{id}``."""
    body, case_id = call.body, call.path_params["id"]
    assert isinstance(body, schemas.CaseEventBody)

    def work() -> schemas.CaseView:
        actor = actor_of(call, body.operator)
        at = call.gateway.clock.now()
        _verb(body)(actor=actor, case_id=case_id, expected_version=body.version, at=at)
        return _whole(call, actor, case_id)

    return await call.gateway.in_thread(work)


def _verb(body: schemas.CaseEventBody) -> Callable[..., Case]:
    """The verb of an event. Raises Invalid naming what is missing."""
    reason = body.reason.value if body.reason else ""
    asks = [services.Ask(one.kind.value, one.words, one.item) for one in body.asks]
    verbs: Mapping[str, Callable[..., Case]] = {
        "accept": services.accept_case,
        "investigate": services.investigate_case,
        "contract": services.contract_case,
        "decline": partial(services.decline_case, reason=reason, words=body.words),
        "reject": partial(services.reject_case, reason=reason, words=body.words),
        "lapse": partial(services.lapse_case, reason=reason, words=body.words),
        "ask": partial(services.ask_firm, asks=asks),
    }
    return _approval(body) if body.event == "approve" else verbs[body.event]


def _approval(body: schemas.CaseEventBody) -> Callable[..., Case]:
    for field, value in (("amount", body.amount), ("rate", body.rate), ("months", body.months)):
        if value is None:
            raise Invalid(Code.INVALID, f"{field} is missing", facts={"field": field})
    amount = parse_amount(body.amount, field="amount")
    return partial(
        services.approve_case, amount_fen=amount, rate=Decimal(body.rate or ""), months=body.months or 0, words=body.words
    )  # fmt: skip


async def write_case_message(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/case-messages/{id}``."""
    body, case_id = call.body, call.path_params["id"]
    assert isinstance(body, schemas.CaseMessageBody)
    assert call.idempotency_key is not None
    key = sha256(call.idempotency_key.encode()).hexdigest()[:40]

    def work() -> schemas.CaseMessageView:
        sent = services.send_message(
            actor=actor_of(call, body.operator), case_id=case_id, text=body.text, key=key, at=call.gateway.clock.now()
        )  # fmt: skip
        return schemas.CaseMessageView(id=sent.id, side="institution", text=sent.text, at=text(sent.at))

    return await call.gateway.in_thread(work)
