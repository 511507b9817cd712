"""Lines D01-D24 (debt, tax, wages, rent, utilities) of the dictionary.

Loan rows are few, so the lines that follow single loans walk over them as plain lists.
"""

from fractions import Fraction
from itertools import pairwise

import numpy as np

from xinqiao.domain.fundflow import cues
from xinqiao.domain.fundflow.cues import Label, LenderKind
from xinqiao.provider.engine.exact import Ints, dec4, median_of, percentile, root4, yuan
from xinqiao.provider.engine.flows import trend
from xinqiao.provider.engine.labelling import NUMBER
from xinqiao.provider.engine.prepared import Prepared
from xinqiao.provider.engine.window import FEW, SHORT, ZERO, Cell, Lines, View, ratio


def debts(v: View, out: Lines) -> None:
    """All D lines but D07 and D12, which need no window."""
    _loans(v, out)
    _fixed(v, out)


def _loans(v: View, out: Lines) -> None:
    p, t = v.p, v.t
    ins = [i for i in p.loan_rows[0] if v.s0 <= i < v.s1]
    outs = [i for i in p.loan_rows[1] if v.s0 <= i < v.s1]
    by_kind = dict.fromkeys(LenderKind, 0)
    for i in ins:
        by_kind[lender_kind(p, i)] += int(p.r2.amount[i])
    out["D01"] = (yuan(v.sum_of(Label.LOAN_IN, 1)), *(yuan(by_kind[kind]) for kind in LenderKind))
    paid, paid_m = v.sum_of(Label.LOAN_OUT, 0), v.months_of(Label.LOAN_OUT, 0)
    out["D02"] = (yuan(paid),)
    out["D03"] = (yuan(*median_of(paid_m)) if v.k else SHORT,)
    out["D04"] = (ratio(v.oi - v.oo, paid),)
    out["D05"] = (ratio(paid, v.oi),)
    late = p.starts2[v.em1 - 3] if v.enough("D06") else 0
    out["D06"] = (len({int(p.cp[i]) for i in outs if i >= late}) if v.enough("D06") else SHORT,)
    out["D08"] = (_regular(v) if v.enough("D08") else SHORT,)
    out["D09"] = (_refinanced(p, ins, outs),)
    out["D10"] = (_bridges(v, ins, outs),)
    out["D11"] = (t["penalty"],)
    out["D13"] = (_interest(v),)
    free = [i - o - d for i, o, d in zip(v.oi_m, v.oo_m, paid_m, strict=True)]
    out["D23"] = (yuan(*median_of(free)) if v.k else SHORT,)
    if v.k:
        num, den = percentile(sorted(free), 30)
        out["D24"] = (yuan(max(0, num), den),)
    else:
        out["D24"] = (SHORT,)


def lender_kind(p: Prepared, row: int) -> LenderKind:
    """Kind of the lender of a loan row (rule 16)."""
    code = int(p.r2.name.codes[row])
    name = p.r2.name.values[code] if code >= 0 else ""
    if any(cue in name for cue in cues.MICRO_LENDER_CUES):
        return LenderKind.MICRO_LENDER
    if any(cue in name for cue in cues.CONSUMER_FINANCE_CUES):
        return LenderKind.CONSUMER_FINANCE
    kind = p.r2.kind.values[int(p.r2.kind.codes[row])]
    if any(cue in name for cue in cues.BANK_CUES) or kind == "financial_institution" or p.cp[row] < 0:
        return LenderKind.BANK
    return LenderKind.PERSON if p.person[row] else LenderKind.OTHER


def new_lenders(p: Prepared) -> int:
    """Lenders whose first LOAN_IN ever lies in the last 90 days (D07)."""
    first: dict[int, int] = {}
    for i in p.loan_rows[0]:
        first.setdefault(int(p.cp[i]), int(p.r2.day[i]))
    return sum(day >= p.as_of - 89 for day in first.values())


def returned_items(p: Prepared) -> tuple[Cell, ...]:
    """Flag RETURNED in the last 30, 60 and 90 days (D12)."""
    return tuple(int(np.count_nonzero(p.returned_days >= p.as_of - n)) for n in (29, 59, 89))


def _regular(v: View) -> Cell:
    months: dict[int, list[tuple[int, int]]] = {}
    for (lender, month), paid in v.p.main_days[NUMBER[Label.LOAN_OUT]].items():
        if v.mm0 <= month < v.em1:
            months.setdefault(lender, []).append(paid)
    value, weights = Fraction(0), 0
    for paid_on in months.values():
        if len(paid_on) < 3:
            continue
        times: dict[int, int] = {}
        for day, _ in paid_on:
            times[day] = times.get(day, 0) + 1
        mode = min(times, key=lambda day: (-times[day], day))
        weight = sum(fen for _, fen in paid_on)
        value += Fraction(weight * sum(abs(day - mode) <= 3 for day, _ in paid_on), len(paid_on))
        weights += weight
    return dec4(value.numerator, value.denominator * weights) if weights else FEW


