"""综合成本: what a loan really costs in a year, so that products with different fees and plans can be compared.

Two figures, never mixed. The *annualised all-in cost* of one loan is its internal rate of return: the yearly rate, with
compound interest, at which all that the borrower pays is worth what he received (PBoC announcement 2021 no. 3 allows it as
the annual rate to be shown). The *all-in rate* 融资综合利率 of many loans is the plain weighted sum that monthly reports use.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from math import exp, expm1, fsum, log1p
from typing import NoReturn

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.loans.plan import Instalment, Terms

#: Digits after the point of a yearly rate as it is kept; what is shown is rounded further.
RATE_PLACES = Decimal("1e-10")
#: Yearly rates that a cost may have: from losing all but everything to paying ten thousand times.
_LOWEST, _HIGHEST = -0.999999, 10_000.0
_YEAR = 365.0
_ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Flow:
    """Money that changes hands on a day, seen by the borrower: received above zero, paid below."""

    day: date
    fen: int


@dataclass(frozen=True, slots=True)
class Fee:
    """A payment beside interest: an assessment, a guarantee, an insurance. ``day`` may be the day of the drawdown."""

    day: date
    fen: int


def flows_of(terms: Terms, plan: Sequence[Instalment], fees: Sequence[Fee] = ()) -> list[Flow]:
    """Everything the borrower receives and pays, by day."""
    by_day: dict[date, int] = {terms.drawn_on: terms.principal_fen}
    for due in plan:
        by_day[due.due_on] = by_day.get(due.due_on, 0) - due.total_fen
    for fee in fees:
        by_day[fee.day] = by_day.get(fee.day, 0) - fee.fen
    return [Flow(day, fen) for day, fen in sorted(by_day.items())]


def annual_cost(flows: Sequence[Flow]) -> Decimal:
    """The yearly internal rate of return, days over 365, as a fraction with ten decimals.

    The flows of a loan change their sign once (first received, then paid), so there is one such rate.

    Raises:
        Invalid: nothing is received or nothing is paid, money is received again after a payment, or the rate is outside
            what can be called a cost (``facts['reason']`` ``ONE_SIDED``, ``SIGNS``, ``RANGE``).
    """
    merged: dict[date, int] = {}
    for flow in sorted(flows, key=lambda one: one.day):
        merged[flow.day] = merged.get(flow.day, 0) + flow.fen
    merged = {day: fen for day, fen in merged.items() if fen}
    signs = [fen > 0 for fen in merged.values()]
    if len(set(signs)) < 2:
        _bad("ONE_SIDED")
    if sum(before != after for before, after in pairwise(signs)) != 1:
        _bad("SIGNS")
    first = min(merged)
    # seen from the lender the worth falls as the rate rises; so which way round it is does not matter below
    turn = 1.0 if signs[0] else -1.0
    dated = [((day - first).days / _YEAR, turn * fen) for day, fen in merged.items()]
    return Decimal(expm1(_root(dated))).quantize(RATE_PLACES)


def _root(dated: Sequence[tuple[float, float]]) -> float:
    """``ln(1 + rate)`` at which the worth is nothing: Newton's steps, kept inside a bracket that halves when they leave it."""
    low, high = log1p(_LOWEST), log1p(_HIGHEST)
    if _worth(dated, low) > 0 or _worth(dated, high) < 0:
        _bad("RANGE")
    at = log1p(0.05)
    for _ in range(_ROUNDS):
        worth = _worth(dated, at)
        if worth == 0:
            return at
        low, high = (at, high) if worth < 0 else (low, at)
        slope = fsum(-years * fen * _discount(at, years) for years, fen in dated)
        step = at - worth / slope if slope else low
        following = step if low < step < high else (low + high) / 2
        if abs(following - at) <= 1e-15 * max(1.0, abs(at)) or following in (low, high):
            return following
        at = following
    return at


def _worth(dated: Sequence[tuple[float, float]], at: float) -> float:
    return fsum(fen * _discount(at, years) for years, fen in dated)


def _discount(at: float, years: float) -> float:
    return exp(-at * years)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One loan of a report.

    Attributes:
        drawn_fen: what went out.
        annual_rate: nominal, a fraction.
        guarantee_fee_rate: of a year, a fraction.
        fees_fen: all other fees of the loan's life.
        term_days: days from the drawdown to the last due day.
    """

    drawn_fen: int
    annual_rate: Decimal
    guarantee_fee_rate: Decimal = Decimal(0)
    fees_fen: int = 0
    term_days: int = 365


def weighted_rate(loans: Iterable[Drawn]) -> Decimal | None:
    """加权平均利率: Σ(drawn × rate) / Σ drawn; ``None`` without loans."""
    return _weighted((loan.drawn_fen, loan.annual_rate) for loan in loans)


def all_in_rate(loans: Iterable[Drawn]) -> Decimal | None:
    """融资综合利率: interest, guarantee fee and other fees made yearly (fees × 365 / days), weighted by what was drawn.

    A subsidy is not taken off: it is shown beside it, as the rate after subsidy. ``None`` without loans.
    """
    return _weighted(
        (
            loan.drawn_fen,
            loan.annual_rate
            + loan.guarantee_fee_rate
            + Decimal(loan.fees_fen * 365) / (loan.term_days * loan.drawn_fen),
        )
        for loan in loans
    )


def _weighted(parts: Iterable[tuple[int, Decimal]]) -> Decimal | None:
    total, weighed = 0, Decimal(0)
    for fen, rate in parts:
        total += fen
        weighed += fen * rate
    return (weighed / total).quantize(RATE_PLACES) if total else None


def _bad(reason: str) -> NoReturn:
    raise Invalid(Code.INVALID, f"flows: {reason}", facts={"field": "flows", "reason": reason})
