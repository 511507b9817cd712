"""One condition for all firms: a policy that looks for whom it is for.

Firms are columns: whole numbers of a field's step, places in a list of codes, sets of codes as bits; what is not known is a
value of its own. Stretches of rows that fit the processor's cache are judged one after another; within a stretch a part of
an "and" is asked only of the rows that no earlier part has refused (and of an "or" only of those none has admitted), and
stretches are shared out to the processors. :func:`xinqiao.domain.market.conditions.judge` says what is right.
"""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xinqiao.domain.errors import Code, Invalid
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
)
from xinqiao.domain.market.fields import Field, Kind, field_of
from xinqiao.lake.judging.numbers import LOWEST, at_least, at_most

#: Rows of a stretch: a few columns of them stay in the second cache.
STRETCH = 1 << 16
#: A number that is not known; below every figure.
NOT_KNOWN = LOWEST - 1
_MOST_TAGS = 63

type Verdicts = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class _Numbers:
    values: NDArray[np.int64]
    complete: bool


@dataclass(frozen=True, slots=True)
class _Codes:
    """``places`` into ``codes``; the last place, one past the list, is "not known"."""

    places: NDArray[np.int32]
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sets:
    """A bit for each code; the highest bit is "not known"."""

    bits: NDArray[np.uint64]
    codes: tuple[str, ...]


class Counted(NamedTuple):
    """How many firms fit, may fit once something is known, and do not."""

    fits: int
    unknown: int
    not_fits: int


@dataclass(slots=True)
class FirmTable:
    """Columns of all firms, in one order. A field without a column is known of nobody."""

    count: int
    numbers: dict[str, _Numbers] = field(default_factory=dict)
    codes: dict[str, _Codes] = field(default_factory=dict)
    sets: dict[str, _Sets] = field(default_factory=dict)

    @classmethod
    def of(cls, firms: Iterable[Facts], names: Iterable[str]) -> "FirmTable":
        """From facts one by one; for tests and for the few. Whole provinces come as columns."""
        rows = list(firms)
        table = cls(len(rows))
        for name in names:
            known = field_of(name)
            assert known is not None
            table._add(known, [row.get(name, Missing.NOT_TOLD) for row in rows])
        return table

    def _add(self, known: Field, values: list[Value | Missing]) -> None:
        name = known.name
        match known.kind:
            case Kind.NUMBER:
                steps = [
                    _whole(value, known) if isinstance(value, Decimal) else NOT_KNOWN for value in values
                ]
                self.add_numbers(name, np.array(steps, dtype=np.int64))
            case Kind.CODES:
                codes = sorted({code for value in values if isinstance(value, frozenset) for code in value})
                bits = [
                    sum(1 << codes.index(code) for code in value)
                    if isinstance(value, frozenset)
                    else 1 << _MOST_TAGS
                    for value in values
                ]
                self.add_sets(name, np.array(bits, dtype=np.uint64), codes)
            case _:
                texts = sorted(
                    {value for value in values if isinstance(value, str) and not isinstance(value, Missing)}
                )
                place = {text: at for at, text in enumerate(texts)}
                places = [len(texts) if isinstance(value, Missing) else place[str(value)] for value in values]
                self.add_codes(name, np.array(places, dtype=np.int32), texts)

    def add_numbers(self, name: str, values: NDArray[np.int64]) -> None:
        """A column of whole steps, :data:`NOT_KNOWN` where nothing is known."""
        self.numbers[name] = _Numbers(values, not bool((values == NOT_KNOWN).any()))

    def add_codes(self, name: str, places: NDArray[np.int32], codes: Iterable[str]) -> None:
        """A column of places in ``codes``; the length of ``codes`` stands for "not known"."""
        self.codes[name] = _Codes(places, tuple(codes))

    def add_sets(self, name: str, bits: NDArray[np.uint64], codes: Iterable[str]) -> None:
        """A column of bits, the first for the first code; bit 63 stands for "not known"."""
        self.sets[name] = _Sets(bits, tuple(codes))

    def verdicts(self, condition: Condition) -> Verdicts:
        """0 does not fit, 1 not known, 2 fits: one for each firm."""
        judged = np.empty(self.count, dtype=np.int8)
        asked = _compiled(condition, self)

        def stretch(start: int) -> None:
            end = min(start + STRETCH, self.count)
            judged[start:end] = asked.judge(slice(start, end), None, end - start)

        starts = range(0, self.count, STRETCH)
        if len(starts) < 2:
            for start in starts:
                stretch(start)
        else:
            with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
                list(pool.map(stretch, starts))
        return judged

    def counted(self, condition: Condition) -> Counted:
        """How many firms there are of each verdict."""
        found = np.bincount(self.verdicts(condition), minlength=3)
        return Counted(int(found[Tri.YES]), int(found[Tri.UNKNOWN]), int(found[Tri.NO]))


