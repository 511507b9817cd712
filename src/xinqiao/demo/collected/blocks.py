"""One block of an item's rows: which records, what they say, and the faults planted in them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from xinqiao.demo.collected import monthly, seldom, tables
from xinqiao.demo.collected.draw import Draw
from xinqiao.demo.collected.faults import Fault, How, Truth, faults_of
from xinqiao.demo.collected.firms import Firms
from xinqiao.demo.collected.plan import Numbering, Numbers, mix
from xinqiao.demo.collected.tables import Cells, Column, Places, Pool, Table, Texts
from xinqiao.domain.catalogue.model import Catalogue, FieldType, Item, RowRule

type Maker = Callable[[Draw], dict[str, Column]]

#: How each collected item is made.
MAKERS: dict[str, Maker] = {
    make.__name__: make
    for make in (
        seldom.dishonest_judgment_debtor, monthly.medical_insurance_basic, monthly.medical_insurance_arrears,
        monthly.medical_insurance_change, seldom.ip_pledge, seldom.agri_insurance, seldom.agri_subsidy,
        seldom.large_grower_list, seldom.public_resource_transaction, seldom.construction_qualification,
        seldom.medical_qualification, seldom.education_qualification, seldom.designated_private_medical_institution,
        seldom.designated_retail_pharmacy, monthly.water_fee, monthly.electricity_fee, monthly.gas_fee,
    )
}  # fmt: skip

_NONE = -1
_FALLBACK_DAYS = 1000  # before the as-of day: the earlier day of a row that had none
_AHEAD_DAYS, _AHEAD_MONTHS, _AHEAD_YEARS = 731, 24, 2
_VALID_DAYS = 1826


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of a file, column by column in the order of the item's fields, and what is wrong with them.

    ``fault``: place in :attr:`Source.faults` of what each row breaks, ``-1`` for a right one; ``same_key`` stands for
    both rows of a pair. ``record``: number of the record whose key each row has, the same for both rows of a pair.
    """

    columns: dict[str, Column]
    fault: Places
    record: Numbers


