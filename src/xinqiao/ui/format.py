"""The formatter: how money, ratios, counts, dates and identifiers are written, in Chinese and in English.

One place, so that page, mail, PDF and SVG agree. Rules: two decimals for money with 万元 and 亿元 in Chinese and plain
``CNY 1,200,000.00`` in English; minus is U+2212; a missing value is ``–`` and never 0; instants are shown in
Asia/Shanghai; half-open periods are shown inclusive. Amounts come as integer **fen** or as ``Decimal`` or decimal
text in **yuan**; a float is refused. All functions use the language in force (:mod:`xinqiao.ui.i18n`).
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from enum import StrEnum
from typing import Final, NamedTuple

from xinqiao.clock import SHANGHAI
from xinqiao.ui.i18n import Language, gettext, language, ngettext

type Amount = int | Decimal | str
type Ratio = Decimal | str
type Day = date | str

NOTHING: Final = "–"  # en dash: "no value here"; the reason stands in the title and beside it
MINUS: Final = "\u2212"

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS_ZH: Final = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")
_WEEKDAYS_EN: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Scale(StrEnum):
    """The unit money is shown in. ``AUTO`` picks 万元 or 亿元 (Chinese) or CNY (English)."""

    AUTO = "auto"
    YUAN = "yuan"
    WAN = "wan"  # 10 000 yuan; in English thousands of CNY, because 万 has no English word
    YI = "yi"  # 100 000 000 yuan; in English millions


class Quantity(NamedTuple):
    """A number and its unit, apart, because they are set in different sizes."""

    number: str
    unit: str
    unit_first: bool = False

    def __str__(self) -> str:
        if not self.unit:
            return self.number
        if self.unit_first:
            return f"{self.unit} {self.number}"
        return f"{self.number}{self.unit}" if self.unit == "%" else f"{self.number} {self.unit}"


def _english() -> bool:
    return language() is Language.EN


def to_yuan(amount: Amount) -> Decimal:
    """An amount as exact yuan: integer is fen, ``Decimal`` and text are yuan. Raises ``ValueError`` for anything else."""
    if isinstance(amount, bool | float):  # a bool is an int, and a float has lost its fen
        raise ValueError("money is integer fen, Decimal yuan or decimal text")
    if isinstance(amount, int):
        return Decimal(amount) / 100
    try:
        value = Decimal(amount)
    except InvalidOperation:
        raise ValueError(f"not an amount: {amount!r}") from None
    if not value.is_finite():
        raise ValueError(f"not an amount: {amount!r}")
    return value


def _grouped(value: Decimal, digits: int, *, signed: bool = False) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
    text = f"{abs(rounded):,.{digits}f}"
    if rounded < 0:
        return MINUS + text
    return f"+{text}" if signed and rounded > 0 else text


def money_parts(amount: Amount | None, *, scale: Scale | str = Scale.AUTO, signed: bool = False) -> Quantity:
    """Money as number and unit. ``AUTO``: 万元, from 10,000 万元 亿元; English always CNY in full."""
    if amount is None:
        return Quantity(NOTHING, "")
    yuan, wanted = to_yuan(amount), Scale(scale)
    if _english():
        divisor, unit = {
            Scale.WAN: (Decimal(1000), "CNY thousand"),
            Scale.YI: (Decimal(1_000_000), "CNY million"),
        }.get(wanted, (Decimal(1), "CNY"))
        return Quantity(_grouped(yuan / divisor, 2, signed=signed), unit, unit_first=unit == "CNY")
    if wanted is Scale.AUTO:
        # Rounded first, so that 9,999.999 万元 does not print as 10,000.00 万元 beside 1.00 亿元.
        wan = (yuan / 10_000).quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)
        wanted = Scale.YI if abs(wan) >= 10_000 else Scale.WAN
    divisor, unit = {
        Scale.YUAN: (Decimal(1), "元"),
        Scale.WAN: (Decimal(10_000), "万元"),
        Scale.YI: (Decimal(100_000_000), "亿元"),
    }[wanted]
    return Quantity(_grouped(yuan / divisor, 2, signed=signed), unit)


def money(amount: Amount | None, *, scale: Scale | str = Scale.AUTO, signed: bool = False) -> str:
    """Money with its unit: ``1,234.56 万元``, ``CNY 12,345,600.00``."""
    return str(money_parts(amount, scale=scale, signed=signed))


def money_number(amount: Amount | None, *, scale: Scale | str = Scale.YUAN, signed: bool = False) -> str:
    """The number alone, for a table whose head carries the unit (see :func:`money_unit`)."""
    return money_parts(amount, scale=scale, signed=signed).number


def money_unit(scale: Scale | str = Scale.YUAN) -> str:
    """The unit for a table head or an axis: ``元``, ``万元``, ``亿元`` or ``CNY``, ``CNY thousand``, ``CNY million``."""
    return money_parts(0, scale=scale).unit


def _number(value: object) -> Decimal:
    if not isinstance(value, Decimal | str):  # a float has lost its last digits already
        raise ValueError("a ratio is Decimal or decimal text")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"not a number: {value!r}") from None
    if not number.is_finite():
        raise ValueError(f"not a number: {value!r}")
    return number


def percent_parts(value: Ratio | None, *, digits: int = 1, signed: bool = False) -> Quantity:
    """A ratio as a percentage, number and ``%`` apart."""
    if value is None:
        return Quantity(NOTHING, "")
    return Quantity(_grouped(_number(value) * 100, digits, signed=signed), "%")


def percent(value: Ratio | None, *, digits: int = 1, signed: bool = False) -> str:
    """A ratio as on a page: ``0.486`` is ``48.6%``."""
    return str(percent_parts(value, digits=digits, signed=signed))


def ratio(value: Ratio | None, *, digits: int = 4) -> str:
    """A ratio as in the dictionary, JSON and PDF: ``0.4860``."""
    return NOTHING if value is None else _grouped(_number(value), digits)


def decimal(value: Ratio | int | None, *, digits: int = 2, signed: bool = False) -> str:
    """Any number with fixed decimals."""
    if value is None:
        return NOTHING
    return _grouped(Decimal(value) if isinstance(value, int) else _number(value), digits, signed=signed)


def count(value: int | None, *, signed: bool = False) -> str:
    """A whole number with separators: ``1,234``; ``–`` for none."""
    return NOTHING if value is None else _grouped(Decimal(value), 0, signed=signed)


def size(octets: int | None) -> str:
    """A file's size: ``21.6 MB``."""
    if octets is None:
        return NOTHING
    value, units = Decimal(octets), ["B", "KB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{_grouped(value, 0 if units[0] == 'B' else 1)} {units[0]}"


# ---- dates -------------------------------------------------------------------------------------------------------


def to_day(value: Day) -> date:
    """A calendar day from a date or ISO text (a datetime is refused: it would hide a time zone)."""
    if isinstance(value, datetime):
        raise ValueError("a day is wanted, not an instant: use instant()")
    return value if isinstance(value, date) else date.fromisoformat(value)


def shanghai(at: datetime | str) -> datetime:
    """An instant in Asia/Shanghai. Raises ``ValueError`` for a naive one."""
    value = datetime.fromisoformat(at) if isinstance(at, str) else at
    if value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return value.astimezone(SHANGHAI)


def day(value: Day | None) -> str:
    """``2026-11-21``, English ``21 Nov 2026``."""
    if value is None:
        return NOTHING
    at = to_day(value)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}" if _english() else at.isoformat()


