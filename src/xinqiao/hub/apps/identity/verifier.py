"""The plug through which an enterprise proves who it is, and the demonstration's stand-in for it.

A real platform installs a class that asks the electronic business licence service or a face check of the legal
representative (fund-flow rules 3) and names it in ``XINQIAO_IDENTITY_VERIFIER``. The hub trusts the answer of that
class and nothing a browser says. Not here: accounts, lock-out, sessions.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol, runtime_checkable

from django.conf import settings
from django.utils.module_loading import import_string

from xinqiao.domain.errors import Code, Unauthenticated, Unavailable
from xinqiao.hub.apps.identity.models import DemoIdentity


@dataclass(frozen=True, slots=True)
class IdentityClaim:
    """What somebody says about the enterprise and about themselves; ``evidence`` is the verifier's own business."""

    uscc: str
    enterprise_name: str
    person_name: str
    id_no: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class VerifiedIdentity:
    """What the verifier vouches for.

    ``is_legal_rep`` is the registration's present answer; ``representative_since`` the instant from which it holds.
    """

    uscc: str
    enterprise_name: str
    subject_type: str
    region: str
    industry: str
    person_name: str
    id_no: str
    is_legal_rep: bool
    representative_since: datetime | None
    method: str
    demonstration: bool = False


@runtime_checkable
class IdentityVerifier(Protocol):
    """Says whether a claim is true. May call other systems; is never called inside a transaction."""

    def verify(self, claim: IdentityClaim, at: datetime) -> VerifiedIdentity:
        """Return the verified identity.

        Raises:
            Unauthenticated: ``IDENTITY_NOT_VERIFIED``, the same for every reason, so that nothing can be guessed.
        """
        ...


class DemonstrationVerifier:
    """演示核验: compares the claim with seeded, invented identities. Refuses to work outside a demonstration."""

    def verify(self, claim: IdentityClaim, at: datetime) -> VerifiedIdentity:
        """See :class:`IdentityVerifier`."""
        if not settings.DEMO:
            raise Unavailable(Code.IDENTITY_NOT_VERIFIED, "the demonstration verifier is off")
        row = DemoIdentity.objects.filter(uscc=claim.uscc).first()
        person = None
        if row is not None and row.enterprise_name == claim.enterprise_name:
            person = next(
                (p for p in row.people if (p["name"], p["id_no"]) == (claim.person_name, claim.id_no)), None
            )
        if row is None or person is None:
            raise Unauthenticated(Code.IDENTITY_NOT_VERIFIED, "not verified")
        is_legal_rep = person["role"] == "legal_rep"
        since = person.get("since")
        return VerifiedIdentity(
            uscc=row.uscc,
            enterprise_name=row.enterprise_name,
            subject_type=row.subject_type,
            region=row.region,
            industry=row.industry,
            person_name=claim.person_name,
            id_no=claim.id_no,
            is_legal_rep=is_legal_rep,
            representative_since=datetime.fromisoformat(since) if since else None,
            method="demonstration",
            demonstration=True,
        )


@cache
def configured_verifier() -> IdentityVerifier:
    """The verifier named by the settings.

    Raises:
        Unavailable: none is configured; without one nobody can be let in.
    """
    if not settings.IDENTITY_VERIFIER:
        raise Unavailable(Code.IDENTITY_NOT_VERIFIED, "XINQIAO_IDENTITY_VERIFIER is not set")
    verifier = import_string(settings.IDENTITY_VERIFIER)()
    if not isinstance(verifier, IdentityVerifier):
        raise TypeError(f"{settings.IDENTITY_VERIFIER} is no IdentityVerifier")
    return verifier
