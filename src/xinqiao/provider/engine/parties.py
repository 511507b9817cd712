"""Lines K01-K16 (counterparties and concentration) of the dictionary."""

import numpy as np

from xinqiao.domain.fundflow.cues import Label
from xinqiao.provider.engine.exact import Ints, dec4, square_sum, weighted_regularity, yuan
from xinqiao.provider.engine.prepared import Flow
from xinqiao.provider.engine.window import FEW, NOT_SUPPLIED, SHORT, Cell, Lines, View, ratio


def sums_by_party(v: View, flow: Flow) -> Ints:
    """Σ amt per counterparty of this account over E, known counterparties only."""
    span = flow.span(v.em0, v.em1)
    # bin 0 takes the rows without a counterparty
    sums = np.bincount(flow.cp[span] + 1, flow.weight[span], v.p.n_cp + 1)
    return sums[1:].astype(np.int64)


def parties(v: View, out: Lines) -> None:
    """All K lines."""
    p = v.p
    oi_of = sums_by_party(v, p.oi)
    trade_of = sums_by_party(v, p.trade_out)
    customers, suppliers = _descending(oi_of), _descending(trade_of)
    trade_out = v.sum_of(Label.TRADE, 0)
    out["K01"] = (len(customers), len(suppliers))
    top = np.cumsum(customers[:10]).tolist() or [0]
    out["K02"] = tuple(ratio(top[min(n, len(top)) - 1], v.oi) for n in (1, 5, 10))
    out["K03"] = (ratio(int(suppliers[:5].sum()), trade_out),)
    out["K04"] = (
        ratio(square_sum(customers), v.oi * v.oi),
        ratio(square_sum(suppliers), trade_out * trade_out),
    )
    _loyalty(v, oi_of, out)
    _receipts(v, oi_of, out)
    oo_of = sums_by_party(v, p.oo)
    both = (oi_of > 0) & (oo_of > 0) & (2 * np.minimum(oi_of, oo_of) >= np.maximum(oi_of, oo_of))
    out["K09"] = (ratio(int(oi_of[both].sum()), v.gross_in),)
    t = v.t
    out["K10"] = (ratio(t["person_in"], v.gross_in), ratio(t["person_out"], v.gross_out))
    related_in, related_out = v.sum_of(Label.REL, 1), v.sum_of(Label.REL, 0)
    if p.context.related or t["related_rows"]:
        out["K11"] = (ratio(related_in, v.gross_in), ratio(related_out, v.gross_out))
        out["K12"] = (yuan(related_in - related_out),)
    else:
        out["K11"], out["K12"] = (NOT_SUPPLIED, NOT_SUPPLIED), (NOT_SUPPLIED,)
    if p.legal_list:
        came, went = t["legal_in"], t["legal_out"]
        out["K13"] = (yuan(came), yuan(went), yuan(came - went))
    else:
        out["K13"] = (NOT_SUPPLIED,) * 3
    out["K14"] = (ratio(t["core"], v.oi) if p.context.core_buyers else NOT_SUPPLIED,)
    banks = p.r2.bank.codes[p.oi.at[p.oi.span(v.em0, v.em1)]]
    out["K15"] = (int(np.count_nonzero(np.bincount(banks + 1, minlength=1)[1:])),)


def _descending(sums: Ints) -> Ints:
    return np.sort(sums[sums > 0])[::-1]


def _seen(v: View, low: int, high: int) -> Ints:
    """Per counterparty, in how many of the months low to high - 1 it paid."""
    p = v.p
    return np.bincount(p.cell_cp[p.cell_starts[low] : p.cell_starts[high]], minlength=p.n_cp)


def _loyalty(v: View, oi_of: Ints, out: Lines) -> None:
    p, end = v.p, v.em1
    if v.enough("K05"):
        late, early = _seen(v, end - 6, end) > 0, _seen(v, end - 12, end - 6) > 0
        out["K05"] = (ratio(int(np.count_nonzero(late & early)), int(np.count_nonzero(early))),)
    else:
        out["K05"] = (SHORT,)
    out["K06"] = (ratio(int(oi_of[_seen(v, v.em0, end) >= 3].sum()), v.oi),)
    if v.enough("K07"):
        span = p.oi.span(end - 3, end)
        codes = p.oi.cp[span]
        known = codes >= 0
        new = p.first_month[codes[known]] >= end - 3
        out["K07"] = (ratio(int(p.oi.amount[span][known][new].sum()), sum(v.oi_m[-3:])),)
    else:
        out["K07"] = (SHORT,)


def _receipts(v: View, oi_of: Ints, out: Lines) -> None:
    """K08 and K16: a receipt is a day with OI of one counterparty."""
    p = v.p
    inside = (p.receipt_day >= v.d0) & (p.receipt_day < v.d1)
    cp, day = p.receipt_cp, p.receipt_day
    if not inside.all():
        cp, day = cp[inside], day[inside]
    count = np.bincount(cp, minlength=p.n_cp)
    first = np.concatenate(([0], np.cumsum(count)))  # rows of a counterparty stand together, in order of days
    terms: list[tuple[int, int, int]] = []
    for party in leading(oi_of, 5, p.cp_values):
        days = day[first[party] : first[party + 1]]
        if len(days) < 3:
            continue
        gaps = days[1:] - days[:-1]
        n, total = len(gaps), int(days[-1] - days[0])
        terms.append((int(oi_of[party]), n * int(np.dot(gaps, gaps)) - total * total, total))
    out["K08"] = (weighted_regularity(terms) if terms else FEW,)
    out["K16"] = (_median_gap(cp, day, count, oi_of),)


def leading(sums: Ints, n: int, names: list[str]) -> list[int]:
    """The n counterparties with the largest sums; ties by the cp string (rule 14)."""
    have = np.flatnonzero(sums)
    if len(have) > n:
        limit = np.partition(sums[have], len(have) - n)[len(have) - n]
        have = have[sums[have] >= limit]
    return sorted(have.tolist(), key=lambda party: (-int(sums[party]), names[party]))[:n]


def _median_gap(cp: Ints, day: Ints, count: Ints, oi_of: Ints) -> Cell:
    often = count >= 4
    if not often.any():
        return FEW
    gap = day[1:] - day[:-1]
    inside = (cp[1:] == cp[:-1]) & often[cp[1:]]
    # one sort of (counterparty, gap) puts every counterparty's gaps in order
    key = np.sort((cp[1:][inside] << 24) | gap[inside])
    gaps = key & 0xFFFFFF
    n = count[often] - 1
    start = np.cumsum(n) - n
    twice = gaps[start + (n - 1) // 2] + gaps[start + n // 2]
    weight = oi_of[often].tolist()
    return dec4(sum(w * g for w, g in zip(weight, twice.tolist(), strict=True)), 2 * sum(weight))


__all__ = ["leading", "parties", "sums_by_party"]
