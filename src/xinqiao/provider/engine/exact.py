"""Exact figures from integers: ratios, roots, medians, slopes, and how they are written.

Everything here takes integers (fen, days, counts) and rounds half-even exactly once, when it writes the text
(indicator dictionary 3.9 rules 20 to 22). Floats appear only as a *filter*: where a float is used to find a place
in an order, or to decide a rounding, its error is bounded and the doubtful cases are decided again in integers.

No indicator is defined here and nothing here knows about accounts or columns.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from math import floor, isqrt

import numpy as np
import numpy.typing as npt

type Ints = npt.NDArray[np.int64]
type Floats = npt.NDArray[np.float64]
type Bools = npt.NDArray[np.bool_]

EPS = 2.0**-52
_SPLIT = 24
_LOW = (1 << _SPLIT) - 1


def half_even(num: int, den: int) -> int:
    """num/den as the nearest integer, ties to even; den > 0."""
    quotient, rest = divmod(num, den)
    twice = 2 * rest
    if twice > den or (twice == den and quotient & 1):
        quotient += 1
    return quotient


def text2(scaled: int) -> str:
    """An integer number of hundredths as text: -5 is ``-0.05``."""
    if scaled < 0:
        return f"-{-scaled // 100}.{-scaled % 100:02d}"
    return f"{scaled // 100}.{scaled % 100:02d}"


def text4(scaled: int) -> str:
    """An integer number of ten-thousandths as text."""
    if scaled < 0:
        return f"-{-scaled // 10000}.{-scaled % 10000:04d}"
    return f"{scaled // 10000}.{scaled % 10000:04d}"


def yuan(num: int, den: int = 1) -> str:
    """num/den fen as yuan with two decimals; den > 0."""
    return text2(num if den == 1 else half_even(num, den))


def dec4(num: int, den: int) -> str:
    """num/den with four decimals; den not 0."""
    if den < 0:
        num, den = -num, -den
    return text4(half_even(num * 10000, den))


def root4(num: int, den: int) -> str:
    """The square root of num/den with four decimals; num >= 0, den > 0."""
    num *= 10**8
    low = isqrt(num // den)
    # low <= root < low + 1; compare the root with low + 1/2 by squares.
    gap = 4 * num - (2 * low + 1) ** 2 * den
    if gap > 0 or (gap == 0 and low & 1):
        low += 1
    return text4(low)


def square_sum(values: Ints) -> int:
    """The sum of squares as an exact integer, without leaving int64 in the usual range."""
    if not len(values):
        return 0
    top = max(int(values.max()), -int(values.min()))
    if top < 1 << 26:
        return int(np.dot(values, values))
    if top >= 1 << 48 or len(values) > 1 << 14:
        return sum(v * v for v in values.tolist())
    high, low = values >> _SPLIT, values & _LOW
    return (
        (int(np.dot(high, high)) << (2 * _SPLIT))
        + (int(np.dot(high, low)) << (_SPLIT + 1))
        + int(np.dot(low, low))
    )


def distinct[T: np.integer](values: npt.NDArray[T]) -> npt.NDArray[T]:
    """Sorted distinct values. numpy's own ``unique`` hashes, which is several times slower on sorted-sized input."""
    ordered = np.sort(values)
    if len(ordered) < 2:
        return ordered
    return ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))]


def ranges(start: Ints, stop: Ints) -> tuple[npt.NDArray[np.intp], Ints]:
    """All (i, j) with start[i] <= j < stop[i], as two columns, i ascending."""
    length = np.maximum(stop - start, 0)
    owner = np.repeat(np.arange(len(start)), length)
    inside = np.arange(len(owner)) - np.repeat(np.cumsum(length) - length, length)
    return owner, start[owner] + inside


def median(values: Ints) -> tuple[int, int]:
    """The median of at least one value, as numerator and denominator (1 or 2)."""
    n = len(values)
    half = n // 2
    if n & 1:
        return int(np.partition(values, half)[half]), 1
    part = np.partition(values, (half - 1, half))
    return int(part[half - 1]) + int(part[half]), 2


def median_of(values: Sequence[int]) -> tuple[int, int]:
    """As :func:`median`, for a short sequence of Python integers."""
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) & 1:
        return ordered[half], 1
    return ordered[half - 1] + ordered[half], 2


