"""What needs several accounts of the data together: SELF pairs (rule 17, A15) and circular flow (rule 30, A02)."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from xinqiao.domain.fundflow.books import OUTSIDE, Books, Statement, total
from xinqiao.domain.fundflow.cues import Label
from xinqiao.domain.fundflow.figures import Figure, ratio

SELF_DAYS = 2
CYCLE_DAYS = 7
CYCLE_EDGES = 4


def pair_self_transfers(statement: Statement) -> dict[tuple[str, int], str]:
    """(account, position) of every paired SELF row → the account its other side is in (rule 17)."""
    bound = sorted(set(statement.accounts) & statement.context.bound)
    rows = [
        (entry.row.ts, account, entry.position, entry)
        for account in bound
        for entry in statement.books(account).r2
        if entry.label is Label.SELF
    ]
    rows.sort(key=lambda item: item[:3])
    incoming = [row for row in rows if row[3].sign > 0]
    paired: dict[tuple[str, int], str] = {}
    for _, account, position, out in (row for row in rows if row[3].sign < 0):
        candidates = [
            (abs(came.day - out.day), ts, other, at)
            for ts, other, at, came in incoming
            if other != account
            and (other, at) not in paired
            and came.amount == out.amount
            and abs(came.day - out.day) <= SELF_DAYS
            and out.row.cp_account in ("", other)
            and came.row.cp_account in ("", account)
        ]
        if candidates:
            _, _, other, at = min(candidates)
            paired[account, position] = other
            paired[other, at] = account
    return paired


def self_transfer_unpaired(b: Books) -> Figure:
    """A15; without a bound list every SELF row is unpaired."""
    paired = b.statement.once(pair_self_transfers)
    unpaired = total(e for e in b.labelled(Label.SELF) if (b.account, e.position) not in paired)
    return ratio(unpaired, b.gross_in + b.gross_out)


@dataclass(frozen=True, slots=True)
class Edge:
    """Money from one account number to another on a day."""

    source: str
    target: str
    day: int
    amount: int


def _edges(statement: Statement) -> list[Edge]:
    """All edges in the order (ts, account, order) (rule 30)."""
    own = set(statement.accounts)
    found: list[tuple[tuple[int, int], str, int, Edge]] = []
    for account in statement.accounts:
        for e in statement.books(account).flows:
            other = e.row.cp_account
            if e.label in OUTSIDE or not other:
                continue
            if e.sign < 0:
                edge = Edge(account, other, e.day, e.amount)
            elif other not in own:
                edge = Edge(other, account, e.day, e.amount)
            else:
                continue  # the out row of the other account stands for it
            found.append((e.row.ts, account, e.position, edge))
    found.sort(key=lambda item: item[:3])
    return [item[3] for item in found]


class _Cycles:
    """Finds, for each edge in order, the shortest and earliest cycle of unused edges that it starts."""

    def __init__(self, edges: list[Edge]) -> None:
        self._edges = edges
        self._used = [False] * len(edges)
        self._leaving: dict[str, list[int]] = {}
        for i, edge in enumerate(edges):
            self._leaving.setdefault(edge.source, []).append(i)

    def __iter__(self) -> Iterator[list[Edge]]:
        for i in range(len(self._edges)):
            if self._used[i]:
                continue
            path = next(
                (p for n in range(2, CYCLE_EDGES + 1) if (p := self._extend([i], n)) is not None), None
            )
            if path is not None:
                for j in path:
                    self._used[j] = True
                yield [self._edges[j] for j in path]

    def _extend(self, path: list[int], length: int) -> list[int] | None:
        """The earliest completion of ``path`` to a cycle of exactly ``length`` edges, or None."""
        first, last = self._edges[path[0]], self._edges[path[-1]]
        if first.source == first.target:
            return None
        seen = {self._edges[j].source for j in path}
        leaving = self._leaving.get(last.target, [])
        for j in leaving[bisect_left(leaving, path[-1] + 1) :]:
            edge = self._edges[j]
            if edge.day > first.day + CYCLE_DAYS:
                return None
            if self._used[j] or 20 * abs(edge.amount - first.amount) > first.amount:
                continue
            if len(path) + 1 == length:
                if edge.target == first.source:
                    return [*path, j]
            elif edge.target not in seen and edge.target != edge.source:
                found = self._extend([*path, j], length)
                if found is not None:
                    return found
        return None


def circular_amounts(statement: Statement) -> dict[str, int]:
    """Account of the data → the smallest amounts of the cycles it is on, each cycle once (rule 30)."""
    amounts = dict.fromkeys(statement.accounts, 0)
    for cycle in _Cycles(_edges(statement)):
        smallest = min(edge.amount for edge in cycle)
        for node in {edge.source for edge in cycle} & amounts.keys():
            amounts[node] += smallest
    return amounts


def circular_flow_share(b: Books) -> Figure:
    """A02."""
    return ratio(b.statement.once(circular_amounts)[b.account], b.gross_in)
