"""Handlers of credit reports and portraits: make one, look up what was made and refused. Each is in one answer and nowhere else."""

import orjson
from pydantic import BaseModel

from xinqiao.domain.consent import Purpose
from xinqiao.domain.period import format_instant
from xinqiao.hub.apps.fundflow.idempotency import Idempotency
from xinqiao.hub.apps.fundflow.protocol import Refused, Repeated
from xinqiao.hub.apps.reports import selectors as reports
from xinqiao.hub.apps.reports.lake import holdings_of
from xinqiao.hub.apps.reports.portraits_asked import Handed, portrait_for_institution
from xinqiao.hub.apps.reports.protocol import ReportRequest
from xinqiao.hub.apps.reports.selectors import AskedRow
from xinqiao.hub.apps.reports.services import Issued, issue_for_institution
from xinqiao.hub.gateway import schemas_reports
from xinqiao.hub.gateway.handlers_consent import actor_of, text, text_or_none
from xinqiao.hub.gateway.handlers_items import refused_reply
from xinqiao.hub.gateway.handlers_query import leaf_json, refused_query
from xinqiao.hub.gateway.http import Reply
from xinqiao.hub.gateway.operations import Call
from xinqiao.hub.gateway.problems import PROBLEM
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, sign_jws


async def create_report(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/credit-reports``."""
    body = call.body
    assert isinstance(body, schemas_reports.CreditReportRequest)
    ask = _ask(call, body, calls=None if body.calls is None else frozenset(body.calls))

    def work() -> Reply:
        made = issue_for_institution(
            actor=actor_of(call, body.operator),
            ask=ask,
            holdings_of=holdings_of,
            client=call.gateway.sync_nodes,
            clock=call.gateway.clock,
        )
        return Reply(201, _made(made)) if isinstance(made, Issued) else _no(call, made)

    return await call.gateway.in_thread(work, waits=True)


async def create_portrait(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/portraits``."""
    body = call.body
    assert isinstance(body, schemas_reports.PortraitRequest)
    ask = _ask(call, body, calls=frozenset())

    def work() -> Reply:
        made = portrait_for_institution(
            actor=actor_of(call, body.operator), ask=ask, holdings_of=holdings_of, clock=call.gateway.clock
        )
        return Reply(201, _portrait(made)) if isinstance(made, Handed) else _no(call, made)

    return await call.gateway.in_thread(work, waits=True)


def _ask(call: Call, body: schemas_reports.PortraitRequest, *, calls: frozenset[str] | None) -> ReportRequest:
    assert call.caller is not None
    assert call.idempotency_key is not None

    def render(refused: Refused) -> tuple[int, str]:
        reply = refused_query(call, refused)
        return reply.status, reply.body.decode()

    return ReportRequest(
        query_id=new_id(Prefix.REPORT_QUERY),
        institution_id=call.institution_id,
        authorisations=tuple(body.authorisations),
        purpose=body.purpose,
        operator_name=body.operator.name,
        department=body.operator.department,
        via="api",
        calls=calls,
        idempotency=Idempotency(
            call.institution_id, call.operation.id, call.idempotency_key, call.fingerprint, render
        ),
        nonce=call.caller.nonce,
    )


def _no(call: Call, made: Refused | Repeated) -> Reply:
    if isinstance(made, Refused):
        return refused_reply(call, made)
    return Reply(made.status, made.body.encode(), PROBLEM)


def _portrait(made: Handed) -> bytes:
    looked = made.looked
    return orjson.dumps(
        {
            "id": made.query_id,
            "number": made.given.number,
            "version": made.given.version,
            "verify_code": made.given.verify_code,
            "digest": looked.digest,
            "portrait": sign_jws(looked.document, runtime.hub_key, ArtefactType.PORTRAIT),
            "use_leaf": leaf_json(looked.leaf_index, looked.leaf_hash),
            "uses_left": made.uses_left,
            "generated_at": format_instant(looked.portrait.generated_at),
            "valid_until": format_instant(made.valid_until),
        }
    )


def _made(made: Issued) -> bytes:
    return orjson.dumps(
        {
            "id": made.query_id,
            "number": made.head.number,
            "version": made.head.version,
            "verify_code": made.head.verify_code,
            "digest": made.digest,
            "report": sign_jws(made.document, runtime.hub_key, ArtefactType.CREDIT_REPORT),
            "use_leaf": leaf_json(made.leaf_index, made.leaf_hash),
            "uses_left": made.uses_left,
            "generated_at": format_instant(made.head.generated_at),
            "valid_until": format_instant(made.head.valid_until),
        }
    )


async def get_report(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/credit-reports/{id}``."""
    return await call.gateway.in_thread(
        lambda: _view(reports.one_asked(actor_of(call), call.path_params["id"]))
    )


async def list_reports(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/credit-reports``."""
    params = call.params
    assert isinstance(params, schemas_reports.CreditReportParams)

    def work() -> schemas_reports.CreditReportList:
        rows = reports.asked(
            actor_of(call),
            authorisation_id=params.authorisation_id,
            state=params.state,
            limit=params.limit,
        )
        return schemas_reports.CreditReportList(items=[_view(row) for row in rows])

    return await call.gateway.in_thread(work)


def _view(row: AskedRow) -> schemas_reports.CreditReportView:
    made = row.issued
    return schemas_reports.CreditReportView(
        id=row.id,
        kind=row.kind.value,
        state="released" if made else "denied",
        code=row.code or None,
        reason=row.reason or None,
        authorisation_id=row.authorisation_id,
        subject_uscc=row.uscc or None,
        purpose=Purpose(row.purpose),
        operator=row.operator_name,
        department=row.department,
        calls=list(row.calls),
        number=made.number if made else None,
        version=made.version if made else None,
        verify_code=made.verify_code if made else None,
        digest=made.digest if made else None,
        coverage=made.coverage if made else None,
        generated_at=text_or_none(made.generated_at if made else None),
        valid_until=text_or_none(made.valid_until if made else None),
        uses_left=row.uses_left,
        leaf_index=row.leaf_index,
        leaf_hash=row.leaf_hash,
        asked_at=text(row.asked_at),
    )
