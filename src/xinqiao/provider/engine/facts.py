"""The facts the two products are made of, from columns (fund-flow rules 10.3 and 10.4).

Fills the same closed types as ``domain.fundflow.gather``; nothing that a type there cannot hold can leave from here.
"""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from functools import lru_cache

import numpy as np

from xinqiao.domain.fundflow.books import Statement
from xinqiao.domain.fundflow.cues import Label
from xinqiao.domain.fundflow.facts import (
    MINIMUM_CELL,
    RECENT_MONTHS,
    Concentration,
    Facts,
    KindCell,
    MonthFacts,
    MonthKey,
    Obligation,
    ObligationKind,
    ObligationMonth,
    Parameters,
    SummaryCell,
    Totals,
)
from xinqiao.domain.fundflow.figures import Figure, IndicatorValue, NullReason
from xinqiao.domain.fundflow.gather import gather_facts
from xinqiao.domain.fundflow.labels import purpose_of
from xinqiao.domain.fundflow.model import Channel, Context, CounterpartyKind, ParsedRows, PurposeKind
from xinqiao.provider.engine.exact import Bools, Ints, distinct, square_sum
from xinqiao.provider.engine.labelling import LABELS, NUMBER
from xinqiao.provider.engine.parties import sums_by_party
from xinqiao.provider.engine.prepared import CHANNELS, SAFE_TOTAL, Flow, Prepared, operating
from xinqiao.provider.engine.window import View

KINDS = tuple(CounterpartyKind)
PURPOSES = tuple(PurposeKind)
_CHANNELS = tuple(Channel)
_NO_KIND = len(KINDS)
_OBLIGATIONS: dict[ObligationKind, Label] = {
    ObligationKind.WAGES: Label.PAYROLL,
    ObligationKind.TAX: Label.TAX,
    ObligationKind.SOCIAL_INSURANCE: Label.SOCIAL,
    ObligationKind.UTILITIES: Label.UTIL,
    ObligationKind.RENT: Label.RENT,
    ObligationKind.LOAN_REPAYMENT: Label.LOAN_OUT,
}
#: label number → place in the above, -1 for a label that is none of them
_OBLIGATION_OF = np.full(len(LABELS), -1)
_OBLIGATION_OF[[NUMBER[label] for label in _OBLIGATIONS.values()]] = range(len(_OBLIGATIONS))


def facts_of_nothing(key: str, context: Context, foreign: int) -> Facts:
    """The facts of an account without a row: every figure is NO_ROWS."""
    return gather_facts(Statement(ParsedRows((), {key: key}, {key: foreign}), context).books(key))


def facts_of(v: View, indicators: dict[str, IndicatorValue], *, summary: bool = True) -> Facts:
    """All facts of one account with rows, seen through one window; ``summary`` costs a fifth of the time."""
    p = v.p
    own = foreign = 0
    if not v.empty:
        own = v.sum_of(Label.SELF, 1) + v.sum_of(Label.SELF, 0)
        foreign = int(p.r2.amount[v.s0 : v.s1][p.r2.foreign[v.s0 : v.s1]].sum())
    rows = _Cells(v) if not v.empty else None
    return Facts(
        parameters=_parameters(v),
        indicators=indicators,
        totals=_totals(v, own, foreign),
        income_expense_ratio=_seen(v, lambda: _ratio(v.oi, v.oo)),
        own_transfer_ratio=_seen(v, lambda: _ratio(own, v.gross)),
        non_cny_share=_seen(v, lambda: _ratio(foreign, v.gross)),
        months=_months(v) if rows else (),
        kinds=rows.kinds() if rows else (),
        summary=(rows.summary() if rows else ()) if summary else None,
        received=_concentration(v, p.oi),
        paid=_concentration(v, p.trade_out),
        obligations=_obligations(v),
    )


def _seen(v: View, figure: Callable[[], Figure], least: int = 0) -> Figure:
    if v.empty:
        return NullReason.NO_WINDOW
    return NullReason.SHORT_HISTORY if v.k < least else figure()


