"""Figures of what was accepted, counted over the different values of a column before rows are written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.receipt import Receipt
from xinqiao.domain.quality import IN_TIME_DAYS
from xinqiao.lake.collecting.coded import Coded
from xinqiao.lake.collecting.verdicts import Flags, Rows
from xinqiao.lake.rules_sql import Compiled

_EPOCH = date(1970, 1, 1)
_NO_DAY = -(1 << 31)
#: Between the numbers of two regions in a key; more than the months of any.
_MONTHS = 1 << 20
#: Regions times months that are counted by place; a file that names more has them sorted.
_MOST_CELLS = 1 << 21


def region_sql(code: str) -> str:
    """Where a code of 18 characters says its prefecture; empty for what is none, a person's hash among them."""
    return f"CASE WHEN length({code}) = 18 THEN {code}[3:6] ELSE '' END"


def region_of(four: str) -> str:
    """The prefecture (GB/T 2260) that ``region_sql`` found; empty for what cannot be one."""
    return f"{four}00" if four.isascii() and four.isdigit() and len(four) == 4 else ""


@dataclass(frozen=True, slots=True)
class AcceptedRows:
    """Accepted rows of one region and month ("as of"; empty without one). ``present``: cells that are there, by field.

    ``timed``: rows with an "as of" day where the item's frequency sets a term; ``timely`` those within it, ``lag_days``
    the sum of their days. ``latest``: the newest of those days, whether there is a term or not.
    """

    region: str
    month: str
    rows: int
    present: dict[str, int]
    timed: int
    timely: int
    lag_days: int
    latest: date | None


