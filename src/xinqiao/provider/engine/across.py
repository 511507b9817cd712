"""What looks at several accounts of one statement: SELF pairs (3.9 rule 17) and circular flow (A02, rule 30)."""

from bisect import bisect_right
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from xinqiao.domain.fundflow.cues import Label
from xinqiao.provider.engine.cleaning import Cleaned
from xinqiao.provider.engine.exact import Bools
from xinqiao.provider.engine.labelling import NUMBER, Labelled
from xinqiao.provider.engine.window import View

_CLOSES_IN = 7
_LONGEST = 4


def unpaired_self(
    cleaned: Cleaned, labelled: Labelled, paired: Bools, accounts: Sequence[str], bound: frozenset[str]
) -> Bools:
    """Which R1 rows are SELF rows of R2 without their other side in another bound account of the data."""
    c = cleaned.rows
    own: Bools = (labelled.label == NUMBER[Label.SELF]) & ~paired
    inside = [key in bound for key in accounts]
    if sum(inside) < 2 or not own.any():
        return own
    rows = np.flatnonzero(own)
    rows = rows[np.array(inside)[c.account[rows]]]
    moments = c.day * 86_400 + c.second
    ordered = sorted(rows.tolist(), key=lambda i: (int(moments[i]), accounts[int(c.account[i])], i))
    waiting: dict[int, list[int]] = {}
    for i in ordered:
        if c.inward[i]:
            waiting.setdefault(int(c.amount[i]), []).append(i)
    own = own.copy()

    def names(row: int, other: int) -> bool:
        code = int(c.cp_account.codes[row])
        return code < 0 or c.cp_account.values[code] == accounts[int(c.account[other])]

    for out in ordered:
        if c.inward[out]:
            continue
        listed = waiting.get(int(c.amount[out]), [])
        best: tuple[int, int] | None = None
        for place, i in enumerate(listed):
            apart = abs(int(c.day[i] - c.day[out]))
            if apart > 2 or c.account[i] == c.account[out] or not (names(i, out) and names(out, i)):
                continue
            if best is None or apart < best[0]:
                best = apart, place
        if best is not None:
            own[out] = own[listed.pop(best[1])] = False
    return own


@dataclass(frozen=True, slots=True)
class _Edges:
    source: list[str]
    target: list[str]
    day: list[int]
    amount: list[int]
    leaving: dict[str, list[int]]


def circular_amounts(views: Sequence[View], accounts: Set[str]) -> dict[str, int]:
    """For each account with an E, the amount of the cycles it lies on (rule 30); ``accounts``: all in the data."""
    edges = _edges([v for v in views if not v.empty], accounts)
    sums: dict[str, int] = {}
    if edges is None:
        return sums
    used: set[int] = set()
    # In one account every edge touches it, so distinct nodes allow only there and back.
    longest = 2 if len(accounts) == 1 else _LONGEST
    for first in range(len(edges.source)):
        if first in used:
            continue
        for length in range(2, longest + 1):
            path = _extend(edges, [first], length, used)
            if path is not None:
                used.update(path)
                smallest = min(edges.amount[i] for i in path)
                for node in {edges.source[i] for i in path} & accounts:
                    sums[node] = sums.get(node, 0) + smallest
                break
    return sums


def _extend(edges: _Edges, path: list[int], length: int, used: set[int]) -> list[int] | None:
    first, last = path[0], path[-1]
    here = edges.leaving.get(edges.target[last])
    if here is None:
        return None
    closing = len(path) + 1 == length
    home, fen, limit = edges.source[first], edges.amount[first], edges.day[first] + _CLOSES_IN
    for i in here[bisect_right(here, last) :]:
        if edges.day[i] > limit:
            return None
        if i in used or 20 * abs(edges.amount[i] - fen) > fen:
            continue
        to = edges.target[i]
        if closing:
            if to == home:
                return [*path, i]
        elif to != home and all(to != edges.target[j] for j in path):
            found = _extend(edges, [*path, i], length, used)
            if found is not None:
                return found
    return None


def _edges(views: Sequence[View], accounts: Set[str]) -> _Edges | None:
    """Edges in order of (time, account, order), without those that cannot lie on any cycle."""
    rows: list[tuple[int, str, int, str, str, int, int]] = []
    for v in views:
        p = v.p
        span = slice(v.s0, v.s1)
        code = p.r2.cp_account.codes[span]
        use = p.party[span] & (code >= 0)
        if len(views) == 1:
            # With one account, only a counterparty with rows both ways can close a cycle.
            n = len(p.r2.cp_account.values)
            inward = p.r2.inward[span]
            both = (np.bincount(code[use & inward], minlength=n) > 0) & (
                np.bincount(code[use & ~inward], minlength=n) > 0
            )
            if not both.any():
                continue
            use &= both[code]
        at = np.flatnonzero(use)
        values = p.r2.cp_account.values
        moment = (p.r2.day[span] * 86_400 + p.r2.second[span])[at].tolist()
        columns = (
            moment,
            at.tolist(),
            code[at].tolist(),
            p.r2.inward[span][at].tolist(),
            p.r2.day[span][at].tolist(),
            p.r2.amount[span][at].tolist(),
        )
        for when, place, number, inward_, day, fen in zip(*columns, strict=True):
            other = values[number]
            if other == p.key:
                continue  # an edge from a node to itself lies on no cycle of distinct nodes
            if not inward_:
                rows.append((when, p.key, place, p.key, other, day, fen))
            elif other not in accounts:
                rows.append((when, p.key, place, other, p.key, day, fen))
    if not rows:
        return None
    if len(views) > 1:
        sources, targets = {r[3] for r in rows}, {r[4] for r in rows}
        rows = [r for r in rows if r[4] in sources and r[3] in targets]
        rows.sort()
    leaving: dict[str, list[int]] = {}
    for i, r in enumerate(rows):
        leaving.setdefault(r[3], []).append(i)
    return _Edges(
        [r[3] for r in rows], [r[4] for r in rows], [r[5] for r in rows], [r[6] for r in rows], leaving
    )
