"""The permanent cast of the consent tests, and the strategies that vary it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from xinqiao.domain.consent import (
    Authorisation,
    AuthState,
    Entrustment,
    Permit,
    Product,
    Purpose,
    QueryAsk,
    QueryKind,
    Reader,
    Scope,
    authorisation_claims,
    entrustment_claims,
    grant,
    sealed,
)

T0 = datetime(2026, 5, 1, 1, 2, 3, 456789, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
FIRM, OTHER_FIRM = "91140105MA0DEM013B", "91140106MA0DEM0567"
BANK, OUTSIDER = "inst:chenghu", "inst:lanjiang"
NODE, OTHER_NODE = "node:yuanshan", "node:songlin"
DIGEST = "a" * 64

SCOPE = Scope(
    accounts=frozenset({"link:1", "link:2"}),
    products=frozenset({Product.REPORT}),
    months_back=24,
    valid_days=30,
    max_queries=6,
    include_balance=False,
    purpose=Purpose.LOAN_APPLICATION,
)


def claims_of(authorisation: Authorisation) -> dict:
    return authorisation_claims(
        authorisation,
        issuer="hub:demo",
        signatory="person:1",
        signed_at=T0,
        shown_digest=DIGEST,
        reader=Reader.INSTITUTION_KEY,
        business_ref="A-2026-1",
    )


def an_authorisation(**changes: object) -> Authorisation:
    fresh = grant(id="auth:1", subject=FIRM, institution=BANK, scope=SCOPE, at=T0)
    return replace(sealed(fresh, claims_of(fresh)), **changes)


def entrustment_payload(entrustment: Entrustment) -> dict:
    return entrustment_claims(entrustment, issuer="hub:demo", signatory="person:1", agreement_digest=DIGEST)


def an_entrustment(**changes: object) -> Entrustment:
    plain = Entrustment("ent:1", FIRM, NODE, "link:1", frozenset(Product), "2026-1", T0)
    return replace(Entrustment.from_claims(entrustment_payload(plain)), **changes)


def an_ask(**changes: object) -> QueryAsk:
    ask = QueryAsk("auth:1", FIRM, BANK, "link:1", Product.REPORT, 12, Purpose.LOAN_APPLICATION)
    return replace(ask, **changes)


def a_permit(**changes: object) -> Permit:
    permit = Permit(
        jti="permit:1",
        hub="hub:demo",
        node=NODE,
        institution=BANK,
        subject=FIRM,
        account="link:1",
        product=Product.REPORT,
        months=12,
        include_balance=False,
        purpose=Purpose.LOAN_APPLICATION,
        query_kind=QueryKind.INSTITUTION,
        reader=Reader.INSTITUTION_KEY,
        authorisation_id="auth:1",
        authorisation_digest=an_authorisation().artefact_digest,
        entrustment_id="ent:1",
        entrustment_digest=an_entrustment().digest,
        enc_jwk={"kty": "OKP", "crv": "X25519", "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"},
        request_digest="b" * 64,
        issued_at=T0,
        expires_at=T0 + timedelta(seconds=30),
    )
    return replace(permit, **changes)


def a_self_permit(**changes: object) -> Permit:
    return a_permit(
        query_kind=QueryKind.SELF,
        institution=None,
        purpose=None,
        authorisation_id=None,
        authorisation_digest=None,
        reader=Reader.HUB_DISPLAY,
        **changes,
    )


LINKS = st.sampled_from(["link:1", "link:2", "link:3"])
instants = st.integers(-40 * 86_400, 40 * 86_400).map(lambda s: T0 + timedelta(seconds=s))


def scopes(purposes: st.SearchStrategy[Purpose] | None = None) -> st.SearchStrategy[Scope]:
    return st.builds(
        Scope,
        accounts=st.frozensets(LINKS),
        products=st.frozensets(st.sampled_from(Product)),
        months_back=st.integers(1, 36),
        valid_days=st.integers(1, 30),
        max_queries=st.integers(1, 30),
        include_balance=st.booleans(),
        purpose=st.just(Purpose.LOAN_APPLICATION) if purposes is None else purposes,
    )


asks = st.builds(
    QueryAsk,
    authorisation_id=st.sampled_from([None, "auth:1", "auth:2"]),
    subject=st.sampled_from([FIRM, FIRM, FIRM, OTHER_FIRM]),
    institution=st.sampled_from([BANK, BANK, BANK, OUTSIDER]),
    account=LINKS,
    product=st.sampled_from(Product),
    months=st.integers(1, 60),
    purpose=st.sampled_from([None, *Purpose]) | st.just(Purpose.LOAN_APPLICATION),
    fields=st.just(frozenset()) | st.just(frozenset({"*"})),
)
authorisations = st.builds(
    an_authorisation,
    scope=scopes() | scopes(st.sampled_from(Purpose)),
    uses=st.integers(0, 8),
    state=st.sampled_from([AuthState.CONFIRMED] * 5 + list(AuthState)),
    withdrawn_at=st.sampled_from([None, None, None, T0]),
)
entrustments = st.builds(
    an_entrustment,
    account=LINKS,
    products=st.frozensets(st.sampled_from(Product)),
    subject=st.sampled_from([FIRM, FIRM, OTHER_FIRM]),
    ended_at=st.sampled_from([None, None, T0]),
)
