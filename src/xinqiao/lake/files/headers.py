"""Headers of foreign files: which row is one, and which field of an item each of its columns is."""

import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xinqiao.domain.catalogue.model import Item
from xinqiao.domain.errors import Code, Invalid

#: A title and a few lines of explanation may stand above a header.
_SEARCHED: Final = 20


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """``names``: the field of each column, by position. ``absent``: optional fields the file does not have."""

    names: tuple[str, ...]
    absent: tuple[str, ...]

    def of(self, header: Sequence[str]) -> Mapping[str, str]:
        """Column as written → field name."""
        return dict(zip(header, self.names, strict=True))


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


def match_header(header: Sequence[str], item: Item) -> ColumnMapping:
    """Columns → fields of the item, each by its name or its label.

    Raises:
        Invalid: HEADER_MISMATCH with ``unknown`` (columns as written; a blank one by its number), ``missing``
            (required fields) and ``repeated`` (fields that two columns name), all at once.
    """
    labels = Counter(folded(field.label) for field in item.fields)
    by_name = {folded(field.label): field.name for field in item.fields if labels[folded(field.label)] == 1}
    by_name |= {folded(field.name): field.name for field in item.fields}
    names = [by_name.get(folded(column)) for column in header]
    unknown = [
        column or f"第 {place} 列（空白 blank）"
        for place, (column, name) in enumerate(zip(header, names, strict=True), start=1)
        if name is None
    ]
    counted = Counter(name for name in names if name)
    repeated = [name for name, times in counted.items() if times > 1]
    missing = [field.name for field in item.fields if field.required and field.name not in counted]
    if unknown or missing or repeated:
        facts = {"unknown": unknown, "missing": missing, "repeated": repeated}
        told = "; ".join(f"{kind}: {', '.join(which)}" for kind, which in facts.items() if which)
        raise Invalid(Code.HEADER_MISMATCH, told, facts={"item": item.id, **facts})
    absent = tuple(field.name for field in item.fields if field.name not in counted)
    return ColumnMapping(tuple(name for name in names if name), absent)
