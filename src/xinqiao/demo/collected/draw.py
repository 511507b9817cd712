"""What the makers of items draw from: one block of rows, its firms, and chance that depends on the block alone.

Two kinds of chance, and a maker must know which it uses. What belongs to the natural key comes out of the record's
number (``even``): the same record made again, in another block, has the same key. Everything else comes out of the
block's own stream, so that two makings of one record differ.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from xinqiao.demo.collected import tables
from xinqiao.demo.collected.firms import CITIES, COUNTIES, Firms
from xinqiao.demo.collected.plan import Numbers, mix
from xinqiao.demo.collected.tables import Cells, Coded, Column, Places, Pool, Table, Texts
from xinqiao.domain.catalogue.model import Catalogue
from xinqiao.domain.identifiers.resident import CHECKS, WEIGHTS

#: How a supplier writes a day: nearly always ISO.
_WRITINGS = np.array([tables.ISO] * 61 + [tables.COMPACT, tables.SLASHED, tables.WORDS], np.int32)
_POOL = 1 << 15
_YES_NO = tables.table(["是", "否", "Y", "N", "1", "0", "true", "FALSE"])
_CITY = np.arange(len(CITIES) * COUNTIES)
_DIVISIONS = tables.table(f"14{at // COUNTIES + 1:02d}{at % COUNTIES + 1:02d}" for at in _CITY)
_PLACES_NAMED = tables.table(
    f"演示省{CITIES[at // COUNTIES]}市第{at % COUNTIES + 1}区演示路{n}号"
    for at in _CITY
    for n in range(1, 41)
)


@dataclass(slots=True)
class Draw:
    """A block. ``numbers``, ``firm`` and ``turn`` say which record each row is: its number, whose, and which of theirs."""

    catalogue: Catalogue
    firms: Firms
    as_of: date
    rng: np.random.Generator
    numbers: Numbers
    firm: Places
    turn: Places
    pools: dict[str, Pool]

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def today(self) -> int:
        """Number of the as-of day."""
        return tables.day_number(self.as_of)

    @property
    def this_month(self) -> int:
        """Number of the as-of day's month."""
        return tables.month_number(self.as_of)

    def together(self, name: str, make: Callable[["Draw"], dict[str, Cells]]) -> dict[str, Column]:
        """Columns that depend neither on the firm nor on the record: whole rows out of a pool, which is made once.

        What millions of monthly records are made of. A pool is larger than a row group of the lake, so that its rows
        do not make the files smaller than real ones.
        """
        pool = self.pools.get(name)
        if pool is None:
            rows = np.arange(_POOL, dtype=np.int64)
            rng = np.random.Generator(np.random.SFC64([len(name), *name.encode()]))
            nobody = np.zeros(_POOL, np.int32)
            whole = Draw(self.catalogue, self.firms, self.as_of, rng, rows, nobody, nobody, {})
            pool = self.pools[name] = Pool(make(whole))
        picked = self.any_of(_POOL)
        return {
            one: Cells(cells.table, cells.places[picked], pool, picked) for one, cells in pool.columns.items()
        }

    # ------------------------------------------------------------------------------------------ firms

    def names(self) -> Texts:
        """Names of the firms."""
        return Texts(self.firms.names.take(pa.array(self.firm)))

    def usccs(self) -> Texts:
        """Codes of the firms."""
        return Texts(self.firms.usccs.take(pa.array(self.firm)))

    def _county(self) -> Places:
        return self.firms.city[self.firm] * np.int32(COUNTIES) + self.firms.county[self.firm]

    def divisions(self) -> Cells:
        """City and county of the firms, in province 14."""
        return Cells(_DIVISIONS, self._county())

    def addresses(self) -> Cells:
        """Addresses of the firms: invented roads."""
        return Cells(_PLACES_NAMED, self._county() * np.int32(40) + self.firm % np.int32(40))

    def is_person(self) -> NDArray[np.bool_]:
        """Whether a farm is shown by its owner's identity number: the sole traders."""
        found: NDArray[np.bool_] = self.firms.kind[self.firm] == 1
        return found

    def owners(self) -> tuple[Column, Column]:
        """Kind and number of the certificate: a credit code, or an identity number of somebody born before 1880.

        Numbers were given out from 1984 on, so nobody ever had one of these.
        """
        person = self.is_person()
        kinds = tables.few(("居民身份证", "统一社会信用代码", "01", "10"))
        kind = np.where(person, 0, 1) + np.where(self.rng.random(len(self)) < 0.5, 2, 0)
        numbers = pc.if_else(pa.array(person), self._resident(), self.usccs().values)
        return Cells(kinds, kind.astype(np.int32)), Texts(numbers)

    def _resident(self) -> pa.StringArray:
        firm = self.firm.astype(np.int64)
        city, county = self.firms.city[self.firm] + 1, self.firms.county[self.firm] + 1
        born = (
            (1850 + firm // 336_000 % 30) * 10_000 + (firm // 28_000 % 12 + 1) * 100 + firm // 1000 % 28 + 1
        )
        body = (140_000 + city * 100 + county).astype(np.int64) * 10**11 + born * 1000 + firm % 1000
        digits = body[:, None] // 10 ** np.arange(16, -1, -1, dtype=np.int64) % 10
        check = np.frombuffer(CHECKS.encode(), np.uint8)[digits @ np.array(WEIGHTS) % 11]
        block = np.concatenate([(digits + 48).astype(np.uint8), check[:, None]], axis=1)
        offsets = np.arange(0, len(block) * 18 + 18, 18, dtype=np.int32)
        return pa.StringArray.from_buffers(len(block), pa.py_buffer(offsets), pa.py_buffer(block.tobytes()))

    # ------------------------------------------------------------------------------------------ chance

    def even(self, salt: int, below: int) -> Numbers:
        """Even chance in ``0 … below - 1`` out of the record's number."""
        found: Numbers = (mix(self.numbers.view(np.uint64), salt) % np.uint64(below)).astype(np.int64)
        return found

    def any_of(self, below: int) -> Places:
        """Even chance out of the block's stream."""
        return self.rng.integers(0, below, len(self), dtype=np.int32)

    def often(self, share: float) -> NDArray[np.bool_]:
        """True in this share of the rows."""
        found: NDArray[np.bool_] = self.rng.random(len(self), dtype=np.float32) < share
        return found

    # ------------------------------------------------------------------------------------------ cells

    def code(self, name: str, *, blank: float = 0.0) -> Cells:
        """A code or label out of a list, the first ones most often."""
        found = _coded(self.catalogue, name)
        return self._blank(Cells(found.table, found.slots[self.any_of(1024)]), blank)

    def coded_as(self, name: str, at: NDArray[np.integer]) -> Cells:
        """Labels of the codes at these places of a list."""
        return Cells(_coded(self.catalogue, name).table, at.astype(np.int32))

    def one_of(self, texts: Sequence[str], *, blank: float = 0.0) -> Cells:
        """One of a few texts."""
        return self._blank(Cells(tables.few(tuple(texts)), self.any_of(len(texts))), blank)

    def yes_no(self, yes: NDArray[np.bool_]) -> Cells:
        """A boolean in one of its writings."""
        writing = np.array([0] * 13 + [2, 4, 6], np.int32)[self.any_of(16)]
        return Cells(_YES_NO, writing + np.where(yes, 0, 1).astype(np.int32))

    def amount(self, median_yuan: int, spread: float, *, zero: float = 0.0, blank: float = 0.0) -> Cells:
        """Money in yuan; ``zero`` of the rows have none."""
        found = tables.amounts_table(median_yuan, spread)
        places = self.any_of(len(found) - 1) + np.int32(1)
        if zero:
            places[self.often(zero)] = 0
        return self._blank(Cells(found, places), blank)

    def whole(self, values: NDArray[np.integer]) -> Cells:
        """Whole numbers."""
        return Cells(tables.whole_table(), values.astype(np.int32))

    def months(self, numbers: NDArray[np.integer]) -> Cells:
        """Months by their numbers."""
        return Cells(tables.months_table(), numbers.astype(np.int32))

    def days(self, numbers: NDArray[np.integer], *, absent: NDArray[np.bool_] | None = None) -> Cells:
        """Days by their numbers, in one of the four writings; blank where ``absent``."""
        places = _WRITINGS[self.any_of(len(_WRITINGS))] + numbers.astype(np.int32)
        if absent is not None:
            places[absent] = 0
        return Cells(tables.days_table(), places)

    def counted(self, base: int, values: Numbers, prefix: str = "") -> Texts:
        """Running numbers: ``prefix`` and the digits of ``base + values``."""
        texts = pa.array(values + base).cast(pa.string())
        return Texts(pc.binary_join_element_wise(prefix, texts, "") if prefix else texts)

    def only(self, cells: Cells, keep: NDArray[np.bool_]) -> Cells:
        """The cells where ``keep``, blank elsewhere."""
        wider, blank = _with_blank(cells.table)
        return Cells(wider, np.where(keep, cells.places, np.int32(blank)))

    def _blank(self, cells: Cells, share: float) -> Cells:
        return self.only(cells, ~self.often(share)) if share else cells


_BLANKED: dict[int, tuple[Table, Table, int]] = {}


def _with_blank(one: Table) -> tuple[Table, int]:
    """The table with a blank at its end; made once per table, which is kept so that its identity stays its own."""
    found = _BLANKED.get(id(one))
    if found is None:
        found = _BLANKED[id(one)] = (one, *tables.extended(one, [""]))
    return found[1], found[2]


_CODED: dict[tuple[int, str], tuple[Catalogue, Coded]] = {}


def _coded(catalogue: Catalogue, name: str) -> Coded:
    key = (id(catalogue), name)
    if key not in _CODED:
        _CODED[key] = (catalogue, tables.coded(catalogue.code_lists[name]))
    return _CODED[key][1]


@functools.cache
def month_starts() -> NDArray[np.int64]:
    """Day number of the first of every month of the table of months."""
    first = np.datetime64("1990-01", "M") + np.arange(tables.MONTHS)
    days: NDArray[np.int64] = (first.astype("datetime64[D]") - np.datetime64(tables.FIRST_DAY)).astype(
        np.int64
    )
    return days
