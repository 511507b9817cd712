"""Canonical text rows → :class:`Row` (indicator dictionary 3.9 rules 1, 2 and 9).

A value that breaks rule 1 refuses the whole file, naming row and field: a statistic over a statement with a hole
in it would look like a fact. The value itself is never repeated in the error, because it may be a name.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction

from xinqiao.domain.errors import Code, Fact, Invalid
from xinqiao.domain.fundflow.model import Parity, ParsedRows, Row, build_row
from xinqiao.domain.fundflow.normal import account_key
from xinqiao.domain.period import FIRST_YEAR, LAST_YEAR

MAX_FEN = 10**15
"""10 trillion yuan. Above it is a broken file, and sums of 64-bit engines stay exact below it."""

_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})\s*(Z|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2})?)?",
    re.ASCII,
)
_DECIMAL = re.compile(r"(-?)([0-9]{1,18})(?:\.([0-9]{1,2}))?", re.ASCII)
_CNY = frozenset({"", "CNY", "RMB", "156"})
_SHANGHAI = timezone(timedelta(hours=8))  # the rule names the offset, not the zone's history


class _Bad(Exception):
    """A value that does not parse; carries the field."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field
        self.why = why


def parse_moment(text: str) -> tuple[int, int | None]:
    """``booked_at`` → (day ordinal, second of day or None when the row has no time).

    Raises:
        ValueError: not one of the forms of rule 1, or not a real date or time.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError("expected YYYY-MM-DD or YYYY-MM-DD HH:MM:SS")
    day, hour, minute, second, offset = match.groups()
    if not FIRST_YEAR <= int(day[:4]) <= LAST_YEAR:
        raise ValueError("year out of range")
    ordinal = date.fromisoformat(day).toordinal()
    if hour is None:
        return ordinal, None
    h, m, s = int(hour), int(minute), int(second)
    if h > 23 or m > 59 or s > 59:
        raise ValueError("not a time of day")
    if offset is not None:
        ordinal, (h, m, s) = _to_shanghai(ordinal, h, m, s, offset)
    total = h * 3600 + m * 60 + s
    return ordinal, total or None


def _to_shanghai(ordinal: int, h: int, m: int, s: int, offset: str) -> tuple[int, tuple[int, int, int]]:
    zone = UTC
    if offset != "Z":
        digits = offset[1:].replace(":", "").ljust(4, "0")
        hours, minutes = int(digits[:2]), int(digits[2:])
        if hours > 14 or minutes > 59:
            raise ValueError("not a time offset")
        shift = timedelta(hours=hours, minutes=minutes)
        zone = timezone(-shift if offset[0] == "-" else shift)
    there = datetime.combine(date.fromordinal(ordinal), datetime.min.time(), zone)
    here = (there + timedelta(hours=h, minutes=m, seconds=s)).astimezone(_SHANGHAI)
    return here.toordinal(), (here.hour, here.minute, here.second)


def parse_fen(text: str) -> int:
    """Decimal yuan with at most 2 places → fen.

    Raises:
        ValueError: another form (sign, exponent, separators, more places) or beyond :data:`MAX_FEN`.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise ValueError("expected a decimal with at most 2 places")
    sign, whole, cents = match.groups()
    fen = int(whole) * 100 + int((cents or "0").ljust(2, "0"))
    if fen > MAX_FEN:
        raise ValueError("beyond the largest amount")
    return -fen if sign else fen


def _fen(field: str, text: str) -> int:
    try:
        return parse_fen(text)
    except ValueError as error:
        raise _Bad(field, str(error)) from error


def _convert(field: str, fen: int, rate: Fraction) -> int:
    converted = round(fen * rate)  # Fraction rounds half to even, which rule 2 asks for
    if abs(converted) > MAX_FEN:
        raise _Bad(field, "converts to beyond the largest amount")
    return converted


def _parse_one(index: int, text: Mapping[str, str], parity: Parity) -> Row | None:
    if not account_key(text.get("account_no", "")):
        raise _Bad("account_no", "empty")
    try:
        moment = parse_moment(text.get("booked_at", "").strip())
    except ValueError as error:
        raise _Bad("booked_at", str(error)) from error
    match text.get("direction", "").strip():
        case "in":
            sign = 1
        case "out":
            sign = -1
        case _:
            raise _Bad("direction", "expected in or out")
    amount = _fen("amount", text.get("amount", "").strip())
    if amount <= 0:
        raise _Bad("amount", "expected more than 0")
    shown_balance = text.get("balance_after", "").strip()
    balance = _fen("balance_after", shown_balance) if shown_balance else None
    currency = text.get("currency", "").strip().upper()
    foreign = currency not in _CNY
    if foreign:
        rate = parity.get((currency, date.fromordinal(moment[0])))
        if rate is None:
            return None
        amount = _convert("amount", amount, rate)
        balance = None if balance is None else _convert("balance_after", balance, rate)
        if amount <= 0:
            raise _Bad("amount", "converts to less than half a fen")
    return build_row(index, text, moment=moment, sign=sign, amount=amount, balance=balance, foreign=foreign)


def parse_rows(source: Iterable[Mapping[str, str]], *, parity: Parity | None = None) -> ParsedRows:
    """Parse the rows of one statement, which may hold several accounts.

    Args:
        source: column name → text; missing columns count as empty.
        parity: central parities for rows in other currencies (rule 2).

    Raises:
        Invalid: ``FILE_VALUE``; ``facts`` hold ``row`` (1 = first data row) and ``field``.
    """
    rows: list[Row] = []
    spelling: dict[str, str] = {}
    left_out: dict[str, int] = {}
    # Not ``or``: a table of standing rates alone counts no day, and is no empty one.
    rates: Parity = {} if parity is None else parity
    for index, text in enumerate(source):
        try:
            row = _parse_one(index, text, rates)
        except _Bad as bad:
            facts: dict[str, Fact] = {"row": index + 1, "field": bad.field}
            raise Invalid(Code.FILE_VALUE, f"row {index + 1}, {bad.field}: {bad.why}", facts=facts) from bad
        account = account_key(text["account_no"])
        spelling.setdefault(account, text["account_no"].strip())
        if row is None:
            left_out[account] = left_out.get(account, 0) + 1
        else:
            rows.append(row)
    return ParsedRows(tuple(rows), spelling, left_out)
