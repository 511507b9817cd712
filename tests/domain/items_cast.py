"""The permanent cast of the tests about items: a firm, a bank, a department, two claims and their consents."""

from dataclasses import replace
from datetime import timedelta

from tests.domain.consent_cast import BANK, DIGEST, FIRM, NODE, T0

from xinqiao import catalogue
from xinqiao.domain.consent import Purpose
from xinqiao.domain.items import (
    ClaimGrant,
    ItemAsk,
    ItemAuthorisation,
    ItemGrant,
    ItemKind,
    ItemPermit,
    ItemScope,
    ItemTerms,
    PersonConsent,
    authorisation_claims,
    grant,
    sealed,
)

CATALOGUE = catalogue.load()
TERMS = {item.id: ItemTerms.of(item) for item in CATALOGUE.items.values()}
ARREARS, MARRIAGE, HOUSE = "historical_tax_arrears", "legal_rep_marital_status", "real_estate_registration"
SHAREHOLDERS, POWER = "shareholder_contribution", "electricity_fee"
ARREARS_FIELDS = frozenset({"ent_name", "uscc", "tax_type", "arrears_amount", "status"})
MARRIAGE_CLAIM = ClaimGrant(MARRIAGE, TERMS[MARRIAGE].required, "1" * 64)
HOUSE_CLAIM = ClaimGrant(HOUSE, TERMS[HOUSE].required, "2" * 64)
SEPARATE = PersonConsent("person:1", frozenset({MARRIAGE}), written=False, text_digest=DIGEST)
WRITTEN = PersonConsent("person:1", frozenset({HOUSE}), written=True, text_digest="b" * 64)

SCOPE = ItemScope(
    grants=frozenset(
        {
            ItemGrant(ARREARS, ARREARS_FIELDS),
            ItemGrant(SHAREHOLDERS, TERMS[SHAREHOLDERS].fields),
            ItemGrant(POWER, frozenset({"uscc", "period"})),
        }
    ),
    claims=frozenset({MARRIAGE_CLAIM, HOUSE_CLAIM}),
    purpose=Purpose.LOAN_APPLICATION,
    valid_days=30,
    max_queries=6,
)


def claims_of(authorisation: ItemAuthorisation) -> dict:
    return authorisation_claims(
        authorisation,
        issuer="hub:demo",
        signatory="person:1",
        signed_at=T0,
        shown_digest=DIGEST,
        business_ref="A-2026-1",
    )


def an_authorisation(**changes: object) -> ItemAuthorisation:
    fresh = grant(
        id="ita:1", subject=FIRM, institution=BANK, scope=SCOPE, persons=frozenset({SEPARATE, WRITTEN}), at=T0
    )
    return replace(sealed(fresh, claims_of(fresh)), **changes)


def an_ask(**changes: object) -> ItemAsk:
    ask = ItemAsk(
        "ita:1", FIRM, BANK, ARREARS, frozenset({"uscc", "arrears_amount"}), Purpose.LOAN_APPLICATION
    )
    return replace(ask, **changes)


def a_claim_ask(claim: ClaimGrant, **changes: object) -> ItemAsk:
    return an_ask(item=claim.item, fields=claim.fields, claim=claim.digest, **changes)


def a_permit(ask: ItemAsk, **changes: object) -> ItemPermit:
    verifies = ask.kind is ItemKind.VERIFICATION
    permit = ItemPermit(
        jti="permit:1",
        hub="hub:demo",
        node=NODE,
        institution=ask.institution,
        subject=ask.subject,
        kind=ask.kind,
        item=ask.item,
        fields=ask.fields,
        claim=ask.claim,
        purpose=ask.purpose,
        authorisation_id="ita:1",
        authorisation_digest=an_authorisation().artefact_digest,
        enc_jwk=None if verifies else {"kty": "OKP", "crv": "X25519", "x": "AAAA"},
        request_digest=DIGEST,
        issued_at=T0,
        expires_at=T0 + timedelta(seconds=30),
    )
    return replace(permit, **changes)
