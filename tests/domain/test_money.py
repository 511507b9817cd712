"""Amounts are read strictly (abuse case B9), written in one way, and never mixed across currencies."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.money import (
    MAX_FEN,
    Money,
    format_fen,
    parse_amount,
    parse_currency,
)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("0.00", 0),
        ("0.1", 10),
        ("0.10", 10),
        ("0.01", 1),
        ("1", 100),
        ("1000.00", 100_000),
        ("1234567.89", 123_456_789),
        ("92233720368547758.07", MAX_FEN),
    ],
)
def test_a_decimal_text_is_exact_fen(text, fen):
    assert parse_amount(text) == fen


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1e2", "SHAPE"),
        ("1E2", "SHAPE"),
        ("NaN", "SHAPE"),
        ("Infinity", "SHAPE"),
        ("-0", "SIGN"),
        ("-0.00", "SIGN"),
        ("-1", "SIGN"),
        ("+1", "SHAPE"),
        ("1,000.00", "SHAPE"),
        ("1，000.00", "SHAPE"),
        ("1_000", "SHAPE"),
        ("1 000", "SHAPE"),
        ("１００", "SHAPE"),
        ("١٢", "SHAPE"),
        ("1.234", "DECIMALS"),
        ("1.000", "DECIMALS"),
        ("1.", "SHAPE"),
        (".5", "SHAPE"),
        ("007", "SHAPE"),
        ("0x10", "SHAPE"),
        ("¥1", "SHAPE"),
        ("1元", "SHAPE"),
        ("", "SHAPE"),
        (" 1", "SHAPE"),
        ("1\n", "SHAPE"),
        ("1.00.00", "SHAPE"),
        ("92233720368547758.08", "RANGE"),
        ("9223372036854775808", "RANGE"),
        ("99999999999999999999", "SHAPE"),
        ("1" * 100_000, "SHAPE"),
        (100, "NOT_TEXT"),
        (0.1 + 0.2, "NOT_TEXT"),
        (True, "NOT_TEXT"),
        (None, "NOT_TEXT"),
        (Decimal("1.00"), "NOT_TEXT"),
        (b"1", "NOT_TEXT"),
    ],
)
def test_whatever_would_have_to_be_guessed_is_refused(text, reason):
    with pytest.raises(Invalid) as refusal:
        parse_amount(text, field="limit")
    assert refusal.value.code is Code.AMOUNT_FORMAT
    assert refusal.value.facts == {"field": "limit", "reason": reason}


def test_below_zero_is_read_only_where_it_has_a_meaning():
    assert parse_amount("-1.05", negative=True) == -105
    for zero in ("-0", "-0.0", "-0.00"):
        with pytest.raises(Invalid):
            parse_amount(zero, negative=True)


@given(st.integers(-MAX_FEN, MAX_FEN))
def test_an_amount_survives_its_text(fen):
    assert parse_amount(format_fen(fen), negative=True) == fen


@given(st.text(max_size=30))
def test_any_text_is_read_as_decimal_would_read_it_or_refused(text):
    try:
        fen = parse_amount(text, negative=True)
    except Invalid:
        return
    assert Decimal(text) * 100 == fen


@pytest.mark.parametrize("text", ["", "cny", "CN", "CNYY", "人民币", None, 156, "CN\u00dd"])
def test_a_currency_is_mandatory_and_three_capitals(text):
    with pytest.raises(Invalid) as refusal:
        parse_currency(text)
    assert refusal.value.facts["reason"] == "CURRENCY"


def test_two_currencies_are_never_added():
    with pytest.raises(Invalid):
        Money(1, "CNY") + Money(1, "USD")
    with pytest.raises(Invalid):
        Money(1, "CNY") - Money(1, "USD")


def test_money_is_whole_fen():
    with pytest.raises(TypeError):
        Money(0.5, "CNY")
    with pytest.raises(TypeError):
        Money(True, "CNY")
    with pytest.raises(Invalid):
        Money(MAX_FEN, "CNY") + Money(1, "CNY")


@given(st.lists(st.integers(-(10**12), 10**12), max_size=20))
def test_sums_conserve(amounts):
    total = Money(0, "CNY")
    for fen in amounts:
        total += Money(fen, "CNY")
    for fen in amounts:
        total -= Money(fen, "CNY")
    assert total == Money(0, "CNY") == -total


def test_money_reads_and_writes_two_decimals():
    money = Money.parse("1234.5", "CNY")
    assert (str(money), money.decimal, money.fen) == ("1234.50 CNY", Decimal("1234.50"), 123_450)
    assert str(-money) == "-1234.50 CNY"
