"""Repayment plans: worked figures, sums to the fen, refusals."""

import random
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from xinqiao.domain.errors import Invalid
from xinqiao.domain.loans.plan import DayCount, Instalment, Method, Terms, half_up, repayment_plan

D = Decimal
DAY = date(2026, 1, 31)


def terms(
    method: Method = Method.EQUAL_INSTALMENTS,
    principal: int = 120_000_000,
    rate: str = "0.0385",
    months: int = 12,
    count: DayCount = DayCount.MONTHLY,
    day: date = DAY,
) -> Terms:
    return Terms(principal, D(rate), day, months, method, count)


def test_equal_instalments_are_the_known_figure_of_the_annuity() -> None:
    # 1.2 million yuan at 3.85 % in 12 months: 1 200 000 × i / (1 − (1+i)^−12), i = 0.0385 / 12
    plan = repayment_plan(terms())
    assert {one.total_fen for one in plan[:-1]} == {10_209_766}
    assert abs(plan[-1].total_fen - 10_209_766) <= 6
    assert plan[0] == Instalment(1, date(2026, 2, 28), 9_824_766, 385_000, 110_175_234)


def test_equal_principal_pays_the_same_back_each_month_and_falling_interest() -> None:
    plan = repayment_plan(terms(Method.EQUAL_PRINCIPAL, 1_000_000, "0.06", 3))
    assert [(one.principal_fen, one.interest_fen) for one in plan] == [
        (333_333, 5_000),
        (333_333, 3_333),
        (333_334, 1_667),
    ]


def test_interest_first_and_the_principal_at_the_end() -> None:
    plan = repayment_plan(terms(Method.INTEREST_FIRST, 1_000_000, "0.06", 3, DayCount.ACT_360))
    # 31 January to 28 February, 31 March, 30 April: 28, 31 and 30 days
    assert [one.due_on for one in plan] == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    assert [one.total_fen for one in plan] == [4_667, 5_167, 1_005_000]


def test_all_at_once_at_the_end() -> None:
    (only,) = repayment_plan(terms(Method.BULLET, 200_000_000, "0.05", 6, DayCount.ACT_365))
    days = (date(2026, 7, 31) - DAY).days
    assert only == Instalment(
        1, date(2026, 7, 31), 200_000_000, round(Fraction(200_000_000 * 5 * days, 36_500)), 0
    )


def test_a_loan_without_interest_is_shared_out_evenly() -> None:
    plan = repayment_plan(terms(rate="0", principal=1_000, months=3))
    assert [one.total_fen for one in plan] == [333, 333, 334]


def test_one_fen_over_fifty_years_is_still_one_fen() -> None:
    for method in Method:
        plan = repayment_plan(terms(method, 1, "0.2", 600))
        assert (sum(one.principal_fen for one in plan), plan[-1].balance_fen) == (1, 0)


def test_a_long_month_that_costs_more_than_the_even_amount_pays_nothing_back_and_the_sum_holds() -> None:
    plan = repayment_plan(terms(rate="1", months=360, count=DayCount.ACT_360))
    assert min(one.principal_fen for one in plan) == 0
    assert sum(one.principal_fen for one in plan) == 120_000_000


def literal(terms: Terms) -> list[tuple[int, int]]:
    """Principal and interest, month after month, in the plainest way."""
    balance, found = Fraction(terms.principal_fen), []
    for _ in range(terms.months):
        interest = half_up(balance * Fraction(terms.annual_rate) / 12)
        found.append((int(balance), interest))
        balance -= half_up(Fraction(terms.principal_fen, terms.months))
        balance = max(balance, Fraction(0))
    return found


def test_thousands_of_plans_sum_to_the_principal_and_never_step_back() -> None:
    chance = random.Random(20261121)
    for _ in range(4_000):
        made = Terms(
            chance.choice([1, 99, 10_000, chance.randrange(1, 10**11)]),
            D(chance.randrange(0, 3_600)).scaleb(-4),
            date(2024, 1, 1).replace(month=chance.randrange(1, 13), day=chance.randrange(1, 29)),
            chance.randrange(1, 61),
            chance.choice(list(Method)),
            chance.choice(list(DayCount)),
        )
        plan = repayment_plan(made)
        assert sum(one.principal_fen for one in plan) == made.principal_fen
        assert plan[-1].balance_fen == 0
        assert plan[-1].due_on == made.due_on
        assert all(one.principal_fen >= 0 and one.interest_fen >= 0 for one in plan)
        balances = [made.principal_fen, *(one.balance_fen for one in plan)]
        assert balances == sorted(balances, reverse=True)
        if made.method is Method.EQUAL_PRINCIPAL and made.day_count is DayCount.MONTHLY:
            owed = zip(balances[:-1], [one.interest_fen for one in plan], strict=True)
            assert list(owed) == literal(made)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("principal", 0),
        ("principal", -1),
        ("principal", 2**63),
        ("principal", 1.5),
        ("rate", "-0.01"),
        ("rate", "1.01"),
        ("rate", "NaN"),
        ("months", 0),
        ("months", 601),
    ],
)
def test_terms_that_are_none_are_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(Invalid) as caught:
        terms(**{field: value})  # type: ignore[arg-type]
    assert str(caught.value.facts["field"]).split("_")[-1] in {field, "fen"}


def test_halves_go_away_from_zero() -> None:
    assert [half_up(Fraction(n, 2)) for n in (-3, -1, 1, 3)] == [-2, -1, 1, 2]
