"""Legal Entity Identifier LEI (ISO 17442)."""

from xinqiao.domain.identifiers._common import ALNUM, DIGITS, Finding, Reason, mod97, normalise, shape

_PLACES = [ALNUM] * 18 + [DIGITS] * 2


def lei_check(body18: str) -> str:
    """The two check digits for 18 characters (ISO 7064 MOD 97-10)."""
    return f"{98 - mod97(body18 + '00'):02d}"


def check_lei(text: str) -> str | Finding:
    """The 20 characters, or ``LENGTH``, ``CHARSET``, ``CHECKSUM`` (place 19).

    The two digits must be the ones the rule computes: a remainder of 1 alone would also accept 00, 01 and 99.
    """
    code = normalise(text)
    wrong = shape(code, _PLACES)
    if wrong is not None:
        return wrong
    if lei_check(code[:18]) != code[18:]:
        return Finding(Reason.CHECKSUM, 19, normalised=code)
    return code
