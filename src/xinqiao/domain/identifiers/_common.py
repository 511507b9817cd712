"""What all checks share: normalisation, findings with stable reasons, the ISO 7064 arithmetic."""

import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum

#: Longer input is not normalised at all: no identifier is near it, and NFKC of a megabyte is work for an attacker.
MAX_INPUT = 256

_ASCII_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}


class Reason(StrEnum):
    """Why an identifier was not accepted as it is. Stable: shown in receipts and on the command line."""

    MISSING = "MISSING"
    LENGTH = "LENGTH"
    CHARSET = "CHARSET"
    CHECKSUM = "CHECKSUM"
    #: the date in it does not exist
    DATE = "DATE"
    #: the date in it has not come yet
    FUTURE = "FUTURE"
    #: the division code in it is not known
    DIVISION = "DIVISION"
    #: the two characters of authority and class are not a known pair
    CLASS = "CLASS"
    #: the organisation code inside a USCC fails its own check (historic assignments do)
    INNER_CHECKSUM = "INNER_CHECKSUM"
    #: the section letter contradicts the division
    SECTION = "SECTION"
    #: the code is not in the table
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and where.

    Attributes:
        reason: stable reason.
        position: 1-based place of the first offending character in the normalised form, if one can be named.
        warning: the identifier is to be taken all the same, with a note.
        normalised: the normalised form; kept out of ``repr`` because it may be a person's number.
    """

    reason: Reason
    position: int | None = None
    warning: bool = False
    normalised: str = field(default="", repr=False)

    def __str__(self) -> str:
        return str(self.reason) if self.position is None else f"{self.reason}:{self.position}"


def normalise(text: str) -> str:
    """NFKC (full-width becomes ASCII), trim, drop inner spaces and hyphens, upper-case ASCII letters.

    Only ASCII letters are raised: ``str.upper`` would turn a dotless i into an ``I`` and accept a forgery.
    """
    if len(text) > MAX_INPUT:
        return text
    folded = unicodedata.normalize("NFKC", text).strip()
    return folded.replace(" ", "").replace("-", "").translate(_ASCII_UPPER)


def shape(code: str, classes: list[str]) -> Finding | None:
    """Check length, then each character against the set of its place; the first that does not fit is named."""
    if len(code) != len(classes):
        return Finding(Reason.LENGTH, normalised=code)
    for place, (char, allowed) in enumerate(zip(code, classes, strict=True), start=1):
        if char not in allowed:
            return Finding(Reason.CHARSET, place, normalised=code)
    return None


DIGITS = "0123456789"
ALNUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def mod11_10(body: str) -> int:
    """ISO/IEC 7064 MOD 11,10: check digit of a string of digits."""
    p = 10
    for char in body:
        p = (p + int(char)) % 10 or 10
        p = p * 2 % 11
    return (11 - p) % 10


def mod97(text: str) -> int:
    """ISO 7064 MOD 97-10: remainder of the text with A=10 ... Z=35."""
    return int("".join(str(ALNUM.index(char)) for char in text)) % 97
