"""居民身份证号码 resident identity number (GB 11643-1999): personal information.

Store it encrypted, search it by keyed hash, show it masked. No error or ``repr`` of this module carries the number.
"""

from datetime import date

from xinqiao.domain.identifiers._common import DIGITS, Finding, Reason, normalise, shape
from xinqiao.domain.identifiers.gb2260 import known_prefix

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
_PLACES = [DIGITS] * 17 + [DIGITS + "X"]
#: 港澳台居民居住证 issued for Taiwan uses 83; the other two coincide with the province table (identifier rules 4).
_EXTRA_PREFIX = "83"
#: Nobody living was born before; older dates are typing errors.
_FIRST_YEAR = 1850


def resident_check(body17: str) -> str:
    """The 18th character for 17 digits (ISO 7064 MOD 11-2)."""
    return CHECKS[sum(int(c) * w for c, w in zip(body17, WEIGHTS, strict=True)) % 11]


def check_resident_id(text: str, *, today: date) -> str | Finding:
    """The normalised number, or what is wrong.

    Reasons in order: ``LENGTH``, ``CHARSET``, ``DIVISION`` (place 1), ``DATE`` (place 7; it must exist), ``FUTURE``
    (place 7; born after ``today``), ``CHECKSUM`` (place 18).
    """
    code = normalise(text)
    wrong = shape(code, _PLACES)
    if wrong is not None:
        return wrong
    if not known_prefix(code[:2]) and code[:2] != _EXTRA_PREFIX:
        return Finding(Reason.DIVISION, 1, normalised=code)
    born = _date(code[6:14])
    if born is None or born.year < _FIRST_YEAR:
        return Finding(Reason.DATE, 7, normalised=code)
    if born > today:
        return Finding(Reason.FUTURE, 7, normalised=code)
    if resident_check(code[:17]) != code[17]:
        return Finding(Reason.CHECKSUM, 18, normalised=code)
    return code


def upgrade_resident_id15(text: str, *, today: date) -> str | Finding:
    """A first-generation number (15 digits, no century, no check) as 18 characters; for historic records only."""
    code = normalise(text)
    wrong = shape(code, [DIGITS] * 15)
    if wrong is not None:
        return wrong
    body = f"{code[:6]}19{code[6:]}"
    return check_resident_id(body + resident_check(body), today=today)


def birth_date(code: str) -> date:
    """The date of birth in a valid number."""
    return date(int(code[6:10]), int(code[10:12]), int(code[12:14]))


def age_on(code: str, day: date) -> int:
    """Full years on ``day``. Somebody born on 29 February comes of age on 1 March of a common year."""
    born = birth_date(code)
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def mask_resident_id(code: str) -> str:
    """``110105********002X``: first six, last four; anything of another length is hidden whole."""
    return f"{code[:6]}{'*' * 8}{code[-4:]}" if len(code) == 18 else "*" * len(code)


def _date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
