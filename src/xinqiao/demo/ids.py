"""Identifiers for invented firms and people: well formed, check digits right, and outside every real range.

Divisions begin with 99, which no division of GB/T 2260 has, so that no code made here can belong to anybody.
"""

import random

from xinqiao.domain.identifiers import mod11_10, org_code_check, resident_check, uscc_check
from xinqiao.domain.identifiers.uscc import CHARSET


def invented_uscc(*, serial: int, kind: str = "91", division: str = "990102") -> str:
    """An invented unified social credit code: ``MADEM`` body, both check characters right (GB 32100, GB 11714)."""
    org = "MADEM" + CHARSET[serial // 961 % 31] + CHARSET[serial // 31 % 31] + CHARSET[serial % 31]
    body = kind + division + org + org_code_check(org)
    return body + uscc_check(body)


def invented_resident_id(rng: random.Random, *, serial: int) -> str:
    """An invented identity number with a division that does not exist and a right check (GB 11643)."""
    body = (
        f"990102{rng.randint(1965, 1995)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{serial % 1000:03d}"
    )
    return body + resident_check(body)


def invented_account_no(rng: random.Random, prefix: str) -> str:
    """A bank-internal account number of 19 digits; it is no card number and carries no check digit."""
    return prefix + "".join(str(rng.randrange(10)) for _ in range(19 - len(prefix)))


def invented_cnaps(prefix11: str) -> str:
    """A bank line number of an invented bank: ISO 7064 MOD 11,10 over eleven digits."""
    return prefix11 + str(mod11_10(prefix11))
