"""What the authenticity lines look up in an account, whatever months are asked for.

Quick in-out (3.9 rule 29), rows that could pair as round trips (A03), who writes which text (A14). Each narrows the
rows with whole-column arithmetic first, so that what must be walked in order is short.
"""

from bisect import bisect_left
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from xinqiao.provider.engine.columns import Coded, Codes, Columns
from xinqiao.provider.engine.exact import Bools, Ints, ranges

type Places = npt.NDArray[np.intp]

_DAY = 86_400
_CLOSES_IN = 7
_WIDE = 2_000_000
"""More (credit, out row) pairs than this are not laid out at once; the walk then sorts out by itself."""


@dataclass(frozen=True, slots=True)
class _Use:
    """A quick credit of the walk from the first row: its candidate number and what it took of each out row."""

    candidate: int
    took: tuple[tuple[int, int], ...]


class QuickFlow:
    """Rule 29 over one account.

    The rule walks the credits of E, and each out row is used once; so a credit near the start of E may be quick
    although it was not when the walk started earlier. The walk from the very first row is kept with what each credit
    took. A walk that starts later is redone only until nothing it could still use differs from the kept one.
    """

    def __init__(self, rows: Columns, cp: Codes, usable: Bools) -> None:
        outs = np.flatnonzero(~rows.inward & usable)
        ins = np.flatnonzero(rows.inward & usable)
        timed = rows.second != 0
        self._all_timed = bool(timed.all())
        moment = rows.day * _DAY + rows.second
        start = np.searchsorted(outs, ins)
        if self._all_timed:
            end = np.searchsorted(moment[outs], moment[ins] + _DAY, "right")
        else:
            end = np.searchsorted(rows.day[outs], rows.day[ins] + 2, "right")
        amount = rows.amount[outs]
        reach = np.concatenate(([0], np.cumsum(amount)))
        enough = (reach[end] - reach[start]) * 10 >= rows.amount[ins] * 9
        ins, start, end = ins[enough], start[enough], end[enough]
        if int((end - start).sum()) <= _WIDE:
            enough = _three_can_cover(rows.amount[ins], start, end, amount, cp[outs])
            ins, start, end = ins[enough], start[enough], end[enough]
        self._rows: Places = ins
        self._need: list[int] = rows.amount[ins].tolist()
        self._start: list[int] = start.tolist()
        self._end: list[int] = end.tolist()
        self._amount: list[int] = amount.tolist()
        self._cp: list[int] = cp[outs].tolist()
        self._in_moment: list[int] = moment[ins].tolist()
        self._in_timed: list[bool] = timed[ins].tolist()
        self._out_moment: list[int] = moment[outs].tolist()
        self._out_timed: list[bool] = timed[outs].tolist()
        self._kept = self._walk()
        quick = np.zeros(len(ins) + 1, np.int64)
        for use in self._kept:
            quick[use.candidate + 1] = self._need[use.candidate]
        self._until: list[int] = np.cumsum(quick).tolist()

    def amount(self, low: int, high: int) -> int:
        """Σ of the quick credits among R2 rows low to high - 1, when the walk starts at row low."""
        first, last = (int(at) for at in np.searchsorted(self._rows, (low, high)))
        if first == last:
            return 0
        # what the kept walk took, before `first`, of rows that are still in reach
        edge = self._start[first]
        split = bisect_left(self._kept, first, key=attrgetter("candidate"))
        lent: dict[int, int] = {}
        for use in self._kept[:split]:
            for out, fen in use.took:
                if out >= edge:
                    lent[out] = lent.get(out, 0) + fen
        if not lent:
            return self._until[last] - self._until[first]
        return self._resume(first, last, lent, split)

    def _resume(self, first: int, last: int, lent: dict[int, int], split: int) -> int:
        """Walk from ``first`` with a state of its own, beside the kept one, until both are the same."""
        left = dict(lent)  # out row → what this walk has left of it more than the kept walk (may be negative)
        kept_left: dict[int, int] = {}
        for use in self._kept[:split]:
            for out, fen in use.took:
                kept_left[out] = kept_left.get(out, self._amount[out]) - fen
        later = {use.candidate: use for use in self._kept[split:]}
        total = 0
        for candidate in range(first, last):
            start = self._start[candidate]
            left = {out: fen for out, fen in left.items() if fen and out >= start}
            if not left:
                return total + self._until[last] - self._until[candidate]
            mine = {
                out: kept_left.get(out, self._amount[out]) + left.get(out, 0)
                for out in range(start, self._end[candidate])
            }
            took = self._take(candidate, mine)
            total += self._need[candidate] if took else 0
            for out, fen in took:
                left[out] = left.get(out, 0) - fen
            use_ = later.get(candidate)
            for out, fen in use_.took if use_ else ():
                left[out] = left.get(out, 0) + fen
                kept_left[out] = kept_left.get(out, self._amount[out]) - fen
        return total

    def _walk(self) -> list[_Use]:
        left = list(self._amount)
        kept: list[_Use] = []
        for candidate in range(len(self._need)):
            took = self._take(candidate, left)
            if took:
                for out, fen in took:
                    left[out] -= fen
                kept.append(_Use(candidate, tuple(took)))
        return kept

    def _take(self, candidate: int, left: list[int] | dict[int, int]) -> list[tuple[int, int]]:
        """What the credit takes of each out row; empty when it is not quick."""
        window: range | list[int] = range(self._start[candidate], self._end[candidate])
        if not self._all_timed:
            window = [out for out in window if self._near(candidate, out)]
        cp, need = self._cp, self._need[candidate]
        sums: dict[int, int] = {}
        for out in window:
            rest = left[out]
            if rest:
                party = cp[out]
                sums[party] = sums.get(party, 0) + rest
        if len(sums) > 3:
            # a stable sort keeps equal sums in the order of their first rows
            leaders = sorted(sums, key=sums.__getitem__, reverse=True)[:3]
            sums = {party: sums[party] for party in leaders}
        if sum(sums.values()) * 10 < need * 9:
            return []
        took: list[tuple[int, int]] = []
        for out in window:
            rest = left[out]
            if rest and cp[out] in sums:
                fen = min(rest, need)
                took.append((out, fen))
                need -= fen
                if not need:
                    break
        return took

    def _near(self, candidate: int, out: int) -> bool:
        if self._in_timed[candidate] and self._out_timed[out]:
            return self._out_moment[out] - self._in_moment[candidate] <= _DAY
        return self._out_moment[out] // _DAY - self._in_moment[candidate] // _DAY <= 2


