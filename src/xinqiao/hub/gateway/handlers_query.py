"""Handlers of the data plane: query, records, verification."""

import hashlib
from datetime import timedelta
from typing import NoReturn

import orjson
from django.conf import settings
from pydantic import BaseModel

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Purpose, QueryKind, Reader, permit_claims
from xinqiao.domain.errors import Code, Gone, Unauthenticated, XinqiaoError
from xinqiao.domain.period import format_instant, is_of_this_moment
from xinqiao.hub.apps.audit.services import log_origin
from xinqiao.hub.apps.fundflow import selectors as fundflow
from xinqiao.hub.apps.fundflow.answer import check_delivery, node_request, refusal_of_node
from xinqiao.hub.apps.fundflow.idempotency import Idempotency
from xinqiao.hub.apps.fundflow.jobs import FailJob
from xinqiao.hub.apps.fundflow.protocol import (
    Ask,
    Permitted,
    Refused,
    Released,
    Repeated,
    nearest_json,
)
from xinqiao.hub.apps.fundflow.release import PermitJob, ReleaseJob
from xinqiao.hub.apps.fundflow.rows import CIPHER_TTL
from xinqiao.hub.apps.fundflow.selectors import QueryRow
from xinqiao.hub.apps.fundflow.services import refusal
from xinqiao.hub.apps.reports.selectors import by_code
from xinqiao.hub.gateway import schemas
from xinqiao.hub.gateway.fetch_job import FetchJob
from xinqiao.hub.gateway.handlers_consent import actor_of, text, text_or_none
from xinqiao.hub.gateway.http import Reply
from xinqiao.hub.gateway.operations import Call
from xinqiao.hub.gateway.problems import PROBLEM, problem
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, sign_jws, verify_jws
from xinqiao.trust.keys import SealKey

#: A statement binds a key that lives for one query.
STATEMENT_AGE = timedelta(minutes=5)
_SKEW = timedelta(seconds=10)


def leaf_json(index: int, leaf_hash: str) -> dict[str, Json]:
    """Where a leaf is, as answers name it."""
    return {"index": index, "hash": leaf_hash, "log": log_origin()}


def release_body(released: Released) -> bytes:
    """The answer of a release: the same bytes whenever it is made from the same row (invariant I10)."""
    return orjson.dumps(
        {
            "id": released.query_id,
            "state": "released",
            "product": released.product,
            "receipt": released.receipt,
            "permit": released.permit,
            "use_leaf": leaf_json(released.leaf_index, released.leaf_hash),
            "uses_left": released.uses_left,
            "report_no": released.report_no,
            "verify_code": released.verify_code,
            "released_at": format_instant(released.released_at),
        }
    )


def refused_query(call: Call, refused: Refused) -> Reply:
    """The problem document of a refused query, with the hub's own signed statement of the no."""
    extra: dict[str, Json] = {"reason": refused.reason, "nearest": nearest_json(refused.nearest)}
    if refused.leaf is not None:
        leaf = leaf_json(refused.leaf.index, refused.leaf.hash)
        claims: dict[str, Json] = {
            "artefact": "refusal",
            "v": 1,
            "iss": settings.XINQIAO_HUB_ID,
            "sub": call.institution_id,
            "query": refused.query_id,
            "code": str(refused.code),
            "reason": refused.reason,
            "nearest": extra["nearest"],
            "leaf": leaf,
            "signed_at": format_instant(refused.leaf.at),
        }
        extra |= {"denial_leaf": leaf, "refusal": sign_jws(claims, runtime.hub_key, ArtefactType.REFUSAL)}
    error = refusal(refused)
    error.facts = dict(refused.facts)  # the evidence is in members of its own
    return problem(
        error,
        trace_id=call.request.trace_id,
        instance=call.operation.path,
        english=call.gateway.english(call.request),
        extra=extra,
    )


