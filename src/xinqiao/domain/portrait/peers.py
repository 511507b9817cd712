"""Who a firm is compared with, and what may be told of them.

A group is an industry, a region and, where it is known, a size. The narrowest group that is large enough is shown: the
region is widened first, then the industry, and last the size is let go. A group is told of only when it has at least
``LEAST`` firms beside the one that looks; of its figures only three quantiles leave, rounded to two digits, so that no
single firm's figure can be read off.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from xinqiao.domain.identifiers import Finding, check_industry
from xinqiao.domain.identifiers.gb4754 import section_of, written
from xinqiao.domain.msme import Figures, SizeClass, SizeRule, classify
from xinqiao.domain.msme.rule import CLASSES
from xinqiao.domain.portrait.definitions import HEADCOUNT
from xinqiao.domain.portrait.measure import Records, month_number

#: Other firms that a group must have (proposed; the platform may ask for more).
LEAST: Final = 10
#: Digits of a quantile that are told.
DIGITS: Final = 2
QUANTILES: Final = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))
#: How far back a headcount may lie to stand for a month's.
HEADCOUNT_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Group:
    """A group of firms.

    ``industry``: ``C38`` a division, ``C`` a section. ``region``: four digits a city, two a province, empty anywhere.
    ``size``: empty is any size.
    """

    industry: str
    region: str
    size: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a firm belongs: GB/T 4754 division (with its letter) or only the section, city, province, size.

    Empty where it is not known.
    """

    division: str
    section: str
    city: str
    province: str
    size: str

    def ladder(self) -> Iterator[Group]:
        """The groups it belongs to, in the order in which they are tried."""
        for size in dict.fromkeys((self.size, "")):
            for industry in filter(None, (self.division, self.section)):
                for region in (*filter(None, (self.city, self.province)), ""):
                    yield Group(industry, region, size)


def place_of(industry: str, division: str, size: SizeClass | None) -> Place:
    """Where the register's words put a firm. A code that is none counts as not known."""
    code = check_industry(industry) if industry.strip() else ""
    if isinstance(code, Finding) or not code:
        trade = section = ""
    elif code.isalpha():
        trade, section = "", code
    else:
        trade, section = written(code[:2]), section_of(code)
    digits = division.strip()
    known = digits.isascii() and digits.isdigit() and len(digits) >= 2
    city = digits[:4] if known and len(digits) >= 4 and digits[2:4] != "00" else ""
    return Place(trade, section, city, digits[:2] if known else "", size.value if size in CLASSES else "")


def headcount_at(records: Records, month: str) -> int | None:
    """The insured of the latest month that is known, not more than a year back."""
    last = month_number(month)
    found = [
        (month_number(period), count)
        for record in records.get(HEADCOUNT.item, ())
        if record.status.goes_out
        and isinstance(period := record.values.get(HEADCOUNT.at), str)
        and isinstance(count := record.values.get(HEADCOUNT.field), int)
        and last - HEADCOUNT_MONTHS < month_number(period) <= last
    ]
    return max(found)[1] if found else None


def size_by_headcount(rule: SizeRule, industry: str, insured: int | None) -> SizeClass | None:
    """The size by the number of insured alone; ``None`` when that says nothing.

    Revenue and assets are not gathered, so the class is provisional: they could only make it smaller.
    """
    if insured is None or not industry:
        return None
    size = classify(rule, industry, Figures(employees=insured)).size
    return size if size in CLASSES else None


@dataclass(frozen=True, slots=True)
class Cell:
    """What is told of a group: how many firms have the figure, how many the register lists, and three quantiles."""

    firms: int
    listed: int
    p25: Decimal
    p50: Decimal
    p75: Decimal


class Position(StrEnum):
    """Between which of the told quantiles a value lies. A place, no judgement."""

    BELOW = "below"
    LOWER = "lower"
    MIDDLE = "middle"
    UPPER = "upper"
    ABOVE = "above"


def position(value: Decimal, cell: Cell) -> Position:
    """Where a value lies; as exact as the rounded quantiles are."""
    if value == cell.p50:
        return Position.MIDDLE
    if value < cell.p50:
        return Position.BELOW if value < cell.p25 else Position.LOWER
    return Position.UPPER if value <= cell.p75 else Position.ABOVE


def blurred(value: Decimal) -> Decimal:
    """Two digits of a number, half to even, written without exponent: 12,649 is 13,000, and 0.7351 is 0.74."""
    if value == 0:
        return Decimal(0)
    step = Decimal(1).scaleb(value.adjusted() - DIGITS + 1)
    rounded = value.quantize(step, rounding=ROUND_HALF_EVEN)
    return Decimal(f"{rounded.normalize():f}")


def quantile(values: Sequence[Decimal], share: Fraction) -> Fraction:
    """The quantile between neighbours in order, as spreadsheets and DuckDB take it. Raises ValueError for none."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(map(Fraction, values))
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def narrowest[T](place: Place, cell_of: Callable[[Group], T | None]) -> tuple[Group, T] | None:
    """The first group of a place that something is told of."""
    for group in place.ladder():
        found = cell_of(group)
        if found is not None:
            return group, found
    return None
