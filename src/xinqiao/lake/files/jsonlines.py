"""JSONL: one object a line; members are text, numbers, true, false, null or a flat list of these."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import orjson

from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.files import text
from xinqiao.lake.files.model import Limits, Sheet, checked_header, over, unreadable
from xinqiao.lake.files.rows import RowWriter


def jsonl_sheet(path: Path, into: Path, name: str, limits: Limits) -> Sheet:
    """The objects as rows; the columns are all members that occur, in the order in which they first do.

    ``_row`` is the number of the line. An absent member and null are NULL.

    Raises:
        Invalid: FILE_UNREADABLE (``row``), AMBIGUOUS_INPUT (a member twice), FILE_VALUE (nested), FILE_EMPTY,
            ENCODING_AMBIGUOUS, HEADER_MISMATCH.
        TooLarge: FILE_LIMITS.
    """
    encoding = text.recognise(path)
    source = path
    broken_at = 0 if encoding == "utf-16" else text.verify_utf8(path, marked=encoding == "utf-8-sig")
    if broken_at is not None:
        if encoding == "utf-8-sig":
            raise text.ambiguous(broken_at)
        encoding = "utf-16" if encoding == "utf-16" else "gb18030"
        source = into.with_suffix(".jsonl")
        text.transcode(path, source, encoding, broken_at=broken_at)
    header = checked_header(_members(source, limits), limits)
    table = into.with_suffix(".parquet")
    with RowWriter(table, len(header)) as writer:
        for number, line in _lines(source, limits):
            row = _object(line, number)
            writer.add(number, [_text(row.get(member), number, member) for member in header])
    return Sheet(table, "parquet", name, header, encoding=encoding, first_row=1)


def _lines(path: Path, limits: Limits) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        if file.read(3) != b"\xef\xbb\xbf":
            file.seek(0)
        number = 0
        while line := file.readline(limits.record_bytes + 1):
            number += 1
            if len(line) > limits.record_bytes:
                raise over("record_bytes", limits.record_bytes)
            if not line.isspace():
                yield number, line


def _members(path: Path, limits: Limits) -> list[str]:
    """All member names. The quick reader, which takes the last of two alike: the strict one comes after."""
    found: dict[str, None] = {}
    for number, line in _lines(path, limits):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise unreadable(f"line {number} is not JSON", row=number) from error
        if not isinstance(row, dict):
            raise unreadable(f"line {number} is not an object", row=number)
        if not row.keys() <= found.keys():
            found |= dict.fromkeys(row)
            if len(found) > limits.columns:
                raise over("columns", limits.columns)
    if not found:
        raise Invalid(Code.FILE_EMPTY, "no line holds an object with a member")
    return list(found)


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


def _object(line: bytes, number: int) -> dict[str, object]:
    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            detail, facts = f"line {number}: a member appears twice", {"row": number}
            raise Invalid(Code.AMBIGUOUS_INPUT, detail, facts=facts)
        return found

    def constant(_: str) -> NoReturn:
        raise unreadable(f"line {number} is not JSON", row=number)

    try:
        found = json.loads(
            line, object_pairs_hook=members, parse_int=_Number, parse_float=_Number, parse_constant=constant
        )
    except (ValueError, RecursionError) as error:
        raise unreadable(f"line {number} is not JSON", row=number) from error
    if not isinstance(found, dict):
        raise unreadable(f"line {number} is not an object", row=number)
    return found


def _text(value: object, row: int, field: str) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case _Number():
            return str(value)
        case str():
            if "\0" in value or "\ufffd" in value:
                raise _refused(row, field, "NUL or U+FFFD")
            return value
        case list():
            parts = [None if isinstance(part, list | dict) else _text(part, row, field) for part in value]
            if any(part is None or ";" in part or "；" in part for part in parts):
                raise _refused(row, field, "a list that is nested, or whose parts hold a semicolon")
            return ";".join(part for part in parts if part is not None)
        case _:
            raise _refused(row, field, "an object within an object")


def _refused(row: int, field: str, why: str) -> Invalid:
    return Invalid(
        Code.FILE_VALUE, f"line {row}, {field}: {why}"[:500], facts={"row": row, "field": field[:200]}
    )
