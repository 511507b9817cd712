"""Exact numbers and how they are shown (indicator dictionary 3.9 rules 20 to 26).

Everything inside the engine is ``int`` or ``Fraction``; a figure is rounded once, here, half to even, when shown.
Irrational values (roots, logarithms) are fractions true to more than a hundred digits, so the four that are shown
are right.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from math import isqrt
from typing import NamedTuple

from xinqiao.domain.canonical import Json

type Exact = int | Fraction | bool
type Shown = str | int | bool | None

_ROOT_DIGITS = 150


class Unit(StrEnum):
    """What a figure is (rule 22). Y is held in fen and shown in yuan."""

    YUAN = "Y"
    RATIO = "R"
    DECIMAL = "X"
    COUNT = "N"
    DAYS = "D"
    TRUTH = "B"


class NullReason(StrEnum):
    """Why there is no figure: the closed list of rule 24, in its order, and one of the products."""

    NO_ROWS = "NO_ROWS"
    LIST_NOT_SUPPLIED = "LIST_NOT_SUPPLIED"
    NO_WINDOW = "NO_WINDOW"
    SHORT_HISTORY = "SHORT_HISTORY"
    NO_BALANCE = "NO_BALANCE"
    NO_TIME = "NO_TIME"
    TOO_FEW_OBSERVATIONS = "TOO_FEW_OBSERVATIONS"
    ZERO_DENOMINATOR = "ZERO_DENOMINATOR"
    NEGATIVE_DENOMINATOR = "NEGATIVE_DENOMINATOR"
    WITHHELD = "WITHHELD"
    """Products only: the subject withheld balances when confirming (fund-flow rules 10.3 B)."""


type Figure = Exact | NullReason
"""An exact value, or the reason why there is none."""


class IndicatorValue(NamedTuple):
    """One line as printed (rule 23). A tuple, because there are a hundred to every report.

    Attributes:
        values: key → shown figure, in output order; empty only for B05 without any date key.
        null_reasons: key → reason, for the keys that are null.
        alone: the single reason of a line that has no key at all.
        single: whether the definition has one key, so that ``value`` is printed and not ``values``.
    """

    id: str
    values: Mapping[str, Shown]
    units: Mapping[str, Unit]
    null_reasons: Mapping[str, NullReason]
    alone: NullReason | None
    single: bool
    coverage: str
    version: int

    def as_json(self) -> dict[str, Json]:
        """The output shape of rule 23, with unit and version."""
        out: dict[str, Json] = {}
        if self.single:
            (key,) = self.values
            reason = self.null_reasons.get(key)
            out["value"] = self.values[key]
            out["unit"] = self.units[key].value
            out["null_reason"] = reason.value if reason else None
        else:
            out["values"] = dict(self.values)
            out["unit"] = {key: unit.value for key, unit in self.units.items()}
            if self.alone is not None:
                out["null_reason"] = self.alone.value
            else:
                out["null_reason"] = {key: r.value for key, r in self.null_reasons.items()} or None
        out["coverage"] = self.coverage
        out["version"] = self.version
        return out


def _half_even(numerator: int, denominator: int) -> int:
    """The whole number nearest to a quotient, ties to the even one. ``denominator`` is positive."""
    whole, rest = divmod(numerator, denominator)
    # Plain integers: building a Fraction for each of a product's five hundred figures took half of its time.
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))


def decimal_text(value: Exact, places: int) -> str:
    """Half-even decimal text with exactly ``places`` digits; no minus sign on zero (rule 22)."""
    scaled = _half_even(value.numerator * 10**places, value.denominator)
    digits = str(abs(scaled)).rjust(places + 1, "0")
    sign = "-" if scaled < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def yuan_text(fen: Exact) -> str:
    """Fen → yuan with two decimals."""
    whole = fen if type(fen) is int else _half_even(fen.numerator, fen.denominator)
    if whole < 0:
        return f"-{-whole // 100}.{-whole % 100:02d}"
    return f"{whole // 100}.{whole % 100:02d}"


def _four(value: Exact) -> str:
    return decimal_text(value, 4)


def _whole(value: Exact) -> int:
    if type(value) is int:
        return value
    if value.denominator != 1:
        raise ValueError("a count is a whole number")
    return int(value)


_SHOWN: dict[Unit, Callable[[Exact], Shown]] = {
    Unit.YUAN: yuan_text,
    Unit.RATIO: _four,
    Unit.DECIMAL: _four,
    Unit.COUNT: _whole,
    Unit.DAYS: _whole,
    Unit.TRUTH: bool,
}


def shown(value: Exact, unit: Unit) -> Shown:
    """The printed form of an exact value in its unit (rule 22).

    Raises:
        ValueError: a count that is no whole number.
    """
    return _SHOWN[unit](value)


def ratio(numerator: Exact, denominator: Exact) -> Figure:
    """Quotient, or ZERO_DENOMINATOR (rule 26)."""
    if denominator == 0:
        return NullReason.ZERO_DENOMINATOR
    if type(numerator) is int and type(denominator) is int:
        return Fraction(numerator, denominator)
    return Fraction(numerator) / Fraction(denominator)


def over_mean(numerator: Exact, mean: Fraction) -> Figure:
    """Quotient by a mean of balances, which must be positive (rule 24: B04, B09, B10, B13)."""
    if mean < 0:
        return NullReason.NEGATIVE_DENOMINATOR
    return ratio(numerator, mean)


def mean(values: Sequence[Exact]) -> Fraction:
    """Arithmetic mean of at least one value."""
    return Fraction(sum(values)) / len(values)


def median(values: Sequence[Exact]) -> Fraction:
    """Median of at least one value; an even count gives the mean of the two middle ones (rule 20)."""
    ordered = sorted(values)
    half, odd = divmod(len(ordered), 2)
    if odd:
        return Fraction(ordered[half])
    return (Fraction(ordered[half - 1]) + Fraction(ordered[half])) / 2


def percentile(values: Sequence[Exact], p: Fraction) -> Fraction:
    """Percentile at position (n - 1)·p of the sorted values, linear between neighbours (rule 20)."""
    ordered = sorted(values)
    position = (len(ordered) - 1) * p
    low = position.numerator // position.denominator
    if low + 1 == len(ordered):
        return Fraction(ordered[low])
    lower, upper = Fraction(ordered[low]), Fraction(ordered[low + 1])
    return lower + (upper - lower) * (position - low)


def variance(values: Sequence[Exact]) -> Fraction:
    """Population variance of at least one value."""
    centre = mean(values)
    return sum(((Fraction(v) - centre) ** 2 for v in values), Fraction()) / len(values)


def root(value: Fraction) -> Fraction:
    """Square root: exact for the square of a fraction, else cut off after 150 digits.

    The cut cannot move a shown digit: an irrational root of a fraction met here differs from every rounding
    boundary by far more than 10^-150.
    """
    up, down = isqrt(value.numerator), isqrt(value.denominator)
    if up * up == value.numerator and down * down == value.denominator:
        return Fraction(up, down)
    scale: int = 10**_ROOT_DIGITS
    return Fraction(isqrt(value.numerator * scale * scale // value.denominator), scale)


def theil_sen(points: Sequence[tuple[int, Exact]]) -> Fraction:
    """Median of the slopes between all pairs of (month number, value) (rule 21); at least two points."""
    slopes = [
        (Fraction(y2) - Fraction(y1)) / (x2 - x1)
        for i, (x1, y1) in enumerate(points)
        for x2, y2 in points[i + 1 :]
    ]
    return median(slopes)
