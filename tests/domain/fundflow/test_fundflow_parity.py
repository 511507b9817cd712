"""The list of central parities (rule 2): one reading for the node's folder and the offline command."""

from datetime import date
from fractions import Fraction

import pytest
from tests.domain.fundflow.fundflow_cast import row

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.fundflow.parity import ParityTable, read_parity
from xinqiao.domain.fundflow.parse import parse_rows

DAY = date(2026, 1, 5)


@pytest.mark.parametrize(
    "text",
    [
        "date,currency,rate\n2026-01-05,USD,7.0123\n",
        "currency,day,rate\nusd,2026-01-05,7.0123\n",
        "note, rate ,currency,date\nx, 7.0123 , USD , 2026-01-05 \n\n",
        "date,currency,rate\n2026-01-05,USD,7.0123\n2026-01-05,usd,7.01230\n",
    ],
)
def test_the_columns_may_stand_in_any_order_and_the_date_have_its_older_name(text):
    assert dict(read_parity(text)) == {("USD", DAY): Fraction(70123, 10000)}


def test_a_rate_without_a_day_holds_for_every_day_that_has_none_of_its_own():
    rates = read_parity("date,currency,rate\n,USD,7\n2026-01-05,USD,7.1\n")
    assert (rates["USD", DAY], rates["USD", date(2026, 1, 6)]) == (Fraction(71, 10), 7)
    assert rates.get(("EUR", DAY)) is None


def test_a_list_of_standing_rates_alone_converts_rows():
    parsed = parse_rows([row("2026-01-05 in 10 ccy=USD")], parity=ParityTable([("", "USD", "7")]))
    assert [r.amount for r in parsed.rows] == [7000]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("2026-01-05,USD,1e999999999", "rate"),
        ("2026-01-05,USD,71/10", "rate"),
        ("2026-01-05,USD,-7", "rate"),
        ("2026-01-05,USD,0.0", "rate"),
        ("2026-01-05,USD,７", "rate"),
        ("2026-01-05,USD", "rate"),
        ("2026-01-05,EUR,9", "rate"),
        (",GBP,9.5", "rate"),
        ("2026-W02-1,USD,7", "date"),
        ("20260105,USD,7", "date"),
        ("2026-02-30,USD,7", "date"),
        ("2026-01-05,,7", "currency"),
    ],
)
def test_a_line_that_is_no_rate_is_refused_with_its_row_and_field_and_is_not_quoted(line, field):
    with pytest.raises(Invalid) as refused:
        read_parity(f"date,currency,rate\n2026-01-05,EUR,8\n,GBP,9\n{line}\n")
    error = refused.value
    assert (error.code, error.facts) == (Code.FILE_VALUE, {"row": 3, "field": field})
    assert line not in error.detail


@pytest.mark.parametrize(
    ("text", "code", "facts"),
    [
        ("", Code.FILE_COLUMNS, {"missing": ["date", "currency", "rate"]}),
        ("currency,rate\nUSD,7\n", Code.FILE_COLUMNS, {"missing": ["date"]}),
        ("date,day,currency,rate\n", Code.FILE_COLUMNS, {"repeated": ["date"]}),
        ('date,currency,rate\n"2026-01-05,USD,7\n', Code.FILE_UNREADABLE, {}),
    ],
)
def test_what_is_no_list_of_rates_is_refused(text, code, facts):
    with pytest.raises(Invalid) as refused:
        read_parity(text)
    assert (refused.value.code, refused.value.facts) == (code, facts)