def instant(at: datetime | str | None, *, seconds: bool = True) -> str:
    """``2026-11-21 10:31:08`` in Shanghai, English ``21 Nov 2026, 10:31:08``."""
    if at is None:
        return NOTHING
    value = shanghai(at)
    clock = f"{value:%H:%M:%S}" if seconds else f"{value:%H:%M}"
    return f"{day(value.date())}, {clock}" if _english() else f"{value:%Y-%m-%d} {clock}"


def moment(at: datetime | str | None) -> str:
    """An instant to the minute."""
    return instant(at, seconds=False)


def clock_time(at: datetime | str, *, seconds: bool = True) -> str:
    """The time of day in Shanghai, for a ledger that is grouped by day."""
    return f"{shanghai(at):%H:%M:%S}" if seconds else f"{shanghai(at):%H:%M}"


def iso(at: datetime | str) -> str:
    """The ``datetime`` attribute of a ``<time>``: UTC to the second."""
    value = datetime.fromisoformat(at) if isinstance(at, str) else at
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def day_heading(value: Day) -> str:
    """``11 月 21 日 星期六``, English ``Saturday, 21 November`` in short months."""
    at = to_day(value)
    if _english():
        return f"{_WEEKDAYS_EN[at.weekday()]}, {at.day} {_MONTHS[at.month - 1]} {at.year}"
    return f"{at.month} 月 {at.day} 日 {_WEEKDAYS_ZH[at.weekday()]}"


def short_day(value: Day | None) -> str:
    """``11-18``, English ``18 Nov``."""
    if value is None:
        return NOTHING
    at = to_day(value)
    return f"{at.day} {_MONTHS[at.month - 1]}" if _english() else f"{at:%m-%d}"


def recent(at: datetime, *, now: datetime) -> str:
    """The enterprise side's way: ``今天 09:42``, ``昨天 16:10``, then ``11-18``, with the year when it is another."""
    value, today = shanghai(at), shanghai(now).date()
    if value.date() == today:
        return gettext("今天 {time}").format(time=f"{value:%H:%M}")
    if value.date() == today - timedelta(days=1):
        return gettext("昨天 {time}").format(time=f"{value:%H:%M}")
    return short_day(value.date()) if value.year == today.year else day(value.date())


