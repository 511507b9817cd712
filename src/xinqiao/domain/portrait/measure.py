"""One firm's figures from its records, month by month. Exact: decimals, and fractions where something is divided."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from xinqiao.domain.portrait.model import Figure, Nil, Part, Take
from xinqiao.domain.report.compose import Record
from xinqiao.domain.report.sight import Value

#: Digits after the point of what is divided.
RATIO_DIGITS = 4

type Records = Mapping[str, Sequence[Record]]


def month_number(month: str) -> int:
    """A month ``YYYY-MM`` as a number; neighbours differ by one."""
    return int(month[:4]) * 12 + int(month[5:7]) - 1


def month_text(number: int) -> str:
    """The month of a number."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def month_of(day: date) -> int:
    """The number of the month of a day."""
    return day.year * 12 + day.month - 1


def months_to(month: str, count: int) -> tuple[str, ...]:
    """So many months, the given one last."""
    last = month_number(month)
    return tuple(month_text(number) for number in range(last - count + 1, last + 1))


def value_at(figure: Figure, records: Records, month: str) -> Decimal | Nil:
    """The figure of a month, or why there is none. What the reader may see, and what is gathered, is asked elsewhere."""
    number = month_number(month)
    if figure.take is Take.MONTHS:
        return _share_of_months(figure, records, number)
    total = _total(figure, figure.parts, records, number)
    if isinstance(total, Nil) or not figure.over:
        return total
    divisor = _total(figure, figure.over, records, number)
    if isinstance(divisor, Nil):
        return divisor
    return Nil.ZERO_DENOMINATOR if divisor == 0 else ratio(Fraction(total) / Fraction(divisor))


def ratio(value: Fraction) -> Decimal:
    """A quotient as it is shown: four digits after the point, half to even."""
    return Decimal(round(value * 10**RATIO_DIGITS)).scaleb(-RATIO_DIGITS)


def first_month(figure: Figure, records: Records) -> int | None:
    """The earliest month that a row of the figure speaks of."""
    found = [_begins(part, row) for part in figure.parts for row in _rows(part, records)]
    return min((month for month in found if month is not None), default=None)


def _rows(part: Part, records: Records) -> list[Mapping[str, Value]]:
    """The rows of a part that count at all: what may go out, in a state that is counted."""
    return [
        record.values
        for record in records.get(part.item, ())
        if record.status.goes_out and str(record.values.get(part.status)) not in part.never
    ]


def _begins(part: Part, row: Mapping[str, Value]) -> int | None:
    value = row.get(part.at)
    if isinstance(value, date):
        return month_of(value)
    return month_number(value) if isinstance(value, str) and value else None


def _inside(part: Part, row: Mapping[str, Value], number: int, span: int) -> bool:
    """Whether a row belongs to the months that end with ``number``."""
    begins = _begins(part, row)
    if not part.until:
        return begins is not None and number - span < begins <= number
    if begins is not None and begins > number:
        return False
    end = row.get(part.until)
    if not isinstance(end, date):
        return str(row.get(part.status)) not in part.ended
    month_after = number + 1
    first_after = date(month_after // 12, month_after % 12 + 1, 1)
    # the last day of the month is the day before; a state of that last day still holds when its last day counts
    return end >= first_after or (part.last_day and (first_after - end).days == 1)


def _known(part: Part, row: Mapping[str, Value], number: int) -> bool:
    begins = _begins(part, row)
    return begins <= number if begins is not None else bool(part.until)


def _total(figure: Figure, parts: Sequence[Part], records: Records, number: int) -> Decimal | Nil:
    rows = [(part, row) for part in parts for row in _rows(part, records) if _known(part, row, number)]
    inside = [(part, row) for part, row in rows if _inside(part, row, number, figure.span)]
    if figure.take is Take.COUNT:
        return Decimal(len(inside)) if rows or figure.zero else Nil.NO_RECORD
    if not inside:
        return Decimal(0) if figure.zero else Nil.NO_RECORD
    filled = [value for part, row in inside if (value := _number(row.get(part.field))) is not None]
    return sum(filled, Decimal(0)) if filled else Nil.NOT_FILLED


def _number(value: Value) -> Decimal | None:
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def _share_of_months(figure: Figure, records: Records, number: int) -> Decimal | Nil:
    first, met, seen = None, set[int](), False
    for part in figure.parts:
        for row in _rows(part, records):
            begins = _begins(part, row)
            if begins is None or begins > number:
                continue
            seen, first = True, begins if first is None else min(first, begins)
            if number - figure.span < begins and _reaches(part, row):
                met.add(begins)
    if not seen or first is None:
        return Nil.NO_RECORD
    if first > number - figure.span + 1:
        return Nil.SHORT_HISTORY
    return ratio(Fraction(len(met), figure.span))


def _reaches(part: Part, row: Mapping[str, Value]) -> bool:
    if part.reaches is None:
        return True
    got, wanted = (_number(row.get(name)) for name in part.reaches)
    return got is not None and wanted is not None and got >= wanted
