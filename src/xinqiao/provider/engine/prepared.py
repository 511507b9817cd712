"""One account, cleaned and labelled, with everything that does not depend on the months asked for.

:class:`Prepared` is kept while the data version, the as-of day and the context stay the same; asking for 12 or for
36 months of it is a question of slices. Because a window starts and ends at the edge of a month (3.9 rule 4), and
no row lies between that edge and a later ``opened_on`` (rule 5), sums over E are sums of whole months: they are
differences of running totals.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from xinqiao.domain.fundflow.cues import Label
from xinqiao.domain.fundflow.figures import NullReason
from xinqiao.domain.fundflow.model import CashPolicy, Channel, Context
from xinqiao.provider.engine.cleaning import Places, months_of
from xinqiao.provider.engine.columns import Codes, Columns
from xinqiao.provider.engine.exact import Bools, Floats, Ints, distinct, text2
from xinqiao.provider.engine.labelling import DEFAULT_RULE, LABELS, NUMBER, Labelled, in_list, is_person_name
from xinqiao.provider.engine.trails import QuickFlow, TextPairs, ThereAndBack, round_trip_rows, there_and_back

SAFE_TOTAL = 2**52
"""Above this total (45 trillion yuan in one account) float64 bins stop being exact; such accounts take the slow path."""

N_LABELS = len(LABELS)
CHANNELS: tuple[str, ...] = tuple(Channel)
_CHANNEL_NUMBER = {name: i for i, name in enumerate(CHANNELS)}
_OTHER = _CHANNEL_NUMBER[Channel.OTHER]
_POWERS = np.array([10**n for n in range(19)], np.int64)
_NIGHT_FROM, _NIGHT_TO = 22 * 3600, 6 * 3600

# measures of R2 rows, summed over a range by running totals
MEASURES = [
    "unlabelled",
    "person_in",
    "person_out",
    "legal_in",
    "legal_out",
    "core",
    "high_risk",
    "night",
    "timed",
    "timed_rows",
    "cash_in_rows",
    "cash_in_round",
    "large_cash",
    "oi_month_end",
    "trade_rows",
    "trade_round",
    "penalty",
    "frozen_rows",
    "frozen",
    "related_rows",
    "self_unpaired",
    "rows_in",
    "rows_out",
]
MEASURES1 = ("breaks", "cp_missing", "reversed_in", "credits", "rows")


def table(labels: tuple[Label, ...]) -> Bools:
    """Lookup table: label number → whether it is one of these."""
    out = np.zeros(N_LABELS, np.bool_)
    out[[NUMBER[label] for label in labels]] = True
    return out


def operating(policy: CashPolicy) -> tuple[Bools, Bools]:
    """Which labels count as operating income of C rows, and operating expense of D rows (3.0, rule 13)."""
    income = table((Label.TRADE, Label.PLATFORM, Label.BILL_COLL))
    expense = table(
        (
            Label.TRADE,
            Label.BILL_COLL,
            Label.TAX,
            Label.SOCIAL,
            Label.PAYROLL,
            Label.UTIL,
            Label.RENT,
            Label.FEE,
        )
    )
    income[NUMBER[Label.CASH]] = policy is not CashPolicy.NONE
    expense[NUMBER[Label.CASH]] = policy is CashPolicy.BOTH
    return income, expense


def running(values: list[Ints]) -> Ints:
    """Running totals with a leading 0, one line per measure."""
    out = np.zeros((len(values), len(values[0]) + 1), np.int64)
    np.cumsum(np.array(values), axis=1, out=out[:, 1:])
    return out


def _kept[T: np.generic](column: npt.NDArray[T], keep: Places | None) -> npt.NDArray[T]:
    """A column of R1 rows as a column of R2 rows."""
    return column if keep is None else column[keep]


@dataclass(frozen=True, slots=True)
class Flow:
    """A subset of R2 rows with what the counterparty lines need; ``starts[m]`` is the first row of month m or later."""

    at: Places
    amount: Ints
    weight: Floats
    cp: Codes
    day: Ints
    month: Ints
    starts: list[int]

    def span(self, low: int, high: int) -> slice:
        """Rows of months low to high - 1."""
        return slice(self.starts[low], self.starts[high])


class Prepared:
    """One account under one as-of day and one context (months apart).

    ``base_month`` and ``base_day`` are where the month and day arrays start; both reach up to the as-of day.
    """

    def __init__(
        self, key: str, rows: Columns, labelled: Labelled, paired: Bools, unpaired_self: Bools,
        context: Context, as_of: int, duplicates: int, foreign: int,
    ) -> None:  # fmt: skip
        self.key, self.context, self.as_of = key, context, as_of
        self.duplicates, self.foreign, self.reversal_pairs = duplicates, foreign, int(paired.sum()) // 2
        self.n1 = len(rows)
        opened = context.opening_of(key)
        self.opened_supplied = opened
        if not self.n1:
            return
        self.r1 = rows
        first, last = int(rows.day[0]), int(rows.day[-1])
        self.first_day, self.last_day = first, last
        self.opened = opened.toordinal() if opened is not None and opened.toordinal() <= first else None
        start = first if self.opened is None else max(self.opened, as_of - 36 * 31 - 62)
        start = min(start, first)
        self.base_day = date.fromordinal(start).replace(day=1).toordinal()
        self.days = as_of - self.base_day + 1
        month_of_day = months_of(np.arange(self.base_day, as_of + 2, dtype=np.int64))
        self.base_month = int(month_of_day[0])
        # first day of each month touched, as an offset; one past the end closes the last
        self.month_of_day = month_of_day - self.base_month
        self.n_months = int(self.month_of_day[-2]) + 1
        self.month_starts: Ints = np.searchsorted(self.month_of_day, np.arange(self.n_months))
        # An int64 sum would wrap, from some 9 200 of the largest amounts on. A sum of positive floats cannot, and it
        # decides this exactly: it rounds nothing below 2**53, and what it rounds stays at or above 2**53.
        self.safe = float(rows.amount.sum(dtype=np.float64)) < SAFE_TOTAL and (
            int(np.abs(rows.balance).max()) + int(rows.amount[0]) < SAFE_TOTAL
        )
        self._prepare_r1(rows, paired)
        keep = np.flatnonzero(~paired) if self.reversal_pairs else None
        self._prepare_r2(rows, labelled, unpaired_self, keep)

    # --- R1: presence, balances, integrity

    def _prepare_r1(self, rows: Columns, paired: Bools) -> None:
        offset = rows.day - self.base_day
        self.rows_by_day = np.bincount(offset, minlength=self.days)
        until = np.cumsum(self.rows_by_day)
        self.rows_until_day = np.concatenate(([0], until))
        balance, known = rows.balance, rows.known
        last_row = until - 1
        self.eod = balance[last_row]
        self.eod_known = known[last_row]
        before = last_row < 0
        if before.any():
            self.eod[before] = int(balance[0]) - (
                int(rows.amount[0]) if rows.inward[0] else -int(rows.amount[0])
            )
            self.eod_known[before] = bool(known[0])
        self.all_known = bool(known.all())
        signed = np.where(rows.inward, rows.amount, -rows.amount)
        breaks = np.zeros(self.n1, np.bool_)
        breaks[1:] = (balance[1:] != balance[:-1] + signed[1:]) & known[1:] & known[:-1]
        credit = np.where(rows.inward, rows.amount, 0)
        # the highest known balance of each day with rows, for B13
        heads = np.flatnonzero(np.diff(offset, prepend=-1))
        self.active_days = offset[heads]
        self.day_top = np.maximum.reduceat(
            balance if self.all_known else np.where(known, balance, -SAFE_TOTAL), heads
        )
        self.totals1 = running(
            [breaks, rows.cp.codes < 0, credit * paired, credit, np.ones(self.n1, np.int64)]  # type: ignore[list-item]
        )

    # --- R2: flows

    def _prepare_r2(
        self, rows: Columns, labelled: Labelled, unpaired_self: Bools, keep: Places | None
    ) -> None:
        c = self.context
        if keep is not None:
            rows = rows.take(keep)
        self.r2 = rows
        self.n2 = len(rows)
        self.label = label = _kept(labelled.label, keep)
        self.rule = _kept(labelled.rule, keep)
        self.person = _kept(labelled.person, keep)
        inward, amount = rows.inward, rows.amount
        self.offset = offset = rows.day - self.base_day
        self.month = month = self.month_of_day[offset]
        # No sum of an account that is not safe is ever shown, and a bin beyond 64 bits is cast with a warning.
        self.weight = weight = amount.astype(np.float64) if self.safe else np.zeros(self.n2)
        income, expense = operating(c.cash_policy)
        self.income, self.expense = income, expense
        is_oi = inward & income[label]
        is_oo = ~inward & expense[label]
        self.is_oi, self.is_oo = is_oi, is_oo
        self.starts2: list[int] = np.searchsorted(month, np.arange(self.n_months + 1)).tolist()
        # month x label x direction
        cell = (month * N_LABELS + label) * 2 + inward
        shape = (self.n_months, N_LABELS, 2)
        size = self.n_months * N_LABELS * 2
        self.cells = np.bincount(cell, weight, size).astype(np.int64).reshape(shape)
        self.counts = np.bincount(cell, minlength=size).reshape(shape)
        channel = np.array([_CHANNEL_NUMBER.get(v, _OTHER) for v in rows.channel.values] or [0])
        cell = (month * len(CHANNELS) + channel[rows.channel.codes]) * 2 + inward
        size = self.n_months * len(CHANNELS) * 2
        self.channel_cells = np.bincount(cell, weight, size).astype(np.int64).reshape(-1, len(CHANNELS), 2)
        # days
        zero = np.int64(0)
        days = self.days
        self.oi_by_day = np.bincount(offset, np.where(is_oi, weight, 0), days).astype(np.int64)
        self.credits_by_day = np.bincount(offset, np.where(inward, weight, 0), days).astype(np.int64)
        self.oi_until_day = np.concatenate(([zero], np.cumsum(self.oi_by_day)))
        # flows with their counterparties
        self._compact_cp(rows)
        self.oi = self._flow(np.flatnonzero(is_oi))
        self.oo = self._flow(np.flatnonzero(is_oo))
        self.trade_out = self._flow(np.flatnonzero(~inward & (label == NUMBER[Label.TRADE])))
        self.trade_in = self._flow(np.flatnonzero(inward & (label == NUMBER[Label.TRADE])))
        self._measures(rows, labelled, unpaired_self, keep)
        self._receipts()

    def _compact_cp(self, rows: Columns) -> None:
        # Codes of the whole statement, made dense for this account so that bins stay small.
        codes = rows.cp.codes
        if len(rows.cp.values) <= 4 * self.n2:
            self.cp, self.cp_values = codes, rows.cp.values
        else:
            used, inverse = np.unique(codes, return_inverse=True)
            skip = int(len(used) > 0 and used[0] < 0)
            self.cp = (inverse - skip).astype(np.int32)
            self.cp_values = [rows.cp.values[i] for i in used[skip:].tolist()]
        self.n_cp = len(self.cp_values)

    def _flow(self, at: Places) -> Flow:
        month = self.month[at]
        starts: list[int] = np.searchsorted(month, np.arange(self.n_months + 1)).tolist()
        return Flow(at, self.r2.amount[at], self.weight[at], self.cp[at], self.r2.day[at], month, starts)

    def _measures(self, rows: Columns, labelled: Labelled, unpaired_self: Bools, keep: Places | None) -> None:
        c = self.context
        label, amount, inward, second = self.label, rows.amount, rows.inward, rows.second
        rev, own = label == NUMBER[Label.REV], label == NUMBER[Label.SELF]
        cash, trade = label == NUMBER[Label.CASH], label == NUMBER[Label.TRADE]
        party = ~(rev | own)
        person = self.person & party
        legal_names = frozenset(name for name in c.related if is_person_name(name))
        self.legal_list = bool(legal_names)
        nothing = np.zeros(self.n2, np.int64)
        legal = in_list(rows.name, legal_names) & party if legal_names else None
        core = amount * (in_list(rows.name, c.core_buyers) & self.is_oi) if c.core_buyers else nothing
        risk = amount * in_list(rows.name, c.high_risk) if c.high_risk else nothing
        timed = second != 0
        night = timed & ((second >= _NIGHT_FROM) | (second < _NIGHT_TO))
        cash_in = cash & inward
        person_amount = amount * person
        last_days = (
            self.month_of_day[self.offset] != self.month_of_day[np.minimum(self.offset + 3, self.days)]
        )
        # Past the as-of day the calendar arrays end; those days lie after every window.
        penalty = _kept(labelled.penalty, keep) & ~inward & ~rev
        self.frozen = frozen = _kept(labelled.frozen, keep)
        kind_related = np.array([v == "related_party" for v in rows.kind.values] or [False])
        self.returned_days = rows.day[_kept(labelled.returned, keep) & ~rev]
        self.party = party
        columns: dict[str, npt.NDArray[np.generic]] = {
            "unlabelled": amount * (self.rule == DEFAULT_RULE),
            "person_in": person_amount * inward,
            "person_out": person_amount * ~inward,
            "legal_in": nothing if legal is None else amount * (legal & inward),
            "legal_out": nothing if legal is None else amount * (legal & ~inward),
            "core": core,
            "high_risk": risk,
            "night": amount * night,
            "timed": amount * timed,
            "timed_rows": timed,
            "cash_in_rows": cash_in,
            "cash_in_round": cash_in & (amount % 100_000 == 0),
            "large_cash": cash & (amount >= c.cash_limit),
            "oi_month_end": amount * (self.is_oi & last_days),
            "trade_rows": trade,
            "trade_round": trade & (amount % 1_000_000 == 0),
            "penalty": penalty,
            "frozen_rows": frozen,
            "frozen": amount * frozen,
            "related_rows": kind_related[rows.kind.codes],
            "self_unpaired": amount * (own & _kept(unpaired_self, keep)),
            "rows_in": inward,
            "rows_out": ~inward,
        }
        self.totals2 = running([columns[name] for name in MEASURES])  # type: ignore[misc]
        split = np.flatnonzero(cash_in & (amount * 10 >= 8 * c.cash_limit) & (amount < c.cash_limit))
        self.split_days = rows.day[split]

    def _receipts(self) -> None:
        oi = self.oi
        known = oi.cp >= 0
        cp = oi.cp[known].astype(np.int64)
        # (month, cp) cells: in how many months a customer was seen
        cell = distinct(oi.month[known] * max(self.n_cp, 1) + cp)
        cell_month, self.cell_cp = np.divmod(cell, max(self.n_cp, 1))
        self.cell_starts: list[int] = np.searchsorted(cell_month, np.arange(self.n_months + 1)).tolist()
        first = np.full(self.n_cp, self.n_months, np.int64)
        first[self.cell_cp[::-1]] = cell_month[::-1]  # the last write, the earliest month, stays
        self.first_month = first
        # (cp, day) receipts
        receipt = distinct(cp * self.days + (oi.day[known] - self.base_day))
        self.receipt_cp, self.receipt_day = np.divmod(receipt, self.days)

    @cached_property
    def loan_rows(self) -> tuple[list[int], list[int]]:
        """Places in R2 of LOAN_IN rows and of LOAN_OUT rows."""
        label = self.label
        return (
            np.flatnonzero(label == NUMBER[Label.LOAN_IN]).tolist(),
            np.flatnonzero(label == NUMBER[Label.LOAN_OUT]).tolist(),
        )

    @cached_property
    def quick_flow(self) -> QuickFlow:
        """Rule 29 over the account."""
        return QuickFlow(self.r2, self.cp, self.label != NUMBER[Label.REV])

    @cached_property
    def round_trips(self) -> Places:
        """Rows that could pair in A03."""
        return round_trip_rows(self.cp, self.r2.amount, self.r2.inward, self.party)

    @cached_property
    def there_and_back(self) -> ThereAndBack | None:
        """Cycles of two edges, for a statement of one account (A02)."""
        return there_and_back(self.r2, self.party, self.key)

    @cached_property
    def text_pairs(self) -> TextPairs:
        """Who writes which text (A14)."""
        return TextPairs(self.cp, self.r2.text)

    @cached_property
    def first_digit(self) -> Ints:
        """First decimal digit of every R2 amount (A05)."""
        amount = self.r2.amount
        digit: Ints = amount // _POWERS[np.searchsorted(_POWERS, amount, "right") - 1]
        return digit

    @cached_property
    def platform_days(self) -> Ints:
        """Offsets of the days with PLATFORM in (C06)."""
        return distinct(self.offset[self.label == NUMBER[Label.PLATFORM]])

    @cached_property
    def main_days(self) -> dict[int, dict[tuple[int, int], tuple[int, int]]]:
        """Out rows of LOAN_OUT and PAYROLL: label number → (party, month) → (main day of the month, sum).

        The main day is the one with the largest sum, ties the earliest (D08, D17). The party of PAYROLL is always 0,
        because wages are looked at together.
        """
        return {
            NUMBER[label]: _main_days(self, NUMBER[label], by_party)
            for label, by_party in ((Label.LOAN_OUT, True), (Label.PAYROLL, False))
        }

    @cached_property
    def dated_balances(self) -> list[list[tuple[str, str | NullReason]]]:
        """Per month: key and shown balance of the 10th, the 20th and the last day (B05); empty for a running month."""
        after = np.append(self.month_starts[1:], self.days).tolist()
        out: list[list[tuple[str, str | NullReason]]] = []
        for month, (first, end) in enumerate(zip(self.month_starts.tolist(), after, strict=True)):
            year, number = divmod(self.base_month + month, 12)
            places = (first + 9, first + 19, end - 1) if end - first >= 28 else ()
            out.append(
                [
                    (
                        f"{year:04d}-{number + 1:02d}-{at - first + 1:02d}",
                        text2(int(self.eod[at])) if self.eod_known[at] else NullReason.NO_BALANCE,
                    )
                    for at in places
                ]
            )
        return out

    @cached_property
    def plain_credits(self) -> tuple[Places, Ints]:
        """Places and amounts of C rows that are neither PAYROLL nor RENT (A06)."""
        at = np.flatnonzero(self.r2.inward & ~table((Label.PAYROLL, Label.RENT))[self.label])
        return at, self.r2.amount[at]

    @cached_property
    def helpers(self) -> list[int]:
        """Places of C rows of a known counterparty that is related or a natural person (D10)."""
        helper = self.r2.inward & (self.cp >= 0)
        helper &= (self.label == NUMBER[Label.REL]) | (self.person & self.party)
        return np.flatnonzero(helper).tolist()

    def warm(self) -> None:
        """Build what :func:`~xinqiao.provider.engine.run.prepare` promises to have built."""
        _ = self.loan_rows, self.there_and_back, self.quick_flow, self.round_trips, self.text_pairs
        _ = self.first_digit, self.platform_days, self.main_days, self.helpers
        _ = self.dated_balances, self.plain_credits


def _main_days(p: Prepared, label: int, by_party: bool) -> dict[tuple[int, int], tuple[int, int]]:
    at = np.flatnonzero((p.label == label) & ~p.r2.inward)
    days: dict[tuple[int, int], dict[int, int]] = {}
    columns = (p.cp[at].tolist(), p.month[at].tolist(), p.offset[at].tolist(), p.r2.amount[at].tolist())
    for party, month, day, fen in zip(*columns, strict=True):
        sums = days.setdefault((party if by_party else 0, month), {})
        sums[day] = sums.get(day, 0) + fen
    starts = p.month_starts.tolist()
    # rows come in order of days, so max() meets the earliest of equal days first
    return {
        key: (max(sums, key=sums.__getitem__) - starts[key[1]] + 1, sum(sums.values()))
        for key, sums in days.items()
    }
