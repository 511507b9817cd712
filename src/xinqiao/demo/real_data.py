"""Real public data mapped into the demonstration at run time, for testing only; nothing of them is ever shipped.

Two sets are used where the folder named by ``XINQIAO_DATA_DIR`` has them: the anonymised accounts of a Czech bank
(PKDD'99, ``berka_czech_bank``) become the statements of one bank node, and registrations of mainland firms
(``enterprise_registry_cn``) give those accounts a firm. The pairing is by rank and means nothing: every page that
shows it is marked 演示数据.
"""

import csv
import gzip
import io
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from xinqiao.demo.ids import invented_account_no, invented_resident_id
from xinqiao.demo.model import COLUMNS, Account, Firm, StatementRow
from xinqiao.domain.fundflow.parse import parse_fen
from xinqiao.domain.identifiers import uscc_report
from xinqiao.domain.money import format_fen
from xinqiao.domain.period import add_months, months_between

#: The complete histories: every transaction before the loan date of 354 accounts.
BERKA_FILE = "berka_czech_bank/trans_before_loan_354_accounts.csv.gz"
REGISTRY_FILE = "enterprise_registry_cn/enterprise_registrations_120k.csv.gz"

#: What a koruna is shown as. A constant rate keeps the real balance chain exact; it is stated on the node.
CURRENCY = "CZK"
PARITY = "1.0000"

# The bank's own words for operation and purpose, turned into canonical codes; whatever is unknown stays unlabelled.
_CHANNEL = {
    "credit in cash": ("counter", True),
    "withdrawal in cash": ("counter", True),
    "credit card withdrawal": ("pos", True),
    "remittance to another bank": ("e_banking", False),
    "collection from another bank": ("e_banking", False),
}
_PURPOSE = {
    "interest credited": ("interest", "结息", "interest"),
    "payment for statement": ("fee", "账户管理费", "other"),
    "household": ("utilities", "公用事业缴费", "batch"),
    "insurance payment": ("", "保险费", "batch"),
    "insurrance payment": ("", "保险费", "batch"),
    "loan payment": ("loan_repayment", "归还贷款", "batch"),
    "old-age pension": ("", "养老金入账", "batch"),
    "sanction interest": ("interest", "透支利息", "interest"),
    "sanction interest if negative balance": ("interest", "透支利息", "interest"),
}


def available(data_dir: Path | None) -> bool:
    """Whether both sets are there."""
    return data_dir is not None and (data_dir / BERKA_FILE).is_file() and (data_dir / REGISTRY_FILE).is_file()


def _gzip_rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rb") as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)


def _berka_day(text: str) -> date:
    return date(1900 + int(text[:2]), int(text[2:4]), int(text[4:6]))


def berka_accounts(data_dir: Path, *, as_of: date, limit: int) -> list[list[StatementRow]]:
    """The ``limit`` accounts with the longest histories, as canonical statements that end in the last full month."""
    grouped: dict[str, list[dict[str, str]]] = {}
    for row in _gzip_rows(data_dir / BERKA_FILE):
        grouped.setdefault(row["account_id"], []).append(row)
    chosen = sorted(grouped.items(), key=lambda item: (-len(item[1]), int(item[0])))[:limit]
    return [_statement(account_id, rows, as_of) for account_id, rows in chosen]


def _statement(account_id: str, rows: list[dict[str, str]], as_of: date) -> list[StatementRow]:
    rng = random.Random(int(account_id))  # noqa: S311 - an account number for a demonstration
    number = invented_account_no(rng, "9905")
    last = max(_berka_day(r["date"]) for r in rows)
    # whole months, so that month statistics survive; the last row falls into the month before the as-of day's
    months = months_between(last, as_of) - 1
    out: list[StatementRow] = []
    # The file is in booking order inside a day only partly; the engine's balance chain puts it right (rule 6).
    for row in sorted(rows, key=lambda r: r["date"]):
        fen = abs(parse_fen(row["amount"]))
        if fen == 0:
            continue  # the canonical layout has positive amounts only; a zero interest posting moves nothing
        purpose, text, channel = _PURPOSE.get(row["k_symbol"].strip(), ("", "", ""))
        via, cash = _CHANNEL.get(row["operation"].strip(), (channel or "other", False))
        partner = f"{row['bank'].strip()}{row['account'].strip()}"
        day = add_months(_berka_day(row["date"]), months).isoformat()
        values = (
            row["trans_id"], number, day, day, "in" if row["type"].strip() in ("credit", "PRIJEM") else "out",
            format_fen(fen), CURRENCY, format_fen(parse_fen(row["balance"])), via, "true" if cash else "",
            "", partner, row["bank"].strip(), "", text, purpose, "", "",
        )  # fmt: skip
        out.append(dict(zip(COLUMNS, values, strict=True)))
    return out


def registry_firms(data_dir: Path, statements: list[list[StatementRow]], *, bank: str) -> list[Firm]:
    """One registered company for each statement; identity numbers are invented, names of persons stay masked."""
    rng = random.Random(len(statements))  # noqa: S311
    firms: list[Firm] = []
    for row in _gzip_rows(data_dir / REGISTRY_FILE):
        if len(firms) == len(statements):
            break
        code, name = row["统一社会信用代码"].strip(), row["企业名称"].strip()
        if (
            not code.startswith("91")
            or not uscc_report(code)[0]
            or "公司" not in name
            or row["法人代表"] in ("", "N/A")
        ):
            continue
        rows = statements[len(firms)]
        opened = date.fromisoformat(min(r["booked_at"] for r in rows)).replace(day=1)
        account = Account(rows[0]["account_no"], bank, "basic", opened, CURRENCY)
        firms.append(
            Firm(
                f"real{len(firms):03d}", name, code, code[2:8], "", row["法人代表"].strip(),
                invented_resident_id(rng, serial=len(firms)), (account,), None, "registry",
            )
        )  # fmt: skip
    return firms
