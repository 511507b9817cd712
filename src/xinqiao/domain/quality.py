"""How good what a source supplies is: five figures that add up over batches, one score, one table of sources.

The dimensions and their default weights are those of the list's common rules: completeness 30, validity 30,
consistency 15, uniqueness 10, timeliness 15; the score is the weighted pass rate times 100. Everything is counted, so
a month, a region or a source is the sum of its batches and no row is looked at twice. What was not measured is *no
figure*, never 0 or 100.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType

from xinqiao.domain.catalogue.model import Frequency, RowRule
from xinqiao.domain.errors import Code, Invalid


class Dimension(StrEnum):
    """What is measured."""

    #: required cells that are filled, of all required cells
    COMPLETENESS = "completeness"
    #: filled cells without a finding about type, format, code list, check digit or range, of all filled cells
    VALIDITY = "validity"
    #: rows that agree with another source or with themselves (cross rules, name against code), of the rows compared
    CONSISTENCY = "consistency"
    #: rows whose natural key no row before them in the batch has, and none with other content, of all that have one
    UNIQUENESS = "uniqueness"
    #: records that came within their frequency's days, of all records with an "as of" day
    TIMELINESS = "timeliness"


DEFAULT_WEIGHTS: Mapping[Dimension, int] = MappingProxyType(
    {
        Dimension.COMPLETENESS: 30,
        Dimension.VALIDITY: 30,
        Dimension.CONSISTENCY: 15,
        Dimension.UNIQUENESS: 10,
        Dimension.TIMELINESS: 15,
    }
)

#: Days from "as of" to arrival that are in time, by frequency (proposed by the list's common rules). An item that is
#: renewed on change or on request has no such day.
IN_TIME_DAYS: Mapping[Frequency, int] = MappingProxyType(
    {
        Frequency.DAILY: 2,
        Frequency.WEEKLY: 9,
        Frequency.MONTHLY: 45,
        Frequency.QUARTERLY: 120,
        Frequency.ANNUAL: 400,
    }
)

#: A batch that scores less goes back to its source for correction (proposed; a platform sets its own).
DEFAULT_THRESHOLD = Decimal(60)

#: What a row may be refused for that is about several cells of it: the row does not agree with itself.
CROSS_RULES = frozenset(
    {RowRule.DATE_ORDER, RowRule.SUM_MISMATCH, RowRule.REQUIRED_WHEN, RowRule.FUTURE_DATE}
)
#: What is about one cell: a cell has at most one of them. A row with another number of cells than its header has none,
#: and none of its cells is known to be right.
VALUE_RULES = frozenset(RowRule) - CROSS_RULES - {RowRule.REQUIRED, RowRule.DUPLICATE_KEY, RowRule.RAGGED}

_CENT = Decimal("0.01")


def lag_days(as_of: date, received_on: date) -> int:
    """Days between the day the facts are true for and the day they came; never negative."""
    return max((received_on - as_of).days, 0)


def is_in_time(frequency: Frequency, days: int) -> bool | None:
    """Whether a record of this age is in time; ``None`` where the frequency sets no term."""
    limit = IN_TIME_DAYS.get(frequency)
    return None if limit is None else days <= limit


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one batch, or of many: each dimension as *passed* of *looked at*, and the sum of the lags in days."""

    rows: int = 0
    accepted: int = 0
    required_cells: int = 0
    required_filled: int = 0
    filled_cells: int = 0
    valid_cells: int = 0
    compared_rows: int = 0
    consistent_rows: int = 0
    keyed_rows: int = 0
    unique_rows: int = 0
    timed_rows: int = 0
    timely_rows: int = 0
    lag_days_sum: int = 0

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self)):
            if getattr(self, name) < 0:
                raise Invalid(Code.INVALID, f"{name} is negative", facts={"field": name})
        for part, whole in (
            ("accepted", "rows"),
            ("required_filled", "required_cells"),
            ("valid_cells", "filled_cells"),
            ("consistent_rows", "compared_rows"),
            ("unique_rows", "keyed_rows"),
            ("timely_rows", "timed_rows"),
        ):
            if getattr(self, part) > getattr(self, whole):
                raise Invalid(Code.INVALID, f"{part} is more than {whole}", facts={"field": part})

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    @classmethod
    def total(cls, tallies: Iterable["Tally"]) -> "Tally":
        """The sum of many."""
        return sum(tallies, cls())

    def rate(self, dimension: Dimension) -> Fraction | None:
        """The pass rate of a dimension, from 0 to 1; ``None`` when nothing was looked at."""
        passed, looked_at = {
            Dimension.COMPLETENESS: (self.required_filled, self.required_cells),
            Dimension.VALIDITY: (self.valid_cells, self.filled_cells),
            Dimension.CONSISTENCY: (self.consistent_rows, self.compared_rows),
            Dimension.UNIQUENESS: (self.unique_rows, self.keyed_rows),
            Dimension.TIMELINESS: (self.timely_rows, self.timed_rows),
        }[dimension]
        return Fraction(passed, looked_at) if looked_at else None

    @property
    def mean_lag_days(self) -> Decimal | None:
        """Mean days between "as of" and arrival, to two decimals."""
        return _rounded(Fraction(self.lag_days_sum, self.timed_rows)) if self.timed_rows else None


