"""Many conditions for one firm: every comparison of every product found at once, in three values.

The trees of all conditions are laid side by side in flat arrays when a book is made. For a firm each field is looked up
once and answers all comparisons about it together; then the trees are folded level by level. What is found for each
comparison stays, so that every pair keeps all its reasons. :func:`xinqiao.domain.market.conditions.judge` says what is right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

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
    Reason,
    Tri,
    Under,
    Value,
)
from xinqiao.domain.market.fields import Field
from xinqiao.lake.judging.numbers import at_least, at_most

type Outcomes = NDArray[np.int8]
type _Places = NDArray[np.int64]


class _Kind(IntEnum):
    LEAF = 0
    NODE = 1
    FIXED = 2


type _Node = tuple[_Kind, int]


@dataclass(slots=True)
class _Numbers:
    """Comparisons of one number field."""

    field: Field
    places: _Places
    low: NDArray[np.int64]
    high: NDArray[np.int64]


@dataclass(slots=True)
class _Codes:
    """Comparisons of one field of codes: where all of them are, and for each code those that it satisfies."""

    places: _Places
    by_code: dict[str, _Places]


@dataclass(frozen=True, slots=True)
class _Fold:
    """Nodes of one height: their children one after another, where each node's begin, and which nodes want all."""

    children: _Places
    starts: _Places
    nodes: _Places
    wants_all: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """Verdicts in the order of the conditions, and what each comparison found."""

    verdicts: Outcomes
    found: Outcomes