async def query_fund_flow(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/fundflow/queries``: permit → call → release."""
    body = call.body
    assert isinstance(body, schemas.FundFlowQuery)
    ask = _ask(call, body)
    gateway = call.gateway
    result = await gateway.writer.do(PermitJob(ask, settings.XINQIAO_HUB_ID))
    match result:
        case Refused():
            return _refused(call, result)
        case Repeated(status, stored):
            return Reply(status, stored.encode(), PROBLEM)
        case Released():
            return Reply(200, release_body(result))
        case Permitted():
            return await _call_and_release(call, result, body.statement)


def _refused(call: Call, refused: Refused) -> Reply:
    if refused.body is not None:
        return Reply(refusal(refused).status, refused.body.encode(), PROBLEM)
    return refused_query(call, refused)


async def _call_and_release(call: Call, permitted: Permitted, statement: str) -> Reply:
    gateway, ask, jti = call.gateway, permitted.ask, permitted.permit.jti
    permit_jws = sign_jws(permit_claims(permitted.permit), runtime.hub_key, ArtefactType.PERMIT)
    try:
        address = await gateway.node_address(permitted.node_id)
        answer = await gateway.nodes.call(
            address, "/node/v1/products", node_request(permitted, permit_jws, statement)
        )
        if not answer.ok:
            raise refusal_of_node(answer.status, answer.code)
        delivered = check_delivery(answer.body, permitted.permit, permit_jws, address.keys)
    except XinqiaoError as error:
        await gateway.writer.do(
            FailJob(ask.query_id, ask.authorisation_id, jti, error.code, error.detail[:60], permit_jws)
        )
        raise
    await gateway.sync_point("before_release", ask.query_id)
    released = await gateway.writer.do(ReleaseJob(permitted, permit_jws, delivered))
    if isinstance(released, Refused):
        return _refused(call, released)
    return Reply(200, release_body(released))


def _ask(call: Call, body: schemas.FundFlowQuery) -> Ask:
    key = SealKey.from_jwk(body.one_time_key.model_dump(exclude_none=True))
    _check_statement(call, body, key.kid)
    assert call.caller is not None
    assert call.idempotency_key is not None

    def render(refused: Refused) -> tuple[int, str]:
        reply = refused_query(call, refused)
        return reply.status, reply.body.decode()

    return Ask(
        query_id=new_id(Prefix.QUERY),
        kind=QueryKind.INSTITUTION,
        via="api",
        institution_id=call.institution_id,
        enterprise_id=None,
        authorisation_id=body.authorisation_id,
        account=body.account,
        product=body.product,
        months=body.months,
        purpose=body.purpose,
        reader=Reader.INSTITUTION_KEY,
        operator_name=body.operator.name,
        department=body.operator.department,
        request_digest=hashlib.sha256(body.statement.encode("ascii")).hexdigest(),
        enc_jwk={name: str(value) for name, value in key.to_jwk().items()},
        fields=frozenset(body.fields),
        idempotency=Idempotency(
            call.institution_id, call.operation.id, call.idempotency_key, call.fingerprint, render
        ),
        nonce=call.caller.nonce,
    )


def _check_statement(call: Call, body: schemas.FundFlowQuery, jkt: str) -> None:
    """The institution's own statement must say what the request says, signed by the key that signed the request."""
    wanted: dict[str, Json] = {
        "iss": call.institution_id,
        "authorisation_id": body.authorisation_id,
        "account": body.account,
        "product": str(body.product),
        "months": body.months,
        "purpose": str(body.purpose),
        "jkt": jkt,
    }
    check_statement(call, body.statement, ArtefactType.QUERY, wanted)


def check_statement(call: Call, statement: str, typ: ArtefactType, wanted: dict[str, Json]) -> None:
    """Check a statement's signature, what it says and its time.

    Raises:
        Unauthenticated: ``SIGNATURE_INVALID``, ``TOKEN_TYPE``, ``CLOCK_SKEW``.
    """
    assert call.caller is not None
    at, key = call.gateway.clock.now(), call.caller.key
    assert key is not None
    if not statement.isascii():
        _bad_statement("not a compact signature")
    claims = verify_jws(statement, {key.kid: key}, typ=typ, at=at)
    differing = sorted(name for name, value in wanted.items() if claims.get(name) != value)
    if differing:
        raise Unauthenticated(
            Code.SIGNATURE_INVALID, "statement and request differ", facts={"items": [*differing]}
        )
    issued = claims.get("iat")
    if type(issued) is not int or not isinstance(claims.get("jti"), str):
        _bad_statement("iat and jti are missing")
    if not is_of_this_moment(issued, at, age=STATEMENT_AGE, skew=_SKEW):
        raise Unauthenticated(Code.CLOCK_SKEW, "the statement is not of this moment")


def _bad_statement(why: str) -> NoReturn:
    raise Unauthenticated(Code.SIGNATURE_INVALID, why)


def _summary(row: QueryRow) -> dict[str, object]:
    return {
        "id": row.id,
        "kind": QueryKind(row.kind),
        "state": row.state,
        "code": row.code or None,
        "reason": row.reason or None,
        "authorisation_id": row.authorisation_id,
        "account": row.account_id,
        "product": row.product,
        "months": row.months,
        "purpose": Purpose(row.purpose) if row.purpose else None,
        "reader": Reader(row.reader),
        "operator": row.operator_name,
        "department": row.department,
        "asked_at": text(row.asked_at),
        "answered_at": text_or_none(row.answered_at),
        "report_no": row.report_no or None,
        "uses_left": row.uses_left,
        "leaf_index": row.leaf_index,
    }


async def get_query(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/fundflow/queries/{id}``: the record; the sealed product only while the authorisation lives.

    While the copy would still be kept, a withdrawal is said as 410; afterwards the record, with the receipt by which the
    institution accounts for its use, stays readable without it.
    """
    query_id = call.path_params["id"]

    def work() -> QueryRow:
        return fundflow.query(actor_of(call), query_id)

    row = await call.gateway.in_thread(work)
    sealed: str | None = None
    kept = row.answered_at is not None and call.gateway.clock.now() < row.answered_at + CIPHER_TTL
    if row.state == "released" and row.reader == Reader.INSTITUTION_KEY and kept:
        again = await call.gateway.writer.do(FetchJob(query_id, row.authorisation_id, call.institution_id))
        if isinstance(again, Refused):
            raise Gone(again.code, "the product is not handed out after a withdrawal")
        sealed = again
    return schemas.QueryView.model_validate(
        {
            **_summary(row),
            "nearest": row.nearest,
            "permit": row.permit or None,
            "receipt": row.receipt or None,
            "product_digest": row.product_digest or None,
            "verify_code": row.verify_code or None,
            "leaf_hash": row.leaf_hash or None,
            "sealed": sealed,
        }
    )


async def list_queries(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/fundflow/queries``."""
    params = call.params
    assert isinstance(params, schemas.QueryParams)

    def work() -> schemas.QueryList:
        rows = fundflow.records(
            actor_of(call),
            state=params.state,
            authorisation_id=params.authorisation_id,
            after=params.cursor or "",
            limit=params.limit + 1,
        )
        items = [schemas.QuerySummary.model_validate(_summary(row)) for row in rows[: params.limit]]
        more = rows[params.limit - 1].id if len(rows) > params.limit else None
        return schemas.QueryList(items=items, next_cursor=more)

    return await call.gateway.in_thread(work)


async def verify_product(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/products/verify``."""
    body = call.body
    assert isinstance(body, schemas.VerifyRequest)

    def work() -> schemas.VerifyAnswer:
        found = fundflow.verify_product(
            at=call.gateway.clock.now(),
            visitor=call.request.client,
            verify_code=body.verify_code,
            receipt=body.receipt,
            digest=body.digest,
        )
        report = None if found.report_no or not body.verify_code else by_code(body.verify_code, body.digest)
        if report is not None:
            return schemas.VerifyAnswer(
                authentic=report.authentic,
                report_no=report.number,
                product=None,
                released_at=text_or_none(report.generated_at),
                leaf_index=report.leaf_index,
                digest_matches=report.digest_matches,
            )
        return schemas.VerifyAnswer(
            authentic=found.authentic,
            report_no=found.report_no or None,
            product=found.product,
            released_at=text_or_none(found.released_at),
            leaf_index=found.leaf_index,
            digest_matches=found.digest_matches,
        )

    return await call.gateway.in_thread(work)
