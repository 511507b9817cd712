"""What a row is: label, flags, natural person, lender (indicator dictionary 3.9 rules 15, 16, 18, 19).

The rules themselves are data in ``cues``; names and texts arrive in normal form.
"""

from xinqiao.domain.fundflow.cues import (
    BANK_CUES,
    CONSUMER_FINANCE_CUES,
    FROZEN_CUES,
    LABEL_RULES,
    MICRO_LENDER_CUES,
    NOT_A_PERSON,
    NOT_A_PERSON_END,
    OWN_BANK,
    PENALTY_CUES,
    PERSON_KINDS,
    RETURNED_CUES,
    REVERSAL_CUES,
    UNFROZEN_CUES,
    Label,
    LabelRule,
    LenderKind,
)
from xinqiao.domain.fundflow.model import Context, PurposeKind, Row


def contains(text: str, cues: tuple[str, ...]) -> bool:
    """Whether any cue is a substring of ``text``."""
    return any(cue in text for cue in cues)


def is_cue_row(row: Row) -> bool:
    """Whether the row says that it reverses another (rule 10)."""
    return row.is_reversal or contains(row.text, REVERSAL_CUES)


def _structured(rule: LabelRule, row: Row, context: Context) -> bool:
    if row.kind in rule.kinds or row.purpose in rule.purposes or row.channel in rule.channels:
        return True
    if rule.reversal_flag and row.is_reversal:
        return True
    if rule.cash_flag and row.is_cash:
        return True
    if rule.own_party and (
        (context.holder != "" and row.name == context.holder) or row.cp_account in context.bound
    ):
        return True
    return rule.related_name and row.name in context.related


def holds(rule: LabelRule, row: Row, context: Context) -> bool:
    """Whether one rule gives the row its label, leaving the order of rules aside."""
    if rule.sign not in (0, row.sign):
        return False
    if not (
        rule.always
        or _structured(rule, row, context)
        or contains(row.text, rule.text)
        or contains(row.name, rule.names)
    ):
        return False
    return not contains(row.text, rule.unless)


def label_of(row: Row, context: Context) -> tuple[Label, str]:
    """The label and the id of the first rule that holds (rule 18)."""
    rule = next(rule for rule in LABEL_RULES if holds(rule, row, context))
    return rule.label, rule.id


def is_person_name(name: str) -> bool:
    """Whether a name in normal form reads as a natural person's (rule 15)."""
    bare = name.replace("·", "")
    return (
        2 <= len(bare) <= 4
        and all("\u4e00" <= sign <= "\u9fff" for sign in bare)
        and not contains(bare, NOT_A_PERSON)
        and not bare.endswith(NOT_A_PERSON_END)
    )


def is_person(row: Row) -> bool:
    """Whether the counterparty is a natural person (rule 15)."""
    if row.kind == "natural_person":
        return True
    return row.kind in PERSON_KINDS and is_person_name(row.name)


def lender_of(row: Row) -> str:
    """The lender of a loan row (rule 16)."""
    return row.cp or OWN_BANK


def lender_kind_of(row: Row) -> LenderKind:
    """The kind of lender of a loan row, first match (rule 16)."""
    if contains(row.name, MICRO_LENDER_CUES):
        return LenderKind.MICRO_LENDER
    if contains(row.name, CONSUMER_FINANCE_CUES):
        return LenderKind.CONSUMER_FINANCE
    if contains(row.name, BANK_CUES) or row.kind == "financial_institution" or row.cp is None:
        return LenderKind.BANK
    if is_person(row):
        return LenderKind.PERSON
    return LenderKind.OTHER


def is_penalty(row: Row, label: Label) -> bool:
    """Flag PENALTY (rule 19)."""
    return row.sign < 0 and label is not Label.REV and contains(row.text, PENALTY_CUES)


def is_returned(row: Row, label: Label) -> bool:
    """Flag RETURNED (rule 19)."""
    return label is not Label.REV and contains(row.text, RETURNED_CUES)


def is_frozen(row: Row) -> bool:
    """Flag FROZEN (rule 19)."""
    return contains(row.text, FROZEN_CUES) and not contains(row.text, UNFROZEN_CUES)


_PURPOSES: dict[Label, PurposeKind] = {
    Label.REV: PurposeKind.OTHER,
    Label.SELF: PurposeKind.INTERNAL_TRANSFER,
    Label.LOAN_IN: PurposeKind.LOAN_DRAWDOWN,
    Label.LOAN_OUT: PurposeKind.LOAN_REPAYMENT,
    Label.TAX: PurposeKind.TAX,
    Label.SOCIAL: PurposeKind.SOCIAL_INSURANCE,
    Label.PAYROLL: PurposeKind.WAGES,
    Label.UTIL: PurposeKind.UTILITIES,
    Label.RENT: PurposeKind.RENT,
    Label.FEE: PurposeKind.FEE,
    Label.INT: PurposeKind.INTEREST,
    Label.INVEST: PurposeKind.INVESTMENT,
    Label.DEPOSIT_GUAR: PurposeKind.OTHER,
    Label.GOV_IN: PurposeKind.SUBSIDY,
    Label.BILL_DISC: PurposeKind.OTHER,
    Label.CASH: PurposeKind.CASH,
    Label.CAPITAL: PurposeKind.INVESTMENT,
    Label.REL: PurposeKind.OTHER,
}
_TRADE_PURPOSES = {1: PurposeKind.TRADE_RECEIPT, -1: PurposeKind.TRADE_PAYMENT}


def purpose_of(purpose: str, label: Label, sign: int) -> PurposeKind:
    """The purpose shown in the detail summary: the row's own code when listed, else the one its label implies.

    Fund-flow rules 10.1: purposes are assigned by the provider's rules. A code outside the closed list never
    travels: it would be free text.
    """
    if purpose in PurposeKind:
        return PurposeKind(purpose)
    return _PURPOSES.get(label, _TRADE_PURPOSES[sign])
