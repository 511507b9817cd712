"""The decision about an item: may it be asked for now, and if not, why, and what would be allowed.

The order is that of :func:`xinqiao.domain.consent.decide`: who asks comes before what is asked. In between stand the
consents of natural persons; a query that lacks one is refused whole, never answered without the fields about them.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from xinqiao.domain.consent.decision import Decision, check_standing, check_uses, refuse
from xinqiao.domain.consent.gate import SKEW, check_address, judging_instant
from xinqiao.domain.consent.scope import Purpose
from xinqiao.domain.errors import Code, Fact, Invalid
from xinqiao.domain.items.records import ItemAuthorisation, ItemPermit
from xinqiao.domain.items.scope import ItemKind, ItemTerms


@dataclass(frozen=True, slots=True)
class ItemAsk:
    """One request: fields of an item at its source or, ``held``, of one the platform collected; or a claim to verify."""

    authorisation_id: str | None
    subject: str
    institution: str
    item: str
    fields: frozenset[str]
    purpose: Purpose
    claim: str | None = None
    held: bool = False

    def __post_init__(self) -> None:
        if not self.fields:
            raise Invalid(Code.INVALID, "fields are named", facts={"field": "fields"})
        if self.held and self.claim is not None:
            raise Invalid(Code.INVALID, "a claim is verified at its source", facts={"field": "claim"})

    @property
    def kind(self) -> ItemKind:
        """A claim is verified; without one the item itself is asked for, where it is."""
        if self.claim is not None:
            return ItemKind.VERIFICATION
        return ItemKind.COLLECTED if self.held else ItemKind.INTERFACE


@dataclass(frozen=True, slots=True)
class ItemNearest:
    """The request closest to the one refused that would be allowed at this moment."""

    item: str
    fields: frozenset[str]
    purpose: Purpose
    claim: str | None = None


@dataclass(frozen=True, slots=True)
class ItemDecision:
    """Yes, or no with a stable code, the reason, what may be shown, and the nearest request."""

    allowed: bool
    code: Code | None = None
    reason: str = "allowed"
    facts: dict[str, Fact] = field(default_factory=dict)
    nearest: ItemNearest | None = None

    @classmethod
    def of(cls, decision: Decision) -> "ItemDecision":
        """The same yes or no, without a nearest request."""
        return cls(decision.allowed, decision.code, decision.reason, decision.facts)


ALLOWED = ItemDecision(allowed=True)


def decide_item(
    ask: ItemAsk, *, authorisation: ItemAuthorisation | None, terms: ItemTerms | None, at: datetime
) -> ItemDecision:
    """Decide an institution's request for an item.

    Args:
        ask: what is asked, by whom.
        authorisation: the one named by the ask, as it stands under the lock; ``None`` when there is none.
        terms: those of the item in the catalogue in force; ``None`` when it has no such item.
        at: the instant of the decision.

    Codes, in the order they are tested: ``CONSENT_MISSING``, ``CONSENT_GRANTEE_MISMATCH``, ``CONSENT_REVOKED``,
    ``CONSENT_REFUSED``, ``CONSENT_NOT_YET_VALID``, ``CONSENT_EXPIRED``, ``PURPOSE_MISMATCH``, ``SCOPE_EXCEEDED``,
    ``PERSON_CONSENT_MISSING``, ``WRITTEN_CONSENT_MISSING``, ``CONSENT_EXHAUSTED``.
    """
    standing = check_standing(ask, authorisation, at)
    if standing is not None:
        return ItemDecision.of(standing)
    assert authorisation is not None
    refusal = (
        _check_scope(ask, authorisation, terms)
        or _check_persons(ask, authorisation, terms)
        or check_uses(authorisation)
    )
    if refusal is None:
        return ALLOWED
    found = ItemDecision.of(refusal)
    if refusal.code is Code.CONSENT_EXHAUSTED:
        return found
    return replace(found, nearest=_nearest(ask, authorisation, terms))


def decide_again(ask: ItemAsk, *, authorisation: ItemAuthorisation | None, at: datetime) -> ItemDecision:
    """Decide once more what :func:`decide_item` allowed under the same artefact and terms.

    Scope, purpose and persons follow from those alone; what may have changed is asked again, in the same order: whose it
    is, withdrawal, state, time, and the number of uses.
    """
    standing = check_standing(ask, authorisation, at)
    if standing is None:
        assert authorisation is not None
        standing = check_uses(authorisation)
    return ALLOWED if standing is None else ItemDecision.of(standing)


def _check_scope(ask: ItemAsk, authorisation: ItemAuthorisation, terms: ItemTerms | None) -> Decision | None:
    scope = authorisation.scope
    if ask.purpose is not scope.purpose:
        return refuse(Code.PURPOSE_MISMATCH, "other_purpose", {"purpose": str(ask.purpose)})
    if terms is None or terms.item != ask.item or terms.kind is not ask.kind:
        return refuse(Code.SCOPE_EXCEEDED, "no_such_item_of_this_mode", {"items": [f"item:{ask.item}"]})
    if ask.claim is not None:
        claim = scope.claim(ask.claim)
        if claim is None or (claim.item, claim.fields) != (ask.item, ask.fields):
            # one answer for a wrong value, another salt and other fields: each is another claim
            return refuse(Code.SCOPE_EXCEEDED, "claim_not_authorised", {"items": [f"claim:{ask.item}"]})
        return None
    have = scope.fields_of(ask.item) & terms.fields
    if not have:
        return refuse(Code.SCOPE_EXCEEDED, "scope_exceeded", {"items": [f"item:{ask.item}"]})
    beyond = [f"field:{ask.item}.{name}" for name in sorted(ask.fields - have)]
    return refuse(Code.SCOPE_EXCEEDED, "scope_exceeded", {"items": [*beyond]}) if beyond else None


def _check_persons(
    ask: ItemAsk, authorisation: ItemAuthorisation, terms: ItemTerms | None
) -> Decision | None:
    assert terms is not None
    personal = sorted(ask.fields & terms.personal)
    if not personal:
        return None
    given = [consent for consent in authorisation.persons if ask.item in consent.items]
    if not given:
        return refuse(
            Code.PERSON_CONSENT_MISSING,
            "no_separate_consent",
            {"items": [f"field:{ask.item}.{n}" for n in personal]},
        )
    if terms.written and not any(consent.written for consent in given):
        return refuse(Code.WRITTEN_CONSENT_MISSING, "no_written_consent", {"items": [f"item:{ask.item}"]})
    return None


def _nearest(ask: ItemAsk, authorisation: ItemAuthorisation, terms: ItemTerms | None) -> ItemNearest | None:
    """The asked request pulled inside the scope, and only if it would then be answered.

    A claim is exact, so only its purpose can be set right; what else the subject agreed to is not told.
    """
    if terms is None or terms.kind is not ask.kind or check_uses(authorisation) is not None:
        return None
    purpose = authorisation.scope.purpose
    if ask.claim is not None:
        near = replace(ask, purpose=purpose)
    else:
        inside = authorisation.scope.fields_of(ask.item) & terms.fields
        common = ask.fields & inside or inside
        if common and _check_persons(replace(ask, fields=common), authorisation, terms) is not None:
            common -= terms.personal
        if not common:
            return None
        near = replace(ask, purpose=purpose, fields=common)
    if _check_scope(near, authorisation, terms) or _check_persons(near, authorisation, terms):
        return None
    return ItemNearest(near.item, near.fields, near.purpose, near.claim)


@dataclass(frozen=True, slots=True)
class ReportAsk:
    """A credit report wanted under an authorisation; ``calls``: the interface items it calls at their sources."""

    authorisation_id: str | None
    subject: str
    institution: str
    purpose: Purpose
    calls: frozenset[str] = frozenset()


def decide_report(ask: ReportAsk, *, authorisation: ItemAuthorisation | None, at: datetime) -> ItemDecision:
    """Decide an institution's request for a credit report. Each call it makes is decided again by itself.

    A report counts one use and each call one: what cannot be paid for whole is not begun.

    Codes, in the order they are tested: those of :func:`decide_item` up to ``PURPOSE_MISMATCH``, ``SCOPE_EXCEEDED``
    (no report was agreed to, or a call of something else), ``CONSENT_EXHAUSTED`` with what is needed and left.
    """
    standing = check_standing(ask, authorisation, at)
    if standing is not None:
        return ItemDecision.of(standing)
    assert authorisation is not None
    scope = authorisation.scope
    if ask.purpose is not scope.purpose:
        return ItemDecision.of(refuse(Code.PURPOSE_MISMATCH, "other_purpose", {"purpose": str(ask.purpose)}))
    beyond = [f"item:{item}" for item in sorted(ask.calls) if not scope.fields_of(item)]
    if beyond or not scope.report:
        return ItemDecision.of(
            refuse(Code.SCOPE_EXCEEDED, "scope_exceeded", {"items": [*beyond] or ["report"]})
        )
    needed, left = len(ask.calls) + 1, scope.max_queries - authorisation.uses
    if needed > left:
        return ItemDecision.of(
            refuse(Code.CONSENT_EXHAUSTED, "used_up", {"needed": needed, "left": max(left, 0)})
        )
    return ALLOWED


def check_item_permit(
    permit: ItemPermit,
    *,
    node: str,
    authorisation: ItemAuthorisation | None,
    terms: ItemTerms | None,
    at: datetime,
    skew: timedelta = SKEW,
) -> ItemDecision:
    """The department node's side: whether ``node`` may answer what ``permit`` asks.

    Codes: those of :func:`~xinqiao.domain.consent.gate.check_address`, ``CONSENT_MISSING`` when the authorisation handed
    over is not the one the permit names, then those of :func:`decide_item`. A node knows of no uses and no withdrawal;
    a permit is short and single for that reason, and the release happens at the hub.
    """
    untimely = check_address(permit, node=node, at=at, skew=skew)
    if untimely is not None:
        return ItemDecision.of(untimely)
    if authorisation is None or authorisation.artefact_digest != permit.authorisation_digest:
        return ItemDecision.of(refuse(Code.CONSENT_MISSING, "authorisation_artefact_differs"))
    ask = ItemAsk(
        authorisation_id=permit.authorisation_id,
        subject=permit.subject,
        institution=permit.institution,
        item=permit.item,
        fields=permit.fields,
        purpose=permit.purpose,
        claim=permit.claim,
    )
    judged_at = judging_instant(authorisation, at, skew)
    return decide_item(ask, authorisation=authorisation, terms=terms, at=judged_at)
