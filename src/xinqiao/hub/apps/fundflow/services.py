"""Verbs of the portals: self query, display to an institution, statements. The API's way is in ``gateway``.

In both queries here the hub opens the product in memory, with a key it makes for that one page and forgets
(代为显示，不留存): nothing of the content is stored, logged, cached or queued. What is kept is the record of the use.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import transaction

from xinqiao.clock import Clock
from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Nearest, Product, Purpose, QueryKind, Reader, permit_claims
from xinqiao.domain.errors import (
    Code,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    ProviderFault,
    ProviderTimeout,
    TooMany,
    Unauthenticated,
    Unavailable,
    XinqiaoError,
)
from xinqiao.hub.actors import AgentScope, EnterpriseActor, InstitutionActor, InstitutionRole
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.consents.models import Authorisation, Binding
from xinqiao.hub.apps.fundflow.answer import check_delivery, node_request, refusal_of_node
from xinqiao.hub.apps.fundflow.jobs import FailJob
from xinqiao.hub.apps.fundflow.models import Statement
from xinqiao.hub.apps.fundflow.protocol import Ask, Delivered, Permitted, Refused, Released
from xinqiao.hub.apps.fundflow.release import PermitJob, ReleaseJob
from xinqiao.hub.apps.fundflow.transaction import run_now
from xinqiao.hub.apps.identity.services import node_address, require_capacity
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.node_client import NodeAddress, NodeClient
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jwe import MAX_PLAINTEXT_BYTES, open_sealed
from xinqiao.trust.jws import ArtefactType, sign_jws, verify_jws
from xinqiao.trust.keys import OpenKey
from xinqiao.trust.packing import unpack


@dataclass(frozen=True, slots=True)
class Opened:
    """A released product, opened in memory for one page. Do not store it.

    ``product`` is the product's JSON as the node signed it; ``signed`` the node's signature over it (JWS), which a
    download of the report carries.
    """

    released: Released = field(repr=False)
    enterprise_id: str
    node_id: str
    product: dict[str, Json] = field(repr=False)
    signed: str = field(repr=False)

    @property
    def query_id(self) -> str:
        """Id of the query in the records."""
        return self.released.query_id

    @property
    def report_no(self) -> str:
        """The report's number."""
        return self.released.report_no

    @property
    def verify_code(self) -> str:
        """The code of the verification page."""
        return self.released.verify_code

    @property
    def released_at(self) -> datetime:
        """The instant of the leaf."""
        return self.released.released_at

    @property
    def leaf_index(self) -> int:
        """The leaf of this use."""
        return self.released.leaf_index


def refusal(refused: Refused) -> XinqiaoError:
    """The error that stands for a recorded no; its facts carry reason, leaf and the nearest allowed request."""
    facts = {"reason": refused.reason, **refused.facts}
    if refused.leaf is not None:
        facts["denial_leaf"] = refused.leaf.index
    if refused.query_id is not None:
        facts["query"] = refused.query_id
    if isinstance(refused.nearest, Nearest):
        facts["nearest_account"] = refused.nearest.account
        facts["nearest_product"] = str(refused.nearest.product)
        facts["nearest_months"] = refused.nearest.months
    match refused.code:
        case Code.NOT_FOUND:
            return NotFound()
        case Code.REPLAYED | Code.UNAUTHENTICATED:
            return Unauthenticated(refused.code, refused.reason, facts=facts)
        case Code.AUDIT_UNAVAILABLE:
            return Unavailable(refused.code, refused.reason, facts=facts)
        case Code.PROVIDER_UNAVAILABLE:
            return ProviderFault(refused.code, refused.reason, facts=facts)
        case Code.PROVIDER_TIMEOUT:
            return ProviderTimeout(refused.code, refused.reason, facts=facts)
        case Code.GONE_EXPIRED | Code.GONE_REVOKED:
            return Gone(refused.code, refused.reason, facts=facts)
        case Code.IDEMPOTENCY_IN_FLIGHT:
            return Conflict(refused.code, refused.reason, facts=facts)
        case Code.VERIFICATION_BUDGET:
            return TooMany(refused.code, refused.reason, facts=facts)
        case Code.IDEMPOTENCY_MISMATCH:
            return Invalid(refused.code, refused.reason, facts=facts)
        case _:
            return Forbidden(refused.code, refused.reason, facts=facts)