class Figures:
    """What was accepted by region and month, counted piece by piece before it is written."""

    def __init__(self, compiled: Compiled, on: date) -> None:
        """``on``: the day the batch came."""
        required = {field.name for field in compiled.item.fields if field.required}
        self._names = [field.name for field in compiled.item.fields]
        #: what must be there is there in every accepted row, nor is the subject's own number missing, which is not stored
        self._optional = [name for name in compiled.stored if name not in required]
        self._today = (on - _EPOCH).days
        self._limit = IN_TIME_DAYS.get(compiled.item.frequency)
        self._fours: dict[str, int] = {}
        self._counts = _Counts.none(len(self._optional))

    def add(
        self, subject: Coded, as_of: Coded, columns: Mapping[str, Coded], without: Flags | None = None
    ) -> None:
        """Some rows: whom they are about, what day they are true for, what is stored of them. ``without``: not these."""
        some = self._counted(subject, as_of, columns, without)
        fours = np.array([self._fours.setdefault(one, len(self._fours)) for one in some.fours], np.int64)
        keys = fours[some.places // some.width] * _MONTHS + some.months[some.places % some.width]
        self._counts = self._counts.with_more(_Counts(keys, some.sums, some.latest))

    def _counted(
        self, subject: Coded, as_of: Coded, columns: Mapping[str, Coded], without: Flags | None
    ) -> "_Some":
        fours, of_four = _distinct(subject.values, _fours)
        days = _days(as_of.values)
        months, of_month = np.unique(_months(days), return_inverse=True)
        cell = of_four[subject.places] * len(months) + of_month[as_of.places]
        bins = len(fours) * len(months)
        places = np.arange(bins)
        if bins > _MOST_CELLS:
            places, cell = np.unique(cell, return_inverse=True)
            bins = len(places)
        if without is not None:
            cell[without] = bins  # a cell of its own, which is left out
        rows = np.bincount(cell, minlength=bins + 1)
        there = [_there(columns[name], cell, rows) for name in self._optional]
        latest = np.full(bins + 1, _NO_DAY)
        np.maximum.at(latest, cell, days[as_of.places])
        sums = np.column_stack([rows, *self._timed(cell, days, as_of, bins), *there])
        some = np.flatnonzero(rows[:-1])
        return _Some(fours, months, len(months), places[some], sums[some], latest[some])

    def _timed(self, cell: Rows, days: Rows, as_of: Coded, bins: int) -> list[Rows]:
        """By cell the rows within the term, and the sum of the days they are late; no rows without a term."""
        if self._limit is None:
            return [np.zeros(bins + 1, np.int64)] * 2
        lag = self._today - days
        timely = np.where(days == _NO_DAY, False, lag <= self._limit)
        late = np.where(days == _NO_DAY, 0, np.maximum(lag, 0))
        # sums of whole numbers below 2**53 are exact
        return [
            np.bincount(cell, one[as_of.places], minlength=bins + 1).astype(np.int64)
            for one in (timely, late)
        ]

    def found(self) -> list[AcceptedRows]:
        """The figures, by region and month."""
        told = {place: four for four, place in self._fours.items()}
        each = zip(
            self._counts.keys.tolist(), self._counts.sums.tolist(), self._counts.latest.tolist(), strict=True
        )
        found = sorted((told[key // _MONTHS], key % _MONTHS, sums, day) for key, sums, day in each)
        return [self._told(*one) for one in found]

    def _told(self, four: str, month: int, sums: list[int], day: int) -> AcceptedRows:
        rows, timely, lag, *there = sums
        present = dict.fromkeys(self._names, rows) | dict(zip(self._optional, there, strict=True))
        dated = day != _NO_DAY
        return AcceptedRows(
            region=region_of(four),
            month=f"{(month - 1) // 12:04}-{(month - 1) % 12 + 1:02}" if dated else "",
            rows=rows,
            present=present,
            timed=rows if dated and self._limit is not None else 0,
            timely=timely,
            lag_days=lag,
            latest=_EPOCH + timedelta(day) if dated else None,
        )


class _Some(NamedTuple):
    """Counts of some rows: ``places`` are those of a pair of ``fours`` and ``months``, ``width`` of these each."""

    fours: list[str]
    months: Rows
    width: int
    places: Rows
    sums: Rows
    latest: Rows


class _Counts(NamedTuple):
    """Counts by cell: one row of ``sums`` for each key."""

    keys: Rows
    sums: Rows
    latest: Rows

    @classmethod
    def none(cls, optional: int) -> Self:
        return cls(np.zeros(0, np.int64), np.zeros((0, 3 + optional), np.int64), np.zeros(0, np.int64))

    def with_more(self, other: "_Counts") -> "_Counts":
        keys = np.concatenate([self.keys, other.keys])
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        starts = np.flatnonzero(np.diff(keys, prepend=-1))
        if not len(starts):
            return self
        return _Counts(
            keys[starts],
            np.add.reduceat(np.concatenate([self.sums, other.sums])[order], starts, axis=0),
            np.maximum.reduceat(np.concatenate([self.latest, other.latest])[order], starts),
        )


def _fours(subjects: pa.Array) -> pa.Array:
    """As ``region_sql`` has them."""
    code = pc.equal(pc.utf8_length(subjects), 18)
    return pc.if_else(code, pc.utf8_slice_codeunits(subjects, 2, 6), "").fill_null("")


def _distinct(values: pa.Array, of: Callable[[pa.Array], pa.Array]) -> tuple[list[str], Rows]:
    found = of(values).dictionary_encode()
    return found.dictionary.to_pylist(), found.indices.to_numpy().astype(np.int64)


def _days(values: pa.Array) -> Rows:
    found: Rows = values.cast(pa.int32()).fill_null(_NO_DAY).to_numpy().astype(np.int64)
    return found


def _months(days: Rows) -> Rows:
    """Months of our era, of which the first is 1; 0 for no day."""
    counted = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 12 * _EPOCH.year + 1
    return np.where(days == _NO_DAY, 0, counted)


def _there(column: Coded, cell: Rows, rows: Rows) -> Rows:
    """By cell the rows in which a column holds something."""
    if not column.values.null_count:
        return rows
    if column.values.null_count == len(column.values):
        return np.zeros_like(rows)
    return np.bincount(cell[np.asarray(column.values.is_valid())[column.places]], minlength=len(rows))


def rollup_cells(taken: Sequence[AcceptedRows], receipt: Receipt) -> list[Json]:
    """Cells for the rollups: accepted rows by region and month (rule empty), findings by rule."""
    cells = [_cell(receipt.source, one.region, one.month, "", one.rows) for one in taken]
    month = receipt.received_at.strftime("%Y-%m")
    cells += [_cell(receipt.source, "", month, rule, count) for rule, count in receipt.by_rule.items()]
    if receipt.duplicates:
        cells.append(_cell(receipt.source, "", month, "duplicate", receipt.duplicates))
    return cells


def _cell(source: str, division: str, month: str, rule: str, count: int) -> Json:
    return {"source": source, "division": division, "month": month, "rule": rule, "count": count}
