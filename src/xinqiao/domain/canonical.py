"""Canonical bytes of a JSON value, the form that is hashed and signed.

RFC 8785 (JCS) restricted to what this project puts into evidence: text, integers, booleans, null, lists and
objects with ASCII member names. Floats are refused on purpose: amounts and ratios travel as text, so no two
implementations can disagree about the last digit.
"""

import hashlib
import json
from collections.abc import Mapping

type Json = str | int | bool | list["Json"] | dict[str, "Json"] | None

#: RFC 8785 inherits the exact integers of IEEE 754; larger ones travel as text.
_MAX_INT = 2**53 - 1


_PLAIN = frozenset({str, bool, type(None)})


def require_canonical(value: object) -> None:
    """Refuse what has no canonical form. A walk with an explicit stack: products have a thousand members.

    Raises:
        TypeError, ValueError: see :func:`canonical_bytes`; text that is not Unicode is found by whoever writes it.
    """
    stack: list[object] = [value]
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind is dict:
            for key, member in item.items():  # type: ignore[attr-defined]
                if type(key) is not str or not key.isascii():
                    raise ValueError(f"member names must be ASCII text, not {key!r}")
                if type(member) not in _PLAIN:
                    stack.append(member)
        elif kind is list or kind is tuple:
            stack.extend(item)  # type: ignore[arg-type]
        elif kind is int:
            if abs(item) > _MAX_INT:  # type: ignore[arg-type]
                raise ValueError("an integer beyond 2^53-1 must travel as text")
        elif kind not in _PLAIN and not isinstance(item, str | bool):  # a StrEnum is text
            raise TypeError(f"{kind.__name__} has no canonical form")


_encode = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
).encode  # made once: ``json.dumps`` with options makes an encoder at every call


def canonical_bytes(value: Json) -> bytes:
    """Return the one byte string that stands for ``value``.

    Raises:
        TypeError: a value of a type outside :data:`Json`, a float among them.
        ValueError: an integer beyond 2^53-1, a member name outside ASCII, or text that is not Unicode.
    """
    require_canonical(value)
    return _encode(value).encode("utf-8")


def canonical_object(members: Mapping[str, bytes]) -> bytes:
    """Canonical bytes of an object whose members' values are in canonical form already.

    ``canonical_object({n: canonical_bytes(v) for n, v in o.items()}) == canonical_bytes(o)``, so that the large and
    lasting part of an answer is written once and the few members that differ are put beside it.

    Raises:
        ValueError: a member name outside ASCII.
    """
    if not all(name.isascii() for name in members):
        raise ValueError("member names must be ASCII text")
    # Python orders text by code point, which for ASCII is the order of RFC 8785 and of ``sort_keys``.
    parts = (
        json.dumps(name, ensure_ascii=False).encode("ascii") + b":" + members[name]
        for name in sorted(members)
    )
    return b"{" + b",".join(parts) + b"}"


def digest_hex(value: Json) -> str:
    """SHA-256 of the canonical bytes, lower-case hex."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()
