"""Several accounts as one (fund-flow rules 10.5)."""

from datetime import UTC, date, datetime

import pytest
from tests.domain.fundflow.fundflow_cast import ACCOUNT, rows

from xinqiao.domain.fundflow.books import Statement
from xinqiao.domain.fundflow.gather import gather_facts
from xinqiao.domain.fundflow.merged import consolidate
from xinqiao.domain.fundflow.model import Context
from xinqiao.domain.fundflow.products import QueryKind, ReportHead, build_report, build_summary

SECOND = "6217000000004444"
HEAD = ReportHead(
    report_no="R",
    generated_at=datetime(2026, 5, 1, tzinfo=UTC),
    provider="远山银行",
    query_kind=QueryKind.SELF,
)

LINES = (
    "2026-04-01 in 1000 bal=1000 name=甲公司 text=货款",
    f"2026-04-02 out 400 bal=600 acct={SECOND} kind=own_account",
    f"2026-04-02 in 400 bal=500 acct={ACCOUNT} kind=own_account acc={SECOND}",
    f"2026-04-11 out 100 bal=400 name=乙公司 text=货款 acc={SECOND}",
    "2026-04-20 out 50 bal=550 acct=9999 kind=own_account",
)


def report(bound=frozenset({ACCOUNT, SECOND}), accounts=(ACCOUNT, SECOND)):
    statement = Statement(rows(*LINES), Context(as_of=date(2026, 4, 30), months=1, bound=bound))
    return build_report(HEAD, gather_facts(consolidate(statement, accounts)))


def test_transfers_between_the_accounts_are_gone_and_others_stay():
    overview = report()["overview"]
    assert overview["in_amount"]["value"] == "1000.00"
    assert overview["out_amount"]["value"] == "150.00"
    assert overview["own_transfers"]["value"] == "50.00"


def test_transfers_stay_when_the_accounts_are_not_bound():
    assert report(bound=frozenset())["overview"]["in_amount"]["value"] == "1400.00"


def test_a_transfer_to_an_account_outside_the_view_stays():
    assert report(accounts=(ACCOUNT,))["overview"]["out_amount"]["value"] == "450.00"


def test_balances_add_up_day_by_day():
    overview = report()["overview"]
    # 1 April: 1000 + 100 (500 - 400 before the second account's first row); 2nd-10th 600+500; 11th-19th 600+400;
    # 20th-30th 550+400. (1100 + 9*1100 + 9*1000 + 11*950)/30 = 30450/30
    assert overview["avg_daily_balance"]["value"] == "1015.00"
    assert overview["min_eod_balance"]["value"] == "950.00"
    assert report()["monthly"][0]["eom_balance"] == "950.00"


def test_an_account_whose_rows_were_all_left_out_makes_the_balance_unknown():
    foreign = f"2026-04-03 in 5 bal=900 ccy=USD acc={SECOND}"
    statement = Statement(rows(LINES[0], foreign), Context(as_of=date(2026, 4, 30), months=1))
    product = build_report(HEAD, gather_facts(consolidate(statement, (ACCOUNT, SECOND))))
    assert product["overview"]["in_amount"]["value"] == "1000.00"
    assert product["overview"]["avg_daily_balance"]["null_reason"] == "NO_BALANCE"
    assert product["overview"]["avg_daily_balance"]["coverage"] == "0.0000"


def test_the_head_and_the_notes_say_how_many_accounts():
    product = report()
    assert product["head"]["accounts_covered"] == 2
    assert ("MERGED_ACCOUNTS", 2) in [(n["code"], n["count"]) for n in product["notes"]["items"]]


def test_the_summary_can_be_built_from_the_same_facts():
    statement = Statement(
        rows(*LINES), Context(as_of=date(2026, 4, 30), months=1, bound=frozenset({ACCOUNT, SECOND}))
    )
    product = build_summary(HEAD, gather_facts(consolidate(statement, [ACCOUNT, SECOND])))
    assert sum(row["count"] for row in product["rows"]) == 3


def test_one_account_merged_is_that_account():
    statement = Statement(rows(*LINES), Context(as_of=date(2026, 4, 30), months=1))
    alone = build_report(HEAD, gather_facts(statement.books(ACCOUNT)))
    assert build_report(HEAD, gather_facts(consolidate(statement, [ACCOUNT]))) == alone


def test_an_unknown_account_or_none_cannot_be_merged():
    statement = Statement(rows(*LINES), Context())
    with pytest.raises(KeyError):
        consolidate(statement, ["1"])
    with pytest.raises(ValueError):
        consolidate(statement, [])
