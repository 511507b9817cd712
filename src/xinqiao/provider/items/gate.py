"""The gate of items: a permit is believed only with the artefact it names and the institution's own statement."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from xinqiao.clock import Clock
from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.model import Catalogue, Item
from xinqiao.domain.errors import Code, Forbidden, Unauthenticated
from xinqiao.domain.items import ItemAuthorisation, ItemKind, ItemPermit, ItemTerms, check_item_permit
from xinqiao.provider.directory import TrustStore
from xinqiao.provider.gate import SKEW, BelievedArtefacts, check_statement, refused
from xinqiao.trust.jws import ArtefactType, verify_jws
from xinqiao.trust.keys import SealKey


@dataclass(frozen=True, slots=True)
class AdmittedItem:
    """A permit that may be consumed and answered; ``seal_key`` for an interface item."""

    permit: ItemPermit
    permit_digest: str
    authorisation: ItemAuthorisation
    item: Item
    seal_key: SealKey | None


class ItemGate:
    """Re-checks item permits with the node's own knowledge."""

    def __init__(self, *, node: str, hub: str, trust: TrustStore, catalogue: Catalogue, clock: Clock) -> None:
        self._node = node
        self._hub = hub
        self._trust = trust
        self._catalogue = catalogue
        self._clock = clock
        self._authorisations = BelievedArtefacts(
            trust, hub, ArtefactType.ITEM_AUTHORISATION, ItemAuthorisation.from_claims
        )

    def read_permit(self, token: str, kind: ItemKind) -> ItemPermit:
        """Check signature and audience of a permit and read it.

        Raises:
            Unauthenticated: ``SIGNATURE_INVALID``, ``TOKEN_TYPE``, ``AUDIENCE_MISMATCH``.
            Invalid: signed by the hub but not in the form of a permit. Forbidden: of the other kind.
        """
        claims = verify_jws(token, self._trust.hub_keys, typ=ArtefactType.ITEM_PERMIT, at=self._clock.now())
        if claims.get("aud") != self._node:
            raise Unauthenticated(Code.AUDIENCE_MISMATCH, "a permit for another node")
        permit = ItemPermit.from_claims(claims)
        if permit.hub != self._hub:
            raise Unauthenticated(Code.SIGNATURE_INVALID, "a permit of another platform")
        if permit.kind is not kind:
            raise Forbidden(Code.SCOPE_EXCEEDED, "permit_of_the_other_kind")
        return permit

    def admit(
        self, permit: ItemPermit, permit_token: str, authorisation_token: str, query_token: str | None
    ) -> AdmittedItem:
        """Decide whether ``permit`` may be consumed.

        Raises:
            UnknownInstitution, Unauthenticated, Forbidden: the first check that fails, with its stable code.
        """
        now = self._clock.now()
        authorisation = self._authorisations.read(authorisation_token, now)
        item = self._catalogue.items.get(permit.item)
        decision = check_item_permit(
            permit,
            node=self._node,
            authorisation=authorisation,
            terms=None if item is None else ItemTerms.of(item),
            at=now,
            skew=SKEW,
        )
        if not decision.allowed:
            raise refused(decision)
        assert item is not None
        seal_key = None if permit.enc_jwk is None else SealKey.from_jwk(dict(permit.enc_jwk))
        if query_token is None:
            self._check_report(permit, authorisation)
        else:
            self._check_query(permit, seal_key, query_token, now)
        return AdmittedItem(
            permit=permit,
            permit_digest=hashlib.sha256(permit_token.encode("ascii")).hexdigest(),
            authorisation=authorisation,
            item=item,
            seal_key=seal_key,
        )

    @staticmethod
    def _check_report(permit: ItemPermit, authorisation: ItemAuthorisation) -> None:
        """Without the institution's own statement: only for a credit report, where the subject agreed to that."""
        if permit.kind is not ItemKind.INTERFACE or not authorisation.scope.report:
            raise Unauthenticated(Code.SIGNATURE_INVALID, "the institution's statement is missing")

    def _check_query(self, permit: ItemPermit, seal_key: SealKey | None, token: str, now: datetime) -> None:
        """The institution says itself what it asks, and to which key: the hub cannot put another key in."""
        wanted: dict[str, Json] = {
            "iss": permit.institution,
            "authorisation_id": permit.authorisation_id,
            "item": permit.item,
            "fields": [*sorted(permit.fields)],
            "claim": permit.claim,
            "purpose": str(permit.purpose),
            "jkt": None if seal_key is None else seal_key.kid,
        }
        check_statement(
            self._trust,
            token,
            institution=permit.institution,
            typ=ArtefactType.ITEM_QUERY,
            digest=permit.request_digest,
            wanted=wanted,
            now=now,
        )
