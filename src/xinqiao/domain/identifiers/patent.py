"""专利号 patent number: ``ZL`` + year + kind + serial + ``.`` + check, as in ``ZL202310123456.6``."""

from xinqiao.domain.identifiers._common import DIGITS, Finding, Reason, normalise, shape

WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_PLACES = ["Z", "L"] + [DIGITS] * 4 + ["12389"] + [DIGITS] * 7 + [".", DIGITS + "X"]


def patent_check(application12: str) -> str:
    """The check character of a 12-digit application number; 10 is written ``X``."""
    rest = sum(int(c) * w for c, w in zip(application12, WEIGHTS, strict=True)) % 11
    return "X" if rest == 10 else str(rest)


def check_patent(text: str) -> str | Finding:
    """The normalised number, or ``LENGTH``, ``CHARSET`` (kind 1 invention, 2 utility model, 3 design, 8 and 9 PCT),
    ``CHECKSUM`` (place 16)."""
    code = normalise(text)
    wrong = shape(code, _PLACES)
    if wrong is not None:
        return wrong
    if patent_check(code[2:14]) != code[15]:
        return Finding(Reason.CHECKSUM, 16, normalised=code)
    return code
