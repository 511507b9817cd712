"""Judges that SQL calls for codes with check digits and tables: a whole vector in, canonical texts out.

A judge sees the vector of cells that DuckDB works on. What is plain and right is passed on as one matrix of bytes; what
is not goes through the function of the domain, once for each different cell.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from xinqiao.domain.catalogue.model import CodeList, Field, FieldType
from xinqiao.domain.catalogue.values import RESIDENT, read_value, trim
from xinqiao.domain.identifiers import check_uscc
from xinqiao.domain.identifiers import uscc as _uscc
from xinqiao.lake.identifiers_np import check_resident_id_column

#: Different cells a judge remembers; then it starts anew, so that a hostile file does not fill the memory.
MEMORY = 200_000
_LONGEST = 64
_WIDTH = 18
_WRONG = np.uint8(255)

type _Judge = Callable[[str, str | None], str | None]
"""A cell and the kind of an identity number in, the canonical text out."""


def judge_name(field: Field) -> str:
    """The SQL name of the judge of a field."""
    return f"xq_{field.name}"


def is_judged(field: Field) -> bool:
    """Whether a field needs a judge."""
    return field.type in _JUDGED


_JUDGED = frozenset(
    {FieldType.USCC, FieldType.ID_NUMBER, FieldType.DIVISION, FieldType.INDUSTRY, FieldType.LIST}
)


def register_judge(
    connection: duckdb.DuckDBPyConnection, field: Field, lists: Mapping[str, CodeList], on: date
) -> None:
    """Make ``xq_<field>(cell)``, or ``xq_<field>(cell, id_type)`` for identity numbers, known to a connection."""
    judge = _remembered(field, lists, on)
    if field.type is FieldType.ID_NUMBER:

        def identity(cells: pa.Array, kinds: pa.Array) -> pa.Array:
            return _identities(cells, kinds, judge, on)

        _register(connection, judge_name(field), identity, 2)
        return

    def column(cells: pa.Array) -> pa.Array:
        return _codes(cells, judge) if field.type is FieldType.USCC else _one_by_one(cells, judge)

    _register(connection, judge_name(field), column, 1)


def register_subject(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Make the judges of subjects known.

    ``xq_subject(id_type, number)``: a keyed hash of a person's number, from which nobody gets it back.
    ``xq_code(text)``: the code of an organisation where a text may be one.
    """

    def hashed(kind: str, number: str) -> str:
        return "P" + hmac.new(key, f"{kind}:{number}".encode(), hashlib.sha256).hexdigest()[:40].upper()

    def column(kinds: pa.Array, numbers: pa.Array) -> pa.Array:
        pairs = zip(kinds.to_pylist(), numbers.to_pylist(), strict=True)
        return pa.array([None if k is None or n is None else hashed(k, n) for k, n in pairs], pa.string())

    def code(texts: pa.Array) -> pa.Array:
        found = [None if text is None else check_uscc(text) for text in texts.to_pylist()]
        return pa.array([one if isinstance(one, str) else None for one in found], pa.string())

    _register(connection, "xq_subject", column, 2)
    _register(connection, "xq_code", code, 1)


def _register(
    connection: duckdb.DuckDBPyConnection, name: str, function: Callable[..., pa.Array], width: int
) -> None:
    """DuckDB counts the parameters of what it is given, and hands over chunked columns."""

    def one(first: pa.ChunkedArray) -> pa.Array:
        return function(first.combine_chunks())

    def two(first: pa.ChunkedArray, second: pa.ChunkedArray) -> pa.Array:
        return function(first.combine_chunks(), second.combine_chunks())

    types: list[str] = ["VARCHAR"] * width
    judge: Callable[..., Any] = one if width == 1 else two
    connection.create_function(name, judge, types, "VARCHAR", type="arrow", null_handling="special")  # type: ignore[call-overload]


def _remembered(field: Field, lists: Mapping[str, CodeList], on: date) -> _Judge:
    known: dict[tuple[str, str | None], str | None] = {}
    codes = dict(lists)

    def judge(cell: str, kind: str | None) -> str | None:
        short = len(cell) <= _LONGEST
        if short and (cell, kind) in known:
            return known[cell, kind]
        text = trim(cell)
        found = read_value(field, text, codes, id_type=kind, on=on) if text else None
        # a rule that is broken is a text too, but of a kind of its own
        value = found if type(found) is str else None
        if short:
            if len(known) >= MEMORY:
                known.clear()
            known[cell, kind] = value
        return value

    return judge


def _one_by_one(cells: pa.Array, judge: _Judge) -> pa.Array:
    """Each different cell of a vector is judged once."""
    coded = cells.dictionary_encode()
    found = pa.array([judge(cell, None) for cell in coded.dictionary.to_pylist()], pa.string())
    return found.take(coded.indices)


def _codes(cells: pa.Array, judge: _Judge) -> pa.Array:
    """What is plain and right stands; only the others are judged one by one."""
    others = pa.array(~plain_usccs(cells))
    rest = cells.filter(others)
    return pc.replace_with_mask(cells, others, _one_by_one(rest, judge)) if len(rest) else cells


def _identities(cells: pa.Array, kinds: pa.Array, judge: _Judge, on: date) -> pa.Array:
    texts, types = cells.to_pylist(), kinds.to_pylist()
    good = check_resident_id_column(cells, today=on).valid
    found: list[str | None] = []
    for text, kind, fine in zip(texts, types, good, strict=True):
        if fine and kind == RESIDENT and text is not None and len(text) == _WIDTH and text.isascii():
            found.append(text.upper())
        else:
            found.append(None if text is None else judge(text, kind))
    return pa.array(found, pa.string())


def _values() -> NDArray[np.uint8]:
    """Byte to value; only capitals, because a canonical code has no others."""
    table = np.full(256, _WRONG, np.uint8)
    for value, char in enumerate(_uscc.CHARSET):
        table[ord(char)] = value
    return table


_VALUE = _values()
_WEIGHTS = np.array([*_uscc.WEIGHTS, 1], np.float32)  # sums stay far below 2**24, where these are exact


def plain_usccs(cells: pa.Array) -> NDArray[np.bool_]:
    """Which cells are valid codes in their canonical form, so that the cell is the value."""
    count = len(cells)
    plain = np.zeros(count, np.bool_)
    _, offset_buffer, data_buffer = cells.buffers()
    if cells.type != pa.string() or offset_buffer is None or data_buffer is None:
        return plain
    offsets = np.frombuffer(offset_buffer, np.int32)[cells.offset : cells.offset + count + 1]
    rows = np.flatnonzero(np.diff(offsets) == _WIDTH)
    block = np.frombuffer(data_buffer, np.uint8)[offsets[rows][:, None] + np.arange(_WIDTH, dtype=np.int32)]
    value = _VALUE[block]
    # the check character makes the weighted sum a multiple of 31
    total = (value.astype(np.float32) @ _WEIGHTS).astype(np.int32)
    good = (total % 31 == 0) & (value.max(axis=1, initial=0) < _WRONG)
    plain[rows] = good & (value[:, 2:8].max(axis=1, initial=0) <= 9)
    return plain & np.asarray(cells.is_valid())
