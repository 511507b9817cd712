"""Real bank data: two publications of the same facts, in other codes and another layout, give the same statistics."""

import csv
import gzip
import os
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from xinqiao.domain.fundflow.books import Statement
from xinqiao.domain.fundflow.clean import link_holds
from xinqiao.domain.fundflow.compute import compute_books
from xinqiao.domain.fundflow.gather import gather_facts
from xinqiao.domain.fundflow.model import Context
from xinqiao.domain.fundflow.parse import parse_rows

DATA = Path(os.environ.get("XINQIAO_DATA_DIR", "/nowhere")) / "berka_czech_bank"
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="XINQIAO_DATA_DIR does not hold the bank data"),
]

# The first publication is cut off within 31 March 1994, and the second cut every amount down to whole crowns: the
# common facts are those up to February, in whole crowns.
LAST = date(1994, 2, 28)
CONTEXT = Context(as_of=LAST, months=12)

ORIGINAL = {
    "direction": {"PRIJEM": "in", "VYDAJ": "out", "VYBER": "out"},
    "operation": {
        "VKLAD": "cash", "VYBER": "cash", "VYBER KARTOU": "card", "PREVOD NA UCET": "remit", "PREVOD Z UCTU": "collect",
    },
    "symbol": {
        "UROK": "interest", "SIPO": "household", "POJISTNE": "insurance", "DUCHOD": "pension", "UVER": "loan",
        "SLUZBY": "service", "SANKC. UROK": "penalty",
    },
}  # fmt: skip
TRANSLATED = {
    "direction": {"credit": "in", "debit": "out", "cash_withdraw": "out"},
    "operation": {
        "deposit": "cash", "withdraw_cash": "cash", "credit_card_withdrawal": "card",
        "transer_to_another_bank": "remit", "collection_from_another_bank": "collect",
    },
    "symbol": {
        "interest_pmt": "interest", "household": "household", "insurrance_pmt": "insurance", "pension": "pension",
        "loan_pmt": "loan", "service": "service", "interest_for_negetive_balance": "penalty",
    },
}  # fmt: skip
PURPOSES = {"interest": "interest", "loan": "loan_repayment", "service": "fee", "penalty": "fee"}


def canonical(source, codes, account, day, *, whole):
    symbol = codes["symbol"].get(source["k_symbol"].strip(), "")
    operation = codes["operation"].get(source["operation"].strip(), "")
    partner = source["account"].strip().removesuffix(".0")

    def money(text):
        return str(int(float(text))) if whole else f"{float(text):.2f}"

    return {
        "account_no": account,
        "booked_at": day,
        "direction": codes["direction"][source["type"].strip()],
        "amount": money(source["amount"]),
        "balance_after": money(source["balance"]),
        "is_cash": "1" if operation in ("cash", "card") and not symbol else "",
        "counterparty_account": partner,
        "counterparty_bank": source["bank"],
        "summary_text": symbol,
        "purpose_kind": PURPOSES.get(symbol, ""),
        "channel": {"remit": "e_banking", "collect": "e_banking", "cash": "counter"}.get(operation, ""),
    }


def _read(name):
    with gzip.open(DATA / name, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _original(*, whole):
    accounts = {}
    for source in _read("trans_1993_to_1994q1_original_codes.csv.gz"):
        account, day = source["account_id"], source["date"]
        iso = f"19{day[:2]}-{day[2:4]}-{day[4:]}"
        if int(account) % 20 == 0 and date.fromisoformat(iso) <= LAST:
            row = canonical(source, ORIGINAL, account, iso, whole=whole)
            if float(row["amount"]) > 0:
                accounts.setdefault(account, []).append(row)
    return accounts


def _translated():
    accounts = {}
    for source in _read("trans_1993_to_1994apr_translated.csv.gz"):
        account = str(int(source["account_id"].lstrip("A")))
        if int(account) % 20 == 0 and date.fromisoformat(source["date"]) <= LAST:
            row = canonical(source, TRANSLATED, account, source["date"], whole=True)
            if float(row["amount"]) > 0:
                accounts.setdefault(account, []).append(row)
    return accounts


@pytest.fixture(scope="module")
def both():
    return _original(whole=True), _translated()


def test_the_two_publications_hold_the_same_accounts_and_rows(both):
    original, translated = both
    assert len(original) > 50
    assert {a: len(r) for a, r in original.items()} == {a: len(r) for a, r in translated.items()}


def test_the_two_spellings_give_the_same_statistics_to_the_last_digit(both):
    original, translated = both
    for account, lines in original.items():
        first = compute_books(Statement(parse_rows(lines), CONTEXT).books(account))
        second = compute_books(Statement(parse_rows(translated[account]), CONTEXT).books(account))
        assert first == second, account


def test_the_chain_puts_days_without_times_in_order():
    """The file gives only dates, and often the later row of a day first."""
    as_filed = ordered = 0
    for account, lines in _original(whole=False).items():
        rows = parse_rows(lines).rows
        as_filed += sum(not link_holds(before, row) for before, row in pairwise(rows))
        found = compute_books(Statement(parse_rows(lines), CONTEXT).books(account), ["Q05"])
        ordered += found["Q05"].values["balance_breaks"]
    assert 0 < ordered < as_filed / 2


def test_facts_can_be_gathered_for_every_account(both):
    original, _ = both
    for account, lines in original.items():
        facts = gather_facts(Statement(parse_rows(lines), CONTEXT).books(account))
        assert sum(c.amount for c in facts.kinds) == sum(m.in_amount + m.out_amount for m in facts.months)
