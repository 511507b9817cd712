"""The facts the two products are made of, from columns (fund-flow rules 10.3 and 10.4).

Fills the same closed types as ``domain.fundflow.gather``; nothing that a type there cannot hold can leave from here.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date
from fractions import Fraction

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
from xinqiao.provider.engine.exact import Ints, distinct, square_sum
from xinqiao.provider.engine.labelling import LABELS, NUMBER
from xinqiao.provider.engine.parties import sums_by_party
from xinqiao.provider.engine.prepared import CHANNELS, Flow, Prepared, operating
from xinqiao.provider.engine.window import View

KINDS = tuple(CounterpartyKind)
PURPOSES = tuple(PurposeKind)
_NO_KIND = len(KINDS)
_OBLIGATIONS: dict[ObligationKind, Label] = {
    ObligationKind.WAGES: Label.PAYROLL,
    ObligationKind.TAX: Label.TAX,
    ObligationKind.SOCIAL_INSURANCE: Label.SOCIAL,
    ObligationKind.UTILITIES: Label.UTIL,
    ObligationKind.RENT: Label.RENT,
    ObligationKind.LOAN_REPAYMENT: Label.LOAN_OUT,
}


def facts_of_nothing(key: str, context: Context, foreign: int) -> Facts:
    """The facts of an account without a row: every figure is NO_ROWS."""
    return gather_facts(Statement(ParsedRows((), {key: key}, {key: foreign}), context).books(key))


def facts_of(v: View, indicators: dict[str, IndicatorValue]) -> Facts:
    """All facts of one account with rows, seen through one window."""
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
        months=tuple(_month(v, m) for m in range(v.em0, v.em1)) if rows else (),
        kinds=rows.kinds() if rows else (),
        summary=rows.summary() if rows else (),
        received=_concentration(v, p.oi),
        paid=_concentration(v, p.trade_out),
        obligations=tuple(_obligation(v, kind) for kind in ObligationKind),
    )


def _seen(v: View, figure: Callable[[], Figure], least: int = 0) -> Figure:
    if v.empty:
        return NullReason.NO_WINDOW
    return NullReason.SHORT_HISTORY if v.k < least else figure()


def _ratio(num: int, den: int) -> Figure:
    return Fraction(num, den) if den else NullReason.ZERO_DENOMINATOR


def _month_key(p: Prepared, month: int) -> MonthKey:
    year, number = divmod(p.base_month + month, 12)
    return MonthKey(year, number + 1)


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


def _month(v: View, m: int) -> MonthFacts:
    p = v.p
    low = max(v.d0, int(np.searchsorted(p.month_of_day, m)))
    high = int(np.searchsorted(p.month_of_day, m, "right"))
    high = min(high, v.d1)
    span = slice(p.starts2[m], p.starts2[m + 1])
    into = p.r2.inward[span]
    parties, amount = p.cp[span], p.r2.amount[span]
    known = p.eod[low:high][p.eod_known[low:high]]
    cells, counts, cash = p.cells[m], p.counts[m], NUMBER[Label.CASH]
    income, expense = operating(p.context.cash_policy)
    none = NullReason.NO_BALANCE
    return MonthFacts(
        month=_month_key(p, m),
        full=m >= v.mm0,
        in_amount=int(cells[:, 1].sum()),
        in_count=int(counts[:, 1].sum()),
        out_amount=int(cells[:, 0].sum()),
        out_count=int(counts[:, 0].sum()),
        operating_in=int(cells[income, 1].sum()),
        operating_out=int(cells[expense, 0].sum()),
        avg_daily_balance=Fraction(int(known.sum()), len(known)) if len(known) else none,
        eom_balance=int(p.eod[high - 1]) if p.eod_known[high - 1] else none,
        min_eod_balance=int(known.min()) if len(known) else none,
        max_eod_balance=int(known.max()) if len(known) else none,
        active_days=int(np.count_nonzero(p.rows_by_day[low:high])),
        distinct_payers=len(distinct(parties[into & (parties >= 0)])),
        distinct_payees=len(distinct(parties[~into & (parties >= 0)])),
        max_single_in=_largest(amount[into]),
        cash_deposit_amount=int(cells[cash, 1]),
        cash_deposit_count=int(counts[cash, 1]),
        cash_withdrawal_amount=int(cells[cash, 0]),
        cash_withdrawal_count=int(counts[cash, 0]),
    )


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
        cells = []
        for key, at in _groups(self.out * (_NO_KIND + 1) + self.kind):
            out, kind = divmod(key, _NO_KIND + 1)
            months = distinct(self.month[at])
            cells.append(
                KindCell(
                    sign=-1 if out else 1,
                    kind=None if kind == _NO_KIND else KINDS[kind],
                    amount=int(self.amount[at].sum()),
                    count=len(at),
                    distinct=len(distinct(self.cp[at])),
                    months_present=len(months),
                    first_month=_month_key(self.p, int(months[0])),
                    last_month=_month_key(self.p, int(months[-1])),
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
        ordered = np.sort(key)
        alone = np.searchsorted(ordered, key, "right") - np.searchsorted(ordered, key) == 1
        # one payment of one natural person: nobody may read it off
        key = np.where(alone & self.person, other, key)
        cells = []
        for item, at in _groups(key):
            rest, channel = divmod(item, len(CHANNELS))
            rest, purpose = divmod(rest, len(PURPOSES))
            rest, kind = divmod(rest, _NO_KIND + 1)
            month, out = divmod(rest, 2)
            amounts = self.amount[at]
            cells.append(
                SummaryCell(
                    month=_month_key(self.p, month),
                    sign=-1 if out else 1,
                    kind=None if kind == _NO_KIND else KINDS[kind],
                    purpose=PURPOSES[purpose],
                    channel=Channel(CHANNELS[channel]),
                    amount=int(amounts.sum()),
                    count=len(at),
                    distinct=len(set(self.cp[at].tolist())),
                    max_single=int(amounts.max()),
                )
            )
        return tuple(cells)

    def _key(self, kind: Ints, purpose: Ints, channel: Ints) -> Ints:
        head = (self.month * 2 + self.out) * (_NO_KIND + 1) + kind
        key: Ints = (head * len(PURPOSES) + purpose) * len(CHANNELS) + channel
        return key


def _groups(key: Ints) -> list[tuple[int, Ints]]:
    """(key, places) for every distinct key, ascending."""
    if not len(key):
        return []
    order = np.argsort(key, kind="stable")
    heads = np.flatnonzero(np.diff(key[order], prepend=-1))
    return [(int(key[at[0]]), at) for at in np.split(order, heads[1:])]


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


def _obligation(v: View, kind: ObligationKind) -> Obligation:
    grid: list[ObligationMonth] = []
    payees: list[int] = []
    quarters: dict[int, list[bool]] = {}
    p = v.p
    wanted = NUMBER[_OBLIGATIONS[kind]]
    for m in range(max(v.mm0, v.em1 - RECENT_MONTHS), v.em1) if not v.empty else ():
        span = slice(p.starts2[m], p.starts2[m + 1])
        at = np.flatnonzero((p.label[span] == wanted) & ~p.r2.inward[span]) + span.start
        sums: Counter[int] = Counter()
        for day, fen in zip(p.offset[at].tolist(), p.r2.amount[at].tolist(), strict=True):
            sums[day] += fen
        first = int(np.searchsorted(p.month_of_day, m))
        main = min(sums, key=lambda day: (-sums[day], day)) - first + 1 if sums else None
        grid.append(ObligationMonth(_month_key(p, m), main, sum(sums.values()), len(at)))
        quarters.setdefault((p.base_month + m) // 3, []).append(bool(sums))
        if sums:
            payees.append(len({code for code in p.cp[at].tolist() if code >= 0}))
    days = Counter(cell.day for cell in grid if cell.day is not None)
    whole = [paid for paid in quarters.values() if len(paid) == 3]
    return Obligation(
        kind=kind,
        grid=tuple(grid),
        usual_day=min(days, key=lambda day: (-days[day], day)) if days else None,
        avg_payees=Fraction(sum(payees), len(payees)) if payees else NullReason.TOO_FEW_OBSERVATIONS,
        quarters=len(whole),
        quarters_paid=sum(any(paid) for paid in whole),
    )
