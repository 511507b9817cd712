"""What the catalogue says about an item that a source sends: the one place of the app that asks it."""

from xinqiao.domain.catalogue.model import Item
from xinqiao.hub.runtime import runtime


def collected_item(item_id: str) -> Item | None:
    """An item of the list in force that is collected physically, or None."""
    found = runtime.catalogue.items.get(item_id)
    return found if found is not None and found.mode.is_collected else None


def item_name(item_id: str, *, english: bool = False) -> str:
    """The name of an item; its id where the list in force has it no more."""
    found = runtime.catalogue.items.get(item_id)
    if found is None:
        return item_id
    return found.name_en if english else found.name