def month(value: str | date | None) -> str:
    """``2026-10``, English ``Oct 2026``."""
    if value is None:
        return NOTHING
    year, number = (value.year, value.month) if isinstance(value, date) else (int(value[:4]), int(value[5:7]))
    return f"{_MONTHS[number - 1]} {year}" if _english() else f"{year:04d}-{number:02d}"


def month_short(value: str) -> str:
    """``10月``, English ``Oct``."""
    number = int(value[5:7])
    return _MONTHS[number - 1] if _english() else f"{number}月"


def whole_months(start: Day, end: Day) -> int | None:
    """Months of a half-open period that begins and ends on a first of month; else None."""
    first, after = to_day(start), to_day(end)
    if first.day != 1 or after.day != 1:
        return None
    return (after.year - first.year) * 12 + after.month - first.month


def months_range(start: Day, end: Day) -> str:
    """A half-open period, shown inclusive: ``2024-11 至 2026-10``; by days when it is not made of whole months."""
    first, after = to_day(start), to_day(end)
    last = after - timedelta(days=1)
    if whole_months(first, after) is None:
        return gettext("{start} 至 {end}").format(start=day(first), end=day(last))
    return gettext("{start} 至 {end}").format(start=month(first), end=month(last))


def period(start: Day, end: Day) -> str:
    """A half-open period with its length: ``2024-11 至 2026-10，24 个整月``."""
    number = whole_months(start, end)
    if number is None:
        days = (to_day(end) - to_day(start)).days
        return gettext("{range}，{days} 天").format(
            range=months_range(start, end), days=ngettext("{n}", "{n}", days).format(n=days)
        )
    template = ngettext("{range}，{n} 个整月", "{range}，{n} 个整月", number)
    return template.format(range=months_range(start, end), n=number)


def days_left(deadline: datetime, *, now: datetime) -> str:
    """What is left: ``剩 12 天``, under a day ``剩 5 小时``, under an hour ``剩 40 分钟``, then ``已过期``.

    Whole units, rounded down, so that nothing is promised that is not there.
    """
    left = int((deadline - now).total_seconds())
    if left <= 0:
        return gettext("已过期")
    if left >= 86_400:
        return ngettext("剩 {n} 天", "剩 {n} 天", left // 86_400).format(n=left // 86_400)
    if left >= 3_600:
        return ngettext("剩 {n} 小时", "剩 {n} 小时", left // 3_600).format(n=left // 3_600)
    minutes = max(1, left // 60)
    return ngettext("剩 {n} 分钟", "剩 {n} 分钟", minutes).format(n=minutes)


def duration(seconds: Decimal | int | float | None) -> str:
    """A time taken: ``8.1 毫秒``, ``1.4 秒``, ``3 分 20 秒``. A float is right here: it is a measurement, not money."""
    if seconds is None:
        return NOTHING
    value = Decimal(str(seconds))
    if value < 1:
        return gettext("{n} 毫秒").format(n=_grouped(value * 1000, 1))
    if value < 60:
        return gettext("{n} 秒").format(n=_grouped(value, 1))
    return gettext("{m} 分 {s} 秒").format(m=int(value) // 60, s=int(value) % 60)


# ---- identifiers and masks -----------------------------------------------------------------------------------------


def mask_account(number: str) -> str:
    """``6217 **** **** 3017``: first four and last four, the middle always eight stars, so the length says nothing."""
    digits = re.sub(r"[\s-]", "", number)
    return (
        f"{digits[:4]} **** **** {digits[-4:]}"
        if len(digits) >= 12
        else f"**** {digits[-4:]}"
        if len(digits) > 4
        else "****"
    )


def tail(number: str) -> str:
    """``尾号 3017``, from a full or an already masked number."""
    digits = re.sub(r"\D", "", number)[-4:]
    return gettext("尾号 {digits}").format(digits=digits)


def mask_phone(number: str) -> str:
    """``138****6021``."""
    digits = re.sub(r"\D", "", number)
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 11 else "****"


def mask_name(name: str) -> str:
    """``陈*``, ``欧**华``: first and, from three characters on, last."""
    if len(name) <= 1:
        return "*"
    return f"{name[0]}*" if len(name) == 2 else f"{name[0]}{'*' * (len(name) - 2)}{name[-1]}"


def mask_id(number: str) -> str:
    """``110101********001X``: an identity number without its date of birth."""
    return f"{number[:6]}********{number[-4:]}" if len(number) == 18 else "****"


def leaf(index: int | None) -> str:
    """A number of the audit log: ``#18,403,950``."""
    return NOTHING if index is None else f"#{index:,}"


def shorten(identifier: str, *, head: int = 6, end: int = 4) -> str:
    """A long digest, its middle left out: ``8f1c2a…d027``."""
    return identifier if len(identifier) <= head + end + 1 else f"{identifier[:head]}…{identifier[-end:]}"
