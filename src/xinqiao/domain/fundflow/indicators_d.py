"""D01-D24: debt, tax, wages, utilities, literally as the dictionary says (3.9.5)."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise

from xinqiao.domain.fundflow.books import OUTSIDE, Books, Entry, by_day, total
from xinqiao.domain.fundflow.cues import Label, LenderKind
from xinqiao.domain.fundflow.figures import (
    Figure,
    NullReason,
    median,
    percentile,
    ratio,
    root,
    theil_sen,
    variance,
)
from xinqiao.domain.fundflow.labels import is_penalty, is_returned, lender_kind_of, lender_of
from xinqiao.domain.fundflow.rules import Rule


def _repayments(b: Books) -> tuple[Entry, ...]:
    return b.labelled(Label.LOAN_OUT, -1)


def loan_in(b: Books) -> dict[str, Figure]:
    """D01."""
    rows = b.labelled(Label.LOAN_IN, 1)
    figures: dict[str, Figure] = {"total": total(rows)}
    for kind in LenderKind:
        figures[kind.value] = total(e for e in rows if lender_kind_of(e.row) is kind)
    return figures


def loan_repay_total(b: Books) -> int:
    """D02."""
    return total(_repayments(b))


def debt_service_month(b: Books) -> Figure:
    """D03."""
    return median(b.monthly(_repayments(b)))


def dscr_flow(b: Books) -> Figure:
    """D04."""
    return ratio(b.oi - b.oo, loan_repay_total(b))


def debt_service_ratio(b: Books) -> Figure:
    """D05."""
    return ratio(loan_repay_total(b), b.oi)


def n_lenders_active(b: Books) -> int:
    """D06."""
    return len({lender_of(e.row) for e in b.in_last_months(_repayments(b), 3)})


def new_lender_90d(b: Books) -> int:
    """D07: lenders whose first LOAN_IN ever lies in [R - 89, R]."""
    first: dict[str, int] = {}
    for e in b.r2:
        if e.label is Label.LOAN_IN:
            first.setdefault(lender_of(e.row), e.day)
    return sum(day >= b.window.as_of - 89 for day in first.values())


def main_day(entries: Iterable[Entry]) -> int:
    """The day with the largest sum; ties: the earliest (D08, D17). ``entries`` are not empty."""
    return min(by_day(entries).items(), key=lambda item: (-item[1], item[0]))[0]


def month_days(b: Books, entries: Iterable[Entry]) -> dict[int, int]:
    """Month number in M → day of the month of :func:`main_day`, only months with an entry."""
    rows: dict[int, list[Entry]] = {}
    for e in entries:
        index = b.month_index(e.day)
        if index is not None:
            rows.setdefault(index, []).append(e)
    return {i: main_day(found) - b.months[i].first + 1 for i, found in sorted(rows.items())}


def usual_day(days: Iterable[int]) -> int:
    """The most frequent day of the month; ties: the smallest (D08). ``days`` are not empty."""
    counts: dict[int, int] = {}
    for day in days:
        counts[day] = counts.get(day, 0) + 1
    return min(counts.items(), key=lambda item: (-item[1], item[0]))[0]


def repay_regularity(b: Books) -> Figure:
    """D08: lenders with at least 3 months, weighted by their sum in M."""
    by_lender: dict[str, list[Entry]] = {}
    for e in _repayments(b):
        if b.month_index(e.day) is not None:
            by_lender.setdefault(lender_of(e.row), []).append(e)
    weighted, weights = Fraction(), 0
    for rows in by_lender.values():
        days = list(month_days(b, rows).values())
        if len(days) < 3:
            continue
        usual = usual_day(days)
        weighted += Fraction(sum(abs(day - usual) <= 3 for day in days), len(days)) * total(rows)
        weights += total(rows)
    return weighted / weights if weights else NullReason.TOO_FEW_OBSERVATIONS


def refinance_signal(b: Books) -> int:
    """D09: each LOAN_IN takes the first later unused LOAN_OUT to another lender, 0.8 to 1.2 times, 7 days."""
    used: set[int] = set()
    repaid = _repayments(b)
    for loan in b.labelled(Label.LOAN_IN, 1):
        for out in repaid:
            if out.position < loan.position or out.position in used:
                continue
            if out.day - loan.day > 7:
                break
            close = 8 * loan.amount <= 10 * out.amount <= 12 * loan.amount
            if close and lender_of(out.row) != lender_of(loan.row):
                used.add(out.position)
                break
    return len(used)


def _is_bridge(b: Books, r: Entry) -> bool:
    """Whether p, q and s of D10 exist around the repayment r."""
    near = [e for e in b.flows if r.day - 3 <= e.day <= r.day + 10]
    helpers = [
        e
        for e in near
        if e.position < r.position
        and e.sign > 0
        and e.cp is not None
        and (e.label is Label.REL or (e.person and e.label not in OUTSIDE))
        and 10 * e.amount >= 8 * r.amount
    ]
    loans = [
        e
        for e in near
        if e.position > r.position and e.label is Label.LOAN_IN and 10 * e.amount >= 8 * r.amount
    ]
    backs = [e for e in near if e.position > r.position and e.sign < 0]
    return any(
        q.cp != p.cp
        and any(s.position > q.position and s.cp == p.cp and 10 * s.amount >= 8 * p.amount for s in backs)
        for p in helpers
        for q in loans
    )


def bridge_signal(b: Books) -> int:
    """D10, all rows in E; a row may serve several repayments."""
    rows = _repayments(b)
    if not rows:
        return 0
    large = percentile([e.amount for e in rows], Fraction(95, 100))
    return sum(e.amount >= large and _is_bridge(b, e) for e in rows)


def penalty_fee_count(b: Books) -> int:
    """D11."""
    return sum(is_penalty(e.row, e.label) for e in b.flows)


def returned_items(b: Books) -> dict[str, Figure]:
    """D12: [R - 29, R], [R - 59, R], [R - 89, R]."""
    days = [e.day for e in b.r2 if is_returned(e.row, e.label)]
    return {f"d{n}": sum(day > b.window.as_of - n for day in days) for n in (30, 60, 90)}


def interest_paid_rate(b: Books) -> Figure:
    """D13: S(d) over all of R2; L(d) = S(d) - min(0, min S up to b)."""
    moves: dict[int, int] = {}
    for e in b.r2:
        if e.day <= b.window.end and e.label in (Label.LOAN_IN, Label.LOAN_OUT):
            moves[e.day] = moves.get(e.day, 0) + e.row.signed
    level, lowest = 0, 0
    levels: list[tuple[int, int]] = []
    for day, move in sorted(moves.items()):
        level += move
        lowest = min(lowest, level)
        levels.append((day, level))
    balance_days = 0
    current, position = 0, 0
    for day in range(b.window.first, b.window.end + 1):
        while position < len(levels) and levels[position][0] <= day:
            current = levels[position][1]
            position += 1
        balance_days += current - lowest
    return ratio(total(b.labelled(Label.INT, -1)) * 365, balance_days)


def _continuity(label: Label) -> Rule:
    def share_of_months(b: Books) -> Figure:
        return ratio(sum(amount > 0 for amount in b.monthly(b.labelled(label, -1))), b.k)

    return share_of_months


def tax_to_oi(b: Books) -> Figure:
    """D15."""
    return ratio(total(b.labelled(Label.TAX, -1)), b.oi)


def payroll_continuity(b: Books) -> dict[str, Figure]:
    """D17: sd of the pay day over at least 2 months."""
    days = list(month_days(b, b.labelled(Label.PAYROLL, -1)).values())
    spread: Figure = root(variance(days)) if len(days) >= 2 else NullReason.TOO_FEW_OBSERVATIONS
    return {"payroll_continuity": ratio(len(days), b.k), "payroll_day_sd": spread}


def payroll_trend(b: Books) -> Figure:
    """D18: over the median of all of M."""
    months = b.monthly(b.labelled(Label.PAYROLL, -1))
    return ratio(theil_sen(list(enumerate(months))), median(months))


def utility_intensity_change(b: Books) -> Figure:
    """D20: any of the three denominators 0 is ZERO_DENOMINATOR."""
    util = b.monthly(b.labelled(Label.UTIL, -1))
    now = ratio(sum(util[-6:]), sum(b.oi_months[-6:]))
    before = ratio(sum(util[-12:-6]), sum(b.oi_months[-12:-6]))
    if isinstance(now, NullReason) or isinstance(before, NullReason):
        return NullReason.ZERO_DENOMINATOR
    change = ratio(now, before)
    return change if isinstance(change, NullReason) else change - 1


def quarters_paid(b: Books, months: list[int]) -> tuple[int, int]:
    """(calendar quarters wholly in M with an amount, such quarters), from amounts per month of M."""
    by_quarter: dict[int, list[int]] = {}
    for month, amount in zip(b.months, months, strict=True):
        by_quarter.setdefault(month.number // 3, []).append(amount)
    whole = [amounts for amounts in by_quarter.values() if len(amounts) == 3]
    return sum(any(amounts) for amounts in whole), len(whole)


def rent_continuity(b: Books) -> Figure:
    """D21: monthly payers by month, others by calendar quarter."""
    months = b.monthly(b.labelled(Label.RENT, -1))
    paid = [i for i, amount in enumerate(months) if amount > 0]
    if len(paid) < 2:
        return NullReason.TOO_FEW_OBSERVATIONS
    gaps = [later - earlier for earlier, later in pairwise(paid)]
    if median(gaps) < 2:
        return ratio(len(paid), b.k)
    with_rent, whole = quarters_paid(b, months)
    return ratio(with_rent, whole) if whole else NullReason.SHORT_HISTORY


def guarantee_deposit_net(b: Books) -> int:
    """D22."""
    return -sum(e.row.signed for e in b.labelled(Label.DEPOSIT_GUAR))


def _free_cash(b: Books) -> list[int]:
    repaid = b.monthly(_repayments(b))
    return [i - o - r for i, o, r in zip(b.oi_months, b.oo_months, repaid, strict=True)]


def free_cash_after_debt_month(b: Books) -> Figure:
    """D23."""
    return median(_free_cash(b))


def affordable_instalment(b: Books) -> Figure:
    """D24."""
    return max(Fraction(), percentile(_free_cash(b), Fraction(30, 100)))


RULES: Mapping[str, Rule] = {
    "D01": loan_in,
    "D02": loan_repay_total,
    "D03": debt_service_month,
    "D04": dscr_flow,
    "D05": debt_service_ratio,
    "D06": n_lenders_active,
    "D07": new_lender_90d,
    "D08": repay_regularity,
    "D09": refinance_signal,
    "D10": bridge_signal,
    "D11": penalty_fee_count,
    "D12": returned_items,
    "D13": interest_paid_rate,
    "D14": _continuity(Label.TAX),
    "D15": tax_to_oi,
    "D16": _continuity(Label.SOCIAL),
    "D17": payroll_continuity,
    "D18": payroll_trend,
    "D19": _continuity(Label.UTIL),
    "D20": utility_intensity_change,
    "D21": rent_continuity,
    "D22": guarantee_deposit_net,
    "D23": free_cash_after_debt_month,
    "D24": affordable_instalment,
}
