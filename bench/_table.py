"""The table every benchmark fills: one row a figure, with the peer measured in the same run."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BenchRow:
    """One figure.

    Attributes:
        id: goal id; name: what was measured; value, peer: with their units, as text.
        ratio: how many times better than the peer (above 1 is better), as text.
        must, moonshot: the goals as text; empty for a figure that is only told.
        met: ``moonshot``, ``must``, ``no``, or empty without a goal.
    """

    id: str
    name: str
    value: str
    peer: str
    ratio: str
    must: str = ""
    moonshot: str = ""
    met: str = ""


def interleaved(tasks: Sequence[Callable[[], object]], rounds: int = 7) -> list[list[float]]:
    """Seconds of every task in every round, A B C A B C …, after one round that does not count.

    A short task runs several times in its turn, so that one turn is not all cold caches after a long neighbour.
    """
    seconds: list[list[float]] = [[] for _ in tasks]
    repeats: list[int] = []
    for number in range(rounds + 1):
        for place, (task, times) in enumerate(zip(tasks, seconds, strict=True)):
            for _ in range(repeats[place] if number else 1):
                start = time.perf_counter()
                task()
                spent = time.perf_counter() - start
                if number:
                    times.append(spent)
            if not number:
                repeats.append(max(1, min(10, int(0.05 / spent))))
    return seconds


def p50(seconds: Sequence[float]) -> float:
    """The median."""
    return statistics.median(seconds)


def verdict(must: bool, moonshot: bool) -> str:
    """What a goal came to."""
    return "moonshot" if moonshot and must else "must" if must else "no"


def render(rows: Sequence[BenchRow]) -> str:
    """The table as Markdown."""
    head = ("id", "figure", "value", "peer", "ratio", "must", "moonshot", "met")
    lines = [head, tuple("---" for _ in head)]
    lines += [(r.id, r.name, r.value, r.peer, r.ratio, r.must, r.moonshot, r.met) for r in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
