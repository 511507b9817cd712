"""Types both fund-flow engines share: the statement row as it comes, the parsed row, and the account's context.

What does not live here: labels (``labels``), cleaning (``clean``), formulas (``indicators_*``). Parsing a row is
pure text work; reading files is ``xinqiao.lake.statements``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from enum import StrEnum
from fractions import Fraction

from xinqiao.domain.fundflow.normal import account_key, normal_account, normal_name, normal_text

RULES_VERSION = "2"
"""Version of the exact rules (indicator dictionary 3.9)."""

DEFAULT_MONTHS = 24
MAX_MONTHS = 36
DEFAULT_CASH_LIMIT = 5_000_000
"""50 000 yuan in fen (3.9, parameters)."""


class CashPolicy(StrEnum):
    """Where cash counts: in both operating totals, in operating income only, in neither."""

    BOTH = "both"
    IN_ONLY = "in_only"
    NONE = "none"


class Channel(StrEnum):
    """The closed list of channels (fund-flow rules 10.1), in output order of C07."""

    COUNTER = "counter"
    E_BANKING = "e_banking"
    THIRD_PARTY_PAYMENT = "third_party_payment"
    POS = "pos"
    BILL = "bill"
    CHEQUE = "cheque"
    BATCH = "batch"
    INTEREST = "interest"
    OTHER = "other"


class CounterpartyKind(StrEnum):
    """The closed list of counterparty kinds (fund-flow rules 10.1)."""

    ENTERPRISE = "enterprise"
    INDIVIDUAL_BUSINESS = "individual_business"
    NATURAL_PERSON = "natural_person"
    GOVERNMENT = "government"
    TAX = "tax"
    SOCIAL_SECURITY = "social_security"
    CUSTOMS = "customs"
    FINANCIAL_INSTITUTION = "financial_institution"
    PAYMENT_INSTITUTION = "payment_institution"
    OWN_ACCOUNT = "own_account"
    RELATED_PARTY = "related_party"
    UTILITY = "utility"
    UNKNOWN = "unknown"


class PurposeKind(StrEnum):
    """The closed list of purposes (fund-flow rules 10.1)."""

    TRADE_RECEIPT = "trade_receipt"
    TRADE_PAYMENT = "trade_payment"
    WAGES = "wages"
    TAX = "tax"
    SOCIAL_INSURANCE = "social_insurance"
    RENT = "rent"
    UTILITIES = "utilities"
    LOAN_DRAWDOWN = "loan_drawdown"
    LOAN_REPAYMENT = "loan_repayment"
    INTEREST = "interest"
    DIVIDEND = "dividend"
    INVESTMENT = "investment"
    SUBSIDY = "subsidy"
    REFUND = "refund"
    INTERNAL_TRANSFER = "internal_transfer"
    CASH = "cash"
    FEE = "fee"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One row of the canonical layout as raw text (fund-flow rules 10.1); the field names are the column names."""

    account_no: str
    booked_at: str
    direction: str
    amount: str
    txn_id: str = ""
    value_date: str = ""
    currency: str = ""
    balance_after: str = ""
    channel: str = ""
    is_cash: str = ""
    counterparty_name: str = ""
    counterparty_account: str = ""
    counterparty_bank: str = ""
    counterparty_kind: str = ""
    summary_text: str = ""
    purpose_kind: str = ""
    is_reversal: str = ""
    reversal_of: str = ""


COLUMNS: tuple[str, ...] = tuple(f.name for f in fields(Transaction))
REQUIRED_COLUMNS: tuple[str, ...] = ("account_no", "booked_at", "direction", "amount")
"""Without these nothing can be computed; a file without one of them is refused."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One parsed row. Texts are normal forms; amounts are fen of CNY.

    ``cp`` is the counterparty of rule 9 (``A:`` + account, else ``N:`` + name, else None).
    ``day`` is ``date.toordinal()``; ``second`` is seconds after midnight or None for a row that has no time.
    ``kind``, ``purpose``, ``channel`` are the trimmed codes as they came, listed or not. ``foreign`` marks an amount
    converted from another currency.
    """

    index: int
    account: str
    txn_id: str
    day: int
    second: int | None
    sign: int
    amount: int
    balance: int | None
    channel: str
    is_cash: bool
    name: str
    cp_account: str
    cp_bank: str
    kind: str
    text: str
    purpose: str
    is_reversal: bool
    reversal_of: str
    cp: str | None
    raw_cp_account: str
    raw_text: str
    foreign: bool = False

    @property
    def ts(self) -> tuple[int, int]:
        """Booking instant as (day, second); a row without a time sorts as 00:00:00 (rule 1)."""
        return self.day, self.second or 0

    @property
    def signed(self) -> int:
        """Amount with the sign of its direction, fen."""
        return self.amount if self.sign > 0 else -self.amount


