"""Bank numbers: 联行号 CNAPS codes, card numbers (Luhn), settlement account numbers."""

from xinqiao.domain.identifiers._common import DIGITS, Finding, Reason, mod11_10, normalise, shape

#: Families of banks by the first three digits; display text only, no rule depends on it.
CNAPS_FAMILIES = {
    "001": "人民银行",
    "102": "国有大型银行",
    "103": "国有大型银行",
    "104": "国有大型银行",
    "105": "国有大型银行",
    "201": "政策性银行",
    "202": "政策性银行",
    "203": "政策性银行",
    "301": "股份制银行",
    "313": "城市商业银行",
    "314": "农村商业银行",
    "320": "村镇银行",
    "401": "信用社",
    "402": "信用社",
    "403": "邮政储蓄银行",
}


def check_cnaps(text: str) -> str | Finding:
    """The 12 digits, or ``LENGTH``, ``CHARSET``, or ``CHECKSUM`` as a *warning*.

    The check rule (ISO 7064 MOD 11,10) was derived from published head-office codes, not from an official text, so a
    code that fails it is taken, with a note.
    """
    code = normalise(text)
    wrong = shape(code, [DIGITS] * 12)
    if wrong is not None:
        return wrong
    if mod11_10(code[:11]) != int(code[11]):
        return Finding(Reason.CHECKSUM, 12, warning=True, normalised=code)
    return code


def luhn_check(body: str) -> int:
    """ISO/IEC 7812 check digit of a string of digits."""
    total = 0
    for place, char in enumerate(reversed(body)):
        digit = int(char)
        if place % 2 == 0:
            digit = digit * 2 - 9 * (digit > 4)
        total += digit
    return (10 - total % 10) % 10


def check_card(text: str) -> str | Finding:
    """A bank card number of 13 to 19 digits. Never apply this to a corporate settlement account."""
    code = normalise(text)
    if not 13 <= len(code) <= 19:
        return Finding(Reason.LENGTH, normalised=code)
    wrong = shape(code, [DIGITS] * len(code))
    if wrong is not None:
        return wrong
    if luhn_check(code[:-1]) != int(code[-1]):
        return Finding(Reason.CHECKSUM, len(code), normalised=code)
    return code


def check_account(text: str) -> str | Finding:
    """单位结算账户 corporate settlement account: 8 to 32 digits, no common check, so ``LENGTH`` and ``CHARSET`` only."""
    code = normalise(text)
    if not 8 <= len(code) <= 32:
        return Finding(Reason.LENGTH, normalised=code)
    return shape(code, [DIGITS] * len(code)) or code


def mask_account(code: str) -> str:
    """First four, ``****``, last four. A number too short to keep anything hidden is hidden whole."""
    return f"{code[:4]}****{code[-4:]}" if len(code) >= 12 else "****"