def self_query(
    *,
    actor: EnterpriseActor,
    binding_id: str,
    product: Product,
    months: int,
    client: NodeClient,
    clock: Clock | None = None,
) -> Opened:
    """自主查询: the enterprise reads its own information (fund-flow rules 6). Recorded as such, no use is counted.

    Raises:
        NotFound: not an account of this enterprise. Forbidden: ``SUBJECT_NOT_AUTHORISED``, ``ENTRUSTMENT_*``,
            ``SCOPE_EXCEEDED``. ProviderFault, ProviderTimeout: the source failed; recorded. Unavailable: fail closed.
    """
    clock = clock or runtime.clock
    require_capacity(actor, AgentScope.QUERY, clock.now())
    if not Binding.objects.for_viewer(actor).filter(id=binding_id).exists():
        raise NotFound
    key = OpenKey.generate()
    query_id = new_id(Prefix.QUERY)
    ask = Ask(
        query_id=query_id,
        kind=QueryKind.SELF,
        via="portal",
        institution_id=None,
        enterprise_id=actor.enterprise_id,
        authorisation_id=None,
        account=binding_id,
        product=product,
        months=months,
        purpose=None,
        reader=Reader.HUB_DISPLAY,
        operator_name="",
        department="",
        request_digest=_digest(query_id),
        enc_jwk=public_jwk(key),
    )
    return _ask_and_open(ask, key, client, clock)


def display_query(
    *,
    actor: InstitutionActor,
    authorisation_id: str,
    account_id: str,
    product: Product,
    months: int,
    client: NodeClient,
    clock: Clock | None = None,
) -> Opened:
    """An institution's operator reads a product in the hub's portal; the hub opens it for that one page.

    Only where the subject agreed to that reader (the consent card said 代为显示).

    Raises:
        NotFound: no authorisation of this institution. Forbidden: ``ROLE_FORBIDDEN``, ``CONSENT_*``, ``SCOPE_EXCEEDED`` …
        ProviderFault, ProviderTimeout, Unavailable: as :func:`self_query`.
    """
    clock = clock or runtime.clock
    # the person at the keyboard decides, never the portal's own rights (abuse case A10)
    if InstitutionRole.QUERY_OPERATOR not in actor.roles:
        raise Forbidden(Code.ROLE_FORBIDDEN, "a query operator asks", facts={"role": "query_operator"})
    row = Authorisation.objects.for_viewer(actor).filter(id=authorisation_id).first()
    if row is None:
        raise NotFound
    key = OpenKey.generate()
    query_id = new_id(Prefix.QUERY)
    ask = Ask(
        query_id=query_id,
        kind=QueryKind.INSTITUTION,
        via="portal",
        institution_id=actor.institution_id,
        enterprise_id=None,
        authorisation_id=authorisation_id,
        account=account_id,
        product=product,
        months=months,
        purpose=Purpose(row.purpose),
        reader=Reader.HUB_DISPLAY,
        operator_name=actor.operator_name,
        department=actor.department,
        request_digest=_digest(query_id),
        enc_jwk=public_jwk(key),
    )
    return _ask_and_open(ask, key, client, clock)


def public_jwk(key: OpenKey) -> dict[str, str]:
    """The public half as a permit carries it."""
    return {name: str(value) for name, value in key.public.to_jwk().items()}


def _digest(query_id: str) -> str:
    # no institution's statement exists here: the permit is bound to the query's own id
    return hashlib.sha256(query_id.encode("ascii")).hexdigest()


