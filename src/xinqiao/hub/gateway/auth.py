"""Who is calling: a short-lived token, and a signature by the very key the token is bound to.

A stolen token is useless without the key and a stolen message without a fresh nonce (abuse cases A5, A9). Tokens are
opaque and looked up at each request, so a suspended institution or a revoked key ends at once (ASVS 8.3.2).
"""

import json
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NoReturn

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Forbidden, Unauthenticated
from xinqiao.hub.apps.fundflow.protocol import Nonce
from xinqiao.hub.apps.fundflow.sessions import LOAD, Session, session_of
from xinqiao.hub.apps.identity.tokens import token_hash
from xinqiao.hub.dbapi import read_time
from xinqiao.hub.gateway.http import Incoming
from xinqiao.hub.gateway.reader import Reader
from xinqiao.trust.encoding import strict_object, unb64
from xinqiao.trust.httpsig import SKEW, VerifiedMessage, verify_request
from xinqiao.trust.keys import KeySet, VerifyKey

#: A client assertion lives at most this long (FAPI 2.0: short; here five minutes).
ASSERTION_LIFETIME = timedelta(minutes=5)
_MAX_ASSERTION = 4_096
_ASSERTION_HEADER = frozenset({"alg", "kid", "typ"})
_ASSERTION_TYPES = frozenset({None, "JWT", "client-authentication+jwt"})


_SESSION = re.compile(r';keyid="(ses-[0-9a-f]{32})"')
_SESSIONS = 10_000


class Party(StrEnum):
    """What kind of organisation an operation is for; a token of one kind is no token for the other."""

    INSTITUTION = "institution"
    SOURCE = "source"
    #: the platform's own desk
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whose request carried a good token and a good signature of the key it is bound to, or a session's tag.

    ``holder_id`` is an institution's, a source's or of a system of the desk, as the operation's :class:`Party` says;
    ``key`` is ``None`` where the request was not signed but tagged in a ``session``.
    """

    holder_id: str
    key: VerifyKey | None
    message: VerifiedMessage
    session: Session | None = None

    @property
    def nonce(self) -> Nonce:
        """The nonce to store in the transaction that acts on the request."""
        return Nonce(self.message.keyid, self.message.nonce, self.message.forget_after)


class Identified(Exception):
    """A refusal of somebody whose token was good: it is written to the log, unlike one of a stranger."""

    def __init__(self, holder_id: str, error: Unauthenticated | Forbidden) -> None:
        super().__init__(str(error))
        self.holder_id = holder_id
        self.error = error


_HOLDER = {
    Party.INSTITUTION: (
        "SELECT t.institution_id, t.jkt, t.expires_at, i.status, i.is_user, k.jwk, k.not_before, k.not_after, k.status"
        " FROM identity_accesstoken t JOIN identity_institution i ON i.id = t.institution_id"
        " LEFT JOIN identity_institutionkey k ON k.kid = t.jkt AND k.institution_id = t.institution_id"
        " WHERE t.token_hash = %s"
    ),
    Party.SOURCE: (
        "SELECT t.source_id, t.jkt, t.expires_at, s.status, 1, k.jwk, k.not_before, k.not_after, k.status"
        " FROM identity_sourcetoken t JOIN identity_source s ON s.id = t.source_id"
        " LEFT JOIN identity_sourcekey k ON k.kid = t.jkt AND k.source_id = t.source_id"
        " WHERE t.token_hash = %s"
    ),
    Party.DESK: (
        "SELECT t.desk_id, t.jkt, t.expires_at, k.status, 1, k.jwk, k.not_before, k.not_after, k.status"
        " FROM identity_desktoken t JOIN identity_deskkey k ON k.id = t.desk_id AND k.kid = t.jkt"
        " WHERE t.token_hash = %s"
    ),
}


@lru_cache(maxsize=1_024)
def _key(jwk: str) -> VerifyKey:
    return VerifyKey.from_jwk(json.loads(jwk))


def _key_of(jwk: object) -> VerifyKey:
    return _key(jwk if isinstance(jwk, str) else json.dumps(jwk, sort_keys=True))


async def token_holder(request: Incoming, *, party: Party, reader: Reader, at: datetime) -> Sequence[object]:
    """The row of a request's token. Raises Unauthenticated: a stranger's, an old one, or one of the other kind."""
    row = await reader.one(_HOLDER[party], (token_hash(_bearer(request)),))
    if row is None or at >= read_time(row[2]) or row[3] != "active" or row[5] is None or row[8] != "active":
        raise Unauthenticated(Code.UNAUTHENTICATED, "the token is not valid")
    return row


async def authenticate(
    request: Incoming, body: bytes, *, target_uri: str, party: Party, reader: Reader, at: datetime
) -> Caller:
    """Check token and signature of a request.

    Raises:
        Unauthenticated: by a stranger. Identified: by somebody whose token is known; the caller writes the leaf.
    """
    row = await token_holder(request, party=party, reader=reader, at=at)
    holder_id, jkt = str(row[0]), str(row[1])
    key = _key_of(row[5])
    in_force = read_time(row[6]) <= at < read_time(row[7])

    def resolve(kid: str) -> VerifyKey | None:
        if kid != jkt:
            raise Unauthenticated(Code.TOKEN_BINDING, "signed by another key than the token is bound to")
        return key if in_force else None

    try:
        message = verify_request(request.method, target_uri, request.headers, body, resolve, at)
    except Unauthenticated as error:
        raise Identified(holder_id, error) from error
    if not row[4]:
        refused = Forbidden(Code.ROLE_FORBIDDEN, "the institution is no user of information")
        raise Identified(holder_id, refused)
    return Caller(holder_id, key, message)


class Sessions:
    """The sessions a gateway has met, so that their keys are not decrypted at every request."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: OrderedDict[str, Session] = OrderedDict()

    async def find(self, session_id: str, at: datetime) -> Session | None:
        """A session that was opened and is not over; whether it still counts is asked by who acts on it."""
        found = self._known.get(session_id)
        if found is None:
            row = await self._reader.one(LOAD, (session_id,))
            if row is None:
                return None
            found = self._known[session_id] = session_of(row, _key_of(row[4]))
            if len(self._known) > _SESSIONS:
                self._known.popitem(last=False)
        if at < found.expires_at:
            return found
        self._known.pop(session_id, None)
        return None


