"""Handlers about items: ask, follow, call, verify. The values of a claim pass through memory only."""

import hashlib

import orjson
from django.conf import settings
from pydantic import BaseModel

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.consent import AuthState
from xinqiao.domain.errors import XinqiaoError
from xinqiao.domain.identifiers import validate_uscc
from xinqiao.domain.items import ItemGrant, ItemKind, permit_claims
from xinqiao.domain.period import format_instant
from xinqiao.domain.verification import next_slot
from xinqiao.hub.apps.fundflow.answer import refusal_of_node
from xinqiao.hub.apps.fundflow.idempotency import Idempotency
from xinqiao.hub.apps.fundflow.protocol import Refused, Repeated
from xinqiao.hub.apps.fundflow.services import refusal
from xinqiao.hub.apps.items import requests as verbs
from xinqiao.hub.apps.items import selectors as items
from xinqiao.hub.apps.items.delivery import ADDRESS, check_item_delivery
from xinqiao.hub.apps.items.release import (
    ItemFailJob,
    ItemPermitJob,
    ItemPermitted,
    ItemReleased,
    ItemReleaseJob,
)
from xinqiao.hub.apps.items.rows import ItemRequest
from xinqiao.hub.apps.items.scopes import StatedClaim
from xinqiao.hub.gateway import schemas, schemas_items
from xinqiao.hub.gateway import views_items as view
from xinqiao.hub.gateway.handlers_consent import actor_of, text
from xinqiao.hub.gateway.handlers_query import check_statement, leaf_json, refused_query
from xinqiao.hub.gateway.http import Reply
from xinqiao.hub.gateway.operations import Call
from xinqiao.hub.gateway.problems import PROBLEM
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.keys import SealKey


