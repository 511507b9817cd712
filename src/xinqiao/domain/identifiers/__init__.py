"""Identifiers and code systems of Chinese organisations, persons, banks, places and industries.

Each ``check_…`` returns the normalised text or a :class:`Finding` with a stable reason and place. A passing check digit
proves only that the string was typed consistently: not that the entity exists, not that the code is its own. Pure
functions of one string; the twins for whole columns are in :mod:`xinqiao.lake.identifiers_np`.
"""

from xinqiao.domain.identifiers._common import Finding, Reason, mod11_10, normalise
from xinqiao.domain.identifiers.bank import check_account, check_card, check_cnaps, luhn_check, mask_account
from xinqiao.domain.identifiers.gb2260 import PROVINCES, check_division
from xinqiao.domain.identifiers.gb4754 import check_industry
from xinqiao.domain.identifiers.lei import check_lei, lei_check
from xinqiao.domain.identifiers.names import (
    check_name,
    confusable_key,
    is_suspicious_name,
    name_key,
)
from xinqiao.domain.identifiers.orgcode import check_org_code, org_code_check
from xinqiao.domain.identifiers.patent import check_patent, patent_check
from xinqiao.domain.identifiers.regno import check_regno15, is_unchecked_regno
from xinqiao.domain.identifiers.resident import (
    age_on,
    birth_date,
    check_resident_id,
    mask_resident_id,
    resident_check,
    upgrade_resident_id15,
)
from xinqiao.domain.identifiers.uscc import (
    FINANCING_SUBJECTS,
    SubjectType,
    check_uscc,
    subject_type,
    uscc_check,
    uscc_report,
    uscc_warnings,
    validate_uscc,
)

__all__ = [
    "FINANCING_SUBJECTS",
    "PROVINCES",
    "Finding",
    "Reason",
    "SubjectType",
    "age_on",
    "birth_date",
    "check_account",
    "check_card",
    "check_cnaps",
    "check_division",
    "check_industry",
    "check_lei",
    "check_name",
    "check_org_code",
    "check_patent",
    "check_regno15",
    "check_resident_id",
    "check_uscc",
    "confusable_key",
    "is_suspicious_name",
    "is_unchecked_regno",
    "lei_check",
    "luhn_check",
    "mask_account",
    "mask_resident_id",
    "mod11_10",
    "name_key",
    "normalise",
    "org_code_check",
    "patent_check",
    "resident_check",
    "subject_type",
    "upgrade_resident_id15",
    "uscc_check",
    "uscc_report",
    "uscc_warnings",
    "validate_uscc",
]
