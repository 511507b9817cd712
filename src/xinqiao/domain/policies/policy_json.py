"""A version of a policy as data: read strictly, written in one way. The form of the portal builds the same JSON.

Amounts are text in yuan, rates and shares text of a fraction of one (1 % is ``"0.01"``), days ``YYYY-MM-DD``.
"""

from hashlib import sha256

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.identifiers import SubjectType
from xinqiao.domain.market import reading
from xinqiao.domain.market.conditions import condition_json
from xinqiao.domain.market.product import bad
from xinqiao.domain.market.product_json import rate_text
from xinqiao.domain.money import format_fen, parse_amount
from xinqiao.domain.policies.policy import (
    MOST_SUMMARY,
    MOST_TITLE,
    NOTICE_DAYS,
    ApplyMode,
    Formula,
    PolicyKind,
    PolicyTerms,
)

_NEEDED = ("budget", "document_no", "kind", "summary", "title")
_MORE = (
    "rate", "share", "each", "most_days", "days_in_year", "quota", "firm_cap", "claim_cap", "loan_most", "loan_rate", "regions",
    "industries", "sizes", "subjects", "condition", "covers_from", "covers_to", "open_from", "open_to", "mode", "materials",
    "notice_days", "contact",
)  # fmt: skip


def parse_policy(data: Json) -> PolicyTerms:
    """Read a version strictly; what is not said has no limit.

    Raises:
        Invalid: ``UNKNOWN_FIELD``; ``INVALID`` with ``facts['field']`` and ``facts['reason']`` as
            :func:`xinqiao.domain.market.product_json.parse_terms`; ``AMOUNT_FORMAT``, ``TIME_FORMAT`` with their fields.
    """
    if not isinstance(data, dict):
        bad("", "SHAPE")
    unknown = sorted(data.keys() - {*_NEEDED, *_MORE})
    if unknown:
        raise Invalid(Code.UNKNOWN_FIELD, "no such field", facts={"field": unknown[0]})
    for name in _NEEDED:
        if data.get(name) in (None, "", []):
            bad(name, "MISSING")
    mode = data.get("mode")
    return PolicyTerms(
        title=reading.text(data["title"], "title", MOST_TITLE),
        kind=reading.code(data, "kind", PolicyKind),
        formula=_formula(data),
        summary=reading.text(data["summary"], "summary", MOST_SUMMARY),
        document_no=reading.text(data["document_no"], "document_no", MOST_TITLE),
        budget_fen=parse_amount(data["budget"], field="budget"),
        quota=_number(data, "quota"),
        firm_cap_fen=_amount(data, "firm_cap"),
        claim_cap_fen=_amount(data, "claim_cap"),
        loan_fen=_amount(data, "loan_most"),
        loan_rate=reading.fraction(data["loan_rate"], "loan_rate") if _said(data, "loan_rate") else None,
        regions=reading.matching(data, "regions", reading.REGION),
        industries=reading.matching(data, "industries", reading.INDUSTRY),
        sizes=reading.sizes(data),
        subjects=reading.codes(data, "subjects", SubjectType),
        condition=reading.condition(data.get("condition")),
        covers=(reading.day(data, "covers_from"), reading.day(data, "covers_to")),
        open_on=(reading.day(data, "open_from"), reading.day(data, "open_to")),
        mode=ApplyMode.SIMPLE if mode is None else reading.one(mode, "mode", ApplyMode),
        materials=tuple(reading.text(one, "materials", 40) for one in reading.listed(data, "materials")),
        notice_days=reading.whole(data, "notice_days") if _said(data, "notice_days") else NOTICE_DAYS,
        contact=reading.text(data.get("contact") or "", "contact", 80, least=0),
    )


def _said(data: dict[str, Json], name: str) -> bool:
    return data.get(name) not in (None, "")


def _number(data: dict[str, Json], name: str) -> int | None:
    return reading.whole(data, name) if _said(data, name) else None


def _amount(data: dict[str, Json], name: str) -> int | None:
    return parse_amount(data[name], field=name) if _said(data, name) else None


def _formula(data: dict[str, Json]) -> Formula:
    year = _number(data, "days_in_year")
    return Formula(
        rate=reading.fraction(data["rate"], "rate") if _said(data, "rate") else None,
        share=reading.fraction(data["share"], "share") if _said(data, "share") else None,
        each_fen=_amount(data, "each"),
        most_days=_number(data, "most_days"),
        days_in_year=360 if year is None else year,
    )


def policy_json(terms: PolicyTerms) -> dict[str, Json]:
    """The one way to write it; :func:`parse_policy` reads it back."""
    formula = terms.formula
    return {
        "title": terms.title,
        "kind": terms.kind.value,
        "summary": terms.summary,
        "document_no": terms.document_no,
        "rate": rate_text(formula.rate) if formula.rate is not None else None,
        "share": rate_text(formula.share) if formula.share is not None else None,
        "each": _yuan(formula.each_fen),
        "most_days": formula.most_days,
        "days_in_year": formula.days_in_year,
        "budget": format_fen(terms.budget_fen),
        "quota": terms.quota,
        "firm_cap": _yuan(terms.firm_cap_fen),
        "claim_cap": _yuan(terms.claim_cap_fen),
        "loan_most": _yuan(terms.loan_fen),
        "loan_rate": rate_text(terms.loan_rate) if terms.loan_rate is not None else None,
        "regions": [*terms.regions],
        "industries": [*terms.industries],
        "sizes": [*terms.sizes],
        "subjects": [one.value for one in terms.subjects],
        "condition": condition_json(terms.condition),
        "covers_from": terms.covers[0].isoformat() if terms.covers[0] else None,
        "covers_to": terms.covers[1].isoformat() if terms.covers[1] else None,
        "open_from": terms.open_on[0].isoformat() if terms.open_on[0] else None,
        "open_to": terms.open_on[1].isoformat() if terms.open_on[1] else None,
        "mode": terms.mode.value,
        "materials": [*terms.materials],
        "notice_days": terms.notice_days,
        "contact": terms.contact,
    }


def _yuan(fen: int | None) -> str | None:
    return None if fen is None else format_fen(fen)


def policy_digest(terms: PolicyTerms) -> str:
    """SHA-256 of the canonical form: what the log says of a version."""
    return sha256(canonical_bytes(policy_json(terms))).hexdigest()
