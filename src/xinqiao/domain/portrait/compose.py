"""The portrait of one firm for one reader: every figure with its months, where it comes from, and why it is missing.

It is no score: figures stand side by side, are not weighed against each other, and nothing is concluded from them. What
the reader may not see is not computed; it looks the same with and without records.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from xinqiao.domain.catalogue.model import Catalogue, Item
from xinqiao.domain.portrait.definitions import FIGURES
from xinqiao.domain.portrait.measure import (
    Records,
    first_month,
    month_number,
    month_text,
    months_to,
    value_at,
)
from xinqiao.domain.portrait.model import Figure, Nil
from xinqiao.domain.report.compose import Supply
from xinqiao.domain.report.sight import Sight

#: Months of a series.
MONTHS = 24
#: How far the latest month with a figure may lie behind the month asked for: supplies of a month come up to 45 days
#: later, and an older figure is shown with its month all the same.
_YEAR = 12


@dataclass(frozen=True, slots=True)
class Point:
    """A month or a quarter of a series; ``None`` is no figure, never nought."""

    month: str
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure of one firm.

    Attributes:
        value: of ``month``, the latest month that has one; ``reason`` says why there is none at all.
        as_of: the day up to which the sources have told: the end of the month, or earlier where their newest delivery
            is older.
        before: of the same month a year before. change: ``value / before - 1``, where that can be said.
        series: months, the one asked for last; empty for a figure without history.
        sources: who supplied what it is made of.
        known, needed: how many of its items could be used.
        objected: whether a record it is made of is under objection.
    """

    figure: Figure
    value: Decimal | None
    reason: Nil | None
    month: str
    as_of: date | None = None
    before: Decimal | None = None
    change: Decimal | None = None
    series: tuple[Point, ...] = ()
    sources: tuple[str, ...] = ()
    known: int = 0
    needed: int = 0
    objected: bool = False

    @property
    def has_series(self) -> bool:
        """Whether there are at least two months to be compared."""
        return sum(point.value is not None for point in self.series) > 1


def compose_portrait(
    catalogue: Catalogue,
    *,
    sight: Sight,
    records: Records,
    supplies: Mapping[str, Supply],
    month: str,
    figures: Sequence[Figure] = FIGURES,
) -> tuple[Reading, ...]:
    """Every figure for a reader, in order.

    Args:
        catalogue: the list in force; an item that it does not have counts as not gathered.
        sight: the reader.
        records: what there is about the firm, by item.
        supplies: the items that are gathered.
        month: the last whole month, ``YYYY-MM``; nothing after it is looked at.
        figures: the definitions.
    """
    return tuple(_reading(catalogue, figure, sight, records, supplies, month) for figure in figures)


def may_measure(figure: Figure, item: Item, sight: Sight) -> bool:
    """Whether every field of the item that the figure looks at is granted, and shown to the reader as it is."""
    fields = {name for part in (*figure.parts, *figure.over) if part.item == item.id for name in part.fields}
    looked_at = [item.field(name) for name in fields]
    return sight.may_read(item) and all(
        sight.lists(item, field) and sight.is_clear(item, field) for field in looked_at
    )


def usable_items(
    catalogue: Catalogue, figure: Figure, sight: Sight, supplies: Mapping[str, Supply]
) -> tuple[str, ...] | Nil:
    """The items of a figure that are gathered and may be looked at, or why there is none."""
    there = [catalogue.items[name] for name in figure.items if name in catalogue.items and name in supplies]
    if not there:
        return Nil.NOT_COLLECTED
    usable = tuple(item.id for item in there if may_measure(figure, item, sight))
    return usable or Nil.NOT_AUTHORISED