def _ask_and_open(ask: Ask, key: OpenKey, client: NodeClient, clock: Clock) -> Opened:
    permitted = run_now(PermitJob(ask, settings.XINQIAO_HUB_ID), clock=clock)
    if isinstance(permitted, Refused):
        raise _told(permitted)
    assert isinstance(permitted, Permitted)
    permit_jws = sign_jws(permit_claims(permitted.permit), runtime.hub_key, ArtefactType.PERMIT)
    try:
        address = node_address(permitted.node_id)
        delivered = _deliver(permitted, permit_jws, address, client)
        # opened before the release, so that what cannot be opened is never counted as used
        product, signed = open_product(delivered.product, key, permitted, address)
    except XinqiaoError as error:
        fail = FailJob(
            ask.query_id,
            ask.authorisation_id,
            permitted.permit.jti,
            error.code,
            error.detail[:60],
            permit_jws,
        )
        run_now(fail, clock=clock)
        error.facts.setdefault("query", ask.query_id)  # so that a page can lead to the record of the fault
        raise
    released = run_now(ReleaseJob(permitted, permit_jws, delivered), clock=clock)
    if isinstance(released, Refused):
        raise _told(released)
    return Opened(released, permitted.enterprise_id, permitted.node_id, product, signed)


def _told(refused: Refused) -> XinqiaoError:
    """The error of a refusal that has its leaf, and says so also where its facts say nothing else (404)."""
    error = refusal(refused)
    if refused.leaf is not None:
        error.facts["denial_leaf"] = refused.leaf.index
    return error


def _deliver(permitted: Permitted, permit_jws: str, address: NodeAddress, client: NodeClient) -> Delivered:
    answer = client.call(address, "/node/v1/products", node_request(permitted, permit_jws, None))
    if not answer.ok:
        raise refusal_of_node(answer.status, answer.code)
    return check_delivery(answer.body, permitted.permit, permit_jws, address.keys)


def open_product(
    sealed: str, key: OpenKey, permitted: Permitted, address: NodeAddress
) -> tuple[dict[str, Json], str]:
    """Open a sealed product in memory and check that the node signed it for this permit.

    Raises:
        ProviderFault: ``PROVIDER_INVALID``.
    """
    permit = permitted.permit
    try:
        signed = unpack(open_sealed(sealed, key), max_bytes=MAX_PLAINTEXT_BYTES)
        claims = verify_jws(
            signed,
            address.keys,
            typ=ArtefactType.PRODUCT,
            at=permit.issued_at,
            max_bytes=2 * MAX_PLAINTEXT_BYTES,
        )
    except (XinqiaoError, ValueError) as error:
        raise ProviderFault(Code.PROVIDER_INVALID, "the product does not open") from error
    product = claims.get("product")
    wanted = {"jti": permit.jti, "sub": permit.subject, "account": permit.account}
    if not isinstance(product, dict) or any(claims.get(name) != value for name, value in wanted.items()):
        raise ProviderFault(Code.PROVIDER_INVALID, "the product is about something else")
    return product, signed


def add_statement(*, actor: EnterpriseActor, text: str, binding_id: str | None, at: datetime) -> Statement:
    """声明: attach a short text to the enterprise's data or to one account (fund-flow rules 8).

    Raises:
        Invalid: blank, or longer than 300 characters. NotFound: not an account of this enterprise.
    """
    words = text.strip()
    if not words or len(words) > 300:
        raise Invalid(Code.INVALID, "1 to 300 characters", facts={"field": "text", "max": 300})
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.OBJECT, at)
        if binding_id is not None and not Binding.objects.for_viewer(actor).filter(id=binding_id).exists():
            raise NotFound
        row = Statement.objects.create(
            enterprise_id=actor.enterprise_id, binding_id=binding_id, text=words, created_at=at
        )
        append_leaf(
            type="STATEMENT",
            at=at,
            facts={"act": "statement_made", "length": len(words)},
            refs=Refs(subject=actor.enterprise_id, account=binding_id),
            personal={"text": words},
        )
    return row


def withdraw_statement(*, actor: EnterpriseActor, statement_id: int, at: datetime) -> None:
    """Take a statement back; reports made from now on do not carry it. Raises NotFound."""
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.OBJECT, at)
        rows = Statement.objects.for_viewer(actor).filter(id=statement_id, withdrawn_at__isnull=True)
        if rows.update(withdrawn_at=at) != 1:
            raise NotFound
        append_leaf(
            type="STATEMENT",
            at=at,
            facts={"act": "statement_withdrawn"},
            refs=Refs(subject=actor.enterprise_id),
        )
