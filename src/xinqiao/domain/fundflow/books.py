"""One account, cleaned and labelled, with the sums every formula starts from (3.9 rules 8, 12, 13).

``Books`` answers questions in exact integers; it shows nothing and rounds nothing. ``Statement`` holds the books of
every account of the data, which A02 and A15 need.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import cast

from xinqiao.domain.fundflow.clean import (
    Month,
    Window,
    drop_duplicates,
    end_of_day,
    make_window,
    order_rows,
    pair_reversals,
)
from xinqiao.domain.fundflow.cues import Label
from xinqiao.domain.fundflow.labels import is_person, label_of
from xinqiao.domain.fundflow.model import CashPolicy, Context, ParsedRows, Row
from xinqiao.domain.fundflow.normal import account_key

_OI_LABELS = frozenset({Label.TRADE, Label.PLATFORM, Label.BILL_COLL})
_OO_LABELS = frozenset(
    {Label.TRADE, Label.BILL_COLL, Label.TAX, Label.SOCIAL, Label.PAYROLL, Label.UTIL, Label.RENT, Label.FEE}
)
OUTSIDE = frozenset({Label.REV, Label.SELF})
"""Labels that several lines leave out."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A row of R2 with its label. ``position`` is its place in the order of R1."""

    row: Row
    position: int
    label: Label
    rule: str
    person: bool

    @property
    def amount(self) -> int:
        """Fen, positive."""
        return self.row.amount

    @property
    def day(self) -> int:
        """Booking day, ordinal."""
        return self.row.day

    @property
    def sign(self) -> int:
        """+1 in, -1 out."""
        return self.row.sign

    @property
    def cp(self) -> str | None:
        """Counterparty of rule 9, None when missing."""
        return self.row.cp


def total(entries: Iterable[Entry]) -> int:
    """Sum of amounts, fen."""
    return sum(entry.amount for entry in entries)


def by_cp(entries: Iterable[Entry]) -> dict[str, int]:
    """Known counterparty → sum of amounts."""
    sums: dict[str, int] = {}
    for entry in entries:
        if entry.cp is not None:
            sums[entry.cp] = sums.get(entry.cp, 0) + entry.amount
    return sums


def by_day(entries: Iterable[Entry]) -> dict[int, int]:
    """Day → sum of amounts, only days with an entry."""
    sums: dict[int, int] = {}
    for entry in entries:
        sums[entry.day] = sums.get(entry.day, 0) + entry.amount
    return sums


def leading(sums: dict[str, int]) -> list[tuple[str, int]]:
    """Counterparties by amount, larger first, ties by counterparty in code-point order (rule 14)."""
    return sorted(sums.items(), key=lambda item: (-item[1], item[0]))


