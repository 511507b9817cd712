"""One policy and one firm: the verdict with its reasons and the smallest change, as data that is kept."""

from dataclasses import dataclass
from decimal import Decimal

from xinqiao.domain.canonical import Json
from xinqiao.domain.market.change import smallest_change
from xinqiao.domain.market.conditions import (
    Condition,
    Facts,
    Tri,
    Value,
    condition_json,
    judge,
    leaves,
    reasons,
)
from xinqiao.hub.apps.policies.facts import with_missing


@dataclass(frozen=True, slots=True)
class Judged:
    """``reasons``: each comparison, what it found, why it is not known; ``change``: field and value that would do."""

    verdict: Tri
    reasons: list[Json]
    change: list[Json]


def judged(condition: Condition, facts: Facts) -> Judged:
    """By the literal rules, with everything that is to be said."""
    known = with_missing(facts, [leaf.field.name for leaf in leaves(condition)])
    verdict = judge(condition, known)
    found: list[Json] = [
        {
            "leaf": condition_json(one.leaf), "turned": one.turned, "found": int(one.outcome),
            "missing": one.missing.value if one.missing else None,
        }
        for one in reasons(condition, known)
    ]  # fmt: skip
    change = smallest_change(condition, known)
    steps: list[Json] = [
        {"field": step.field.name, "target": _json(step.target)} for step in (change.steps if change else ())
    ]
    return Judged(verdict, found, steps)


def _json(value: Value) -> Json:
    if isinstance(value, Decimal):
        return format(value, "f")
    return [*sorted(value)] if isinstance(value, frozenset) else value
