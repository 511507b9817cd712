"""Reads product JSON strictly: a missing or misshapen member is an error with its path, never a silent blank."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid


@contextmanager
def shaped() -> Iterator[None]:
    """A value of the right type that says nothing (month 13, NaN, an unknown kind) is another shape too.

    Raises:
        Invalid: MALFORMED, without the value: it may be a figure, and errors are logged.
    """
    try:
        yield
    except (ValueError, KeyError, IndexError, ArithmeticError):
        raise Invalid(
            Code.MALFORMED, "the product holds a value that makes no sense", facts={"field": "product"}
        ) from None


class Node:
    """One place of a JSON document, with its path."""

    def __init__(self, value: Json | Mapping[str, Json], path: str = "product") -> None:
        self._value = value
        self.path = path

    def _wrong(self, wanted: str) -> Invalid:
        return Invalid(Code.MALFORMED, f"{self.path}: {wanted} expected", facts={"field": self.path})

    def __getitem__(self, name: str) -> "Node":
        if not isinstance(self._value, Mapping) or name not in self._value:
            raise Invalid(
                Code.MALFORMED, f"{self.path}.{name} is missing", facts={"field": f"{self.path}.{name}"}
            )
        return Node(self._value[name], f"{self.path}.{name}")

    def __contains__(self, name: str) -> bool:
        return isinstance(self._value, Mapping) and name in self._value

    def __iter__(self) -> Iterator["Node"]:
        if not isinstance(self._value, list):
            raise self._wrong("a list")
        return (Node(item, f"{self.path}[{k}]") for k, item in enumerate(self._value))

    @property
    def is_null(self) -> bool:
        """Whether the value is null."""
        return self._value is None

    @property
    def text(self) -> str:
        """A text."""
        if not isinstance(self._value, str):
            raise self._wrong("text")
        return self._value

    @property
    def optional(self) -> str:
        """A text, or the empty one for null."""
        return "" if self._value is None else self.text

    @property
    def number(self) -> int:
        """A whole number."""
        if not isinstance(self._value, int) or isinstance(self._value, bool):
            raise self._wrong("a whole number")
        return self._value

    @property
    def truth(self) -> bool:
        """A truth value."""
        if not isinstance(self._value, bool):
            raise self._wrong("true or false")
        return self._value

    @property
    def decimal(self) -> Decimal | None:
        """A decimal text or whole number as an exact number; None for null."""
        if self._value is None:
            return None
        if isinstance(self._value, int) and not isinstance(self._value, bool):
            return Decimal(self._value)
        try:
            return Decimal(self.text)
        except ArithmeticError:
            raise self._wrong("a decimal") from None