class Books:
    """The cleaned books of one account. Everything derived is computed once, when first asked.

    ``line_ids`` are the dictionary lines that make sense for these books (None: all).
    """

    line_ids: tuple[str, ...] | None = None
    accounts_covered: int = 1

    def __init__(self, account: str, rows: Iterable[Row], statement: "Statement", as_of: date) -> None:
        self.account = account
        self.statement = statement
        self.context: Context = statement.context
        self.foreign_left_out: int = statement.parsed.foreign_left_out.get(account, 0)
        last = as_of.toordinal()
        kept, self.duplicates = drop_duplicates(row for row in rows if row.day <= last)
        self.r1: tuple[Row, ...] = tuple(order_rows(kept))
        """Rows up to R without duplicates, ordered (rule 8)."""
        self.pairs: tuple[tuple[int, int], ...] = tuple(pair_reversals(self.r1))
        self.window: Window = make_window(
            as_of,
            self.context.months,
            self.r1[0].day if self.r1 else None,
            self.context.opening_of(account),
        )

    @cached_property
    def r2(self) -> tuple[Entry, ...]:
        """R1 without reversal pairs, labelled (rule 8)."""
        paired = {position for pair in self.pairs for position in pair}
        return tuple(
            Entry(row, i, *label_of(row, self.context), is_person(row))
            for i, row in enumerate(self.r1)
            if i not in paired
        )

    @cached_property
    def r1_in(self) -> tuple[Row, ...]:
        """Rows of R1 in E."""
        return tuple(row for row in self.r1 if self.window.holds(row.day))

    @cached_property
    def flows(self) -> tuple[Entry, ...]:
        """Rows of R2 in E, the rows most lines speak of (rule 27)."""
        return tuple(entry for entry in self.r2 if self.window.holds(entry.day))

    def labelled(self, label: Label, sign: int = 0) -> tuple[Entry, ...]:
        """Rows of E with a label, in one direction or (0) in both."""
        return tuple(e for e in self.flows if e.label is label and sign in (0, e.sign))

    def directed(self, sign: int) -> tuple[Entry, ...]:
        """Rows of E of one direction."""
        return self._directed[sign]

    @cached_property
    def _directed(self) -> dict[int, tuple[Entry, ...]]:
        return {sign: tuple(e for e in self.flows if e.sign == sign) for sign in (1, -1)}

    @cached_property
    def gross_in(self) -> int:
        """Σ of all labels, in (rule 12)."""
        return total(self.directed(1))

    @cached_property
    def gross_out(self) -> int:
        """Σ of all labels, out (rule 12)."""
        return total(self.directed(-1))

    def is_oi(self, entry: Entry) -> bool:
        """Whether a row enters operating in under the cash policy (rule 13)."""
        if entry.sign < 0:
            return False
        if entry.label is Label.CASH:
            return self.context.cash_policy is not CashPolicy.NONE
        return entry.label in _OI_LABELS

    def is_oo(self, entry: Entry) -> bool:
        """Whether a row enters operating out under the cash policy (rule 13)."""
        if entry.sign > 0:
            return False
        if entry.label is Label.CASH:
            return self.context.cash_policy is CashPolicy.BOTH
        return entry.label in _OO_LABELS

    @cached_property
    def oi_ever(self) -> tuple[Entry, ...]:
        """OI rows of R2 up to R, also outside E."""
        return tuple(entry for entry in self.r2 if self.is_oi(entry))

    @cached_property
    def oi_rows(self) -> tuple[Entry, ...]:
        """OI rows of E."""
        return tuple(entry for entry in self.flows if self.is_oi(entry))

    @cached_property
    def oo_rows(self) -> tuple[Entry, ...]:
        """OO rows of E."""
        return tuple(entry for entry in self.flows if self.is_oo(entry))

    @cached_property
    def trade_out(self) -> tuple[Entry, ...]:
        """TRADE rows out, the base of the supplier lines."""
        return self.labelled(Label.TRADE, -1)

    @cached_property
    def oi(self) -> int:
        """OI over E."""
        return total(self.oi_rows)

    @cached_property
    def oo(self) -> int:
        """OO over E."""
        return total(self.oo_rows)

    @cached_property
    def oi_by_day(self) -> dict[int, int]:
        """Days of E with OI → OI of the day."""
        return by_day(self.oi_rows)

    @cached_property
    def oi_by_cp(self) -> dict[str, int]:
        """Known counterparty → OI over E."""
        return by_cp(self.oi_rows)

    # months

    @property
    def months(self) -> tuple[Month, ...]:
        """M, oldest first."""
        return self._months

    @cached_property
    def _months(self) -> tuple[Month, ...]:
        return self.window.months

    @property
    def k(self) -> int:
        """|M|."""
        return len(self._months)

    @cached_property
    def _month_of_day(self) -> Callable[[int], int | None]:
        index = {day: i for i, m in enumerate(self._months) for day in range(m.first, m.last + 1)}
        return index.get

    def month_index(self, day: int) -> int | None:
        """Number of the month of M that holds the day, or None."""
        return self._month_of_day(day)

    def monthly(self, entries: Iterable[Entry]) -> list[int]:
        """Sum of the amounts per month of M, zeros included (rule 5)."""
        sums = [0] * self.k
        for entry in entries:
            index = self.month_index(entry.day)
            if index is not None:
                sums[index] += entry.amount
        return sums

    @cached_property
    def oi_months(self) -> list[int]:
        """OI_m."""
        return self.monthly(self.oi_rows)

    @cached_property
    def oo_months(self) -> list[int]:
        """OO_m."""
        return self.monthly(self.oo_rows)

    def in_last_months(self, entries: Iterable[Entry], n: int, skip: int = 0) -> list[Entry]:
        """Entries of the n months of M before its last ``skip`` months."""
        low, high = self.k - skip - n, self.k - skip
        return [e for e in entries if (index := self.month_index(e.day)) is not None and low <= index < high]

    # balances

    @cached_property
    def eod(self) -> list[int | None]:
        """EOD of each day of E, None where unknown; empty when E is."""
        if not self.window.observed or not self.r1:
            return []
        return end_of_day(self.r1, self.window.first, self.window.end)

    @cached_property
    def known(self) -> list[int]:
        """The known EODs of E in day order."""
        return [balance for balance in self.eod if balance is not None]

    def eod_of(self, day: int) -> int | None:
        """EOD of a day of E."""
        return self.eod[day - self.window.first]

    def known_in(self, month: Month) -> list[int]:
        """The known EODs of one month."""
        return [b for day in range(month.first, month.last + 1) if (b := self.eod_of(day)) is not None]

    def days_with_rows(self) -> Iterator[tuple[int, list[Row]]]:
        """Days of E with a row of R1, each with its rows in order."""
        day, rows = 0, list[Row]()
        for row in self.r1_in:
            if row.day != day and rows:
                yield day, rows
                rows = []
            day = row.day
            rows.append(row)
        if rows:
            yield day, rows


class Statement:
    """The books of every account of the data, under one as-of day.

    Without a stated as-of day R is the day of the last row of the data: "the last day the data cover" (rule 3)
    is a property of the statement, not of one account in it.
    """

    def __init__(self, parsed: ParsedRows, context: Context) -> None:
        self.parsed = parsed
        self.context = context
        grouped: dict[str, list[Row]] = {account: [] for account in parsed.accounts}
        for row in parsed.rows:
            grouped[row.account].append(row)
        self._rows = grouped
        self._books: dict[str, Books] = {}
        self._once: dict[object, object] = {}
        last = max((row.day for row in parsed.rows), default=None)
        self.as_of: date | None = context.as_of or (date.fromordinal(last) if last is not None else None)

    @property
    def accounts(self) -> tuple[str, ...]:
        """Account keys in order of first appearance."""
        return tuple(self._rows)

    def books(self, account: str) -> Books:
        """The books of one account, by number in any spelling.

        Raises:
            KeyError: the account is not in the data.
        """
        key = account_key(account)
        if key not in self._books:
            # Without any row and without a stated day there is no R; every figure is then NO_ROWS.
            as_of = self.as_of or date(2000, 1, 31)
            self._books[key] = Books(key, self._rows[key], self, as_of)
        return self._books[key]

    def once[T](self, make: Callable[["Statement"], T]) -> T:
        """``make(self)``, computed the first time it is asked for: what spans accounts is paid once for all."""
        if make not in self._once:
            self._once[make] = make(self)
        return cast(T, self._once[make])
