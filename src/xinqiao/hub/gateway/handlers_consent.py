"""Handlers around authorisations: token, request, follow, find, invite, directory, evidence. Five lines each, no rules.

A code arrives in its one normal form: typing habits are forgiven to people in the portals, not to machines (B7).
"""

import io
from datetime import datetime

from django.conf import settings
from pydantic import BaseModel

import xinqiao
from xinqiao.domain.consent import AuthState, Product
from xinqiao.domain.errors import NotFound
from xinqiao.domain.identifiers import validate_uscc
from xinqiao.domain.period import format_instant
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.audit import selectors as audit
from xinqiao.hub.apps.audit.services import audit_health
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.consents import services as consent_verbs
from xinqiao.hub.apps.consents.models import Artefact
from xinqiao.hub.apps.consents.selectors import AuthorisationRow
from xinqiao.hub.apps.fundflow.protocol import Refused
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity import services as identity_verbs
from xinqiao.hub.gateway import schemas
from xinqiao.hub.gateway.auth import Party, assertion_issuer, verify_assertion
from xinqiao.hub.gateway.http import Reply
from xinqiao.hub.gateway.operations import Call
from xinqiao.hub.gateway.token_job import IssueTokenJob
from xinqiao.hub.ids import Prefix
from xinqiao.trust.keys import KeySet

_PARTIES = {Prefix.SOURCE.value: Party.SOURCE, Prefix.DESK.value: Party.DESK}
_KEYS = {
    Party.INSTITUTION: identity_verbs.institution_keys,
    Party.SOURCE: identity_verbs.source_keys,
    Party.DESK: identity_verbs.desk_keys,
}


def text(at: datetime) -> str:
    """An instant as it travels."""
    return format_instant(at)


def text_or_none(at: datetime | None) -> str | None:
    """The same for an absent one."""
    return None if at is None else format_instant(at)


def actor_of(call: Call, operator: schemas.Operator | None = None) -> InstitutionActor:
    """The institution's system, acting for the person it names. Call it in a thread: it reads the database."""
    return identity.institution_system_actor(
        institution_id=call.institution_id,
        operator_name=operator.name if operator else "",
        department=operator.department if operator else "",
    )


async def issue_token(call: Call) -> BaseModel | Reply:
    """``POST /oauth/token``."""
    body = call.body
    assert isinstance(body, schemas.TokenRequest)
    gateway, at = call.gateway, call.gateway.clock.now()
    issuer = assertion_issuer(body.client_assertion)
    # an identifier says of what kind it is; what it claims to be is then proved by a key of that kind
    party = _PARTIES.get(issuer.partition("-")[0], Party.INSTITUTION)
    keys: KeySet = await gateway.in_thread(lambda: _KEYS[party](issuer))
    audience = f"{settings.XINQIAO_PUBLIC_URL}/oauth/token"
    assertion = verify_assertion(body.client_assertion, keys, audience=audience, at=at)
    issued = await gateway.writer.do(IssueTokenJob(assertion, party, int(settings.ACCESS_TOKEN_SECONDS)))
    if isinstance(issued, Refused):
        raise gateway.recorded(issued)
    return schemas.TokenAnswer(
        access_token=issued,
        token_type="Bearer",  # noqa: S106 - the name of the scheme
        expires_in=int(settings.ACCESS_TOKEN_SECONDS),
        cnf=schemas.Confirmation(jkt=assertion.jkt),
    )


