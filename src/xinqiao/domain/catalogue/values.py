"""What a text in a file means: one function per type of field, a canonical value out or the rule that it breaks.

The literal definition of docs/rules/collection.md. The engine that checks millions of rows states the same rules per
column in SQL; tests hold the two together. Expressions are in the subset that ``re`` and RE2 read alike.
"""

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from xinqiao.domain.catalogue.model import CodeList, Field, FieldType, RowRule
from xinqiao.domain.identifiers import (
    Finding as CodeFinding,
)
from xinqiao.domain.identifiers import (
    check_division,
    check_industry,
    check_resident_id,
    check_uscc,
    normalise,
)

type Value = str | int | bool | date | Decimal | tuple[str, ...]

#: What is taken off both ends of a cell; nothing left means that there is no value.
OUTER = " \t\n\r\v\f\u3000"
#: Characters nobody can see, or that stand for damage, as ranges of code points: refused in every kind of text.
UNSEEN: tuple[tuple[int, int], ...] = (
    *(
        (0x00, 0x1F),
        (0x7F, 0xA0),
        (0xAD, 0xAD),
        (0x34F, 0x34F),
        (0x61C, 0x61C),
        (0x115F, 0x1160),
        (0x1680, 0x1680),
    ),
    *(
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x2000, 0x200F),
        (0x2028, 0x202F),
        (0x205F, 0x206F),
        (0x2800, 0x2800),
    ),
    *(
        (0x3164, 0x3164),
        (0xD800, 0xDFFF),
        (0xFE00, 0xFE0F),
        (0xFEFF, 0xFEFF),
        (0xFFA0, 0xFFA0),
        (0xFFF9, 0xFFFD),
    ),
    *((0xE0001, 0xE01EF),),
)
#: Long text may have lines.
LINES = "\t\n\r"

#: Texts of a date: year, month and day are the three groups of digits, in this order.
DATE_PATTERNS = (
    "^([0-9]{4})-([0-9]{2})-([0-9]{2})$",
    "^([0-9]{4})([0-9]{2})([0-9]{2})$",
    "^([0-9]{4})/([0-9]{2})/([0-9]{2})$",
    "^([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日$",
)
FIRST_YEAR, LAST_YEAR = 1850, 2199
#: Open-ended: also written 长期.
OPEN_END = date(9999, 12, 31)
OPEN_END_WORD = "长期"
DECIMAL_PATTERN = "^[+-]?[0-9]{1,60}([.][0-9]{1,60})?$"
INTEGER_PATTERN = "^[+-]?[0-9]{1,18}$"
URL_PATTERN = r'^https?://[0-9A-Za-z.-]+(:[0-9]{1,5})?([/?#][^ "<>^`{|}\\]*)?$'
#: Folded to small letters first.
BOOLEANS = {
    "是": True,
    "y": True,
    "1": True,
    "true": True,
    "否": False,
    "n": False,
    "0": False,
    "false": False,
}
#: Shapes of identity numbers that have no check digit here, by id type; what has no entry is taken as ``ANY_ID``.
ID_PATTERNS = {
    "02": "^[HM][0-9]{8}([0-9]{2})?$",
    "03": "^([0-9]{8}|[0-9]{10})$",
    "04": "^[0-9A-Z]{5,17}$",
    "05": "^(9[0-9]{16}[0-9X]|[0-9A-Z]{15})$",
}
ANY_ID = "^[0-9A-Z()]{4,30}$"
RESIDENT, RESIDENCE_PERMIT, ORGANISATION = "01", "06", "10"

_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UNSEEN = "[" + "".join(f"{re.escape(chr(a))}-{re.escape(chr(b))}" for a, b in UNSEEN) + "]"
_HIDDEN = re.compile(_UNSEEN)


def trim(text: str) -> str:
    """A cell without its outer spaces."""
    return text.strip(OUTER)


def read_value(
    field: Field, text: str, lists: Mapping[str, CodeList], *, id_type: str | None, on: date
) -> Value | RowRule:
    """The canonical value of a trimmed, non-empty cell, or the first rule it breaks.

    Args:
        field: what the cell is of.
        text: the cell.
        lists: the code lists, by name.
        id_type: canonical value of the field that says the kind of an identity number, where there is a good one.
        on: the day the batch came; nobody was born later.
    """
    if field.max_length is not None and len(text) > field.max_length:
        return RowRule.TOO_LONG
    match field.type:
        case FieldType.STRING | FieldType.TEXT:
            return _text(field, text)
        case FieldType.DATE:
            return read_date(text) or RowRule.BAD_DATE
        case FieldType.DECIMAL:
            return _decimal(field, text)
        case FieldType.INTEGER:
            return _integer(field, text)
        case FieldType.BOOLEAN:
            return BOOLEANS.get(text.translate(_LOWER), RowRule.BAD_BOOLEAN)
        case FieldType.ENUM:
            return _enum(field, text, lists[field.code_list or ""])
        case FieldType.ID_NUMBER:
            return _id_number(field, text, id_type, on)
        case FieldType.USCC:
            return _code(check_uscc(text), RowRule.BAD_USCC)
        case FieldType.DIVISION:
            return _code(check_division(text), RowRule.BAD_DIVISION)
        case FieldType.INDUSTRY:
            return _code(check_industry(text), RowRule.BAD_INDUSTRY)
        case FieldType.LIST:
            return text if _is_list(text) and not _hides(text) else RowRule.BAD_LIST
        case FieldType.URL:
            good = re.fullmatch(URL_PATTERN, text) and not _HIDDEN.search(text)
            return text if good else RowRule.BAD_URL


