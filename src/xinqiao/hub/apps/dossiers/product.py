"""A dossier as bytes: built once from the lake's records, stored compressed, sent as it is stored.

The answer of a query is one JSON object with the dossier inside. In zstd it is three frames one behind the other, which
RFC 8878 reads as one: what belongs to this query, the stored dossier as it lies in the table, the closing brace.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache

import orjson
import pyarrow as pa

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.catalogue.model import Catalogue
from xinqiao.domain.period import format_instant
from xinqiao.domain.report import RecordStatus
from xinqiao.hub.apps.redress.standing import Mark
from xinqiao.lake.store.dossier import plain
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.keys import SigningKey

VERSION = 1
_ZSTD = pa.Codec("zstd", compression_level=3)
#: Of a frame: magic number, then a block's type 0 (stored as it is) and the mark of the last one.
_MAGIC, _STORED_LAST = b"\x28\xb5\x2f\xfd", 1
_TAIL = b"}"

#: Item and the fields of it that are shown.
type Spec = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a dossier lies: whose, which view, and what it must have been made of to be up to date.

    ``stamp``: the standing of the firm's records it was made with, empty where there is none to speak of.
    """

    subject: str
    view: str
    token: str
    stamp: str = ""

    @property
    def kept_as(self) -> str:
        """The token under which it is kept: of the records and of their standing."""
        return (
            hashlib.sha256(f"{self.token} {self.stamp}".encode()).hexdigest()[:32]
            if self.stamp
            else self.token
        )


def stamp_of(catalogue: Catalogue, spec: Spec, standing: int, day: date) -> str:
    """What a dossier's records stand by, beside the lake: what was marked and hidden, and the day where terms end."""
    terms = any(catalogue.items[name].adverse is not None for name in spec if name in catalogue.items)
    return f"{standing or ''}{f'@{day}' if terms else ''}"


@dataclass(frozen=True, slots=True)
class Product:
    """A dossier ready to be sent."""

    shelf: Shelf
    content: bytes = field(repr=False)
    size: int
    digest: str
    statement: str = field(repr=False)
    made_at: datetime


def view_of(spec: Spec) -> str:
    """The name of a view: the same items and fields have the same one, whoever asks."""
    return _view_of(frozenset(spec.items()))


@lru_cache(maxsize=4096)
def _view_of(parts: frozenset[tuple[str, frozenset[str]]]) -> str:
    told: dict[str, Json] = {item: [*sorted(names)] for item, names in parts}
    return hashlib.sha256(canonical_bytes(told)).hexdigest()[:32]


def document(
    catalogue: Catalogue,
    issuer: str,
    subject: str,
    spec: Spec,
    records: Mapping[str, Sequence[tuple[Mapping[str, object], Mark]]],
    collected: Collection[str],
) -> dict[str, Json]:
    """The dossier as JSON: of every item of the view its records with their lineage, or why there is none.

    Nothing of a field outside the view is in it, not even masked: who may not see it learns nothing of its length.
    """
    items: list[Json] = []
    for name, fields in sorted(spec.items()):
        item, rows = catalogue.items[name], records.get(name, ())
        without = "no_record" if name in collected else "not_collected"
        items.append(
            {
                "item": name,
                "item_version": item.version,
                "availability": "present" if rows else without,
                "fields": [*sorted(fields)],
                "records": [_record(row, mark, sorted(fields)) for row, mark in rows],
            }
        )
    return {
        "artefact": "dossier",
        "v": VERSION,
        "iss": issuer,
        "sub": subject,
        "catalogue": catalogue.id,
        "items": items,
    }


def _record(row: Mapping[str, object], mark: Mark, fields: Sequence[str]) -> dict[str, Json]:
    received = row["_received"]
    assert isinstance(received, datetime)
    return {
        "values": {name: plain(row.get(name)) for name in fields},
        "source": plain(row["_source"]),
        "batch": plain(row["_batch"]),
        "as_of": plain(row["_as_of"]),
        "received_at": plain(received.replace(tzinfo=None)),
        "version": plain(row.get("_version", 1)),
        "objected": mark.status is RecordStatus.OBJECTED,
        "disputed": [name for name in fields if name in mark.disputed],
        "statements": [
            {"text": one.text, "at": format_instant(one.at), "verified": False} for one in mark.remarks
        ],
    }


def made(told: dict[str, Json], shelf: Shelf, spec: Spec, *, key: SigningKey, at: datetime) -> Product:
    """Compress and sign a dossier."""
    text = canonical_bytes(told)
    digest = hashlib.sha256(text).hexdigest()
    claims: dict[str, Json] = {
        "artefact": "dossier_statement",
        "v": VERSION,
        "iss": told["iss"],
        "sub": shelf.subject,
        "catalogue": told["catalogue"],
        "items": {item: [*sorted(names)] for item, names in spec.items()},
        "digest": digest,
        "made_at": format_instant(at),
    }
    content: bytes = _ZSTD.compress(text, asbytes=True)
    return Product(shelf, content, len(text), digest, sign_jws(claims, key, ArtefactType.DOSSIER), at)


def stored_frame(content: bytes) -> bytes:
    """A zstd frame that holds ``content`` as it is: nothing to compress, so nothing is spent on it (RFC 8878, 3.1.1)."""
    size = len(content)
    if size >= 65_792:
        raise ValueError("one block holds less")
    # single segment, and how many bytes the size takes; two of them count from 256
    head = b"\x20" + bytes([size]) if size < 256 else b"\x60" + (size - 256).to_bytes(2, "little")
    return _MAGIC + head + (size << 3 | _STORED_LAST).to_bytes(3, "little") + content


_TAIL_FRAME = stored_frame(_TAIL)


def answer(head: dict[str, Json], product: Product, *, zstd: bool) -> bytes:
    """The body of an answer: ``head`` with the dossier as its member ``product``."""
    opening = orjson.dumps(head)[:-1] + b',"product":'
    if zstd:
        return stored_frame(opening) + product.content + _TAIL_FRAME
    text: bytes = _ZSTD.decompress(product.content, decompressed_size=product.size, asbytes=True)
    return opening + text + _TAIL
