"""Reading bodies and parameters without a second meaning: UTF-8, no member twice, no deep nesting (B4, B10)."""

import json
from typing import Never
from urllib.parse import unquote_to_bytes

from pydantic import BaseModel, ValidationError

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Fact, Invalid, Malformed

MAX_BODY = 256 * 1024
MAX_DEPTH = 16
_MAX_DIGITS = 18
_MAX_PARAMS = 20


class _DuplicateMember(ValueError):
    pass


def _no_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _DuplicateMember
    return found


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError("a number too long")
    return int(text)


def _no_float(_: str) -> Never:
    raise ValueError("numbers with a fraction travel as text")


_decoder = json.JSONDecoder(
    object_pairs_hook=_no_duplicates, parse_int=_integer, parse_float=_no_float, parse_constant=_no_float
)


def _depth_within(text: str) -> bool:
    """Whether brackets nest at most MAX_DEPTH deep; brackets inside texts only make it stricter."""
    depth = deepest = 0
    for char in text:
        if char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest <= MAX_DEPTH


def parse_json(body: bytes) -> Json:
    """Parse a body.

    Raises:
        Malformed: ``AMBIGUOUS_INPUT`` for a member that occurs twice, ``MALFORMED`` for all else that is not JSON of
            this contract: not UTF-8, a byte order mark, NaN, a fraction, a lone surrogate, deep nesting.
    """
    try:
        text = body.decode("utf-8")
        if body.count(b"[") + body.count(b"{") > MAX_DEPTH and not _depth_within(text):
            raise Malformed(Code.MALFORMED, "nested too deeply")
        value: Json = _decoder.decode(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # a lone surrogate cannot be written
        if "\\u0000" in text or "\0" in text:
            raise Malformed(Code.MALFORMED, "NUL in a text")
    except _DuplicateMember:
        raise Malformed(Code.AMBIGUOUS_INPUT, "a member occurs twice") from None
    except (ValueError, RecursionError):
        raise Malformed(Code.MALFORMED, "not JSON of this contract") from None
    return value


def parse_pairs(text: bytes) -> dict[str, str]:
    """Read a query string or form: every name once, valid UTF-8.

    Raises:
        Malformed: ``AMBIGUOUS_INPUT`` for a repeated name, ``MALFORMED`` otherwise.
    """
    found: dict[str, str] = {}
    if not text:
        return found
    parts = text.split(b"&")
    if len(parts) > _MAX_PARAMS:
        raise Malformed(Code.MALFORMED, "too many parameters")
    for part in parts:
        name_bytes, separator, value_bytes = part.partition(b"=")
        if not separator or not name_bytes:
            raise Malformed(Code.MALFORMED, "a parameter is a name and a value")
        name, value = _text(name_bytes), _text(value_bytes)
        if name in found:
            raise Malformed(Code.AMBIGUOUS_INPUT, "a parameter occurs twice")
        found[name] = value
    return found


def _text(encoded: bytes) -> str:
    raw = unquote_to_bytes(encoded.replace(b"+", b" "))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed(Code.MALFORMED, "a parameter is not UTF-8") from None
    if "\0" in text:
        raise Malformed(Code.MALFORMED, "NUL in a parameter")
    return text


def validate[M: BaseModel](model: type[M], value: object, *, read_only: frozenset[str] = frozenset()) -> M:
    """Turn a parsed value into a model.

    Args:
        read_only: names the answer has and the request must not.

    Raises:
        Invalid: ``READ_ONLY_FIELD``, ``UNKNOWN_FIELD`` or ``INVALID``; ``facts['field']`` names the member, never its value.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _invalid(error, read_only) from None


def _invalid(error: ValidationError, read_only: frozenset[str]) -> Invalid:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    problems.sort(key=lambda one: one["type"] != "extra_forbidden")
    first = problems[0]
    field = ".".join(str(part)[:64] for part in first["loc"])[:200] or "$"
    facts: dict[str, Fact] = {"field": field, "reason": str(first["type"])}
    if first["type"] == "extra_forbidden":
        name = str(first["loc"][-1])
        code = Code.READ_ONLY_FIELD if name in read_only else Code.UNKNOWN_FIELD
        return Invalid(code, "a member that does not belong here", facts=facts)
    return Invalid(Code.INVALID, "a member breaks the contract", facts=facts)
