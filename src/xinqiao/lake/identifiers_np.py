"""Whole columns of identifiers at once: the twins of :mod:`xinqiao.domain.identifiers`.

A batch of a million rows holds far fewer different codes, so a column is reduced to its distinct values first; those of
the right length in plain ASCII are judged as one matrix of bytes. What needs normalising (full-width digits, spaces,
hyphens) goes through the scalar function, one distinct value at a time. A property test holds the twins equal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from xinqiao.domain.identifiers import (
    Finding,
    Reason,
    check_regno15,
    check_resident_id,
    check_uscc,
)
from xinqiao.domain.identifiers import uscc as _uscc
from xinqiao.domain.identifiers.gb2260 import known_prefix
from xinqiao.domain.identifiers.resident import WEIGHTS as _RESIDENT_WEIGHTS

type Bytes = NDArray[np.uint8]
type Flags = NDArray[np.bool_]
#: Anything a column comes as; ``None`` (and NaN from pandas) is a missing value.
type Column = Sequence[str | None] | NDArray[np.object_] | NDArray[np.str_] | pa.Array | pa.ChunkedArray

#: Reason codes of :attr:`ColumnCheck.reason`: the place in this tuple. 0 means accepted.
REASONS: tuple[Reason | None, ...] = (None, *Reason)
_CODE = {reason: np.uint8(code) for code, reason in enumerate(REASONS)}

_ILLEGAL = np.uint8(255)
_CHUNK = 1 << 18  # rows per matrix: bounds the index array to some 40 MB


@dataclass(frozen=True, slots=True)
class ColumnCheck:
    """The verdict on each row.

    Attributes:
        valid: accepted.
        reason: place in :data:`REASONS`, 0 when accepted.
        position: 1-based place of the offending character, 0 when none can be named.
        distinct: number of different values that were judged.
    """

    valid: Flags
    reason: Bytes
    position: Bytes
    distinct: int

    def counts(self) -> dict[Reason, int]:
        """How many rows were refused for each reason."""
        found = np.bincount(self.reason, minlength=len(REASONS))
        return {reason: int(found[code]) for reason, code in _CODE.items() if reason and found[code]}

    def text(self, row: int) -> str:
        """The finding of one row in the words of the scalar twin, empty when accepted."""
        reason, position = REASONS[self.reason[row]], int(self.position[row])
        if reason is None:
            return ""
        return f"{reason}:{position}" if position else str(reason)


def check_uscc_column(values: Column) -> ColumnCheck:
    """Unified social credit codes; twin of :func:`~xinqiao.domain.identifiers.check_uscc`."""
    return _check(values, 18, _uscc_matrix, check_uscc)


def check_regno15_column(values: Column) -> ColumnCheck:
    """15-digit registration numbers; twin of :func:`~xinqiao.domain.identifiers.check_regno15`."""
    return _check(values, 15, _regno_matrix, check_regno15)


def check_resident_id_column(values: Column, *, today: date) -> ColumnCheck:
    """Resident identity numbers; twin of :func:`~xinqiao.domain.identifiers.check_resident_id`."""

    def matrix(block: Bytes) -> tuple[Bytes, Bytes]:
        return _resident_matrix(block, today)

    def scalar(text: str) -> str | Finding:
        return check_resident_id(text, today=today)

    return _check(values, 18, matrix, scalar)


# ---------------------------------------------------------------------------------------------------- the machinery


def _check(
    values: Column,
    width: int,
    matrix: Callable[[Bytes], tuple[Bytes, Bytes]],
    scalar: Callable[[str], str | Finding],
) -> ColumnCheck:
    column = values if isinstance(values, pa.Array | pa.ChunkedArray) else _to_arrow(values)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    coded = pc.dictionary_encode(column.cast(pa.large_string()))
    names = coded.dictionary
    reason, position = _judge(names, width, matrix, scalar)
    # one slot more, for missing values
    reason = np.append(reason, _CODE[Reason.MISSING])
    position = np.append(position, np.uint8(0))
    rows = np.asarray(coded.indices.fill_null(len(names)))
    return ColumnCheck(
        valid=reason[rows] == 0, reason=reason[rows], position=position[rows], distinct=len(names)
    )


def _to_arrow(values: Sequence[str | None] | NDArray[np.object_] | NDArray[np.str_]) -> pa.Array:
    return pa.array(values, type=pa.large_string(), from_pandas=True)


def _judge(
    names: pa.Array,
    width: int,
    matrix: Callable[[Bytes], tuple[Bytes, Bytes]],
    scalar: Callable[[str], str | Finding],
) -> tuple[Bytes, Bytes]:
    """Reason and position of each distinct value."""
    count = len(names)
    reason = np.full(count, _CODE[Reason.LENGTH], np.uint8)
    position = np.zeros(count, np.uint8)
    if count == 0:
        return reason, position
    _, offset_buffer, data_buffer = names.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64)[names.offset : names.offset + count + 1]
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.zeros(0, np.uint8)
    plain = _is_plain(data, offsets)
    fitting = np.flatnonzero(plain & (np.diff(offsets) == width))
    columns = np.arange(width)
    for start in range(0, len(fitting), _CHUNK):
        rows = fitting[start : start + _CHUNK]
        reason[rows], position[rows] = matrix(data[offsets[rows][:, None] + columns])
    for row in np.flatnonzero(~plain):
        found = scalar(names[int(row)].as_py())
        reason[row] = _CODE[found.reason] if isinstance(found, Finding) else 0
        position[row] = (found.position or 0) if isinstance(found, Finding) else 0
    return reason, position


def _is_plain(data: Bytes, offsets: NDArray[np.int64]) -> Flags:
    """Values that normalising would only raise to upper case: no byte beyond ASCII, no white space, no hyphen."""
    touched = np.concatenate([[0], np.cumsum(_NEEDS_CARE[data], dtype=np.int64)])
    plain: Flags = touched[offsets[1:]] == touched[offsets[:-1]]
    return plain


def _table(characters: str) -> Bytes:
    """Byte to value; lower-case letters count as capitals, everything else is illegal."""
    table = np.full(256, _ILLEGAL, np.uint8)
    for value, char in enumerate(characters):
        table[ord(char)] = table[ord(char.lower())] = value
    return table


_NEEDS_CARE: Flags = np.array([b >= 0x80 or chr(b).isspace() or chr(b) == "-" for b in range(256)])
_USCC = _table(_uscc.CHARSET)
_DIGIT = _table("0123456789")
_DIGIT_X = _table("0123456789X")
_USCC_WEIGHTS = np.array(_uscc.WEIGHTS, np.int32)
_ID_WEIGHTS = np.array(_RESIDENT_WEIGHTS, np.int32)
# the check character of a remainder, as a value in which X is 10: "10X98765432"
_ID_CHECKS = np.array([1, 0, 10, 9, 8, 7, 6, 5, 4, 3, 2], np.uint8)
_PREFIX_KNOWN: Flags = np.array([known_prefix(f"{n:02d}") or n == 83 for n in range(100)])
_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int32)


def _verdict(steps: list[tuple[Flags, Reason, Bytes | int]]) -> tuple[Bytes, Bytes]:
    """The first step that refuses a row gives its reason and place."""
    count = len(steps[0][0])
    reason, position = np.zeros(count, np.uint8), np.zeros(count, np.uint8)
    for refused, why, place in reversed(steps):
        reason = np.where(refused, _CODE[why], reason)
        position = np.where(refused, place, position).astype(np.uint8)
    return reason, position


def _charset(illegal: Flags) -> tuple[Flags, Reason, Bytes | int]:
    return illegal.any(axis=1), Reason.CHARSET, (illegal.argmax(axis=1) + 1).astype(np.uint8)


def _uscc_matrix(block: Bytes) -> tuple[Bytes, Bytes]:
    value = _USCC[block]
    illegal = value == _ILLEGAL
    illegal[:, 2:8] = value[:, 2:8] > 9
    total = value[:, :17].astype(np.int32) @ _USCC_WEIGHTS
    wrong = (31 - total % 31) % 31 != value[:, 17]
    return _verdict([_charset(illegal), (wrong, Reason.CHECKSUM, 18)])


def _regno_matrix(block: Bytes) -> tuple[Bytes, Bytes]:
    value = _DIGIT[block]
    illegal = value == _ILLEGAL
    digit = np.where(illegal, 0, value).astype(np.int32)
    p = np.full(len(block), 10, np.int32)
    for place in range(14):
        p = (p + digit[:, place]) % 10
        p = np.where(p == 0, 10, p) * 2 % 11
    wrong = (11 - p) % 10 != digit[:, 14]
    return _verdict([_charset(illegal), (wrong, Reason.CHECKSUM, 15)])


def _resident_matrix(block: Bytes, today: date) -> tuple[Bytes, Bytes]:
    value = _DIGIT[block]
    value[:, 17] = _DIGIT_X[block[:, 17]]
    illegal = value == _ILLEGAL
    digit = np.where(illegal, 0, value).astype(np.int32)
    year = digit[:, 6:10] @ np.array([1000, 100, 10, 1], np.int32)
    month = digit[:, 10:12] @ np.array([10, 1], np.int32)
    day = digit[:, 12:14] @ np.array([10, 1], np.int32)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    last = _MONTH_DAYS[np.where(month <= 12, month, 0)] + ((month == 2) & leap)
    no_date = (year < 1850) | (month < 1) | (month > 12) | (day < 1) | (day > last)
    future = year * 10_000 + month * 100 + day > today.year * 10_000 + today.month * 100 + today.day
    wrong = _ID_CHECKS[digit[:, :17] @ _ID_WEIGHTS % 11] != digit[:, 17]
    return _verdict(
        [
            _charset(illegal),
            (~_PREFIX_KNOWN[digit[:, 0] * 10 + digit[:, 1]], Reason.DIVISION, 1),
            (no_date, Reason.DATE, 7),
            (future, Reason.FUTURE, 7),
            (wrong, Reason.CHECKSUM, 18),
        ]
    )
