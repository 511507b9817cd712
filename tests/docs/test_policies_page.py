"""The worked numbers of the page on policies are what the code finds."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from xinqiao.domain.policies.claim import Said, benefit
from xinqiao.domain.policies.formulas import Stretch, risk_compensation, turnover_fee
from xinqiao.domain.policies.policy import Formula, PolicyKind, PolicyTerms

PAGE = (Path(__file__).parents[2] / "docs" / "rules" / "policies.md").read_text("utf-8")
HALF = Decimal("0.5")


def _terms(kind: PolicyKind, formula: Formula) -> PolicyTerms:
    return PolicyTerms("例", kind, formula, "例", "例", budget_fen=10**9)


def _balance(fen: int, days: int) -> tuple[Stretch, ...]:
    start = date(2026, 3, 1)
    return (Stretch(start, start + timedelta(days=days), fen),)


CASES: list[tuple[PolicyKind, Formula, Said]] = [
    (
        PolicyKind.INTEREST_SUBSIDY,
        Formula(rate=Decimal("0.01"), most_days=360),
        Said(stretches=_balance(120_000_000, 180)),
    ),
    (
        PolicyKind.GUARANTEE_FEE,
        Formula(share=HALF, most_days=365, days_in_year=365),
        Said(stretches=_balance(100_000_000, 180), fee_rate=Decimal("0.005")),
    ),
    (PolicyKind.PREMIUM, Formula(share=HALF), Said(fee_fen=800_000)),
    (PolicyKind.GRANT, Formula(each_fen=300_000), Said()),
]


def _cell(kind: PolicyKind) -> str:
    line = next(one for one in PAGE.splitlines() if f"`{kind}`" in one)
    return line.strip("|").split("|")[-1].strip()


@pytest.mark.parametrize(("kind", "formula", "said"), CASES, ids=[case[0].value for case in CASES])
def test_every_line_of_the_table(kind: PolicyKind, formula: Formula, said: Said) -> None:
    assert _cell(kind) == f"{benefit(_terms(kind, formula), said).fen / 100:,.2f}"


def test_the_fee_of_a_bridge_and_the_capped_loss() -> None:
    assert _cell(PolicyKind.TURNOVER) == f"{turnover_fee(200_000_000, Decimal('0.0002'), 10) / 100:,.2f}"
    paid = risk_compensation(80_000_000, Decimal("0.4"), firm_cap_fen=30_000_000, fund_left_fen=10**9)
    for fen in (paid.fen, paid.full_fen):
        assert f"{fen / 100:,.2f}" in PAGE
