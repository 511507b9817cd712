"""Rules of single lines that the whole statements do not reach (indicator dictionary 3.9.5, rules 13 to 17, 29, 30)."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from tests.domain.fundflow.fundflow_cast import april, value

from xinqiao.domain.fundflow.model import CashPolicy, Invoice

APRIL = april()
OTHER = "6217000000004444"


def months(n, **context):
    return {"as_of": date(2026, 4, 30), "months": n, **context}


@pytest.mark.parametrize(
    ("policy", "oi", "oo"),
    [
        (CashPolicy.BOTH, "30.00", "12.00"),
        (CashPolicy.IN_ONLY, "30.00", "5.00"),
        (CashPolicy.NONE, "20.00", "5.00"),
    ],
)
def test_cash_counts_as_the_policy_says(policy, oi, oo):
    lines = (
        "2026-04-01 in 10 cash=1",
        "2026-04-02 in 20 text=货款",
        "2026-04-03 out 7 cash=1",
        "2026-04-04 out 5 text=货款",
    )
    assert value("F02", *lines, key="oi_total", cash_policy=policy, **APRIL) == oi
    assert value("F02", *lines, key="oo_total", cash_policy=policy, **APRIL) == oo


def test_q05_compares_with_the_row_before_the_window():
    lines = ("2026-03-31 in 10 bal=10", "2026-04-05 in 5 bal=16", "2026-04-06 in 5", "2026-04-07 in 5 bal=99")
    assert value("Q05", *lines, **APRIL) == 1


def test_q08_counts_a_credit_by_its_own_date():
    lines = (
        "2026-03-30 in 20 name=甲公司",
        "2026-04-01 out 20 name=甲公司 text=冲正",
        "2026-04-02 in 30 name=甲公司",
        "2026-04-03 out 30 name=甲公司 text=冲正",
        "2026-04-04 in 70 name=甲公司",
    )
    assert value("Q08", *lines, **APRIL) == "0.3000"


def test_q09_is_a_lower_bound_without_an_opening_day():
    line = "2026-04-20 in 1"
    assert value("Q09", line, **APRIL) == 10
    assert value("Q09", line, key="lower_bound", **APRIL) is True
    assert value("Q09", line, opened_on=date(2026, 4, 1), **APRIL) == 29
    assert value("Q09", line, key="lower_bound", opened_on=date(2026, 4, 1), **APRIL) is False


def test_q04_starts_with_the_first_row_ever_unless_the_opening_day_is_known():
    lines = ("2026-04-20 in 1", "2026-04-22 in 1")
    assert value("Q04", *lines, **APRIL) == 8
    assert value("Q04", *lines, opened_on=date(2025, 1, 1), **APRIL) == 19


def test_q10_joins_bound_accounts_and_those_seen():
    lines = ("2026-04-01 in 5 acct=A1 kind=own_account", "2026-04-02 in 5 acct=A2 kind=own_account")
    assert value("Q10", *lines, bound=frozenset({"A-1", "A9"}), **APRIL) == "0.6667"


def test_k11_and_k13_speak_of_related_parties():
    lines = (
        "2026-04-01 in 30 name=张三 text=往来",
        "2026-04-02 out 10 name=张三 text=工资",
        "2026-04-03 in 70 name=甲公司 text=货款",
        "2026-04-04 out 40 name=关联木业有限公司 text=往来",
    )
    related = frozenset({"张三", "关联木业有限公司"})
    assert value("K11", *lines, related=related, **APRIL) == "0.3000"
    assert value("K11", *lines, key="related_out", related=related, **APRIL) == "0.8000"
    assert value("K12", *lines, related=related, **APRIL) == "-10.00"
    assert value("K13", *lines, related=related, **APRIL) == "30.00"
    assert value("K13", *lines, key="legal_rep_net", related=related, **APRIL) == "20.00"
    assert value("K13", *lines, related=frozenset({"关联木业有限公司"}), **APRIL) == "LIST_NOT_SUPPLIED"


def test_k14_looks_the_name_up_in_its_normal_form():
    lines = ("2026-04-01 in 30 name=澄州（集团）公司 text=货款", "2026-04-02 in 10 name=甲公司 text=货款")
    assert value("K14", *lines, core_buyers=frozenset({"澄州(集团)公司"}), **APRIL) == "0.7500"


def test_leading_counterparties_tie_in_code_point_order():
    lines = [f"2026-04-01 in 10 name={sign}公司 text=货款" for sign in "丙乙甲"]
    assert value("K02", *lines, **APRIL) == "0.3333"


def test_f10_and_f12_over_two_years():
    lines = [f"{2024 + m // 12}-{m % 12 + 1:02d}-05 in {100 + 10 * (m // 12)} text=货款" for m in range(24)]
    context = {"as_of": date(2025, 12, 31), "months": 24}
    assert value("F10", *lines, **context) == "0.1000"  # 1320/1200 - 1
    assert value("F12", *lines, **context) == "0.0000"  # each calendar month keeps its whole spread of +-5


def test_b11_counts_days_that_are_swept_the_same_day():
    lines = (
        "2026-04-01 09:00:00 in 1000 bal=1000 text=货款",
        "2026-04-01 10:00:00 out 951 bal=49 text=货款",
        "2026-04-02 09:00:00 in 1000 bal=1049 text=货款",
        "2026-04-02 10:00:00 out 999 bal=50 text=货款",
    )
    assert value("B11", *lines, **APRIL) == "0.5000"  # 49 < 50, 50 is not


def test_b11_needs_a_known_balance_where_it_looks():
    lines = ("2026-04-01 in 1000 text=货款", "2026-04-02 in 1 bal=5 text=货款")
    assert value("B11", *lines, **APRIL) == "NO_BALANCE"


# debt


def test_d10_finds_a_bridge():
    lines = (
        "2026-04-02 in 900 name=张三 text=往来",
        "2026-04-03 out 1000 name=远山银行 text=还款",
        "2026-04-08 in 1000 name=远山银行 text=放款",
        "2026-04-09 out 800 name=张三 text=往来",
    )
    assert value("D10", *lines, **APRIL) == 1
    for i, changed in enumerate(
        (
            "2026-03-30 in 900 name=张三 text=往来",
            "2026-04-03 out 1200 name=远山银行 text=还款",
            "2026-04-14 in 1000 name=远山银行 text=放款",
            "2026-04-09 out 719 name=张三 text=往来",
        )
    ):
        broken = [changed if j == i else line for j, line in enumerate(lines)]
        assert value("D10", *broken, **APRIL) == 0, changed


def test_d07_asks_for_the_first_loan_ever():
    lines = (
        "2025-01-05 in 5 name=远山银行 text=放款",
        "2026-04-05 in 5 name=远山银行 text=放款",
        "2026-01-30 in 5 name=澄湖银行 text=放款",
        "2026-01-31 in 5 name=岚江农商银行 text=放款",
    )
    assert value("D07", *lines, **APRIL) == 1  # [31 January, 30 April]


def test_d20_compares_two_half_years():
    lines = [f"2025-{m:02d}-05 in 100 text=货款" for m in range(1, 13)]
    lines += [f"2025-{m:02d}-06 out {10 if m < 7 else 15} text=电费" for m in range(1, 13)]
    assert value("D20", *lines, as_of=date(2025, 12, 31), months=12) == "0.5000"
    assert value("D20", *lines[:12], as_of=date(2025, 12, 31), months=12) == "ZERO_DENOMINATOR"


def test_d21_counts_months_or_quarters():
    monthly = [f"2026-{m:02d}-05 out 10 text=房租" for m in (1, 2, 4)]
    assert value("D21", *monthly, **months(4)) == "0.7500"  # gaps 1, 2: median 1.5
    quarterly = [f"{day} out 10 text=房租" for day in ("2025-07-05", "2025-10-05", "2026-04-05")]
    assert (
        value("D21", *quarterly, **months(10)) == "0.6667"
    )  # Q3, Q4 of Q3, Q4, Q1; April is no whole quarter


# authenticity


def test_a01_takes_each_out_amount_once():
    lines = (
        "2026-04-01 09:00:00 in 100 name=甲公司",
        "2026-04-01 10:00:00 in 100 name=乙公司",
        "2026-04-02 09:00:00 out 90 name=丙公司",
    )
    assert value("A01", *lines, **APRIL) == "0.5000"
    assert value("A01", lines[0], "2026-04-02 09:00:01 out 90 name=丙公司", **APRIL) == "0.0000"
    assert value("A01", lines[0], "2026-04-03 out 90 name=丙公司", **APRIL) == "1.0000"  # no time: 2 days
    assert value("A01", lines[0], "2026-04-04 out 90 name=丙公司", **APRIL) == "0.0000"


def test_a01_counts_at_most_three_parties():
    lines = ["2026-04-01 09:00:00 in 100 name=甲公司"]
    lines += [f"2026-04-01 1{i}:00:00 out 25 name=公司{i}" for i in range(4)]
    assert value("A01", *lines, **APRIL) == "0.0000"
    same = [line.replace("公司3", "公司2") for line in lines]
    assert value("A01", *same, **APRIL) == "1.0000"
    missing = [lines[0], *(f"2026-04-01 1{i}:00:00 out 25" for i in range(4))]
    assert value("A01", *missing, **APRIL) == "1.0000"


def test_a01_follows_a_credit_beyond_the_window():
    lines = ("2026-04-30 in 100 name=甲公司", "2026-05-01 out 95 name=乙公司")
    assert value("A01", *lines, **april(as_of=date(2026, 5, 10))) == "1.0000"


def test_a02_counts_a_ring_once():
    lines = (
        "2026-04-01 out 100 acct=X1",
        f"2026-04-02 in 96 acct=Y1 acc={OTHER}",
        "2026-04-05 in 95 acct=X1",
        "2026-04-06 in 305 name=甲公司",
    )
    assert value("A02", *lines, **APRIL) == "0.2375"  # 95/400
    assert value("A02", lines[0], "2026-04-09 in 100 acct=X1", **APRIL) == "0.0000"  # 8 days
    assert value("A02", lines[0], "2026-04-08 in 94.99 acct=X1", **APRIL) == "0.0000"
    assert value("A02", lines[0], "2026-04-08 in 105 acct=X1", **APRIL) == "0.9524"  # 100/105


def test_a02_goes_through_several_accounts_of_the_data():
    lines = (
        f"2026-04-01 out 100 acct={OTHER}",
        f"2026-04-01 in 100 acct=6217000000003017 acc={OTHER}",
        f"2026-04-02 out 100 acct=Z1 acc={OTHER}",
        "2026-04-03 in 100 acct=Z1",
    )
    assert value("A02", *lines, **APRIL) == "1.0000"
    assert value("A02", *lines, account=OTHER, **APRIL) == "1.0000"


def test_a03_pairs_each_row_once():
    lines = (
        "2026-04-01 in 10 name=甲公司",
        "2026-04-04 out 10 name=甲公司",
        "2026-04-04 out 10 name=甲公司",
        "2026-04-05 in 10 name=甲公司",
        "2026-04-09 out 10 name=甲公司",
    )
    assert value("A03", *lines, **APRIL) == 2
    assert value("A03", *lines, key="amount", **APRIL) == "20.00"


def test_a05_of_three_hundred_equal_first_digits():
    lines = [f"2026-04-01 in 1{i:03d}" for i in range(300)]
    # |1 - log10 2| + the other eight, which add up to the same: 2*(1 - 0.30103)/9 = 0.155327
    assert value("A05", *lines, **APRIL) == "0.1553"
    assert value("A05", *lines[:299], **APRIL) == "TOO_FEW_OBSERVATIONS"


def test_a06_needs_five_of_a_kind():
    lines = [f"2026-04-0{i} in 10 text=货款" for i in range(1, 6)]
    assert value("A06", *lines, "2026-04-09 in 50 text=货款", **APRIL) == "0.5000"
    assert value("A06", *lines[:4], "2026-04-09 in 50 text=货款", **APRIL) == "0.0000"


def test_a07_is_the_farthest_day():
    days = [date(2026, 3, 1) + timedelta(days=i) for i in range(31)]
    lines = [f"{day} in {100 + i % 3} text=货款" for i, day in enumerate(days[:-1])]
    lines.append(f"{days[-1]} in 300 text=货款")
    # median 101, deviations: 0 and 1 about evenly, median 1: 199/1.4826: 134*1.4826 = 198.6684, rest 0.3316/1.4826 = 0.22366
    assert value("A07", *lines, as_of=date(2026, 3, 31), months=1) == "134.2237"


def test_a08_compares_before_the_application():
    lines = ["2025-10-01 in 150 text=货款", "2026-04-25 in 60 text=货款"]
    context = {"opened_on": date(2025, 1, 1), **APRIL}
    # R + 1 = 1 May: 60/30 over [2 Nov 2025, 31 Mar 2026], where there is nothing
    assert value("A08", *lines, **context) == "ZERO_DENOMINATOR"
    lines.append("2025-12-01 in 150 text=货款")
    assert value("A08", *lines, **context) == "2.0000"
    assert value("A08", *lines, **months(1)) == "2.0000"  # first row 1 Oct 2025 is early enough
    assert value("A08", *lines, application_day=date(2026, 3, 29), **months(1)) == "SHORT_HISTORY"


def test_a09_wakes_after_sixty_days_without_a_row():
    lines = ["2026-01-01 in 10 text=货款", "2026-03-03 in 100 text=货款"]
    assert value("A09", *lines, **months(4)) == 1
    assert value("A09", "2026-01-02 in 10 text=货款", lines[1], **months(4)) == 0


def test_a10_sees_split_deposits():
    lines = ["2026-04-01 in 40000 cash=1", "2026-04-01 in 49999.99 cash=1", "2026-04-01 in 45000 cash=1"]
    assert value("A10", *lines, **APRIL) == 1
    assert value("A10", *lines[:2], "2026-04-01 in 50000 cash=1", **APRIL) == 0
    assert value("A10", *lines[:2], "2026-04-01 in 39999.99 cash=1", **APRIL) == 0


def test_a11_is_over_both_directions():
    lines = ("2026-04-01 in 10 name=典当行甲", "2026-04-02 out 30 name=乙公司")
    assert value("A11", *lines, high_risk=frozenset({"典当行甲"}), **APRIL) == "0.2500"


def test_a12_matches_each_invoice_once():
    lines = ("2026-04-10 in 98 name=甲公司", "2026-04-11 in 100 name=甲公司", "2026-04-12 in 202 name=乙公司")
    invoices = (Invoice("甲公司", date(2026, 4, 1), 10000), Invoice("乙公司", date(2025, 10, 13), 20000))
    assert value("A12", *lines, invoices=invoices, **APRIL) == "0.2450"  # 98/400; 乙's is 181 days old
    late = (Invoice("乙公司", date(2025, 10, 14), 20000),)
    assert value("A12", *lines, invoices=late, **APRIL) == "0.5050"


def test_a13_is_the_gap_to_what_was_declared():
    assert value("A13", "2026-04-01 in 100", declared_sales=8000, **APRIL) == "0.2000"
    assert value("A13", "2026-04-01 out 100", declared_sales=0, **APRIL) == "ZERO_DENOMINATOR"


def test_a14_compares_with_the_usual_text_of_another():
    lines = (
        "2026-04-01 in 1 name=甲公司 text=订单结算",
        "2026-04-02 in 1 name=甲公司 text=订单结算",
        "2026-04-03 in 1 name=甲公司 text=尾款",
        "2026-04-04 in 1 name=乙公司 text=订单结算",
        "2026-04-05 in 1 name=丙公司 text=尾款",
    )
    assert value("A14", *lines, **APRIL) == "0.8000"  # all but 丙: 甲's and 乙's usual, and 甲's 尾款 is 丙's


def test_a15_pairs_across_bound_accounts():
    lines = (
        f"2026-04-01 out 100 acct={OTHER} kind=own_account",
        f"2026-04-03 in 100 acct=6217000000003017 kind=own_account acc={OTHER}",
        "2026-04-04 out 100 name=甲公司",
    )
    bound = frozenset({"6217000000003017", OTHER})
    assert value("A15", *lines, bound=bound, **APRIL) == "0.0000"
    assert value("A15", *lines, **APRIL) == "0.5000"
    late = lines[1].replace("04-03", "04-04")
    assert value("A15", lines[0], late, lines[2], bound=bound, **APRIL) == "0.5000"
    wrong = lines[1].replace("acct=6217000000003017", "acct=123")
    assert value("A15", lines[0], wrong, lines[2], bound=bound, **APRIL) == "0.5000"


def test_a16_counts_freezes():
    lines = ("2026-04-01 out 7 text=司法扣划", "2026-04-02 in 7 text=解冻")
    assert value("A16", *lines, **APRIL) == 1
    assert value("A16", *lines, key="amount", **APRIL) == "7.00"


def test_figures_are_exact_far_beyond_floats():
    lines = ("2026-04-01 in 9999999999999.99 text=货款", "2026-04-02 in 0.01 text=货款")
    assert value("F01", *lines, **APRIL) == "10000000000000.00"
    assert value("F16", *lines, **APRIL) == "1.0000"
    assert Fraction(1, 3) * 3 == 1
