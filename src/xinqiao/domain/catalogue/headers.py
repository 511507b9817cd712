"""Which column of a file is which field: the Chinese label, the label without its unit, or the field's name."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from xinqiao.domain.catalogue.model import Field, Item

_UNIT = re.compile(r"\([^()]*\)$")


@dataclass(frozen=True, slots=True)
class Columns:
    """What a header row says.

    ``fields``: for each column the name of its field, ``None`` for a column that is none. ``unknown``: headers that are
    no field. ``repeated``: fields named by more than one column. ``missing``: required fields without a column.
    """

    fields: tuple[str | None, ...]
    unknown: tuple[str, ...]
    repeated: tuple[str, ...]
    missing: tuple[str, ...]


def header_key(text: str) -> str:
    """What two writings of one header share: NFKC (so brackets of either width), no spaces, one case, no mark of need."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold().removesuffix("*")


def header_names(item: Item) -> dict[str, str]:
    """Header key → field name, for every header that names just one field of the item."""
    names: dict[str, str] = {}
    bare = Counter(_bare(field) for field in item.fields)
    for field in item.fields:
        if bare[_bare(field)] == 1:
            names[_bare(field)] = field.name
    # The full label and the field's own name stand above a label that lost its unit.
    names |= {header_key(field.label): field.name for field in item.fields}
    return names | {header_key(field.name): field.name for field in item.fields}


def match_headers(item: Item, headers: Sequence[str]) -> Columns:
    """Read the header row of a file. An empty header is a column to leave out."""
    names = header_names(item)
    fields = tuple(names.get(header_key(text)) for text in headers)
    counted = Counter(name for name in fields if name is not None)
    return Columns(
        fields=fields,
        unknown=tuple(
            text for text, name in zip(headers, fields, strict=True) if name is None and header_key(text)
        ),
        repeated=tuple(name for name, times in counted.items() if times > 1),
        missing=tuple(field.name for field in item.fields if field.required and field.name not in counted),
    )


def _bare(field: Field) -> str:
    return _UNIT.sub("", header_key(field.label))
