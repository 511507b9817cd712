"""Reading tables of data files: every mistake is noted with its place, none stops the reading."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a data file: the file, the place in it, and what is wrong in both languages."""

    file: str
    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.place}: {self.what}" if self.place else f"{self.file}: {self.what}"


class CatalogueError(ValueError):
    """The data files of a catalogue are not right. ``problems`` holds every mistake found, in order of files."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Reader:
    """One table of a file. Asking for a key marks it as known; ``finish`` reports the others."""

    def __init__(self, table: Mapping[str, object], file: str, place: str, problems: list[Problem]) -> None:
        self._table = table
        self.file = file
        self.place = place
        self._problems = problems
        self._asked: set[str] = set()

    def wrong(self, what: str, key: str = "") -> None:
        """Note a mistake at this table, or at one of its keys."""
        place = ".".join(part for part in (self.place, key) if part)
        self._problems.append(Problem(self.file, place, what))

    def _take[T](self, key: str, kind: type[T], called: str, default: T | None) -> T | None:
        self._asked.add(key)
        if key not in self._table:
            if default is None:
                self.wrong("缺少 missing", key)
            return default
        value = self._table[key]
        # In Python a truth value is a number; in a data file it is not.
        if isinstance(value, kind) and isinstance(value, bool) == (kind is bool):
            return value
        self.wrong(f"应当是{called}", key)
        return default

    def text(self, key: str, default: str | None = None) -> str:
        """A text; without a default it must be there and not be empty."""
        value = self._take(key, str, "文字 text", default)
        if value is not None and default is None and not value.strip():
            self.wrong("不能为空 empty", key)
        return value or ""

    def maybe_text(self, key: str) -> str | None:
        """A text that may be absent."""
        return self.text(key, "") or None

    def whole(self, key: str, default: int | None = None) -> int:
        """A whole number; without a default it must be there."""
        return self._take(key, int, "整数 whole number", default) or 0

    def maybe_whole(self, key: str) -> int | None:
        """A whole number that may be absent."""
        return self.whole(key) if self.has(key) else None

    def flag(self, key: str, default: bool | None = None) -> bool:
        """A truth value; without a default it must be there."""
        return bool(self._take(key, bool, " true 或 false", default))

    def day(self, key: str) -> date:
        """A date that must be there."""
        return self._take(key, date, "日期 date", None) or date.min

    def maybe_day(self, key: str) -> date | None:
        """A date that may be absent."""
        return self.day(key) if self.has(key) else None

    def number(self, key: str) -> Decimal | None:
        """A decimal written as text, so that it stays exact; it may be absent."""
        written = self.maybe_text(key)
        if written is None:
            return None
        try:
            value = Decimal(written)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite():
            self.wrong("应当是写成文字的十进制数 decimal written as text", key)
            return None
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts; without a default it must be there and hold something."""
        value = self._take(key, list, "文字列表 list of texts", None if default is None else list(default))
        if value is None:
            return ()
        if not all(isinstance(one, str) and one for one in value):
            self.wrong("应当是文字列表 list of texts", key)
            return ()
        if default is None and not value:
            self.wrong("不能为空 empty", key)
        if len(set(value)) != len(value):
            self.wrong("有重复 repeated", key)
        return tuple(value)

    def wholes(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers; it may be absent."""
        value = self._take(key, list, "整数列表 list of whole numbers", []) or []
        if not all(type(one) is int for one in value):
            self.wrong("应当是整数列表 list of whole numbers", key)
            return ()
        return tuple(value)

    def choice[E: StrEnum](self, key: str, kind: type[E], default: E) -> E:
        """One of an enumeration; ``default`` only stands in for a mistake."""
        written = self.text(key)
        if written in set(kind):
            return kind(written)
        if written:
            self.wrong(f"“{written}”不在 is not one of {'、'.join(kind)} 之中", key)
        return default

    def tables(self, key: str, *, needed: bool = False) -> list["Reader"]:
        """The tables of an array."""
        value = self._take(key, list, "表的数组 array of tables", None if needed else [])
        found: list[Reader] = []
        for index, one in enumerate(value or (), start=1):
            if isinstance(one, dict):
                called = one.get("name") or one.get("id") or index
                found.append(Reader(one, self.file, f"{key}[{called}]", self._problems))
            else:
                self.wrong("应当是表 table", f"{key}[{index}]")
        return found

    def maybe_table(self, key: str) -> "Reader | None":
        """A table that may be absent."""
        value = self._take(key, dict, "表 table", {})
        return Reader(value, self.file, key, self._problems) if value else None

    def finish(self) -> None:
        """Report the keys nobody asked for: a key spelt wrong must not be passed over in silence."""
        for key in self._table:
            if key not in self._asked:
                self.wrong("不认识的键 unknown key", key)

    def has(self, key: str) -> bool:
        """Whether a key is there."""
        self._asked.add(key)
        return key in self._table