@dataclass(frozen=True, slots=True)
class Score:
    """The score of a tally.

    Attributes:
        value: 0 to 100, two decimals; ``None`` when no dimension was measured.
        rates: percent per dimension, two decimals; ``None`` where nothing was looked at.
        weight_measured: of 100, how much of the weight stands behind the value: dimensions without a figure are left
            out and the rest carries the whole, so a score of few dimensions says so.
    """

    value: Decimal | None
    rates: Mapping[Dimension, Decimal | None]
    weight_measured: Decimal


def score(tally: Tally, weights: Mapping[Dimension, int] = DEFAULT_WEIGHTS) -> Score:
    """Weighted pass rate times 100.

    Raises:
        Invalid: a weight is negative, or all are zero.
    """
    total = sum(weights.values())
    if total <= 0 or min(weights.values()) < 0:
        raise Invalid(Code.INVALID, "weights are not negative and not all zero", facts={"field": "weights"})
    rates = {dimension: tally.rate(dimension) for dimension in Dimension}
    measured = [
        (weights.get(dimension, 0), rate)
        for dimension, rate in rates.items()
        if rate is not None and weights.get(dimension, 0)
    ]
    behind = sum(weight for weight, _ in measured)
    value = (
        _rounded(sum((weight * rate for weight, rate in measured), Fraction()) * 100 / behind)
        if behind
        else None
    )
    return Score(
        value,
        {dimension: None if rate is None else _rounded(rate * 100) for dimension, rate in rates.items()},
        _rounded(Fraction(behind * 100, total)),
    )


@dataclass(frozen=True, slots=True)
class Place[K]:
    """A line of the league table; sources with one score share a place."""

    place: int
    who: K
    score: Score
    tally: Tally


def league[K: (str, tuple[str, ...])](
    tallies: Mapping[K, Tally], weights: Mapping[Dimension, int] = DEFAULT_WEIGHTS
) -> Sequence[Place[K]]:
    """Sources from best to worst. Those without any figure are not ranked: they have supplied nothing to measure."""
    scored = [(who, score(tally, weights), tally) for who, tally in tallies.items()]
    known = [(who, found, tally, found.value) for who, found, tally in scored if found.value is not None]
    known.sort(key=lambda line: (-line[3], str(line[0])))
    places: list[Place[K]] = []
    for number, (who, found, tally, value) in enumerate(known, start=1):
        tied = bool(places) and places[-1].score.value == value
        places.append(Place(places[-1].place if tied else number, who, found, tally))
    return places


def _rounded(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(_CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Told:
    """A count as it may be told: ``number`` is ``None`` where it is small and not none, so that nobody is found in it."""

    number: int | None
    below: int

    @classmethod
    def of(cls, count: int, small: int) -> "Told":
        """What may be told of a count; none at all may be told."""
        return cls(None if 0 < count < small else count, small)

    @property
    def hidden(self) -> bool:
        """Whether there were some, but too few to say how many."""
        return self.number is None
