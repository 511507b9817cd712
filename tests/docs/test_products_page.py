"""The worked numbers of the page on products are what the code finds."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from xinqiao.domain.loans.cost import Drawn, all_in_rate
from xinqiao.domain.loans.plan import Method, Terms
from xinqiao.domain.market.product import Charge, ChargeBasis, ChargeKind
from xinqiao.domain.market.quote import price

PAGE = (Path(__file__).parents[2] / "docs" / "rules" / "products.md").read_text("utf-8")
GUARANTEE = (Charge(ChargeKind.GUARANTEE, ChargeBasis.YEARLY_RATE, Decimal("0.005")),)


def _yuan(fen: int) -> str:
    return f"{fen / 100:,.2f}"


def test_every_line_of_the_table() -> None:
    for method in Method:
        terms = Terms(120_000_000, Decimal("0.0385"), date(2026, 11, 21), 12, method)
        dear, plain = price(terms, GUARANTEE), price(terms)
        line = next(one for one in PAGE.splitlines() if f"`{method}`" in one)
        cells = [cell.strip() for cell in line.strip("|").split("|")][1:]
        assert cells == [
            _yuan(dear.interest_fen), _yuan(dear.fees_fen), _yuan(dear.total_fen),
            f"{dear.annual_cost * 100:.2f}%", f"{plain.annual_cost * 100:.2f}%",
        ]  # fmt: skip


def test_the_two_figures_that_are_not_the_same() -> None:
    loan = Drawn(120_000_000, Decimal("0.0385"), guarantee_fee_rate=Decimal("0.005"))
    assert all_in_rate([loan]) == Decimal("0.0435")
    assert "4.35%" in PAGE
