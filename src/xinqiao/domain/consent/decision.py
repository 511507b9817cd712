"""The decision: may this query be answered now, and if not, why, and what would be allowed.

The order of the checks is part of the contract: who asks comes before what is asked, so that somebody without a right
learns nothing about the content of somebody else's authorisation. An intersection of what is asked and what is granted
is never served silently: it is only *named*, as the nearest allowed request.

Two kinds of ending are treated differently on purpose. An *act* (withdrawal, unbinding) is final once recorded, whatever
the clock says, so a clock that steps back revives nothing. A *validity* is read from the clock, half-open.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, assert_never

from xinqiao.domain.consent.records import Authorisation, AuthState, Entrustment, Standing
from xinqiao.domain.consent.scope import MAX_MONTHS, Product, Purpose
from xinqiao.domain.errors import Code, Fact, Invalid
from xinqiao.domain.period import format_instant


class Asking(Protocol):
    """Who asks, about whom, and under which authorisation: all that :func:`check_standing` reads of a request."""

    @property
    def authorisation_id(self) -> str | None: ...
    @property
    def subject(self) -> str: ...
    @property
    def institution(self) -> str: ...


@dataclass(frozen=True, slots=True)
class QueryAsk:
    """One request for one product of one account.

    ``fields`` exists so that asking for anything beyond the product (``*`` among them) is refused by name rather than
    ignored. ``purpose`` is ``None`` only for the subject's own query.
    """

    authorisation_id: str | None
    subject: str
    institution: str
    account: str
    product: Product
    months: int
    purpose: Purpose | None
    fields: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.months < 1:
            raise Invalid(Code.INVALID, "months must be at least 1", facts={"field": "months"})


@dataclass(frozen=True, slots=True)
class Nearest:
    """The request closest to the one refused that would be allowed at this moment."""

    account: str
    product: Product
    months: int
    purpose: Purpose | None


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes, or no with a stable code.

    Attributes:
        reason: short English key for logs and for choosing words at the edge.
        facts: what may be shown to the asker; ``items`` names the requested items that are too much.
        nearest: the nearest allowed request, ``None`` when nothing would be allowed.
    """

    allowed: bool
    code: Code | None = None
    reason: str = "allowed"
    facts: dict[str, Fact] = field(default_factory=dict)
    nearest: Nearest | None = None


ALLOWED = Decision(allowed=True)


def refuse(code: Code, reason: str, facts: dict[str, Fact] | None = None) -> Decision:
    """A no without a nearest request."""
    return Decision(allowed=False, code=code, reason=reason, facts=facts or {})


def decide(
    ask: QueryAsk,
    *,
    authorisation: Authorisation | None,
    entrustment: Entrustment | None,
    account_bound: bool,
    at: datetime,
    live_accounts: frozenset[str] = frozenset(),
) -> Decision:
    """Decide an institution's query.

    Args:
        ask: what is asked, by whom.
        authorisation: the one named by the ask, as it stands under the lock; ``None`` when there is none.
        entrustment: that of the asked account, ``None`` when there is none.
        account_bound: whether the asked account is bound at this moment.
        at: the instant of the decision.
        live_accounts: accounts of the subject known to be bound and entrusted for both products; only used to name a
            nearest request when the asked account is outside the authorisation.

    Codes, in the order they are tested: ``CONSENT_MISSING``, ``CONSENT_GRANTEE_MISMATCH``, ``CONSENT_REVOKED``,
    ``CONSENT_REFUSED`` (refused, or lapsed unanswered), ``CONSENT_NOT_YET_VALID``, ``CONSENT_EXPIRED``,
    ``PURPOSE_MISMATCH``, ``SCOPE_EXCEEDED``, ``ENTRUSTMENT_MISSING``, ``ENTRUSTMENT_ENDED``, ``CONSENT_EXHAUSTED``.
    """
    standing = check_standing(ask, authorisation, at)
    if standing is not None:
        return standing
    assert authorisation is not None
    refusal = (
        _check_scope(ask, authorisation)
        or check_entrustment(ask, entrustment, account_bound=account_bound)
        or check_uses(authorisation)
    )
    if refusal is None:
        return ALLOWED
    if refusal.code not in (Code.PURPOSE_MISMATCH, Code.SCOPE_EXCEEDED):
        return refusal
    nearest = _nearest(
        ask, authorisation, entrustment, account_bound=account_bound, live_accounts=live_accounts
    )
    return replace(refusal, nearest=nearest)


def decide_self(
    ask: QueryAsk, *, entrustment: Entrustment | None, account_bound: bool, at: datetime
) -> Decision:
    """Decide the subject's query about itself: it needs only a live entrustment of its own account.

    That the person at the keyboard acts for the subject has been established by whoever calls. ``at`` is accepted so
    that both decisions are called alike; an entrustment has no expiry to read from it.
    """
    items = _fields_beyond(ask)
    if ask.months > MAX_MONTHS:
        items.append(f"months:{ask.months}")
    refusal = check_entrustment(ask, entrustment, account_bound=account_bound)
    if not items:
        return refusal or ALLOWED
    nearest = None if refusal else Nearest(ask.account, ask.product, min(ask.months, MAX_MONTHS), ask.purpose)
    return replace(refuse(Code.SCOPE_EXCEEDED, "scope_exceeded", {"items": list(items)}), nearest=nearest)


