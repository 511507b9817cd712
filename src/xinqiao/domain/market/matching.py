"""智能匹配: which products fit a need, in which order, and why.

Hard conditions decide; what passes them is ordered by stated weights. All figures are whole numbers, so that every engine
finds the same order to the last place, and the result is a function of its inputs alone: not of the order in which products
come, not of the day, and no payment can move a rank because none is among the inputs. The weights and the two scales are
proposed by the field's documents or by this platform and may be set; they are kept with every result.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.market.change import Change, smallest_change
from xinqiao.domain.market.conditions import (
    AllOf,
    Between,
    Condition,
    Facts,
    OneOf,
    Reason,
    Tri,
    Value,
    judge,
    reasons,
)
from xinqiao.domain.market.fields import FIELDS

#: A fit is a number of thousandths.
FULL = 1000
#: Fewer cases of similar firms than this say nothing about a product.
LEAST_HISTORY = 10


@dataclass(frozen=True, slots=True)
class Weights:
    """What each fit counts; the sum is 100.

    ``best_rate`` and ``worst_rate`` are the yearly rates at which the fit of the rate is full and nothing, ``worst_days`` the
    working days of handling at which the fit of the pace is nothing.
    """

    amount: int = 25
    rate: int = 20
    term: int = 10
    security: int = 15
    history: int = 15
    pace: int = 10
    policy: int = 5
    best_rate: Decimal = Decimal("0.03")
    worst_rate: Decimal = Decimal("0.12")
    worst_days: int = 20

    def __post_init__(self) -> None:
        parts = (self.amount, self.rate, self.term, self.security, self.history, self.pace, self.policy)
        if min(parts) < 0 or sum(parts) != 100:
            raise Invalid(Code.INVALID, "weights sum to 100", facts={"field": "weights"})
        if not 0 <= self.best_rate < self.worst_rate or self.worst_days < 2:
            raise Invalid(Code.INVALID, "scales", facts={"field": "scales"})


@dataclass(frozen=True, slots=True)
class Need:
    """What a firm asks for.

    Attributes:
        amount_fen: what it would like; ``least_fen`` what would still help.
        months: for how long; ``least_months`` what would still help.
        rate: the highest yearly rate it would take, or ``None``.
        purpose: code of the use.
        security: what it can offer; ``credit`` is nothing but its name.
    """

    amount_fen: int
    months: int
    purpose: str
    security: frozenset[str]
    rate: Decimal | None = None
    least_fen: int | None = None
    least_months: int | None = None

    def facts(self) -> dict[str, Value]:
        """The need's own figures as conditions speak of them."""
        found: dict[str, Value] = {
            "need.amount_fen": Decimal(self.amount_fen),
            "need.months": Decimal(self.months),
            "need.purpose": self.purpose,
            "need.security": self.security,
        }
        if self.rate is not None:
            found["need.rate"] = self.rate
        return found


@dataclass(frozen=True, slots=True)
class Offer:
    """A version of a product as far as matching reads it.

    Attributes:
        product_id: breaks the last tie.
        amount_fen, months: lowest and highest, both included.
        rate: lowest and highest yearly rate.
        security: what it asks for: ``credit`` asks for nothing.
        guarantee_ok: a guarantor may stand in for the security.
        handling_days: promised working days.
        condition: the admission conditions.
        approved, decided: cases of similar firms that were approved, of those that were decided.
        policies: public support that goes with it.
    """

    product_id: str
    amount_fen: tuple[int, int]
    months: tuple[int, int]
    rate: tuple[Decimal, Decimal]
    security: str
    handling_days: int
    condition: Condition
    guarantee_ok: bool = False
    approved: int = 0
    decided: int = 0
    policies: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Fit:
    """The parts of a score, each 0 to 1000."""

    amount: int
    rate: int
    term: int
    security: int
    history: int
    pace: int
    policy: int

    def score(self, weights: Weights) -> int:
        """0 to 100,000: thousandths of a point."""
        return (
            self.amount * weights.amount
            + self.rate * weights.rate
            + self.term * weights.term
            + self.security * weights.security
            + self.history * weights.history
            + self.pace * weights.pace
            + self.policy * weights.policy
        )


