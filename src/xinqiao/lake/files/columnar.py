"""Parquet from outside: read by Arrow in the child, every column turned to text, written anew.

Never opened by the pipeline's own DuckDB as it came: that program takes its data files to be trusted.
"""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.cells import decimal_text, plain
from xinqiao.lake.files.model import Limits, Sheet, checked_header, over, unreadable
from xinqiao.lake.files.rows import RowWriter

_BATCH: Final = 8_192


def parquet_sheet(path: Path, into: Path, name: str, limits: Limits) -> Sheet:
    """All columns as text, exactly: no digit is lost and none invented; an instant of a zone keeps its offset, midnight
    of no zone is a day.

    Raises:
        Invalid: FILE_UNREADABLE (damaged, nested columns, wrong check sums), FILE_EMPTY, FILE_VALUE (bytes that are
            no text), ENCODING_AMBIGUOUS.
        TooLarge: FILE_LIMITS.
    """
    try:
        with pq.ParquetFile(
            path, memory_map=False, pre_buffer=False, page_checksum_verification=True,
            thrift_string_size_limit=16 << 20, thrift_container_size_limit=1 << 20,
        ) as file:  # fmt: skip
            schema = file.schema_arrow
            header = checked_header(list(schema.names), limits)
            if file.metadata.num_rows * len(header) > limits.values:
                raise over("values", limits.values)
            if not header:
                raise Invalid(Code.FILE_EMPTY, "the file has no columns")
            for field in schema:
                if pa.types.is_nested(_value_type(field.type)) or isinstance(
                    field.type, pa.BaseExtensionType
                ):
                    raise unreadable(f"a column of nested or foreign values: {field.name}"[:300])
            with RowWriter(into.with_suffix(".parquet"), len(header)) as writer:
                for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
                    if batch.num_rows:
                        first = writer.count + 1
                        texts = [
                            _texts(column, place, first)
                            for column, place in zip(batch.columns, header, strict=True)
                        ]
                        writer.columns(first, texts)
            if writer.count != file.metadata.num_rows:
                raise unreadable("a file that does not hold the rows it says")
            if not writer.count:
                raise Invalid(Code.FILE_EMPTY, "the file has no rows")
            return Sheet(into.with_suffix(".parquet"), "parquet", name, header, first_row=1)
    except (pa.ArrowException, OSError, OverflowError, UnicodeDecodeError) as error:
        raise unreadable("not a Parquet file that can be read") from error


def _value_type(kind: "pa.DataType") -> "pa.DataType":
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _texts(column: "pa.Array", field: str, first: int) -> "pa.Array":
    """A column of text. What Arrow itself writes exactly it writes; the rest goes through Python."""
    types = pa.types
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return _checked(_from_bytes(column, field, first), first)
    if types.is_string(kind) or types.is_large_string(kind):
        column.validate(full=True)
        return _checked(column.cast(pa.string()), first)
    if types.is_integer(kind) or types.is_boolean(kind) or types.is_date(kind) or types.is_null(kind):
        return pc.cast(column, pa.string())
    if types.is_decimal(kind) or types.is_floating(kind):
        return _from_numbers(column, field, first)
    if types.is_timestamp(kind) and kind.tz is None:
        moments = _unpadded(pc.strftime(column, "%Y-%m-%d %H:%M:%S", locale="C"))
        # many programs have no other type for a day; a workbook's day is a moment at midnight just so
        return pc.replace_substring_regex(moments, " 00:00:00$", "")
    return pa.array([_text(value, field, first) for value in column.to_pylist()], pa.string())


def _from_numbers(column: "pa.Array", field: str, first: int) -> "pa.Array":
    """Arrow writes numbers exactly and quickly, but with an exponent when they are very large or small."""
    if not pa.types.is_float16(column.type):
        texts = pc.cast(column, pa.string())
        if not pc.any(pc.match_substring(texts, "e", ignore_case=True)).as_py():
            return _unpadded(texts)
    return pa.array([_text(value, field, first) for value in column.to_pylist()], pa.string())


def _unpadded(texts: "pa.Array") -> "pa.Array":
    """Without zeros at the end of a fraction."""
    return pc.replace_substring_regex(texts, r"\.0*$|(\.[0-9]*[1-9])0+$", r"\1")


def _from_bytes(column: "pa.Array", field: str, first: int) -> "pa.Array":
    try:
        return pa.array([None if raw is None else raw.decode() for raw in column.to_pylist()], pa.string())
    except UnicodeDecodeError as error:
        raise _refused(field, first, "bytes that are no UTF-8") from error


def _checked(texts: "pa.Array", first: int) -> "pa.Array":
    for lost in ("\ufffd", "\0"):
        found = pc.index(pc.match_substring(texts, lost), True).as_py()
        if found >= 0:
            facts = {"row": first + found}
            raise Invalid(Code.ENCODING_AMBIGUOUS, f"row {first + found}: U+FFFD or NUL", facts=facts)
    return texts


def _text(value: Any, field: str, first: int) -> str | None:
    match value:
        case None:
            return None
        case Decimal():
            return decimal_text(value)
        case float():
            # the shortest decimal that is this number; "nan" and "inf" are judged like any other text
            return plain(repr(value)).removesuffix(".0")
        case datetime():
            return value.isoformat(sep=" ")
        case _ if hasattr(value, "isoformat"):
            return str(value.isoformat())
        case _:
            raise _refused(field, first, "a kind of value that is not taken")


def _refused(field: str, first: int, why: str) -> Invalid:
    return Invalid(
        Code.FILE_VALUE, f"{field}, from row {first}: {why}"[:500], facts={"row": first, "field": field[:200]}
    )