class Source:
    """All rows of one item: the same bytes for the same arguments, block by block, in any order."""

    def __init__(
        self,
        catalogue: Catalogue,
        item: Item,
        firms: Firms,
        numbering: Numbering,
        *,
        seed: int,
        as_of: date,
        errors: float,
    ) -> None:
        self.catalogue, self.item, self.firms, self.numbering = catalogue, item, firms, numbering
        self.seed, self.as_of = seed, as_of
        self.faults = faults_of(item)
        self._same_key, self._repeat = len(self.faults) - 2, len(self.faults) - 1
        ends = np.cumsum([fault.weight for fault in self.faults])
        # A pair of one key are two rows: it is planted half as often.
        ends[self._same_key :] -= self.faults[self._same_key].weight // 2
        self._ends = ends.astype(np.uint64)
        self._chance = np.uint64(round(errors * 2**32))
        self._pools: dict[str, Pool] = {}
        self._wide: dict[tuple[str, int], tuple[Table, Table, int]] = {}
        self._texts = self._texts_by_field()

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return self.numbering.blocks

    def block(self, index: int) -> Block:
        """Make a block."""
        rng = np.random.Generator(np.random.SFC64([self.seed, self.item.no, index]))
        numbers = self.numbering.numbers(index)
        fault, paired = self._planted(numbers)
        source = np.where(fault == self._same_key, numbers - 1, numbers)
        self._repeat_some(fault, paired, source)
        order = rng.permutation(len(numbers))
        fault, paired, source = fault[order], paired[order], source[order]
        firm, turn = self.numbering.owners(source)
        draw = Draw(self.catalogue, self.firms, self.as_of, rng, source, firm, turn, self._pools)
        made = MAKERS[self.item.id](draw)
        columns = {one.name: made[one.name] for one in self.item.fields}
        self._copy_repeats(columns, fault, source)
        self._write_faults(columns, fault, draw)
        return Block(columns, np.where(paired, self._same_key, fault).astype(np.int32), source)

    # ------------------------------------------------------------------------------- which rows have which fault

    def _wanted(self, numbers: Numbers) -> Places:
        """The fault that chance gives a record, whatever its neighbours have."""
        chance = mix(numbers.view(np.uint64), self.numbering.salt + 1)
        at = np.searchsorted(self._ends, (chance >> np.uint64(32)) % self._ends[-1], "right")
        hit = (chance & np.uint64(0xFFFFFFFF)) < self._chance
        return np.where(hit, at, _NONE).astype(np.int32)

    def _planted(self, numbers: Numbers) -> tuple[Places, NDArray[np.bool_]]:
        """The fault each row gets, and the rows whose key a later record of the firm takes once more."""
        wanted = self._wanted(numbers)
        fault = wanted.copy()
        same = np.flatnonzero(fault == self._same_key)
        followed = self.numbering.is_followed(numbers[same] - 1) & (self._wanted(numbers[same] - 1) == _NONE)
        fault[same[~followed]] = _NONE
        paired = np.zeros(len(numbers), np.bool_)
        ahead = np.flatnonzero((wanted == _NONE) & (self._wanted(numbers + 1) == self._same_key))
        paired[ahead] = self.numbering.is_followed(numbers[ahead])
        return fault, paired

    def _repeat_some(self, fault: Places, paired: NDArray[np.bool_], source: Numbers) -> None:
        """Repeats take the record of another row of their block that is right and is nobody's pair."""
        repeats = np.flatnonzero(fault == self._repeat)
        right = np.flatnonzero((fault == _NONE) & ~paired)
        if len(right) < len(repeats):
            fault[repeats] = _NONE
        else:
            stride = len(right) // max(len(repeats), 1)
            source[repeats] = source[right[np.arange(len(repeats)) * stride]]

    def _copy_repeats(self, columns: dict[str, Column], fault: Places, source: Numbers) -> None:
        repeats = np.flatnonzero(fault == self._repeat)
        if not len(repeats):
            return
        right = np.flatnonzero(fault == _NONE)
        by_number = right[np.argsort(source[right])]
        originals = by_number[np.searchsorted(source[by_number], source[repeats])]
        for column in columns.values():
            if isinstance(column, Cells):
                column.places[repeats] = column.places[originals]

    # ------------------------------------------------------------------------------- what a fault does to its rows

    def _texts_by_field(self) -> dict[str, list[str]]:
        """All texts that faults write into a field, in the order of the faults."""
        found: dict[str, list[str]] = {}
        for fault in self.faults:
            found.setdefault(fault.field, []).extend(fault.texts)
            if fault.calling:
                found.setdefault(fault.other, []).append(_written(self.item, fault))
            for name in fault.blanked:
                found.setdefault(name, []).append("")
        return found

    def _write_faults(self, columns: dict[str, Column], fault: Places, draw: Draw) -> None:
        late: dict[str, list[tuple[NDArray[np.int64], pa.StringArray]]] = {}
        by_fault = np.argsort(fault, kind="stable")
        bounds = np.searchsorted(fault[by_fault], np.arange(len(self.faults) + 1))
        for at, one in enumerate(self.faults):
            rows = by_fault[bounds[at] : bounds[at + 1]]
            if len(rows) and one.how is not How.REPEAT:
                _Pen(self, columns, late, rows, draw).write(one)
        for name, edits in late.items():
            columns[name] = Texts(_replaced(columns[name].render(), edits))

    def widened(self, name: str, one: Table) -> tuple[Table, int]:
        """A field's table with the texts of its faults at the end, and the place of the first of them."""
        found = self._wide.get((name, id(one)))
        if found is None:  # both tables are kept, so that their identities stay their own
            wide, first = tables.extended(one, self._texts[name])
            found = self._wide[name, id(one)] = self._wide[name, id(wide)] = (one, wide, first)
        return found[1], found[2]

    def place_of(self, name: str, text: str) -> int:
        """Place of a text among those of the faults of a field."""
        return self._texts[name].index(text)

    def pairs(self, block: Block) -> Numbers:
        """The records of a block of which two rows with one key exist, here or in another block."""
        found: Numbers = block.record[block.fault == self._same_key]
        return found

    def count(self, truth: Truth, block: Block) -> None:
        """Add a block to the truth."""
        counts = np.bincount(block.fault + 1, minlength=len(self.faults) + 1)[1:]
        truth.rows += len(block.fault)
        for one, count in zip(self.faults, counts.tolist(), strict=True):
            if one.rule is None:
                truth.repeated += count
            else:
                name = "" if one.rule is RowRule.DUPLICATE_KEY else one.field
                truth.add(name, str(one.rule), count)