@dataclass(frozen=True, slots=True)
class Match:
    """A pair and everything found about it. ``verdict``: fits, does not, or is not known yet."""

    product_id: str
    verdict: Tri
    score: int
    fit: Fit
    reasons: tuple[Reason, ...] = field(default=())
    change: Change | None = None


def hard_conditions(need: Need, offer: Offer) -> Condition:
    """What the product asks for, with what follows from its own terms: the amount, the term and the rate must meet."""
    amount, months, rate = FIELDS["need.amount_fen"], FIELDS["need.months"], FIELDS["need.rate"]
    least_fen = need.amount_fen if need.least_fen is None else need.least_fen
    least_months = need.months if need.least_months is None else need.least_months
    own: list[Condition] = [
        # a need that takes less than it would like may stand above the highest amount
        Between(
            amount,
            Decimal(offer.amount_fen[0]),
            None if least_fen <= offer.amount_fen[1] else Decimal(offer.amount_fen[1]),
        ),
        Between(
            months,
            Decimal(offer.months[0]),
            None if least_months <= offer.months[1] else Decimal(offer.months[1]),
        ),
    ]
    if need.rate is not None:
        own.append(Between(rate, offer.rate[0], None))
    if offer.security != "credit" and not offer.guarantee_ok:
        own.append(OneOf(FIELDS["need.security"], frozenset({offer.security})))
    return AllOf((*own, offer.condition))


def fit_of(need: Need, offer: Offer, weights: Weights) -> Fit:
    """The seven fits. Each falls straight between its two ends and is cut to whole thousandths."""
    return Fit(
        amount=min(FULL, FULL * offer.amount_fen[1] // need.amount_fen),
        rate=_falling(offer.rate[1], weights.best_rate, weights.worst_rate),
        term=min(FULL, FULL * offer.months[1] // need.months),
        security=_security(need, offer),
        history=FULL // 2 if offer.decided < LEAST_HISTORY else FULL * offer.approved // offer.decided,
        pace=_falling(Decimal(offer.handling_days), Decimal(1), Decimal(weights.worst_days)),
        policy=FULL if offer.policies else 0,
    )


def match(need: Need, offer: Offer, firm: Facts, weights: Weights) -> Match:
    """One pair with all its reasons and, where it does not fit, the smallest change after which it would."""
    facts = {**firm, **need.facts()}
    condition = hard_conditions(need, offer)
    verdict = judge(condition, facts)
    fit = fit_of(need, offer, weights)
    change = None if verdict is Tri.YES else smallest_change(condition, facts)
    found = tuple(reasons(condition, facts))
    return Match(offer.product_id, verdict, fit.score(weights), fit, found, change)


def ranked(matches: Iterable[Match], offers: Mapping[str, Offer]) -> list[Match]:
    """What fits first, then what is not known yet, then what does not fit.

    Among equals the higher score; then the lower rate; then the higher share of approvals; then the product's number.
    """

    def place(one: Match) -> tuple[int, int, Decimal, int, str]:
        offer = offers[one.product_id]
        return (-one.verdict, -one.score, offer.rate[1], -_approvals(offer), one.product_id)

    return sorted(matches, key=place)


def _approvals(offer: Offer) -> int:
    return FULL * offer.approved // offer.decided if offer.decided else 0


def _falling(value: Decimal, best: Decimal, worst: Decimal) -> int:
    if value <= best:
        return FULL
    return 0 if value >= worst else int(FULL * (worst - value) // (worst - best))


def _security(need: Need, offer: Offer) -> int:
    if offer.security == "credit" or offer.security in need.security:
        return FULL
    return FULL // 2 if offer.guarantee_ok else 0