async def request_items(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/items/authorisation-requests``."""
    body = call.body
    assert isinstance(body, schemas_items.ItemsRequest)
    at = call.gateway.clock.now()

    def work() -> schemas.AuthorisationRequested:
        row = verbs.request_items(
            actor=actor_of(call, body.operator),
            subject_uscc=validate_uscc(body.subject_uscc, field="subject_uscc", canonical=True),
            purpose=body.purpose,
            business_ref=body.business_ref,
            grants=frozenset(ItemGrant(one.item, frozenset(one.fields)) for one in body.items),
            claims=[_stated(call, one) for one in body.claims],
            valid_days=body.valid.days,
            max_queries=body.frequency.max,
            report=body.report,
            message=body.message,
            at=at,
        )
        return schemas.AuthorisationRequested(
            id=row.id,
            request_no=row.request_no,
            state=AuthState(row.state),
            request_expires_at=text(row.request_expires_at),
            links=schemas.Links(self=f"/api/v1/items/authorisations/{row.id}"),
        )

    return await call.gateway.in_thread(work)


async def get_authorisation(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/items/authorisations/{id}``."""

    def work() -> schemas_items.ItemAuthorisationView:
        actor, authorisation_id = actor_of(call), call.path_params["id"]
        row = items.authorisation(actor, authorisation_id, at=call.gateway.clock.now())
        return view.authorisation(row, items.artefacts(actor, authorisation_id))

    return await call.gateway.in_thread(work)


async def list_authorisations(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/items/authorisations``."""
    params = call.params
    assert isinstance(params, schemas.AuthorisationParams)

    def work() -> schemas_items.ItemAuthorisationList:
        rows = items.authorisations(
            actor_of(call),
            at=call.gateway.clock.now(),
            state=params.state,
            subject_uscc=params.subject_uscc or "",
            after=params.cursor or "",
            limit=params.limit + 1,
        )
        return schemas_items.ItemAuthorisationList(
            items=[view.authorisation_summary(row) for row in rows[: params.limit]],
            next_cursor=rows[params.limit - 1].id if len(rows) > params.limit else None,
        )

    return await call.gateway.in_thread(work)


async def query_item(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/items/queries``: permit → call → release."""
    body = call.body
    assert isinstance(body, schemas_items.ItemQueryRequest)
    key = SealKey.from_jwk(body.one_time_key.model_dump(exclude_none=True))
    fields = frozenset(body.fields)
    wanted: dict[str, Json] = {
        "iss": call.institution_id,
        "authorisation_id": body.authorisation_id,
        "item": body.item,
        "fields": [*sorted(fields)],
        "claim": None,
        "purpose": str(body.purpose),
        "jkt": key.kid,
    }
    check_statement(call, body.statement, ArtefactType.ITEM_QUERY, wanted)
    ask = _ask(
        call, body, item=body.item, fields=fields, enc_jwk={n: str(v) for n, v in key.to_jwk().items()}
    )
    return await _answered(call, ask, {"query": body.statement})


async def verify_claim(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/verifications``: permit → call → release; the answer is yes or no."""
    body = call.body
    assert isinstance(body, schemas_items.VerificationRequest)
    stated = _stated(call, body.claim)
    claim = stated.claim
    wanted: dict[str, Json] = {
        "iss": call.institution_id,
        "authorisation_id": body.authorisation_id,
        "item": claim.item,
        "fields": [*sorted(claim.fields)],
        "claim": stated.digest,
        "purpose": str(body.purpose),
        "jkt": None,
    }
    check_statement(call, body.statement, ArtefactType.ITEM_QUERY, wanted)
    # known again whatever its salt, by a key that never leaves the platform
    guess = runtime.blind_index(
        "claim", canonical_bytes({"item": claim.item, "values": {**claim.values}}).decode()
    )
    ask = _ask(call, body, item=claim.item, fields=claim.fields, claim=stated.digest, guess=guess)
    values: dict[str, Json] = {**body.claim.values}
    return await _answered(
        call, ask, {"query": body.statement, "claim": {"values": values, "salt": body.claim.salt}}
    )


async def get_query(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/items/queries/{id}``."""
    return await call.gateway.in_thread(
        lambda: view.query(items.query(actor_of(call), call.path_params["id"]))
    )


async def list_queries(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/items/queries``."""
    params = call.params
    assert isinstance(params, schemas_items.ItemQueryParams)

    def work() -> schemas_items.ItemQueryList:
        rows = items.queries(
            actor_of(call),
            state=params.state or "",
            authorisation_id=params.authorisation_id or "",
            after=params.cursor or "",
            limit=params.limit + 1,
        )
        return schemas_items.ItemQueryList(
            items=[view.query_summary(row) for row in rows[: params.limit]],
            next_cursor=rows[params.limit - 1].id if len(rows) > params.limit else None,
        )

    return await call.gateway.in_thread(work)


def _stated(call: Call, stated: schemas_items.StatedValues) -> StatedClaim:
    return verbs.stated_claim(stated.item, dict(stated.values), stated.salt, at=call.gateway.clock.now())


def _ask(
    call: Call,
    body: schemas_items.ItemQueryRequest | schemas_items.VerificationRequest,
    *,
    item: str,
    fields: frozenset[str],
    claim: str | None = None,
    guess: str = "",
    enc_jwk: dict[str, str] | None = None,
) -> ItemRequest:
    assert call.caller is not None
    assert call.idempotency_key is not None

    def render(refused: Refused) -> tuple[int, str]:
        reply = refused_query(call, refused)
        return reply.status, reply.body.decode()

    return ItemRequest(
        query_id=new_id(Prefix.ITEM_QUERY),
        institution_id=call.institution_id,
        authorisation_id=body.authorisation_id,
        item=item,
        item_fields=fields,
        purpose=body.purpose,
        operator_name=body.operator.name,
        department=body.operator.department,
        request_digest=hashlib.sha256(body.statement.encode("ascii")).hexdigest(),
        claim=claim,
        guess=guess,
        enc_jwk=enc_jwk,
        idempotency=Idempotency(
            call.institution_id, call.operation.id, call.idempotency_key, call.fingerprint, render
        ),
        nonce=call.caller.nonce,
    )


async def _answered(call: Call, ask: ItemRequest, sent: dict[str, Json]) -> Reply:
    result = await call.gateway.writer.do(ItemPermitJob(ask, settings.XINQIAO_HUB_ID, runtime.item_budgets))
    match result:
        case Refused():
            return refused_reply(call, result)
        case Repeated(status, stored):
            return Reply(status, stored.encode(), PROBLEM)
        case ItemPermitted():
            arrived = call.gateway.pace.now()
            try:
                return await _call_and_release(call, result, sent)
            finally:
                if ask.kind is ItemKind.VERIFICATION:
                    # whatever the node said and however long it took, it goes out at a tick (abuse case E1)
                    ready = call.gateway.pace.now()
                    await call.gateway.pace.until(next_slot(arrived, ready, settings.ITEM_GRID_MS / 1000))


async def _call_and_release(call: Call, permitted: ItemPermitted, sent: dict[str, Json]) -> Reply:
    gateway, ask = call.gateway, permitted.ask
    permit_jws = sign_jws(permit_claims(permitted.permit), runtime.hub_key, ArtefactType.ITEM_PERMIT)
    body: dict[str, Json] = {"permit": permit_jws, "authorisation": permitted.authorisation_jws, **sent}
    try:
        address = await gateway.node_address(permitted.permit.node)
        answer = await gateway.nodes.call(address, ADDRESS[ItemKind(ask.kind)], body)
        if not answer.ok:
            raise refusal_of_node(answer.status, answer.code)
        delivered = check_item_delivery(answer.body, permitted.permit, permit_jws, address.keys)
    except XinqiaoError as error:
        await gateway.writer.do(
            ItemFailJob(
                ask.query_id,
                ask.authorisation_id,
                ask.item,
                permitted.permit.jti,
                error.code,
                error.detail[:60],
                permit_jws,
            )
        )
        raise
    await gateway.sync_point("before_release", ask.query_id)
    released = await gateway.writer.do(ItemReleaseJob(permitted, permit_jws, delivered))
    if isinstance(released, Refused):
        return refused_reply(call, released)
    return Reply(200, _released(released))


def _released(released: ItemReleased) -> bytes:
    return orjson.dumps(
        {
            "id": released.ask.query_id,
            "state": "released",
            "answer": released.delivered.answer,
            "receipt": released.delivered.receipt,
            "permit": released.permit,
            "use_leaf": leaf_json(released.leaf.index, released.leaf.hash),
            "uses_left": released.uses_left,
            "answer_no": released.delivered.answer_no,
            "released_at": format_instant(released.leaf.at),
        }
    )


def refused_reply(call: Call, refused: Refused) -> Reply:
    """A recorded refusal as it goes out; under an idempotency key as it was stored."""
    if refused.body is not None:
        return Reply(refusal(refused).status, refused.body.encode(), PROBLEM)
    return refused_query(call, refused)
