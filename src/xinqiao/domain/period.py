"""Dates, months and instants: half-open periods, the Shanghai business day, strict RFC 3339.

Every range here includes its start and excludes its end; that is said once and holds everywhere. Instants are
aware datetimes in UTC; a business day is a calendar day in Asia/Shanghai. Nothing here knows what time it is now:
"today" and "now" are parameters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import NoReturn

from xinqiao.domain.errors import Code, Invalid

#: China has kept one offset since 1950 apart from the six summers below.
CST = timezone(timedelta(hours=8), "CST")
#: China daylight time, the summers of 1986 to 1991.
CDT = timezone(timedelta(hours=9), "CDT")

# The zone is written out rather than read from a zone file, so that a machine without one (or with an old one) books
# an entry on the same day as every other machine. Local 02:00 is when the clocks moved; a test compares with zoneinfo.
_SUMMERS: dict[int, tuple[date, date]] = {
    1986: (date(1986, 5, 4), date(1986, 9, 14)),
    1987: (date(1987, 4, 12), date(1987, 9, 13)),
    1988: (date(1988, 4, 17), date(1988, 9, 11)),
    1989: (date(1989, 4, 16), date(1989, 9, 17)),
    1990: (date(1990, 4, 15), date(1990, 9, 16)),
    1991: (date(1991, 4, 14), date(1991, 9, 15)),
}

#: Instants outside these years are typing errors or sentinels, not times of a business; 9999 among them.
FIRST_YEAR, LAST_YEAR = 1950, 2199

_INSTANT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?(?:Z|([+-])(\d{2}):(\d{2}))", re.ASCII
)
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)


def _bad(reason: str, field: str) -> NoReturn:
    raise Invalid(Code.TIME_FORMAT, reason, facts={"field": field, "reason": reason})


def parse_instant(text: object, *, field: str = "time") -> datetime:
    """Read an RFC 3339 instant that carries an offset; return it in UTC.

    Nothing is guessed: a naive time, an epoch number, ``24:00``, a leap second, more than six decimals (they would be
    cut) and the "offset unknown" form ``-00:00`` are refused. Offsets run from ``-12:00`` to ``+14:00``, the range in
    use on Earth.

    Raises:
        Invalid: ``TIME_FORMAT`` with ``facts['reason']`` one of ``NOT_TEXT``, ``SHAPE``, ``YEAR``, ``DATE``, ``CLOCK``,
            ``OFFSET``.
    """
    if not isinstance(text, str):
        _bad("NOT_TEXT", field)
    found = _INSTANT.fullmatch(text)
    if found is None:
        _bad("SHAPE", field)
    year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
    if not FIRST_YEAR <= year <= LAST_YEAR:
        _bad("YEAR", field)
    if hour > 23 or minute > 59 or second > 59:
        _bad("CLOCK", field)
    offset = 0
    if found[8] is not None:
        oh, om = int(found[9]), int(found[10])
        offset = (oh * 60 + om) * (1 if found[8] == "+" else -1)
        if om > 59 or not -12 * 60 <= offset <= 14 * 60 or (offset == 0 and found[8] == "-"):
            _bad("OFFSET", field)
    micros = int((found[7] or "0").ljust(6, "0"))
    try:
        local = datetime(year, month, day, hour, minute, second, micros, tzinfo=UTC)
    except ValueError:
        _bad("DATE", field)
    return local - timedelta(minutes=offset)


def format_instant(instant: datetime) -> str:
    """The one text of an instant in artefacts: UTC, ``Z``, six decimals only when they say something."""
    return require_utc(instant).isoformat().removesuffix("+00:00") + "Z"


def parse_date(text: object, *, field: str = "date") -> date:
    """Read ``YYYY-MM-DD`` and nothing else (ISO week and ordinal dates are refused). Raises ``TIME_FORMAT``."""
    if not isinstance(text, str):
        _bad("NOT_TEXT", field)
    found = _DATE.fullmatch(text)
    if found is None:
        _bad("SHAPE", field)
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        _bad("DATE", field)


def require_utc(instant: datetime) -> datetime:
    """The same instant in UTC.

    Raises:
        ValueError: a naive datetime; that is a fault of the caller, never of a user.
    """
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise ValueError("a naive datetime has no meaning here")
    return instant.astimezone(UTC)


def shanghai(instant: datetime) -> datetime:
    """The same instant on a clock in Shanghai, summer time of 1986 to 1991 included."""
    utc = require_utc(instant)
    standard = utc.astimezone(CST)
    summer = _SUMMERS.get(standard.year)
    if summer is not None:
        begin = datetime(summer[0].year, summer[0].month, summer[0].day, 2, tzinfo=CST)
        end = datetime(summer[1].year, summer[1].month, summer[1].day, 2, tzinfo=CDT)
        if begin <= utc < end:
            return utc.astimezone(CDT)
    return standard


def business_day(instant: datetime) -> date:
    """The calendar day in Shanghai on which an instant falls."""
    return shanghai(instant).date()


def start_of_day(day: date) -> datetime:
    """The first instant (UTC) of a Shanghai calendar day. The clocks never moved at midnight, so it is unique."""
    summer = _SUMMERS.get(day.year)
    in_summer = summer is not None and summer[0] < day <= summer[1]
    return datetime(day.year, day.month, day.day, tzinfo=CDT if in_summer else CST).astimezone(UTC)


def month_start(day: date) -> date:
    """The first day of the month of ``day``."""
    return day.replace(day=1)


def add_months(day: date, months: int) -> date:
    """``day`` moved by whole months; a day that does not exist becomes the last day of that month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def months_between(start: date, end: date) -> int:
    """Calendar months from the month of ``start`` to the month of ``end``; days do not matter."""
    return (end.year - start.year) * 12 + end.month - start.month


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A half-open run of days: ``start`` is in, ``end`` is out. It may be empty, never reversed."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise Invalid(Code.TIME_FORMAT, "a period ends before it starts", facts={"reason": "REVERSED"})

    @classmethod
    def months_before(cls, as_of: date, months: int) -> "Period":
        """The ``months`` calendar months before the month of ``as_of``, that month itself excluded."""
        end = month_start(as_of)
        return cls(add_months(end, -months), end)

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.end - self.start).days

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def covers(self, other: "Period") -> bool:
        """Whether every day of ``other`` is in this one; an empty period is covered by any."""
        return other.days == 0 or (self.start <= other.start and other.end <= self.end)

    def meet(self, other: "Period") -> "Period | None":
        """The days in both, or ``None``."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None

    def full_months(self) -> list[date]:
        """The first days of the calendar months that lie wholly inside, in order.

        A month cut by either end is left out: partial months never enter monthly rates (fund-flow rules 10.2, rule 6).
        """
        first = self.start if self.start.day == 1 else add_months(month_start(self.start), 1)
        return [m for m in _months_from(first, self.end) if add_months(m, 1) <= self.end]

    def months(self) -> list[date]:
        """The first days of all calendar months touched, partial ones included."""
        return list(_months_from(month_start(self.start), self.end)) if self.days else []

    def instants(self) -> tuple[datetime, datetime]:
        """The half-open pair of UTC instants that bounds these Shanghai days."""
        return start_of_day(self.start), start_of_day(self.end)


def _months_from(first: date, end: date) -> Iterator[date]:
    month = first
    while month < end:
        yield month
        month = add_months(month, 1)


def is_of_this_moment(seconds: int, at: datetime, *, age: timedelta, skew: timedelta) -> bool:
    """Whether a Unix second a party states is at most ``age`` before ``at`` and at most ``skew`` after it.

    Compared and not subtracted: the number was read from a message and may be of any length.
    """
    return (at - age).timestamp() <= seconds <= (at + skew).timestamp()
