"""Strict base64url and strict JSON objects, shared by every signed format.

Strict means one text for one value: what two parsers could read differently is refused, because a signature
over an ambiguous text proves nothing (abuse case A8).
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Never

from xinqiao.domain.canonical import Json


def b64(data: bytes) -> str:
    """base64url without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64(text: str) -> bytes:
    """Read base64url without padding.

    Raises:
        ValueError: padding, a foreign character, or unused bits that are not zero.
    """
    try:
        raw = text.encode("ascii")
        data = urlsafe_b64decode(raw + b"=" * (-len(raw) % 4))
    except (UnicodeEncodeError, Base64Error):
        raise ValueError("not base64url") from None
    if urlsafe_b64encode(data).rstrip(b"=") != raw:  # the library skips foreign characters silently
        raise ValueError("not the one base64url text of these bytes")
    return data


def _no_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member occurs twice")
    return found


def _no_float(_: str) -> Never:
    raise ValueError("numbers with a fraction travel as text")


_decoder = json.JSONDecoder(
    object_pairs_hook=_no_duplicates, parse_float=_no_float, parse_constant=_no_float, strict=True
)

_encode = json.JSONEncoder(ensure_ascii=False).encode


def strict_object(data: bytes) -> dict[str, Json]:
    """Parse one JSON object: UTF-8, no member twice, no float, no NaN, no half of a character, nothing after it.

    Raises:
        ValueError: anything else, nesting beyond the interpreter's limit included.
    """
    try:
        value = _decoder.decode(data.decode("utf-8"))
        # Only an escape can write a lone surrogate, and canonical texts hardly ever hold one; a single sign is found
        # far faster than two, so it is looked for first.
        if b"\\" in data and b"\\u" in data:
            _encode(value).encode("utf-8")
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate is no text") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value
