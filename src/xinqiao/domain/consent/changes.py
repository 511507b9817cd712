"""How an authorisation comes to be and changes: confirm, grant, append, withdraw.

Appending never narrows; narrowing is withdrawal and a new confirmation (fund-flow rules 5). Each function returns a new
value; writing it under a condition on the old state is the service's work.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.consent.records import Authorisation
from xinqiao.domain.consent.scope import DEFAULT_CEILINGS, Ceiling, Purpose, Scope, check_within_ceiling
from xinqiao.domain.consent.states import AUTHORISATION, AuthEvent
from xinqiao.domain.errors import Code, Conflict, Invalid


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the subject agreed to; ``partly`` when it is less than was asked."""

    scope: Scope
    partly: bool


def confirm(
    request_scope: Scope, chosen_scope: Scope, *, ceilings: Mapping[Purpose, Ceiling] = DEFAULT_CEILINGS
) -> Confirmation:
    """授权确认: the whole of what was asked, or a part of it.

    Raises:
        Invalid: ``SCOPE_EXCEEDED`` naming what was chosen beyond the request (a page that was tampered with, or a bug:
            the subject is never made to give more than was asked); ``INVALID`` when nothing was chosen;
            ``CEILING_EXCEEDED``.
    """
    beyond = chosen_scope.beyond(request_scope)
    if beyond:
        raise Invalid(Code.SCOPE_EXCEEDED, "more than was asked", facts={"items": list(beyond)})
    if chosen_scope.is_empty:
        raise Invalid(Code.INVALID, "nothing was chosen; that is a refusal", facts={"field": "accounts"})
    check_within_ceiling(chosen_scope, ceilings[chosen_scope.purpose])
    return Confirmation(chosen_scope, partly=chosen_scope != request_scope)


def grant(*, id: str, subject: str, institution: str, scope: Scope, at: datetime) -> Authorisation:  # noqa: A002
    """The authorisation that starts at the moment of confirmation; seal it with :func:`sealed` once signed."""
    return Authorisation(
        id=id,
        subject=subject,
        institution=institution,
        scope=scope,
        valid_from=at,
        valid_to=at + timedelta(days=scope.valid_days),
    )


def sealed(authorisation: Authorisation, claims: Mapping[str, Json]) -> Authorisation:
    """The same authorisation with the digest of the claims that were signed for it."""
    return replace(authorisation, artefact_digest=digest_hex(dict(claims)))


def append(
    authorisation: Authorisation,
    more: Scope,
    at: datetime,
    ceilings: Mapping[Purpose, Ceiling] = DEFAULT_CEILINGS,
) -> Authorisation:
    """授权追加: the same authorisation with more accounts, products, months, queries or a later end.

    The new scope is the join of the two; the new end is the later of the old end and ``at`` plus ``more.valid_days``.
    The result points to the artefact it grew from and has no digest until it is signed.

    Raises:
        Conflict: ``ILLEGAL_MOVE`` in a state that takes no append; ``CONFLICT_STATE`` outside its validity.
        Invalid: ``PURPOSE_MISMATCH``; ``CEILING_EXCEEDED``; ``INVALID`` when nothing is added, or when the predecessor
            was never signed.
    """
    state = AUTHORISATION.next(authorisation.state, AuthEvent.APPEND)
    if authorisation.withdrawn_at is not None or not authorisation.valid_from <= at < authorisation.valid_to:
        raise Conflict(Code.CONFLICT_STATE, "only a live authorisation can be appended to")
    if not authorisation.artefact_digest:
        raise Invalid(Code.INVALID, "the predecessor has no artefact", facts={"field": "artefact_digest"})
    scope = authorisation.scope.join(more)
    check_within_ceiling(scope, ceilings[scope.purpose])
    valid_to = max(authorisation.valid_to, at + timedelta(days=more.valid_days))
    if scope == authorisation.scope and valid_to == authorisation.valid_to:
        raise Invalid(Code.INVALID, "nothing is added", facts={"field": "scope"})
    return replace(
        authorisation,
        state=state,
        scope=scope,
        valid_to=valid_to,
        artefact_digest="",
        predecessor=authorisation.artefact_digest,
    )


def withdraw(authorisation: Authorisation, at: datetime) -> Authorisation:
    """撤回: effective at once and for good; it does not reach back.

    An authorisation past its end can still be withdrawn: the subject's wish is recorded whatever the clock says.

    Raises:
        Conflict: ``ILLEGAL_MOVE`` when it was never confirmed or is withdrawn already.
    """
    state = AUTHORISATION.next(authorisation.state, AuthEvent.WITHDRAW)
    return replace(authorisation, state=state, withdrawn_at=at)


def answer_by(requested_at: datetime, ceiling: Ceiling) -> datetime:
    """The instant from which a request that was not answered has lapsed."""
    return requested_at + timedelta(days=ceiling.request_ttl_days)
