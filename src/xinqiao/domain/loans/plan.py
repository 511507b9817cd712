"""还款计划: the instalments of a loan to the fen, by the four methods that small firms are offered.

Interest of a period is the balance at its start times the annual rate times the period's share of a year, rounded half up
to the fen; the principal of a plan sums to what was lent, exactly, because the last instalment takes what is left. How a
period's share of a year is counted differs between contracts, so it is a parameter of the terms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import NoReturn

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.money import MAX_FEN
from xinqiao.domain.period import add_months

#: A plan beyond these is a typing error, not a loan to a small firm.
MOST_MONTHS = 600
MOST_RATE = Decimal(1)


class Method(StrEnum):
    """How a loan is paid back."""

    #: 等额本息: the same amount every month
    EQUAL_INSTALMENTS = "equal_instalments"
    #: 等额本金: the same principal every month, the interest on what is left
    EQUAL_PRINCIPAL = "equal_principal"
    #: 先息后本: interest every month, the principal at the end
    INTEREST_FIRST = "interest_first"
    #: 一次性还本付息: everything at the end
    BULLET = "bullet"


class DayCount(StrEnum):
    """Which share of a year a period is."""

    #: every month is a twelfth of a year
    MONTHLY = "monthly"
    #: days over 360
    ACT_360 = "act_360"
    #: days over 365
    ACT_365 = "act_365"

    def share(self, start: date, end: date, months: int) -> Fraction:
        """The share of a year from ``start`` to ``end``, ``months`` whole months apart."""
        if self is DayCount.MONTHLY:
            return Fraction(months, 12)
        return Fraction((end - start).days, 360 if self is DayCount.ACT_360 else 365)


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed.

    Attributes:
        principal_fen: what is lent.
        annual_rate: nominal rate of a year as a fraction: 3.85 % is ``Decimal("0.0385")``.
        drawn_on: the day the money goes out.
        months: whole months to the last due day.
        method: how it is paid back.
        day_count: how interest is counted.
    """

    principal_fen: int
    annual_rate: Decimal
    drawn_on: date
    months: int
    method: Method
    day_count: DayCount = DayCount.MONTHLY

    def __post_init__(self) -> None:
        if type(self.principal_fen) is not int or not 0 < self.principal_fen <= MAX_FEN:
            _bad("principal_fen", "RANGE")
        rate = self.annual_rate
        if type(rate) is not Decimal or not rate.is_finite() or not 0 <= rate <= MOST_RATE:
            _bad("annual_rate", "RANGE")
        if type(self.months) is not int or not 1 <= self.months <= MOST_MONTHS:
            _bad("months", "RANGE")

    @property
    def due_on(self) -> date:
        """The last due day: so many months after the drawdown, the month's last day where there is no such day."""
        return add_months(self.drawn_on, self.months)


@dataclass(frozen=True, slots=True)
class Instalment:
    """One due day. ``balance_fen`` is what is owed of the principal after it."""

    number: int
    due_on: date
    principal_fen: int
    interest_fen: int
    balance_fen: int

    @property
    def total_fen(self) -> int:
        """What is to be paid on the day."""
        return self.principal_fen + self.interest_fen


@dataclass(frozen=True, slots=True)
class Stretch:
    """A period between two due days: its last day and its share of a year."""

    end: date
    share: Fraction


def repayment_plan(terms: Terms) -> tuple[Instalment, ...]:
    """The instalments in order. The sum of their principal is what was lent, whatever the rate and the method."""
    return plan_over(terms, _stretches(terms))


def plan_over(terms: Terms, stretches: Sequence[Stretch], *, first: int = 1) -> tuple[Instalment, ...]:
    """The instalments of the terms' principal over periods that are given; they are numbered from ``first`` on."""
    rate, last = Fraction(terms.annual_rate), len(stretches)
    each = _payment(terms, stretches) if terms.method is Method.EQUAL_INSTALMENTS else 0
    part = half_up(Fraction(terms.principal_fen, last))
    made: list[Instalment] = []
    balance = terms.principal_fen
    for number, stretch in enumerate(stretches, 1):
        interest = half_up(balance * rate * stretch.share)
        match terms.method:
            case _ if number == last:
                paid = balance
            case Method.EQUAL_INSTALMENTS:
                # a long month at a high rate may cost more than the even amount: then nothing is paid back in it
                paid = min(balance, max(0, each - interest))
            case Method.EQUAL_PRINCIPAL:
                paid = min(balance, part)
            case _:
                paid = 0
        balance -= paid
        made.append(Instalment(first + number - 1, stretch.end, paid, interest, balance))
    return tuple(made)


def half_up(value: Fraction) -> int:
    """To the nearest fen; a half goes away from zero, as banks book it."""
    sign = -1 if value < 0 else 1
    return sign * ((2 * abs(value.numerator) + value.denominator) // (2 * value.denominator))


def _stretches(terms: Terms) -> list[Stretch]:
    if terms.method is Method.BULLET:
        share = terms.day_count.share(terms.drawn_on, terms.due_on, terms.months)
        return [Stretch(terms.due_on, share)]
    days = [add_months(terms.drawn_on, month) for month in range(terms.months + 1)]
    return [Stretch(end, terms.day_count.share(start, end, 1)) for start, end in pairwise(days)]


def _payment(terms: Terms, stretches: Sequence[Stretch]) -> int:
    """The even amount: what, discounted by each period's own rate, is worth what was lent."""
    with localcontext() as context:
        context.prec = 40
        worth, sum_of_worths = Decimal(1), Decimal(0)
        for stretch in stretches:
            share = Decimal(stretch.share.numerator) / stretch.share.denominator
            worth /= 1 + terms.annual_rate * share
            sum_of_worths += worth
        return int((terms.principal_fen / sum_of_worths).quantize(Decimal(1), ROUND_HALF_UP))


def _bad(field: str, reason: str) -> NoReturn:
    raise Invalid(Code.INVALID, f"{field}: {reason}", facts={"field": field, "reason": reason})
