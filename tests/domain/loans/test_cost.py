"""The yearly cost of a loan against a solver of its own kind, and the all-in rate of many."""

import random
from datetime import date, timedelta
from decimal import Decimal, localcontext

import pytest

from xinqiao.domain.errors import Invalid
from xinqiao.domain.loans.cost import Drawn, Fee, Flow, all_in_rate, annual_cost, flows_of, weighted_rate
from xinqiao.domain.loans.plan import DayCount, Method, Terms, repayment_plan

D = Decimal
DAY = date(2026, 1, 31)


def slowly(flows: list[Flow]) -> Decimal:
    """The same rate by halving alone, with sixty digits."""
    with localcontext() as context:
        context.prec = 60
        first = min(flow.day for flow in flows)

        def worth(rate: Decimal) -> Decimal:
            return sum((flow.fen / (1 + rate) ** (D((flow.day - first).days) / 365) for flow in flows), D(0))

        low, high = D("-0.9"), D(20)
        assert worth(low) < 0 < worth(high)
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if worth(middle) < 0 else (low, middle)
        return (low + high) / 2


def test_a_year_at_six_per_cent_costs_six_per_cent() -> None:
    assert annual_cost([Flow(DAY, 100), Flow(DAY + timedelta(365), -106)]) == D("0.06").quantize(D("1e-10"))


def test_monthly_interest_costs_more_than_its_nominal_rate_and_a_fee_more_again() -> None:
    terms = Terms(120_000_000, D("0.0385"), DAY, 12, Method.EQUAL_INSTALMENTS)
    plan = repayment_plan(terms)
    plain = annual_cost(flows_of(terms, plan))
    assert D("0.039") < plain < D("0.0395")
    with_fee = annual_cost(flows_of(terms, plan, [Fee(DAY, 600_000)]))
    assert with_fee > plain + D("0.008"), (
        "half a per cent at once costs nearly one a year when the loan is paid down"
    )


@pytest.mark.parametrize("seed", range(40))
def test_it_agrees_with_a_solver_that_only_halves(seed: int) -> None:
    chance = random.Random(seed)
    terms = Terms(
        chance.randrange(10_000, 10**10),
        D(chance.randrange(1, 3_600)).scaleb(-4),
        DAY + timedelta(chance.randrange(1_000)),
        chance.randrange(1, 13),
        chance.choice(list(Method)),
        chance.choice(list(DayCount)),
    )
    fee = Fee(terms.drawn_on, chance.randrange(terms.principal_fen // 20 + 1))
    flows = flows_of(terms, repayment_plan(terms), [fee])
    assert abs(annual_cost(flows) - slowly(flows)) < D("1e-9")


def test_the_order_of_flows_and_parts_of_a_day_do_not_matter() -> None:
    flows = [Flow(DAY, 60), Flow(DAY, 40), Flow(DAY + timedelta(30), -50), Flow(DAY + timedelta(90), -52)]
    assert annual_cost(flows) == annual_cost(flows[::-1])
    assert annual_cost(flows) == annual_cost([Flow(DAY, 100), *flows[2:]])


def test_a_lenders_view_and_a_gift_have_their_rates_too() -> None:
    flows = [Flow(DAY, 100), Flow(DAY + timedelta(365), -110)]
    assert annual_cost([Flow(one.day, -one.fen) for one in flows]) == annual_cost(flows)
    assert annual_cost([Flow(DAY, 100), Flow(DAY + timedelta(365), -90)]) == D("-0.1").quantize(D("1e-10"))


@pytest.mark.parametrize(
    ("flows", "reason"),
    [
        ([], "ONE_SIDED"),
        ([(0, 100)], "ONE_SIDED"),
        ([(0, -100), (1, -5)], "ONE_SIDED"),
        ([(0, 100), (0, -100)], "ONE_SIDED"),
        ([(0, 100), (10, -50), (20, 10), (30, -80)], "SIGNS"),
        ([(0, 1), (1, -(10**9))], "RANGE"),
    ],
)
def test_what_has_no_one_rate_is_refused(flows: list[tuple[int, int]], reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        annual_cost([Flow(DAY + timedelta(day), fen) for day, fen in flows])
    assert caught.value.facts["reason"] == reason


def test_the_all_in_rate_of_the_field() -> None:
    one = Drawn(120_000_000, D("0.0385"), D("0.005"))
    assert all_in_rate([one]) == D("0.0435")
    assert weighted_rate([one]) == D("0.0385")
    # 3 000 yuan of fees over 180 days on 1 000 000: 3 000 × 365 / 180 / 1 000 000
    fees = Drawn(100_000_000, D("0.04"), D(0), 300_000, 180)
    assert all_in_rate([fees]) == D("0.0460833333")
    assert all_in_rate([one, fees]) == ((D("0.0435") * 12 + D("0.04608333333333") * 10) / 22).quantize(
        D("1e-10")
    )
    assert (all_in_rate([]), weighted_rate([])) == (None, None)