def read_date(text: str) -> date | None:
    """The day a text names in one of the four writings, or ``长期``; ``None`` when it names none.

    Years are 1850 to 2199, and the open end.
    """
    if text == OPEN_END_WORD:
        return OPEN_END
    for pattern in DATE_PATTERNS:
        found = re.fullmatch(pattern, text)
        if found:
            try:
                day = date(int(found[1]), int(found[2]), int(found[3]))
            except ValueError:
                return None
            return day if day == OPEN_END or FIRST_YEAR <= day.year <= LAST_YEAR else None
    return None


def _text(field: Field, text: str) -> Value | RowRule:
    if _hides(text) if field.type is FieldType.TEXT else _HIDDEN.search(text):
        return RowRule.BAD_FORMAT
    if field.pattern is not None and not re.fullmatch(field.pattern, text):
        return RowRule.BAD_FORMAT
    return text


def _hides(text: str) -> bool:
    """Whether a text that may have lines has anything else that cannot be seen."""
    return _HIDDEN.search(text.translate(dict.fromkeys(map(ord, LINES)))) is not None


def first_unseen(field: Field, cell: str) -> tuple[int, str] | None:
    """The first character of a cell as sent that nobody can see and the field does not allow: its place from 1, itself.

    Spaces at the ends do not count: they are taken off before anything is judged.
    """
    begun = len(cell) - len(cell.lstrip(OUTER))
    allowed = LINES if field.type is FieldType.TEXT else ""
    for found in _HIDDEN.finditer(trim(cell)):
        if found[0] not in allowed:
            return begun + found.start() + 1, found[0]
    return None


def _decimal(field: Field, text: str) -> Value | RowRule:
    if not re.fullmatch(DECIMAL_PATTERN, text):
        return RowRule.BAD_DECIMAL
    scale, precision = field.scale or 0, field.precision or 0
    whole, _, fraction = text.lstrip("+-").partition(".")
    if len(fraction.rstrip("0")) > scale:
        return RowRule.BAD_DECIMAL
    whole = whole.lstrip("0")
    if len(whole) > precision - scale:
        return RowRule.OUT_OF_RANGE
    digits = tuple(int(char) for char in whole + fraction[:scale].ljust(scale, "0"))
    negative = text[0] == "-" and any(digits)
    value = Decimal((int(negative), digits or (0,), -scale))
    return value if _within(field, value) else RowRule.OUT_OF_RANGE


def _integer(field: Field, text: str) -> Value | RowRule:
    if not re.fullmatch(INTEGER_PATTERN, text):
        return RowRule.BAD_INTEGER
    value = int(text)
    return value if _within(field, Decimal(value)) else RowRule.OUT_OF_RANGE


def _within(field: Field, value: Decimal) -> bool:
    low = field.minimum is None or value >= field.minimum
    return low and (field.maximum is None or value <= field.maximum)


def _enum(field: Field, text: str, codes: CodeList) -> Value | RowRule:
    by_label = {label: code for code, label in codes.entries.items()}

    def code_of(one: str) -> str | None:
        return one if one in codes.entries else by_label.get(one)

    if not field.multiple:
        return code_of(text) or RowRule.NOT_IN_LIST
    found = [code_of(trim(part)) for part in text.replace("；", ";").split(";")]
    good = tuple(code for code in found if code is not None)
    if len(good) < len(found):
        return RowRule.NOT_IN_LIST
    return good if len(set(good)) == len(good) else RowRule.BAD_LIST


def _id_number(field: Field, text: str, id_type: str | None, on: date) -> Value | RowRule:
    kind = RESIDENT if field.id_type_field is None else id_type
    number: str | CodeFinding = normalise(text)
    if kind in (RESIDENT, RESIDENCE_PERMIT):
        number = check_resident_id(text, today=on)
        if kind == RESIDENCE_PERMIT and isinstance(number, str) and number[:2] not in ("81", "82", "83"):
            return RowRule.BAD_ID_NUMBER
    elif kind == ORGANISATION:
        number = check_uscc(text)
    elif isinstance(number, str) and not re.fullmatch(ID_PATTERNS.get(kind or "", ANY_ID), number):
        return RowRule.BAD_ID_NUMBER
    return _code(number, RowRule.BAD_ID_NUMBER)


def _code(found: str | CodeFinding, rule: RowRule) -> Value | RowRule:
    return found if isinstance(found, str) else rule


def _is_list(text: str) -> bool:
    """A JSON array of objects; kept as it was written."""

    def refuse(_: str) -> None:
        raise ValueError

    try:
        found = json.loads(text, parse_constant=refuse)
        json.dumps(found, ensure_ascii=False).encode()  # a lone surrogate, written as an escape, is no text
    except (ValueError, RecursionError):
        return False
    return isinstance(found, list) and all(isinstance(one, dict) for one in found)
