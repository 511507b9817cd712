"""The values the decisions are about: entrustment, authorisation, permit.

They are what was said and what is known, not how it is stored. An expiry is never a state: it is read from the clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent.scope import MAX_MONTHS, Product, Purpose, Scope
from xinqiao.domain.errors import Code, Invalid

#: A permit outlives no more than one call to one node.
PERMIT_TTL = timedelta(seconds=30)


class Reader(StrEnum):
    """Who can open a product; said truthfully on the consent card and in the ledger."""

    #: Only the institution's own key opens it; the hub passes cipher text.
    INSTITUTION_KEY = "institution_key"
    #: The hub opens it in memory for one page and keeps nothing.
    HUB_DISPLAY = "hub_display"


class QueryKind(StrEnum):
    """An institution asks under an authorisation, or the subject asks about itself."""

    INSTITUTION = "institution"
    SELF = "self"


class AuthState(StrEnum):
    """The stored states. Expired and used up are read, see ``states.visible_state``."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class Standing(Protocol):
    """What every kind of authorisation has, whatever it covers: whose, to whom, in what state, how long, how often."""

    @property
    def id(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def institution(self) -> str: ...
    @property
    def state(self) -> AuthState: ...
    @property
    def withdrawn_at(self) -> datetime | None: ...
    @property
    def valid_from(self) -> datetime: ...
    @property
    def valid_to(self) -> datetime: ...
    @property
    def uses(self) -> int: ...
    @property
    def max_queries(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Entrustment:
    """委托提供: a subject entrusts the provider of one account to give out its products on the subject's demand.

    ``digest`` is the SHA-256 of the canonical claims of the signed artefact. ``ended_at`` records an act (unbinding), so
    once set it is final and no clock brings the entrustment back.
    """

    id: str
    subject: str
    provider: str
    account: str
    products: frozenset[Product]
    agreement_version: str
    signed_at: datetime
    ended_at: datetime | None = None
    digest: str = ""

    @classmethod
    def from_claims(cls, claims: Mapping[str, Json]) -> "Entrustment":
        """Read the payload of a verified artefact; see :mod:`xinqiao.domain.consent.artefacts`."""
        from xinqiao.domain.consent import artefacts  # it imports this module

        return artefacts.entrustment_from_claims(claims)


@dataclass(frozen=True, slots=True)
class Authorisation:
    """查询授权: a subject lets one institution ask.

    Valid during ``[valid_from, valid_to)``. ``uses`` counts releases. ``artefact_digest`` is the SHA-256 of the
    canonical claims of the artefact in force, ``predecessor`` that of the artefact it was appended to. The id stays the
    same across appends.
    """

    id: str
    subject: str
    institution: str
    scope: Scope
    valid_from: datetime
    valid_to: datetime
    uses: int = 0
    state: AuthState = AuthState.CONFIRMED
    withdrawn_at: datetime | None = None
    artefact_digest: str = ""
    predecessor: str | None = None

    @property
    def max_queries(self) -> int:
        """How often the institution may ask in all."""
        return self.scope.max_queries

    @classmethod
    def from_claims(cls, claims: Mapping[str, Json]) -> "Authorisation":
        """Read the payload of a verified artefact: what was given, with no uses and no withdrawal yet.

        Uses and withdrawal are known to the hub alone; whoever holds only the artefact must not conclude that it is
        still alive.
        """
        from xinqiao.domain.consent import artefacts

        return artefacts.authorisation_from_claims(claims)


@dataclass(frozen=True, slots=True)
class Permit:
    """One-shot leave for one node to compute one product of one account and seal it to one key.

    Attributes:
        jti: unguessable and unique; the node consumes it once, durably, before it answers.
        hub, node: issuer and the only audience.
        institution: who asks; ``None`` when the subject asks about itself.
        purpose: ``None`` for a self query.
        authorisation_id, authorisation_digest: the authorisation relied on; ``None`` for a self query.
        enc_jwk: public key the product is sealed to.
        request_digest: hex SHA-256 that binds the answer to the asker's request.
    """

    jti: str
    hub: str
    node: str
    institution: str | None
    subject: str
    account: str
    product: Product
    months: int
    include_balance: bool
    purpose: Purpose | None
    query_kind: QueryKind
    reader: Reader
    authorisation_id: str | None
    authorisation_digest: str | None
    entrustment_id: str
    entrustment_digest: str
    enc_jwk: dict[str, str]
    request_digest: str
    issued_at: datetime
    expires_at: datetime

    def __post_init__(self) -> None:
        if not timedelta(0) < self.expires_at - self.issued_at <= PERMIT_TTL:
            raise Invalid(Code.INVALID, "a permit lives at most 30 seconds", facts={"field": "expires_at"})
        if not 1 <= self.months <= MAX_MONTHS:
            raise Invalid(Code.INVALID, "months out of range", facts={"field": "months"})
        grantee = (self.institution, self.purpose, self.authorisation_id, self.authorisation_digest)
        wanted = self.query_kind is QueryKind.INSTITUTION
        if any((part is not None) is not wanted for part in grantee):
            # half an institution query is neither kind; a node must not guess which
            raise Invalid(
                Code.INVALID, "institution members do not fit the kind", facts={"field": "query_kind"}
            )
        if "d" in self.enc_jwk or "k" in self.enc_jwk:
            raise Invalid(Code.INVALID, "a permit carries a public key only", facts={"field": "enc_jwk"})

    @classmethod
    def from_claims(cls, claims: Mapping[str, Json]) -> "Permit":
        """Read the payload of a verified permit; see :mod:`xinqiao.domain.consent.artefacts`."""
        from xinqiao.domain.consent import artefacts

        return artefacts.permit_from_claims(claims)
