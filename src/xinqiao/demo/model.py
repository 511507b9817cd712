"""What the demonstration is made of, as plain values: banks, firms, their accounts and rows, and the truth.

Everything here is invented or marked; nothing knows the hub or a node. Rows are in the canonical layout of
``Transaction`` (fund-flow rules 10.1): text fields, the way a bank's export has them.
"""

from dataclasses import dataclass, field
from datetime import date

#: The columns of a canonical statement, in the order of fund-flow rules 10.1.
COLUMNS = (
    "txn_id", "account_no", "booked_at", "value_date", "direction", "amount", "currency", "balance_after",
    "channel", "is_cash", "counterparty_name", "counterparty_account", "counterparty_bank",
    "counterparty_kind", "summary_text", "purpose_kind", "is_reversal", "reversal_of",
)  # fmt: skip

type StatementRow = dict[str, str]


@dataclass(frozen=True, slots=True)
class Bank:
    """An invented institution of the province."""

    key: str
    name: str
    short_name: str
    uscc: str
    cnaps: str
    department: str
    is_provider: bool
    is_user: bool


@dataclass(frozen=True, slots=True)
class Account:
    """One settlement account of one firm at one bank."""

    account_no: str
    bank: str
    kind: str
    opened_on: date
    currency: str = "CNY"


@dataclass(frozen=True, slots=True)
class Truth:
    """What the generator knows and an indicator should find: amounts in fen, months as YYYY-MM."""

    monthly_revenue: dict[str, int]
    seasonality: tuple[float, ...]
    related_parties: tuple[str, ...]
    payroll_day: int
    late_payroll_months: tuple[str, ...]
    trouble_from: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class Firm:
    """An enterprise of the province with the person who may act for it."""

    key: str
    name: str
    uscc: str
    region: str
    industry: str
    legal_rep: str
    legal_rep_id_no: str
    accounts: tuple[Account, ...]
    truth: Truth | None = None
    origin: str = "generated"


@dataclass(slots=True)
class Province:
    """The whole demonstration."""

    seed: int
    as_of: date
    banks: tuple[Bank, ...]
    firms: list[Firm] = field(default_factory=list)
    rows: dict[str, list[StatementRow]] = field(default_factory=dict)
    """Rows by bank key, each account's rows in booking order."""
    notes: list[str] = field(default_factory=list)
