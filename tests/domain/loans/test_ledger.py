"""What a loan stands at, day by day, against a literal count."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from xinqiao.domain.errors import Invalid
from xinqiao.domain.loans.ledger import Payment, Standing, standing
from xinqiao.domain.loans.plan import Instalment, Method, Terms, repayment_plan

DAY = date(2026, 1, 31)
PLAN = repayment_plan(Terms(1_000_000, Decimal("0.06"), DAY, 3, Method.EQUAL_PRINCIPAL))
DUE = [one.due_on for one in PLAN]


def test_what_is_due_today_is_not_overdue_and_tomorrow_it_is() -> None:
    assert standing(PLAN, [], DUE[0]) == Standing(1_000_000, 0, 0, 0, 0, DUE[0], 0)
    late = standing(PLAN, [], DUE[0] + timedelta(1))
    assert (late.overdue_fen, late.overdue_days, late.next_due) == (338_333, 1, DUE[0])


def test_interest_before_principal_and_the_oldest_first() -> None:
    found = standing(PLAN, [Payment(DUE[0], 6_000)], DUE[1] + timedelta(1))
    assert (found.paid_interest_fen, found.paid_principal_fen) == (5_000, 1_000)
    assert found.overdue_fen == 338_333 - 6_000 + 336_666
    assert found.overdue_days == (DUE[1] - DUE[0]).days + 1


def test_paid_in_full_and_more() -> None:
    whole = sum(one.total_fen for one in PLAN)
    found = standing(PLAN, [Payment(DUE[0], whole + 7)], DUE[0])
    assert (found.settled, found.balance_fen, found.spare_fen) == (True, 0, 7)


def test_money_of_tomorrow_does_not_count_today() -> None:
    assert standing(PLAN, [Payment(DUE[0] + timedelta(1), 338_333)], DUE[0]).paid_interest_fen == 0


def test_a_payment_of_nothing_is_none() -> None:
    with pytest.raises(Invalid):
        standing(PLAN, [Payment(DAY, 0)], DAY)


def fen_by_fen(plan: tuple[Instalment, ...], paid: int, day: date) -> tuple[int, int]:
    """Balance and overdue amount by laying every fen where it belongs."""
    slots = [
        (due.due_on, kind)
        for due in plan
        for kind, fen in (("i", due.interest_fen), ("p", due.principal_fen))
        for _ in range(fen)
    ]
    left = slots[paid:]
    return sum(kind == "p" for _, kind in left), sum(due_on < day for due_on, _ in left)


def test_thousands_of_standings_are_as_a_count_fen_by_fen() -> None:
    chance = random.Random(3)
    for _ in range(1_500):
        terms = Terms(
            chance.randrange(1, 400),
            Decimal(chance.randrange(0, 40)).scaleb(-2),
            DAY,
            chance.randrange(1, 7),
            chance.choice(list(Method)),
        )
        plan, day = repayment_plan(terms), DAY + timedelta(chance.randrange(250))
        payments = [
            Payment(DAY + timedelta(chance.randrange(250)), chance.randrange(1, 200))
            for _ in range(chance.randrange(4))
        ]
        found = standing(plan, payments, day)
        paid = sum(payment.fen for payment in payments if payment.day <= day)
        assert (found.balance_fen, found.overdue_fen) == fen_by_fen(plan, paid, day)
        assert (found.overdue_days > 0) is (found.overdue_fen > 0)
        assert found.paid_principal_fen + found.paid_interest_fen + found.spare_fen == paid
