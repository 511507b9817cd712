"""Parquet: claims, bombs, nesting, damage (abuse case C3), and its harmless twins."""

import datetime
import io
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from xinqiao.campaigns.hostile_files.sample import ANY, Sample, bad, damaged, good

#: The environment variable a pickle in a schema would set, were it ever loaded.
CANARY = "XINQIAO_HOSTILE_CANARY"


def written(columns: dict[str, Any] | pa.Table, **how: Any) -> bytes:
    """A Parquet file."""
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    out = io.BytesIO()
    pq.write_table(table, out, write_page_checksum=True, **how)
    return out.getvalue()


def _plain() -> bytes:
    day = datetime.date(2024, 2, 29)
    return written(
        {
            "名称": [f"甲{n}" for n in range(1_000)],
            "金额": pa.array([Decimal(n) / 100 for n in range(1_000)], pa.decimal128(18, 2)),
            "日期": [day] * 1_000,
            "数量": range(1_000),
        },
        row_group_size=300,
    )


def _varint(number: int) -> bytes:
    """A number as the footer writes it (zigzag)."""
    number, out = number << 1, bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _claiming(rows: int) -> bytes:
    """1,234 rows that the footer says are ``rows``."""
    raw = written({"a": pa.nulls(1_234, pa.int64())}, store_schema=False)
    length = int.from_bytes(raw[-8:-4], "little")
    body, footer = raw[: -8 - length], raw[-8 - length : -8].replace(_varint(1_234), _varint(rows))
    return body + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def _dictionary_bomb() -> bytes:
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), pa.array(["x" * 1_000_000]))
    return written({"a": long})


def _deep(depth: int) -> bytes:
    array: pa.Array = pa.array([1, 2])
    for _ in range(depth):
        array = pa.StructArray.from_arrays([array], names=["x"])
    return written({"a": array}, store_schema=False)


class _Mine:
    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (f"import os; os.environ[{CANARY!r}] = '1'",)


def _pickled() -> bytes:
    named = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(_Mine()),
    }
    schema = pa.schema([pa.field("a", pa.string(), metadata=named)])
    return written(pa.table([["x", "y"]], schema=schema))


def _hit(place: float) -> Callable[[], bytes]:
    """A byte of a data page changed: the check sum says so."""

    def make() -> bytes:
        raw = bytearray(
            written(
                {"a": [f"v{n * 7919 % 10_000:05d}" for n in range(5_000)]},
                compression="none",
                use_dictionary=False,
            )
        )
        raw[int(40_000 * place) + 200] ^= 0x55
        return bytes(raw)

    return make


def _arrow(stream: bool) -> bytes:
    out = io.BytesIO()
    table = pa.table({"a": [1, 2]})
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


def parquets() -> list[Sample]:
    """Parquet files and their relatives."""
    broken = "FILE_UNREADABLE"
    return [
        *(bad(f"parquet claiming {n:,} rows", broken, lambda n=n: _claiming(n)) for n in (10**6, 10**9)),  # type: ignore[misc]
        bad("parquet one text 20,000 times", broken, _dictionary_bomb),
        bad("parquet claiming 2**40 rows", "FILE_LIMITS", lambda: _claiming(2**40)),
        *(bad(f"parquet {n} deep", broken, lambda n=n: _deep(n)) for n in (1, 20, 1_000)),  # type: ignore[misc]
        bad("parquet list", broken, lambda: written({"a": [[1], [2]]})),
        bad(
            "parquet map",
            broken,
            lambda: written({"a": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int8()))}),
        ),
        bad("parquet duration", "FILE_VALUE", lambda: written({"a": pa.array([1], pa.duration("s"))})),
        bad("parquet bytes that are no text", "FILE_VALUE", lambda: written({"a": [b"\xff\xfe"]})),
        bad("parquet U+FFFD", "ENCODING_AMBIGUOUS", lambda: written({"a": ["\ufffd"]})),
        bad("parquet NUL", "ENCODING_AMBIGUOUS", lambda: written({"a": ["x\0y"]})),
        bad("parquet no rows", "FILE_EMPTY", lambda: written({"a": pa.array([], pa.string())})),
        bad("parquet 2,500 columns", "FILE_LIMITS", lambda: written({f"c{n}": [1] for n in range(2_500)})),
        bad("parquet column twice", "HEADER_MISMATCH", lambda: written({"a": [1], "A": [2]})),
        bad("parquet encrypted", broken, lambda: b"PARE" + _plain()[4:-4] + b"PARE"),
        bad("parquet only its mark", broken, lambda: b"PAR1"),
        bad("parquet a footer of 4 GB", broken, lambda: b"PAR1" + b"\xff\xff\xff\x7fPAR1"),
        *(bad(f"parquet wrong check sum {n}", broken, _hit(n)) for n in (0.1, 0.5, 0.9)),
        bad("arrow file", "FILE_KIND_UNSUPPORTED", lambda: _arrow(stream=False)),
        Sample("arrow stream", lambda: _arrow(stream=True), frozenset({broken, "ENCODING_AMBIGUOUS"})),
        Sample("parquet with a pickle", _pickled, ANY),
        good("parquet", 1_000, _plain),
        good("parquet text as bytes", 2, lambda: written({"a": ["甲".encode(), None]})),
        good(
            "parquet dictionary",
            300,
            lambda: written({"a": pa.array(["x", "y", None] * 100).dictionary_encode()}),
        ),
        good("parquet 100,000 rows", 100_000, lambda: written({"a": range(100_000)})),
        *damaged("parquet", _plain, cuts=6, flips=20),
    ]