def _ratio(num: int, den: int) -> Figure:
    return Fraction(num, den) if den else NullReason.ZERO_DENOMINATOR


@lru_cache(maxsize=4096)
def _month(number: int) -> MonthKey:
    year, month = divmod(number, 12)
    return MonthKey(year, month + 1)


def _month_key(p: Prepared, month: int) -> MonthKey:
    return _month(p.base_month + month)


def _parameters(v: View) -> Parameters:
    p, c, seen = v.p, v.p.context, not v.empty
    return Parameters(
        as_of=date.fromordinal(p.as_of),
        months=v.months,
        period_from=date.fromordinal(v.a),
        period_to=date.fromordinal(v.b),
        observed_from=date.fromordinal(v.e) if seen else None,
        full_months=v.k if seen else 0,
        observed_days=v.d_e if seen else 0,
        known_days=v.n_known if seen else 0,
        window_days=v.window_days,
        opened_on=date.fromordinal(p.opened) if p.opened is not None else None,
        holder_supplied=bool(c.holder),
        bound_accounts=len(c.bound),
        related_names=len(c.related),
        core_buyer_names=len(c.core_buyers),
        high_risk_names=len(c.high_risk),
        application_day=c.application_day,
        cash_policy=c.cash_policy,
        cash_limit=c.cash_limit,
        duplicates_dropped=p.duplicates,
        reversal_pairs=p.reversal_pairs,
        foreign_left_out=p.foreign,
    )


def _largest(amounts: Ints) -> Figure:
    return int(amounts.max()) if len(amounts) else NullReason.TOO_FEW_OBSERVATIONS


def _totals(v: View, own: int, foreign: int) -> Totals:
    p = v.p
    active = 0
    if not v.empty:
        days = np.flatnonzero(p.rows_by_day[v.d0 : v.d1]) + v.d0
        active = len(distinct(p.month_of_day[days]))

    def largest(into: bool) -> Figure:
        span = slice(v.s0, v.s1)
        return _largest(p.r2.amount[span][p.r2.inward[span] == into])

    def end_of_day(pick: Callable[[Ints], int]) -> Figure:
        return int(pick(v.known)) if v.n_known else NullReason.NO_BALANCE

    return Totals(
        active_months=active,
        max_single_in=_seen(v, lambda: largest(True)),
        max_single_out=_seen(v, lambda: largest(False)),
        min_eod=_seen(v, lambda: end_of_day(np.min)),
        max_eod=_seen(v, lambda: end_of_day(np.max)),
        last_row=date.fromordinal(p.last_day),
        own_transfers=own,
        foreign=foreign,
    )


def _months(v: View) -> tuple[MonthFacts, ...]:
    """Parts C and D: every calendar month that E touches."""
    p, low, high = v.p, v.em0, v.em1
    cells, counts, cash = p.cells[low:high], p.counts[low:high], NUMBER[Label.CASH]
    amounts, rows = cells.sum(axis=1).tolist(), counts.sum(axis=1).tolist()
    income, expense = operating(p.context.cash_policy)
    oi, oo = cells[:, income, 1].sum(axis=1).tolist(), cells[:, expense, 0].sum(axis=1).tolist()
    cash_sums, cash_rows = cells[:, cash].tolist(), counts[:, cash].tolist()
    edges = np.maximum(p.month_starts[low:high], v.d0)
    last = np.append(edges[1:], v.d1) - 1
    eod, known = p.eod[: v.d1], p.eod_known[: v.d1]
    days = np.add.reduceat(known.astype(np.int64), edges).tolist()
    sums = np.add.reduceat(np.where(known, eod, 0), edges).tolist()
    lows = np.minimum.reduceat(np.where(known, eod, SAFE_TOTAL), edges).tolist()
    highs = np.maximum.reduceat(np.where(known, eod, -SAFE_TOTAL), edges).tolist()
    ends, ends_known = eod[last].tolist(), known[last].tolist()
    active = np.add.reduceat((p.rows_by_day[: v.d1] > 0).astype(np.int64), edges).tolist()
    span = slice(v.s0, v.s1)
    into, month = p.r2.inward[span], p.month[span] - low
    payers, payees = (_parties_by_month(v, month, side) for side in (into, ~into))
    largest = np.zeros(high - low, np.int64)
    np.maximum.at(largest, month[into], p.r2.amount[span][into])
    tops = largest.tolist()
    none, few = NullReason.NO_BALANCE, NullReason.TOO_FEW_OBSERVATIONS
    return tuple(
        MonthFacts(
            month=_month_key(p, low + i),
            full=low + i >= v.mm0,
            in_amount=amounts[i][1],
            in_count=rows[i][1],
            out_amount=amounts[i][0],
            out_count=rows[i][0],
            operating_in=oi[i],
            operating_out=oo[i],
            avg_daily_balance=Fraction(sums[i], days[i]) if days[i] else none,
            eom_balance=ends[i] if ends_known[i] else none,
            min_eod_balance=lows[i] if days[i] else none,
            max_eod_balance=highs[i] if days[i] else none,
            active_days=active[i],
            distinct_payers=payers[i],
            distinct_payees=payees[i],
            max_single_in=tops[i] or few,
            cash_deposit_amount=cash_sums[i][1],
            cash_deposit_count=cash_rows[i][1],
            cash_withdrawal_amount=cash_sums[i][0],
            cash_withdrawal_count=cash_rows[i][0],
        )
        for i in range(high - low)
    )


