"""Rows up to the as-of day, without exact duplicates, in order, with their reversal pairs (3.9 rules 3, 6, 7, 10).

Works on the columns of many accounts at once. Whole-column arithmetic finds the few rows that need thought (equal
times whose balance chain is broken, reversal cues); only those are walked one by one.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xinqiao.provider.engine.columns import Codes, Columns
from xinqiao.provider.engine.exact import Bools, Ints

type Places = npt.NDArray[np.intp]

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Cleaned:
    """R1 of every account, account after account.

    Attributes:
        rows: the ordered rows.
        bounds: account number i owns rows ``bounds[i]:bounds[i + 1]``.
        duplicates: rows dropped by rule 7, per account.
    """

    rows: Columns
    bounds: list[int]
    duplicates: list[int]


def clean(columns: Columns, accounts: int, as_of: int) -> Cleaned:
    """Apply rules 3, 7 and 6 to all accounts."""
    at: Places = np.flatnonzero(columns.day <= as_of)
    if len(at) < len(columns):
        columns = columns.take(at)
    dropped = _duplicates(columns)
    duplicates = [0] * accounts
    if dropped:
        for account in columns.account[dropped].tolist():
            duplicates[account] += 1
        keep = np.ones(len(columns), np.bool_)
        keep[dropped] = False
        columns = columns.take(np.flatnonzero(keep))
    order = _order(columns)
    if order is not None:
        columns = columns.take(order)
    bounds: list[int] = np.searchsorted(columns.account, np.arange(accounts + 1)).tolist()
    return Cleaned(columns, bounds, duplicates)


def _duplicates(c: Columns) -> list[int]:
    """Places (file order) of rows that repeat an earlier one (rule 7)."""
    n = len(c)
    if n < 2:
        return []
    # A 64-bit mix finds the suspects; equal rows mix equally, and suspects are compared in full.
    mix = c.day * np.int64(86_400) + c.second
    for column in (c.amount, c.balance, c.txn.codes, c.raw, c.account):
        mix *= np.int64(-7046029254386353131)
        mix ^= mix >> np.int64(29)
        mix += column
    ordered = np.sort(mix)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(twice):
        return []
    suspects = np.flatnonzero(np.isin(mix, twice)).tolist()
    seen: set[tuple[int, ...]] = set()
    dropped: list[int] = []
    for i in suspects:
        if not c.known[i] and c.txn.codes[i] < 0:
            continue
        key = (
            int(c.account[i]),
            int(c.txn.codes[i]),
            int(c.day[i]),
            int(c.second[i]),
            int(c.amount[i]),
            int(c.inward[i]),
            int(c.known[i]),
            int(c.balance[i]),
            int(c.raw[i]),
        )
        if key in seen:
            dropped.append(i)
        seen.add(key)
    return dropped


def _order(c: Columns) -> Places | None:
    """The order of rule 6 as places into the file order, or None when the file is already in it."""
    n = len(c)
    if n < 2:
        return None
    key = c.day * np.int64(_DAY) + c.second
    if len(c.account) and int(c.account[-1]) | int(c.account[0]) | int(c.account.max()):
        key += c.account.astype(np.int64) << np.int64(40)
    order: Places | None = None
    if (key[1:] < key[:-1]).any():
        order = np.argsort(key, kind="stable")
        key = key[order]
    same = key[1:] == key[:-1]
    if not same.any():
        return order
    if order is None:
        order = np.arange(n)
    signed = np.where(c.inward, c.amount, -c.amount)[order]
    balance, known, account = c.balance[order], c.known[order], c.account[order]
    broken = np.zeros(n, np.bool_)
    broken[1:] = (
        (balance[1:] != balance[:-1] + signed[1:]) & known[1:] & known[:-1] & (account[1:] == account[:-1])
    )
    edge = np.flatnonzero(np.concatenate(([True], ~same, [True])))
    starts, ends = edge[:-1], edge[1:]
    many = ends - starts > 1
    starts, ends = starts[many], ends[many]
    breaks = np.concatenate(([0], np.cumsum(broken)))
    suspect = breaks[ends] > breaks[starts]
    if not suspect.any():
        return order
    chain = _Chain(signed.tolist(), balance.tolist(), known.tolist())
    local = np.arange(n)  # positions in the time order; rewritten group by group
    moved_end = -1
    for start, end, bad in zip(starts.tolist(), ends.tolist(), suspect.tolist(), strict=True):
        if not bad and moved_end != start:
            continue
        before = int(local[start - 1]) if start and account[start - 1] == account[start] else -1
        group = chain.arrange(before, list(range(start, end)))
        local[start:end] = group
        if group[-1] != end - 1:
            moved_end = end
    return order[local]


@dataclass(frozen=True, slots=True)
class _Chain:
    """The balance chain inside a group of equal times."""

    signed: list[int]
    balance: list[int]
    known: list[bool]

    def link(self, before: int, row: int) -> bool:
        """Whether ``row`` may follow ``before`` (-1: nothing before)."""
        if before < 0 or not self.known[row] or not self.known[before]:
            return True
        return self.balance[row] == self.balance[before] + self.signed[row]

    def arrange(self, before: int, group: list[int]) -> list[int]:
        """File order, else reversed, else greedy (rule 6)."""
        for attempt in (group, group[::-1]):
            last = before
            for row in attempt:
                if not self.link(last, row):
                    break
                last = row
            else:
                return attempt
        return self._greedy(before, group)

    def _greedy(self, before: int, group: list[int]) -> list[int]:
        """Every place takes the first row left whose link holds, else the first row left.

        Rows wait in lists by the balance they ask for (None: any); the lists are read from their ends, so a group of
        a whole day costs no more than its length.
        """
        waiting: dict[int | None, list[int]] = {}
        for row in reversed(group):
            wanted = self.balance[row] - self.signed[row] if self.known[row] else None
            waiting.setdefault(wanted, []).append(row)
        rest = group[::-1]
        gone: set[int] = set()
        nothing: list[int] = []
        out: list[int] = []
        for _ in group:
            chosen = -1
            if before >= 0 and self.known[before]:
                for rows in (waiting.get(self.balance[before], nothing), waiting.get(None, nothing)):
                    while rows and rows[-1] in gone:
                        rows.pop()
                    if rows and (chosen < 0 or rows[-1] < chosen):
                        chosen = rows[-1]
            if chosen < 0:
                while rest[-1] in gone:
                    rest.pop()
                chosen = rest[-1]
            gone.add(chosen)
            before = chosen
            out.append(chosen)
        return out


def pair_reversals(cleaned: Cleaned, cue: Bools) -> Bools:
    """Which rows are a side of a reversal pair (rule 10). ``cue``: flagged as reversal or with a REV text cue."""
    c = cleaned.rows
    paired = np.zeros(len(c), np.bool_)
    cues: list[int] = np.flatnonzero(cue).tolist()
    if not cues:
        return paired
    _pair_by_reference(c, cues, paired)
    bounds = np.array(cleaned.bounds)
    for i in cues:
        if paired[i]:
            continue
        start = int(bounds[np.searchsorted(bounds, i, "right") - 1])
        low = start + int(np.searchsorted(c.day[start:i], c.day[i] - 5))
        span = slice(low, i)
        fits = (
            (c.amount[span] == c.amount[i])
            & (c.inward[span] != c.inward[i])
            & (c.cp.codes[span] == c.cp.codes[i])
            & ~cue[span]
            & ~paired[span]
        )
        found = np.flatnonzero(fits)
        if len(found):
            paired[i] = paired[low + int(found[-1])] = True
    return paired


def _pair_by_reference(c: Columns, cues: list[int], paired: Bools) -> None:
    named = [(i, c.reversal_of.values[code]) for i in cues if (code := int(c.reversal_of.codes[i])) >= 0]
    if not named:
        return
    number = {value: code for code, value in enumerate(c.txn.values)}
    wanted = {number[text] for _, text in named if text in number}
    places: dict[tuple[int, int], list[int]] = {}
    for j in np.flatnonzero(np.isin(c.txn.codes, np.array(sorted(wanted), np.int32))).tolist():
        places.setdefault((int(c.account[j]), int(c.txn.codes[j])), []).append(j)
    for i, text in named:
        if paired[i]:
            continue
        for j in places.get((int(c.account[i]), number.get(text, -1)), ()):
            if j != i and not paired[j] and c.amount[j] == c.amount[i] and c.inward[j] != c.inward[i]:
                paired[i] = paired[j] = True
                break


def months_of(day: Ints) -> Ints:
    """Month number (year * 12 + month - 1) of each day ordinal."""
    # 719163 is date(1970, 1, 1).toordinal(), where numpy's calendar starts; its months count from 1970-01.
    month = (day - 719163).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return month + np.int64(1970 * 12)


__all__ = ["Cleaned", "Codes", "Places", "clean", "months_of", "pair_reversals"]
