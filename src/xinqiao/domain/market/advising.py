"""Whose need it is next, and what an adviser's work is measured by. Proposed by the field's documents (section 4).

A need goes to the adviser with the fewest open ones; among equals to who has waited longest since the last one; then by id,
so that the same load always gives the same answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

_NEVER = datetime.min.replace(tzinfo=UTC)

#: Days after a drawdown or a refusal on which the adviser asks how it went.
VISIT_DAYS = 7
#: Institutions that a firm picks for one need.
MOST_RECIPIENTS = 3
STARS = range(1, 6)


class Channel(StrEnum):
    """How an adviser spoke with a firm."""

    PHONE = "phone"
    VISIT = "visit"
    MESSAGE = "message"
    NOT_REACHED = "not_reached"


class OverrideKind(StrEnum):
    """What an adviser made of a place of the matcher."""

    FORWARD = "forward"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Load:
    """One adviser: how many needs are open, and when the last one came."""

    adviser: str
    open: int
    last_assigned: datetime | None = None


def next_adviser(loads: Iterable[Load]) -> str | None:
    """Who gets the next need, ``None`` where there is nobody. The order in which they come never matters."""
    chosen = min(loads, key=lambda one: (one.open, one.last_assigned or _NEVER, one.adviser), default=None)
    return None if chosen is None else chosen.adviser


def visit_due(day: date) -> date:
    """The day of a return visit for what happened on ``day``."""
    return day + timedelta(days=VISIT_DAYS)


@dataclass(frozen=True, slots=True)
class Work:
    """An adviser's figures. A share without anything to share in is ``None``, never nought.

    Attributes:
        assigned, open: needs ever given to them, and those open now.
        contacted, in_time: needs with a contact, and those contacted by the day they were due.
        response_minutes: the median from the assignment to the first contact.
        financed: needs that ended with money.
        stars: sum of the stars of ``rated`` return visits.
        visits_due, visits_done: visits whose day has come, and those made.
    """

    adviser: str
    name: str
    assigned: int
    open: int
    contacted: int
    in_time: int
    response_minutes: int | None
    financed: int
    stars: int
    rated: int
    visits_due: int
    visits_done: int

    @property
    def conversion(self) -> tuple[int, int] | None:
        """转化率: financed of assigned."""
        return (self.financed, self.assigned) if self.assigned else None

    @property
    def satisfaction_tenths(self) -> int | None:
        """满意度: the mean of the stars in tenths, cut."""
        return 10 * self.stars // self.rated if self.rated else None

    @property
    def visit_share(self) -> tuple[int, int] | None:
        """回访率: made of those due."""
        return (self.visits_done, self.visits_due) if self.visits_due else None


def median_minutes(spans: Iterable[timedelta]) -> int | None:
    """The median in whole minutes, the lower of the two middle ones; ``None`` of nothing."""
    minutes = sorted(int(span.total_seconds() // 60) for span in spans)
    return minutes[(len(minutes) - 1) // 2] if minutes else None


@dataclass(frozen=True, slots=True)
class Compared:
    """How often an adviser was right against the matcher: of overrides whose product has an outcome."""

    forward_good: int
    forward: int
    back_good: int
    back: int


def compare_overrides(overrides: Iterable[tuple[OverrideKind, bool]]) -> Compared:
    """Each override with whether its product led to money: put forward rightly when it did, put back when it did not."""
    told = list(overrides)
    forward = [good for kind, good in told if kind is OverrideKind.FORWARD]
    back = [not good for kind, good in told if kind is OverrideKind.BACK]
    return Compared(sum(forward), len(forward), sum(back), len(back))
