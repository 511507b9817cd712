"""Which bucket a subject belongs to: one function in Python, numpy, DuckDB SQL and Spark SQL.

The bucket is made of the last four characters, which vary most in codes (the check character and the end of the
organisation code) and in keyed hashes alike::

    (((c[-1]·131 + c[-2])·131 + c[-3])·131 + c[-4]) mod 65521 mod buckets

It needs no function that only one engine has; ``hash`` of DuckDB is not that of Spark, and md5 costs twice as much.
The position in the filters of the index comes from a 64-bit hash of all characters, which no SQL needs to know.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from xinqiao.domain.errors import Code, Invalid

SPREAD = 131
PRIME = 65_521
TAIL = 4
MAX_BUCKETS = 1_024

_MASK = (1 << 64) - 1
_MIX = 0x9E3779B97F4A7C15
_LANE = 8
_NO_SUBJECT = "a subject is ASCII text of four characters or more"


def bucket_of(subject: str, buckets: int) -> int:
    """The bucket of a subject.

    Raises:
        Invalid: ``LAKE_INVALID`` for a subject that is not ASCII or shorter than four characters.
    """
    if len(subject) < TAIL or not subject.isascii():
        raise Invalid(Code.LAKE_INVALID, _NO_SUBJECT)
    value = 0
    for place in range(1, TAIL + 1):
        value = value * SPREAD + ord(subject[-place])
    return value % PRIME % buckets


def bucket_sql(column: str = "_subject", buckets: int = 16) -> str:
    """The same as an SQL expression that DuckDB and Spark read alike."""
    value = f"ascii(substr({column}, -1, 1))"
    for place in range(2, TAIL + 1):
        value = f"({value} * {SPREAD} + ascii(substr({column}, -{place}, 1)))"
    return f"({value} % {PRIME} % {buckets})"


def bucket_name(bucket: int) -> str:
    """The name of a bucket's folder."""
    return f"{bucket:03d}"


def check_buckets(buckets: int) -> int:
    """The number, when it is a power of two within reason.

    Raises:
        Invalid: ``LAKE_INVALID``.
    """
    if buckets < 1 or buckets > MAX_BUCKETS or buckets & (buckets - 1):
        raise Invalid(Code.LAKE_INVALID, f"buckets: a power of two up to {MAX_BUCKETS}")
    return buckets


def buckets_of_column(subjects: pa.Array, buckets: int) -> NDArray[np.int64]:
    """Buckets of a column of strings.

    Raises:
        Invalid: ``LAKE_INVALID`` as :func:`bucket_of`, and for a missing subject.
    """
    data, offsets = _bytes(subjects)
    if len(offsets) == 1:
        return np.zeros(0, np.int64)
    if subjects.null_count or int(np.diff(offsets).min()) < TAIL:
        raise Invalid(Code.LAKE_INVALID, _NO_SUBJECT)
    ends = offsets[1:]
    value = np.zeros(len(ends), np.int64)
    for place in range(1, TAIL + 1):
        value = value * SPREAD + data[ends - place]
    return value % PRIME % buckets


def subject_hash(subject: str) -> int:
    """64 bits of a subject for the filters; twin of :func:`hashes_of_column`."""
    raw = subject.encode("ascii", "replace")
    value = len(raw) * _MIX & _MASK
    for start in range(0, len(raw), _LANE):
        lane = int.from_bytes(raw[start : start + _LANE], "little")
        value = (value ^ lane) * _MIX & _MASK
        value ^= value >> 29
    return value


def hashes_of_column(subjects: pa.Array) -> NDArray[np.uint64]:
    """The 64-bit hashes of a column of strings without missing values."""
    data, offsets = _bytes(subjects)
    lengths = np.diff(offsets)
    found = np.zeros(len(lengths), np.uint64)
    mix, shift = np.uint64(_MIX), np.uint64(29)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        width = -(-int(length) // _LANE) * _LANE
        block = np.zeros((len(rows), width), np.uint8)
        block[:, :length] = data[offsets[rows][:, None] + np.arange(length)]
        value = np.full(len(rows), int(length) * _MIX & _MASK, np.uint64)
        for lane in block.view("<u8").T:
            value = (value ^ lane) * mix
            value ^= value >> shift
        found[rows] = value
    return found


def _bytes(subjects: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    column = subjects.cast(pa.large_string())
    _, offset_buffer, data_buffer = column.buffers()
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.zeros(0, np.uint8)
    if offset_buffer is None or not len(column):
        return data, np.zeros(1, np.int64)
    return data, np.frombuffer(offset_buffer, np.int64)[column.offset : column.offset + len(column) + 1]
