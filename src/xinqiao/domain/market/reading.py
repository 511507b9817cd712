"""Reading typed JSON strictly, field by field: what versions of products and of policies are read with.

Each refuses with ``INVALID`` and ``facts['field']``, ``facts['reason']``; amounts and days with codes of their own.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import StrEnum

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Invalid
from xinqiao.domain.market.conditions import NOTHING_ASKED, Condition, parse_condition
from xinqiao.domain.market.product import MOST_LIST, SIZES, bad
from xinqiao.domain.period import parse_date

REGION = re.compile(r"[1-9][0-9](?:[0-9]{2}){0,2}", re.ASCII)
INDUSTRY = re.compile(r"[A-T](?:[0-9]{2,4})?", re.ASCII)
ITEM = re.compile(r"[a-z][a-z0-9_]{1,63}", re.ASCII)
RATE = re.compile(r"(?:0|1)(?:\.[0-9]{1,6})?", re.ASCII)


def sizes(data: dict[str, Json]) -> tuple[str, ...]:
    """Classes of size in the order of the list."""
    found = listed(data, "sizes")
    if not set(map(str, found)) <= set(SIZES):
        bad("sizes", "CODES")
    return tuple(one for one in SIZES if one in found)


def condition(data: Json) -> Condition:
    """The admission condition; what is not said asks nothing."""
    if data is None:
        return NOTHING_ASKED
    try:
        return parse_condition(data)
    except Invalid as refused:
        where = str(refused.facts.get("field", ""))
        field = f"condition.{where}" if where else "condition"
        raise Invalid(refused.code, refused.detail, facts={**refused.facts, "field": field}) from None


def matching(data: dict[str, Json], name: str, form: re.Pattern[str]) -> tuple[str, ...]:
    """Codes of one form, sorted, each once."""
    found = listed(data, name)
    if any(not isinstance(one, str) or not form.fullmatch(one) for one in found):
        bad(name, "CODES")
    return tuple(sorted(set(map(str, found))))


def listed(data: dict[str, Json], name: str) -> list[Json]:
    """A list of at most so many; nothing said is an empty one."""
    found = data.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        bad(name, "SHAPE")
    if len(found) > MOST_LIST:
        bad(name, "RANGE")
    return found


def codes[E: StrEnum](data: dict[str, Json], name: str, kind: type[E]) -> tuple[E, ...]:
    """Words of an enumeration in their order, each once."""
    found = tuple(one(value, name, kind) for value in listed(data, name))
    if len(set(found)) != len(found):
        bad(name, "CODES")
    return found


def code[E: StrEnum](data: dict[str, Json], name: str, kind: type[E]) -> E:
    """One word of an enumeration."""
    return one(data[name], name, kind)


def one[E: StrEnum](value: Json, name: str, kind: Callable[[str], E]) -> E:
    """A value as a word of an enumeration."""
    try:
        return kind(value if isinstance(value, str) else "")
    except ValueError:
        bad(name, "CODES")


def text(value: Json, name: str, most: int, *, least: int = 1) -> str:
    """A line of text without control characters."""
    if not isinstance(value, str):
        bad(name, "TEXT")
    words = value.strip()
    if not least <= len(words) <= most or any(ord(one) < 32 or ord(one) == 127 for one in words):
        bad(name, "TEXT")
    return words


def whole(data: dict[str, Json], name: str) -> int:
    """A whole number."""
    value = data[name]
    if isinstance(value, bool) or not isinstance(value, int):
        bad(name, "NUMBER")
    return value


def fraction(value: Json, name: str) -> Decimal:
    """A fraction of one with at most six decimals, as text."""
    if not isinstance(value, str) or not RATE.fullmatch(value):
        bad(name, "NUMBER")
    return Decimal(value)


def flag(data: dict[str, Json], name: str) -> bool:
    """Yes or no; nothing said is no."""
    value = data.get(name, False)
    if not isinstance(value, bool):
        bad(name, "SHAPE")
    return value


def day(data: dict[str, Json], name: str) -> date | None:
    """A day, ``None`` where none is said."""
    value = data.get(name)
    return None if value in (None, "") else parse_date(value, field=name)
