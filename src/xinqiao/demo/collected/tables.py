"""Columns as indexes into short tables of texts: the cheapest way to write millions of cells.

A block of rows holds, per column, a table of all texts that may stand in it and one place per row. Days, months and
whole numbers have a table whose place is the value, so that arithmetic (a later day, a sum) is done on the places.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from xinqiao.domain.catalogue.model import CodeList

type Places = NDArray[np.int32]

#: First day of the table of days.
FIRST_DAY = date(1990, 1, 1)
DAYS = 46_000
FIRST_MONTH = 1990 * 12
MONTHS = 110 * 12
WHOLE = 200_000
_AMOUNTS = 1 << 15


@dataclass(frozen=True, slots=True)
class Table:
    """The texts of a column."""

    texts: pa.StringArray

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, slots=True)
class Pool:
    """Columns that were drawn together once, some thousands of rows of them; blocks pick whole rows out of it."""

    columns: "dict[str, Cells]"


@dataclass(slots=True)
class Cells:
    """A column of a block: the text of row ``i`` is ``table.texts[places[i]]``.

    ``pool`` and ``picked``: the column came out of a pool, row ``i`` being the pool's row ``picked[i]`` (as long as no
    fault is written over it). Neighbours with the same pool can be written as one text.
    """

    table: Table
    places: Places
    pool: Pool | None = None
    picked: Places | None = None

    def render(self) -> pa.StringArray:
        """The texts, row by row."""
        return self.table.texts.take(pa.array(self.places))


@dataclass(slots=True)
class Texts:
    """A column whose texts were made row by row (names, codes, running numbers)."""

    values: pa.StringArray

    def render(self) -> pa.StringArray:
        """The texts, row by row."""
        return self.values


type Column = Cells | Texts


def table(texts: Iterable[str]) -> Table:
    """A table of these texts."""
    return Table(pa.array(list(texts), pa.string()))


@functools.lru_cache(maxsize=512)
def few(texts: tuple[str, ...]) -> Table:
    """A table of a few texts, the same one every time: what is derived from a table is kept by its identity."""
    return table(texts)


# ------------------------------------------------------------------------------------------- tables all items share


#: Places of the writings of a day: ``0`` is the blank cell, then :data:`DAYS` places per writing.
ISO, COMPACT, SLASHED, WORDS = (1 + n * DAYS for n in range(4))
OPEN_END = 1 + 4 * DAYS


@functools.cache
def days_table() -> Table:
    """Blank, every day in each of the four writings, and 长期."""
    every = np.datetime64(FIRST_DAY) + np.arange(DAYS)
    iso = pa.array(np.datetime_as_string(every).tolist())
    parts = [pc.utf8_slice_codeunits(iso, *cut) for cut in ((0, 4), (5, 7), (8, 10))]
    year, month, day = (
        part if part is parts[0] else part.cast(pa.int8()).cast(pa.string()) for part in parts
    )
    texts = [
        pa.array([""]),
        iso,
        pc.binary_join_element_wise(*parts, ""),
        pc.binary_join_element_wise(*parts, "/"),
        pc.binary_join_element_wise(year, "年", month, "月", day, "日", ""),
        pa.array(["长期"]),
    ]
    return Table(pa.concat_arrays(texts))


def day_number(day: date) -> int:
    """Place of a day among the days."""
    return (day - FIRST_DAY).days


def days_of(places: Places) -> NDArray[np.int64]:
    """Day numbers of places; what is blank or open-ended gives ``-1``."""
    dated = (places > 0) & (places < OPEN_END)
    return np.where(dated, (places.astype(np.int64) - 1) % DAYS, -1)


@functools.cache
def months_table() -> Table:
    """Months ``YYYY-MM``."""
    return table(f"{m // 12}-{m % 12 + 1:02d}" for m in range(FIRST_MONTH, FIRST_MONTH + MONTHS))


def month_number(day: date) -> int:
    """Place of the month of a day."""
    return day.year * 12 + day.month - 1 - FIRST_MONTH


@functools.cache
def whole_table() -> Table:
    """Whole numbers from 0; the place is the number."""
    return Table(pa.array(range(WHOLE)).cast(pa.string()))


@functools.cache
def amounts_table(median_yuan: int, spread: float) -> Table:
    """Nothing, and amounts in yuan with two places, log-normal: more different ones than a row group of the lake has rows."""
    rng = np.random.Generator(np.random.SFC64([median_yuan, round(spread * 1000)]))
    fen = np.exp(rng.standard_normal(_AMOUNTS) * spread + np.log(median_yuan * 100))
    whole = np.zeros((_AMOUNTS, 2), np.int64)  # 128 bits each
    whole[1:, 0] = np.clip(fen, 100, 10**14).astype(np.int64)[1:]
    exact = pa.Array.from_buffers(pa.decimal128(18, 2), _AMOUNTS, [None, pa.py_buffer(whole)])
    return Table(exact.cast(pa.string()))


@dataclass(frozen=True, slots=True)
class Coded:
    """A code list as a table: labels first, then codes; ``slots`` are 1,024 places drawn from at even chance."""

    codes: tuple[str, ...]
    table: Table
    slots: Places

    def place(self, code: str) -> int:
        """Place of the label of a code."""
        return self.codes.index(code)


def coded(codes: CodeList) -> Coded:
    """A code list whose first codes are the most frequent; one cell in four carries the code, the others the label."""
    names = tuple(codes.entries)
    share = 1 / np.arange(1, len(names) + 1)
    counts = np.maximum(1, np.round(share / share.sum() * 1024)).astype(np.int64)
    chosen = np.repeat(np.arange(len(names)), counts)
    chosen = chosen[np.arange(1024) % len(chosen)]
    written = np.where(np.arange(1024) * 7 % 4 == 0, chosen + len(names), chosen)
    return Coded(names, table([*codes.entries.values(), *names]), written.astype(np.int32))


def extended(one: Table, texts: list[str]) -> tuple[Table, int]:
    """The table with further texts at its end, and the place of the first of them."""
    return Table(pa.concat_arrays([one.texts, pa.array(texts, pa.string())])), len(one)
