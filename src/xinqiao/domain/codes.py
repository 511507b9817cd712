"""What a number somebody typed for an enterprise can be: today's code, or one of the numbers it replaced.

Before 2015-10-01 a firm had three: the registration number 工商注册号 (15 digits, 13 before 2007), the organisation code
组织机构代码 (9) and the tax number 税务登记号 (15: division and organisation code). The organisation code lives on inside
the USCC, so two of the three still lead to it; the registration number needs a table.
"""

from dataclasses import dataclass
from enum import StrEnum

from xinqiao.domain.identifiers import (
    Finding,
    Reason,
    check_org_code,
    check_regno15,
    check_uscc,
    is_unchecked_regno,
    normalise,
    uscc_warnings,
)
from xinqiao.domain.identifiers.uscc import CHARSET

_ORG_PLACES = slice(8, 17)


class Kind(StrEnum):
    """Kinds of numbers of an enterprise."""

    USCC = "uscc"
    ORG_CODE = "org_code"
    TAX_NO = "tax_no"
    REGNO = "regno"


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing a number can be. ``value``: what to look for: of a tax number the organisation code inside it.

    ``checked``: its own check digit holds; old registration numbers may have none or a wrong one.
    """

    kind: Kind
    value: str
    checked: bool = True


@dataclass(frozen=True, slots=True)
class Resolved:
    """What was typed, in normal form, and everything it can be; nothing, and then ``finding`` says what is wrong."""

    normalised: str
    readings: tuple[Reading, ...]
    finding: Finding | None = None


def resolve(text: str) -> Resolved:
    """Read a number as it was typed: lower case, full width, spaces and hyphens do not matter."""
    code = normalise(text)
    readings: list[Reading] = []
    whole = check_uscc(code)
    if isinstance(whole, str):
        return Resolved(code, (Reading(Kind.USCC, whole),))
    if len(code) == 9 and isinstance(check_org_code(code), str):
        readings.append(Reading(Kind.ORG_CODE, code))
    if len(code) == 15 and code[:6].isdigit() and isinstance(check_org_code(code[6:]), str):
        readings.append(Reading(Kind.TAX_NO, code[6:]))
    number = check_regno15(code)
    if isinstance(number, str):
        readings.insert(0, Reading(Kind.REGNO, code))
    elif number.reason is Reason.CHECKSUM or is_unchecked_regno(code):
        readings.append(Reading(Kind.REGNO, code, checked=False))
    return Resolved(code, tuple(readings), None if readings else whole)


def org_code_of(uscc: str) -> str:
    """The organisation code inside a valid USCC."""
    return uscc[_ORG_PLACES]


@dataclass(frozen=True, slots=True)
class Slip:
    """A valid code that differs in one place from what was typed, or in two neighbours that changed places."""

    uscc: str
    position: int


#: What people read for each other. Only orders the list.
_ALIKE = {frozenset(pair) for pair in ("0O", "1I", "5S", "2Z", "UV", "8B", "0D", "0Q", "1L", "6G", "YV")}


def slips(text: str) -> tuple[Slip, ...]:
    """The valid codes one slip of the hand away from an invalid one, the likeliest first.

    All checks of a candidate hold, the organisation code's among them, and its class and province are known.

    For people at their own register only, to find a firm that is in it. A platform never says this to whoever asks:
    it would turn a refusal into a way of guessing codes (abuse case B7).
    """
    code = normalise(text)
    if len(code) != 18 or isinstance(check_uscc(code), str):
        return ()
    found: dict[str, tuple[int, int]] = {}
    for place in range(18):
        for char in CHARSET:
            _keep(found, code, code[:place] + char + code[place + 1 :], place)
    for place in range(17):
        turned = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        _keep(found, code, turned, place)
    ranked = sorted(found.items(), key=lambda one: (one[1][1], one[1][0]))
    return tuple(Slip(candidate, place + 1) for candidate, (place, _) in ranked)


def _keep(found: dict[str, tuple[int, int]], typed: str, candidate: str, place: int) -> None:
    if candidate == typed or any(char not in CHARSET for char in candidate):
        return
    if not isinstance(check_uscc(candidate), str) or uscc_warnings(candidate):
        return
    alike = frozenset((typed[place], candidate[place])) in _ALIKE
    turned = sum(a != b for a, b in zip(typed, candidate, strict=True)) == 2
    found.setdefault(candidate, (place, 0 if alike else 1 if turned else 2))
