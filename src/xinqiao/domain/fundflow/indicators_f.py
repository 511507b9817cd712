"""F01-F20: size, growth, rhythm, literally as the dictionary says (3.9.5)."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from xinqiao.domain.fundflow.books import Books, total
from xinqiao.domain.fundflow.cues import Label
from xinqiao.domain.fundflow.figures import (
    Figure,
    NullReason,
    mean,
    median,
    ratio,
    root,
    theil_sen,
    variance,
)
from xinqiao.domain.fundflow.indicators_q import active_days
from xinqiao.domain.fundflow.rules import Rule

_QUARTER_ENDS = frozenset({3, 6, 9, 12})


def gross(b: Books) -> dict[str, Figure]:
    """F01."""
    return {"gross_in": b.gross_in, "gross_out": b.gross_out}


def operating(b: Books) -> dict[str, Figure]:
    """F02."""
    return {"oi_total": b.oi, "oo_total": b.oo}


def oi_month(b: Books) -> dict[str, Figure]:
    """F03."""
    return {"oi_month_avg": mean(b.oi_months), "oi_month_median": median(b.oi_months)}


def true_revenue_share(b: Books) -> Figure:
    """F04."""
    return ratio(b.oi, b.gross_in)


def net_operating_flow(b: Books) -> int:
    """F05."""
    return b.oi - b.oo


def net_flow_positive_months(b: Books) -> Figure:
    """F06."""
    return ratio(sum(i > o for i, o in zip(b.oi_months, b.oo_months, strict=True)), b.k)


def operating_margin_proxy(b: Books) -> Figure:
    """F07."""
    return ratio(b.oi - b.oo, b.oi)


def oi_cv(b: Books) -> Figure:
    """F08."""
    centre = mean(b.oi_months)
    if centre == 0:
        return NullReason.ZERO_DENOMINATOR
    return root(variance(b.oi_months) / centre**2)


def oi_trend(b: Books) -> Figure:
    """F09, per month."""
    return ratio(theil_sen(list(enumerate(b.oi_months))), median(b.oi_months))


def oi_yoy(b: Books) -> Figure:
    """F10: the last 12 months of M against the 12 before."""
    growth = ratio(sum(b.oi_months[-12:]), sum(b.oi_months[-24:-12]))
    return growth if isinstance(growth, NullReason) else growth - 1


def oi_last3_vs_prev9(b: Books) -> Figure:
    """F11: a quotient, 1 is not subtracted."""
    return ratio(mean(b.oi_months[-3:]), mean(b.oi_months[-12:-3]))


def seasonality_strength(b: Books) -> Figure:
    """F12: calendar-month means over all of M."""
    by_calendar: dict[int, list[int]] = {}
    for month, value in zip(b.months, b.oi_months, strict=True):
        by_calendar.setdefault(month.month, []).append(value)
    means = {month: mean(values) for month, values in by_calendar.items()}
    rest = [value - means[month.month] for month, value in zip(b.months, b.oi_months, strict=True)]
    share = ratio(variance(rest), variance(b.oi_months))
    return share if isinstance(share, NullReason) else 1 - share


def zero_income_months(b: Books) -> int:
    """F13."""
    return b.oi_months.count(0)


def tx_counts(b: Books) -> dict[str, Figure]:
    """F14."""
    n_in, n_out = len(b.directed(1)), len(b.directed(-1))
    return {
        "tx_count_in": n_in,
        "tx_count_out": n_out,
        "tx_per_active_day": ratio(n_in + n_out, active_days(b)),
    }


def tickets(b: Books) -> dict[str, Figure]:
    """F15, TRADE rows."""
    figures: dict[str, Figure] = {}
    for sign, way in ((1, "in"), (-1, "out")):
        amounts = [e.amount for e in b.labelled(Label.TRADE, sign)]
        nothing = NullReason.TOO_FEW_OBSERVATIONS
        figures[f"avg_ticket_{way}"] = mean(amounts) if amounts else nothing
        figures[f"median_ticket_{way}"] = median(amounts) if amounts else nothing
    return figures


def max_single_in_share(b: Books) -> Figure:
    """F16: a maximum of nothing stands before a zero base in the order of rule 24."""
    if not b.oi_rows:
        return NullReason.TOO_FEW_OBSERVATIONS
    return ratio(max(e.amount for e in b.oi_rows), b.oi)


def last_tx_days(b: Books) -> int:
    """F17."""
    return b.window.as_of - b.r1[-1].day


def inflow_day_spread(b: Books) -> Figure:
    """F18."""
    shares = [
        Fraction(sum(m.first <= day <= m.last for day in b.oi_by_day), m.last - m.first + 1) for m in b.months
    ]
    return mean(shares)


def month_end_inflow_share(b: Books) -> Figure:
    """F19: the last 3 calendar days of each month, over E."""

    def at_month_end(day: int) -> bool:
        # three days later it is the 1st, 2nd or 3rd of the next month
        return date.fromordinal(day + 3).day <= 3

    return ratio(total(e for e in b.oi_rows if at_month_end(e.day)), b.oi)


def quarter_end_spike(b: Books) -> Figure:
    """F20: months 3, 6, 9, 12 of M against the others; each kind is needed (rule 25)."""
    pairs = list(zip(b.months, b.oi_months, strict=True))
    ends = [value for month, value in pairs if month.month in _QUARTER_ENDS]
    others = [value for month, value in pairs if month.month not in _QUARTER_ENDS]
    if not ends or not others:
        return NullReason.SHORT_HISTORY
    return ratio(mean(ends), mean(others))


RULES: Mapping[str, Rule] = {
    "F01": gross,
    "F02": operating,
    "F03": oi_month,
    "F04": true_revenue_share,
    "F05": net_operating_flow,
    "F06": net_flow_positive_months,
    "F07": operating_margin_proxy,
    "F08": oi_cv,
    "F09": oi_trend,
    "F10": oi_yoy,
    "F11": oi_last3_vs_prev9,
    "F12": seasonality_strength,
    "F13": zero_income_months,
    "F14": tx_counts,
    "F15": tickets,
    "F16": max_single_in_share,
    "F17": last_tx_days,
    "F18": inflow_day_spread,
    "F19": month_end_inflow_share,
    "F20": quarter_end_spike,
}
