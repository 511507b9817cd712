"""Amounts: integer fen inside, decimal text at the edges, never a float.

A float cannot hold one fen exactly. Text is read strictly: nothing is guessed from separators, signs or exponents.
Rounding is not done here but once, where a figure is shown (:mod:`xinqiao.domain.fundflow.figures`).
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from xinqiao.domain.errors import Code, Invalid

#: Largest amount in fen: it must fit the signed 64-bit columns of both databases and of Parquet.
MAX_FEN = 2**63 - 1

_AMOUNT = re.compile(r"(-?)(0|[1-9][0-9]{0,18})(?:\.([0-9]+))?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def _bad(reason: str, field: str) -> NoReturn:
    raise Invalid(Code.AMOUNT_FORMAT, reason, facts={"field": field, "reason": reason})


def parse_amount(text: object, *, negative: bool = False, field: str = "amount") -> int:
    """Read an amount in yuan and return it in fen.

    Args:
        text: decimal text with at most two decimals, ASCII digits, no separators, exponent, plus sign or leading zero.
        negative: whether amounts below zero have a meaning here; minus zero never has.
        field: name for the refusal.

    Raises:
        Invalid: ``AMOUNT_FORMAT`` with ``facts['reason']`` one of ``NOT_TEXT`` (a number of the host language among
            them), ``SHAPE``, ``DECIMALS``, ``SIGN``, ``RANGE``.
    """
    if not isinstance(text, str):
        _bad("NOT_TEXT", field)
    found = _AMOUNT.fullmatch(text) if len(text) <= 64 else None
    if found is None:
        _bad("SHAPE", field)
    decimals = found[3] or ""
    if len(decimals) > 2:
        _bad("DECIMALS", field)
    fen = int(found[2]) * 100 + int(decimals.ljust(2, "0"))
    if found[1] and (fen == 0 or not negative):
        _bad("SIGN", field)
    if fen > MAX_FEN:
        _bad("RANGE", field)
    return -fen if found[1] else fen


def parse_currency(text: object, *, field: str = "currency") -> str:
    """Read an ISO 4217 code; it is mandatory, so nothing stands for "the usual one". Raises ``AMOUNT_FORMAT``."""
    if not isinstance(text, str) or _CURRENCY.fullmatch(text) is None:
        _bad("CURRENCY", field)
    return text


def format_fen(fen: int) -> str:
    """Fen as yuan with two decimals: ``123405`` is ``"1234.05"``."""
    yuan, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{yuan}.{rest:02d}"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount and its currency. Sums of two currencies are refused: conversion needs a day and a rate."""

    fen: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.fen, bool) or not isinstance(self.fen, int):
            raise TypeError("fen is an integer")
        if abs(self.fen) > MAX_FEN:
            _bad("RANGE", "fen")
        parse_currency(self.currency)

    @classmethod
    def parse(cls, text: object, currency: object, *, negative: bool = False) -> "Money":
        """Read the two texts. Raises ``AMOUNT_FORMAT``."""
        return cls(parse_amount(text, negative=negative), parse_currency(currency))

    def __add__(self, other: "Money") -> "Money":
        return Money(self.fen + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.fen - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.fen, self.currency)

    def __str__(self) -> str:
        return f"{format_fen(self.fen)} {self.currency}"

    @property
    def decimal(self) -> Decimal:
        """The exact amount in the main unit, two decimals."""
        return Decimal(self.fen).scaleb(-2)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise Invalid(Code.AMOUNT_FORMAT, "two currencies", facts={"reason": "CURRENCY"})
        return other.fen
