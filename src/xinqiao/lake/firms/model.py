"""A firm as the index keeps it, and what a search or an update answers."""

from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.identifiers import Finding, check_industry, check_name, validate_uscc
from xinqiao.domain.identifiers.gb4754 import written
from xinqiao.domain.renames import NameHistory, NamePeriod

#: Words of the registers for a firm that is no more.
ENDED = ("注销", "吊销", "撤销", "cancelled", "revoked", "deregistered")


@dataclass(frozen=True, slots=True)
class Firm:
    """What the index knows of a firm; the code is its identity.

    ``division``: two, four or six digits of the place, or empty. ``industry``: GB/T 4754 code, with or without its
    letter, or empty. ``status``: the register's word, kept as it is. ``registration_no``: the number from before 2015.
    """

    uscc: str
    name: str
    old_names: tuple[NamePeriod, ...] = ()
    division: str = ""
    industry: str = ""
    status: str = ""
    established_on: date | None = None
    registration_no: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Its name, then those it had."""
        return (self.name, *(one.name for one in self.old_names))

    @property
    def is_ended(self) -> bool:
        """Whether the register says that it was cancelled, revoked or annulled."""
        return any(word in self.status.lower() for word in ENDED)


def checked(firm: Firm) -> Firm:
    """The firm with its code and industry in normal form.

    Raises:
        Invalid: ``USCC_FORMAT``, ``USCC_CHECKSUM``, ``NAME_FORBIDDEN_CHARACTER`` or ``INVALID`` naming the field.
    """
    code, name = validate_uscc(firm.uscc), check_name(firm.name)
    former = [replace(one, name=check_name(one.name, field="old_names")) for one in firm.old_names]
    return Firm(
        code, name, NameHistory.of(code, name, dict.fromkeys(former)).former, checked_division(firm.division),
        checked_industry(firm.industry), firm.status.strip(), firm.established_on, firm.registration_no.strip(),
    )  # fmt: skip


def checked_division(text: str) -> str:
    """Two, four or six digits, or nothing. Raises ``INVALID``."""
    code = text.strip()
    if code and not (code.isascii() and code.isdigit() and len(code) in (2, 4, 6)):
        raise Invalid(Code.INVALID, "a division has 2, 4 or 6 digits", facts={"field": "division"})
    return code


def checked_industry(text: str) -> str:
    """The code with its letter, ``C3824``; one letter for a section; or nothing. Raises ``INVALID``."""
    if not text.strip():
        return ""
    code = check_industry(text)
    if isinstance(code, Finding):
        raise Invalid(Code.INVALID, str(code), facts={"field": "industry", "reason": str(code)})
    return code if code.isalpha() else written(code)


class Match(IntEnum):
    """How a firm was found; the smaller comes first."""

    CODE = 0
    EXACT = 1
    PREFIX = 2
    FRAGMENT = 3
    PINYIN_PREFIX = 4
    PINYIN = 5


@dataclass(frozen=True, slots=True)
class Hit:
    """A firm that was found, how, and by which of its names (a former one means it was renamed)."""

    firm: Firm
    match: Match
    by_name: str = ""

    @property
    def by_old_name(self) -> bool:
        """Whether it was found by a name it no longer has."""
        return bool(self.by_name) and self.by_name != self.firm.name


@dataclass(frozen=True, slots=True)
class Added:
    """What a batch did: firms new to the index, changed, left as they were, and named more than once in the batch."""

    new: int = 0
    changed: int = 0
    same: int = 0
    repeated: int = 0

    def __add__(self, other: "Added") -> "Added":
        return Added(
            self.new + other.new, self.changed + other.changed,
            self.same + other.same, self.repeated + other.repeated,
        )  # fmt: skip
