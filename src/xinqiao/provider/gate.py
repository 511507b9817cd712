"""The gate: nothing is computed before everything the hub says has been checked again here.

A permit is believed only with the node's own copy of the entrustment, the authorisation artefact whose digest it
names, and (when the institution holds the key) the institution's own signed statement binding the one-time key. The
consent rules themselves are ``domain.consent``; here their inputs are made trustworthy. Consuming the permit is the
caller's next step.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from xinqiao.clock import Clock
from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import (
    Authorisation,
    Decision,
    Entrustment,
    Permit,
    QueryKind,
    Reader,
    check_permit,
)
from xinqiao.domain.errors import Code, Fact, Forbidden, Invalid, Unauthenticated
from xinqiao.domain.items import ItemDecision
from xinqiao.domain.period import is_of_this_moment, parse_instant
from xinqiao.provider.directory import TrustStore
from xinqiao.provider.records import Ownership, Records
from xinqiao.trust.encoding import strict_object, unb64
from xinqiao.trust.jws import ArtefactType, signer_of, verify_jws
from xinqiao.trust.keys import KeySet, SealKey

#: Clocks of hub, node and institution may differ by this much.
SKEW = timedelta(seconds=10)
#: An institution's statement binds a key that lives for one query.
QUERY_MAX_AGE = timedelta(minutes=5)
AUTHORISATION_CACHE = 4096

#: Codes whose refusal says "this message is not for me or not in time" rather than "not allowed".
_NOT_AUTHENTIC = frozenset({Code.AUDIENCE_MISMATCH, Code.CLOCK_SKEW})


@dataclass(frozen=True, slots=True)
class Admitted:
    """A permit that may be consumed and computed."""

    permit: Permit
    permit_digest: str
    entrustment: Entrustment
    authorisation: Authorisation | None
    ownership: Ownership
    seal_key: SealKey


class UnknownInstitution(Unauthenticated):
    """The directory in force does not know the institution or its key; a newer one may."""

    def __init__(self, detail: str) -> None:
        super().__init__(Code.SIGNATURE_INVALID, detail)


def refused(decision: Decision | ItemDecision) -> Forbidden | Unauthenticated:
    """The error that stands for a decision that says no."""
    assert decision.code is not None
    facts: dict[str, Fact] = {"reason": decision.reason, **decision.facts}
    if decision.code in _NOT_AUTHENTIC:
        return Unauthenticated(decision.code, decision.reason, facts=facts)
    return Forbidden(decision.code, decision.reason, facts=facts)


def verify_artefact(token: str, keys: KeySet, typ: ArtefactType, at: datetime) -> dict[str, Json]:
    """Check an artefact that may have been signed long ago, by a key that has been retired since.

    The key must have been in force at the instant of signing the artefact states; a key marked compromised is
    believed for no instant, because whoever stole it can write any date.

    Raises:
        Unauthenticated: not believed.
    """
    try:
        claims = strict_object(unb64(token.split(".")[1]))
        signed_at = parse_instant(str(claims.get("signed_at")))
    except (IndexError, ValueError, Invalid):
        raise Unauthenticated(Code.SIGNATURE_INVALID, "an artefact states when it was signed") from None
    if signed_at > at + SKEW:
        raise Unauthenticated(Code.CLOCK_SKEW, "an artefact from the future")
    return verify_jws(token, keys, typ=typ, at=signed_at)


class BelievedArtefacts[A]:
    """Artefacts of the hub that were checked and read before; forgotten when the directory changes."""

    def __init__(
        self, trust: TrustStore, hub: str, typ: ArtefactType, read: Callable[[dict[str, Json]], A]
    ) -> None:
        self._trust = trust
        self._hub = hub
        self._typ = typ
        self._read = read
        self._known: OrderedDict[str, A] = OrderedDict()
        self._generation = -1

    def read(self, token: str, now: datetime) -> A:
        """What an artefact says. Raises Unauthenticated, Invalid."""
        if self._generation != self._trust.generation:
            # a directory may have taken a key's word back
            self._known.clear()
            self._generation = self._trust.generation
        known = self._known.get(token)
        if known is not None:
            self._known.move_to_end(token)
            return known
        claims = verify_artefact(token, self._trust.hub_keys, self._typ, now)
        if claims.get("iss") != self._hub:
            raise Unauthenticated(Code.SIGNATURE_INVALID, "an authorisation of another platform")
        found = self._known[token] = self._read(claims)
        if len(self._known) > AUTHORISATION_CACHE:
            self._known.popitem(last=False)
        return found


def _authorisation(claims: dict[str, Json]) -> tuple[Authorisation, Reader]:
    return Authorisation.from_claims(claims), Reader(str(claims["reader"]))


class Gate:
    """Re-checks permits with the node's own knowledge."""

    def __init__(self, *, node: str, hub: str, trust: TrustStore, records: Records, clock: Clock) -> None:
        self._node = node
        self._hub = hub
        self._trust = trust
        self._records = records
        self._clock = clock
        self._authorisations = BelievedArtefacts(trust, hub, ArtefactType.AUTHORISATION, _authorisation)

    def read_permit(self, token: str) -> Permit:
        """Check signature and audience of a permit and read it.

        Raises:
            Unauthenticated: ``SIGNATURE_INVALID``, ``TOKEN_TYPE``, ``AUDIENCE_MISMATCH``.
            Invalid: signed by the hub but not in the form of a permit.
        """
        claims = verify_jws(token, self._trust.hub_keys, typ=ArtefactType.PERMIT, at=self._clock.now())
        if claims.get("aud") != self._node:
            raise Unauthenticated(Code.AUDIENCE_MISMATCH, "a permit for another node")
        permit = Permit.from_claims(claims)
        if permit.hub != self._hub:
            raise Unauthenticated(Code.SIGNATURE_INVALID, "a permit of another platform")
        return permit

    def admit(
        self, permit: Permit, permit_token: str, authorisation_token: str | None, query_token: str | None
    ) -> Admitted:
        """Decide whether ``permit`` may be consumed.

        Raises:
            Unauthenticated, Forbidden: the first check that fails, with its stable code.
        """
        now = self._clock.now()
        entrustment = self._records.entrustment(permit.account)
        authorisation, reader = None, None
        if permit.query_kind is QueryKind.INSTITUTION:
            if authorisation_token is None:
                raise Forbidden(Code.CONSENT_MISSING, "an institution's permit comes with its authorisation")
            authorisation, reader = self._authorisations.read(authorisation_token, now)
        elif authorisation_token is not None:
            raise Invalid(Code.INVALID, "a self query has no authorisation", facts={"field": "authorisation"})
        decision = check_permit(
            permit, node=self._node, entrustment=entrustment, authorisation=authorisation, at=now, skew=SKEW
        )
        if not decision.allowed:
            raise refused(decision)
        assert entrustment is not None
        self._check_reader(permit, reader)
        # made once: whether it is a key at all costs as much as a signature
        seal_key = SealKey.from_jwk(dict(permit.enc_jwk))
        self._check_query(permit, seal_key, query_token, now)
        ownership = self._records.ownership(permit.account)
        if ownership is None or ownership.uscc != permit.subject:
            raise Forbidden(Code.ENTRUSTMENT_MISSING, "no passed ownership check for this account")
        return Admitted(
            permit=permit,
            permit_digest=hashlib.sha256(permit_token.encode("ascii")).hexdigest(),
            entrustment=entrustment,
            authorisation=authorisation,
            ownership=ownership,
            seal_key=seal_key,
        )

    def _check_reader(self, permit: Permit, agreed: Reader | None) -> None:
        """The hub may open a product only where the subject agreed to that reader (or asks about itself)."""
        if agreed is Reader.INSTITUTION_KEY and permit.reader is Reader.HUB_DISPLAY:
            raise Forbidden(
                Code.SCOPE_EXCEEDED, "reader_not_agreed", facts={"items": [f"reader:{permit.reader}"]}
            )

    def _check_query(self, permit: Permit, seal_key: SealKey, token: str | None, now: datetime) -> None:
        """Without the institution's own signature the hub could put its own key into a permit."""
        if permit.reader is not Reader.INSTITUTION_KEY:
            if token is not None:
                raise Invalid(Code.INVALID, "no statement belongs to this reader", facts={"field": "query"})
            return
        if token is None or permit.institution is None:
            raise Unauthenticated(Code.SIGNATURE_INVALID, "the institution's statement is missing")
        wanted: dict[str, Json] = {
            "iss": permit.institution,
            "authorisation_id": permit.authorisation_id,
            "account": permit.account,
            "product": str(permit.product),
            "months": permit.months,
            "purpose": str(permit.purpose),
            "jkt": seal_key.kid,
        }
        check_statement(
            self._trust,
            token,
            institution=permit.institution,
            typ=ArtefactType.QUERY,
            digest=permit.request_digest,
            wanted=wanted,
            now=now,
        )


