"""The payloads that are signed, and strict readers for them.

Each artefact is one JSON object with ``artefact`` (its kind, so that a permit can never pass as a consent, abuse case
A9), ``v`` (version of the shape), ``iss`` and the values. The scope is an RFC 9396 ``authorization_details`` object of
type ``fundflow_query_v1``; requests of institutions use the same object with a length of validity instead of its ends.
Instants are RFC 3339 text in UTC, in one spelling, so that the microsecond on which a validity ends survives.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.consent._members import Members, wrong
from xinqiao.domain.consent.records import Authorisation, Entrustment, Permit, QueryKind, Reader
from xinqiao.domain.consent.scope import MAX_MONTHS, Product, Purpose, Scope
from xinqiao.domain.period import format_instant

#: ``type`` of the RFC 9396 object; the number changes with the meaning of any member.
DETAIL_TYPE = "fundflow_query_v1"
_VERSION = 1
_BALANCE = "balance"
#: Public members of a JWK (RFC 7517, RFC 7518, RFC 8037); anything else is unknown, private parts among them.
_JWK_MEMBERS = frozenset({"kty", "crv", "x", "y", "kid", "alg", "use"})


# --------------------------------------------------------------------------------------------------- entrustment


def entrustment_claims(
    entrustment: Entrustment,
    *,
    issuer: str,
    signatory: str,
    agreement_digest: str,
) -> dict[str, Json]:
    """Payload of the entrustment artefact.

    Args:
        entrustment: what is entrusted; its ``digest`` and ``ended_at`` are not part of the payload.
        issuer: id of the hub that seals it.
        signatory: reference to the person who signed for the subject (an id, never a name or number).
        agreement_digest: SHA-256 of the agreement text that was shown.
    """
    return {
        "artefact": "entrustment",
        "v": _VERSION,
        "iss": issuer,
        "sub": entrustment.subject,
        "id": entrustment.id,
        "signatory": signatory,
        "provider": entrustment.provider,
        "account": entrustment.account,
        "datatypes": _sorted(entrustment.products),
        "agreement": {"version": entrustment.agreement_version, "digest": agreement_digest},
        "signed_at": format_instant(entrustment.signed_at),
    }


def entrustment_from_claims(claims: Mapping[str, Json]) -> Entrustment:
    """The inverse of :func:`entrustment_claims`, with the digest of the claims. Raises ``INVALID``, ``UNKNOWN_FIELD``."""
    top = _open(claims, "entrustment")
    top.text("signatory")
    agreement = top.inner("agreement")
    version = agreement.text("version")
    agreement.digest("digest")
    agreement.done()
    entrustment = Entrustment(
        id=top.text("id"),
        subject=top.text("sub"),
        provider=top.text("provider"),
        account=top.text("account"),
        products=top.choices("datatypes", Product),
        agreement_version=version,
        signed_at=top.instant("signed_at"),
    )
    top.done()
    if not entrustment.products:
        wrong("datatypes", "empty")
    return replace(entrustment, digest=digest_hex(dict(claims)))


# ------------------------------------------------------------------------------------------------- authorisation


def authorisation_claims(
    authorisation: Authorisation,
    *,
    issuer: str,
    signatory: str,
    signed_at: datetime,
    shown_digest: str,
    reader: Reader,
    business_ref: str | None = None,
) -> dict[str, Json]:
    """Payload of the authorisation artefact, the first one or an append.

    Args:
        authorisation: what is granted; uses, state, withdrawal and its own digest are not part of the payload.
        issuer: id of the hub that seals it.
        signatory: reference to the person who confirmed (an id, never a name or number).
        signed_at: the moment of confirmation or append.
        shown_digest: SHA-256 of the consent card as it was shown (abuse case A11, what you see is what you sign).
        reader: who can open the products, as the card said.
        business_ref: the institution's own application number.
    """
    if authorisation.scope.is_empty:
        wrong("authorization_details", "an empty scope is never signed")
    detail = details_from_scope(authorisation.scope, subject=authorisation.subject)[0]
    assert isinstance(detail, dict)
    detail["valid"] = {
        "from": format_instant(authorisation.valid_from),
        "until": format_instant(authorisation.valid_to),
        "days": authorisation.scope.valid_days,
    }
    return {
        "artefact": "authorisation",
        "v": _VERSION,
        "iss": issuer,
        "sub": authorisation.subject,
        "id": authorisation.id,
        "grantee": authorisation.institution,
        "signatory": signatory,
        "signed_at": format_instant(signed_at),
        "shown_digest": shown_digest,
        "reader": str(reader),
        "business_ref": business_ref,
        "predecessor": authorisation.predecessor,
        "authorization_details": [detail],
    }


def authorisation_from_claims(claims: Mapping[str, Json]) -> Authorisation:
    """The inverse of :func:`authorisation_claims`, with the digest of the claims; live columns at their start."""
    top = _open(claims, "authorisation")
    top.text("signatory")
    top.instant("signed_at")
    top.digest("shown_digest")
    top.choice("reader", Reader)
    top.text_or_none("business_ref")
    subject = top.text("sub")
    detail = top.only("authorization_details")
    valid = detail.inner("valid")
    valid_from, valid_to = valid.instant("from"), valid.instant("until")
    days = valid.integer("days", 1, 3650)
    valid.done()
    if valid_to <= valid_from:
        wrong("authorization_details[0].valid", "ends before it starts")
    scope = _scope_from(detail, subject=subject, valid_days=days, accounts=None)
    detail.done()
    if scope.is_empty:
        wrong("authorization_details[0]", "an empty scope is never signed")
    authorisation = Authorisation(
        id=top.text("id"),
        subject=subject,
        institution=top.text("grantee"),
        scope=scope,
        valid_from=valid_from,
        valid_to=valid_to,
        predecessor=top.digest_or_none("predecessor"),
    )
    top.done()
    return replace(authorisation, artefact_digest=digest_hex(dict(claims)))


# -------------------------------------------------------------------------------------------------------- permit


def permit_claims(permit: Permit) -> dict[str, Json]:
    """Payload of a permit."""
    return {
        "artefact": "permit",
        "v": _VERSION,
        "iss": permit.hub,
        "aud": permit.node,
        "jti": permit.jti,
        "sub": permit.subject,
        "query_kind": str(permit.query_kind),
        "institution": permit.institution,
        "account": permit.account,
        "product": str(permit.product),
        "months": permit.months,
        "include_balance": permit.include_balance,
        "purpose": str(permit.purpose) if permit.purpose else None,
        "reader": str(permit.reader),
        "authorisation": (
            {"id": permit.authorisation_id, "digest": permit.authorisation_digest}
            if permit.authorisation_id is not None
            else None
        ),
        "entrustment": {"id": permit.entrustment_id, "digest": permit.entrustment_digest},
        "enc_jwk": dict(permit.enc_jwk),
        "request_digest": permit.request_digest,
        "issued_at": format_instant(permit.issued_at),
        "expires_at": format_instant(permit.expires_at),
    }


def permit_from_claims(claims: Mapping[str, Json]) -> Permit:
    """The inverse of :func:`permit_claims`. Raises ``INVALID``, ``UNKNOWN_FIELD``, ``TIME_FORMAT``."""
    top = _open(claims, "permit", issuer=False)
    authorisation_id = authorisation_digest = None
    if claims.get("authorisation") is None:
        top.literal("authorisation", None)
    else:
        used = top.inner("authorisation")
        authorisation_id, authorisation_digest = used.text("id"), used.digest("digest")
        used.done()
    entrusted = top.inner("entrustment")
    entrustment_id, entrustment_digest = entrusted.text("id"), entrusted.digest("digest")
    entrusted.done()
    purpose = top.text_or_none("purpose")
    if purpose is not None and purpose not in set(Purpose):
        wrong("purpose", "not in the list")
    permit = Permit(
        jti=top.text("jti"),
        hub=top.text("iss"),
        node=top.text("aud"),
        institution=top.text_or_none("institution"),
        subject=top.text("sub"),
        account=top.text("account"),
        product=top.choice("product", Product),
        months=top.integer("months", 1, MAX_MONTHS),
        include_balance=top.flag("include_balance"),
        purpose=Purpose(purpose) if purpose else None,
        query_kind=top.choice("query_kind", QueryKind),
        reader=top.choice("reader", Reader),
        authorisation_id=authorisation_id,
        authorisation_digest=authorisation_digest,
        entrustment_id=entrustment_id,
        entrustment_digest=entrustment_digest,
        enc_jwk=jwk_from(top.inner("enc_jwk")),
        request_digest=top.digest("request_digest"),
        issued_at=top.instant("issued_at"),
        expires_at=top.instant("expires_at"),
    )
    top.done()
    return permit


# ------------------------------------------------------------------------------------- RFC 9396 objects of requests


def details_from_scope(scope: Scope, *, subject: str) -> list[Json]:
    """``authorization_details`` (RFC 9396) of a request for ``scope``: a list of one object."""
    return [
        {
            "type": DETAIL_TYPE,
            "actions": ["query"],
            "subject": subject,
            "accounts": [*sorted(scope.accounts)],
            "datatypes": _sorted(scope.products),
            "purpose": {"code": str(scope.purpose)},
            "data_range": {"months": scope.months_back},
            "valid": {"days": scope.valid_days},
            "frequency": {"max": scope.max_queries},
            "privileges": [_BALANCE] if scope.include_balance else [],
        }
    ]


def scope_from_details(details: object, accounts_of_subject: frozenset[str]) -> tuple[str, Scope]:
    """Read the ``authorization_details`` of an institution's request.

    Args:
        details: the parsed JSON value.
        accounts_of_subject: account links bound now by the subject that is named; a request that leaves ``accounts``
            out asks for all of them.

    Returns:
        The subject's code as written (the caller validates it) and the scope asked for.

    Raises:
        Invalid: ``INVALID`` naming the member; ``UNKNOWN_FIELD``. An account that is absent and one that belongs to
            somebody else give the same answer.
    """
    detail = Members({"authorization_details": details}).only("authorization_details")
    subject = detail.text("subject")
    valid = detail.inner("valid")
    days = valid.integer("days", 1, 3650)
    valid.done()
    scope = _scope_from(detail, subject=None, valid_days=days, accounts=accounts_of_subject)
    detail.done()
    if not scope.products:
        wrong("authorization_details[0].datatypes", "empty")
    return subject, scope


def subject_of_details(details: object) -> str:
    """The subject's code of a request before its accounts are known; nothing else is judged."""
    return Members({"authorization_details": details}).only("authorization_details").text("subject")


