"""Real accounts, which have dates without times and often the later row of a day first."""

import csv
import gzip
import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.provider.engine.agree import disagreements
from tests.provider.engine.nasty import Case
from xinqiao.domain.fundflow.model import Context

SOURCE = (
    Path(os.environ.get("XINQIAO_DATA_DIR", "/nowhere"))
    / "berka_czech_bank"
    / "trans_1993_to_1994q1_original_codes.csv.gz"
)
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not SOURCE.is_file(), reason="XINQIAO_DATA_DIR does not hold the bank data"),
]

PURPOSES = {"UROK": "interest", "UVER": "loan_repayment", "SLUZBY": "fee", "SANKC. UROK": "fee"}
CONTEXT = Context(as_of=date(1994, 2, 28), months=12)


def _accounts() -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    with gzip.open(SOURCE, "rt", encoding="utf-8", newline="") as file:
        for source in csv.DictReader(file):
            account, day = source["account_id"], source["date"]
            if int(account) % 12 or float(source["amount"]) <= 0:
                continue
            found.setdefault(account, []).append(
                {
                    "account_no": account,
                    "booked_at": f"19{day[:2]}-{day[2:4]}-{day[4:]}",
                    "direction": "in" if source["type"].strip() == "PRIJEM" else "out",
                    "amount": f"{float(source['amount']):.2f}",
                    "balance_after": f"{float(source['balance']):.2f}",
                    "is_cash": "1" if source["operation"].strip() in ("VKLAD", "VYBER") else "",
                    "counterparty_account": source["account"].strip().removesuffix(".0"),
                    "counterparty_bank": source["bank"],
                    "summary_text": source["k_symbol"].strip(),
                    "purpose_kind": PURPOSES.get(source["k_symbol"].strip(), ""),
                }
            )
    return found


def test_the_engines_agree_on_real_accounts() -> None:
    accounts = _accounts()
    assert len(accounts) > 80
    for rows in accounts.values():
        assert disagreements(Case(rows, {}, CONTEXT), (6,)) == []


def test_the_engines_agree_on_a_file_of_many_real_accounts() -> None:
    rows = [row for rows in list(_accounts().values())[:25] for row in rows]
    case = Case(rows, {}, replace(CONTEXT, bound=frozenset(list(_accounts())[:25])))
    assert disagreements(case) == []