@dataclass(frozen=True, slots=True)
class ParsedRows:
    """What a statement says after parsing, before cleaning.

    Attributes:
        rows: all rows that can be expressed in CNY, in file order, of every account.
        spelling: account key → the account number as first written.
        foreign_left_out: account key → rows left out because no central parity was supplied (rule 2).
    """

    rows: tuple[Row, ...]
    spelling: Mapping[str, str]
    foreign_left_out: Mapping[str, int]

    @property
    def accounts(self) -> tuple[str, ...]:
        """Account keys in order of first appearance, also those whose rows were all left out."""
        return tuple(self.spelling)


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice issued by the firm, for A12: buyer's name, day of issue, amount in fen."""

    buyer: str
    day: date
    amount: int


type Parity = Mapping[tuple[str, date], Fraction]
"""(currency code, booking day) → CNY per one unit."""


def _names(items: Iterable[str]) -> frozenset[str]:
    return frozenset(form for form in map(normal_name, items) if form)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The stated parameters of a computation (3.9, parameters). Names and numbers are kept in normal form.

    An empty list counts as not supplied. ``as_of`` None means the day of the last row of the data.
    ``opened_on`` holds for every account of the data that ``opened_by_account`` does not name.
    """

    as_of: date | None = None
    months: int = DEFAULT_MONTHS
    opened_on: date | None = None
    opened_by_account: Mapping[str, date] = field(default_factory=dict)
    holder: str = ""
    bound: frozenset[str] = frozenset()
    related: frozenset[str] = frozenset()
    core_buyers: frozenset[str] = frozenset()
    high_risk: frozenset[str] = frozenset()
    application_day: date | None = None
    cash_policy: CashPolicy = CashPolicy.BOTH
    cash_limit: int = DEFAULT_CASH_LIMIT
    invoices: tuple[Invoice, ...] = ()
    declared_sales: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.months <= MAX_MONTHS:
            raise ValueError(f"months must be 1 to {MAX_MONTHS}")
        if self.cash_limit <= 0:
            raise ValueError("cash_limit must be positive")
        put = object.__setattr__  # frozen: the normal forms replace what was given, once
        put(self, "holder", normal_name(self.holder))
        put(self, "bound", frozenset(form for form in map(normal_account, self.bound) if form))
        put(self, "opened_by_account", {account_key(a): d for a, d in self.opened_by_account.items()})
        for name in ("related", "core_buyers", "high_risk"):
            put(self, name, _names(getattr(self, name)))

    def opening_of(self, account: str) -> date | None:
        """The supplied opening day of an account key, or None."""
        return self.opened_by_account.get(account, self.opened_on)


def build_row(
    index: int,
    text: Mapping[str, str],
    *,
    moment: tuple[int, int | None],
    sign: int,
    amount: int,
    balance: int | None,
    foreign: bool = False,
) -> Row:
    """Put a :class:`Row` together from the parsed figures and the raw texts (all texts already strings)."""
    name = normal_name(text.get("counterparty_name", ""))
    cp_account = normal_account(text.get("counterparty_account", ""))
    cp = f"A:{cp_account}" if cp_account else f"N:{name}" if name else None
    return Row(
        index=index,
        account=account_key(text["account_no"]),
        txn_id=text.get("txn_id", "").strip(),
        day=moment[0],
        second=moment[1],
        sign=sign,
        amount=amount,
        balance=balance,
        channel=text.get("channel", "").strip(),
        is_cash=truth(text.get("is_cash", "")),
        name=name,
        cp_account=cp_account,
        cp_bank=normal_name(text.get("counterparty_bank", "")),
        kind=text.get("counterparty_kind", "").strip(),
        text=normal_text(text.get("summary_text", "")),
        purpose=text.get("purpose_kind", "").strip(),
        is_reversal=truth(text.get("is_reversal", "")),
        reversal_of=text.get("reversal_of", "").strip(),
        cp=cp,
        raw_cp_account=text.get("counterparty_account", "").strip(),
        raw_text=text.get("summary_text", "").strip(),
        foreign=foreign,
    )


_TRUE = frozenset({"true", "1", "yes", "y", "是"})


def truth(text: str) -> bool:
    """A flag of the canonical row (rule 1)."""
    return text.strip().lower() in _TRUE
