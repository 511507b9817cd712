"""Batches and items in words, for the pages of the sources and of the operator."""

from dataclasses import dataclass

from xinqiao.catalogue.words import FREQUENCIES, TYPES, limits
from xinqiao.domain.catalogue.model import Field, Item
from xinqiao.domain.collection import BatchState
from xinqiao.domain.errors import Code
from xinqiao.hub.apps.collection.catalogue import collected_item, item_name
from xinqiao.hub.apps.collection.selectors import BatchRow, Supply
from xinqiao.hub.runtime import runtime
from xinqiao.ui import format as fmt
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import Language, language
from xinqiao.ui.i18n import gettext as _


def _english() -> bool:
    return language() is Language.EN


def item_word(item_id: str) -> str:
    """An item's name in the language in force."""
    return item_name(item_id, english=_english())


def form_word(field: Field, item: Item) -> str:
    """How a field is written."""
    return _("，").join(map(str, (TYPES[field.type], *limits(field, item, runtime.catalogue))))


@dataclass(frozen=True, slots=True)
class BatchCard:
    """One batch as a list shows it."""

    row: BatchRow
    item: str
    state_key: str
    facts: str
    result: str

    @classmethod
    def of(cls, row: BatchRow) -> "BatchCard":
        """The words for a batch."""
        facts = [row.file_name, fmt.size(row.size)]
        if row.read is not None:
            facts.insert(1, _("{n} 行").format(n=fmt.count(row.read)))
        return cls(row, item_word(row.item), f"batch.{row.state.value}", " · ".join(facts), result_words(row))


def result_words(row: BatchRow) -> str:
    """What became of a batch, in a few words."""
    if row.state is BatchState.RETURNED and row.code:
        return words(Code(row.code)).title
    if row.state is BatchState.FAILED:
        return _("没有一行入库")
    if row.read is None:
        return ""
    if row.refused:
        return _("接收 {a} 行，退回 {r} 行").format(
            a=fmt.count((row.accepted or 0) + (row.duplicate or 0)), r=fmt.count(row.refused)
        )
    return _("接收 {a} 行").format(a=fmt.count((row.accepted or 0) + (row.duplicate or 0)))


@dataclass(frozen=True, slots=True)
class SupplyCard:
    """One item that a source supplies, in words."""

    supply: Supply
    name: str
    frequency: str
    due: str
    late: bool

    @classmethod
    def of(cls, supply: Supply) -> "SupplyCard":
        """The words for an item."""
        if supply.late_days:
            due = _("晚了 {n} 天").format(n=supply.late_days)
        elif supply.expected:
            due = _("应在 {day} 前").format(day=fmt.day(supply.expected))
        else:
            due = _("没有固定期限")
        return cls(
            supply,
            item_word(supply.item.id),
            str(FREQUENCIES[supply.item.frequency]),
            due,
            supply.late_days > 0,
        )


def labelled(item: Item | None, field: str) -> str:
    """A field's label; its name where the item is not known."""
    found = next((one for one in item.fields if one.name == field), None) if item else None
    if found is None:
        return field
    return (found.label_en or found.label) if _english() else found.label


def item_of(row: BatchRow) -> Item | None:
    """The item of a batch in the list in force."""
    return collected_item(row.item)
