"""Rows and normal forms: indicator dictionary 3.9 rules 1, 2 and 9."""

from datetime import date
from fractions import Fraction

import pytest
from tests.domain.fundflow.fundflow_cast import row

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.fundflow.normal import normal_account, normal_name, normal_text
from xinqiao.domain.fundflow.parse import parse_fen, parse_moment, parse_rows

D = date(2026, 1, 5).toordinal()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-05", (D, None)),
        ("2026-01-05 00:00:00", (D, None)),
        ("2026-01-05 00:00:01", (D, 1)),
        ("2026-01-05T23:59:59", (D, 86399)),
        ("2026-01-05T16:30:00Z", (D + 1, 1800)),
        ("2026-01-05 16:00:00+00:00", (D + 1, None)),
        ("2026-01-05 10:00:00+08:00", (D, 36000)),
        ("2026-01-05 10:00:00+0900", (D, 32400)),
        ("2026-01-05 01:00:00+09", (D, None)),
        ("2026-01-05 22:00:00-05:30", (D + 1, 41400)),
    ],
)
def test_a_booking_time_becomes_a_day_and_a_second_of_plus_eight(text, expected):
    assert parse_moment(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "2026-1-5", "2026/01/05", "2026-02-30", "2026-01-05 24:00:00", "2026-01-05 10:00", "20260105",
     "2026-01-05 10:60:00", "2026-01-05 10:00:00+15:00", "1899-12-31", "9999-12-31", "２０２６-01-05",
     "2026-01-05 10:00:00.5"],
)  # fmt: skip
def test_another_form_of_time_is_refused(text):
    with pytest.raises(ValueError):
        parse_moment(text)


@pytest.mark.parametrize(
    ("text", "fen"),
    [("1", 100), ("1.5", 150), ("0.01", 1), ("-0.01", -1), ("100000.00", 10_000_000), ("007", 700)],
)
def test_yuan_becomes_fen(text, fen):
    assert parse_fen(text) == fen


@pytest.mark.parametrize(
    "text", ["", "1.234", "1,000", "+1", "1e3", ".5", "1.", "NaN", "１", "--1", "1 0", "99999999999999999"]
)
def test_another_form_of_amount_is_refused(text):
    with pytest.raises(ValueError):
        parse_fen(text)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "abc"}, "amount"),
        ({"booked_at": "yesterday"}, "booked_at"),
        ({"direction": "C"}, "direction"),
        ({"balance_after": "1.005"}, "balance_after"),
        ({"account_no": " - "}, "account_no"),
    ],
)
def test_a_bad_value_names_its_row_and_field_and_never_repeats_the_value(change, field):
    good = row("2026-01-05 in 1.00")
    with pytest.raises(Invalid) as caught:
        parse_rows([good, {**good, **change}])
    assert caught.value.code is Code.FILE_VALUE
    assert caught.value.facts == {"row": 2, "field": field}
    assert not any(value in caught.value.detail for value in change.values() if len(value) > 3)


@pytest.mark.parametrize("text", ["true", "TRUE", "1", "Yes", "y", "是", " 1 "])
def test_the_true_words_of_a_flag(text):
    (parsed,) = parse_rows([{**row("2026-01-05 in 1"), "is_cash": text}]).rows
    assert parsed.is_cash


@pytest.mark.parametrize("text", ["", "0", "false", "否", "on", "2"])
def test_every_other_word_of_a_flag_is_false(text):
    (parsed,) = parse_rows([{**row("2026-01-05 in 1"), "is_cash": text}]).rows
    assert not parsed.is_cash


@pytest.mark.parametrize("currency", ["", "CNY", "RMB", "156"])
def test_four_spellings_of_the_yuan(currency):
    (parsed,) = parse_rows([row(f"2026-01-05 in 1.00 ccy={currency}")]).rows
    assert parsed.amount == 100


def test_a_foreign_row_is_converted_half_to_even_at_the_parity_of_its_day():
    parity = {("USD", date(2026, 1, 5)): Fraction("7.0050")}
    parsed = parse_rows(
        [row("2026-01-05 in 1.00 bal=3.00 ccy=USD"), row("2026-01-06 in 1.00 ccy=USD")], parity=parity
    )
    (kept,) = parsed.rows
    assert kept.amount == 700  # 700.5 fen, a tie
    assert kept.balance == 2102  # 2101.5 fen, a tie
    assert kept.foreign
    assert parsed.foreign_left_out == {"6217000000003017": 1}


@pytest.mark.parametrize(
    ("line", "field"), [("in 1000.00 bal=1.00", "amount"), ("in 1.00 bal=-1000.00", "balance_after")]
)
def test_what_converts_to_more_than_the_largest_amount_is_refused(line, field):
    parity = {("USD", date(2026, 1, 5)): Fraction(10**12)}
    with pytest.raises(Invalid) as caught:
        parse_rows([row(f"2026-01-05 {line} ccy=USD")], parity=parity)
    assert (caught.value.code, caught.value.facts) == (Code.FILE_VALUE, {"row": 1, "field": field})


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("澄州甲木业（集团）有限公司", "澄州甲木业(集团)有限公司"),
        ("澄州甲木业【集团】 有限公司", "澄州甲木业(集团)有限公司"),
        ("Ａbc　Ltd", "ABCLTD"),
        ("---", ""),
        ("0/0.*", ""),
        (" ", ""),
    ],
)
def test_names_have_one_form(name, form):
    assert normal_name(name) == form


@pytest.mark.parametrize(
    ("account", "form"), [("6217 0000-01", "6217000001"), ("ab-1", "AB1"), ("0000", ""), ("*", "")]
)
def test_account_numbers_have_one_form(account, form):
    assert normal_account(account) == form


def test_text_keeps_its_signs_and_loses_its_spaces():
    assert normal_text(" ａtm 取现 ") == "ATM取现"


@pytest.mark.parametrize(
    ("line", "cp"),
    [
        ("2026-01-05 in 1 name=甲公司 acct=62-1", "A:621"),
        ("2026-01-05 in 1 name=甲公司 acct=000", "N:甲公司"),
        ("2026-01-05 in 1 name=--", None),
    ],
)
def test_the_counterparty_is_the_number_else_the_name_else_missing(line, cp):
    (parsed,) = parse_rows([row(line)]).rows
    assert parsed.cp == cp


def test_one_account_in_two_spellings_is_one_account():
    parsed = parse_rows([row("2026-01-05 in 1 acc=62-17"), row("2026-01-06 in 1 acc=6217")])
    assert parsed.accounts == ("6217",)
    assert parsed.spelling == {"6217": "62-17"}
