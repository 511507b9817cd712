"""A01, A03-A14, A16: authenticity and anomaly signals of one account (3.9.5 and rule 29).

A02 and A15, which look at several accounts together, live in ``across``.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

from xinqiao.domain.fundflow.across import circular_flow_share, self_transfer_unpaired
from xinqiao.domain.fundflow.books import OUTSIDE, Books, Entry, by_day, total
from xinqiao.domain.fundflow.cues import Label
from xinqiao.domain.fundflow.figures import Figure, NullReason, median, ratio
from xinqiao.domain.fundflow.labels import is_frozen
from xinqiao.domain.fundflow.normal import normal_name
from xinqiao.domain.fundflow.rules import Rule

_TEN_THOUSAND_YUAN = 1_000_000
_MAD_SCALE = Fraction(14826, 10000)
_DAY_SECONDS = 86_400
_TOO_FEW = NullReason.TOO_FEW_OBSERVATIONS
_NOT_SUPPLIED = NullReason.LIST_NOT_SUPPLIED


def _soon_after(credit: Entry, debit: Entry) -> bool:
    """Within 24 hours when both rows have a time, else within 2 calendar days (rule 29)."""
    days = debit.day - credit.day
    if credit.row.second is not None and debit.row.second is not None:
        return days * _DAY_SECONDS + debit.row.second - credit.row.second <= _DAY_SECONDS
    return days <= 2


def _three_largest(candidates: Sequence[tuple[Entry, int]]) -> tuple[int, set[str | None]]:
    """The sum of the three largest counterparties among (row, amount left), and who they are (rule 29).

    Rows without a counterparty are one. Ties: the one whose first row comes first.
    """
    sums: dict[str | None, int] = {}
    for entry, left in candidates:
        sums[entry.cp] = sums.get(entry.cp, 0) + left
    # sums stand in the order of the first rows, and sorting keeps that order among equals
    top = sorted(sums, key=lambda cp: -sums[cp])[:3]
    return sum(sums[cp] for cp in top), set(top)


def quick_in_out_share(b: Books) -> Figure:
    """A01, rule 29."""
    debits = [e for e in b.r2 if e.sign < 0 and e.label is not Label.REV]
    left = [e.amount for e in debits]
    start, quick = 0, 0
    for credit in b.directed(1):
        if credit.label is Label.REV:
            continue
        while start < len(debits) and debits[start].position < credit.position:
            start += 1
        near: list[int] = []
        for i in range(start, len(debits)):
            if debits[i].day - credit.day > 2:
                break
            if left[i] and _soon_after(credit, debits[i]):
                near.append(i)
        gone, parties = _three_largest([(debits[i], left[i]) for i in near])
        if 10 * gone < 9 * credit.amount:
            continue
        quick += credit.amount
        to_cover = credit.amount
        for i in near:
            if debits[i].cp in parties and to_cover:
                used = min(left[i], to_cover)
                left[i] -= used
                to_cover -= used
    return ratio(quick, b.gross_in)


def identical_pairs(b: Books) -> dict[str, Figure]:
    """A03: each row pairs with the earliest earlier unpaired mirror image, 3 days back at most."""
    waiting: dict[tuple[str, int, int], list[Entry]] = {}
    count, amount = 0, 0
    for e in b.flows:
        if e.label in OUTSIDE or e.cp is None:
            continue
        mirror = waiting.get((e.cp, e.amount, -e.sign), [])
        while mirror and e.day - mirror[0].day > 3:
            mirror.pop(0)
        if mirror:
            mirror.pop(0)
            count += 1
            amount += e.amount
        else:
            waiting.setdefault((e.cp, e.amount, e.sign), []).append(e)
    return {"count": count, "amount": amount}


def round_amount_share(b: Books) -> Figure:
    """A04, both directions."""
    rows = b.labelled(Label.TRADE)
    return ratio(sum(e.amount % _TEN_THOUSAND_YUAN == 0 for e in rows), len(rows))


def _benford_logs() -> tuple[Fraction, ...]:
    with localcontext() as context:
        context.prec = 60
        return tuple(Fraction((1 + Decimal(1) / d).log10()) for d in range(1, 10))


_BENFORD = _benford_logs()


def benford_mad(b: Books) -> Figure:
    """A05: mean of the 9 deviations; at least 300 rows.

    60 digits decide the four that are shown: a sum of these logarithms with signs is irrational unless all
    signs agree, which shares that add up to one do not allow.
    """
    if len(b.flows) < 300:
        return _TOO_FEW
    counts = [0] * 9
    for e in b.flows:
        counts[int(str(e.amount)[0]) - 1] += 1
    n = len(b.flows)
    gaps = (abs(Fraction(count, n) - log) for count, log in zip(counts, _BENFORD, strict=True))
    return sum(gaps, Fraction()) / 9


def repeated_amount_share(b: Books) -> Figure:
    """A06: credits that are not PAYROLL or RENT."""
    amounts = [e.amount for e in b.directed(1) if e.label not in (Label.PAYROLL, Label.RENT)]
    counts: dict[int, int] = {}
    for amount in amounts:
        counts[amount] = counts.get(amount, 0) + 1
    return ratio(sum(amount * n for amount, n in counts.items() if n >= 5), b.gross_in)


def off_pattern_spike(b: Books) -> Figure:
    """A07: days with OI, at least 30."""
    days = list(b.oi_by_day.values())
    if len(days) < 30:
        return _TOO_FEW
    centre = median(days)
    deviation = median([abs(x - centre) for x in days])
    return ratio(max(days) - centre, _MAD_SCALE * deviation)


def pre_application_lift(b: Books) -> Figure:
    """A08: rows up to R, also outside E."""
    applied = b.context.application_day
    p = applied.toordinal() if applied else b.window.as_of + 1
    since = b.window.opened_on if b.window.opened_on is not None else b.r1[0].day
    if since > p - 180:
        return NullReason.SHORT_HISTORY
    near = total(e for e in b.oi_ever if p - 30 <= e.day <= p - 1)
    before = total(e for e in b.oi_ever if p - 180 <= e.day <= p - 31)
    return ratio(Fraction(near, 30), Fraction(before, 150))


def dormant_wake(b: Books) -> int:
    """A09: gaps from R1, at least 60 days without a row between two rows, the later one in E."""
    active = [amount for amount in b.oi_months if amount > 0]
    if not active:
        return 0
    usual = median(active)
    daily = by_day(b.oi_ever)
    wakes = 0
    for before, row in pairwise(b.r1):
        if row.day - before.day > 60 and b.window.holds(row.day):
            wakes += sum(daily.get(day, 0) for day in range(row.day, row.day + 10)) >= usual
    return wakes


def split_deposit_count(b: Books) -> int:
    """A10: days with at least 3 cash-ins from 0.8 L up to, not including, L."""
    limit = b.context.cash_limit
    days: dict[int, int] = {}
    for e in b.labelled(Label.CASH, 1):
        if 8 * limit <= 10 * e.amount < 10 * limit:
            days[e.day] = days.get(e.day, 0) + 1
    return sum(n >= 3 for n in days.values())


def high_risk_cp_share(b: Books) -> Figure:
    """A11."""
    if not b.context.high_risk:
        return _NOT_SUPPLIED
    hit = total(e for e in b.flows if e.row.name in b.context.high_risk)
    return ratio(hit, b.gross_in + b.gross_out)


def invoice_match_share(b: Books) -> Figure:
    """A12: same buyer, amount within 2 percent of the invoice, 0 to 180 days after it.

    The dictionary leaves the choice among several open; here each receipt, in order, takes the earliest invoice
    still free (ties: as listed), and each invoice serves once.
    """
    if not b.context.invoices:
        return _NOT_SUPPLIED
    free: dict[str, list[tuple[int, int]]] = {}
    for invoice in b.context.invoices:
        free.setdefault(normal_name(invoice.buyer), []).append((invoice.day.toordinal(), invoice.amount))
    for listed in free.values():
        listed.sort(key=lambda item: item[0])
    matched = 0
    for e in b.oi_rows:
        candidates = free.get(e.row.name, []) if e.row.name else []
        for i, (day, amount) in enumerate(candidates):
            if 0 <= e.day - day <= 180 and 50 * abs(e.amount - amount) <= abs(amount):
                del candidates[i]
                matched += e.amount
                break
    return ratio(matched, b.oi)


def tax_declared_gap(b: Books) -> Figure:
    """A13."""
    declared = b.context.declared_sales
    if declared is None:
        return _NOT_SUPPLIED
    share = ratio(min(b.oi, declared), max(b.oi, declared))
    return share if isinstance(share, NullReason) else 1 - share


def text_reuse_share(b: Books) -> Figure:
    """A14: per counterparty its most frequent non-empty text, ties the smallest in code-point order."""
    texts: dict[str, dict[str, int]] = {}
    for e in b.flows:
        if e.cp is not None and e.row.text:
            seen = texts.setdefault(e.cp, {})
            seen[e.row.text] = seen.get(e.row.text, 0) + 1
    users: dict[str, set[str]] = {}
    for cp, seen in texts.items():
        top = min(seen.items(), key=lambda item: (-item[1], item[0]))[0]
        users.setdefault(top, set()).add(cp)
    reused = sum(1 for e in b.flows if e.cp is not None and users.get(e.row.text, set()) - {e.cp})
    return ratio(reused, len(b.flows))


def frozen_events(b: Books) -> dict[str, Figure]:
    """A16."""
    rows = [e for e in b.flows if is_frozen(e.row)]
    return {"count": len(rows), "amount": total(rows)}


RULES: Mapping[str, Rule] = {
    "A01": quick_in_out_share,
    "A02": circular_flow_share,
    "A03": identical_pairs,
    "A04": round_amount_share,
    "A05": benford_mad,
    "A06": repeated_amount_share,
    "A07": off_pattern_spike,
    "A08": pre_application_lift,
    "A09": dormant_wake,
    "A10": split_deposit_count,
    "A11": high_risk_cp_share,
    "A12": invoice_match_share,
    "A13": tax_declared_gap,
    "A14": text_reuse_share,
    "A15": self_transfer_unpaired,
    "A16": frozen_events,
}
