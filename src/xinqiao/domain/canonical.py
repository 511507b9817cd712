"""Canonical bytes of a JSON value, the form that is hashed and signed.

RFC 8785 (JCS) restricted to what this project puts into evidence: text, integers, booleans, null, lists and
objects with ASCII member names. Floats are refused on purpose: amounts and ratios travel as text, so no two
implementations can disagree about the last digit.
"""

import hashlib
import json

type Json = str | int | bool | None | list["Json"] | dict[str, "Json"]

#: RFC 8785 inherits the exact integers of IEEE 754; larger ones travel as text.
_MAX_INT = 2**53 - 1


def _check(value: object, path: str) -> None:
    match value:
        case bool() | None:
            return
        case str():
            value.encode("utf-8")  # a lone surrogate must not reach a signature
        case int():
            if abs(value) > _MAX_INT:
                raise ValueError(f"{path}: integer beyond 2^53-1 must travel as text")
        case list() | tuple():
            for i, item in enumerate(value):
                _check(item, f"{path}[{i}]")
        case dict():
            for key, item in value.items():
                if not isinstance(key, str) or not key.isascii():
                    raise ValueError(f"{path}: member names must be ASCII text")
                _check(item, f"{path}.{key}")
        case _:
            raise TypeError(f"{path}: {type(value).__name__} has no canonical form")


def canonical_bytes(value: Json) -> bytes:
    """Return the one byte string that stands for ``value``.

    Raises:
        TypeError: a value of a type outside :data:`Json`, a float among them.
        ValueError: an integer beyond 2^53-1, a member name outside ASCII, or text that is not Unicode.
    """
    _check(value, "$")
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode("utf-8")


def digest_hex(value: Json) -> str:
    """SHA-256 of the canonical bytes, lower-case hex."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()