def _reading(
    catalogue: Catalogue,
    figure: Figure,
    sight: Sight,
    records: Records,
    supplies: Mapping[str, Supply],
    month: str,
) -> Reading:
    usable = usable_items(catalogue, figure, sight, supplies)
    if isinstance(usable, Nil):
        return Reading(figure, None, usable, month, needed=len(figure.items))
    own = {name: records.get(name, ()) for name in usable}
    months = months_to(month, MONTHS)
    values = {one: value_at(figure, own, one) for one in months}
    if figure.zero:
        values = _since_known(figure, own, values, month)
    shown, last = _latest(figure, values, month)
    before = values.get(_year_before(last)) if figure.history and _whole_before(figure, own, last) else None
    series = tuple(Point(one, _known(values[one])) for one in months) if figure.history else ()
    value, earlier = _known(shown), _known(before)
    return Reading(
        figure,
        value,
        shown if isinstance(shown, Nil) else None,
        last,
        as_of=_as_of(last, [supplies[name].newest_as_of for name in usable]),
        before=earlier,
        change=change(value, earlier),
        series=series,
        sources=tuple(dict.fromkeys(source for name in usable for source in supplies[name].sources)),
        known=len(usable),
        needed=len(figure.items),
        objected=any(row.status.value == "objected" for rows in own.values() for row in rows),
    )


def _since_known(
    figure: Figure, records: Records, values: Mapping[str, Decimal | Nil], month: str
) -> dict[str, Decimal | Nil]:
    """Nought of the past only since the first record: before it nobody knows whether anything was told. Now it is
    nought, because the list as it stands does not have the firm."""
    first = first_month(figure, records)
    return {
        one: value if one == month or (first is not None and month_number(one) >= first) else Nil.NO_RECORD
        for one, value in values.items()
    }


def _latest(figure: Figure, values: Mapping[str, Decimal | Nil], month: str) -> tuple[Decimal | Nil, str]:
    """The latest month of the last year that has the figure; the month asked for, with its reason, when none has.

    A state or a window is always that of the month asked for; a monthly bill may not have come yet.
    """
    if not isinstance(values[month], Nil) or figure.zero:
        return values[month], month
    for one in reversed(months_to(month, _YEAR)):
        if not isinstance(values[one], Nil):
            return values[one], one
    return values[month], month


def _year_before(month: str) -> str:
    return month_text(month_number(month) - _YEAR)


def _whole_before(figure: Figure, records: Records, month: str) -> bool:
    """Whether the span that ended a year before lies wholly after the first record: else less was known of it."""
    first = first_month(figure, records)
    return figure.span == 1 or (first is not None and first <= month_number(month) - _YEAR - figure.span + 1)


def _known(value: Decimal | Nil | None) -> Decimal | None:
    return None if isinstance(value, Nil) else value


def change(value: Decimal | None, before: Decimal | None) -> Decimal | None:
    """同比 ``value / before - 1``, four digits; ``None`` without a base above nought."""
    if value is None or before is None or before <= 0:
        return None
    return (value / before - 1).quantize(Decimal("0.0001"))


def _as_of(month: str, newest: Sequence[date | None]) -> date:
    number = month_number(month) + 1
    end = date.fromordinal(date(number // 12, number % 12 + 1, 1).toordinal() - 1)
    return min([end, *(day for day in newest if day is not None)])


def quarters(reading: Reading) -> tuple[Point, ...]:
    """The series by quarters ``2026Q3``: what adds up only of three months, a state at the end of its last month."""
    found: dict[str, list[Point]] = {}
    for point in reading.series:
        number = month_number(point.month)
        found.setdefault(f"{number // 12}Q{number % 12 // 3 + 1}", []).append(point)
    return tuple(
        Point(name, _quarter(reading.figure, months)) for name, months in found.items() if len(months) == 3
    )


def _quarter(figure: Figure, months: Sequence[Point]) -> Decimal | None:
    if not figure.adds_up:
        return months[-1].value
    known = [point.value for point in months if point.value is not None]
    return sum(known, Decimal(0)) if len(known) == len(months) else None
