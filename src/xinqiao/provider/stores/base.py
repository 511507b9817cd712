"""The interface of a store and the canonical columns (fund-flow rules 10.1).

A store hands out one account's rows as a table of *text* columns under the canonical names: the exact rules for
reading them (indicator dictionary 3.9 rule 1) live with the engine, once, for files, databases and statements.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

import pyarrow as pa

from xinqiao.clock import SHANGHAI
from xinqiao.domain.fundflow.model import Parity

#: Canonical columns of a transaction, in the order of fund-flow rules 10.1.
TRANSACTION_COLUMNS: tuple[str, ...] = (
    "txn_id",
    "account_no",
    "booked_at",
    "value_date",
    "direction",
    "amount",
    "currency",
    "balance_after",
    "channel",
    "is_cash",
    "counterparty_name",
    "counterparty_account",
    "counterparty_bank",
    "counterparty_kind",
    "summary_text",
    "purpose_kind",
    "is_reversal",
    "reversal_of",
)
#: Without these a row says nothing.
REQUIRED_TRANSACTION_COLUMNS = frozenset({"account_no", "booked_at", "direction", "amount"})

ACCOUNT_COLUMNS: tuple[str, ...] = (
    "account_no",
    "name",
    "uscc",
    "kind",
    "status",
    "opened_on",
    "closed_on",
    "cnaps",
    "bank_name",
    "currency",
    "balance",
)
REQUIRED_ACCOUNT_COLUMNS = frozenset({"account_no", "name", "uscc", "kind", "status"})


class StoreError(Exception):
    """The store cannot answer; the text is for the bank's engineer and is never sent out."""


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """One account as the bank keeps it; texts as found, empty when unknown."""

    account_no: str
    name: str
    uscc: str
    kind: str
    status: str
    opened_on: date | None = None
    closed_on: date | None = None
    cnaps: str = ""
    bank_name: str = ""
    currency: str = "CNY"


class TransactionStore(Protocol):
    """What the node needs from the bank's data. Implementations may be called from any thread."""

    def is_ready(self) -> bool:
        """Whether the questions below (but :meth:`rows`) are answered from memory, without files or a database."""
        ...

    def find_account(self, account_no: str) -> AccountRecord | None:
        """The account with exactly this number, or None."""
        ...

    def version(self, account_no: str) -> str:
        """A text that changes when rows of this account may have changed (it may change more often)."""
        ...

    def rows(self, account_no: str) -> pa.Table:
        """All rows of one account in file order: text columns :data:`TRANSACTION_COLUMNS`, null when absent."""
        ...

    def data_as_of(self) -> datetime | None:
        """The instant before which every booking is present; None when nothing says so and there is no row."""
        ...

    def related_names(self, uscc: str) -> tuple[str, ...]:
        """Names of related parties the bank has on file for this holder; empty when it keeps none."""
        ...

    def parity(self) -> Parity:
        """Central parities of the booking day for rows in other currencies (3.9 rule 2); empty when there are none."""
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...


def last_full_day(as_of: datetime) -> date:
    """The last calendar day in Shanghai that lies wholly before ``as_of`` (the as-of day of 3.9 rule 3)."""
    local = as_of.astimezone(SHANGHAI)
    return local.date() - timedelta(days=1)


def parse_as_of(text: str) -> datetime | None:
    """Read ``data_as_of`` of a manifest or the configuration.

    A date means "this day is complete", so it becomes the instant at which the day ends; an instant without an
    offset is Shanghai time.

    Raises:
        StoreError: neither a date nor an instant.
    """
    if not text:
        return None
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            return datetime.combine(day + timedelta(days=1), time.min, SHANGHAI).astimezone(UTC)
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise StoreError(f"data_as_of is neither a date nor an instant: {text!r}") from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI)).astimezone(UTC)


def as_of_from_newest(newest: str) -> datetime | None:
    """Data-as-of when nobody states it: the start of the day of the newest row.

    That day may still be running, so only the days before it count as complete.
    """
    if len(newest) < 10:
        return None
    try:
        day = date.fromisoformat(newest[:10])
    except ValueError:
        raise StoreError("the newest row has no readable date") from None
    return datetime.combine(day, time.min, SHANGHAI).astimezone(UTC)


def optional_day(text: str | None) -> date | None:
    """A date column of the accounts table; empty is None.

    Raises:
        StoreError: not a date.
    """
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise StoreError("a date of the accounts table is not YYYY-MM-DD") from None


def account_record(values: dict[str, str | None]) -> AccountRecord:
    """Build a record from one row of texts under the canonical names."""

    def text(name: str) -> str:
        return (values.get(name) or "").strip()

    return AccountRecord(
        account_no=text("account_no"),
        name=text("name"),
        uscc=text("uscc"),
        kind=text("kind"),
        status=text("status"),
        opened_on=optional_day(text("opened_on")),
        closed_on=optional_day(text("closed_on")),
        cnaps=text("cnaps"),
        bank_name=text("bank_name"),
        currency=text("currency") or "CNY",
    )
