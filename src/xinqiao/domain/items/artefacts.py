"""The payloads about items that are signed, with strict readers: the authorisation and the permit.

The scope is an RFC 9396 ``authorization_details`` object of type ``credit_item_v1``. An authorisation holds no value
of a claim, only its salted digest.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.consent._members import Members, wrong
from xinqiao.domain.consent.artefacts import jwk_from
from xinqiao.domain.consent.scope import Purpose
from xinqiao.domain.items.records import ItemAuthorisation, ItemPermit
from xinqiao.domain.items.scope import ClaimGrant, ItemGrant, ItemKind, ItemScope, PersonConsent
from xinqiao.domain.period import format_instant

#: ``type`` of the RFC 9396 object; the number changes with the meaning of any member.
DETAIL_TYPE = "credit_item_v1"
_VERSION = 1


def authorisation_claims(
    authorisation: ItemAuthorisation,
    *,
    issuer: str,
    signatory: str,
    signed_at: datetime,
    shown_digest: str,
    business_ref: str | None = None,
) -> dict[str, Json]:
    """Payload of the authorisation artefact, the first one or an append.

    Args:
        authorisation: what is granted; uses, state, withdrawal and its own digest are not part of the payload.
        issuer: id of the hub that seals it.
        signatory: reference to the person who confirmed (an id, never a name or number).
        signed_at: the moment of confirmation or append.
        shown_digest: SHA-256 of the consent card as it was shown (abuse case A11).
        business_ref: the institution's own application number.
    """
    scope = authorisation.scope
    if scope.is_empty:
        wrong("authorization_details", "an empty scope is never signed")
    detail: dict[str, Json] = {
        "type": DETAIL_TYPE,
        "subject": authorisation.subject,
        "items": [
            {"item": one.item, "fields": _sorted(one.fields)}
            for one in sorted(scope.grants, key=lambda one: one.item)
        ],
        "claims": [
            {"item": one.item, "fields": _sorted(one.fields), "digest": one.digest}
            for one in sorted(scope.claims, key=lambda one: (one.item, one.digest))
        ],
        "purpose": {"code": str(scope.purpose)},
        "valid": {
            "from": format_instant(authorisation.valid_from),
            "until": format_instant(authorisation.valid_to),
            "days": scope.valid_days,
        },
        "frequency": {"max": scope.max_queries},
    }
    if scope.report:
        detail["report"] = True
    return {
        "artefact": "item_authorisation",
        "v": _VERSION,
        "iss": issuer,
        "sub": authorisation.subject,
        "id": authorisation.id,
        "grantee": authorisation.institution,
        "signatory": signatory,
        "signed_at": format_instant(signed_at),
        "shown_digest": shown_digest,
        "business_ref": business_ref,
        "predecessor": authorisation.predecessor,
        "persons": [
            {
                "person": one.person,
                "items": _sorted(one.items),
                "written": one.written,
                "text_digest": one.text_digest,
            }
            for one in sorted(authorisation.persons, key=lambda one: (one.person, one.text_digest))
        ],
        "authorization_details": [detail],
    }


def authorisation_from_claims(claims: Mapping[str, Json]) -> ItemAuthorisation:
    """The inverse of :func:`authorisation_claims`, with the digest of the claims; live columns at their start.

    Raises:
        Invalid: ``INVALID`` naming the member, ``UNKNOWN_FIELD``, ``TIME_FORMAT``.
    """
    top = Members(claims)
    top.literal("artefact", "item_authorisation")
    top.literal("v", _VERSION)
    for name in ("iss", "signatory"):
        top.text(name)
    top.instant("signed_at")
    top.digest("shown_digest")
    top.text_or_none("business_ref")
    subject = top.text("sub")
    detail = top.only("authorization_details")
    detail.literal("type", DETAIL_TYPE)
    detail.literal("subject", subject)
    valid = detail.inner("valid")
    valid_from, valid_to = valid.instant("from"), valid.instant("until")
    days = valid.integer("days", 1, 3650)
    valid.done()
    if valid_to <= valid_from:
        wrong("authorization_details[0].valid", "ends before it starts")
    scope = _scope(detail, days)
    detail.done()
    if scope.is_empty:
        wrong("authorization_details[0]", "an empty scope is never signed")
    found = ItemAuthorisation(
        id=top.text("id"),
        subject=subject,
        institution=top.text("grantee"),
        scope=scope,
        valid_from=valid_from,
        valid_to=valid_to,
        persons=frozenset(_person(one) for one in top.many("persons")),
        # an artefact from before there were appends does not speak of one
        predecessor=top.digest_or_none("predecessor") if top.has("predecessor") else None,
    )
    top.done()
    return replace(found, artefact_digest=digest_hex(dict(claims)))


def permit_claims(permit: ItemPermit) -> dict[str, Json]:
    """Payload of a permit."""
    return {
        "artefact": "item_permit",
        "v": _VERSION,
        "iss": permit.hub,
        "aud": permit.node,
        "jti": permit.jti,
        "sub": permit.subject,
        "institution": permit.institution,
        "kind": str(permit.kind),
        "item": permit.item,
        "fields": _sorted(permit.fields),
        "claim": permit.claim,
        "purpose": str(permit.purpose),
        "authorisation": {"id": permit.authorisation_id, "digest": permit.authorisation_digest},
        "enc_jwk": None if permit.enc_jwk is None else {**permit.enc_jwk},
        "request_digest": permit.request_digest,
        "issued_at": format_instant(permit.issued_at),
        "expires_at": format_instant(permit.expires_at),
    }


def permit_from_claims(claims: Mapping[str, Json]) -> ItemPermit:
    """The inverse of :func:`permit_claims`. Raises ``INVALID``, ``UNKNOWN_FIELD``, ``TIME_FORMAT``."""
    top = Members(claims)
    top.literal("artefact", "item_permit")
    top.literal("v", _VERSION)
    used = top.inner("authorisation")
    authorisation_id, authorisation_digest = used.text("id"), used.digest("digest")
    used.done()
    enc_jwk = None
    if claims.get("enc_jwk") is None:
        top.literal("enc_jwk", None)
    else:
        enc_jwk = jwk_from(top.inner("enc_jwk"))
    permit = ItemPermit(
        jti=top.text("jti"),
        hub=top.text("iss"),
        node=top.text("aud"),
        institution=top.text("institution"),
        subject=top.text("sub"),
        kind=top.choice("kind", ItemKind),
        item=top.text("item"),
        fields=frozenset(top.texts("fields")),
        claim=top.digest_or_none("claim"),
        purpose=top.choice("purpose", Purpose),
        authorisation_id=authorisation_id,
        authorisation_digest=authorisation_digest,
        enc_jwk=enc_jwk,
        request_digest=top.digest("request_digest"),
        issued_at=top.instant("issued_at"),
        expires_at=top.instant("expires_at"),
    )
    top.done()
    return permit


def _scope(detail: Members, days: int) -> ItemScope:
    grants, claims = [], []
    for one in detail.many("items"):
        grants.append(ItemGrant(one.text("item"), frozenset(one.texts("fields"))))
        one.done()
    for one in detail.many("claims"):
        claims.append(ClaimGrant(one.text("item"), frozenset(one.texts("fields")), one.digest("digest")))
        one.done()
    purpose = detail.inner("purpose")
    code = purpose.choice("code", Purpose)
    purpose.done()
    frequency = detail.inner("frequency")
    most = frequency.integer("max", 1, 1_000_000)
    frequency.done()
    report = detail.has("report")
    if report:
        detail.literal("report", True)
    if len(set(grants)) != len(grants) or len(set(claims)) != len(claims):
        wrong("authorization_details[0]", "an entry occurs twice")
    return ItemScope(frozenset(grants), frozenset(claims), code, days, most, report)


def _person(one: Members) -> PersonConsent:
    found = PersonConsent(
        person=one.text("person"),
        items=frozenset(one.texts("items")),
        written=one.flag("written"),
        text_digest=one.digest("text_digest"),
    )
    one.done()
    return found


def _sorted(names: frozenset[str]) -> list[Json]:
    return [*sorted(names)]
