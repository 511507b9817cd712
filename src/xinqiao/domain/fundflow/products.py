"""The two products: 报告 (fund-flow rules 10.3 A-I) and 明细汇总 (10.4), built from facts alone.

A builder takes a head, which its caller answers for, and :class:`~.facts.Facts`, which has no room for a name, an
account number or a text of the statement. Shape: docs/reference/report.md. Digest and signature are put on by
whoever seals the product.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from xinqiao.domain.canonical import Json
from xinqiao.domain.fundflow.dictionary import BY_ID
from xinqiao.domain.fundflow.facts import Facts
from xinqiao.domain.fundflow.figures import yuan_text
from xinqiao.domain.fundflow.model import RULES_VERSION
from xinqiao.domain.fundflow.sections import (
    LINES_USED,
    cash_section,
    concentration_section,
    counterparty_section,
    feature_section,
    monthly_section,
    obligation_section,
    overview_section,
    summary_rows,
)
from xinqiao.domain.fundflow.wording import CHANNEL_WORDS, KIND_WORDS, NOTE_WORDS, PURPOSE_WORDS, Words
from xinqiao.domain.period import format_instant

TEMPLATE_VERSION = "1"


class Product(StrEnum):
    """The two products of fund-flow rules 10."""

    SUMMARY = "summary"
    REPORT = "report"


class QueryKind(StrEnum):
    """Who asked: the subject itself or an institution."""

    SELF = "self"
    INSTITUTION = "institution"


@dataclass(frozen=True, slots=True)
class ObjectionMark:
    """A disputed part of the information (异议标注): since when, and the months concerned (``YYYY-MM``)."""

    objection_no: str
    marked_at: datetime
    months: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SubjectStatement:
    """A statement (声明) the subject attached: its own words, shown as not verified."""

    text: str
    attached_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHead:
    """Part A, as far as the caller knows it; the period and the parameters come from the facts.

    ``account_masked`` must be masked already: a full number here would leave the provider.
    """

    report_no: str
    generated_at: datetime
    provider: str
    query_kind: QueryKind
    institution: str | None = None
    purpose: str | None = None
    authorisation_no: str | None = None
    valid_to: datetime | None = None
    subject_name: str = ""
    uscc: str = ""
    account_masked: str = ""
    account_kind: str = ""
    bank_name: str = ""
    cnaps: str | None = None
    opened_on: date | None = None
    account_status: str = "normal"
    currency: str = "CNY"
    objection_marks: tuple[ObjectionMark, ...] = ()
    statements: tuple[SubjectStatement, ...] = ()


def _instant(value: datetime | None) -> str | None:
    return None if value is None else format_instant(value)


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def basis_members(facts: Facts) -> dict[str, Json]:
    """The members of part A that come from the facts: period, coverage and the parameters of 3.9.

    They are the same in every product of the same figures, whoever asks.
    """
    p = facts.parameters
    return {
        "as_of": p.as_of.isoformat(),
        "period_from": p.period_from.isoformat(),
        "period_to": p.period_to.isoformat(),
        "months": p.months,
        "accounts_covered": facts.accounts_covered,
        "coverage": coverage_section(facts),
        "parameters": _parameters(facts),
    }


def head_section(head: ReportHead, basis: Mapping[str, Json], product: Product) -> dict[str, Json]:
    """Part A: what the caller answers for, and ``basis``, the :func:`basis_members` of the figures."""
    marks: list[Json] = [
        {"objection_no": m.objection_no, "marked_at": format_instant(m.marked_at), "months": list(m.months)}
        for m in head.objection_marks
    ]
    statements: list[Json] = [
        {"text": s.text, "attached_on": s.attached_on.isoformat(), "verified": False} for s in head.statements
    ]
    return {
        "report_no": head.report_no,
        "product": product.value,
        "template_version": TEMPLATE_VERSION,
        "rules_version": RULES_VERSION,
        "generated_at": format_instant(head.generated_at),
        "provider": head.provider,
        "query_kind": head.query_kind.value,
        "institution": head.institution,
        "purpose": head.purpose,
        "authorisation_no": head.authorisation_no,
        "valid_to": _instant(head.valid_to),
        "subject_name": head.subject_name,
        "uscc": head.uscc,
        "account_masked": head.account_masked,
        "account_kind": head.account_kind,
        "bank_name": head.bank_name,
        "cnaps": head.cnaps,
        "opened_on": _day(head.opened_on),
        "account_status": head.account_status,
        "currency": head.currency,
        **basis,
        "objection_marks": marks,
        "statements": statements,
    }


def coverage_section(facts: Facts) -> dict[str, Json]:
    """How much of the window rests on known balances (3.9 rule 11)."""
    p = facts.parameters
    q02 = facts.indicators["Q02"]
    return {
        "value": q02.coverage,
        "known_days": p.known_days,
        "observed_days": p.observed_days,
        "window_days": p.window_days,
        "observed_from": _day(p.observed_from),
        "full_months": p.full_months,
    }


def _parameters(facts: Facts) -> dict[str, Json]:
    p = facts.parameters
    return {
        "opened_on": _day(p.opened_on),
        "application_day": _day(p.application_day),
        "cash_policy": p.cash_policy.value,
        "cash_limit": yuan_text(p.cash_limit),
        "holder_supplied": p.holder_supplied,
        "bound_accounts": p.bound_accounts,
        "related_names": p.related_names,
        "core_buyer_names": p.core_buyer_names,
        "high_risk_names": p.high_risk_names,
        "duplicates_dropped": p.duplicates_dropped,
        "reversal_pairs": p.reversal_pairs,
        "foreign_left_out": p.foreign_left_out,
    }


def _notes(facts: Facts, *, include_balance: bool, merged: bool, signals: bool) -> list[Json]:
    """Data limits that hold for these facts, then the disclaimer (part I)."""
    p = facts.parameters
    limits: list[tuple[str, int | None]] = []
    if p.duplicates_dropped:
        limits.append(("DUPLICATES_DROPPED", p.duplicates_dropped))
    if p.reversal_pairs:
        limits.append(("REVERSALS_PAIRED", p.reversal_pairs))
    if p.foreign_left_out:
        limits.append(("FOREIGN_LEFT_OUT", p.foreign_left_out))
    if p.known_days < p.window_days:
        limits.append(("COVERAGE_BELOW_ONE", None))
    if any(not month.full for month in facts.months):
        limits.append(("PARTIAL_MONTH", None))
    if merged:
        limits.append(("MINIMUM_CELL", None))
    if facts.accounts_covered > 1:
        limits.append(("MERGED_ACCOUNTS", facts.accounts_covered))
    if not include_balance:
        limits.append(("BALANCE_WITHHELD", None))
    if signals:
        limits.append(("SIGNAL_NOT_FINDING", None))
    limits.append(("FOR_REFERENCE", None))
    return [
        {"code": code, "count": count, "zh": NOTE_WORDS[code].zh, "en": NOTE_WORDS[code].en}
        for code, count in limits
    ]


def _definitions() -> list[Json]:
    """The dictionary lines the report rests on, so that it can be read alone."""
    return [
        {
            "indicator": line.id,
            "version": line.version,
            "name": line.zh,
            "name_en": line.en,
            "plain": line.plain,
            "formula": line.formula,
        }
        for line in BY_ID.values()
        if line.id in LINES_USED
    ]


def build_report(head: ReportHead, facts: Facts, *, include_balance: bool = True) -> dict[str, Json]:
    """The report. With ``include_balance`` false every balance figure is null with reason WITHHELD."""
    return {
        "head": head_section(head, basis_members(facts), Product.REPORT),
        "overview": overview_section(facts, include_balance),
        "monthly": monthly_section(facts, include_balance),
        "cash": cash_section(facts),
        "counterparties": counterparty_section(facts),
        "concentration": concentration_section(facts),
        "obligations": obligation_section(facts),
        "features": feature_section(facts, include_balance),
        "notes": {
            "rules_version": RULES_VERSION,
            "definitions": _definitions(),
            "items": _notes(
                facts,
                include_balance=include_balance,
                merged=any(cell.merged for cell in facts.kinds),
                signals=True,
            ),
        },
    }


def _legend[K: (StrEnum | None)](words: Mapping[K, Words]) -> dict[str, Json]:
    return {
        ("other" if code is None else code.value): {"zh": text.zh, "en": text.en}
        for code, text in words.items()
    }


def build_summary(head: ReportHead, facts: Facts) -> dict[str, Json]:
    """The detail summary: rows month × direction × kind × purpose × channel, with the words for their codes.

    Raises:
        ValueError: the facts were made for the report alone.
    """
    if facts.summary is None:
        raise ValueError("these facts are without a summary")
    return {
        "head": head_section(head, basis_members(facts), Product.SUMMARY),
        "rows": summary_rows(facts.summary),
        "legend": {
            "counterparty_kind": _legend(KIND_WORDS),
            "purpose_kind": _legend(PURPOSE_WORDS),
            "channel": _legend(CHANNEL_WORDS),
        },
        "notes": {
            "rules_version": RULES_VERSION,
            "items": _notes(
                facts,
                include_balance=True,
                merged=any(cell.kind is None for cell in facts.summary),
                signals=False,
            ),
        },
    }


__all__ = [
    "TEMPLATE_VERSION",
    "ObjectionMark",
    "Product",
    "QueryKind",
    "ReportHead",
    "SubjectStatement",
    "basis_members",
    "build_report",
    "build_summary",
]
