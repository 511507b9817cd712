"""How an authorisation of items comes to be, grows and ends: confirm in part or whole, grant, append, withdraw.

An append adds what the institution asked for and did not get at first, time or queries. A claim is never appended: its
values were forgotten with the first answer, and what nobody sees nobody agrees to; it is asked for anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.consent.scope import DEFAULT_CEILINGS, Ceiling, Purpose
from xinqiao.domain.consent.states import AUTHORISATION, AuthEvent
from xinqiao.domain.errors import Code, Conflict, Invalid
from xinqiao.domain.items.records import ItemAuthorisation
from xinqiao.domain.items.scope import ItemScope, ItemTerms, PersonConsent, check_scope


@dataclass(frozen=True, slots=True)
class ItemConfirmation:
    """What the subject agreed to; ``partly`` when it is less than was asked."""

    scope: ItemScope
    partly: bool


def needed_consents(scope: ItemScope, terms: Mapping[str, ItemTerms]) -> dict[str, bool]:
    """Items of a scope that need the separate consent of a person; ``True`` where it must be written."""
    return {
        part.item: terms[part.item].written for part in scope.parts if part.fields & terms[part.item].personal
    }


def confirm(
    request: ItemScope,
    chosen: ItemScope,
    persons: frozenset[PersonConsent],
    terms: Mapping[str, ItemTerms],
    *,
    ceilings: Mapping[Purpose, Ceiling] = DEFAULT_CEILINGS,
) -> ItemConfirmation:
    """授权确认: the whole of what was asked, or a part of it, with the persons' own consents.

    Raises:
        Invalid: ``SCOPE_EXCEEDED`` naming what was chosen beyond the request; ``INVALID`` when nothing was chosen;
            ``CEILING_EXCEEDED``; ``PERSON_CONSENT_MISSING`` and ``WRITTEN_CONSENT_MISSING`` naming the items, so that
            nothing is granted that could never be used.
    """
    beyond = chosen.beyond(request)
    if beyond:
        raise Invalid(Code.SCOPE_EXCEEDED, "more than was asked", facts={"items": list(beyond)})
    check_scope(chosen, terms, ceilings=ceilings)
    _check_consents(chosen, persons, terms)
    return ItemConfirmation(chosen, partly=chosen != request)


def _check_consents(
    scope: ItemScope, persons: frozenset[PersonConsent], terms: Mapping[str, ItemTerms]
) -> None:
    needed = needed_consents(scope, terms)
    given = {item for consent in persons for item in consent.items}
    in_writing = {item for consent in persons if consent.written for item in consent.items}
    lacking = sorted(set(needed) - given)
    if lacking:
        raise Invalid(
            Code.PERSON_CONSENT_MISSING, "a person's own consent is missing", facts={"items": list(lacking)}
        )
    unwritten = sorted(item for item, written in needed.items() if written and item not in in_writing)
    if unwritten:
        raise Invalid(
            Code.WRITTEN_CONSENT_MISSING, "the written form is missing", facts={"items": list(unwritten)}
        )


def grant(
    *,
    id: str,  # noqa: A002
    subject: str,
    institution: str,
    scope: ItemScope,
    persons: frozenset[PersonConsent],
    at: datetime,
) -> ItemAuthorisation:
    """The authorisation that starts at the moment of confirmation; seal it with :func:`sealed` once signed."""
    return ItemAuthorisation(
        id=id,
        subject=subject,
        institution=institution,
        scope=scope,
        persons=persons,
        valid_from=at,
        valid_to=at + timedelta(days=scope.valid_days),
    )


def sealed(authorisation: ItemAuthorisation, claims: Mapping[str, Json]) -> ItemAuthorisation:
    """The same authorisation with the digest of the claims that were signed for it."""
    return replace(authorisation, artefact_digest=digest_hex(dict(claims)))


def append(
    authorisation: ItemAuthorisation,
    more: ItemScope,
    *,
    request: ItemScope,
    persons: frozenset[PersonConsent],
    terms: Mapping[str, ItemTerms],
    at: datetime,
    ceilings: Mapping[Purpose, Ceiling] = DEFAULT_CEILINGS,
) -> ItemAuthorisation:
    """授权追加: the same authorisation with more interface items or fields, more queries or a later end.

    The new scope is the join of the two; the new end is the later of the old end and ``at`` plus ``more.valid_days``.
    The result points to the artefact it grew from and has no digest until it is signed.

    Args:
        request: what the institution asked for; no other item or field is added.
        persons: the consents given with this append; those given before go on.

    Raises:
        Conflict: ``ILLEGAL_MOVE`` in a state that takes no append; ``CONFLICT_STATE`` outside its validity.
        Invalid: ``PURPOSE_MISMATCH``; ``SCOPE_EXCEEDED`` for what was not asked for, and for any claim;
            ``CEILING_EXCEEDED``; ``PERSON_CONSENT_MISSING``, ``WRITTEN_CONSENT_MISSING``; ``INVALID`` when nothing is
            added, or when the predecessor was never signed.
    """
    state = AUTHORISATION.next(authorisation.state, AuthEvent.APPEND)
    if authorisation.withdrawn_at is not None or not authorisation.valid_from <= at < authorisation.valid_to:
        raise Conflict(Code.CONFLICT_STATE, "only a live authorisation can be appended to")
    if not authorisation.artefact_digest:
        raise Invalid(Code.INVALID, "the predecessor has no artefact", facts={"field": "artefact_digest"})
    scope = authorisation.scope.join(more)
    asked = replace(
        request.join(authorisation.scope),
        claims=authorisation.scope.claims,
        valid_days=scope.valid_days,
        max_queries=scope.max_queries,
    )
    beyond = scope.beyond(asked)
    if beyond:
        raise Invalid(Code.SCOPE_EXCEEDED, "more than was asked", facts={"items": list(beyond)})
    check_scope(scope, terms, ceilings=ceilings)
    together = authorisation.persons | persons
    _check_consents(scope, together, terms)
    valid_to = max(authorisation.valid_to, at + timedelta(days=more.valid_days))
    if scope == authorisation.scope and valid_to == authorisation.valid_to:
        raise Invalid(Code.INVALID, "nothing is added", facts={"field": "scope"})
    return replace(
        authorisation,
        state=state,
        scope=scope,
        persons=together,
        valid_to=valid_to,
        artefact_digest="",
        predecessor=authorisation.artefact_digest,
    )


def withdraw(authorisation: ItemAuthorisation, at: datetime) -> ItemAuthorisation:
    """撤回: effective at once and for good; it does not reach back.

    Raises:
        Conflict: ``ILLEGAL_MOVE`` when it was never confirmed or is withdrawn already.
    """
    state = AUTHORISATION.next(authorisation.state, AuthEvent.WITHDRAW)
    return replace(authorisation, state=state, withdrawn_at=at)
