"""Finding one record of a firm among those the lake holds, and telling two versions of it apart."""

from dataclasses import dataclass
from hashlib import sha256

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.catalogue.keys import canonical_text, natural_key
from xinqiao.domain.catalogue.model import Item, Sensitivity
from xinqiao.domain.errors import NotFound
from xinqiao.domain.report import Record
from xinqiao.hub.apps.collection.held import held_records
from xinqiao.hub.apps.redress.models import Suppression
from xinqiao.hub.runtime import runtime

_LABEL = 200


@dataclass(frozen=True, slots=True)
class Found:
    """A record with its item."""

    item: Item
    record: Record

    @property
    def key(self) -> dict[str, str]:
        """The natural key, as canonical texts by field."""
        given = {name: value for name, value in self.record.values.items() if value is not None}
        return dict(zip(self.item.natural_key, natural_key(self.item, given), strict=True))

    @property
    def label(self) -> str:
        """What the record is called in a list: its natural key without the subject's own code and persons' data."""
        hidden = set(self.item.subject)
        hidden |= {one.name for one in self.item.fields if one.sensitivity is Sensitivity.PERSONAL}
        parts = [text for name, text in self.key.items() if text and name not in hidden]
        return " · ".join(parts)[:_LABEL] or self.item.name

    def digest(self, field: str = "") -> str:
        """SHA-256 of what a field says, or of everything."""
        names = [field] if field else sorted(self.record.values)
        told: dict[str, Json] = {name: self._text(name) for name in names}
        return sha256(canonical_bytes(told)).hexdigest()

    def _text(self, name: str) -> str | None:
        value = self.record.values.get(name)
        return None if value is None else canonical_text(value)


def find(uscc: str, item_id: str, ref: str) -> Found | None:
    """A record of a firm, whatever its standing; ``None`` when the lake does not hold it, or not any more."""
    item = runtime.catalogue.items.get(item_id)
    if item is None or not item.mode.is_collected:
        return None
    held = held_records(uscc, items=[item_id]).get(item_id, [])
    record = next((one for one in held if one.ref == ref), None)
    return Found(item, record) if record is not None else None


def one_of(uscc: str, item_id: str, ref: str) -> Found:
    """A record of a firm that is in its answers. Raises NotFound for any other, a repaired one among them."""
    found = find(uscc, item_id, ref)
    if found is None or Suppression.objects.filter(record_ref=ref, ended_at=None).exists():
        raise NotFound
    return found