def _scope_from(
    detail: Members, *, subject: str | None, valid_days: int, accounts: frozenset[str] | None
) -> Scope:
    detail.literal("type", DETAIL_TYPE)
    detail.literal("actions", ["query"])
    if subject is not None:
        detail.literal("subject", subject)
    wanted = _accounts(detail, accounts)
    purpose = detail.inner("purpose")
    code = purpose.choice("code", Purpose)
    purpose.done()
    data_range = detail.inner("data_range")
    months = data_range.integer("months", 1, MAX_MONTHS)
    data_range.done()
    frequency = detail.inner("frequency")
    most = frequency.integer("max", 1, 1_000_000)
    frequency.done()
    privileges = detail.texts("privileges")
    if not set(privileges) <= {_BALANCE}:
        wrong("privileges", "not in the list")
    return Scope(
        accounts=wanted,
        products=detail.choices("datatypes", Product),
        months_back=months,
        valid_days=valid_days,
        max_queries=most,
        include_balance=bool(privileges),
        purpose=code,
    )


def _accounts(detail: Members, known: frozenset[str] | None) -> frozenset[str]:
    if known is None:
        return frozenset(detail.texts("accounts"))
    if not detail.has("accounts"):
        return known
    wanted = frozenset(detail.texts("accounts"))
    if not wanted:
        wrong("accounts", "empty; leave it out to ask for all")
    if not wanted <= known:
        wrong("accounts", "not an account of this subject")
    return wanted


def _open(claims: Mapping[str, Json], kind: str, *, issuer: bool = True) -> Members:
    top = Members(claims)
    top.literal("artefact", kind)
    top.literal("v", _VERSION)
    if issuer:
        top.text("iss")
    return top


def jwk_from(members: Members) -> dict[str, str]:
    """A public key of a permit; only the public members of a JWK are known."""
    jwk = {name: members.text(name) for name in sorted(_JWK_MEMBERS) if members.has(name)}
    members.done()
    if "kty" not in jwk:
        wrong("enc_jwk.kty", "missing")
    return jwk


def _sorted(products: frozenset[Product]) -> list[Json]:
    return [str(p) for p in sorted(products)]
