"""Numbers: rounding, percentiles, roots, Theil-Sen (indicator dictionary 3.9 rules 20 to 22)."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.domain.fundflow.figures import (
    Unit,
    decimal_text,
    median,
    percentile,
    root,
    shown,
    theil_sen,
    variance,
    yuan_text,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.00005", "0.0000"),
        ("0.00015", "0.0002"),
        ("0.00025", "0.0002"),
        ("-0.00005", "0.0000"),
        ("-0.00015", "-0.0002"),
        ("-0.00025", "-0.0002"),
        ("-0.00001", "0.0000"),
        ("9/8", "1.1250"),
        ("180000/230000", "0.7826"),
        ("50000/390000", "0.1282"),
        ("1/3", "0.3333"),
        ("2/3", "0.6667"),
        ("-1/3", "-0.3333"),
        ("12345678901234567890", "12345678901234567890.0000"),
    ],
)
def test_ratios_are_rounded_half_to_even_with_no_minus_on_zero(value, text):
    assert decimal_text(Fraction(value), 4) == text


@pytest.mark.parametrize(
    ("fen", "text"),
    [("0", "0.00"), ("1", "0.01"), ("-1", "-0.01"), ("1/2", "0.00"), ("3/2", "0.02"), ("5/2", "0.02"), ("-1/2", "0.00"),
     ("123456789", "1234567.89")],
)  # fmt: skip
def test_yuan_are_shown_with_two_decimals(fen, text):
    assert yuan_text(Fraction(fen)) == text


@given(st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10**6))
def test_rounding_agrees_with_decimal_arithmetic(value):
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    if Fraction(exact) == value:  # decimal can hold it, so it is an independent judge
        rounded = exact.quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
        assert Decimal(decimal_text(value, 4)) == rounded


@given(st.fractions(max_denominator=10**6), st.integers(1, 6))
def test_the_text_is_the_nearest_decimal_and_a_tie_goes_to_the_even_one(value, places):
    text = Fraction(decimal_text(value, places))
    assert text == Fraction(round(value * 10**places), 10**places)
    assert abs(text - value) * 2 * 10**places <= 1


def test_units_decide_the_form():
    assert shown(Fraction(250), Unit.YUAN) == "2.50"
    assert shown(Fraction(1, 2), Unit.DECIMAL) == "0.5000"
    assert shown(7, Unit.DAYS) == 7
    assert shown(True, Unit.TRUTH) is True
    with pytest.raises(ValueError):
        shown(Fraction(1, 2), Unit.COUNT)


def test_medians_and_percentiles():
    assert median([1, 10, 2]) == 2
    assert median([1, 2, 10, 20]) == 6
    assert percentile([7], Fraction(5, 100)) == 7
    assert percentile([0, 10, 20, 30], Fraction(30, 100)) == 9  # position 0.9
    assert percentile([0, 10], Fraction(1)) == 10


def test_the_variance_is_of_the_population():
    assert variance([1, 3]) == 1


def test_roots_are_exact_for_squares_and_long_for_others():
    assert root(Fraction(9, 16)) == Fraction(3, 4)
    two = root(Fraction(2))
    assert abs(two * two - 2) < Fraction(1, 10**140)


def test_theil_sen_takes_the_middle_slope_and_keeps_the_gaps():
    assert theil_sen([(0, 0), (1, 10), (2, 20)]) == 10
    assert theil_sen([(0, 0), (1, 100), (2, 2), (3, 3)]) == 1  # slopes 100, 1, 1, -98, -48.5, 1
    assert theil_sen([(0, 0), (4, 8)]) == 2
