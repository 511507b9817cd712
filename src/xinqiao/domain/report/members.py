"""Members of a document read with their types: what is missing or of another type is refused, naming it.

Every function raises Invalid with the member's name as ``field``.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NoReturn

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.period import parse_instant


def wrong(name: str) -> NoReturn:
    """Refuse a document for a member."""
    raise Invalid(Code.INVALID, f"{name}: not as the document has it", facts={"field": name})


def objects(one: Mapping[str, Json], name: str) -> list[dict[str, Json]]:
    """A list of objects."""
    value = one.get(name)
    if not isinstance(value, list):
        wrong(name)
    found = [entry for entry in value if isinstance(entry, dict)]
    if len(found) != len(value):
        wrong(name)
    return found


def member(one: Mapping[str, Json], name: str) -> dict[str, Json]:
    """An object."""
    value = one.get(name)
    if not isinstance(value, dict):
        wrong(name)
    return value


def text(one: Mapping[str, Json], name: str) -> str:
    """A text."""
    value = one.get(name)
    if not isinstance(value, str):
        wrong(name)
    return value


def maybe(one: Mapping[str, Json], name: str) -> str:
    """A text; empty where there is none."""
    return "" if one.get(name) is None else text(one, name)


def texts(one: Mapping[str, Json], name: str) -> tuple[str, ...]:
    """A list of texts."""
    value = one.get(name)
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        wrong(name)
    return tuple(str(entry) for entry in value)


def whole(one: Mapping[str, Json], name: str) -> int:
    """A whole number."""
    value = one.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        wrong(name)
    return value


def flag(one: Mapping[str, Json], name: str) -> bool:
    """Yes or no."""
    value = one.get(name)
    if not isinstance(value, bool):
        wrong(name)
    return value


def instant(one: Mapping[str, Json], name: str) -> datetime:
    """An instant in UTC."""
    return parse_instant(text(one, name), field=name)


def instant_or_none(one: Mapping[str, Json], name: str) -> datetime | None:
    """An instant, or none."""
    return None if one.get(name) is None else instant(one, name)


def day(one: Mapping[str, Json], name: str) -> date | None:
    """A day, or none."""
    if one.get(name) is None:
        return None
    try:
        return date.fromisoformat(text(one, name))
    except ValueError:
        wrong(name)