def _written(item: Item, fault: Fault) -> str:
    """A text that has the value by which another field is called for."""
    if item.field(fault.other).type is FieldType.BOOLEAN:
        return "是" if fault.calling == "true" else "否"
    return fault.calling


def _replaced(
    values: pa.StringArray, edits: list[tuple[NDArray[np.int64], pa.StringArray]]
) -> pa.StringArray:
    rows = np.concatenate([rows for rows, _ in edits])
    texts = pa.concat_arrays([texts for _, texts in edits])
    places = np.arange(len(values), dtype=np.int64)
    places[rows] = len(values) + np.arange(len(rows))
    return pa.concat_arrays([values, texts]).take(pa.array(places))


@dataclass(slots=True)
class _Pen:
    """Writes one kind of fault into the rows that have it."""

    source: Source
    columns: dict[str, Column]
    late: dict[str, list[tuple[NDArray[np.int64], pa.StringArray]]]
    rows: NDArray[np.int64]
    draw: Draw

    def write(self, fault: Fault) -> None:
        match fault.how:
            case How.TEXT | How.SAME_KEY | How.NEEDED:
                self._put(fault.field, fault.texts)
                if fault.calling:
                    self._put(fault.other, (_written(self.source.item, fault),))
            case How.CHECK:
                self._miswrite_check(fault.field)
            case How.ORDER:
                self._turn_round(fault.field, fault.other)
            case How.FUTURE:
                self._go_ahead(fault)
            case How.SUM:
                places = self._cells(fault.field).places
                places[self.rows] += self._some(9) + 1
            case How.REPEAT:
                pass

    def _some(self, below: int) -> Places:
        return self.draw.rng.integers(0, below, len(self.rows), dtype=np.int32)

    def _cells(self, name: str) -> Cells:
        column = self.columns[name]
        assert isinstance(column, Cells)
        return column

    def _put(self, name: str, texts: tuple[str, ...]) -> None:
        column = self.columns[name]
        which = self._some(len(texts))
        if isinstance(column, Texts):
            self.late.setdefault(name, []).append(
                (self.rows, pa.array(texts, pa.string()).take(pa.array(which)))
            )
            return
        places = np.array([self.source.place_of(name, text) for text in texts], np.int32)
        column.table, first = self.source.widened(name, column.table)
        column.places[self.rows] = places[which] + np.int32(first)

    def _miswrite_check(self, name: str) -> None:
        own = self.columns[name].render().take(pa.array(self.rows))
        last = pc.utf8_slice_codeunits(own, 17, 18)
        at = pc.index_in(last, value_set=pa.array([*"0123456789X"])).fill_null(11)
        other = pa.array([*"123456789000"]).take(at)
        body = pc.utf8_slice_codeunits(own, 0, 17)
        self.late.setdefault(name, []).append((self.rows, pc.binary_join_element_wise(body, other, "")))

    def _turn_round(self, later: str, earlier: str) -> None:
        first = tables.days_of(self._cells(earlier).places[self.rows])
        absent = first < 0
        first[absent] = self.draw.today - _FALLBACK_DAYS
        self._cells(earlier).places[self.rows[absent]] = tables.ISO + first[absent].astype(np.int32)
        self._cells(later).places[self.rows] = tables.ISO + first.astype(np.int32) - 1 - self._some(60)

    def _go_ahead(self, fault: Fault) -> None:
        cells = self._cells(fault.field)
        kind = self.source.item.field(fault.field).type
        if kind is FieldType.DATE:
            day = self.draw.today + _AHEAD_DAYS + self._some(300)
            cells.places[self.rows] = tables.ISO + day
            for name in fault.moved:
                self._cells(name).places[self.rows] = tables.ISO + day + _VALID_DAYS
        elif kind is FieldType.INTEGER:
            cells.places[self.rows] = self.draw.as_of.year + _AHEAD_YEARS + self._some(8)
        else:
            cells.places[self.rows] = self.draw.this_month + _AHEAD_MONTHS + self._some(30)
        for name in fault.blanked:
            self._put(name, ("",))
