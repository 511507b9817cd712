"""What policies pay: worked formulas over whole fen, each rounded once, at the end.

The numbers of a policy (shares, rates, caps) are its own and configurable; the forms of the formulas are the field's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.loans.plan import half_up

#: Days of interest that a compensated loss may hold at most.
LOSS_INTEREST_DAYS = 90


@dataclass(frozen=True, slots=True)
class Stretch:
    """A balance that stood from ``start`` to the day before ``end``."""

    start: date
    end: date
    balance_fen: int

    @property
    def days(self) -> int:
        """How long it stood."""
        return (self.end - self.start).days


@dataclass(frozen=True, slots=True)
class Paid:
    """What a formula gives: ``full_fen`` before caps, ``fen`` after, and which cap bound (``""`` when none did)."""

    fen: int
    full_fen: int
    bound_by: str = ""


def capped(full_fen: int, **caps: int | None) -> Paid:
    """The lowest of an amount and its caps; the first cap by name binds among equals. ``None`` is no cap."""
    least, name = min(((cap, name) for name, cap in caps.items() if cap is not None), default=(full_fen, ""))
    return Paid(least, full_fen, name) if least < full_fen else Paid(full_fen, full_fen)


def interest_subsidy(
    stretches: Sequence[Stretch], rate: Decimal, *, days_in_year: int = 360, cap_fen: int | None = None
) -> Paid:
    """贷款贴息: Σ over days of balance × rate / days in the year, capped.

    Args:
        stretches: the balances of the subsidised days; they may not overlap.
        rate: of a year, a fraction; the policy's own points or a share of the LPR.
        days_in_year: 360 or 365, set by the policy.
        cap_fen: the most a loan may get.
    """
    ordered = sorted(stretches, key=lambda one: one.start)
    for before, after in pairwise(ordered):
        if after.start < before.end:
            raise Invalid(
                Code.INVALID, "stretches overlap", facts={"field": "stretches", "reason": "OVERLAP"}
            )
    day_fen = sum(one.balance_fen * one.days for one in ordered)
    return capped(half_up(Fraction(rate) * day_fen / days_in_year), cap=cap_fen)


def loss(principal_fen: int, interest_fen_a_day: Fraction, unpaid_days: int, recovered_fen: int) -> int:
    """代偿损失: principal, interest of at most 90 days, less what was recovered; never below zero."""
    interest = half_up(interest_fen_a_day * min(unpaid_days, LOSS_INTEREST_DAYS))
    return max(0, principal_fen + interest - recovered_fen)


def risk_compensation(loss_fen: int, share: Decimal, *, firm_cap_fen: int | None, fund_left_fen: int) -> Paid:
    """信贷风险补偿: the fund's share of a loss, at most the cap of a firm and what is left in the fund."""
    return capped(half_up(Fraction(share) * loss_fen), firm=firm_cap_fen, fund=max(0, fund_left_fen))


def turnover_fee(amount_fen: int, day_rate: Decimal, days: int) -> int:
    """应急周转金费用: amount × day rate × days."""
    return half_up(Fraction(day_rate) * amount_fen * days)


def guarantee_fee_subsidy(
    liability_fen: int,
    fee_rate: Decimal,
    share: Decimal,
    days: int,
    *,
    days_in_year: int = 365,
    cap_fen: int | None = None,
) -> Paid:
    """担保费补贴: a share of the fee of the days that were guaranteed, capped."""
    fee = Fraction(fee_rate) * liability_fen * days / days_in_year
    return capped(half_up(fee * Fraction(share)), cap=cap_fen)


def award(firms: int, each_fen: int, drawn_fen: int, share: Decimal, *, cap_fen: int | None = None) -> Paid:
    """首贷、信用贷奖励: so much for each firm and a share of what was drawn, capped."""
    return capped(firms * each_fen + half_up(Fraction(share) * drawn_fen), cap=cap_fen)


def leverage(drawn_fen: int, paid_fen: int) -> Decimal | None:
    """撬动倍数: what was drawn under a policy for each yuan it paid, two decimals; ``None`` before anything was paid."""
    return (Decimal(drawn_fen) / paid_fen).quantize(Decimal("0.01")) if paid_fen else None
