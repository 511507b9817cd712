"""组织机构代码 organisation code (GB 11714-1997), alone or as places 9 to 17 of a USCC."""

from xinqiao.domain.identifiers._common import ALNUM, DIGITS, Finding, Reason, normalise, shape

WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_PLACES = [ALNUM] * 8 + [DIGITS + "X"]


def org_code_check(body8: str) -> str:
    """The ninth character for eight of digits and capitals (A=10 ... Z=35); 10 is written ``X``, 11 is ``0``."""
    rest = 11 - sum(ALNUM.index(c) * w for c, w in zip(body8, WEIGHTS, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def check_org_code(text: str) -> str | Finding:
    """The nine characters without hyphen, or ``LENGTH``, ``CHARSET``, ``CHECKSUM`` (place 9)."""
    code = normalise(text)
    wrong = shape(code, _PLACES)
    if wrong is not None:
        return wrong
    if org_code_check(code[:8]) != code[8]:
        return Finding(Reason.CHECKSUM, 9, normalised=code)
    return code
