"""What a good row is known by: its natural key, its subject, the day its facts are true for, its canonical payload."""

import calendar
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from xinqiao.domain.canonical import canonical_bytes
from xinqiao.domain.catalogue.model import FieldType, Item
from xinqiao.domain.catalogue.values import ORGANISATION, RESIDENT, Value
from xinqiao.domain.identifiers import check_uscc


def canonical_text(value: Value) -> str:
    """The one text of a value: ISO days, plain decimals with all their places, ``true``/``false``, codes joined by ``;``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return ";".join(value) if isinstance(value, tuple) else str(value)


def natural_key(item: Item, values: Mapping[str, Value]) -> tuple[str, ...]:
    """The parts by which a newer record replaces an older one; an absent optional part is the empty text."""
    return tuple(canonical_text(values[name]) if name in values else "" for name in item.natural_key)


def subject(item: Item, values: Mapping[str, Value]) -> tuple[str, str] | None:
    """Whom a record is about: the id type and the number; ``("10", code)`` for an organisation.

    ``None`` when the row names nobody who can be told from others (a judgment debtor who is a person is published
    masked; a farm without its owner's number): such a record is kept and is in nobody's dossier. A number is personal
    unless the type is ``10``: keep its keyed hash, never the number.
    """
    *kind, name = item.subject
    if name not in values:
        return None
    number = canonical_text(values[name])
    match item.field(name).type:
        case FieldType.USCC:
            return ORGANISATION, number
        case FieldType.ID_NUMBER:
            given = values.get(kind[0]) if kind else RESIDENT
            return (canonical_text(given), number) if given is not None else None
        case _:
            code = check_uscc(number)
            return (ORGANISATION, code) if isinstance(code, str) else None


def as_of(item: Item, values: Mapping[str, Value], *, received_on: date) -> date | None:
    """The day the facts are true for, never after the day the batch came; ``None`` where the item has no such field.

    A month counts to its last day, a year too.
    """
    value = values.get(item.as_of_field or "")
    if isinstance(value, date):
        return min(value, received_on)
    if isinstance(value, int):
        return min(date(value, 12, 31), received_on)
    if isinstance(value, str):
        year, month = int(value[:4]), int(value[5:7])
        return min(date(year, month, calendar.monthrange(year, month)[1]), received_on)
    return None


def payload(values: Mapping[str, Value]) -> bytes:
    """The canonical bytes of a row's values, what its digest is taken of: field name → canonical text, absent ones
    left out."""
    return canonical_bytes({name: canonical_text(value) for name, value in values.items()})
