"""The months asked for, over one prepared account: the window of 3.9 rules 4 and 5 and the sums every family shares.

:class:`View` computes each shared figure once; the families (``flows``, ``balances``, ``parties``, ``cash``,
``debts``, ``anomalies``) only turn them into lines.
"""

from datetime import date

from xinqiao.domain.fundflow.cues import Label
from xinqiao.domain.fundflow.dictionary import LINES
from xinqiao.domain.fundflow.figures import NullReason, Shown
from xinqiao.provider.engine.exact import Bools, Ints, dec4, yuan
from xinqiao.provider.engine.labelling import NUMBER
from xinqiao.provider.engine.prepared import MEASURES, MEASURES1, Prepared

type Cell = Shown | NullReason
type Lines = dict[str, tuple[Cell, ...]]

LEAST = {line.id: line.least_months for line in LINES}

ZERO = NullReason.ZERO_DENOMINATOR
FEW = NullReason.TOO_FEW_OBSERVATIONS
SHORT = NullReason.SHORT_HISTORY
NEGATIVE = NullReason.NEGATIVE_DENOMINATOR
NO_BALANCE = NullReason.NO_BALANCE
NOT_SUPPLIED = NullReason.LIST_NOT_SUPPLIED


def ratio(num: int, den: int) -> Cell:
    """num/den with four decimals, or ZERO_DENOMINATOR (rule 26)."""
    return dec4(num, den) if den else ZERO


def month_shift(day: date, back: int) -> date:
    """First day of the month ``back`` months before the month of ``day``."""
    number = day.year * 12 + day.month - 1 - back
    return date(number // 12, number % 12 + 1, 1)


def window_of(as_of: int, months: int) -> tuple[int, int]:
    """First and last day of W (rule 4)."""
    after = date.fromordinal(as_of + 1)
    first_open = after.replace(day=1)  # first day of the first month that does not end by the as-of day
    return month_shift(first_open, months).toordinal(), first_open.toordinal() - 1


class View:
    """One account seen through N months. Only an account with rows has one; check ``empty`` before the sums."""

    def __init__(self, p: Prepared, months: int) -> None:
        self.p, self.months = p, months
        self.a, self.b = window_of(p.as_of, months)
        self.window_days = self.b - self.a + 1
        origin = (
            p.opened if p.opened is not None else date.fromordinal(p.first_day).replace(day=1).toordinal()
        )
        self.e = max(self.a, origin)
        self.empty = self.e > self.b
        if self.empty:
            self.coverage = "0.0000"
            return
        base = p.base_day
        self.d0, self.d1 = self.e - base, self.b - base + 1  # E as offsets of the day arrays
        self.d_e = self.d1 - self.d0
        self.em0 = int(p.month_of_day[self.d0])
        self.em1 = int(p.month_of_day[self.d1 - 1]) + 1
        self.mm0 = self.em0 + (date.fromordinal(self.e).day != 1)
        self.k = self.em1 - self.mm0
        self.month_numbers = [p.base_month + m for m in range(self.mm0, self.em1)]
        self._balances()
        self._sums()

    def _balances(self) -> None:
        p = self.p
        self.eod: Ints = p.eod[self.d0 : self.d1]
        self.eod_known: Bools = p.eod_known[self.d0 : self.d1]
        self.known: Ints = self.eod if p.all_known else self.eod[self.eod_known]
        self.n_known = len(self.known)
        self.eod_sum = int(self.known.sum())
        self.coverage = dec4(self.n_known, self.window_days)

    def _sums(self) -> None:
        p = self.p
        self.s0, self.s1 = p.starts2[self.em0], p.starts2[self.em1]
        self.rows2 = self.s1 - self.s0
        totals: list[int] = (p.totals2[:, self.s1] - p.totals2[:, self.s0]).tolist()
        self.t = dict(zip(MEASURES, totals, strict=True))
        low, high = p.rows_until_day[self.d0], p.rows_until_day[self.d1]
        totals = (p.totals1[:, high] - p.totals1[:, low]).tolist()
        self.t1 = dict(zip(MEASURES1, totals, strict=True))
        cells = p.cells[self.em0 : self.em1].sum(axis=0)
        self.cell: list[list[int]] = cells.tolist()
        self.count: list[list[int]] = p.counts[self.em0 : self.em1].sum(axis=0).tolist()
        self.gross_out, self.gross_in = (int(v) for v in cells.sum(axis=0))
        self.gross = self.gross_in + self.gross_out
        monthly = p.cells[self.em0 : self.em1]
        oi = monthly[:, p.income, 1].sum(axis=1).tolist()
        oo = monthly[:, p.expense, 0].sum(axis=1).tolist()
        self.oi, self.oo = sum(oi), sum(oo)
        skip = self.mm0 - self.em0
        self.oi_m: list[int] = oi[skip:]
        self.oo_m: list[int] = oo[skip:]

    def sum_of(self, label: Label, inward: int) -> int:
        """Σ amt of a label and direction (1 in, 0 out) over E."""
        return self.cell[NUMBER[label]][inward]

    def rows_of(self, label: Label, inward: int) -> int:
        """Number of rows of a label and direction over E."""
        return self.count[NUMBER[label]][inward]

    def months_of(self, label: Label, inward: int) -> list[int]:
        """Σ amt of a label and direction per month of M."""
        out: list[int] = self.p.cells[self.mm0 : self.em1, NUMBER[label], inward].tolist()
        return out

    def enough(self, line: str) -> bool:
        """Whether k reaches the least number of months of a line (rule 25)."""
        return self.k >= LEAST[line]

    def month_edges(self) -> Ints:
        """Offsets (of the day arrays) of the first day of every month of M."""
        return self.p.month_starts[self.mm0 : self.em1]


__all__ = ["FEW", "LEAST", "NEGATIVE", "NOT_SUPPLIED", "NO_BALANCE", "SHORT", "ZERO", "Cell", "Lines", "View", "ratio",
           "window_of", "yuan"]  # fmt: skip
