"""The figures that admission conditions may speak of, each with its kind and what a firm could do about it.

A condition names a field of this list or one of the two families that are as long as their catalogues: ``records.ITEM`` is
the number of live records of a catalogue item, ``fundflow.ID`` an indicator of the fund-flow dictionary. Nothing else can
be asked, so that every reason can be said in words and no condition is free text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum


class Kind(StrEnum):
    """What a field holds."""

    #: a decimal number
    NUMBER = "number"
    #: one code of a list
    CODE = "code"
    #: one code of a tree, whose beginning names a branch: a division, an industry
    TREE = "tree"
    #: several codes of a list
    CODES = "codes"


class Effort(IntEnum):
    """What it takes the firm to change a field; a lower one is proposed before a higher one."""

    #: it is the need's own figure: ask for less, for longer
    WISH = 1
    #: it only has to be told or authorised
    TELL = 2
    #: it comes with time
    TIME = 3
    #: it is work: a better tax grade, a debt paid
    WORK = 4
    #: nobody moves a firm for a loan
    NEVER = 9


@dataclass(frozen=True, slots=True)
class Field:
    """``step`` is the smallest difference of a number; ``codes`` the whole list of a code, where it is short."""

    name: str
    kind: Kind
    effort: Effort
    step: Decimal = Decimal(1)
    codes: tuple[str, ...] = ()


_NEED = (
    Field("need.amount_fen", Kind.NUMBER, Effort.WISH),
    Field("need.months", Kind.NUMBER, Effort.WISH),
    Field("need.rate", Kind.NUMBER, Effort.WISH, Decimal("0.000001")),
    Field("need.purpose", Kind.CODE, Effort.NEVER),
    Field(
        "need.security",
        Kind.CODES,
        Effort.WISH,
        codes=("credit", "mortgage", "pledge", "guarantee", "receivable", "ip_pledge"),
    ),
)
_FIRM = (
    Field("firm.region", Kind.TREE, Effort.NEVER),
    Field("firm.subject_type", Kind.CODE, Effort.NEVER),
    Field("firm.industry", Kind.TREE, Effort.NEVER),
    Field("firm.size", Kind.CODE, Effort.NEVER, codes=("micro", "small", "medium", "large")),
    Field("firm.age_months", Kind.NUMBER, Effort.TIME),
    Field("firm.tax_grade", Kind.CODE, Effort.WORK, codes=("A", "B", "M", "C", "D")),
    Field("firm.tags", Kind.CODES, Effort.WORK),
    Field("firm.first_loan", Kind.CODE, Effort.NEVER, codes=("yes", "no")),
)
#: Every field that is not of a family, by name.
FIELDS: Mapping[str, Field] = {field.name: field for field in (*_NEED, *_FIRM)}

_RECORDS = re.compile(r"records\.[a-z][a-z0-9_]{1,40}", re.ASCII)
_FUNDFLOW = re.compile(r"fundflow\.[A-Z][0-9]{2}", re.ASCII)


def field_of(name: str) -> Field | None:
    """The field of a name, ``None`` where there is none. Whether an item or an indicator exists the caller knows."""
    known = FIELDS.get(name)
    if known is not None:
        return known
    if _RECORDS.fullmatch(name):
        return Field(name, Kind.NUMBER, Effort.WORK)
    if _FUNDFLOW.fullmatch(name):
        return Field(name, Kind.NUMBER, Effort.WORK, Decimal("0.0001"))
    return None
