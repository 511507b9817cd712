"""工作日: counting days on which offices work.

Saturdays and Sundays are free unless the State Council moves them; which days it moves is announced year by year, so
the two lists are a parameter and empty ones mean plain weeks.
"""

from dataclasses import dataclass
from datetime import date, timedelta

_SATURDAY = 5
_ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """``holidays``: weekdays that are free; ``worked``: Saturdays and Sundays that are worked (调休)."""

    holidays: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    def is_workday(self, day: date) -> bool:
        """Whether offices work on a day; a day in both lists is free."""
        return day not in self.holidays and (day.weekday() < _SATURDAY or day in self.worked)

    def add(self, start: date, days: int) -> date:
        """The ``days``-th working day after ``start``, which itself does not count. ``days`` is 0 or more."""
        day = start
        for _ in range(days):
            day += _ONE
            while not self.is_workday(day):
                day += _ONE
        return day
