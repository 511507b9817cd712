"""The smallest change after which a firm would qualify.

A condition is taken apart into the ways in which it can hold; each way binds some fields; for each bound field the nearest
value that satisfies everything said of it is sought. The way that asks the least of the firm is proposed: first by the kind
of effort, then by the number of fields, then by how far they move. What nobody can change is never proposed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, islice, product

from xinqiao.domain.market.conditions import (
    AllOf,
    AnyOf,
    Between,
    Condition,
    Facts,
    Leaf,
    Missing,
    NotOf,
    OneOf,
    Tri,
    Under,
    Value,
    judge,
)
from xinqiao.domain.market.fields import Effort, Field, Kind

#: Ways kept of each part; the least are looked at first, so more would hardly ever find a smaller change.
MOST_WAYS = 512

#: One comparison and whether it has to hold or to fail.
type _Demand = tuple[Leaf, bool]
type _Way = tuple[_Demand, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One field and the nearest value that would do; ``was`` is ``None`` when it is not known."""

    field: Field
    was: Value | None
    target: Value
    effort: Effort


@dataclass(frozen=True, slots=True)
class Change:
    """Steps that together make the condition hold; none for a firm that qualifies already."""

    steps: tuple[Step, ...]

    def applied(self, facts: Facts) -> Facts:
        """The facts after the change."""
        return {**facts, **{step.field.name: step.target for step in self.steps}}


def smallest_change(condition: Condition, facts: Facts) -> Change | None:
    """The least that would do, or ``None`` when nothing the firm can do would."""
    if judge(condition, facts) is Tri.YES:
        return Change(())
    return next((change for _, change in _ways(condition, facts, holds=True)), None)


def _ways(condition: Condition, facts: Facts, *, holds: bool) -> list[tuple[_Way, Change]]:
    """The ways that are open to the firm, the least change first."""
    match condition:
        case NotOf(part):
            return _ways(part, facts, holds=not holds)
        case AllOf(parts) | AnyOf(parts):
            each = [[way for way, _ in _ways(part, facts, holds=holds)] for part in parts]
            if (
                isinstance(condition, AllOf) is holds
            ):  # all have to: one way of each, together, the least of each first
                together = islice(product(*each), MOST_WAYS)
                return _open((tuple(chain.from_iterable(chosen)) for chosen in together), facts)
            return _open(chain.from_iterable(each), facts)
        case _:
            return _open([((condition, holds),)], facts)


def _open(ways: Iterable[_Way], facts: Facts) -> list[tuple[_Way, Change]]:
    found = [(way, change) for way in ways if (change := _along(way, facts)) is not None]
    return sorted(found, key=lambda one: _key(one[1]))[:MOST_WAYS]


def _along(way: _Way, facts: Facts) -> Change | None:
    by_field: dict[str, list[_Demand]] = {}
    for demand in way:
        by_field.setdefault(demand[0].field.name, []).append(demand)
    steps: list[Step] = []
    for name, demands in by_field.items():
        field, value = demands[0][0].field, facts.get(name, Missing.NOT_TOLD)
        known = None if isinstance(value, Missing) else value
        if known is not None and _meets(known, demands):
            continue
        effort = Effort.TELL if known is None else field.effort
        target = None if effort is Effort.NEVER else _nearest(field, known, demands)
        if target is None:
            return None
        steps.append(Step(field, known, target, effort))
    return Change(tuple(sorted(steps, key=lambda step: step.field.name)))


def _meets(value: Value, demands: list[_Demand]) -> bool:
    return all(leaf.holds(value) is wanted for leaf, wanted in demands)


def _nearest(field: Field, known: Value | None, demands: list[_Demand]) -> Value | None:
    """The value nearest to the present one (to the bound that is asked, where nothing is known) that meets all."""
    fitting = [value for value in _candidates(field, known, demands) if _meets(value, demands)]
    if field.effort is Effort.TIME and isinstance(known, Decimal):
        fitting = [value for value in fitting if isinstance(value, Decimal) and value > known]
    return min(fitting, key=lambda value: (_distance(field, known, value), _sortable(value)), default=None)


def _candidates(field: Field, known: Value | None, demands: list[_Demand]) -> list[Value]:
    match field.kind:
        case Kind.NUMBER:
            bounds = [
                bound
                for leaf, _ in demands
                if isinstance(leaf, Between)
                for bound in (leaf.low, leaf.high)
                if bound is not None
            ]
            around = {bound + field.step * side for bound in bounds for side in (-1, 0, 1)}
            return [number for number in around if number >= 0 or min(bounds) < 0]
        case Kind.CODES:
            had = known if isinstance(known, frozenset) else frozenset[str]()
            barred = frozenset(
                code
                for leaf, wanted in demands
                if isinstance(leaf, OneOf) and not wanted
                for code in leaf.codes
            )
            kept, wishes = (
                had - barred,
                [
                    sorted(leaf.codes - barred)
                    for leaf, wanted in demands
                    if isinstance(leaf, OneOf) and wanted
                ],
            )
            missing = [codes for codes in wishes if not kept & set(codes)]
            return [kept | set(chosen) for chosen in product(*missing)]
        case _:
            asked = {
                code
                for leaf, _ in demands
                for code in (
                    leaf.codes
                    if isinstance(leaf, OneOf)
                    else leaf.branches
                    if isinstance(leaf, Under)
                    else ()
                )
            }
            return [*sorted(asked | set(field.codes))]


def _distance(field: Field, known: Value | None, target: Value) -> Decimal:
    """How far it moves, as a share of where it is or of where it goes; for a list in order, by places."""
    if isinstance(target, Decimal):
        if not isinstance(known, Decimal):
            return Decimal(0)
        return abs(target - known) / max(abs(target), abs(known), field.step)
    if isinstance(target, frozenset):
        had = known if isinstance(known, frozenset) else frozenset[str]()
        return Decimal(len(target ^ had))
    if isinstance(known, str) and known in field.codes and target in field.codes:
        return Decimal(abs(field.codes.index(known) - field.codes.index(target)))
    return Decimal(1)


def _key(change: Change) -> tuple[object, ...]:
    efforts = sorted((step.effort for step in change.steps), reverse=True) or [Effort.WISH]
    far = sum((_distance(step.field, step.was, step.target) for step in change.steps), Decimal(0))
    return (
        bool(change.steps),
        efforts[0],
        len(change.steps),
        far,
        tuple((step.field.name, _sortable(step.target)) for step in change.steps),
    )


def _sortable(value: Value) -> str:
    return ",".join(sorted(value)) if isinstance(value, frozenset) else str(value)
