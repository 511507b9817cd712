"""Signed artefacts: compact JWS (RFC 7515) in a strict profile.

Here: the one way a statement is signed and checked. What the statements say is in ``domain`` (consent, permit
…); who may sign what is decided by the caller, which passes the keys it believes.

The profile: header members are exactly ``alg``, ``kid`` and ``typ``; ``alg`` is EdDSA or SM2SM3 and must be
the algorithm of the key that ``kid`` names; ``typ`` is the artefact type the caller expects, so a permit can
never be taken for an authorisation (RFC 8725 section 3.11). Everything else a header may carry (crit, jku,
jwk, x5u, x5c, b64) is an unknown member and refused before any key is looked up.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple, NoReturn

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.errors import Code, Unauthenticated
from xinqiao.trust.encoding import b64, strict_object, unb64
from xinqiao.trust.keys import KeySet, SigningKey, VerifyKey
from xinqiao.trust.suites import SUITE_BY_SIGN_ALG

#: Nothing longer is even split (reliability 5.4: 16 KiB).
MAX_TOKEN_BYTES: Final = 16_384
#: A header of this profile is about 120 characters.
MAX_HEADER_CHARS: Final = 512

type Keys = KeySet | Mapping[str, VerifyKey]


class ArtefactType(StrEnum):
    """Every kind of signed artefact; the value is the ``typ`` header (media type without
    ``application/``)."""

    ENTRUSTMENT = "xq-entrustment+jwt"  # subject → provider, per account
    AUTHORISATION = "xq-authorisation+jwt"  # subject → institution
    WITHDRAWAL = "xq-withdrawal+jwt"
    PERMIT = "xq-permit+jwt"  # hub → node, one shot
    QUERY = "xq-query+jwt"  # institution's statement that binds its one-time key
    PRODUCT = "xq-product+jwt"  # node: what was computed and sealed
    RECEIPT = "xq-receipt+jwt"  # node: what was consumed
    REFUSAL = "xq-refusal+jwt"  # hub: every no
    DIRECTORY = "xq-directory+jwt"  # hub: participants and their keys
    CREDIT_REPORT = "xq-credit-report+jwt"  # hub: what was collected about a firm, as one reader may see it
    PORTRAIT = "xq-portrait+jwt"  # hub: figures of a firm over time, beside firms of its kind
    DOSSIER = (
        "xq-dossier+jwt"  # hub: digest of what was collected about a firm, as one authorisation may see it
    )
    QUALITY_REPORT = "xq-quality-report+jwt"  # hub: the digest of a monthly report
    ITEM_AUTHORISATION = "xq-item-authorisation+jwt"  # subject → institution, items and claims
    ITEM_PERMIT = "xq-item-permit+jwt"  # hub → department node, one shot
    ITEM_QUERY = "xq-item-query+jwt"  # institution's statement about an item
    ITEM_ANSWER = "xq-item-answer+jwt"  # department node: records of an interface item, sealed
    VERIFICATION = "xq-verification+jwt"  # department node: yes or no
    CREDIT_PROMISE = (
        "xq-credit-promise+jwt"  # subject: the commitment that goes with an application for repair
    )
    CASE_PACKAGE = "xq-case-package+jwt"  # hub: the digests of everything in the package of a case
    REPAIR_RESULTS = "xq-repair-results+jwt"  # hub: records that are published no more, for other platforms


class _Header(NamedTuple):
    alg: str
    kid: str
    typ: str


def _refuse(why: str) -> NoReturn:
    raise Unauthenticated(Code.SIGNATURE_INVALID, why)


@lru_cache(maxsize=512)
def _encoded_header(alg: str, kid: str, typ: str) -> str:
    return b64(canonical_bytes({"alg": alg, "kid": kid, "typ": typ}))


@lru_cache(maxsize=512)
def _read_header(text: str) -> _Header:
    # A pure function of its text, so it can be remembered: a party's header is the same in every token.
    try:
        header = strict_object(unb64(text))
    except ValueError as error:
        _refuse(f"header: {error}")
    if header.keys() != {"alg", "kid", "typ"}:
        _refuse("header members are exactly alg, kid and typ")
    alg, kid, typ = header["alg"], header["kid"], header["typ"]
    if not (isinstance(alg, str) and isinstance(kid, str) and isinstance(typ, str)):
        _refuse("header members are text")
    if alg not in SUITE_BY_SIGN_ALG:
        _refuse("algorithm not allowed")
    return _Header(alg, kid, typ)


def sign_jws(payload: Mapping[str, Json], key: SigningKey, typ: str) -> str:
    """Sign ``payload`` as an artefact of type ``typ`` and return the compact token.

    The payload is written in canonical form (no floats; amounts and instants are text).

    Raises:
        ValueError: ``typ`` is not an :class:`ArtefactType`, or the payload has no canonical form.
    """
    return sign_canonical(canonical_bytes(dict(payload)), key, typ)


def sign_canonical(payload: bytes, key: SigningKey, typ: str) -> str:
    """Sign a payload whose canonical bytes the caller has made already (products of some 60 KB).

    Raises:
        ValueError: ``typ`` is not an :class:`ArtefactType`.
    """
    header = _encoded_header(key.alg, key.kid, ArtefactType(typ).value)
    signed = f"{header}.{b64(payload)}"
    return f"{signed}.{b64(key.sign(signed.encode('ascii')))}"


def find_key(keys: Keys, kid: str, at: datetime) -> VerifyKey | None:
    """Look a key up in a set (which knows its period) or in a plain mapping (whose owner vouches for it)."""
    return keys.verify_key(kid, at) if isinstance(keys, KeySet) else keys.get(kid)


def verify_jws(
    token: str, keys: Keys, *, typ: str, at: datetime, max_bytes: int = MAX_TOKEN_BYTES
) -> dict[str, Json]:
    """Check a token and return its payload.

    Args:
        token: the compact form as received.
        keys: the keys that may have signed it; nothing is ever fetched.
        typ: the artefact type expected here.
        at: the instant of signing as the caller believes it (now for a fresh message), for the key's period.
        max_bytes: refuse longer tokens unread.

    Raises:
        Unauthenticated: TOKEN_TYPE for a good header of another artefact type, SIGNATURE_INVALID for all
            else. The claims (aud, exp, …) are the caller's to check.
    """
    if len(token) > max_bytes:
        _refuse("too long")
    parts = token.split(".")
    if len(parts) != 3 or len(parts[0]) > MAX_HEADER_CHARS:
        _refuse("not a compact signature")
    header = _read_header(parts[0])
    if header.typ != typ:
        raise Unauthenticated(Code.TOKEN_TYPE, "another kind of artefact", facts={"expected": str(typ)})
    key = find_key(keys, header.kid, at)
    if key is None:
        _refuse("unknown key")
    if key.alg != header.alg:
        _refuse("the key is of another algorithm")
    try:
        body, signature = unb64(parts[1]), unb64(parts[2])
        signed = token[: len(parts[0]) + 1 + len(parts[1])].encode("ascii")
        if not key.verify(signed, signature):
            _refuse("signature does not match")
        return strict_object(body)
    except ValueError as error:
        _refuse(str(error))


def signer_of(token: str, *, max_bytes: int = MAX_TOKEN_BYTES) -> tuple[str, str]:
    """Return ``(kid, typ)`` **without** checking anything: only for choosing the keys to check with."""
    if len(token) > max_bytes or len(head := token.split(".", 1)[0]) > MAX_HEADER_CHARS:
        _refuse("too long")
    header = _read_header(head)
    return header.kid, header.typ
