"""Null reasons: each code, and the order in which they apply (indicator dictionary 3.9 rules 23 to 26)."""

from datetime import date

import pytest
from tests.domain.fundflow.fundflow_cast import ACCOUNT, april, rows, value

from xinqiao.domain.fundflow.compute import compute
from xinqiao.domain.fundflow.dictionary import LINES
from xinqiao.domain.fundflow.model import Context

APRIL = april()
TRADE = "2026-04-10 in 100 bal=100 name=甲公司 text=货款"


def test_without_a_row_up_to_the_as_of_day_every_line_says_so():
    computed = compute(rows("2026-05-02 in 1"), Context(**APRIL), account=ACCOUNT)
    for id_, found in computed.items():
        assert set(found.null_reasons.values()) | {found.alone} - {None} == {"NO_ROWS"}, id_
        assert found.coverage == "0.0000"


@pytest.mark.parametrize("id_", ["Q10", "K11", "K12", "K13", "K14", "A11", "A12", "A13"])
def test_a_line_without_its_list_says_so_also_where_there_is_no_window(id_):
    assert value(id_, TRADE, **APRIL) == "LIST_NOT_SUPPLIED"
    assert value(id_, "2026-05-02 in 1", as_of=date(2026, 5, 3), months=1) == "LIST_NOT_SUPPLIED"


def test_without_an_observed_part_only_the_lines_of_the_as_of_day_speak():
    computed = compute(rows("2026-05-02 in 1"), Context(as_of=date(2026, 5, 3), months=1))
    speaking = {id_ for id_, found in computed.items() if "NO_WINDOW" not in _reasons(found)}
    lists = {"Q10", "K11", "K12", "K13", "K14", "A11", "A12", "A13"}
    assert speaking - lists == {"Q01", "Q02", "Q09", "F17", "D07", "D12", "A08"}
    assert computed["Q02"].as_json()["value"] == "0.0000"
    assert computed["F17"].as_json()["value"] == 1


def _reasons(found):
    return [reason.value for reason in (*found.null_reasons.values(), found.alone) if reason]


@pytest.mark.parametrize("line", [line for line in LINES if line.least_months], ids=lambda line: line.id)
def test_one_month_below_the_least_is_a_short_history(line):
    """Opened mid-month: the month of opening is observed but not full, so k can be anything from 0."""
    short = {"as_of": date(2026, 4, 30), "months": line.least_months}
    opened = date(2026, 4, 2) if line.least_months == 1 else None
    first = _months_back(line.least_months - 2) if line.least_months > 1 else date(2026, 4, 2)
    lines = [f"{first} in 1 bal=1 text=货款", TRADE]
    assert value_or_alone(line.id, lines, {**short, "opened_on": opened}) == "SHORT_HISTORY"


def _months_back(n):
    number = 2026 * 12 + 3 - n
    return date(number // 12, number % 12 + 1, 5)


def value_or_alone(id_, lines, context):
    found = compute(rows(*lines), Context(**context), account=ACCOUNT, ids=[id_])[id_]
    reasons = set(_reasons(found))
    return reasons.pop() if len(reasons) == 1 else reasons


@pytest.mark.parametrize("id_", [f"B{n:02d}" for n in range(1, 14) if n not in (10,)])
def test_without_a_known_balance_every_balance_line_says_so(id_):
    assert value(id_, "2026-04-10 in 100 text=货款", **APRIL) == "NO_BALANCE"


def test_without_a_time_there_is_no_night():
    assert value("C08", TRADE, **APRIL) == "NO_TIME"


@pytest.mark.parametrize(
    ("id_", "key"), [("F15", "avg_ticket_out"), ("F16", None), ("K08", None), ("K16", None), ("A05", None), ("A07", None),
                     ("D08", None), ("D17", "payroll_day_sd"), ("D21", None), ("B11", None)]
)  # fmt: skip
def test_a_mean_or_spread_of_nothing_is_too_few(id_, key):
    assert value(id_, "2026-04-10 in 100 bal=100 text=借款", key=key, **APRIL) == "TOO_FEW_OBSERVATIONS"


@pytest.mark.parametrize(
    "id_",
    ["F04", "F07", "F19", "B12", "K02", "K03", "K04", "K06", "K09", "K10", "C01", "C02", "C03", "C05", "C07",
     "Q08", "D04", "D05", "D13", "D15", "A01", "A04", "A06"],
)  # fmt: skip
def test_a_ratio_over_nothing_is_a_zero_denominator(id_):
    lines = ("2026-03-10 in 100 bal=100", "2026-05-01 in 1")
    found = value(id_, *lines, **april(as_of=date(2026, 5, 1)))
    assert found == "ZERO_DENOMINATOR"


@pytest.mark.parametrize("id_", ["B04", "B09", "B10", "B13"])
def test_a_negative_mean_balance_is_no_denominator(id_):
    lines = [f"2026-0{m}-01 out {m} bal=-{m * 10}" for m in (2, 3, 4)]
    assert value(id_, *lines, as_of=date(2026, 4, 30), months=3) == "NEGATIVE_DENOMINATOR"


@pytest.mark.parametrize("id_", ["B04", "B09"])
def test_a_mean_balance_of_zero_is_a_zero_denominator(id_):
    lines = ("2026-03-31 in 1 bal=1", "2026-03-31 out 1 bal=0")
    assert value(id_, *lines, **APRIL) == "ZERO_DENOMINATOR"


def test_an_account_without_rows_in_the_window_has_zeros_and_null_ratios():
    lines = ("2026-03-10 in 100 bal=100", "2026-05-01 in 1")
    context = april(as_of=date(2026, 5, 1))
    assert value("F01", *lines, **context) == "0.00"
    assert value("K01", *lines, **context) == 0
    assert value("B01", *lines, **context) == "100.00"
    assert value("Q07", *lines, **context) == "ZERO_DENOMINATOR"
    assert value("Q04", *lines, **context) == 30


def test_the_fixed_days_print_nothing_but_the_code_when_there_is_no_month():
    found = compute(rows("2026-05-02 in 1"), Context(as_of=date(2026, 5, 3), months=1))["B05"].as_json()
    assert found == {
        "values": {},
        "unit": {},
        "null_reason": "NO_WINDOW",
        "coverage": "0.0000",
        "version": 1,
    }


def test_an_unknown_fixed_day_is_null_on_its_own():
    found = compute(rows("2026-04-15 in 5", "2026-04-18 in 5 bal=50"), Context(**APRIL))["B05"].as_json()
    assert found["values"] == {"2026-04-10": None, "2026-04-20": "50.00", "2026-04-30": "50.00"}
    assert found["null_reason"] == {"2026-04-10": "NO_BALANCE"}


def test_quarter_ends_need_both_kinds_of_month():
    assert value("F20", "2026-04-10 in 100", **APRIL) == "SHORT_HISTORY"
