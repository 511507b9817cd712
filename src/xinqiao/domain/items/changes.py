"""How an authorisation of items comes to be and ends: confirm in part or whole, grant, withdraw.

Nothing is appended to one: another item or another claim is another request, so that every claim was seen by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.consent.scope import DEFAULT_CEILINGS, Ceiling, Purpose
from xinqiao.domain.consent.states import AUTHORISATION, AuthEvent
from xinqiao.domain.errors import Code, Invalid
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
    needed = needed_consents(chosen, terms)
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
    return ItemConfirmation(chosen, partly=chosen != request)


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


def withdraw(authorisation: ItemAuthorisation, at: datetime) -> ItemAuthorisation:
    """撤回: effective at once and for good; it does not reach back.

    Raises:
        Conflict: ``ILLEGAL_MOVE`` when it was never confirmed or is withdrawn already.
    """
    state = AUTHORISATION.next(authorisation.state, AuthEvent.WITHDRAW)
    return replace(authorisation, state=state, withdrawn_at=at)