def _three_can_cover(need: Ints, start: Ints, end: Ints, amount: Ints, cp: Codes) -> Bools:
    """Whether the three largest counterparties of the untouched out rows reach nine tenths of the credit."""
    owner, out = ranges(start, end)
    out_of_nothing = np.zeros(len(need), np.bool_)
    if not len(owner):
        return out_of_nothing
    party = cp[out].astype(np.int64) + 1
    width = int(party.max()) + 1
    key = owner * width + party
    order = np.argsort(key)
    key = key[order]
    heads = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    sums = np.add.reduceat(amount[out[order]], heads)
    owner = key[heads] // width
    order = np.lexsort((-sums, owner))
    owner, sums = owner[order], sums[order]
    first = np.flatnonzero(np.concatenate(([True], owner[1:] != owner[:-1])))
    rank = np.arange(len(owner)) - np.repeat(first, np.diff(np.append(first, len(owner))))
    covered = np.zeros(len(need), np.int64)
    np.add.at(covered, owner[rank < 3], sums[rank < 3])
    enough: Bools = covered * 10 >= need * 9
    return enough


def round_trip_rows(cp: Codes, amount: Ints, inward: Bools, usable: Bools) -> Places:
    """Rows whose counterparty moved the same amount the other way too: only these can pair (A03)."""
    use = np.flatnonzero(usable & (cp >= 0))
    # A mix of both values; a collision only lets a row in that then finds no partner.
    key = amount[use] * np.int64(-7046029254386353131) + cp[use]
    order = np.argsort(key)
    key = key[order]
    group = np.cumsum(np.concatenate(([0], key[1:] != key[:-1])))
    into = inward[use][order]
    both = (
        (np.bincount(group, into) > 0) & (np.bincount(group, ~into) > 0)
        if len(use)
        else np.zeros(0, np.bool_)
    )
    return np.sort(use[order[both[group]]]) if len(use) else use