def percentile(ordered: Sequence[int], percent: int) -> tuple[int, int]:
    """Percentile of sorted values at position (n - 1) * p, linear between neighbours (rule 20)."""
    at, part = divmod((len(ordered) - 1) * percent, 100)
    if part == 0:
        return int(ordered[at]), 1
    return int(ordered[at]) * (100 - part) + int(ordered[at + 1]) * part, 100


@lru_cache(maxsize=64)
def _pairs(n: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    first, second = np.triu_indices(n, 1)
    return first, second


def theil_sen(values: Sequence[int], places: Sequence[int]) -> tuple[int, int]:
    """Median of (y_j - y_i)/(x_j - x_i) over all i < j (rule 21), as numerator and positive denominator.

    Slopes are ordered as floats; the ones that a float cannot tell from the middle one are ordered exactly.
    """
    n = len(values)
    first, second = _pairs(n)
    if max(abs(v) for v in values) >= 1 << 61:
        slopes = sorted(
            Fraction(values[j] - values[i], places[j] - places[i]) for i in range(n) for j in range(i + 1, n)
        )
        pick = [slopes[(len(slopes) - 1) // 2], slopes[len(slopes) // 2]]
        both = (pick[0] + pick[1]) / 2
        return both.numerator, both.denominator
    y = np.array(values, np.int64)
    x = np.array(places, np.int64)
    rise, run = y[second] - y[first], x[second] - x[first]
    slope = rise / run
    count = len(slope)
    low, high = (count - 1) // 2, count // 2
    part = np.partition(slope, (low, high))
    num, den = _exact_rank(slope, rise, run, float(part[low]), low)
    if low == high:
        return num, den
    num2, den2 = _exact_rank(slope, rise, run, float(part[high]), high)
    return num * den2 + num2 * den, 2 * den * den2


def _exact_rank(slope: Floats, rise: Ints, run: Ints, value: float, rank: int) -> tuple[int, int]:
    # |float slope - slope| <= 2**-52 |slope|: what lies further than 8 of those from `value` is surely on its side.
    tolerance = 8 * EPS * abs(value)
    near = np.flatnonzero(np.abs(slope - value) <= tolerance)
    nums, dens = rise[near].tolist(), run[near].tolist()
    if len(nums) == 1 or all(a * dens[0] == nums[0] * b for a, b in zip(nums, dens, strict=True)):
        return nums[0], dens[0]
    below = int(np.count_nonzero(slope < value - tolerance))
    exact = sorted(Fraction(a, b) for a, b in zip(nums, dens, strict=True))[rank - below]
    return exact.numerator, exact.denominator


def certified4(value: float, error: float, exact: Callable[[], Fraction]) -> str:
    """Four decimals of a real known as ``value`` within ``error``; in doubt, of ``exact()``."""
    scaled = value * 10000.0
    base = floor(scaled)
    gap = scaled - base - 0.5
    if abs(gap) > error * 10000.0 + abs(scaled) * 4 * EPS + 1e-300:
        return text4(base + 1 if gap > 0 else base)
    truth = exact()
    return dec4(truth.numerator, truth.denominator)


def weighted_regularity(terms: Sequence[tuple[int, int, int]]) -> str:
    """Σ w (1 - min(1, sqrt(v)/s)) / Σ w with four decimals, for terms (w, v, s), w > 0, v >= 0, s > 0.

    The sum of roots is enclosed between two integers at growing precision. It cannot sit on a rounding tie for
    ever: positive multiples of roots add up to a rational only when every root is one, and then both ends meet.
    """
    weight = sum(w for w, _, _ in terms)
    digits = 30
    while True:
        scale = 10**digits
        low = high = 0
        for w, v, s in terms:
            square, whole = divmod(v * scale * scale, s * s)
            root = isqrt(square)
            low += w * min(root, scale)
            high += w * min(root if whole == 0 and root * root == square else root + 1, scale)
        # the figure is one minus S over full, S between low and high
        full = weight * scale
        top, bottom = half_even((full - low) * 10000, full), half_even((full - high) * 10000, full)
        if top == bottom:
            return text4(top)
        digits *= 2
