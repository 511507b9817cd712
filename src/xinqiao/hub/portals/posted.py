"""Reading what was typed or posted: whole numbers, days, and the version of the object that the person saw."""

from datetime import datetime

from django.http import HttpRequest

from xinqiao.domain.errors import Code, Invalid, Stale
from xinqiao.domain.period import FIRST_YEAR, LAST_YEAR, parse_date, start_of_day

_LONGEST = 15


def whole_number(text: str, low: int, high: int) -> int | None:
    """A number of ASCII digits within ``[low, high]``, else ``None`` (``str.isdigit`` alone takes every script's)."""
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST:
        return None
    value = int(text)
    return value if low <= value <= high else None


def number_field(request: HttpRequest, name: str, low: int, high: int) -> int:
    """A posted number. Raises ``INVALID`` naming the field."""
    value = whole_number(request.POST.get(name, ""), low, high)
    if value is None:
        raise Invalid(Code.INVALID, f"{name} is no number in range", facts={"field": name})
    return value


def start_of_typed_day(text: str, *, field: str) -> datetime:
    """The first instant of a typed day. Raises ``TIME_FORMAT``, also for a year no business of ours is in."""
    day = parse_date(text, field=field)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Invalid(Code.TIME_FORMAT, "YEAR", facts={"field": field, "reason": "YEAR"})
    return start_of_day(day)


def seen_version(request: HttpRequest, now: int) -> int:
    """The version the person saw, which must still be the present one.

    Checked before the second factor is used, so that a form sent twice is told what happened instead of losing it.

    Raises:
        Stale: the object changed since, or the form does not say.
    """
    if whole_number(request.POST.get("version", ""), 0, 10**8) != now:
        raise Stale("changed since it was shown")
    return now