class ConditionBook:
    """Conditions in order; :meth:`judge` gives a verdict for each."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        self._leaves: list[Leaf] = []
        self._turned: list[bool] = []
        self._height: list[int] = []
        self._children: list[list[_Node]] = []
        self._wants_all: list[bool] = []
        #: leaves of condition ``i`` are ``first[i]`` up to ``first[i + 1]``
        self._first = [0]
        tops: list[_Node] = []
        for condition in conditions:
            tops.append(self._lay(condition, turned=False))
            self._first.append(len(self._leaves))
        self._tops = np.array([self._at(top) for top in tops], dtype=np.int64)
        self._flipped = np.flatnonzero(np.array(self._turned, dtype=np.bool_))
        self._numbers, self._codes = self._by_field()
        self._folds = self._levels()

    def __len__(self) -> int:
        return len(self._tops)

    def judge(self, facts: Facts) -> Judged:
        """Judge all conditions for one set of facts."""
        count = len(self._leaves)
        found = np.ones(count + len(self._children) + 2, dtype=np.int8)
        found[-2:] = (Tri.YES, Tri.NO)
        for name, numbers in self._numbers.items():
            value = facts.get(name, Missing.NOT_TOLD)
            if isinstance(value, Decimal):
                # a figure finer than the field's step stands between two whole numbers of steps
                above, below = at_least(value, numbers.field), at_most(value, numbers.field)
                found[numbers.places] = 2 * ((below >= numbers.low) & (above <= numbers.high))
        for name, codes in self._codes.items():
            value = facts.get(name, Missing.NOT_TOLD)
            if not isinstance(value, Missing):
                found[codes.places] = Tri.NO
                for code in _spelled(value):
                    satisfied = codes.by_code.get(code)
                    if satisfied is not None:
                        found[satisfied] = Tri.YES
        found[self._flipped] = 2 - found[self._flipped]
        for fold in self._folds:
            parts = found[fold.children]
            found[fold.nodes] = np.where(
                fold.wants_all,
                np.minimum.reduceat(parts, fold.starts),
                np.maximum.reduceat(parts, fold.starts),
            )
        return Judged(found[self._tops], found[:count])

    def reasons(self, judged: Judged, place: int, facts: Facts) -> list[Reason]:
        """The reasons of one condition, in the order in which it was written."""
        made: list[Reason] = []
        for at in range(self._first[place], self._first[place + 1]):
            leaf = self._leaves[at]
            value = facts.get(leaf.field.name, Missing.NOT_TOLD)
            missing = value if isinstance(value, Missing) else None
            made.append(Reason(leaf, Tri(int(judged.found[at])), missing, self._turned[at]))
        return made

    # -- laying out ------------------------------------------------------------------------------------------------

    def _lay(self, condition: Condition, *, turned: bool) -> _Node:
        """Write a tree down and say where its top is. A "not" is carried down to the comparisons."""
        match condition:
            case NotOf(part):
                return self._lay(part, turned=not turned)
            case AllOf(parts) | AnyOf(parts):
                wants_all = isinstance(condition, AllOf) is not turned
                below = [self._lay(part, turned=turned) for part in parts]
                heights = [self._height[place] for kind, place in below if kind is _Kind.NODE]
                self._height.append(1 + max(heights, default=0))
                # what asks nothing is satisfied, and its negation is not
                self._children.append(below or [(_Kind.FIXED, 0 if wants_all else 1)])
                self._wants_all.append(wants_all)
                return _Kind.NODE, len(self._children) - 1
            case _:
                self._leaves.append(condition)
                self._turned.append(turned)
                return _Kind.LEAF, len(self._leaves) - 1

    def _at(self, node: _Node) -> int:
        """The place of a node among all that is found: comparisons, then nodes, then the two that never change."""
        kind, place = node
        before = (0, len(self._leaves), len(self._leaves) + len(self._children))
        return before[kind] + place

    def _by_field(self) -> tuple[dict[str, _Numbers], dict[str, _Codes]]:
        numbers: dict[str, list[tuple[int, Between]]] = {}
        codes: dict[str, list[tuple[int, OneOf | Under]]] = {}
        for place, leaf in enumerate(self._leaves):
            if isinstance(leaf, Between):
                numbers.setdefault(leaf.field.name, []).append((place, leaf))
            else:
                codes.setdefault(leaf.field.name, []).append((place, leaf))
        return (
            {name: _numbers(asked) for name, asked in numbers.items()},
            {name: _codes(asked) for name, asked in codes.items()},
        )

    def _levels(self) -> list[_Fold]:
        by_height: dict[int, list[int]] = {}
        for node, height in enumerate(self._height):
            by_height.setdefault(height, []).append(node)
        return [self._fold(nodes) for _, nodes in sorted(by_height.items())]

    def _fold(self, nodes: list[int]) -> _Fold:
        children = [[self._at(child) for child in self._children[node]] for node in nodes]
        sizes = np.array([len(below) for below in children], dtype=np.int64)
        return _Fold(
            np.array([child for below in children for child in below], dtype=np.int64),
            np.cumsum(sizes) - sizes,
            np.array([self._at((_Kind.NODE, node)) for node in nodes], dtype=np.int64),
            np.array([self._wants_all[node] for node in nodes], dtype=np.bool_),
        )


def _numbers(asked: list[tuple[int, Between]]) -> _Numbers:
    return _Numbers(
        asked[0][1].field,
        np.array([place for place, _ in asked], dtype=np.int64),
        np.array([at_least(leaf.low, leaf.field) for _, leaf in asked], dtype=np.int64),
        np.array([at_most(leaf.high, leaf.field) for _, leaf in asked], dtype=np.int64),
    )


def _codes(asked: list[tuple[int, OneOf | Under]]) -> _Codes:
    by_code: dict[str, list[int]] = {}
    for place, leaf in asked:
        for code in leaf.codes if isinstance(leaf, OneOf) else leaf.branches:
            by_code.setdefault(code if isinstance(leaf, OneOf) else f"{code}*", []).append(place)
    return _Codes(
        np.array([place for place, _ in asked], dtype=np.int64),
        {code: np.array(places, dtype=np.int64) for code, places in by_code.items()},
    )


def _spelled(value: Value) -> list[str]:
    """A value as the codes and the branches that it satisfies."""
    if isinstance(value, frozenset):
        return sorted(value)
    text = str(value)
    return [text, *(f"{text[:end]}*" for end in range(1, len(text) + 1))]