def check_statement(
    trust: TrustStore,
    token: str,
    *,
    institution: str,
    typ: ArtefactType,
    digest: str,
    wanted: Mapping[str, Json],
    now: datetime,
) -> None:
    """Check the institution's own signed statement: its key, that the permit answers it, what it says, its time.

    Raises:
        UnknownInstitution: the directory in force does not know the institution or its key.
        Unauthenticated: ``SIGNATURE_INVALID``, ``CLOCK_SKEW``.
    """
    party = trust.institution(institution, now)
    if party is None:
        raise UnknownInstitution("the institution is not in the directory")
    if party.keys.verify_key(signer_of(token)[0], now) is None:
        raise UnknownInstitution("the institution's key is not in the directory")
    claims = verify_jws(token, party.keys, typ=typ, at=now)
    if hashlib.sha256(token.encode("ascii")).hexdigest() != digest:
        raise Unauthenticated(Code.SIGNATURE_INVALID, "the permit answers another statement")
    differing = [name for name, value in wanted.items() if claims.get(name) != value]
    if differing:
        raise Unauthenticated(
            Code.SIGNATURE_INVALID, "permit and statement differ", facts={"items": differing}
        )
    issued = claims.get("iat")
    if type(issued) is not int:
        raise Unauthenticated(Code.SIGNATURE_INVALID, "a statement says when it was made")
    if not is_of_this_moment(issued, now, age=QUERY_MAX_AGE, skew=SKEW):
        raise Unauthenticated(Code.CLOCK_SKEW, "the statement is not of this moment")
