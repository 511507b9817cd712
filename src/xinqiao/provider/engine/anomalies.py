"""Lines A01 and A03-A16 (authenticity signals) of the dictionary; A02 looks across accounts and is in ``across``."""

from decimal import Decimal, localcontext

import numpy as np

from xinqiao.domain.fundflow.normal import normal_name
from xinqiao.provider.engine.exact import dec4, half_even, median, median_of, text4, yuan
from xinqiao.provider.engine.prepared import Prepared
from xinqiao.provider.engine.window import FEW, NOT_SUPPLIED, SHORT, ZERO, Cell, Lines, View, ratio

_DIGITS = 60
_MAD_FACTOR = (14826, 10000)


def _benford() -> tuple[int, ...]:
    with localcontext() as context:
        context.prec = _DIGITS + 10
        return tuple(int((Decimal(d + 1) / d).log10().scaleb(_DIGITS)) for d in range(1, 10))


_FIRST_DIGIT = _benford()


def anomalies(v: View, out: Lines) -> None:
    """All A lines but A02 and A08."""
    p, t = v.p, v.t
    out["A01"] = (ratio(p.quick_flow.amount(v.s0, v.s1), v.gross_in),)
    out["A03"] = _identical_pairs(p, v)
    out["A04"] = (ratio(t["trade_round"], t["trade_rows"]),)
    out["A05"] = (_first_digits(v),)
    out["A06"] = (_repeated(v),)
    out["A07"] = (_spike(v),)
    out["A09"] = (_woken(v),)
    days = p.split_days[(p.split_days >= v.e) & (p.split_days <= v.b)]
    out["A10"] = (int(np.count_nonzero(np.bincount(days - v.e) >= 3)) if len(days) else 0,)
    out["A11"] = (ratio(t["high_risk"], v.gross) if p.context.high_risk else NOT_SUPPLIED,)
    out["A12"] = (_invoiced(v) if p.context.invoices else NOT_SUPPLIED,)
    out["A13"] = (_declared(v),)
    out["A14"] = (_reused_texts(v),)
    out["A15"] = (ratio(t["self_unpaired"], v.gross),)
    out["A16"] = (t["frozen_rows"], yuan(t["frozen"]))


# --- single lines


def _identical_pairs(p: Prepared, v: View) -> tuple[Cell, ...]:
    at = p.round_trips
    low, high = np.searchsorted(at, (v.s0, v.s1))
    both = at[low:high]
    if not len(both):
        return 0, yuan(0)
    open_: dict[tuple[int, int, bool], list[int]] = {}
    count = total = 0
    r = p.r2
    columns = (p.cp[both].tolist(), r.amount[both].tolist(), r.inward[both].tolist(), r.day[both].tolist())
    for party, fen, into, on in zip(*columns, strict=True):
        waiting = open_.get((party, fen, not into))
        while waiting and waiting[0] < on - 3:
            waiting.pop(0)
        if waiting:
            waiting.pop(0)
            count += 1
            total += fen
        else:
            open_.setdefault((party, fen, into), []).append(on)
    return count, yuan(total)


def _first_digits(v: View) -> Cell:
    n = v.rows2
    if n < 300:
        return FEW
    digit = v.p.first_digit[v.s0 : v.s1]
    seen: list[int] = np.bincount(digit, minlength=10).tolist()
    scale = 10**_DIGITS
    off = sum(abs(c * scale - n * expected) for c, expected in zip(seen[1:], _FIRST_DIGIT, strict=True))
    return text4(half_even(off * 10_000, 9 * n * scale))


def _repeated(v: View) -> Cell:
    at, credits_ = v.p.plain_credits
    low, high = np.searchsorted(at, (v.s0, v.s1))
    amounts = np.sort(credits_[low:high])
    edges = np.flatnonzero(np.diff(amounts, prepend=0, append=0))  # amounts are positive
    times = np.diff(edges)
    often = times >= 5
    return ratio(int((amounts[edges[:-1]] * times)[often].sum()), v.gross_in)


