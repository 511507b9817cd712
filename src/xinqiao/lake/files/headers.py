"""Headers of foreign files: which row is one. Which column is which field: :mod:`xinqiao.domain.catalogue.headers`."""

import unicodedata
from collections.abc import Collection, Sequence
from typing import Final

from xinqiao.domain.catalogue.model import Item

#: A title and a few lines of explanation may stand above a header.
_SEARCHED: Final = 20


def folded(name: str) -> str:
    """A column's name as it is compared: full-width as half-width, no spaces, no mark of what is required."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold().strip("*")


def header_place(rows: Sequence[Sequence[str]], expected: Collection[str]) -> int:
    """Which of the first rows is the header: the first half of whose cells are expected names, else the first.

    ``rows`` are those that are not blank. With nothing expected it is the first of them.
    """
    known = {folded(name) for name in expected}
    for place, cells in enumerate(rows[:_SEARCHED]):
        said = [folded(cell) for cell in cells if cell.strip()]
        if known and said and 2 * sum(name in known for name in said) >= len(said):
            return place
    return 0


def expected_names(item: Item) -> tuple[str, ...]:
    """What a header of the item may say: field names and labels."""
    return tuple(name for field in item.fields for name in (field.name, field.label))
