"""Words about items of a catalogue: names, labels of fields, how one is used, a value as people read it."""

from collections.abc import Iterable

from xinqiao.domain.catalogue.model import Catalogue, CodeList, Field, FieldType
from xinqiao.domain.items import ItemKind, ItemTerms
from xinqiao.ui import i18n
from xinqiao.ui.i18n import Language
from xinqiao.ui.i18n import gettext as _


def item_name(catalogue: Catalogue, item: str) -> str:
    """An item's name in the language in force; its id when the catalogue does not have it."""
    found = catalogue.items.get(item)
    if found is None:
        return item
    return (found.name_en or found.name) if i18n.language() is Language.EN else found.name


def field_label(field: Field) -> str:
    """A field's label in the language in force."""
    return (field.label_en or field.label) if i18n.language() is Language.EN else field.label


def field_labels(catalogue: Catalogue, item: str, names: Iterable[str]) -> list[str]:
    """The labels of some of an item's fields, in the item's order."""
    wanted, found = set(names), catalogue.items.get(item)
    if found is None:
        return sorted(wanted)
    return [field_label(field) for field in found.fields if field.name in wanted]


def kind_words(kind: str) -> str:
    """How an item is used."""
    return {ItemKind.VERIFICATION: _("核验"), ItemKind.COLLECTED: _("归集")}.get(
        ItemKind(kind), _("接口调用")
    )


def items_of(catalogue: Catalogue, kind: ItemKind) -> list[str]:
    """The items used so, in the order of the catalogue."""
    return [name for name, item in catalogue.items.items() if ItemTerms.of(item).kind is kind]


def code_words(codes: CodeList) -> dict[str, str]:
    """The words of a list's codes in the language in force; the list's own where it has no English ones."""
    return {**codes.entries, **(codes.english if i18n.language() is Language.EN else {})}


def shown_value(catalogue: Catalogue, field: Field, value: str) -> str:
    """A canonical value as people read it: the words of a code, yes and no; anything else as it is."""
    if field.code_list and field.code_list in catalogue.code_lists:
        return code_words(catalogue.code_lists[field.code_list]).get(value, value)
    if field.type is FieldType.BOOLEAN:
        return {"true": _("是"), "false": _("否")}.get(value, value)
    return value
