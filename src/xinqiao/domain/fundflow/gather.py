"""Books → :class:`Facts`: the exact engine's filling of what a product may say (fund-flow rules 10.3, 10.4)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from xinqiao.domain.fundflow.books import Books, Entry, by_cp, total
from xinqiao.domain.fundflow.clean import Month
from xinqiao.domain.fundflow.compute import compute_books
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
from xinqiao.domain.fundflow.figures import Figure, NullReason, mean, ratio
from xinqiao.domain.fundflow.indicators_c import channel_of
from xinqiao.domain.fundflow.indicators_d import main_day, usual_day
from xinqiao.domain.fundflow.indicators_k import hhi, new_share, recurring_share, retention, top_share
from xinqiao.domain.fundflow.labels import purpose_of
from xinqiao.domain.fundflow.model import Channel, CounterpartyKind, PurposeKind

_NO_BALANCE = NullReason.NO_BALANCE
_TOO_FEW = NullReason.TOO_FEW_OBSERVATIONS
_PURPOSES = list(PurposeKind)
_CHANNELS = list(Channel)

_OBLIGATION_LABELS: dict[ObligationKind, Label] = {
    ObligationKind.WAGES: Label.PAYROLL,
    ObligationKind.TAX: Label.TAX,
    ObligationKind.SOCIAL_INSURANCE: Label.SOCIAL,
    ObligationKind.UTILITIES: Label.UTIL,
    ObligationKind.RENT: Label.RENT,
    ObligationKind.LOAN_REPAYMENT: Label.LOAN_OUT,
}


def gather_facts(books: Books) -> Facts:
    """All facts of one account under its context."""
    own = total(books.labelled(Label.SELF))
    gross = books.gross_in + books.gross_out
    foreign = total(e for e in books.flows if e.row.foreign)
    return Facts(
        parameters=_parameters(books),
        indicators=compute_books(books, books.line_ids),
        totals=_totals(books, own, foreign),
        income_expense_ratio=_guarded(books, lambda: ratio(books.oi, books.oo)),
        own_transfer_ratio=_guarded(books, lambda: ratio(own, gross)),
        non_cny_share=_guarded(books, lambda: ratio(foreign, gross)),
        months=tuple(_month(books, month) for month in books.window.calendar),
        kinds=tuple(_kind_cells(books)),
        summary=tuple(_summary_cells(books)),
        received=_concentration(books, books.oi_rows, books.oi_ever),
        paid=_concentration(
            books,
            books.trade_out,
            [e for e in books.r2 if e.label is Label.TRADE and e.sign < 0],
        ),
        obligations=tuple(_obligation(books, kind) for kind in ObligationKind),
        accounts_covered=books.accounts_covered,
    )


def _guarded(books: Books, figure: Callable[[], Figure], least_months: int = 0) -> Figure:
    """The reasons that stand first in rule 24, then the figure."""
    if not books.r1:
        return NullReason.NO_ROWS
    if not books.window.observed:
        return NullReason.NO_WINDOW
    if books.k < least_months:
        return NullReason.SHORT_HISTORY
    return figure()


def _parameters(b: Books) -> Parameters:
    w, c = b.window, b.context
    return Parameters(
        as_of=date.fromordinal(w.as_of),
        months=c.months,
        period_from=date.fromordinal(w.start),
        period_to=date.fromordinal(w.end),
        observed_from=date.fromordinal(w.first) if w.observed else None,
        full_months=b.k,
        observed_days=w.days,
        known_days=len(b.known),
        window_days=w.window_days,
        opened_on=date.fromordinal(w.opened_on) if w.opened_on is not None else None,
        holder_supplied=bool(c.holder),
        bound_accounts=len(c.bound),
        related_names=len(c.related),
        core_buyer_names=len(c.core_buyers),
        high_risk_names=len(c.high_risk),
        application_day=c.application_day,
        cash_policy=c.cash_policy,
        cash_limit=c.cash_limit,
        duplicates_dropped=b.duplicates,
        reversal_pairs=len(b.pairs),
        foreign_left_out=b.foreign_left_out,
    )


def _largest(entries: Iterable[Entry]) -> Figure:
    return max((e.amount for e in entries), default=_TOO_FEW)


def _totals(b: Books, own: int, foreign: int) -> Totals:
    active = {m.key for m in b.window.calendar for row in b.r1_in if m.first <= row.day <= m.last}
    return Totals(
        active_months=len(active),
        max_single_in=_guarded(b, lambda: _largest(b.directed(1))),
        max_single_out=_guarded(b, lambda: _largest(b.directed(-1))),
        min_eod=_guarded(b, lambda: min(b.known, default=_NO_BALANCE)),
        max_eod=_guarded(b, lambda: max(b.known, default=_NO_BALANCE)),
        last_row=date.fromordinal(b.r1[-1].day) if b.r1 else None,
        own_transfers=own,
        foreign=foreign,
    )


def _month_key(month: Month) -> MonthKey:
    return MonthKey(month.year, month.month)


def _month(b: Books, month: Month) -> MonthFacts:
    rows = [e for e in b.flows if month.first <= e.day <= month.last]
    came = [e for e in rows if e.sign > 0]
    went = [e for e in rows if e.sign < 0]
    cash_in = [e for e in came if e.label is Label.CASH]
    cash_out = [e for e in went if e.label is Label.CASH]
    known = b.known_in(month)
    end = b.eod_of(month.last)
    return MonthFacts(
        month=_month_key(month),
        full=month.full,
        in_amount=total(came),
        in_count=len(came),
        out_amount=total(went),
        out_count=len(went),
        operating_in=total(e for e in came if b.is_oi(e)),
        operating_out=total(e for e in went if b.is_oo(e)),
        avg_daily_balance=mean(known) if known else _NO_BALANCE,
        eom_balance=_NO_BALANCE if end is None else end,
        min_eod_balance=min(known, default=_NO_BALANCE),
        max_eod_balance=max(known, default=_NO_BALANCE),
        active_days=len({row.day for row in b.r1_in if month.first <= row.day <= month.last}),
        distinct_payers=len(by_cp(came)),
        distinct_payees=len(by_cp(went)),
        max_single_in=_largest(came),
        cash_deposit_amount=total(cash_in),
        cash_deposit_count=len(cash_in),
        cash_withdrawal_amount=total(cash_out),
        cash_withdrawal_count=len(cash_out),
    )


def kind_of(entry: Entry) -> CounterpartyKind:
    """The listed kind, else unknown: an unlisted code would be free text and never leaves."""
    code = entry.row.kind
    return CounterpartyKind(code) if code in CounterpartyKind else CounterpartyKind.UNKNOWN


@dataclass(slots=True)
class _Pool:
    """Rows being added up for one cell."""

    merged: bool = False
    entries: list[Entry] = field(default_factory=list)

    @property
    def distinct(self) -> int:
        known = {e.cp for e in self.entries}  # a missing counterparty (None) counts as one
        return len(known)


def merged_kinds(b: Books) -> dict[tuple[int, CounterpartyKind | None], _Pool]:
    """(sign, kind or None for other) → rows, after the minimum-cell rule (rule 28)."""
    cells: dict[tuple[int, CounterpartyKind], _Pool] = {}
    for e in b.flows:
        cells.setdefault((e.sign, kind_of(e)), _Pool()).entries.append(e)
    result: dict[tuple[int, CounterpartyKind | None], _Pool] = {}
    for (sign, kind), cell in cells.items():
        if cell.distinct >= MINIMUM_CELL:
            result[sign, kind] = cell
        else:
            other = result.setdefault((sign, None), _Pool(merged=True))
            other.entries += cell.entries
    return result


def _kind_rank(kind: CounterpartyKind | None) -> int:
    return len(CounterpartyKind) if kind is None else list(CounterpartyKind).index(kind)


def _kind_cells(b: Books) -> Iterable[KindCell]:
    cells = merged_kinds(b)
    for sign, kind in sorted(cells, key=lambda key: (-key[0], _kind_rank(key[1]))):
        pool = cells[sign, kind]
        months = sorted({_key_of(e.day) for e in pool.entries})
        yield KindCell(
            sign=sign,
            kind=kind,
            amount=total(pool.entries),
            count=len(pool.entries),
            distinct=pool.distinct,
            months_present=len(months),
            first_month=months[0],
            last_month=months[-1],
            merged=pool.merged,
        )


def _key_of(day: int) -> MonthKey:
    found = date.fromordinal(day)
    return MonthKey(found.year, found.month)


type _SummaryKey = tuple[MonthKey, int, CounterpartyKind | None, PurposeKind, Channel]


def _summary_cells(b: Books) -> Iterable[SummaryCell]:
    """Rows month × direction × kind × purpose × channel (10.4).

    Kinds are merged as in part E (rule 28). What is left with one payment of a natural person goes to ``other``
    in kind, purpose and channel alike, so that no single private payment can be read off. A person is who rule
    15 says, also where the bank left the kind empty.
    """
    cells: dict[_SummaryKey, list[Entry]] = {}
    for (_, kind), pool in merged_kinds(b).items():
        for e in pool.entries:
            purpose = purpose_of(e.row.purpose, e.label, e.sign)
            cells.setdefault((_key_of(e.day), e.sign, kind, purpose, channel_of(e)), []).append(e)
    result: dict[_SummaryKey, list[Entry]] = {}
    for (month, sign, kind, purpose, channel), entries in cells.items():
        key: _SummaryKey = (month, sign, kind, purpose, channel)
        if len(entries) == 1 and entries[0].person:
            key = (month, sign, None, PurposeKind.OTHER, Channel.OTHER)
        result.setdefault(key, []).extend(entries)
    ranked = sorted(
        result,
        key=lambda k: (k[0], -k[1], _kind_rank(k[2]), _PURPOSES.index(k[3]), _CHANNELS.index(k[4])),
    )
    for key in ranked:
        month, sign, kind, purpose, channel = key
        entries = result[key]
        yield SummaryCell(
            month=month,
            sign=sign,
            kind=kind,
            purpose=purpose,
            channel=channel,
            amount=total(entries),
            count=len(entries),
            distinct=len({e.cp for e in entries}),
            max_single=max(e.amount for e in entries),
        )


def _concentration(b: Books, rows: Iterable[Entry], ever: Iterable[Entry]) -> Concentration:
    """Part F for one direction; ``ever`` is the same kind of rows over all of R2."""
    pool = list(rows)
    sums, base = by_cp(pool), total(pool)
    return Concentration(
        distinct=_guarded(b, lambda: len(sums)),
        top1=_guarded(b, lambda: top_share(sums, 1, base)),
        top3=_guarded(b, lambda: top_share(sums, 3, base)),
        top5=_guarded(b, lambda: top_share(sums, 5, base)),
        top10=_guarded(b, lambda: top_share(sums, 10, base)),
        hhi=_guarded(b, lambda: hhi(sums, base)),
        recurring=_guarded(b, lambda: recurring_share(b, pool)),
        new=_guarded(b, lambda: new_share(b, pool, ever), least_months=6),
        retention=_guarded(b, lambda: retention(b, pool), least_months=12),
    )


def _obligation(b: Books, kind: ObligationKind) -> Obligation:
    """Part G for one kind, over the last months of M."""
    entries = b.labelled(_OBLIGATION_LABELS[kind], -1)
    grid: list[ObligationMonth] = []
    payees: list[int] = []
    quarters: dict[int, list[bool]] = {}
    for month in b.months[-RECENT_MONTHS:]:
        rows = [e for e in entries if month.first <= e.day <= month.last]
        day = main_day(rows) - month.first + 1 if rows else None
        grid.append(ObligationMonth(_month_key(month), day, total(rows), len(rows)))
        quarters.setdefault(month.number // 3, []).append(bool(rows))
        if rows:
            payees.append(len(by_cp(rows)))
    days = [cell.day for cell in grid if cell.day is not None]
    whole = [paid for paid in quarters.values() if len(paid) == 3]
    return Obligation(
        kind=kind,
        grid=tuple(grid),
        usual_day=usual_day(days) if days else None,
        avg_payees=mean(payees) if payees else _TOO_FEW,
        quarters=len(whole),
        quarters_paid=sum(any(paid) for paid in whole),
    )
