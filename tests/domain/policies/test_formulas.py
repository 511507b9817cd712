"""The worked numbers of the field's documents, and the bounds of each formula."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from xinqiao.domain.errors import Invalid
from xinqiao.domain.policies.formulas import (
    Paid,
    Stretch,
    award,
    guarantee_fee_subsidy,
    interest_subsidy,
    leverage,
    loss,
    risk_compensation,
    turnover_fee,
)

D = Decimal
DAY = date(2026, 1, 1)


def stretch(first: int, days: int, fen: int) -> Stretch:
    start = DAY + timedelta(first)
    return Stretch(start, start + timedelta(days), fen)


def test_interest_subsidy() -> None:
    assert interest_subsidy([stretch(0, 180, 100_000_000)], D("0.01")) == Paid(500_000, 500_000)
    assert interest_subsidy([stretch(0, 180, 120_000_000)], D("0.01")).fen == 600_000
    assert interest_subsidy([stretch(0, 180, 100_000_000)], D("0.01"), cap_fen=400_000) == Paid(
        400_000, 500_000, "cap"
    )
    assert interest_subsidy([stretch(0, 365, 100_000_000)], D("0.01"), days_in_year=365).fen == 1_000_000
    # a balance that falls is subsidised day by day, and rounded once
    falling = [stretch(0, 30, 100_000_001), stretch(30, 30, 50_000_000)]
    assert interest_subsidy(falling, D("0.01")).fen == round(
        Fraction(1, 100) * (30 * 100_000_001 + 30 * 50_000_000) / 360
    )
    assert interest_subsidy([], D("0.01")).fen == 0


def test_days_are_not_subsidised_twice() -> None:
    with pytest.raises(Invalid):
        interest_subsidy([stretch(0, 30, 100), stretch(29, 30, 100)], D("0.01"))


def test_risk_compensation() -> None:
    assert risk_compensation(80_000_000, D("0.4"), firm_cap_fen=30_000_000, fund_left_fen=10**12) == Paid(
        30_000_000, 32_000_000, "firm"
    )
    assert risk_compensation(80_000_000, D("0.4"), firm_cap_fen=None, fund_left_fen=7) == Paid(
        7, 32_000_000, "fund"
    )
    assert risk_compensation(80_000_000, D("0.4"), firm_cap_fen=None, fund_left_fen=-5).fen == 0


def test_a_loss_holds_at_most_ninety_days_of_interest_and_never_less_than_nothing() -> None:
    a_day = Fraction(100_000_000) * Fraction("0.05") / 360
    assert loss(100_000_000, a_day, 400, 0) == 100_000_000 + 1_250_000
    assert loss(100_000_000, a_day, 9, 20_000_000) == 80_000_000 + 125_000
    assert loss(100, Fraction(0), 0, 500) == 0


def test_turnover_fee_guarantee_fee_award_and_leverage() -> None:
    assert turnover_fee(200_000_000, D("0.0002"), 10) == 400_000
    assert guarantee_fee_subsidy(100_000_000, D("0.01"), D("0.5"), 365) == Paid(500_000, 500_000)
    assert guarantee_fee_subsidy(100_000_000, D("0.01"), D("0.5"), 365, cap_fen=1).bound_by == "cap"
    assert award(3, 100_000, 500_000_000, D("0.001")).fen == 800_000
    assert award(3, 100_000, 500_000_000, D("0.001"), cap_fen=700_000) == Paid(700_000, 800_000, "cap")
    assert leverage(120_000_000, 600_000) == D("200.00")
    assert leverage(1, 0) is None
