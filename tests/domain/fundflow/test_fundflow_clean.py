"""Cleaning: duplicates, order, reversal pairs, window, end of day (indicator dictionary 3.9 rules 3 to 11)."""

from dataclasses import replace
from datetime import date
from random import Random

import pytest
from tests.domain.fundflow.fundflow_cast import april, books, rows

from xinqiao.domain.fundflow.clean import drop_duplicates, link_holds, make_window, order_rows, window_bounds

APRIL = april()


def amounts(parsed):
    return [row.amount // 100 for row in parsed]


# duplicates, rule 7


def test_an_exact_duplicate_goes_and_the_first_stays():
    kept, dropped = drop_duplicates(
        rows("2026-04-01 in 5 bal=5 id=a text=货款", "2026-04-01 in 5 bal=5 id=a text=货款").rows
    )
    assert (len(kept), dropped) == (1, 1)
    assert kept[0].index == 0


@pytest.mark.parametrize(
    "other",
    [
        "2026-04-01 in 5 bal=5 id=b text=货款",
        "2026-04-01 in 5 bal=10 id=a text=货款",
        "2026-04-01 in 6 bal=5 id=a text=货款",
        "2026-04-01 out 5 bal=5 id=a text=货款",
        "2026-04-01 10:00:00 in 5 bal=5 id=a text=货款",
        "2026-04-01 in 5 bal=5 id=a text=采购",
        "2026-04-01 in 5 bal=5 id=a text=货款 acct=1",
        "2026-04-01 in 5 bal=5 id=a text=货款 acc=2",
    ],
)
def test_one_different_field_makes_another_row(other):
    assert drop_duplicates(rows("2026-04-01 in 5 bal=5 id=a text=货款", other).rows)[1] == 0


def test_without_number_and_balance_nothing_is_a_duplicate():
    line = "2026-04-01 in 5 text=货款"
    assert drop_duplicates(rows(line, line).rows)[1] == 0


def test_the_name_of_the_counterparty_plays_no_part_in_duplicates():
    assert drop_duplicates(rows("2026-04-01 in 5 id=a name=甲", "2026-04-01 in 5 id=a name=乙").rows)[1] == 1


# order, rule 6


def test_file_order_stays_where_the_chain_holds():
    parsed = rows("2026-04-01 in 10 bal=10", "2026-04-01 in 5 bal=15", "2026-04-01 out 3 bal=12")
    assert amounts(order_rows(parsed.rows)) == [10, 5, 3]


def test_a_file_with_the_newest_row_first_is_turned_round():
    parsed = rows("2026-04-01 out 3 bal=12", "2026-04-01 in 5 bal=15", "2026-04-01 in 10 bal=10")
    assert amounts(order_rows(parsed.rows)) == [10, 5, 3]


def test_a_shuffled_group_is_chained_greedily_from_the_row_before():
    parsed = rows(
        "2026-03-31 in 100 bal=100",
        "2026-04-01 out 3 bal=112",
        "2026-04-01 in 10 bal=110",
        "2026-04-01 in 5 bal=115",
    )
    assert amounts(order_rows(parsed.rows)) == [100, 10, 5, 3]


def test_where_no_link_holds_the_first_row_left_is_taken():
    parsed = rows(
        "2026-03-31 in 1 bal=1", "2026-04-01 in 7 bal=99", "2026-04-01 in 2 bal=50", "2026-04-01 in 3 bal=53"
    )
    assert amounts(order_rows(parsed.rows)) == [1, 7, 2, 3]


def test_a_missing_balance_breaks_no_chain():
    parsed = rows("2026-04-01 in 10 bal=10", "2026-04-01 in 5", "2026-04-01 out 3 bal=99")
    assert amounts(order_rows(parsed.rows)) == [10, 5, 3]


def test_rows_without_a_time_stand_at_midnight():
    parsed = rows("2026-04-01 00:00:01 in 2", "2026-04-01 in 1")
    assert amounts(order_rows(parsed.rows)) == [1, 2]


def greedy_as_the_rule_says(before, group):
    left, ordered = list(group), []
    while left:
        before = left.pop(next((i for i, row in enumerate(left) if link_holds(before, row)), 0))
        ordered.append(before)
    return ordered


def test_the_order_of_a_broken_group_is_the_rule_word_for_word():
    chance = Random(6)
    for _ in range(400):
        lines = ["2026-03-31 in 1 bal=3"] * chance.randrange(2)
        for _ in range(chance.randrange(2, 12)):
            balance = f" bal={chance.randrange(-4, 8)}" if chance.randrange(5) else ""
            lines.append(
                f"2026-04-01 {chance.choice(('in', 'out'))} {chance.randrange(1, 4)}{balance} id=n{len(lines)}"
            )
        parsed = rows(*lines).rows
        before = [row for row in parsed if row.day != parsed[-1].day]
        group = [row for row in parsed if row.day == parsed[-1].day]
        last = before[-1] if before else None
        chains = [g for g in (group, group[::-1]) if all(map(link_holds, [last, *g], g))]
        assert order_rows(parsed) == before + (chains[0] if chains else greedy_as_the_rule_says(last, group))


class Counted(int):
    """A balance that counts how often it is compared."""

    compared = 0
    __hash__ = int.__hash__

    def __eq__(self, other):
        Counted.compared += 1
        return int(self) == other


def test_a_day_without_times_whose_chain_is_broken_is_not_looked_through_for_every_row():
    n = 3000
    whole = rows(*(f"2026-04-01 in 1 bal={i * 1000 % 7919} id=n{i}" for i in range(n))).rows
    Counted.compared = 0
    ordered = order_rows([replace(row, balance=Counted(row.balance)) for row in whole])
    assert len({row.txn_id for row in ordered}) == n
    assert Counted.compared < 10 * n


# reversal pairs, rule 10


def pairs(*lines):
    account = books(*lines, **APRIL)
    return [(account.r1[i].amount // 100, account.r1[j].amount // 100) for i, j in account.pairs], account


def test_a_reversal_and_its_row_leave_every_flow_figure_but_no_balance():
    found, account = pairs(
        "2026-04-01 in 50 bal=50 name=甲公司 text=货款",
        "2026-04-02 in 20 bal=70 name=乙公司 text=货款",
        "2026-04-03 out 20 bal=50 name=乙公司 text=货款冲正",
    )
    assert found == [(20, 20)]
    assert (account.gross_in, account.gross_out) == (5000, 0)
    assert account.eod_of(date(2026, 4, 2).toordinal()) == 7000


@pytest.mark.parametrize(
    ("first", "second", "paired"),
    [
        ("2026-04-01 in 20 name=甲公司", "2026-04-06 out 20 name=甲公司 text=冲正", True),
        ("2026-04-01 in 20 name=甲公司", "2026-04-07 out 20 name=甲公司 text=冲正", False),
        ("2026-04-01 in 20 name=甲公司", "2026-04-02 out 21 name=甲公司 text=冲正", False),
        ("2026-04-01 in 20 name=甲公司", "2026-04-02 in 20 name=甲公司 text=冲正", False),
        ("2026-04-01 in 20 name=甲公司", "2026-04-02 out 20 name=乙公司 text=冲正", False),
        ("2026-04-01 in 20", "2026-04-02 out 20 text=冲正", True),
        ("2026-04-01 in 20 name=甲公司 text=冲正", "2026-04-02 out 20 name=甲公司 text=冲正", False),
        ("2026-04-02 in 20 name=甲公司", "2026-04-01 out 20 name=甲公司 text=冲正", False),
        ("2026-04-01 in 20 name=甲公司", "2026-04-02 out 20 name=甲公司 rev=1", True),
    ],
)
def test_what_makes_a_pair(first, second, paired):
    assert bool(pairs(first, second)[0]) is paired


def test_a_named_row_is_paired_whatever_the_days_between_and_before_any_guess():
    found, account = pairs(
        "2026-04-01 in 20 id=t1 name=甲公司",
        "2026-04-27 in 20 id=t2 name=甲公司",
        "2026-04-28 out 20 name=乙公司 text=退汇 of=t1",
    )
    assert len(found) == 1
    assert [e.row.txn_id for e in account.r2] == ["t2"]


def test_the_latest_earlier_row_is_taken():
    _, account = pairs(
        "2026-04-01 in 20 id=t1 name=甲公司",
        "2026-04-02 in 20 id=t2 name=甲公司",
        "2026-04-03 out 20 name=甲公司 text=冲正",
    )
    assert [e.row.txn_id for e in account.r2] == ["t1"]


def test_two_rows_that_name_each_other_are_one_pair():
    found, account = pairs("2026-04-01 in 20 id=a of=b rev=1", "2026-04-02 out 20 id=b of=a rev=1")
    assert len(found) == 1
    assert account.r2 == ()


def test_an_unpaired_reversal_stays_in_gross_and_in_no_operating_figure():
    _, account = pairs("2026-04-03 out 20 name=甲公司 text=冲正")
    assert (account.gross_out, account.oo) == (2000, 0)


def test_a_row_of_the_window_may_lose_its_pair_that_stands_after_it():
    lines = ("2026-04-30 in 20 name=甲公司", "2026-05-02 out 20 name=甲公司 text=冲正")
    assert books(*lines, as_of=date(2026, 5, 15), months=1).gross_in == 0
    assert books(*lines, as_of=date(2026, 4, 30), months=1).gross_in == 2000


# window and observed part, rules 3 to 5


@pytest.mark.parametrize(
    ("as_of", "months", "start", "end"),
    [
        (date(2026, 2, 28), 2, date(2026, 1, 1), date(2026, 2, 28)),
        (date(2026, 2, 27), 2, date(2025, 12, 1), date(2026, 1, 31)),
        (date(2024, 2, 28), 1, date(2024, 1, 1), date(2024, 1, 31)),
        (date(2024, 2, 29), 24, date(2022, 3, 1), date(2024, 2, 29)),
        (date(2026, 1, 1), 36, date(2023, 1, 1), date(2025, 12, 31)),
    ],
)
def test_the_window_is_whole_months_that_end_on_or_before_the_as_of_day(as_of, months, start, end):
    assert window_bounds(as_of, months) == (start, end)


def test_without_an_opening_day_the_observed_part_starts_with_the_month_of_the_first_row():
    window = make_window(date(2026, 4, 30), 6, date(2026, 2, 17).toordinal(), None)
    assert date.fromordinal(window.first) == date(2026, 2, 1)
    assert [m.key for m in window.months] == ["2026-02", "2026-03", "2026-04"]


def test_an_account_opened_inside_a_month_has_that_month_but_not_in_its_rates():
    window = make_window(date(2026, 4, 30), 6, date(2026, 2, 17).toordinal(), date(2026, 2, 10))
    assert date.fromordinal(window.first) == date(2026, 2, 10)
    assert [m.key for m in window.calendar] == ["2026-02", "2026-03", "2026-04"]
    assert [m.key for m in window.months] == ["2026-03", "2026-04"]


def test_an_opening_day_after_the_first_row_is_ignored():
    window = make_window(date(2026, 4, 30), 6, date(2026, 2, 17).toordinal(), date(2026, 3, 10))
    assert window.opened_on is None
    assert date.fromordinal(window.first) == date(2026, 2, 1)


def test_an_account_whose_first_row_is_after_the_window_has_no_observed_part():
    window = make_window(date(2026, 4, 15), 3, date(2026, 4, 2).toordinal(), None)
    assert not window.observed
    assert (window.days, window.months) == (0, ())


def test_rows_after_the_as_of_day_do_not_exist():
    account = books("2026-04-01 in 1", "2026-05-01 in 2", **APRIL)
    assert amounts(account.r1) == [1]


# end of day, rule 11


def test_before_the_first_row_the_balance_is_the_first_one_less_its_amount():
    account = books("2026-04-10 in 30 bal=130", "2026-04-20 out 10 bal=120", **APRIL)
    day = date(2026, 4, 1).toordinal()
    assert [account.eod_of(day + i) for i in (0, 8, 9, 18, 19, 29)] == [
        10000,
        10000,
        13000,
        13000,
        12000,
        12000,
    ]


def test_a_missing_balance_makes_the_days_that_rest_on_it_unknown():
    account = books("2026-04-10 in 30", "2026-04-20 out 10 bal=120", **APRIL)
    day = date(2026, 4, 1).toordinal()
    assert [account.eod_of(day + i) for i in (0, 9, 18, 19, 29)] == [None, None, None, 12000, 12000]
    assert len(account.known) == 11


def test_history_before_the_window_gives_its_opening_balance():
    account = books("2026-03-10 in 30 bal=70", "2026-04-20 out 10 bal=60", **APRIL)
    assert account.eod_of(date(2026, 4, 1).toordinal()) == 7000
