"""The names an enterprise has had, each with the days it was in force: half-open, the day it ended not included.

A registration keeps its code when it changes its name, so a judgment or a contract of an earlier year names somebody
whom today's register lists otherwise. Where a register does not give the day, the end of the period is open.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.names import comparison_form


@dataclass(frozen=True, slots=True)
class NamePeriod:
    """A name and the days it was in force; ``None`` where a side is not known (or has not come)."""

    name: str
    valid_from: date | None = None
    valid_to: date | None = None

    def __post_init__(self) -> None:
        if self.valid_from and self.valid_to and self.valid_from >= self.valid_to:
            raise Invalid(Code.INVALID, "a name ends before it begins", facts={"field": "valid_to"})

    def holds_on(self, day: date) -> bool | None:
        """Whether it was in force on a day; ``None`` when what is known does not say."""
        if (self.valid_from and day < self.valid_from) or (self.valid_to and day >= self.valid_to):
            return False
        return True if self.valid_from and self.valid_to else None


@dataclass(frozen=True, slots=True)
class NameHistory:
    """The names of one enterprise: the present one and those before it, the latest first."""

    uscc: str
    name: str
    former: tuple[NamePeriod, ...] = ()

    @classmethod
    def of(cls, uscc: str, name: str, former: Iterable[NamePeriod]) -> "NameHistory":
        """Put former names in order.

        Raises:
            Invalid: ``INVALID`` when two periods with both days known share a day.
        """
        ordered = sorted(former, key=lambda one: one.valid_to or one.valid_from or date.min, reverse=True)
        dated = sorted((p.valid_from, p.valid_to) for p in ordered if p.valid_from and p.valid_to)
        for (_, end), (begin, _) in pairwise(dated):
            if begin < end:
                raise Invalid(Code.INVALID, "two names on one day", facts={"field": "old_names"})
        return cls(uscc, name, tuple(ordered))

    def name_on(self, day: date) -> str | None:
        """The name in force on a day; ``None`` when the periods known do not say, which is not "the present one"."""
        sure = [one.name for one in self.former if one.holds_on(day)]
        if sure:
            return sure[0]
        if not self.former:
            return self.name
        ends = [one.valid_to for one in self.former]
        last = max((end for end in ends if end), default=None)
        return self.name if last and None not in ends and day >= last else None

    def called(self, name: str) -> tuple[NamePeriod, ...]:
        """The periods in which it was written like this; the present name is a period without an end."""
        form = comparison_form(name)
        found = [one for one in self.former if comparison_form(one.name) == form]
        if comparison_form(self.name) == form:
            ends = [one.valid_to for one in self.former]
            begin = max((end for end in ends if end), default=None) if None not in ends else None
            found.insert(0, NamePeriod(self.name, begin))
        return tuple(found)

    def renamed(self, name: str, on: date) -> "NameHistory":
        """The history after a change of name on a day. Raises ``INVALID`` when an earlier name lasted beyond it."""
        ends = [one.valid_to for one in self.former if one.valid_to]
        begin = max(ends, default=None)
        return NameHistory.of(self.uscc, name, (NamePeriod(self.name, begin, on), *self.former))