@dataclass(frozen=True, slots=True)
class ThereAndBack:
    """Cycles of two edges that one account alone can show (rule 30), by first row, then by second."""

    first: list[int]
    second: list[int]
    smaller: list[int]

    def amount(self, low: int, high: int) -> int:
        """Σ of the smaller amounts over R2 rows low to high - 1, each row in one cycle."""
        used: set[int] = set()
        total = 0
        for first, second, fen in zip(self.first, self.second, self.smaller, strict=True):
            if first < low or second >= high or first in used or second in used:
                continue
            used.add(first)
            used.add(second)
            total += fen
        return total


def there_and_back(rows: Columns, usable: Bools, own: str) -> ThereAndBack | None:
    """All pairs of rows, one each way, same account, within 7 days and 5 percent; None when they are too many."""
    other = rows.cp_account
    use = np.flatnonzero(usable & (other.codes >= 0))
    codes = other.codes[use]
    if own in other.values:
        use = use[codes != other.values.index(own)]
        codes = other.codes[use]
    n = max(len(other.values), 1)
    inward = rows.inward[use]
    both = (np.bincount(codes[inward], minlength=n) > 0) & (np.bincount(codes[~inward], minlength=n) > 0)
    use = use[both[codes]]
    # by account number, then in order: what follows within 7 days stands together
    use = use[np.argsort(other.codes[use], kind="stable")]
    key = other.codes[use].astype(np.int64) * (1 << 32) + rows.day[use]
    end = np.searchsorted(key, key + _CLOSES_IN, "right")
    start = np.arange(1, len(use) + 1)
    if int(np.maximum(end - start, 0).sum()) > _WIDE:
        return None
    one, two = ranges(start, end)
    one, two = use[one], use[two]
    fen, back = rows.amount[one], rows.amount[two]
    fits = (rows.inward[one] != rows.inward[two]) & (20 * np.abs(back - fen) <= fen)
    one, two = one[fits], two[fits]
    order = np.lexsort((two, one))
    smaller = np.minimum(rows.amount[one], rows.amount[two])
    return ThereAndBack(one[order].tolist(), two[order].tolist(), smaller[order].tolist())


class TextPairs:
    """Distinct (counterparty, text) of an account, by counterparty, then by text in code-point order.

    Attributes:
        at: R2 rows that have both; ``pair_of_row`` runs beside it.
        cp, text: of each pair; ``heads`` and ``lengths`` delimit the pairs of one counterparty.
    """

    def __init__(self, cp: Codes, text: Coded) -> None:
        self.at = np.flatnonzero((cp >= 0) & (text.codes >= 0))
        codes = text.codes[self.at]
        used = np.flatnonzero(np.bincount(codes, minlength=1))
        names = [text.values[code] for code in used.tolist()] if len(codes) else []
        width = max(len(names), 1)
        rank = np.zeros(len(text.values) + 1, np.int64)
        if names:
            rank[used[sorted(range(len(names)), key=names.__getitem__)]] = np.arange(len(names))
        key = cp[self.at].astype(np.int64) * width + rank[codes]
        order = np.argsort(key)
        key = key[order]
        fresh = np.concatenate(([True], key[1:] != key[:-1])) if len(key) else np.zeros(0, np.bool_)
        self.pair_of_row = np.empty(len(key), np.int64)
        self.pair_of_row[order] = np.cumsum(fresh) - 1
        self.cp, self.text = np.divmod(key[fresh], width)
        self.heads: Ints = np.flatnonzero(np.diff(self.cp, prepend=-1))
        self.lengths = np.diff(np.append(self.heads, len(self.cp)))