async def request_authorisation(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/authorisation-requests``."""
    body = call.body
    assert isinstance(body, schemas.AuthorisationRequest)
    detail = body.authorization_details[0]
    accounts = None if detail.accounts == "subject_choice" else frozenset(detail.accounts)
    products = frozenset(Product(name.partition(":")[0]) for name in detail.datatypes)

    def work() -> schemas.AuthorisationRequested:
        row = consent_verbs.request_authorisation(
            actor=actor_of(call, body.operator),
            subject_uscc=validate_uscc(body.subject_uscc, field="subject_uscc", canonical=True),
            purpose=body.purpose,
            business_ref=body.business_ref,
            products=products,
            months=detail.data_range.months,
            valid_days=detail.valid.days,
            max_queries=detail.frequency.max,
            include_balance=detail.include_balance,
            accounts=accounts,
            reader=body.reader,
            message=body.message,
            at=call.gateway.clock.now(),
        )
        return schemas.AuthorisationRequested(
            id=row.id,
            request_no=row.request_no,
            state=AuthState(row.state),
            request_expires_at=text(row.request_expires_at),
            links=schemas.Links(self=f"/api/v1/authorisations/{row.id}"),
        )

    return await call.gateway.in_thread(work)


def _products(products: frozenset[Product]) -> list[Product]:
    return sorted(products)


def _summary(row: AuthorisationRow) -> dict[str, object]:
    return {
        "id": row.id,
        "request_no": row.request_no,
        "authorisation_no": row.authorisation_no,
        "subject_uscc": row.enterprise_uscc,
        "subject_name": row.enterprise_name,
        "purpose": row.purpose,
        "business_ref": row.business_ref,
        "state": row.visible,
        "requested_at": text(row.requested_at),
        "request_expires_at": text(row.request_expires_at),
        "uses": row.uses,
        "reader": row.reader,
    }


def _granted(row: AuthorisationRow) -> schemas.GrantedScope | None:
    granted = row.granted
    if granted is None or row.valid_from is None or row.valid_to is None:
        return None
    return schemas.GrantedScope(
        datatypes=_products(granted.products),
        accounts=[
            schemas.GrantedAccount(
                link=one.id, masked=one.masked, bank_name=one.bank_name, node=one.node_id, live=one.live
            )
            for one in row.accounts
        ],
        months=granted.months_back,
        max_queries=granted.max_queries,
        include_balance=granted.include_balance,
        valid_from=text(row.valid_from),
        valid_to=text(row.valid_to),
        partly=row.partly,
    )


def _view(row: AuthorisationRow, artefacts: list[Artefact]) -> schemas.AuthorisationView:
    asked = row.asked
    return schemas.AuthorisationView.model_validate(
        {
            **_summary(row),
            "requested": schemas.AskedScope(
                datatypes=_products(asked.products),
                accounts=None if row.asked_all_accounts else sorted(asked.accounts),
                months=asked.months_back,
                valid_days=asked.valid_days,
                max_queries=asked.max_queries,
                include_balance=asked.include_balance,
            ),
            "granted": _granted(row),
            "decided_at": text_or_none(row.decided_at),
            "refusal_reason": row.refusal_reason or None,
            "withdrawn_at": text_or_none(row.withdrawn_at),
            "artefacts": [
                schemas.ArtefactView(
                    seq=one.seq, type=one.type, jws=one.jws, digest=one.digest, signed_at=text(one.signed_at)
                )
                for one in artefacts
            ],
            "allowed_actions": ["query"] if row.live else [],
        }
    )


async def get_authorisation(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/authorisations/{id}``."""
    authorisation_id = call.path_params["id"]

    def work() -> schemas.AuthorisationView:
        actor, at = actor_of(call), call.gateway.clock.now()
        row = consents.authorisation(actor, authorisation_id, at=at)
        return _view(row, consents.artefacts(actor, authorisation_id))

    return await call.gateway.in_thread(work)


async def list_authorisations(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/authorisations``."""
    params = call.params
    assert isinstance(params, schemas.AuthorisationParams)

    def work() -> schemas.AuthorisationList:
        rows = consents.authorisations(
            actor_of(call),
            at=call.gateway.clock.now(),
            state=params.state,
            subject_uscc=params.subject_uscc or "",
            after=params.cursor or "",
            limit=params.limit + 1,
        )
        items = [schemas.AuthorisationSummary.model_validate(_summary(row)) for row in rows[: params.limit]]
        more = rows[params.limit - 1].id if len(rows) > params.limit else None
        return schemas.AuthorisationList(items=items, next_cursor=more)

    return await call.gateway.in_thread(work)


async def find_enterprise(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/enterprises/{uscc}``."""

    def work() -> schemas.EnterpriseAnswer:
        found = identity.find_enterprise(
            actor_of(call), uscc=validate_uscc(call.path_params["uscc"], canonical=True)
        )
        return schemas.EnterpriseAnswer(
            uscc=found.uscc, has_data_account=found.has_data_account, name=found.name
        )

    return await call.gateway.in_thread(work)


async def invite_enterprise(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/invitations``."""
    body = call.body
    assert isinstance(body, schemas.InvitationRequest)

    def work() -> schemas.InvitationAnswer:
        row = identity_verbs.invite_enterprise(
            actor=actor_of(call, body.operator),
            uscc=validate_uscc(body.uscc, canonical=True),
            message=body.message,
            at=call.gateway.clock.now(),
        )
        return schemas.InvitationAnswer(
            id=row.id, uscc=row.uscc, state=row.state, created_at=text(row.created_at)
        )

    return await call.gateway.in_thread(work)


async def get_directory(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/directory``."""
    return schemas.DirectoryAnswer(directory=await call.gateway.directory())


async def get_checkpoint(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/checkpoints/latest``."""

    def work() -> schemas.CheckpointAnswer:
        found = audit.checkpoints(limit=1)
        if not found:
            raise NotFound
        head = found[0]
        return schemas.CheckpointAnswer(
            size=head.size, root=bytes(head.root).hex(), note=head.note, at=text(head.at)
        )

    return await call.gateway.in_thread(work)


async def export_ledger(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/ledger``: one file that ``xinqiao verify`` checks offline."""

    def work() -> bytes:
        out = io.BytesIO()
        audit.write_ledger(actor_of(call), out, at=call.gateway.clock.now())
        return out.getvalue()

    return Reply(200, await call.gateway.in_thread(work), call.operation.media_type)


async def health(call: Call) -> BaseModel | Reply:
    """``GET /healthz``."""

    def work() -> schemas.HealthAnswer:
        found = audit_health(call.gateway.clock.now())
        return schemas.HealthAnswer(
            status="failing" if found.failing else "ok",
            version=xinqiao.__version__,
            log_size=found.size,
            checkpoint_size=found.checkpoint_size,
        )

    return await call.gateway.in_thread(work)


async def openapi(call: Call) -> BaseModel | Reply:
    """``GET /openapi.json``."""
    return Reply(200, call.gateway.openapi)
