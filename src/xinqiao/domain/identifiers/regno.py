"""工商注册号 legacy business registration number (GS 15-2006), replaced by the USCC from 2015-10-01.

Old filings, judgments and collateral registrations still carry it.
"""

from xinqiao.domain.identifiers._common import DIGITS, Finding, Reason, mod11_10, normalise, shape

_PLACES = [DIGITS] * 15


def check_regno15(text: str) -> str | Finding:
    """The 15 digits, or ``LENGTH``, ``CHARSET``, ``CHECKSUM`` (place 15, ISO 7064 MOD 11,10)."""
    code = normalise(text)
    wrong = shape(code, _PLACES)
    if wrong is not None:
        return wrong
    if mod11_10(code[:14]) != int(code[14]):
        return Finding(Reason.CHECKSUM, 15, normalised=code)
    return code


def is_unchecked_regno(text: str) -> bool:
    """Whether it is a 13-digit number from before 2007: taken as text, without a check, and flagged."""
    code = normalise(text)
    return len(code) == 13 and all(char in DIGITS for char in code)
