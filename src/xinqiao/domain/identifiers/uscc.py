"""统一社会信用代码 Unified Social Credit Code (GB 32100-2015), the natural key of every organisation.

A passing check character proves only that the string was typed consistently; never that the entity exists, that the
code belongs to the name beside it, or that the user may act for it. A failed check is never answered with the right
code: that would let anybody enumerate.
"""

from enum import StrEnum

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.identifiers._common import DIGITS, Finding, Reason, normalise, shape
from xinqiao.domain.identifiers.gb2260 import known_prefix
from xinqiao.domain.identifiers.orgcode import org_code_check

#: 31 characters: digits and capitals without I, O, S, V, Z; the place is the value.
CHARSET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = tuple(pow(3, i, 31) for i in range(17))

_PLACES = [CHARSET] * 2 + [DIGITS] * 6 + [CHARSET] * 10
_VALUES = {char: value for value, char in enumerate(CHARSET)}

#: Registration authority and class, the first two characters (identifier rules 1.2).
CLASSES: frozenset[str] = frozenset(
    authority + kind
    for authority, kinds in {
        "1": "1239",
        "2": "19",
        "3": "123459",
        "4": "19",
        "5": "1239",
        "6": "129",
        "7": "129",
        "8": "19",
        "9": "123",
        "A": "19",
        "N": "1239",
        "Y": "1",
    }.items()
    for kind in kinds
)


class SubjectType(StrEnum):
    """What kind of organisation a code says it is."""

    ENTERPRISE = "enterprise"
    INDIVIDUAL_BUSINESS = "individual_business"
    FARMERS_COOPERATIVE = "farmers_cooperative"
    RURAL_COLLECTIVE = "rural_collective"
    PRIVATE_NON_ENTERPRISE = "private_non_enterprise"
    STATE_ORGAN = "state_organ"
    PUBLIC_INSTITUTION = "public_institution"
    OTHER = "other"


_TYPES = {
    "91": SubjectType.ENTERPRISE,
    "92": SubjectType.INDIVIDUAL_BUSINESS,
    "93": SubjectType.FARMERS_COOPERATIVE,
    "N1": SubjectType.RURAL_COLLECTIVE,
    "N2": SubjectType.RURAL_COLLECTIVE,
    "N3": SubjectType.RURAL_COLLECTIVE,
    "52": SubjectType.PRIVATE_NON_ENTERPRISE,
    "11": SubjectType.STATE_ORGAN,
    "12": SubjectType.PUBLIC_INSTITUTION,
}
#: Who may seek financing; the last two only where an operator switches them on (identifier rules 1.2).
FINANCING_SUBJECTS = frozenset(
    {SubjectType.ENTERPRISE, SubjectType.INDIVIDUAL_BUSINESS, SubjectType.FARMERS_COOPERATIVE}
)


def uscc_check(body17: str) -> str:
    """The 18th character for 17 legal ones. The outer ``mod 31`` turns a result of 31 into ``0``."""
    total = sum(_VALUES[char] * weight for char, weight in zip(body17, WEIGHTS, strict=True))
    return CHARSET[(31 - total % 31) % 31]


def check_uscc(text: str) -> str | Finding:
    """The normalised code, or what is wrong with it: ``LENGTH``, ``CHARSET`` with its place, ``CHECKSUM`` (place 18)."""
    code = normalise(text)
    wrong = shape(code, _PLACES)
    if wrong is not None:
        return wrong
    if uscc_check(code[:17]) != code[17]:
        return Finding(Reason.CHECKSUM, 18, normalised=code)
    return code


def uscc_warnings(code: str) -> list[Finding]:
    """Notes on a valid code: unknown class, unknown division, inner organisation code that fails its own check.

    Genuinely issued codes show each of these, so they are for review, never for refusal.
    """
    notes: list[Finding] = []
    if code[:2] not in CLASSES:
        notes.append(Finding(Reason.CLASS, 1, warning=True, normalised=code))
    if code[2:8] != "100000" and not known_prefix(code[2:4]):
        notes.append(Finding(Reason.DIVISION, 3, warning=True, normalised=code))
    if org_code_check(code[8:16]) != code[16]:
        notes.append(Finding(Reason.INNER_CHECKSUM, 17, warning=True, normalised=code))
    return notes


def uscc_report(text: str) -> tuple[bool, str]:
    """Whether a code is valid, and if not the reason as one word, ``CHECKSUM:18`` for example."""
    found = check_uscc(text)
    return (True, "") if isinstance(found, str) else (False, str(found))


def validate_uscc(text: object, *, field: str = "uscc", canonical: bool = False) -> str:
    """The normalised code.

    Args:
        text: what was sent; anything but text is refused.
        field: name for the refusal.
        canonical: refuse a code that is not already in normal form (lower case, full width, spaces), for machines that
            have no excuse.

    Raises:
        Invalid: ``USCC_FORMAT`` or ``USCC_CHECKSUM``; ``facts`` carry ``reason`` and ``position``, never the code.
    """
    if not isinstance(text, str):
        raise _refusal(Code.USCC_FORMAT, field, "NOT_TEXT", None)
    found = check_uscc(text)
    if isinstance(found, Finding):
        code = Code.USCC_CHECKSUM if found.reason is Reason.CHECKSUM else Code.USCC_FORMAT
        raise _refusal(code, field, str(found.reason), found.position)
    if canonical and found != text:
        raise _refusal(Code.USCC_FORMAT, field, "NOT_CANONICAL", None)
    return found


def _refusal(code: Code, field: str, reason: str, position: int | None) -> Invalid:
    return Invalid(code, reason, facts={"field": field, "reason": reason, "position": position})


def subject_type(code: str) -> SubjectType:
    """The type a valid code declares by its first two characters."""
    return _TYPES.get(code[:2], SubjectType.OTHER)