def _whole(value: Decimal, field: Field) -> int:
    if value % field.step:
        raise Invalid(Code.INVALID, "finer than the field's step", facts={"field": field.name})
    return at_most(value, field)


# -- a condition made ready for a table --------------------------------------------------------------------------------

type _Rows = NDArray[np.int64] | None


class _Asked:
    """Something that can be asked of rows: ``rows`` counts from the start of the stretch, ``None`` is all of them."""

    def judge(self, stretch: slice, rows: _Rows, count: int) -> Verdicts:
        raise NotImplementedError


def _chosen[T: np.generic](column: NDArray[T], stretch: slice, rows: _Rows) -> NDArray[T]:
    part = column[stretch]
    return part if rows is None else part[rows]


@dataclass(frozen=True, slots=True)
class _Fixed(_Asked):
    verdict: Tri

    def judge(self, stretch: slice, rows: _Rows, count: int) -> Verdicts:
        return np.full(count, self.verdict, dtype=np.int8)


@dataclass(frozen=True, slots=True)
class _Range(_Asked):
    column: _Numbers
    low: int
    high: int
    turned: bool

    def judge(self, stretch: slice, rows: _Rows, count: int) -> Verdicts:
        values = _chosen(self.column.values, stretch, rows)
        inside = (values >= self.low) & (values <= self.high)
        found: Verdicts = (~inside if self.turned else inside).view(np.int8) << 1
        if not self.column.complete:
            found[values == NOT_KNOWN] = Tri.UNKNOWN
        return found


@dataclass(frozen=True, slots=True)
class _Listed(_Asked):
    """Each place of the list has its verdict already."""

    column: NDArray[np.int32]
    verdicts: Verdicts

    def judge(self, stretch: slice, rows: _Rows, count: int) -> Verdicts:
        return self.verdicts[_chosen(self.column, stretch, rows)]


@dataclass(frozen=True, slots=True)
class _Bits(_Asked):
    column: NDArray[np.uint64]
    wanted: np.uint64
    turned: bool

    def judge(self, stretch: slice, rows: _Rows, count: int) -> Verdicts:
        bits = _chosen(self.column, stretch, rows)
        some = (bits & self.wanted) != 0
        found: Verdicts = (~some if self.turned else some).view(np.int8) << 1
        found[bits >> np.uint64(_MOST_TAGS) != 0] = Tri.UNKNOWN
        return found


@dataclass(frozen=True, slots=True)
class _Together(_Asked):
    """All parts, or at least one: ``settled`` is the verdict of a part that needs no further asking."""

    parts: tuple[_Asked, ...]
    settled: Tri

    def judge(self, stretch: slice, rows: _Rows, count: int) -> Verdicts:
        fold = np.minimum if self.settled is Tri.NO else np.maximum
        found = np.full(count, Tri.YES if self.settled is Tri.NO else Tri.NO, dtype=np.int8)
        open_: _Rows = None
        for part in self.parts:
            if open_ is None:
                found = fold(found, part.judge(stretch, rows, count))
            elif len(open_):
                asked = open_ if rows is None else rows[open_]
                found[open_] = fold(found[open_], part.judge(stretch, asked, len(asked)))
            else:
                break
            left = np.flatnonzero(found != self.settled)
            # few rows are worth picking out, many are read faster as they lie
            open_ = left if 2 * len(left) < count else None
        return found


def _compiled(condition: Condition, table: FirmTable, *, turned: bool = False) -> _Asked:
    match condition:
        case NotOf(part):
            return _compiled(part, table, turned=not turned)
        case AllOf(parts) | AnyOf(parts):
            asked = sorted((_compiled(part, table, turned=turned) for part in parts), key=_cost)
            return _Together(tuple(asked), Tri.NO if isinstance(condition, AllOf) is not turned else Tri.YES)
        case _:
            return _leaf(condition, table, turned=turned)


def _cost(asked: _Asked) -> int:
    """Narrow columns first: they are read fastest."""
    return [_Fixed, _Listed, _Range, _Bits, _Together].index(type(asked))


def _leaf(leaf: Leaf, table: FirmTable, *, turned: bool) -> _Asked:
    name = leaf.field.name
    if isinstance(leaf, Between) and name in table.numbers:
        return _Range(
            table.numbers[name],
            at_least(leaf.low, leaf.field),
            at_most(leaf.high, leaf.field),
            turned,
        )
    if isinstance(leaf, OneOf) and name in table.sets:
        column = table.sets[name]
        wanted = sum(1 << place for place, code in enumerate(column.codes) if code in leaf.codes)
        return _Bits(column.bits, np.uint64(wanted), turned)
    if isinstance(leaf, OneOf | Under) and name in table.codes:
        listed = table.codes[name]
        verdicts = [Tri.YES if leaf.holds(code) is not turned else Tri.NO for code in listed.codes]
        return _Listed(listed.places, np.array([*verdicts, Tri.UNKNOWN], dtype=np.int8))
    return _Fixed(Tri.UNKNOWN)
