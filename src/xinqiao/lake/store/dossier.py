"""The dossier of an enterprise: everything the lake knows about it, as one compressed blob for a cache.

Canonical JSON, so that the same records give the same bytes; zstd, which a web server may pass on as it is. Exact
numbers and integers beyond 2^53-1 are text, dates are ISO 8601, instants end in Z.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from xinqiao.domain.canonical import Json, canonical_bytes

_CODEC = pa.Codec("zstd", compression_level=3)
_MAX_INT = 2**53 - 1


def plain(value: object) -> Json:
    """A stored value as JSON."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if abs(value) <= _MAX_INT else str(value)
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat(timespec="seconds") + "Z"
        case date():
            return value.isoformat()
        case list():
            return [plain(part) for part in value]
        case _:
            return str(value)


def pack(subject: str, records: Mapping[str, list[dict[str, Any]]]) -> bytes:
    """Compress what is known of a subject."""
    items: dict[str, Json] = {
        item: [{name: plain(value) for name, value in row.items()} for row in rows]
        for item, rows in records.items()
    }
    packed: bytes = _CODEC.compress(canonical_bytes({"subject": subject, "items": items}), asbytes=True)
    return packed


def unpack(blob: bytes) -> dict[str, Json]:
    """The JSON object of a dossier."""
    content: dict[str, Json] = json.loads(pa.CompressedInputStream(pa.BufferReader(blob), "zstd").read())
    return content


def token(segments: Iterable[str]) -> str:
    """What a dossier was made of: it differs as soon as one more segment may know the subject, or one is rewritten."""
    return hashlib.sha256("\n".join(sorted(segments)).encode()).hexdigest()[:32]
