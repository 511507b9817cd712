"""Identifiers for invented firms and people: well formed, check digits right, and outside every real range.

Divisions begin with 99, which no division of GB/T 2260 has, so that no code made here can belong to anybody.
"""

import random

_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORG = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _org_check(body8: str) -> str:
    rest = 11 - sum(_ORG.index(c) * w for c, w in zip(body8, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def invented_uscc(rng: random.Random, *, serial: int, kind: str = "91", division: str = "990102") -> str:
    """An invented unified social credit code: ``MADEM`` body, both check characters right (GB 32100, GB 11714)."""
    digits = _USCC[serial // 961 % 31] + _USCC[serial // 31 % 31] + _USCC[serial % 31]
    org = "MADEM" + digits
    body = kind + division + org + _org_check(org)
    total = sum(_USCC.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    _ = rng
    return body + _USCC[(31 - total % 31) % 31]


def invented_resident_id(rng: random.Random, *, serial: int) -> str:
    """An invented identity number with a division that does not exist and a right check (GB 11643)."""
    body = (
        f"990102{rng.randint(1965, 1995)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{serial % 1000:03d}"
    )
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights, strict=True)) % 11]


def invented_account_no(rng: random.Random, prefix: str) -> str:
    """A bank-internal account number of 19 digits; it is no card number and carries no check digit."""
    return prefix + "".join(str(rng.randrange(10)) for _ in range(19 - len(prefix)))


def invented_cnaps(prefix11: str) -> str:
    """A bank line number of an invented bank: ISO 7064 MOD 11,10 over eleven digits."""
    p = 10
    for c in prefix11:
        p = (p + int(c)) % 10 or 10
        p = p * 2 % 11
    return prefix11 + str((11 - p) % 10)
