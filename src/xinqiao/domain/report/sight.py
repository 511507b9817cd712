"""Who sees which field how: public to all, commercial secrets by the firm's authorisation, personal data masked.

The levels and their masking are the platform rules' (classification of public credit information, desensitisation).
The firm itself sees everything about the firm; what is personal stays masked for it too, because the person is not the
firm, until that person has agreed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.model import CodeList, Field, FieldType, Item, Sensitivity
from xinqiao.domain.identifiers import mask_resident_id
from xinqiao.domain.items import ItemAuthorisation, ItemTerms
from xinqiao.domain.masking import band, mask_address, mask_mobile, mask_name, mask_text

#: What a record's field holds once it was read: the canonical value of its type.
type Value = str | date | Decimal | int | bool | tuple[str, ...] | None

HIDDEN = "****"


@dataclass(frozen=True, slots=True)
class Sight:
    """What a reader may see.

    Attributes:
        is_subject: the firm reads about itself.
        items: items the firm authorised this reader for.
        personal: items whose persons agreed that this reader sees their data, for the purpose at hand.
        fields: of the authorised items, which fields; an item that is not here is authorised with all of them.
    """

    is_subject: bool = False
    items: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()
    fields: Mapping[str, frozenset[str]] = MappingProxyType({})

    @classmethod
    def of(cls, authorisations: Iterable[ItemAuthorisation], terms: Mapping[str, ItemTerms]) -> "Sight":
        """What an institution may see under authorisations that are alive, of one firm and for one purpose."""
        items: set[str] = set()
        personal: set[str] = set()
        fields: dict[str, frozenset[str]] = {}
        for one in authorisations:
            items |= one.scope.items
            for part in one.scope.parts:
                fields[part.item] = fields.get(part.item, frozenset()) | part.fields
            for consent in one.persons:
                good = {i for i in consent.items if i in terms and (consent.written or not terms[i].written)}
                personal |= good & one.scope.items
        return cls(items=frozenset(items), personal=frozenset(personal), fields=MappingProxyType(fields))

    def may_read(self, item: Item) -> bool:
        """Whether anything of the item is shown; a reader without it does not even learn whether there is a record."""
        return self.is_subject or item.max_sensitivity is Sensitivity.PUBLIC or item.id in self.items

    def lists(self, item: Item, field: Field) -> bool:
        """Whether a field of an item that is shown has its place there; what is personal has, and is masked."""
        if self.is_subject or item.max_sensitivity is Sensitivity.PUBLIC or item.id not in self.fields:
            return True
        return field.sensitivity is Sensitivity.PERSONAL or field.name in self.fields[item.id]

    def is_clear(self, item: Item, field: Field) -> bool:
        """Whether a field is shown as it is rather than masked."""
        match field.sensitivity:
            case Sensitivity.PUBLIC:
                return True
            case Sensitivity.COMMERCIAL_SECRET:
                return self.is_subject or item.id in self.items
            case Sensitivity.PERSONAL:
                return item.id in self.personal and field.name in self.fields.get(item.id, (field.name,))


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as it is shown: ``value`` canonical for programs (absent when masked), ``text`` for people."""

    text: str
    value: Json = None
    masked: bool = False


def cell_of(item: Item, field: Field, value: Value, sight: Sight, codes: CodeList | None) -> Cell:
    """A field's value for a reader."""
    if value is None or value == "" or value == ():
        return Cell("")
    if not sight.is_clear(item, field):
        return Cell(_masked(field, value), masked=True)
    return Cell(_text(field, value, codes), _json(value))


def _text(field: Field, value: Value, codes: CodeList | None) -> str:
    if isinstance(value, tuple):
        return "；".join(_label(code, codes) for code in value)
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, date):
        return "长期" if value.year == 9999 else value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if field.type is FieldType.ENUM:
        return _label(str(value), codes)
    return str(value)


def _label(code: str, codes: CodeList | None) -> str:
    return code if codes is None else codes.entries.get(code, code)


def _json(value: Value) -> Json:
    if isinstance(value, tuple):
        return [*value]
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value


def _masked(field: Field, value: Value) -> str:
    """By the field's type and, for texts, by what its name says it is; what has no rule is hidden whole."""
    if isinstance(value, Decimal):
        return band(value) if "yuan" in field.unit or not field.unit else HIDDEN
    if not isinstance(value, str):
        return HIDDEN
    name = field.name
    if field.type is FieldType.ID_NUMBER or name.endswith("id_no"):
        return mask_resident_id(value) if len(value) == 18 else HIDDEN
    if name.endswith(("address", "location")):
        return mask_address(value)
    if "mobile" in name or "phone" in name:
        return mask_mobile(value)
    if name.endswith("name"):
        return mask_name(value)
    return mask_text(value) if field.type is FieldType.TEXT and mask_text(value) != value else HIDDEN
