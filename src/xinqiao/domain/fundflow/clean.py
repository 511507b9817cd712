"""Cleaning one account: duplicates, order, reversal pairs, window, end-of-day balances (3.9 rules 3 to 11)."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from xinqiao.domain.fundflow.labels import is_cue_row
from xinqiao.domain.fundflow.model import Row
from xinqiao.domain.period import add_months, month_start

REVERSAL_DAYS = 5


def drop_duplicates(rows: Iterable[Row]) -> tuple[list[Row], int]:
    """The rows without exact duplicates, in file order, and how many were dropped (rule 7)."""
    seen: set[tuple[object, ...]] = set()
    kept: list[Row] = []
    dropped = 0
    for row in rows:
        if row.balance is None and row.txn_id == "":
            kept.append(row)  # two equal cash sales without a number are two sales
            continue
        same = (
            row.account,
            row.txn_id,
            row.ts,
            row.amount,
            row.sign,
            row.balance,
            row.raw_cp_account,
            row.raw_text,
        )
        if same in seen:
            dropped += 1
        else:
            seen.add(same)
            kept.append(row)
    return kept, dropped


def link_holds(before: Row | None, row: Row) -> bool:
    """Whether ``row`` may stand right after ``before`` by the balance chain (rule 6)."""
    if before is None or before.balance is None or row.balance is None:
        return True
    return row.balance == before.balance + row.signed


def _chain_holds(before: Row | None, rows: Sequence[Row]) -> bool:
    for row in rows:
        if not link_holds(before, row):
            return False
        before = row
    return True


def _order_group(before: Row | None, group: list[Row]) -> list[Row]:
    if _chain_holds(before, group):
        return group
    if _chain_holds(before, group[::-1]):
        return group[::-1]
    return _chained(before, group)


def _chained(before: Row | None, group: list[Row]) -> list[Row]:
    """Always the first row left whose link holds, else the first row left.

    A bank without times of day books a whole day at one instant, so rows are found by the balance they follow
    instead of being looked through again for every place.
    """
    after: dict[int, deque[int]] = {}  # balance before the row → places of such rows
    fits_all: deque[int] = deque()  # a row without a balance may follow any other
    for place, row in enumerate(group):
        asks = fits_all if row.balance is None else after.setdefault(row.balance - row.signed, deque())
        asks.append(place)
    taken = [False] * len(group)
    first_left = 0
    ordered: list[Row] = []
    for _ in group:
        while taken[first_left]:
            first_left += 1
        place = first_left
        if before is not None and before.balance is not None:
            found: list[int] = []
            for queue in (after.get(before.balance), fits_all):
                while queue and taken[queue[0]]:
                    queue.popleft()
                found += [queue[0]] if queue else []
            place = min(found, default=first_left)
        taken[place] = True
        before = group[place]
        ordered.append(before)
    return ordered


def order_rows(rows: Iterable[Row]) -> list[Row]:
    """Rows of one account by booking instant, equal instants put right by the balance chain (rule 6).

    ``rows`` come in file order.
    """
    ordered: list[Row] = []
    for _, group in groupby(sorted(rows, key=lambda row: row.ts), key=lambda row: row.ts):
        ordered += _order_group(ordered[-1] if ordered else None, list(group))
    return ordered


def pair_reversals(rows: Sequence[Row]) -> list[tuple[int, int]]:
    """Pairs (position of the cue row, position of the row it reverses) among ordered rows (rule 10)."""
    partner: dict[int, int] = {}
    cues = [i for i, row in enumerate(rows) if is_cue_row(row)]
    by_number: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        if row.txn_id:
            by_number.setdefault(row.txn_id, []).append(i)
    for i in cues:
        if i in partner:
            continue
        for j in by_number.get(rows[i].reversal_of, ()):
            if j != i and j not in partner and _mirrors(rows[i], rows[j]):
                partner[i], partner[j] = j, i
                break
    cue_set = set(cues)
    for i in cues:
        if i in partner:
            continue
        for j in range(i - 1, -1, -1):
            if rows[i].day - rows[j].day > REVERSAL_DAYS:
                break
            free = j not in partner and j not in cue_set
            if free and _mirrors(rows[i], rows[j]) and rows[i].cp == rows[j].cp:
                partner[i], partner[j] = j, i
                break
    pairs: list[tuple[int, int]] = []
    for i in cues:
        other = partner.get(i)
        # two cue rows that name each other are one pair, not two
        if other is not None and (other not in cue_set or i < other):
            pairs.append((i, other))
    return pairs


def _mirrors(row: Row, other: Row) -> bool:
    return row.amount == other.amount and row.sign == -other.sign


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month overlapping the observed part. Days are ordinals, both inclusive and inside it."""

    year: int
    month: int
    first: int
    last: int
    full: bool

    @property
    def key(self) -> str:
        """``YYYY-MM``."""
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def number(self) -> int:
        """Months since year 0: differences count calendar months."""
        return self.year * 12 + self.month - 1


