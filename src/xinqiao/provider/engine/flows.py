"""Lines Q01-Q10 (coverage, integrity) and F01-F20 (size, growth, rhythm) of the dictionary."""

import numpy as np

from xinqiao.domain.fundflow.cues import Label
from xinqiao.provider.engine.exact import Ints, dec4, median, median_of, root4, theil_sen, yuan
from xinqiao.provider.engine.labelling import NUMBER
from xinqiao.provider.engine.prepared import Flow
from xinqiao.provider.engine.window import FEW, NOT_SUPPLIED, SHORT, ZERO, Cell, Lines, View, ratio

_MONTH_LENGTHS = 28 * 29 * 30 * 31


def quality(v: View, out: Lines) -> None:
    """Q03-Q08 and Q10; Q01, Q02 and Q09 are there without a window too."""
    p = v.p
    out["Q03"] = (active_days(v),)
    out["Q04"] = (_longest_gap(v),)
    out["Q05"] = (v.t1["breaks"],)
    out["Q06"] = (ratio(v.t["unlabelled"], v.gross),)
    out["Q07"] = (ratio(v.t1["cp_missing"], v.t1["rows"]),)
    out["Q08"] = (ratio(v.t1["reversed_in"], v.t1["credits"]),)
    bound = p.context.bound
    if bound:
        own = p.label[v.s0 : v.s1] == NUMBER[Label.SELF]
        seen = {int(code) for code in p.r2.cp_account.codes[v.s0 : v.s1][own]}
        values = p.r2.cp_account.values
        union = len(bound | {values[code] for code in seen if code >= 0})
        out["Q10"] = (ratio(len(bound), union),)
    else:
        out["Q10"] = (NOT_SUPPLIED,)


def active_days(v: View) -> int:
    """Days of E with an R1 row (Q03)."""
    return int(np.count_nonzero(v.p.rows_by_day[v.d0 : v.d1]))


def _longest_gap(v: View) -> int:
    p = v.p
    low = v.d0 if p.opened is not None else max(v.d0, p.first_day - p.base_day)
    busy = np.flatnonzero(p.rows_by_day[low : v.d1])
    edges = np.concatenate(([-1], busy, [v.d1 - low]))
    return max(0, int(np.diff(edges).max()) - 1)


def size(v: View, out: Lines) -> None:
    """F01-F20 without F17."""
    p, oi, oo, k = v.p, v.oi, v.oo, v.k
    months, net = v.oi_m, [i - o for i, o in zip(v.oi_m, v.oo_m, strict=True)]
    total = sum(months)
    out["F01"] = (yuan(v.gross_in), yuan(v.gross_out))
    out["F02"] = (yuan(oi), yuan(oo))
    out["F03"] = (yuan(total, k), yuan(*median_of(months))) if k else (SHORT, SHORT)
    out["F04"] = (ratio(oi, v.gross_in),)
    out["F05"] = (yuan(oi - oo),)
    out["F06"] = (ratio(sum(n > 0 for n in net), k) if k else SHORT,)
    out["F07"] = (ratio(oi - oo, oi),)
    out["F08"] = (_cv(months) if v.enough("F08") else SHORT,)
    out["F09"] = (trend(months) if v.enough("F09") else SHORT,)
    if v.enough("F10"):
        before = sum(months[-24:-12])
        out["F10"] = (ratio(sum(months[-12:]) - before, before),)
    else:
        out["F10"] = (SHORT,)
    out["F11"] = (ratio(3 * sum(months[-3:]), sum(months[-12:-3])) if v.enough("F11") else SHORT,)
    out["F12"] = (_seasonality(v) if v.enough("F12") else SHORT,)
    out["F13"] = (months.count(0) if k else SHORT,)
    rows_in, rows_out = v.t["rows_in"], v.t["rows_out"]
    out["F14"] = (rows_in, rows_out, ratio(rows_in + rows_out, active_days(v)))
    out["F15"] = (*_ticket(v, p.trade_in), *_ticket(v, p.trade_out))
    amounts = p.oi.amount[p.oi.span(v.em0, v.em1)]
    out["F16"] = (ratio(int(amounts.max()), oi) if oi else FEW,)
    out["F18"] = (_day_spread(v) if k else SHORT,)
    out["F19"] = (ratio(v.t["oi_month_end"], oi),)
    out["F20"] = (_quarter_end(v),)


def _cv(months: list[int]) -> Cell:
    total = sum(months)
    if not total:
        return ZERO
    spread = len(months) * sum(x * x for x in months) - total * total
    return root4(spread, total * total)


def trend(months: list[int]) -> Cell:
    """Theil-Sen slope per month over the median month (F09, D18)."""
    middle, half = median_of(months)
    if not middle:
        return ZERO
    rise, run = theil_sen(months, range(len(months)))
    return dec4(rise * half, run * middle)


def _seasonality(v: View) -> Cell:
    months, k = v.oi_m, v.k
    squares, total = sum(x * x for x in months), sum(months)
    spread = k * squares - total * total
    if not spread:
        return ZERO
    by_name: dict[int, list[int]] = {}
    for number, x in zip(v.month_numbers, months, strict=True):
        by_name.setdefault(number % 12, []).append(x)
    # 6 times the squared distance from the calendar-month means; 36 months hold a name at most 3 times.
    rest = 6 * squares - sum(sum(g) ** 2 * (6 // len(g)) for g in by_name.values())
    return dec4(6 * spread - rest * k, 6 * spread)


def _ticket(v: View, flow: Flow) -> tuple[Cell, Cell]:
    amounts: Ints = flow.amount[flow.span(v.em0, v.em1)]
    if not len(amounts):
        return FEW, FEW
    return yuan(int(amounts.sum()), len(amounts)), yuan(*median(amounts))


def _day_spread(v: View) -> Cell:
    edges = v.month_edges()
    days = np.add.reduceat((v.p.oi_by_day[: v.d1] > 0).astype(np.int64), edges).tolist()
    lengths = np.diff(np.append(edges, v.d1)).tolist()
    return dec4(
        sum(d * (_MONTH_LENGTHS // n) for d, n in zip(days, lengths, strict=True)), v.k * _MONTH_LENGTHS
    )


def _quarter_end(v: View) -> Cell:
    ends = [x for number, x in zip(v.month_numbers, v.oi_m, strict=True) if number % 3 == 2]
    others = v.k - len(ends)
    if not ends or not others:
        return SHORT
    total = sum(ends)
    return ratio(total * others, (sum(v.oi_m) - total) * len(ends))
