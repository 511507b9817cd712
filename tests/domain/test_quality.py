"""Quality figures add up, say what they rest on, and are never invented."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.domain.catalogue.model import Frequency
from xinqiao.domain.errors import Invalid
from xinqiao.domain.quality import Dimension, Tally, is_in_time, lag_days, league, score

WHOLE = Tally(
    rows=10, accepted=9, required_cells=40, required_filled=38, filled_cells=100, valid_cells=97, compared_rows=8,
    consistent_rows=8, keyed_rows=10, unique_rows=9, timed_rows=10, timely_rows=5, lag_days_sum=37,
)  # fmt: skip


def test_the_score_is_the_weighted_pass_rate():
    found = score(WHOLE)
    # 30 x 0.95 + 30 x 0.97 + 15 x 1 + 10 x 0.9 + 15 x 0.5
    assert found.value == Decimal("89.10")
    assert found.weight_measured == Decimal("100.00")
    assert found.rates[Dimension.TIMELINESS] == Decimal("50.00")
    assert WHOLE.mean_lag_days == Decimal("3.70")


def test_what_was_not_measured_is_no_figure():
    found = score(Tally(rows=4, accepted=4, required_cells=4, required_filled=3))
    assert found.value == Decimal("75.00")
    assert found.weight_measured == Decimal("30.00")
    assert found.rates[Dimension.VALIDITY] is None
    nothing = score(Tally())
    assert nothing.value is None
    assert nothing.weight_measured == Decimal("0.00")
    assert Tally().mean_lag_days is None


def test_weights_are_a_setting():
    assert score(WHOLE, {Dimension.TIMELINESS: 1}).value == Decimal("50.00")
    with pytest.raises(Invalid):
        score(WHOLE, {Dimension.TIMELINESS: 0})
    with pytest.raises(Invalid):
        score(WHOLE, {Dimension.TIMELINESS: 2, Dimension.VALIDITY: -1})


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": -1},
        {"rows": 1, "accepted": 2},
        {"required_cells": 1, "required_filled": 2},
        {"timed_rows": 1, "timely_rows": 2},
    ],
)
def test_a_tally_that_cannot_be_is_refused(wrong):
    with pytest.raises(Invalid):
        Tally(**wrong)


_pairs = st.tuples(st.integers(0, 1000), st.integers(0, 1000)).map(lambda pair: (max(pair), min(pair)))


@st.composite
def tallies(draw):
    values = [draw(_pairs) for _ in range(6)]
    return Tally(*(number for pair in values for number in pair), draw(st.integers(0, 10_000)))


@given(tallies(), tallies(), tallies())
def test_a_month_is_the_sum_of_its_batches_in_any_order(a, b, c):
    assert a + b + c == c + (b + a)
    assert a + Tally() == a
    for dimension in Dimension:
        parts = [rate for rate in (a.rate(dimension), b.rate(dimension)) if rate is not None]
        whole = (a + b).rate(dimension)
        assert (whole is None) == (not parts)
        if whole is not None:
            assert min(parts) <= whole <= max(parts)


@given(tallies())
def test_a_score_lies_between_its_rates(tally):
    found = score(tally)
    rates = [rate for rate in found.rates.values() if rate is not None]
    assert (found.value is None) == (not rates)
    if found.value is not None:
        assert min(rates) - 1 < found.value < max(rates) + 1
        assert 0 <= found.value <= 100


@pytest.mark.parametrize(
    ("frequency", "days", "wanted"),
    [
        (Frequency.DAILY, 2, True),
        (Frequency.DAILY, 3, False),
        (Frequency.WEEKLY, 9, True),
        (Frequency.WEEKLY, 10, False),
        (Frequency.MONTHLY, 45, True),
        (Frequency.MONTHLY, 46, False),
        (Frequency.QUARTERLY, 120, True),
        (Frequency.ANNUAL, 400, True),
        (Frequency.ANNUAL, 401, False),
        (Frequency.ON_REQUEST, 9999, None),
        (Frequency.ON_CHANGE, 0, None),
    ],
)
def test_in_time_is_a_matter_of_the_frequency(frequency, days, wanted):
    assert is_in_time(frequency, days) is wanted


def test_a_record_from_tomorrow_is_not_early():
    assert lag_days(date(2026, 3, 2), date(2026, 3, 1)) == 0
    assert lag_days(date(2026, 2, 28), date(2026, 3, 1)) == 1


def test_the_league_ranks_what_was_measured_and_shares_places():
    half = Tally(rows=2, accepted=2, required_cells=2, required_filled=1)
    full = Tally(rows=2, accepted=2, required_cells=2, required_filled=2)
    table = league({"water": half, "medical": full, "gas": full, "silent": Tally()})
    assert [(line.place, line.who) for line in table] == [(1, "gas"), (1, "medical"), (3, "water")]
