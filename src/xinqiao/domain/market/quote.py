"""试算: what a version of a product costs for an amount and a term somebody types.

The plan is the real one, charges fall on their days, and the annualised all-in cost is the internal rate of return of all of
it, so that a low rate with a high charge does not look cheap.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.loans.cost import Fee, annual_cost, flows_of
from xinqiao.domain.loans.plan import Instalment, Method, Terms, half_up, repayment_plan
from xinqiao.domain.market.product import Charge, ChargeBasis, ProductTerms
from xinqiao.domain.period import add_months


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to know the price of; ``drawn_on`` is the day the money would go out."""

    amount_fen: int
    months: int
    drawn_on: date


@dataclass(frozen=True, slots=True)
class Quote:
    """The whole price: the plan, the charges and one figure for all of it."""

    terms: Terms
    plan: tuple[Instalment, ...]
    fees: tuple[Fee, ...]
    annual_cost: Decimal

    @property
    def interest_fen(self) -> int:
        """All interest."""
        return sum(due.interest_fen for due in self.plan)

    @property
    def fees_fen(self) -> int:
        """All charges."""
        return sum(fee.fen for fee in self.fees)

    @property
    def total_fen(self) -> int:
        """All that is paid, the principal included."""
        return self.terms.principal_fen + self.interest_fen + self.fees_fen


def fees_of(charges: tuple[Charge, ...], wish: Wish) -> tuple[Fee, ...]:
    """The charges of a loan on their days, each rounded half up to the fen."""
    found: list[Fee] = []
    for one in charges:
        match one.basis:
            case ChargeBasis.ONCE_FEN:
                found.append(Fee(wish.drawn_on, int(one.value)))
            case ChargeBasis.ONCE_RATE:
                found.append(Fee(wish.drawn_on, half_up(wish.amount_fen * Fraction(one.value))))
            case ChargeBasis.YEARLY_RATE:
                for start in range(0, wish.months, 12):
                    part = Fraction(min(12, wish.months - start), 12)
                    fen = half_up(wish.amount_fen * Fraction(one.value) * part)
                    found.append(Fee(add_months(wish.drawn_on, start), fen))
    return tuple(found)


def fits(product: ProductTerms, wish: Wish) -> bool:
    """Whether the amount and the term lie within what the product offers."""
    return (
        product.amount_fen[0] <= wish.amount_fen <= product.amount_fen[1]
        and product.months[0] <= wish.months <= product.months[1]
    )


def quote(product: ProductTerms, wish: Wish, *, rate: Decimal, method: Method) -> Quote:
    """The price at one of the product's rates, paid back by one of its methods.

    Raises:
        Invalid: ``INVALID`` with the field that is outside what the product offers (``amount``, ``months``, ``rate``,
            ``method``), or of :func:`xinqiao.domain.loans.plan.repayment_plan`.
    """
    _within(product.amount_fen[0] <= wish.amount_fen <= product.amount_fen[1], "amount")
    _within(product.months[0] <= wish.months <= product.months[1], "months")
    _within(product.rate[0] <= rate <= product.rate[1], "rate")
    _within(method in product.methods, "method")
    return price(
        Terms(wish.amount_fen, rate, wish.drawn_on, wish.months, method, product.day_count), product.charges
    )


def price(terms: Terms, charges: tuple[Charge, ...] = ()) -> Quote:
    """The price of terms that belong to no product: the calculator."""
    plan = repayment_plan(terms)
    fees = fees_of(charges, Wish(terms.principal_fen, terms.months, terms.drawn_on))
    return Quote(terms, plan, fees, annual_cost(flows_of(terms, plan, fees)))


def cost_range(product: ProductTerms, wish: Wish) -> tuple[Quote, Quote]:
    """The cheapest and the dearest it can be: lowest and highest rate, over all its methods. Raises as :func:`quote`."""
    cheap = [quote(product, wish, rate=product.rate[0], method=one) for one in product.methods]
    dear = [quote(product, wish, rate=product.rate[1], method=one) for one in product.methods]
    return min(cheap, key=_cost), max(dear, key=_cost)


def _cost(one: Quote) -> Decimal:
    return one.annual_cost


def _within(holds: bool, field: str) -> None:
    if not holds:
        raise Invalid(Code.INVALID, f"{field}: not offered", facts={"field": field, "reason": "NOT_OFFERED"})
