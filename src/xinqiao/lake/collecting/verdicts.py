"""The verdict on every row of a piece: its values, its findings, what it is known by.

The SQL of :mod:`xinqiao.lake.rules_sql` says what a value means and breaks. It is run over the different values of each
column; rows are then told by their places, in whole columns of numbers. Only a rule across several fields is asked of
rows, and only rows that are put aside have their findings told one by one.
"""

# ruff: noqa: S608 - names and expressions come from the catalogue, whose names are checked; texts are quoted

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from xinqiao.domain.catalogue.model import RowRule
from xinqiao.lake.collecting.coded import Coded, Places, constant, paired
from xinqiao.lake.collecting.fields_sql import ColumnSql, trimmed
from xinqiao.lake.rules_sql import FINDING_SHIFT, Compiled, CrossSql, FieldSql, encode_finding

type Flags = NDArray[np.bool_]
type Rows = NDArray[np.int64]
type Hashes = NDArray[np.uint64]

#: DuckDB's way to make one hash of several, so that a digest is what ``hash(v0, v1, …)`` gives.
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
#: Rows that are hashed at once.
_STEP = 1 << 15
#: Different values of a field that are remembered; of a column with more, every piece finds out for itself.
_KNOWN_VALUES = 1 << 16
#: A cell to which the quick reading has no answer.
_UNANSWERED = 255


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """What stands in a piece. ``rows``: their numbers; ``ragged``: rows of another width, ``None`` when there are none."""

    rows: Rows
    ragged: Flags | None
    columns: tuple[Coded, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A field of a piece. ``codes``: by place the number of the rule that is broken, ``None`` when none is."""

    column: Coded
    codes: NDArray[np.uint8] | None
    hashes: Hashes

    def broken(self) -> NDArray[np.uint8] | None:
        """The code of each row."""
        return None if self.codes is None else self.codes[self.column.places]

    def fine(self) -> Coded:
        """The column without what breaks a rule: no day or year out of all bounds, at which an expression would end."""
        if self.codes is None:
            return self.column
        values = self.column.values
        return Coded(
            self.column.places, pc.if_else(pa.array(self.codes == 0), values, pa.scalar(None, values.type))
        )


class Known:
    """What earlier pieces of a table have found out about the values of its fields; threads may ask at once."""

    def __init__(self) -> None:
        self._of: dict[int, _Known] = {}
        self._lock = threading.Lock()

    def about(self, place: int, values: pa.Array, find: Callable[[pa.Array], pa.Table]) -> pa.Table:
        """What ``find`` says about values, asked of those only that are not known yet."""
        if len(values) > _KNOWN_VALUES:
            return find(values)
        known = self._of.get(place)
        at = pc.index_in(values, known.values) if known else pa.nulls(len(values), pa.int32())
        new = values.filter(at.is_null()) if at.null_count else values.slice(0, 0)
        if not known or len(new):
            known = self._learn(place, known, new, find(new))
            at = pc.index_in(values, known.values)
        return known.said.take(at)

    def _learn(self, place: int, known: "_Known | None", new: pa.Array, said: pa.Table) -> "_Known":
        if known:
            new = pa.concat_arrays([known.values, new])
            said = pa.concat_tables([known.said, said]).combine_chunks()
        learnt = _Known(new, said)
        with self._lock:
            # whoever was quicker meanwhile knew no less before; what he learnt is learnt again
            if len(new) <= _KNOWN_VALUES:
                self._of[place] = learnt
        return learnt


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    values: pa.Array
    said: pa.Table


def ask(
    connection: duckdb.DuckDBPyConnection, given: Mapping[str, pa.Array], select: str, source: str = "given"
) -> pa.Table:
    """``SELECT`` over columns that are ``given``, in their order."""
    connection.register("given", pa.table(dict(given)))
    try:
        return connection.sql(f"SELECT {select} FROM {source}").to_arrow_table()
    finally:
        connection.unregister("given")


def whole(table: pa.Table, name: str) -> pa.Array:
    """A column in one part."""
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _judged(places: Places, said: pa.Table) -> Judged:
    codes = whole(said, "c").to_numpy(zero_copy_only=False)
    return Judged(
        Coded(places, whole(said, "v")), codes if codes.any() else None, whole(said, "h").to_numpy()
    )


class Verdicts:
    """A piece, judged."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        compiled: Compiled,
        cells: Cells,
        known: Known | None = None,
    ) -> None:
        self.known = known or Known()
        self.connection, self.compiled, self.cells = connection, compiled, cells
        self.count = len(cells.rows)
        self._absent = constant(self.count, pa.scalar(None, pa.string()))
        self.fields = self._fields()
        self._codes = [field.broken() for field in self.fields]
        self._crossed = self._across()
        self.bad = self._bad()

    # what each cell says

    def _fields(self) -> list[Judged]:
        found: dict[int, Judged] = {}
        fields = self.compiled.fields
        # kinds of certificates come before the numbers that are judged by them
        for place in sorted(range(len(fields)), key=lambda place: fields[place].kind is not None):
            field = fields[place]
            cell = self._cell(field.cell)
            if field.kind is None:
                said = self.known.about(place, cell.values, partial(self._said, field))
                found[place] = _judged(cell.places, said)
            else:
                places, numbers, kinds = paired(cell, found[field.kind].column)
                found[place] = _judged(places, self._said(field, numbers, kinds))
        return [found[place] for place in range(len(fields))]

    def _said(self, field: FieldSql, cells: pa.Array, kinds: pa.Array | None = None) -> pa.Table:
        """``v``, ``c`` and ``h`` of each cell: its value, the number of the rule it breaks, the value's hash."""
        made = field.made
        if field.cell is None:
            blank = f"(SELECT CAST(NULL AS {made.duck_type}) AS v, CAST({made.blank} AS UTINYINT) AS c FROM given)"
            return ask(self.connection, {"x": cells}, "v, c, hash(v) AS h", blank)
        if not made.quick:
            return self._carefully(made, cells, kinds)
        value = f"(SELECT {made.quick} AS v FROM given)"
        code = f"CAST(CASE WHEN v IS NULL THEN {_UNANSWERED} ELSE {made.fine} END AS UTINYINT) AS c"
        said = ask(self.connection, {"x": cells}, f"v, {code}, hash(v) AS h", value)
        left = np.flatnonzero(whole(said, "c").to_numpy() == _UNANSWERED)
        if not len(left):
            return said
        more = self._carefully(made, cells.take(pa.array(left)), None)
        places = np.arange(len(cells))
        places[left] = len(cells) + np.arange(len(left))
        return pa.concat_tables([said, more]).combine_chunks().take(pa.array(places))

    def _carefully(self, made: ColumnSql, cells: pa.Array, kinds: pa.Array | None) -> pa.Table:
        given = {"x": cells} if kinds is None else {"x": cells, "k": kinds}
        value = f"(SELECT t, {made.value} AS v FROM (SELECT *, {trimmed('x')} AS t FROM given))"
        return ask(self.connection, given, f"v, CAST({made.broken} AS UTINYINT) AS c, hash(v) AS h", value)

    def _cell(self, place: int | None) -> Coded:
        return self._absent if place is None else self.cells.columns[place]

    # rules across fields

    def _across(self) -> list[Flags]:
        """For each rule the rows that break it; a finding that an earlier rule reports is not reported again."""
        told: dict[int, Flags] = {}
        found: list[Flags] = []
        for rule in self.compiled.crossed:
            broken = self._breaks(rule)
            earlier = told.get(rule.finding)
            told[rule.finding] = broken if earlier is None else broken | earlier
            found.append(broken if earlier is None else broken & ~earlier)
        return found

    def _breaks(self, rule: CrossSql) -> Flags:
        places = sorted(set(rule.places))
        if len(places) == 1:
            column = self.fields[places[0]].fine()
            by_value = ask(self.connection, {f"v{places[0]}": column.values}, f"{rule.test} AS r")
            flags = whole(by_value, "r").to_numpy(zero_copy_only=False)
            broken: Flags = flags[column.places] if flags.any() else np.zeros(self.count, np.bool_)
        else:
            given = {f"v{place}": self.fields[place].fine().take(slice(None)) for place in places}
            by_row = ask(self.connection, given, f"{rule.test} AS r")
            broken = whole(by_row, "r").to_numpy(zero_copy_only=False).astype(np.bool_)
        for place in places:
            codes = self._codes[place]
            if codes is not None:
                broken = broken & (codes == 0)
        return broken

    # rows that are put aside

    def _bad(self) -> Flags:
        bad = np.zeros(self.count, np.bool_) if self.cells.ragged is None else self.cells.ragged.copy()
        for codes in self._codes:
            if codes is not None:
                bad |= codes != 0
        for broken in self._crossed:
            bad |= broken
        return bad

    def findings(self, rows: Rows) -> pa.ListArray:
        """The findings of rows: those of fields in their order, then those across fields in theirs."""
        columns = [
            np.where(codes[rows] > 0, place * FINDING_SHIFT + codes[rows].astype(np.int32), 0)
            for place, codes in enumerate(self._codes)
            if codes is not None
        ]
        columns += [
            np.where(broken[rows], rule.finding, 0)
            for rule, broken in zip(self.compiled.crossed, self._crossed, strict=True)
            if broken.any()
        ]
        table = np.column_stack([np.zeros((len(rows), 1), np.int32), *columns])
        if self.cells.ragged is not None:
            ragged = self.cells.ragged[rows]
            table[ragged] = 0
            table[ragged, 0] = encode_finding(len(self.fields), RowRule.RAGGED)
        there = table != 0
        ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
        return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(table[there], pa.int32()))

    # what a good row is known by

    def digest(self, rows: Rows) -> Hashes:
        """64 bits of the content of rows."""
        return self._hash(range(len(self.fields)), rows)

    def key_hash(self, rows: Rows) -> Hashes:
        """64 bits of their natural keys."""
        return self._hash(self.compiled.key_of, rows)

    def _hash(self, places: Sequence[int], rows: Rows) -> Hashes:
        types = list(self.compiled.columns.values())
        if any(types[place].endswith("[]") for place in places[1:]):
            # the hash of a list is not mixed in as one: the engine goes on with its parts
            given = {f"v{place}": self.fields[place].column.take(rows) for place in places}
            made = ask(self.connection, given, f"hash({', '.join(given)}) AS h")
            hashes: Hashes = whole(made, "h").to_numpy()
            return hashes
        found = np.empty(self.count, np.uint64)
        for start in range(0, self.count, _STEP):
            found[start : start + _STEP] = self._mixed(places, slice(start, start + _STEP))
        return found[rows]

    def _mixed(self, places: Sequence[int], some: slice) -> Hashes:
        """The hash of some rows that stand side by side, few enough to stay in the processor's cache."""
        mixed: Hashes | None = None
        for place in places:
            field = self.fields[place]
            more = field.hashes if len(field.hashes) == 1 else field.hashes[field.column.places[some]]
            if mixed is None:
                mixed = np.empty(len(field.column.places[some]), np.uint64)
                mixed[:] = more
                continue
            mixed ^= mixed >> _HALF
            mixed *= _MIX
            mixed ^= more
        assert mixed is not None
        return mixed

    def subjects(self, rows: Rows) -> Coded:
        """Whom rows are about; never ``NULL`` for a good row."""
        of = self.compiled.subject_of
        number = self.fields[of[-1]].column
        if len(of) == 1:
            places, given = number.places, {f"v{of[0]}": number.values}
        else:
            places, kinds, numbers = paired(self.fields[of[0]].column, number)
            given = {f"v{of[0]}": kinds, f"v{of[1]}": numbers}
        plain = len(of) == 1 and self.compiled.subject == f"v{of[0]}"
        values = (
            number.values
            if plain
            else whole(ask(self.connection, given, f"{self.compiled.subject} AS s"), "s")
        )
        missing = np.asarray(values.is_null())
        found = places[rows]
        if not missing[found].any():
            return Coded(found, values)
        nobody = np.flatnonzero(missing[found])
        names = whole(ask(self.connection, self._keys(rows[nobody]), f"{self.compiled.nobody} AS s"), "s")
        found = found.copy()
        found[nobody] = len(values) + np.arange(len(nobody), dtype=np.int32)
        return Coded(found, pa.concat_arrays([values, names]))

    def keys(self, rows: Rows, subjects: Coded) -> pa.Array:
        """The natural keys of rows as text."""
        given = self._keys(rows) | {"_subject": subjects.take(slice(None))}
        return whole(ask(self.connection, given, f"{self.compiled.key} AS k"), "k")

    def _keys(self, rows: Rows) -> dict[str, pa.Array]:
        return {f"v{place}": self.fields[place].column.take(rows) for place in self.compiled.key_of}

    def as_of(self, rows: Rows, otherwise: str) -> Coded:
        """The day the facts of rows are true for; ``otherwise``: the SQL of the batch's own."""
        sql = f"coalesce({self.compiled.as_of}, {otherwise}) AS d"
        place = self.compiled.as_of_place
        if place is None:
            only = ask(self.connection, {"v": pa.array([0])}, sql)
            return Coded(np.zeros(len(rows), np.int32), whole(only, "d"))
        column = self.fields[place].fine()
        days = ask(self.connection, {f"v{place}": column.values}, sql)
        return Coded(column.places[rows], whole(days, "d"))