def _spike(v: View) -> Cell:
    oi = v.p.oi_by_day[v.d0 : v.d1]
    oi = oi[oi > 0]
    if len(oi) < 30:
        return FEW
    middle, half = median(oi)
    twice = middle * (2 // half)
    spread, part = median(np.abs(2 * oi - twice))
    factor, unit = _MAD_FACTOR
    return dec4((2 * int(oi.max()) - twice) * part * unit, factor * spread) if spread else ZERO


def application_lift(p: Prepared) -> Cell:
    """A08: daily OI of the 30 days before the application over that of the 150 days before those."""
    day = p.context.application_day
    apply = day.toordinal() if day is not None else p.as_of + 1
    if (p.opened if p.opened is not None else p.first_day) > apply - 180:
        return SHORT

    def income(first: int, last: int) -> int:
        low = min(max(first - p.base_day, 0), p.days)
        high = min(max(last + 1 - p.base_day, 0), p.days)
        return int(p.oi_until_day[high] - p.oi_until_day[low]) if high > low else 0

    return ratio(5 * income(apply - 30, apply - 1), income(apply - 180, apply - 31))


def _woken(v: View) -> int:
    p = v.p
    busy = [x for x in v.oi_m if x]
    if not busy:
        return 0
    num, den = median_of(busy)
    active = p.active_days
    gaps = np.flatnonzero(np.diff(active) > 60) + 1
    count = 0
    for day in active[gaps].tolist():
        if v.d0 <= day < v.d1:
            after = int(p.oi_until_day[min(day + 10, p.days)] - p.oi_until_day[day])
            count += after * den >= num
    return count


def _declared(v: View) -> Cell:
    sales = v.p.context.declared_sales
    if sales is None:
        return NOT_SUPPLIED
    low, high = min(v.oi, sales), max(v.oi, sales)
    return ratio(high - low, high)


def _reused_texts(v: View) -> Cell:
    p = v.p
    n = v.rows2
    if not n:
        return ZERO
    pairs = p.text_pairs
    if not len(pairs.cp):
        return dec4(0, n)
    span = pairs.pair_of_row[np.searchsorted(pairs.at, v.s0) : np.searchsorted(pairs.at, v.s1)]
    seen = np.bincount(span, minlength=len(pairs.cp))
    best = np.maximum.reduceat(seen, pairs.heads)
    is_top = (seen == np.repeat(best, pairs.lengths)) & (seen > 0)
    # of equally frequent texts the first in code-point order, which is the first of its group
    order = np.flatnonzero(is_top)
    order = (
        order[np.concatenate(([True], pairs.cp[order][1:] != pairs.cp[order][:-1]))] if len(order) else order
    )
    top = np.zeros(len(seen), np.int64)
    top[order] = 1
    holders = np.bincount(pairs.text[order], minlength=int(pairs.text.max()) + 1)
    reused = seen[holders[pairs.text] - top > 0].sum()
    return dec4(int(reused), n)


def _invoiced(v: View) -> Cell:
    """A12: each receipt, in order, takes the earliest invoice still free that fits; an invoice serves once."""
    p = v.p
    free: dict[str, list[tuple[int, int]]] = {}
    for invoice in sorted(p.context.invoices, key=lambda item: item.day):
        free.setdefault(normal_name(invoice.buyer), []).append((invoice.day.toordinal(), invoice.amount))
    span = p.oi.span(v.em0, v.em1)
    names, codes = p.r2.name.values, p.r2.name.codes[p.oi.at[span]]
    matched = 0
    columns = (codes.tolist(), p.oi.day[span].tolist(), p.oi.amount[span].tolist())
    for code, day, fen in zip(*columns, strict=True):
        listed = free.get(names[code], []) if code >= 0 else []
        for i, (issued, billed) in enumerate(listed):
            if 0 <= day - issued <= 180 and 50 * abs(fen - billed) <= abs(billed):
                del listed[i]
                matched += fen
                break
    return ratio(matched, v.oi)


__all__ = ["anomalies", "application_lift"]
