"""Names of the items of the list in the reader's language: they are data and carry both."""

from xinqiao.hub.runtime import runtime
from xinqiao.ui import i18n


def item_names() -> dict[str, str]:
    """Item id → its name."""
    english = i18n.language() is i18n.Language.EN
    return {
        item.id: item.name_en if english and item.name_en else item.name
        for item in runtime.catalogue.items.values()
    }