def _refinanced(p: Prepared, ins: list[int], outs: list[int]) -> int:
    day, amount, cp = p.r2.day, p.r2.amount, p.cp
    used: set[int] = set()
    for i in ins:
        got = int(amount[i])
        for j in outs:
            if j < i or j in used:
                continue
            if day[j] - day[i] > 7:
                break
            if cp[j] != cp[i] and 4 * got <= 5 * int(amount[j]) and 5 * int(amount[j]) <= 6 * got:
                used.add(j)
                break
    return len(used)


def _bridges(v: View, ins: list[int], outs: list[int]) -> int:
    """D10: money of a third party pays a loan, a new loan pays it back."""
    if not ins or not outs:
        return 0
    p = v.p
    day, amount, cp = p.r2.day, p.r2.amount, p.cp
    num, den = percentile(sorted(int(amount[i]) for i in outs), 95)
    helpers = [i for i in p.helpers if v.s0 <= i < v.s1]
    if not helpers:
        return 0
    span = slice(v.s0, v.s1)
    backs: dict[int, list[int]] = {}
    wanted = np.isin(cp[span], cp[helpers]) & ~p.r2.inward[span]
    for j in (np.flatnonzero(wanted) + v.s0).tolist():
        backs.setdefault(int(cp[j]), []).append(j)
    count = 0
    for r in outs:
        repaid = int(amount[r])
        if repaid * den < num:
            continue
        first, last = int(day[r]) - 3, int(day[r]) + 10
        given = [h for h in helpers if h < r and day[h] >= first and 5 * int(amount[h]) >= 4 * repaid]
        loans = [q for q in ins if q > r and day[q] <= last and 5 * int(amount[q]) >= 4 * repaid]
        count += any(
            cp[q] != cp[h] and s > q and day[s] <= last and 5 * int(amount[s]) >= 4 * int(amount[h])
            for h in given
            for q in loans
            for s in backs.get(int(cp[h]), ())
        )
    return count


def _interest(v: View) -> Cell:
    p = v.p
    if not p.loan_rows[0] and not p.loan_rows[1]:
        return ZERO
    net = np.zeros(p.days, np.int64)
    for rows, sign in zip(p.loan_rows, (1, -1), strict=True):
        np.add.at(net, p.offset[rows], sign * p.r2.amount[rows])
    owed: Ints = np.cumsum(net)
    floor = min(0, int(owed[: v.d1].min()))
    lent = int(owed[v.d0 : v.d1].sum()) - v.d_e * floor
    return ratio(v.sum_of(Label.INT, 0) * 365, lent)


def _fixed(v: View, out: Lines) -> None:
    k = v.k

    def continuity(label: Label) -> Cell:
        return ratio(sum(x > 0 for x in v.months_of(label, 0)), k) if k else SHORT

    out["D14"] = (continuity(Label.TAX),)
    out["D15"] = (ratio(v.sum_of(Label.TAX, 0), v.oi),)
    out["D16"] = (continuity(Label.SOCIAL),)
    out["D17"] = (continuity(Label.PAYROLL), _pay_day_sd(v) if k else SHORT)
    out["D18"] = (trend(v.months_of(Label.PAYROLL, 0)) if v.enough("D18") else SHORT,)
    out["D19"] = (continuity(Label.UTIL),)
    if v.enough("D20"):
        power = v.months_of(Label.UTIL, 0)
        late, early = sum(power[-6:]), sum(power[-12:-6])
        oi_late, oi_early = sum(v.oi_m[-6:]), sum(v.oi_m[-12:-6])
        out["D20"] = (ratio(late * oi_early - early * oi_late, early * oi_late) if oi_early else ZERO,)
    else:
        out["D20"] = (SHORT,)
    out["D21"] = (_rent(v),)
    out["D22"] = (yuan(v.sum_of(Label.DEPOSIT_GUAR, 0) - v.sum_of(Label.DEPOSIT_GUAR, 1)),)


def _pay_day_sd(v: View) -> Cell:
    days = [
        day for (_, month), (day, _) in v.p.main_days[NUMBER[Label.PAYROLL]].items() if v.mm0 <= month < v.em1
    ]
    n, total = len(days), sum(days)
    if n < 2:
        return FEW
    return root4(n * sum(d * d for d in days) - total * total, n * n)


def _rent(v: View) -> Cell:
    paid = [bool(x) for x in v.months_of(Label.RENT, 0)]
    months = [i for i, have in enumerate(paid) if have]
    if len(months) < 2:
        return FEW
    num, den = median_of([later - earlier for earlier, later in pairwise(months)])
    if num < 2 * den:
        return ratio(len(months), v.k)
    first = next((i for i, number in enumerate(v.month_numbers[:3]) if number % 3 == 0), v.k)
    quarters = [paid[i : i + 3] for i in range(first, v.k - 2, 3)]
    return ratio(sum(map(any, quarters)), len(quarters)) if quarters else SHORT
