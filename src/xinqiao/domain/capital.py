"""Registered capital 注册资金 as registers write it: free text such as ``3,000(万元人民币)``, ``47.5000(万美元)``, ``450()``.

The amount is exact and in the main unit of its currency. What the text does not say is not filled in: ``200(万)`` names no
currency, ``450()`` not even whether it means 万. ``万元`` without more is 元 of renminbi, the only currency called so
without a name; ``stated`` tells it apart from a text that says 人民币.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

LONGEST = 64

_NUMBER = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(\.[0-9]+)?", re.ASCII)
_SCALES = {"": 0, "万": 4, "亿": 8}
_ABSENT = frozenset({"", "N/A", "NA", "-", "--", "—", "无", "NULL", "NONE"})

#: Words for currencies, without 元 before or behind them.
CURRENCIES = {
    "人民币": "CNY",
    "美": "USD",
    "美元": "USD",
    "港": "HKD",
    "港币": "HKD",
    "香港": "HKD",
    "香港元": "HKD",
    "港元": "HKD",
    "日": "JPY",
    "日元": "JPY",
    "欧": "EUR",
    "欧元": "EUR",
    "英镑": "GBP",
    "新加坡": "SGD",
    "新加坡元": "SGD",
    "加拿大": "CAD",
    "加拿大元": "CAD",
    "加元": "CAD",
    "澳大利亚": "AUD",
    "澳大利亚元": "AUD",
    "澳元": "AUD",
    "新西兰元": "NZD",
    "瑞士法郎": "CHF",
    "韩元": "KRW",
    "新台币": "TWD",
    "澳门元": "MOP",
    "德国马克": "DEM",
    "法国法郎": "FRF",
}


class CapitalReason(StrEnum):
    """Why a text gives no amount."""

    #: the register has nothing: empty, ``N/A``, a dash
    ABSENT = "ABSENT"
    #: a number without any unit: yuan or 万 yuan, nobody can tell
    UNIT_MISSING = "UNIT_MISSING"
    #: a unit without a number
    AMOUNT_MISSING = "AMOUNT_MISSING"
    #: a currency that is not known here
    CURRENCY_UNKNOWN = "CURRENCY_UNKNOWN"
    #: a sign, separators in the wrong places, something else altogether
    UNREADABLE = "UNREADABLE"


@dataclass(frozen=True, slots=True)
class Capital:
    """An amount in the main unit of its currency.

    ``currency``: ISO 4217, ``None`` when the text names none at all (``200(万)``). ``stated``: whether it is named; a
    bare 元 is renminbi by usage only.
    """

    amount: Decimal
    currency: str | None
    stated: bool


def parse_capital(text: str) -> Capital | CapitalReason:
    """Read such a text, or say why not. Half-width and full-width signs, spaces and brackets do not matter."""
    if len(text) > LONGEST:
        return CapitalReason.UNREADABLE
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    if plain.upper() in _ABSENT:
        return CapitalReason.ABSENT
    number = _NUMBER.match(plain)
    rest = plain[number.end() :] if number else plain
    if not _balanced(rest):
        return CapitalReason.UNREADABLE
    unit = _unit(rest.replace("(", "").replace(")", ""))
    if number is None:
        return CapitalReason.AMOUNT_MISSING if isinstance(unit, tuple) else CapitalReason.UNREADABLE
    if isinstance(unit, CapitalReason):
        return unit
    scale, currency, stated = unit
    digits = number[1].replace(",", "") + (number[2] or "")
    return Capital(Decimal(digits).scaleb(scale), currency, stated)


def _balanced(rest: str) -> bool:
    """Brackets that close in order; the unit may stand in one pair or in two, one inside the other."""
    depth = 0
    for char in rest:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return depth == 0


def _unit(text: str) -> tuple[int, str | None, bool] | CapitalReason:
    """Power of ten, currency, whether it is named; or why it is no unit."""
    if not text:
        return CapitalReason.UNIT_MISSING
    scale = text[0] if text[0] in _SCALES else ""
    rest = text[len(scale) :]
    if not rest:
        return _SCALES[scale], None, False
    if rest == "元":
        return _SCALES[scale], "CNY", False
    for name in (rest, rest.removeprefix("元"), rest.removesuffix("元")):
        if name in CURRENCIES:
            return _SCALES[scale], CURRENCIES[name], True
    words = all(char.isalpha() and not char.isascii() for char in rest)
    named = scale or rest.endswith(("元", "币"))
    return CapitalReason.CURRENCY_UNKNOWN if words and named else CapitalReason.UNREADABLE