async def authenticate_tagged(
    request: Incoming, body: bytes, *, target_uri: str, sessions: Sessions, at: datetime
) -> Caller:
    """Check a request without a token: its tag by the key of a session.

    Raises:
        Unauthenticated: by a stranger, or of a session that is over. Identified: of a session known here.
    """
    named = _SESSION.search(request.header("signature-input") or "")
    session = await sessions.find(named[1], at) if named is not None else None
    if session is None:
        raise Unauthenticated(Code.UNAUTHENTICATED, "no token, and no session in force")
    key = session.keys.request
    try:
        message = verify_request(
            request.method,
            target_uri,
            request.headers,
            body,
            lambda kid: key if kid == key.kid else None,
            at,
        )
    except Unauthenticated as error:
        raise Identified(session.institution_id, error) from error
    return Caller(session.institution_id, None, message, session)


def _bearer(request: Incoming) -> str:
    header = request.header("authorization")
    if header is None:
        raise Unauthenticated(Code.UNAUTHENTICATED, "no token")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > 16_384:
        raise Unauthenticated(Code.UNAUTHENTICATED, "no bearer token")
    if token.count(".") >= 2:
        # a permit, a consent or an ID token where an access token belongs; ours have no dots
        raise Unauthenticated(Code.TOKEN_TYPE, "not an access token")
    return token


@dataclass(frozen=True, slots=True)
class Assertion:
    """A client assertion whose signature was good; its ``jti`` is still to be stored, once."""

    holder_id: str
    jkt: str
    jti: str
    expires_at: datetime


def assertion_issuer(token: str) -> str:
    """Who a client assertion says it is by, before anything is believed. Raises Unauthenticated."""
    claims, _ = _split(token)
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not issuer or len(issuer) > 40 or not issuer.isprintable():
        _refuse("iss is missing")
    return issuer


def verify_assertion(token: str, keys: KeySet, *, audience: str, at: datetime) -> Assertion:
    """Check a client assertion (RFC 7523) in a strict profile.

    The header has ``alg``, ``kid`` and perhaps ``typ``; the algorithm is that of the key ``kid`` names among the
    issuer's own; ``aud`` is exactly the token address (a list is refused); ``exp`` is within five minutes.

    Raises:
        Unauthenticated: ``SIGNATURE_INVALID``, ``AUDIENCE_MISMATCH``, ``CLOCK_SKEW``, ``TOKEN_EXPIRED``.
    """
    claims, header = _split(token)
    kid = header.get("kid")
    key = keys.verify_key(kid, at) if isinstance(kid, str) else None
    if key is None or header.get("alg") != key.alg:
        _refuse("unknown key or another algorithm")
    signed, _, signature = token.rpartition(".")
    if not key.verify(signed.encode("ascii"), unb64(signature)):
        _refuse("signature does not match")
    issuer, jti = claims.get("iss"), claims.get("jti")
    if not isinstance(issuer, str) or claims.get("sub") != issuer:
        _refuse("iss and sub name the client")
    if claims.get("aud") != audience:
        raise Unauthenticated(Code.AUDIENCE_MISMATCH, "meant for another address")
    if not isinstance(jti, str) or not 8 <= len(jti) <= 120 or not (jti.isascii() and jti.isprintable()):
        _refuse("jti is missing or of the wrong length")
    return Assertion(issuer, key.kid, jti, _window(claims, at))


def _window(claims: Mapping[str, Json], at: datetime) -> datetime:
    expires, now = claims.get("exp"), at.timestamp()
    if type(expires) is not int:
        _refuse("exp is whole seconds")
    for name in ("iat", "nbf"):
        value = claims.get(name)
        if value is not None and type(value) is not int:
            _refuse(f"{name} is whole seconds")
        if isinstance(value, int) and value > now + SKEW.total_seconds():
            raise Unauthenticated(Code.CLOCK_SKEW, "from the future")
    if expires <= now:
        raise Unauthenticated(Code.TOKEN_EXPIRED, "no longer valid")
    if expires > now + (ASSERTION_LIFETIME + SKEW).total_seconds():
        _refuse("lives too long")
    return at + ASSERTION_LIFETIME + 2 * SKEW


def _split(token: str) -> tuple[dict[str, Json], dict[str, Json]]:
    if len(token) > _MAX_ASSERTION:
        _refuse("too long")
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        _refuse("not a compact signature")
    try:
        header, claims = strict_object(unb64(parts[0])), strict_object(unb64(parts[1]))
        unb64(parts[2])
    except ValueError:
        _refuse("not a compact signature")
    if not {"alg", "kid"} <= header.keys() <= _ASSERTION_HEADER or header.get("typ") not in _ASSERTION_TYPES:
        _refuse("header members are exactly alg, kid and typ")
    return claims, header


def _refuse(why: str) -> NoReturn:
    raise Unauthenticated(Code.SIGNATURE_INVALID, why)