def check_standing(ask: Asking, authorisation: Standing | None, at: datetime) -> Decision | None:
    """Whether the asker holds an authorisation of this subject that is alive at ``at``; ``None`` means yes."""
    if (
        authorisation is None
        or authorisation.subject != ask.subject
        or (ask.authorisation_id is not None and ask.authorisation_id != authorisation.id)
    ):
        return refuse(Code.CONSENT_MISSING, "no_authorisation")
    if authorisation.institution != ask.institution:
        return refuse(Code.CONSENT_GRANTEE_MISMATCH, "given_to_another_institution")
    if authorisation.withdrawn_at is not None:
        # read before the state, so that a row whose two columns disagree fails closed
        return refuse(
            Code.CONSENT_REVOKED, "withdrawn", {"withdrawn_at": format_instant(authorisation.withdrawn_at)}
        )
    match authorisation.state:
        case AuthState.WITHDRAWN:
            return refuse(Code.CONSENT_REVOKED, "withdrawn")
        case AuthState.REFUSED:
            return refuse(Code.CONSENT_REFUSED, "refused_by_subject")
        case AuthState.LAPSED:
            return refuse(Code.CONSENT_REFUSED, "lapsed_unanswered")
        case AuthState.REQUESTED:
            return refuse(Code.CONSENT_MISSING, "not_confirmed")
        case AuthState.CONFIRMED:
            pass
        case _:
            assert_never(authorisation.state)
    if at < authorisation.valid_from:
        return refuse(
            Code.CONSENT_NOT_YET_VALID,
            "not_yet_valid",
            {"valid_from": format_instant(authorisation.valid_from)},
        )
    if at >= authorisation.valid_to:
        return refuse(Code.CONSENT_EXPIRED, "expired", {"valid_to": format_instant(authorisation.valid_to)})
    return None


def check_entrustment(
    ask: QueryAsk, entrustment: Entrustment | None, *, account_bound: bool
) -> Decision | None:
    """Whether the account's own bank may give it out; ``None`` means yes."""
    if entrustment is None or (entrustment.subject, entrustment.account) != (ask.subject, ask.account):
        return refuse(Code.ENTRUSTMENT_MISSING, "no_entrustment", {"account": ask.account})
    if entrustment.ended_at is not None:
        return refuse(Code.ENTRUSTMENT_ENDED, "entrustment_ended", {"account": ask.account})
    if not account_bound:
        return refuse(Code.ENTRUSTMENT_ENDED, "account_unbound", {"account": ask.account})
    if ask.product not in entrustment.products:
        return refuse(Code.ENTRUSTMENT_MISSING, "product_not_entrusted", {"product": str(ask.product)})
    return None


def _check_scope(ask: QueryAsk, authorisation: Authorisation) -> Decision | None:
    scope = authorisation.scope
    if ask.purpose is not scope.purpose:
        purpose = str(ask.purpose) if ask.purpose else None
        return refuse(Code.PURPOSE_MISMATCH, "other_purpose", {"purpose": purpose})
    items: list[str] = []
    if ask.account not in scope.accounts:
        items.append(f"account:{ask.account}")
    if ask.product not in scope.products:
        items.append(f"product:{ask.product}")
    if ask.months > scope.months_back:
        items.append(f"months:{ask.months}")
    items += _fields_beyond(ask)
    return refuse(Code.SCOPE_EXCEEDED, "scope_exceeded", {"items": list(items)}) if items else None


def _fields_beyond(ask: QueryAsk) -> list[str]:
    return [f"field:{name}" for name in sorted(ask.fields)]


def check_uses(authorisation: Standing) -> Decision | None:
    """Whether a query is left; ``None`` means yes."""
    if authorisation.uses >= authorisation.max_queries:
        return refuse(Code.CONSENT_EXHAUSTED, "used_up", {"max_queries": authorisation.max_queries})
    return None


def _nearest(
    ask: QueryAsk,
    authorisation: Authorisation,
    entrustment: Entrustment | None,
    *,
    account_bound: bool,
    live_accounts: frozenset[str],
) -> Nearest | None:
    """The asked request pulled inside the scope, and only if it would then really be answered."""
    scope = authorisation.scope
    if check_uses(authorisation) is not None or scope.is_empty:
        return None
    asked_first = sorted(scope.products, key=lambda p: (p is not ask.product, p))
    if ask.account in scope.accounts:
        entrusted = [
            product
            for product in asked_first
            if check_entrustment(replace(ask, product=product), entrustment, account_bound=account_bound)
            is None
        ]
        account = ask.account
    else:
        others = sorted(scope.accounts & live_accounts)
        entrusted = asked_first if others else []
        account = others[0] if others else ask.account
    if not entrusted:
        return None
    return Nearest(account, entrusted[0], min(ask.months, scope.months_back), scope.purpose)
