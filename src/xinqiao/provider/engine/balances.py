"""Lines B01-B13 (balance and liquidity) of the dictionary."""

from fractions import Fraction
from math import lcm

import numpy as np

from xinqiao.domain.fundflow.figures import NullReason
from xinqiao.provider.engine.exact import (
    EPS,
    Floats,
    Ints,
    certified4,
    dec4,
    median,
    percentile,
    root4,
    square_sum,
    theil_sen,
    yuan,
)
from xinqiao.provider.engine.prepared import SAFE_TOTAL
from xinqiao.provider.engine.window import FEW, NEGATIVE, NO_BALANCE, SHORT, ZERO, Cell, Lines, View, ratio


def sum_of_quotients(nums: Ints, dens: Ints) -> Fraction:
    """Σ nums/dens, exactly."""
    total = Fraction(0)
    for num, den in zip(nums.tolist(), dens.tolist(), strict=True):
        total += Fraction(num, den)
    return total


def mean_of_quotients(nums: Ints, dens: Ints) -> str:
    """The mean of at least one quotient with positive denominators, four decimals.

    Added up in float64 with a bounded error; exact fractions decide where that is not enough. Exact sums of a
    thousand unlike fractions would cost more than all other lines together.
    """
    n = len(nums)
    terms: Floats = nums / dens
    error = (n + 4) * 4 * EPS * float(np.abs(terms).sum()) / n
    return certified4(float(terms.sum()) / n, error, lambda: sum_of_quotients(nums, dens) / n)


def balances(v: View, out: Lines) -> dict[str, str | NullReason]:
    """All B lines but B05, whose date keys are returned."""
    n, total = v.n_known, v.eod_sum
    out["B11"], out["B13"] = (_sweep(v),), (_intraday(v),)
    out["B09"] = (_squeeze(v) if v.k else SHORT,)
    out["B10"] = (_erosion(v) if v.enough("B10") else SHORT,)
    if not n:
        for line in ("B01", "B02", "B04", "B06", "B07", "B08", "B12"):
            out[line] = (NO_BALANCE,)
        out["B03"] = (NO_BALANCE, NO_BALANCE)
        return _on_days(v)
    ordered = np.sort(v.known)
    out["B01"] = (yuan(total, n),)
    out["B02"] = (yuan(*percentile(ordered, 50)),)  # type: ignore[arg-type]
    out["B03"] = (yuan(int(ordered[0])), yuan(*percentile(ordered, 5)))  # type: ignore[arg-type]
    if total > 0:
        out["B04"] = (root4(n * square_sum(v.known) - total * total, total * total),)
    else:
        out["B04"] = (NEGATIVE if total else ZERO,)
    # EOD < OO / (10 D) in integers: EOD < ceil of it
    limit = -(-v.oo // (10 * v.d_e))
    out["B06"] = (int(np.searchsorted(ordered, limit)),)
    out["B07"] = (int(np.searchsorted(ordered, 0)),)
    out["B08"] = (ratio(total * v.d_e, n * v.oo),)
    out["B12"] = (ratio(total * v.d_e, n * v.gross_in),)
    return _on_days(v)


def _on_days(v: View) -> dict[str, str | NullReason]:
    return {key: shown for month in v.p.dated_balances[v.mm0 : v.em1] for key, shown in month}


def _months(v: View) -> tuple[Ints, Ints, Ints]:
    """Known days, their sum, their minimum, per month of M."""
    p, edges = v.p, v.month_edges()
    known = p.eod_known[: v.d1]
    days = np.add.reduceat(known.astype(np.int64), edges)
    sums = np.add.reduceat(np.where(known, p.eod[: v.d1], 0), edges)
    lows = np.minimum.reduceat(np.where(known, p.eod[: v.d1], SAFE_TOTAL), edges)
    return days, sums, lows


def _squeeze(v: View) -> Cell:
    days, sums, lows = _months(v)
    if not days.any():
        return NO_BALANCE
    good = sums > 0  # a month without known days has the sum 0
    if not good.any():
        return NEGATIVE if (sums < 0).any() else ZERO
    # min / (sum / days); the product stays in 64 bits because balances stay below 2**52 and days below 32
    return mean_of_quotients(lows[good] * days[good], sums[good])


def _erosion(v: View) -> Cell:
    days, sums, _ = _months(v)
    have = np.flatnonzero(days).tolist()
    if not have:
        return NO_BALANCE
    if len(have) < 3:
        return FEW
    if v.eod_sum <= 0:
        return NEGATIVE if v.eod_sum else ZERO
    n, s = days.tolist(), sums.tolist()
    common = lcm(*(n[m] for m in have))
    rise, run = theil_sen([s[m] * (common // n[m]) for m in have], have)
    return dec4(rise * v.n_known, run * common * v.eod_sum)


def _sweep(v: View) -> Cell:
    oi = v.p.oi_by_day[v.d0 : v.d1]
    busy = oi[oi > 0]
    if not v.n_known:
        return NO_BALANCE
    if not len(busy):
        return FEW
    middle, half = median(busy)
    received = v.p.credits_by_day[v.d0 : v.d1]
    base = (received > 0) & (received * half >= middle) & v.eod_known
    days = int(np.count_nonzero(base))
    # The day of the median itself has such credits, so only unknown balances can leave nothing.
    return dec4(int(np.count_nonzero(base & (v.eod * 20 < received))), days) if days else NO_BALANCE


def _intraday(v: View) -> Cell:
    p = v.p
    if not v.n_known:
        return NO_BALANCE
    low, high = np.searchsorted(p.active_days, (v.d0, v.d1))
    days, tops = p.active_days[low:high], p.day_top[low:high]
    known = p.eod_known[days]
    days, tops = days[known], tops[known]
    good = tops > 0
    if not good.any():
        return NEGATIVE if len(days) else FEW
    tops = tops[good]
    return mean_of_quotients(tops - p.eod[days[good]], tops)


__all__ = ["balances", "mean_of_quotients"]
