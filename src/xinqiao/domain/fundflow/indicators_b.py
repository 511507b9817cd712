"""B01-B13: balance and liquidity, literally as the dictionary says (3.9.5)."""

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction

from xinqiao.domain.fundflow.books import Books, by_day
from xinqiao.domain.fundflow.clean import Month
from xinqiao.domain.fundflow.figures import (
    Figure,
    NullReason,
    mean,
    median,
    over_mean,
    percentile,
    ratio,
    root,
    theil_sen,
    variance,
)
from xinqiao.domain.fundflow.rules import Rule

_NO_BALANCE = NullReason.NO_BALANCE


def avg_daily_balance(b: Books) -> Figure:
    """B01."""
    return mean(b.known) if b.known else _NO_BALANCE


def median_daily_balance(b: Books) -> Figure:
    """B02."""
    return median(b.known) if b.known else _NO_BALANCE


def min_balance(b: Books) -> Mapping[str, Figure] | NullReason:
    """B03."""
    if not b.known:
        return _NO_BALANCE
    return {"min_balance": min(b.known), "p05_balance": percentile(b.known, Fraction(5, 100))}


def balance_cv(b: Books) -> Figure:
    """B04."""
    if not b.known:
        return _NO_BALANCE
    centre = mean(b.known)
    if centre <= 0:
        return over_mean(1, centre)
    return root(variance(b.known) / centre**2)


def fixed_days(month: Month) -> tuple[int, int, int]:
    """The 10th, the 20th and the last day of a full month, as ordinals."""
    return month.first + 9, month.first + 19, month.last


def balances_on_days(b: Books) -> dict[str, Figure]:
    """B05: one key per date."""
    figures: dict[str, Figure] = {}
    for month in b.months:
        for day in fixed_days(month):
            balance = b.eod_of(day)
            figures[date.fromordinal(day).isoformat()] = _NO_BALANCE if balance is None else balance
    return figures


def low_balance_days(b: Books) -> Figure:
    """B06: EOD < OO / (10 · D_E), strictly."""
    if not b.known:
        return _NO_BALANCE
    return sum(balance * 10 * b.window.days < b.oo for balance in b.known)


def negative_days(b: Books) -> Figure:
    """B07."""
    if not b.known:
        return _NO_BALANCE
    return sum(balance < 0 for balance in b.known)


def cash_runway_days(b: Books) -> Figure:
    """B08."""
    if not b.known:
        return _NO_BALANCE
    return ratio(mean(b.known) * b.window.days, b.oo)


def intramonth_min_ratio(b: Books) -> Figure:
    """B09: months with a known EOD and a positive mean."""
    balances = [known for month in b.months if (known := b.known_in(month))]
    if not balances:
        return _NO_BALANCE
    shares = [min(known) / mean(known) for known in balances if mean(known) > 0]
    if shares:
        return mean(shares)
    if all(mean(known) == 0 for known in balances):
        return NullReason.ZERO_DENOMINATOR
    return NullReason.NEGATIVE_DENOMINATOR


def balance_trend(b: Books) -> Figure:
    """B10: months without a known EOD are skipped and keep their number."""
    points = [(i, mean(known)) for i, month in enumerate(b.months) if (known := b.known_in(month))]
    if not points:
        return _NO_BALANCE
    if len(points) < 3:
        return NullReason.TOO_FEW_OBSERVATIONS
    return over_mean(theil_sen(points), mean(b.known))


def sweep_ratio(b: Books) -> Figure:
    """B11.

    The day with the largest OI is always at or above the median, so the base can only be empty because no such
    day has a known EOD: that is "no known EOD where one is needed", not a zero denominator.
    """
    if not b.known:
        return _NO_BALANCE
    if not b.oi_by_day:
        return NullReason.TOO_FEW_OBSERVATIONS
    threshold = median(list(b.oi_by_day.values()))
    came = by_day(b.directed(1))
    base = [
        (amount, balance)
        for day, amount in came.items()
        if amount >= threshold and (balance := b.eod_of(day)) is not None
    ]
    if not base:
        return _NO_BALANCE
    return ratio(sum(balance * 20 < amount for amount, balance in base), len(base))


def deposit_retention(b: Books) -> Figure:
    """B12, in days."""
    if not b.known:
        return _NO_BALANCE
    return ratio(mean(b.known) * b.window.days, b.gross_in)


def _intraday(b: Books) -> Iterable[tuple[int, int]]:
    """(largest known balance of the day, EOD) of the days with a row and a known EOD."""
    for day, rows in b.days_with_rows():
        end = b.eod_of(day)
        if end is not None:
            yield max(row.balance for row in rows if row.balance is not None), end


def eod_vs_intraday_gap(b: Books) -> Figure:
    """B13: the opening balance is not one of the day's; days with max ≤ 0 are left out."""
    if not b.known:
        return _NO_BALANCE
    days = list(_intraday(b))
    gaps = [Fraction(top - end, top) for top, end in days if top > 0]
    if gaps:
        return mean(gaps)
    return NullReason.NEGATIVE_DENOMINATOR if days else NullReason.TOO_FEW_OBSERVATIONS


RULES: Mapping[str, Rule] = {
    "B01": avg_daily_balance,
    "B02": median_daily_balance,
    "B03": min_balance,
    "B04": balance_cv,
    "B05": balances_on_days,
    "B06": low_balance_days,
    "B07": negative_days,
    "B08": cash_runway_days,
    "B09": intramonth_min_ratio,
    "B10": balance_trend,
    "B11": sweep_ratio,
    "B12": deposit_retention,
    "B13": eod_vs_intraday_gap,
}