def _parties_by_month(v: View, month: Ints, side: Bools) -> list[int]:
    """Distinct known counterparties of one direction, per month that E touches."""
    p = v.p
    party = p.cp[v.s0 : v.s1]
    have = side & (party >= 0)
    width = max(p.n_cp, 1)
    pairs = distinct(month[have] * width + party[have])
    counts: list[int] = np.bincount(pairs // width, minlength=v.em1 - v.em0).tolist()
    return counts


class _Cells:
    """Rows of E by kind, purpose and channel, after the minimum-cell rule (rule 28)."""

    def __init__(self, v: View) -> None:
        p, span = v.p, slice(v.s0, v.s1)
        r = p.r2
        self.p = p
        self.amount, self.month = r.amount[span], p.month[span]
        self.out = (~r.inward[span]).astype(np.int64)
        self.cp = p.cp[span].astype(np.int64) + 1  # 0 is the missing counterparty, which counts as one
        self.person = p.person[span]
        self.n_cp = p.n_cp + 1
        unknown = KINDS.index(CounterpartyKind.UNKNOWN)
        kinds = np.array(
            [KINDS.index(CounterpartyKind(k)) if k in CounterpartyKind else unknown for k in r.kind.values]
        )
        kind = kinds[r.kind.codes[span]]
        # out first digit, so that in (0) stands before out (1)
        cell = self.out * (_NO_KIND + 1) + kind
        parties = np.bincount(distinct(cell * self.n_cp + self.cp) // self.n_cp, minlength=2 * (_NO_KIND + 1))
        small = parties[cell] < MINIMUM_CELL
        self.kind = np.where(small, _NO_KIND, kind)
        channels = np.array(
            [CHANNELS.index(c) if c in CHANNELS else CHANNELS.index(Channel.OTHER) for c in r.channel.values]
        )
        self.channel = channels[r.channel.codes[span]]
        self.purpose = self._purposes(span)

    def _purposes(self, span: slice) -> Ints:
        p = self.p
        code = p.r2.purpose.codes[span].astype(np.int64)
        key = (code * len(LABELS) + p.label[span]) * 2 + self.out
        found = distinct(key)
        table = []
        for item in found.tolist():
            rest, out = divmod(item, 2)
            number, label = divmod(rest, len(LABELS))
            table.append(
                PURPOSES.index(purpose_of(p.r2.purpose.values[number], LABELS[label], -1 if out else 1))
            )
        return np.array(table, np.int64)[np.searchsorted(found, key)] if len(found) else key

    def kinds(self) -> tuple[KindCell, ...]:
        """Part E."""
        key = self.out * (_NO_KIND + 1) + self.kind
        base = int(self.month.min()) if len(key) else 0
        width = int(self.month.max()) - base + 1 if len(key) else 1
        month_of, kind_month = np.divmod(distinct(key * width + self.month - base), width)
        months: dict[int, list[int]] = {}
        for item, month in zip(month_of.tolist(), kind_month.tolist(), strict=True):
            months.setdefault(item, []).append(month + base)
        cells = []
        for item, amount, count, parties, _ in self._grouped(key):
            out, kind = divmod(item, _NO_KIND + 1)
            seen = months[item]
            cells.append(
                KindCell(
                    sign=-1 if out else 1,
                    kind=None if kind == _NO_KIND else KINDS[kind],
                    amount=amount,
                    count=count,
                    distinct=parties,
                    months_present=len(seen),
                    first_month=_month_key(self.p, seen[0]),
                    last_month=_month_key(self.p, seen[-1]),
                    merged=kind == _NO_KIND,
                )
            )
        return tuple(cells)

    def summary(self) -> tuple[SummaryCell, ...]:
        """The rows of the detail summary (10.4)."""
        key = self._key(self.kind, self.purpose, self.channel)
        other = self._key(
            np.full_like(self.kind, _NO_KIND),
            np.full_like(self.purpose, PURPOSES.index(PurposeKind.OTHER)),
            np.full_like(self.channel, CHANNELS.index(Channel.OTHER)),
        )
        order = np.argsort(key)
        lengths = np.diff(np.append(np.flatnonzero(np.diff(key[order], prepend=-1)), len(key)))
        alone = np.empty(len(key), np.bool_)
        alone[order] = np.repeat(lengths == 1, lengths)
        # one payment of one natural person: nobody may read it off
        key = np.where(alone & self.person, other, key)
        keys = {m: _month_key(self.p, m) for m in set(self.month.tolist())}
        cells = []
        for item, amount, count, parties, largest in self._grouped(key):
            rest, channel = divmod(item, len(CHANNELS))
            rest, purpose = divmod(rest, len(PURPOSES))
            rest, kind = divmod(rest, _NO_KIND + 1)
            month, out = divmod(rest, 2)
            cells.append(
                SummaryCell(
                    month=keys[month],
                    sign=-1 if out else 1,
                    kind=None if kind == _NO_KIND else KINDS[kind],
                    purpose=PURPOSES[purpose],
                    channel=_CHANNELS[channel],
                    amount=amount,
                    count=count,
                    distinct=parties,
                    max_single=largest,
                )
            )
        return tuple(cells)

    def _grouped(self, key: Ints) -> list[tuple[int, int, int, int, int]]:
        """(key, amount, rows, distinct counterparties, largest amount) of every distinct key, ascending."""
        if not len(key):
            return []
        # one sort by (key, counterparty): a new pair is one more counterparty of its key
        pair = key * self.n_cp + self.cp
        order = np.argsort(pair)
        pair, sorted_key, amount = pair[order], key[order], self.amount[order]
        heads = np.flatnonzero(np.diff(sorted_key, prepend=-1))
        fresh = np.diff(pair, prepend=-1) != 0
        columns = (
            sorted_key[heads],
            np.add.reduceat(amount, heads),
            np.diff(np.append(heads, len(key))),
            np.add.reduceat(fresh.astype(np.int64), heads),
            np.maximum.reduceat(amount, heads),
        )
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def _key(self, kind: Ints, purpose: Ints, channel: Ints) -> Ints:
        head = (self.month * 2 + self.out) * (_NO_KIND + 1) + kind
        key: Ints = (head * len(PURPOSES) + purpose) * len(CHANNELS) + channel
        return key


def _concentration(v: View, flow: Flow) -> Concentration:
    if v.empty:
        return Concentration(*(NullReason.NO_WINDOW,) * 9)
    p, end = v.p, v.em1
    sums = sums_by_party(v, flow)
    ordered = np.sort(sums[sums > 0])[::-1]
    total = int(flow.amount[flow.span(v.em0, end)].sum())
    width = max(p.n_cp, 1)
    known = flow.cp >= 0
    month, cp = np.divmod(distinct(flow.month[known] * width + flow.cp[known]), width)

    def seen(low: int, high: int) -> Ints:
        return np.bincount(cp[(month >= low) & (month < high)], minlength=p.n_cp)

    def new() -> Figure:
        span = flow.span(end - 3, end)
        before = seen(0, end - 3)
        codes = flow.cp[span]
        recent = flow.amount[span]
        fresh = (codes >= 0) & (np.append(before, 1)[codes] == 0)
        return _ratio(int(recent[fresh].sum()), int(recent.sum()))

    def retention() -> Figure:
        late, early = seen(end - 6, end) > 0, seen(end - 12, end - 6) > 0
        return _ratio(int(np.count_nonzero(late & early)), int(np.count_nonzero(early)))

    return Concentration(
        distinct=len(ordered),
        top1=_ratio(int(ordered[:1].sum()), total),
        top3=_ratio(int(ordered[:3].sum()), total),
        top5=_ratio(int(ordered[:5].sum()), total),
        top10=_ratio(int(ordered[:10].sum()), total),
        hhi=_ratio(square_sum(ordered), total * total),
        recurring=_ratio(int(sums[seen(v.em0, end) >= 3].sum()), total),
        new=_seen(v, new, 6),
        retention=_seen(v, retention, 12),
    )


def _obligations(v: View) -> tuple[Obligation, ...]:
    """Part G: the rows of all kinds are found at once, there are few."""
    p = v.p
    low, high = (0, 0) if v.empty else (max(v.mm0, v.em1 - RECENT_MONTHS), v.em1)
    start = p.starts2[low]
    span = slice(start, p.starts2[high])
    kind = _OBLIGATION_OF[p.label[span]]
    at = np.flatnonzero((kind >= 0) & ~p.r2.inward[span])
    kinds, at = kind[at].tolist(), at + start
    grids = [[_Paid() for _ in range(low, high)] for _ in _OBLIGATIONS]
    columns = (p.month[at].tolist(), p.offset[at].tolist(), p.r2.amount[at].tolist(), p.cp[at].tolist())
    for which, month, day, fen, party in zip(kinds, *columns, strict=True):
        cell = grids[which][month - low]
        cell.days[day] = cell.days.get(day, 0) + fen
        cell.rows += 1
        if party >= 0:
            cell.parties.add(party)
    firsts = p.month_starts[low:high].tolist()
    keys = [_month_key(p, month) for month in range(low, high)]
    # whole calendar quarters of the grid, as places in it
    edges = [i for i in range(len(keys) - 2) if (p.base_month + low + i) % 3 == 0]
    return tuple(
        _obligation(name, grid, keys, firsts, edges) for name, grid in zip(_OBLIGATIONS, grids, strict=True)
    )


class _Paid:
    """What one kind paid in one month: day → fen, rows, known counterparties."""

    __slots__ = ("days", "parties", "rows")

    def __init__(self) -> None:
        self.days: dict[int, int] = {}
        self.rows = 0
        self.parties: set[int] = set()


def _obligation(
    kind: ObligationKind, grid: list[_Paid], keys: list[MonthKey], firsts: list[int], quarters: list[int]
) -> Obligation:
    cells: list[ObligationMonth] = []
    often: dict[int, int] = {}
    for paid, key, first in zip(grid, keys, firsts, strict=True):
        # rows come in order of days, so max() meets the earliest of equal days first
        main = max(paid.days, key=paid.days.__getitem__) - first + 1 if paid.days else None
        cells.append(ObligationMonth(key, main, sum(paid.days.values()), paid.rows))
        if main is not None:
            often[main] = often.get(main, 0) + 1
    payees = [len(paid.parties) for paid in grid if paid.days]
    return Obligation(
        kind=kind,
        grid=tuple(cells),
        usual_day=min(often, key=lambda day: (-often[day], day)) if often else None,
        avg_payees=Fraction(sum(payees), len(payees)) if payees else NullReason.TOO_FEW_OBSERVATIONS,
        quarters=len(quarters),
        quarters_paid=sum(any(paid.days for paid in grid[i : i + 3]) for i in quarters),
    )
