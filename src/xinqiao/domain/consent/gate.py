"""The node's side of the decision: a permit is believed only as far as the node can check it again.

The caller has verified the signature of the permit and of the authorisation artefact that came with it, and consumes
the ``jti`` afterwards. A node cannot know of withdrawals, which is why a permit is short, single, and the release
happens at the hub.
"""

from datetime import datetime, timedelta
from typing import Protocol

from xinqiao.domain.consent.decision import (
    ALLOWED,
    Decision,
    QueryAsk,
    check_entrustment,
    decide,
    refuse,
)
from xinqiao.domain.consent.records import Authorisation, Entrustment, Permit, QueryKind, Standing
from xinqiao.domain.errors import Code

#: Clocks of hub and node may differ by this much (abuse case E12).
SKEW = timedelta(seconds=10)


class Addressed(Protocol):
    """What every kind of permit says about its audience and its time."""

    @property
    def node(self) -> str: ...
    @property
    def issued_at(self) -> datetime: ...
    @property
    def expires_at(self) -> datetime: ...


def check_address(permit: Addressed, *, node: str, at: datetime, skew: timedelta = SKEW) -> Decision | None:
    """Whether a permit is for this node and of this moment; ``None`` means yes.

    Codes: ``AUDIENCE_MISMATCH``, ``CLOCK_SKEW`` (issued in the node's future), ``PERMIT_EXPIRED``.
    """
    if permit.node != node:
        return refuse(Code.AUDIENCE_MISMATCH, "permit_for_another_node")
    if at + skew < permit.issued_at:
        return refuse(Code.CLOCK_SKEW, "permit_from_the_future")
    if at - skew >= permit.expires_at:
        return refuse(Code.PERMIT_EXPIRED, "permit_expired")
    return None


def judging_instant(authorisation: Standing, at: datetime, skew: timedelta) -> datetime:
    """The instant at which a node reads a validity: the nearest inside it that the tolerance reaches, else ``at``.

    The hub decided by its own clock.
    """
    judged_at = min(max(at, authorisation.valid_from), authorisation.valid_to - timedelta(microseconds=1))
    return judged_at if abs(judged_at - at) <= skew else at


def check_permit(
    permit: Permit,
    *,
    node: str,
    entrustment: Entrustment | None,
    authorisation: Authorisation | None,
    at: datetime,
    skew: timedelta = SKEW,
) -> Decision:
    """Decide whether ``node`` may compute what ``permit`` asks.

    Args:
        permit: verified permit.
        node: the node's own id.
        entrustment: the node's own copy for that account; its ``ended_at`` also stands for an unbound account.
        authorisation: the artefact in force as handed over with an institution's permit; ``None`` for a self query.
        at: the node's clock.
        skew: tolerated difference of clocks, applied to both ends of the permit and of the authorisation.

    Codes: ``AUDIENCE_MISMATCH``, ``CLOCK_SKEW`` (issued in the node's future), ``PERMIT_EXPIRED``, then the codes of
    :func:`~xinqiao.domain.consent.decision.decide`.
    """
    untimely = check_address(permit, node=node, at=at, skew=skew)
    if untimely is not None:
        return untimely
    ask = QueryAsk(
        authorisation_id=permit.authorisation_id,
        subject=permit.subject,
        institution=permit.institution or "",
        account=permit.account,
        product=permit.product,
        months=permit.months,
        purpose=permit.purpose,
    )
    own_copy = _check_own_copy(permit, ask, node, entrustment)
    if permit.query_kind is QueryKind.SELF:
        return own_copy or ALLOWED
    if authorisation is None or authorisation.artefact_digest != permit.authorisation_digest:
        return refuse(Code.CONSENT_MISSING, "authorisation_artefact_differs")
    decision = decide(
        ask,
        authorisation=authorisation,
        entrustment=entrustment,
        account_bound=True,
        at=judging_instant(authorisation, at, skew),
    )
    if not decision.allowed:
        return decision
    if permit.include_balance and not authorisation.scope.include_balance:
        return refuse(Code.SCOPE_EXCEEDED, "scope_exceeded", {"items": ["balance"]})
    return own_copy or ALLOWED


def _check_own_copy(
    permit: Permit, ask: QueryAsk, node: str, entrustment: Entrustment | None
) -> Decision | None:
    refusal = check_entrustment(ask, entrustment, account_bound=True)
    if refusal is not None or entrustment is None:
        return refusal
    if entrustment.provider != node:
        return refuse(Code.ENTRUSTMENT_MISSING, "entrusted_to_another_provider")
    if (entrustment.id, entrustment.digest) != (permit.entrustment_id, permit.entrustment_digest):
        # hub and node rely on different agreements: the customer may have signed a newer one
        return refuse(Code.ENTRUSTMENT_MISSING, "entrustment_artefact_differs")
    return None