@dataclass(frozen=True, slots=True)
class Window:
    """The window W = [a, b] and its observed part E = [e, b] (rules 3 to 5); days are ordinals, inclusive.

    ``observed`` is False when E is empty; then ``first`` is later than ``last`` or means nothing.
    ``calendar`` are all months that E touches; ``months`` is M, those wholly inside E, oldest first.
    """

    as_of: int
    start: int
    end: int
    first: int
    observed: bool
    opened_on: int | None
    calendar: tuple[Month, ...]

    @property
    def days(self) -> int:
        """Days in E."""
        return self.end - self.first + 1 if self.observed else 0

    @property
    def window_days(self) -> int:
        """Days in W."""
        return self.end - self.start + 1

    @property
    def months(self) -> tuple[Month, ...]:
        """M."""
        return tuple(month for month in self.calendar if month.full)

    def holds(self, day: int) -> bool:
        """Whether a day lies in E."""
        return self.observed and self.first <= day <= self.end


def window_bounds(as_of: date, months: int) -> tuple[date, date]:
    """a and b of the window of ``months`` calendar months that ends on or before ``as_of`` (rule 4)."""
    if (as_of + timedelta(days=1)).day == 1:
        end = as_of
    else:
        end = month_start(as_of) - timedelta(days=1)
    return add_months(month_start(end), 1 - months), end


def make_window(as_of: date, months: int, first_row: int | None, opened_on: date | None) -> Window:
    """The window of an account whose first row is on ``first_row`` (None: it has no row)."""
    start, end = window_bounds(as_of, months)
    opened = opened_on.toordinal() if opened_on else None
    if opened is not None and first_row is not None and opened > first_row:
        opened = None  # an opening date after the first row is wrong, and is ignored
    if first_row is None:
        return Window(
            as_of.toordinal(), start.toordinal(), end.toordinal(), start.toordinal(), False, opened, ()
        )
    since = opened if opened is not None else month_start(date.fromordinal(first_row)).toordinal()
    first = max(start.toordinal(), since)
    observed = first <= end.toordinal()
    calendar = tuple(calendar_months(first, end.toordinal())) if observed else ()
    return Window(as_of.toordinal(), start.toordinal(), end.toordinal(), first, observed, opened, calendar)


def calendar_months(first: int, last: int) -> Iterable[Month]:
    """The calendar months that the days from ``first`` to the month end ``last`` touch, oldest first."""
    day = date.fromordinal(first)
    while day.toordinal() <= last:
        begin = month_start(day)
        following = add_months(begin, 1)
        low = max(first, begin.toordinal())
        yield Month(begin.year, begin.month, low, following.toordinal() - 1, low == begin.toordinal())
        day = following


def end_of_day(rows: Sequence[Row], first: int, last: int) -> list[int | None]:
    """EOD of each day from ``first`` to ``last``, None where unknown (rule 11). ``rows`` are R1, not empty."""
    opening = rows[0].balance
    balance = None if opening is None else opening - rows[0].signed
    result: list[int | None] = []
    position = 0
    day = first
    while day <= last:
        while position < len(rows) and rows[position].day <= day:
            balance = rows[position].balance
            position += 1
        until = min(last, rows[position].day - 1) if position < len(rows) else last
        result += [balance] * (until - day + 1)
        day = until + 1
    return result
