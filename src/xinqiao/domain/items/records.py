"""The values that decisions about items read: the authorisation and the permit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent.records import PERMIT_TTL, AuthState
from xinqiao.domain.consent.scope import Purpose
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.items.scope import ItemKind, ItemScope, PersonConsent


@dataclass(frozen=True, slots=True)
class ItemAuthorisation:
    """A subject lets one institution ask for items about it, for one purpose.

    Valid during ``[valid_from, valid_to)``; ``uses`` counts releases; a withdrawal is final. The states, their moves
    and their words are those of :mod:`xinqiao.domain.consent`.
    """

    id: str
    subject: str
    institution: str
    scope: ItemScope
    valid_from: datetime
    valid_to: datetime
    persons: frozenset[PersonConsent] = frozenset()
    uses: int = 0
    state: AuthState = AuthState.CONFIRMED
    withdrawn_at: datetime | None = None
    artefact_digest: str = ""
    #: digest of the artefact this one was appended to
    predecessor: str | None = None

    @property
    def max_queries(self) -> int:
        """How often the institution may ask in all."""
        return self.scope.max_queries

    @classmethod
    def from_claims(cls, claims: Mapping[str, Json]) -> "ItemAuthorisation":
        """Read the payload of a verified artefact: what was given, with no uses and no withdrawal yet."""
        from xinqiao.domain.items import artefacts  # it imports this module

        return artefacts.authorisation_from_claims(claims)


@dataclass(frozen=True, slots=True)
class ItemPermit:
    """One-shot leave for one department node to answer for one item about one subject.

    Attributes:
        jti: unguessable and unique; the node consumes it once, durably, before it answers.
        fields: what may be given (interface) or what the claim states (verification).
        claim: digest of the claim, for a verification.
        enc_jwk: public key the answer is sealed to, for an interface item; a yes or no is not sealed.
        request_digest: hex SHA-256 of the institution's signed statement.
    """

    jti: str
    hub: str
    node: str
    institution: str
    subject: str
    kind: ItemKind
    item: str
    fields: frozenset[str]
    claim: str | None
    purpose: Purpose
    authorisation_id: str
    authorisation_digest: str
    enc_jwk: dict[str, str] | None
    request_digest: str
    issued_at: datetime
    expires_at: datetime

    def __post_init__(self) -> None:
        if not timedelta(0) < self.expires_at - self.issued_at <= PERMIT_TTL:
            raise Invalid(Code.INVALID, "a permit lives at most 30 seconds", facts={"field": "expires_at"})
        if not self.kind.at_source:
            raise Invalid(Code.INVALID, "a permit is for a node", facts={"field": "kind"})
        verifies = self.kind is ItemKind.VERIFICATION
        if (self.claim is not None) is not verifies or (self.enc_jwk is None) is not verifies:
            # half a verification is neither kind; a node must not guess which
            raise Invalid(Code.INVALID, "claim or key does not fit the kind", facts={"field": "kind"})
        if not self.fields:
            raise Invalid(Code.INVALID, "a permit names its fields", facts={"field": "fields"})
        if self.enc_jwk is not None and ("d" in self.enc_jwk or "k" in self.enc_jwk):
            raise Invalid(Code.INVALID, "a permit carries a public key only", facts={"field": "enc_jwk"})

    @classmethod
    def from_claims(cls, claims: Mapping[str, Json]) -> "ItemPermit":
        """Read the payload of a verified permit."""
        from xinqiao.domain.items import artefacts

        return artefacts.permit_from_claims(claims)
