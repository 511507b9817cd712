"""Registered capital as registers write it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.domain.capital import Capital, CapitalReason, parse_capital


@pytest.mark.parametrize(
    ("text", "amount", "currency", "stated"),
    [
        ("3,000(万元人民币)", "30000000", "CNY", True),
        ("47.5000(万美元)", "475000", "USD", True),
        ("200(万)", "2000000", None, False),
        ("500（万元）", "5000000", "CNY", False),
        ("200万人民币", "2000000", "CNY", True),
        ("50(万人民币元)", "500000", "CNY", True),
        ("50( 万人民币元)", "500000", "CNY", True),
        ("100(万元(人民币))", "1000000", "CNY", True),
        ("100(万元（人民币）)", "1000000", "CNY", True),
        ("50(万香港元)", "500000", "HKD", True),
        ("50(万元(港币))", "500000", "HKD", True),
        ("50(万港元)", "500000", "HKD", True),
        ("30000(万日元)", "300000000", "JPY", True),
        ("10(万元美元)", "100000", "USD", True),
        ("8(万德国马克)", "80000", "DEM", True),
        ("1.23456789(万元人民币)", "12345.6789", "CNY", True),
        ("5000(人民币元)", "5000", "CNY", True),
        ("5000元人民币", "5000", "CNY", True),
        ("２００（万元）", "2000000", "CNY", False),
        ("0(万元)", "0", "CNY", False),
        ("1.5亿元", "150000000", "CNY", False),
        ("7(英镑)", "7", "GBP", True),
    ],
)
def test_read(text: str, amount: str, currency: str | None, stated: bool) -> None:
    assert parse_capital(text) == Capital(Decimal(amount), currency, stated)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("N/A", "ABSENT"), ("", "ABSENT"), (" － ", "ABSENT"), ("-", "ABSENT"),
        ("450()", "UNIT_MISSING"), ("450", "UNIT_MISSING"),
        ("万人民币", "AMOUNT_MISSING"), ("(万元)", "AMOUNT_MISSING"),
        ("3(万比索)", "CURRENCY_UNKNOWN"), ("3(某国元)", "CURRENCY_UNKNOWN"),
        ("ABOURICHEH", "UNREADABLE"), ("-5(万元)", "UNREADABLE"), ("3,00(万元)", "UNREADABLE"), ("3(万元", "UNREADABLE"),
        ("1e3(万元)", "UNREADABLE"), ("3)万元(", "UNREADABLE"), ("9" * 65, "UNREADABLE"), ("1.(万元)", "UNREADABLE"),
    ],
)  # fmt: skip
def test_not_read(text: str, reason: str) -> None:
    assert parse_capital(text) == CapitalReason(reason)


@given(st.text(max_size=80))
def test_anything_has_an_answer(text: str) -> None:
    assert isinstance(parse_capital(text), Capital | CapitalReason)


@given(st.decimals(0, 10**12, places=6))
def test_every_digit_is_kept(amount: Decimal) -> None:
    found = parse_capital(f"{amount:f}(万元人民币)")
    assert isinstance(found, Capital)
    assert found.amount == amount * 10_000
