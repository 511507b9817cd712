"""Reading JSON objects strictly: every member is taken once, checked for its type, and nothing may be left over."""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NoReturn

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.period import format_instant, parse_instant

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
#: No identifier of ours is longer; the bound keeps hostile input out of logs and keys.
_MAX_TEXT = 512
_MAX_LIST = 1_000


def wrong(field: str, why: str) -> NoReturn:
    """Refuse one member by name."""
    raise Invalid(Code.INVALID, f"{field}: {why}", facts={"field": field, "reason": why})


class Members:
    """One JSON object being read.

    ``text("sub")`` and its kin take a member away; :meth:`done` refuses whatever was not asked for with
    ``UNKNOWN_FIELD``, so an artefact never carries a member that nobody judged.
    """

    def __init__(self, value: object, path: str = "") -> None:
        if not isinstance(value, Mapping):
            wrong(path or "$", "not an object")
        self._left: dict[str, object] = {str(k): v for k, v in value.items()}
        self._path = f"{path}." if path else ""

    def has(self, name: str) -> bool:
        """Whether the member is there and not yet taken."""
        return name in self._left

    def take(self, name: str) -> object:
        """Any value; refuses a missing member."""
        if name not in self._left:
            wrong(self._path + name, "missing")
        return self._left.pop(name)

    def text(self, name: str) -> str:
        """Text that is neither blank nor long."""
        return self._as_text(self.take(name), name)

    def text_or_none(self, name: str) -> str | None:
        """Text or null; the member must be there."""
        value = self.take(name)
        return None if value is None else self._as_text(value, name)

    def digest(self, name: str) -> str:
        """64 lower-case hex digits."""
        text = self.text(name)
        if _DIGEST.fullmatch(text) is None:
            wrong(self._path + name, "not a digest")
        return text

    def digest_or_none(self, name: str) -> str | None:
        """A digest or null."""
        if self._left.get(name, "") is None:
            self.take(name)
            return None
        return self.digest(name)

    def literal(self, name: str, wanted: Json) -> None:
        """Exactly this value, of exactly this type (``1`` is not ``true``)."""
        value = self.take(name)
        if type(value) is not type(wanted) or value != wanted:
            wrong(self._path + name, "unexpected value")

    def integer(self, name: str, low: int, high: int) -> int:
        """An integer in ``[low, high]``; a boolean is not one."""
        value = self.take(name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            wrong(self._path + name, "not an integer in range")
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self.take(name)
        if not isinstance(value, bool):
            wrong(self._path + name, "not a boolean")
        return value

    def choice[E: StrEnum](self, name: str, kind: type[E]) -> E:
        """One word of a closed list."""
        return self._as_choice(self.text(name), kind, name)

    def texts(self, name: str) -> list[str]:
        """A list of distinct texts."""
        value = self.take(name)
        if not isinstance(value, list) or len(value) > _MAX_LIST:
            wrong(self._path + name, "not a list")
        found = [self._as_text(item, name) for item in value]
        if len(set(found)) != len(found):
            wrong(self._path + name, "repeated item")
        return found

    def choices[E: StrEnum](self, name: str, kind: type[E]) -> frozenset[E]:
        """A list of distinct words of a closed list."""
        return frozenset(self._as_choice(text, kind, name) for text in self.texts(name))

    def instant(self, name: str) -> datetime:
        """An instant in the one form artefacts use; another spelling of the same instant is refused."""
        text = self.text(name)
        instant = parse_instant(text, field=self._path + name)
        if format_instant(instant) != text:
            wrong(self._path + name, "not the canonical form of an instant")
        return instant

    def inner(self, name: str) -> "Members":
        """A nested object."""
        return Members(self.take(name), self._path + name)

    def many(self, name: str) -> list["Members"]:
        """The objects of a list."""
        value = self.take(name)
        if not isinstance(value, list) or len(value) > _MAX_LIST:
            wrong(self._path + name, "not a list")
        return [Members(one, f"{self._path}{name}[{place}]") for place, one in enumerate(value)]

    def only(self, name: str) -> "Members":
        """The object of a list of exactly one."""
        value = self.take(name)
        if not isinstance(value, list) or len(value) != 1:
            wrong(self._path + name, "exactly one entry is expected")
        return Members(value[0], f"{self._path}{name}[0]")

    def done(self) -> None:
        """Refuse what is left.

        Raises:
            Invalid: ``UNKNOWN_FIELD`` naming the members.
        """
        if self._left:
            names = [self._path + name[:64] for name in sorted(self._left)][:20]
            raise Invalid(
                Code.UNKNOWN_FIELD, ", ".join(names), facts={"field": names[0], "items": list(names)}
            )

    def _as_text(self, value: object, name: str) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > _MAX_TEXT:
            wrong(self._path + name, "not a text")
        # a lone surrogate has no canonical bytes; nearly every text is an identifier, and its signs are not looked at one by one
        if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            wrong(self._path + name, "not Unicode")
        return value

    def _as_choice[E: StrEnum](self, text: str, kind: type[E], name: str) -> E:
        try:
            return kind(text)
        except ValueError:
            wrong(self._path + name, "not in the list")
