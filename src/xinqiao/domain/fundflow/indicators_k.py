"""K01-K16: counterparties and concentration, literally as the dictionary says (3.9.5)."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise

from xinqiao.domain.fundflow.books import OUTSIDE, Books, Entry, by_cp, leading, total
from xinqiao.domain.fundflow.cues import Label
from xinqiao.domain.fundflow.figures import Exact, Figure, NullReason, mean, median, ratio, root, variance
from xinqiao.domain.fundflow.labels import is_person_name
from xinqiao.domain.fundflow.rules import Rule

_NOT_SUPPLIED = NullReason.LIST_NOT_SUPPLIED


def n_parties(b: Books) -> dict[str, Figure]:
    """K01."""
    return {"n_customers": len(b.oi_by_cp), "n_suppliers": len(by_cp(b.trade_out))}


def top_share(sums: dict[str, int], n: int, base: int) -> Figure:
    """Sum of the n leading counterparties over the base."""
    return ratio(sum(amount for _, amount in leading(sums)[:n]), base)


def hhi(sums: dict[str, int], base: int) -> Figure:
    """Σ share², scale 0 to 1."""
    return ratio(sum(amount * amount for amount in sums.values()), base * base)


def top_in(b: Books) -> dict[str, Figure]:
    """K02: over all OI, also rows without a counterparty."""
    return {f"top{n}": top_share(b.oi_by_cp, n, b.oi) for n in (1, 5, 10)}


def top5_out_share(b: Books) -> Figure:
    """K03."""
    return top_share(by_cp(b.trade_out), 5, total(b.trade_out))


def concentration(b: Books) -> dict[str, Figure]:
    """K04."""
    return {"hhi_in": hhi(b.oi_by_cp, b.oi), "hhi_out": hhi(by_cp(b.trade_out), total(b.trade_out))}


def retention(b: Books, entries: Iterable[Entry]) -> Figure:
    """Counterparties of both the last 6 months and the 6 before, over those of the 6 before."""
    pool = list(entries)
    now = by_cp(b.in_last_months(pool, 6)).keys()
    before = by_cp(b.in_last_months(pool, 6, skip=6)).keys()
    return ratio(len(now & before), len(before))


def customer_retention(b: Books) -> Figure:
    """K05."""
    return retention(b, b.oi_rows)


def recurring_share(b: Books, entries: Iterable[Entry]) -> Figure:
    """Amount of counterparties with an entry in at least 3 calendar months of E, over the amount."""
    pool = list(entries)
    months: dict[str, set[int]] = {}
    calendar = [(m.first, m.last) for m in b.window.calendar]
    for entry in pool:
        if entry.cp is not None:
            index = next(i for i, (low, high) in enumerate(calendar) if low <= entry.day <= high)
            months.setdefault(entry.cp, set()).add(index)
    recurring = {cp for cp, seen in months.items() if len(seen) >= 3}
    return ratio(total(e for e in pool if e.cp in recurring), total(pool))


def repeat_customer_share(b: Books) -> Figure:
    """K06."""
    return recurring_share(b, b.oi_rows)


def new_share(b: Books, entries: Iterable[Entry], ever: Iterable[Entry]) -> Figure:
    """Amount of the last 3 months with counterparties first seen there, over the amount of those months.

    ``ever`` are the same kind of rows over all of R2 up to R.
    """
    first_day: dict[str, int] = {}
    for entry in ever:
        if entry.cp is not None:
            first_day[entry.cp] = min(entry.day, first_day.get(entry.cp, entry.day))
    recent = b.in_last_months(entries, 3)
    since = b.months[-3].first
    return ratio(total(e for e in recent if e.cp is not None and first_day[e.cp] >= since), total(recent))


def new_customer_oi_share(b: Books) -> Figure:
    """K07: "ever" is over R2."""
    return new_share(b, b.oi_rows, b.oi_ever)


def receipt_days(b: Books) -> dict[str, list[int]]:
    """Counterparty → days with OI of it, ascending: a receipt is a day (K08)."""
    days: dict[str, set[int]] = {}
    for entry in b.oi_rows:
        if entry.cp is not None:
            days.setdefault(entry.cp, set()).add(entry.day)
    return {cp: sorted(found) for cp, found in days.items()}


def _intervals(days: list[int]) -> list[int]:
    return [later - earlier for earlier, later in pairwise(days)]


def _weighted(pairs: list[tuple[Fraction, int]]) -> Figure:
    """Mean of (value, weight) pairs by weight."""
    if not pairs:
        return NullReason.TOO_FEW_OBSERVATIONS
    return sum((value * weight for value, weight in pairs), Fraction()) / sum(w for _, w in pairs)


def regularity_top_customer(b: Books) -> Figure:
    """K08: 1 - CV of the intervals between receipts, floored at 0, top 5 counterparties by OI."""
    days = receipt_days(b)
    pairs: list[tuple[Fraction, int]] = []
    for cp, amount in leading(b.oi_by_cp)[:5]:
        gaps = _intervals(days[cp])
        if len(gaps) >= 2:
            spread = root(variance(gaps) / mean(gaps) ** 2)
            pairs.append((max(Fraction(), 1 - spread), amount))
    return _weighted(pairs)


def both_way_share(b: Books) -> Figure:
    """K09."""
    out = by_cp(b.oo_rows)
    both = (
        amount
        for cp, amount in b.oi_by_cp.items()
        if cp in out and 2 * min(amount, out[cp]) >= max(amount, out[cp])
    )
    return ratio(sum(both), b.gross_in)


def _by_direction(b: Books, name: str, entries: Iterable[Entry]) -> dict[str, Figure]:
    pool = list(entries)
    return {
        f"{name}_in": ratio(total(e for e in pool if e.sign > 0), b.gross_in),
        f"{name}_out": ratio(total(e for e in pool if e.sign < 0), b.gross_out),
    }


def personal_share(b: Books) -> dict[str, Figure]:
    """K10: any label but REV, SELF."""
    return _by_direction(b, "personal", (e for e in b.flows if e.person and e.label not in OUTSIDE))


def related_known(b: Books) -> bool:
    """Whether K11 and K12 have anything to rest on: a list, or a row the bank itself marked."""
    return bool(b.context.related) or any(e.row.kind == "related_party" for e in b.flows)


def related_share(b: Books) -> Mapping[str, Figure] | NullReason:
    """K11."""
    return _by_direction(b, "related", b.labelled(Label.REL)) if related_known(b) else _NOT_SUPPLIED


def intergroup_net(b: Books) -> Figure:
    """K12."""
    return sum(e.row.signed for e in b.labelled(Label.REL)) if related_known(b) else _NOT_SUPPLIED


def legal_rep_transfers(b: Books) -> Mapping[str, Exact] | NullReason:
    """K13: the natural persons of the related list, by the name rule alone."""
    people = {name for name in b.context.related if is_person_name(name)}
    if not people:
        return _NOT_SUPPLIED
    rows = [e for e in b.flows if e.row.name in people and e.label not in OUTSIDE]
    came = total(e for e in rows if e.sign > 0)
    went = total(e for e in rows if e.sign < 0)
    return {"legal_rep_in": came, "legal_rep_out": went, "legal_rep_net": came - went}


def core_buyer_share(b: Books) -> Figure:
    """K14."""
    if not b.context.core_buyers:
        return _NOT_SUPPLIED
    return ratio(total(e for e in b.oi_rows if e.row.name in b.context.core_buyers), b.oi)


def counterparty_bank_spread(b: Books) -> int:
    """K15."""
    return len({e.row.cp_bank for e in b.oi_rows if e.row.cp_bank})


def collection_gap_days(b: Books) -> Figure:
    """K16: counterparties with at least 4 receipts."""
    return _weighted(
        [(median(_intervals(days)), b.oi_by_cp[cp]) for cp, days in receipt_days(b).items() if len(days) >= 4]
    )


RULES: Mapping[str, Rule] = {
    "K01": n_parties,
    "K02": top_in,
    "K03": top5_out_share,
    "K04": concentration,
    "K05": customer_retention,
    "K06": repeat_customer_share,
    "K07": new_customer_oi_share,
    "K08": regularity_top_customer,
    "K09": both_way_share,
    "K10": personal_share,
    "K11": related_share,
    "K12": intergroup_net,
    "K13": legal_rep_transfers,
    "K14": core_buyer_share,
    "K15": counterparty_bank_spread,
    "K16": collection_gap_days,
}
