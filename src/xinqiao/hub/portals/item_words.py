"""Words several portals use for items, of the catalogue in force; and what became of a query. No queries of tables."""

from collections.abc import Iterable, Mapping

from xinqiao.domain.items import ItemKind, ItemScope
from xinqiao.hub.apps.dossiers.rows import DOSSIER
from xinqiao.hub.apps.items.models import ItemQuery
from xinqiao.hub.apps.items.scopes import catalogue
from xinqiao.hub.portals.institution.cards import code_title
from xinqiao.ui import item_words as words
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.item_words import kind_words

__all__ = [
    "field_labels",
    "item_name",
    "item_names",
    "items_of",
    "kind_words",
    "nearest_item_words",
    "outcome_words",
]


def item_name(item: str) -> str:
    """An item's name in the language in force; its id when the catalogue has it no more."""
    if item == DOSSIER:  # a query of everything collected that was granted
        return _("归集的企业档案")
    return words.item_name(catalogue(), item)


def item_names(scope: ItemScope) -> str:
    """The items of a scope in a row, each once."""
    return _("、").join(item_name(item) for item in sorted(scope.items))


def field_labels(item: str, names: Iterable[str]) -> list[str]:
    """The labels of some of an item's fields, in the item's order."""
    return words.field_labels(catalogue(), item, names)


def items_of(kind: ItemKind) -> list[str]:
    """The items used so, in the order of the catalogue."""
    return words.items_of(catalogue(), kind)


def outcome_words(row: ItemQuery) -> str:
    """What became of a query, in a few words; the answer of a verification among them."""
    match row.state:
        case "released" if row.result:
            return _("答复：是") if row.result == "yes" else _("答复：否")
        case "released":
            return _("已提供")
        case "denied":
            return _("没有放行：{code}").format(code=code_title(row.code))
        case "failed":
            return _("来源没有答复")
        case _:
            return _("进行中")


def nearest_item_words(nearest: Mapping[str, object] | None) -> str:
    """The nearest request that would be allowed, in words; empty when there is none."""
    if not nearest:
        return ""
    item, names = str(nearest.get("item", "")), nearest.get("fields")
    labels = field_labels(item, [str(one) for one in names]) if isinstance(names, list) else []
    return f"{item_name(item)}{_('：')}{_('、').join(labels)}"
