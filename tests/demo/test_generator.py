"""The demonstration province: the same seed gives the same bytes, balances chain, and the engine finds the truth."""

import os
from datetime import date
from pathlib import Path

import pytest

from xinqiao.demo import real_data
from xinqiao.demo.generator import generate_province
from xinqiao.demo.model import Province
from xinqiao.domain.fundflow.compute import compute
from xinqiao.domain.fundflow.model import Context
from xinqiao.domain.fundflow.parse import parse_rows
from xinqiao.domain.identifiers import check_cnaps, check_resident_id, resident_check, uscc_report
from xinqiao.domain.money import parse_amount

AS_OF = date(2026, 11, 20)
DATA_DIR = Path(os.environ.get("XINQIAO_DATA_DIR") or "/nonexistent")


@pytest.fixture(scope="module")
def province() -> Province:
    return generate_province(seed=11, as_of=AS_OF, firms=12)


def test_the_same_seed_gives_the_same_province(province: Province) -> None:
    again = generate_province(seed=11, as_of=AS_OF, firms=12)
    assert again.rows == province.rows
    assert again.firms == province.firms


def test_another_seed_gives_another_one(province: Province) -> None:
    assert generate_province(seed=12, as_of=AS_OF, firms=12).rows != province.rows


def test_every_identifier_is_well_formed_and_nobodys(province: Province) -> None:
    for firm in province.firms:
        assert uscc_report(firm.uscc)[0], firm.uscc
        assert firm.uscc[2:4] == "99"
        number = firm.legal_rep_id_no
        assert number[17:] == resident_check(number[:17])
        # well formed but for its division, which no place has
        assert str(check_resident_id(number, today=AS_OF)) == "DIVISION:1"
    for bank in province.banks:
        assert uscc_report(bank.uscc)[0], bank.uscc
        assert check_cnaps(bank.cnaps) == bank.cnaps


def test_codes_and_accounts_are_given_once(province: Province) -> None:
    codes = [firm.uscc for firm in province.firms]
    accounts = [account.account_no for firm in province.firms for account in firm.accounts]
    assert len(set(codes)) == len(codes)
    assert len(set(accounts)) == len(accounts)


def test_balances_chain_to_the_fen(province: Province) -> None:
    for rows in province.rows.values():
        balance: dict[str, int] = {}
        for row in rows:
            sign = 1 if row["direction"] == "in" else -1
            after = parse_amount(row["balance_after"], negative=True)
            before = balance.get(row["account_no"])
            if before is not None:
                assert before + sign * parse_amount(row["amount"]) == after
            balance[row["account_no"]] = after


def test_no_row_lies_after_the_as_of_day(province: Province) -> None:
    assert max(row["booked_at"][:10] for rows in province.rows.values() for row in rows) <= AS_OF.isoformat()


def test_wages_come_late_before_the_trouble_and_the_engine_sees_it(province: Province) -> None:
    firm = next(f for f in province.firms if f.truth and f.truth.kind == "declining")
    assert firm.truth is not None
    assert firm.truth.trouble_from == firm.truth.late_payroll_months[0]
    number = firm.accounts[0].account_no
    parsed = parse_rows([r for r in province.rows["lanjiang"] if r["account_no"] == number])
    found = compute(parsed, Context(as_of=AS_OF, holder=firm.name), account=number, ids=["D17", "F11"])
    assert float(str(found["D17"].values["payroll_day_sd"])) > 3
    assert float(str(found["F11"].values["oi_last3_vs_prev9"])) < 0.8


def test_hidden_related_parties_show_as_money_that_comes_and_goes(province: Province) -> None:
    firm = next(f for f in province.firms if f.truth and f.truth.kind == "tunnel")
    assert firm.truth is not None
    assert firm.truth.related_parties
    number = firm.accounts[0].account_no
    parsed = parse_rows([r for r in province.rows["lanjiang"] if r["account_no"] == number])
    context = Context(as_of=AS_OF, holder=firm.name, related=frozenset(firm.truth.related_parties))
    found = compute(parsed, context, account=number, ids=["K11"])
    assert float(str(found["K11"].values["related_in"])) > 0.1


def test_revenue_of_the_truth_is_the_operating_inflow_of_both_accounts(province: Province) -> None:
    firm = next(f for f in province.firms if f.truth and f.truth.kind == "maker" and len(f.accounts) == 2)
    assert firm.truth is not None
    total = 0
    for account in firm.accounts:
        rows = [r for r in province.rows[account.bank] if r["account_no"] == account.account_no]
        context = Context(as_of=AS_OF, months=24, holder=firm.name)
        found = compute(parse_rows(rows), context, account=account.account_no, ids=["F02"])
        total += parse_amount(str(found["F02"].values["oi_total"]))
    months = sorted(firm.truth.monthly_revenue)[
        -25:-1
    ]  # the last 24 whole months before the as-of day's month
    truth = sum(firm.truth.monthly_revenue[m] for m in months)
    assert abs(total - truth) <= truth // 200  # moves on a month's edge may book in the neighbour


@pytest.mark.data
@pytest.mark.skipif(not real_data.available(DATA_DIR), reason="the public data sets are not here")
def test_real_statements_end_in_the_last_full_month_and_keep_their_chain() -> None:
    statements = real_data.berka_accounts(DATA_DIR, as_of=AS_OF, limit=6)
    assert len(statements) == 6
    for rows in statements:
        assert rows[-1]["booked_at"][:7] == "2026-10"
        assert {row["currency"] for row in rows} == {"CZK"}
    firms = real_data.registry_firms(DATA_DIR, statements, bank="chenghu")
    assert all(uscc_report(firm.uscc)[0] for firm in firms)
    assert all("*" in firm.legal_rep for firm in firms)
