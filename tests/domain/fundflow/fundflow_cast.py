"""Short ways to write a statement in a test.

``rows("2026-01-05 10:00:00 in 100.00 bal=100.00 name=甲公司 text=货款")`` is one row; fields are separated by two or
more spaces or by one when they start with ``key=``. Amounts are yuan.
"""

import re
from datetime import date

from xinqiao.domain.fundflow.books import Books, Statement
from xinqiao.domain.fundflow.compute import compute
from xinqiao.domain.fundflow.model import Context, ParsedRows
from xinqiao.domain.fundflow.parse import parse_rows

ACCOUNT = "6217000000003017"

_SHORT = {
    "acc": "account_no",
    "id": "txn_id",
    "bal": "balance_after",
    "name": "counterparty_name",
    "acct": "counterparty_account",
    "bank": "counterparty_bank",
    "kind": "counterparty_kind",
    "text": "summary_text",
    "purpose": "purpose_kind",
    "channel": "channel",
    "cash": "is_cash",
    "rev": "is_reversal",
    "of": "reversal_of",
    "ccy": "currency",
}
_LINE = re.compile(r"(\S+(?: \d\d:\d\d:\d\d)?) (in|out) (\S+)(.*)", re.DOTALL)


def row(line: str) -> dict[str, str]:
    """One canonical row of text."""
    match = _LINE.fullmatch(line.strip())
    assert match, line
    booked_at, direction, amount, rest = match.groups()
    fields = {
        "account_no": ACCOUNT,
        "booked_at": booked_at,
        "direction": direction,
        "amount": amount,
    }
    for pair in re.findall(r"(\w+)=(\S*)", rest):
        fields[_SHORT[pair[0]]] = pair[1]
    return fields


def rows(*lines: str) -> ParsedRows:
    """A parsed statement."""
    return parse_rows([row(line) for line in lines])


def books(*lines: str, account: str = ACCOUNT, **context: object) -> Books:
    """The books of one account of a statement."""
    return Statement(rows(*lines), Context(**context)).books(account)


def april(**context: object) -> dict[str, object]:
    """A window of April 2026 alone."""
    return {"as_of": date(2026, 4, 30), "months": 1, **context}


def value(id_: str, *lines: str, key: str | None = None, account: str = ACCOUNT, **context: object):
    """(shown value, reason) of one figure."""
    found = compute(rows(*lines), Context(**context), account=account, ids=[id_])[id_]
    key = key or next(iter(found.values))
    reason = found.null_reasons.get(key)
    return found.values[key] if reason is None else reason.value
