"""A credit report as a document: the JSON that is signed, digested, printed and checked. Built from values, no I/O."""

from dataclasses import dataclass, field
from datetime import date, datetime

from xinqiao.domain.canonical import Json
from xinqiao.domain.period import format_instant
from xinqiao.domain.report import Beside, CreditReport, Inquiries, OwnProduct, Section, SelfDeclared

#: 2: what stands beside the records (answers, calls, fund-flow products, the firm's words, who asked).
#: 3: what the firm declared of itself under ``self_declared``, its words under ``statements``; its own product.
VERSION = 3


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above a report.

    ``reader``: ``subject`` for the firm's own, ``institution`` for one that was authorised: then the institution, the
    purpose and the numbers of the authorisations are there. ``valid_until``: 30 days from its making as the platform
    rules say, and not longer than the authorisations.
    """

    number: str
    version: int
    verify_code: str
    issuer: str
    catalogue: str
    subject_name: str
    uscc: str
    reader: str
    generated_at: datetime
    valid_until: datetime
    institution_id: str = ""
    institution_name: str = ""
    purpose: str = ""
    operator: str = ""
    authorisations: tuple[str, ...] = ()
    beside: Beside = field(default_factory=Beside, repr=False)

    @property
    def own(self) -> bool:
        """Whether the firm reads about itself."""
        return self.reader == "subject"


def document(head: Head, report: CreditReport) -> dict[str, Json]:
    """The whole report; masked cells carry their masked text and no value."""
    return {
        "artefact": "credit_report",
        "v": VERSION,
        "number": head.number,
        "version": head.version,
        "verify_code": head.verify_code,
        "iss": head.issuer,
        "catalogue": head.catalogue,
        "subject": {"name": head.subject_name, "uscc": head.uscc},
        "reader": head.reader,
        "institution": None if head.own else {"id": head.institution_id, "name": head.institution_name},
        "purpose": head.purpose or None,
        "operator": head.operator or None,
        "authorisations": [*head.authorisations],
        "generated_at": format_instant(head.generated_at),
        "valid_until": format_instant(head.valid_until),
        "coverage": {str(state): count for state, count in report.coverage.items()},
        "chapters": [
            {
                "id": chapter.id,
                "title": chapter.title,
                "sections": [_section(section) for section in sections],
            }
            for chapter, sections in report.chapters
        ],
        **_beside(head.beside),
    }


def _section(section: Section) -> dict[str, Json]:
    item = section.item
    return {
        "item": item.id,
        "item_version": item.version,
        "title": item.name,
        "mode": str(item.mode),
        "availability": str(section.availability),
        "sources": [*section.sources],
        "as_of": _day(section.as_of),
        "fields": [{"name": field.name, "label": field.label} for field in section.fields],
        "lines": [
            {
                "cells": [
                    {"text": cell.text, "value": cell.value, "masked": cell.masked} for cell in line.cells
                ],
                "source": line.source,
                "batch": line.batch,
                "as_of": _day(line.as_of),
                "received_at": format_instant(line.received_at),
                "version": line.version,
                "objected": line.objected,
                "disputed": [*sorted(line.disputed)],
                "statements": [
                    {"text": one.text, "at": format_instant(one.at), "verified": False}
                    for one in line.remarks
                ],
            }
            for line in section.lines
        ],
        "more": section.more,
    }


def _beside(beside: Beside) -> dict[str, Json]:
    """Each part with its own source, instant and mode."""
    return {
        "verifications": [
            {
                "item": one.item,
                "fields": [*one.fields],
                "answer": "yes" if one.yes else "no",
                "answer_no": one.number,
                "source": one.source,
                "as_of": format_instant(one.at),
                "mode": "verification_authorised",
            }
            for one in beside.answers
        ],
        "calls": [
            {
                "item": one.item,
                "query": one.query_id,
                "answered": one.answered,
                "answer_no": one.number or None,
                "records": one.records,
                "withheld": one.withheld,
                "cut": one.cut,
                "mode": "national_interface_authorised",
            }
            for one in beside.calls
        ],
        "fundflow": [
            {
                "authorisation_no": one.authorisation_no,
                "authorisation_id": one.authorisation_id,
                "accounts": [*one.accounts],
                "products": [*one.products],
                "valid_to": _instant(one.valid_to),
                "report_no": one.number or None,
                "product_digest": one.digest or None,
                "verify_code": one.verify_code or None,
                "as_of": _instant(one.released_at),
                "mode": "sealed_product",
            }
            for one in beside.holdings
        ],
        "own_fundflow": _own_product(beside.own_product),
        "self_declared": _self_declared(beside.said),
        "statements": [
            {
                "text": one.text,
                "as_of": format_instant(one.at),
                "about": one.about or None,
                "verified": False,
                "mode": "self_declared",
            }
            for one in beside.declared
        ],
        "query_record": _inquiries(beside.inquiries),
    }


def _self_declared(said: SelfDeclared) -> dict[str, Json]:
    return {
        "availability": str(said.availability),
        "version": said.version or None,
        "as_of": _instant(said.as_of),
        "verified": False,
        "mode": "self_declared",
        "fields": [
            {
                "name": one.name,
                "label": one.label,
                "label_en": one.label_en,
                "text": one.cell.text,
                "value": one.cell.value,
                "masked": one.cell.masked,
            }
            for one in said.lines
        ],
    }


def _own_product(own: OwnProduct | None) -> Json:
    if own is None:
        return None
    return {
        "account": own.account,
        "months": own.months,
        "bank": own.bank or None,
        "report_no": own.number or None,
        "product_digest": own.digest or None,
        "verify_code": own.verify_code or None,
        "as_of": _instant(own.at),
        "mode": "self_query",
        "product": dict(own.product) or None,
        "signed": own.signed or None,
        "code": own.code or None,
    }


def _inquiries(inquiries: Inquiries) -> dict[str, Json]:
    return {
        "scope": inquiries.scope,
        "since": _instant(inquiries.since),
        "lines": [
            {
                "institution": one.institution or None,
                "kind": one.kind,
                "what": one.what,
                "purpose": one.purpose or None,
                "at": format_instant(one.at),
                "outcome": one.outcome,
                "code": one.code or None,
            }
            for one in inquiries.lines
        ],
        "more": inquiries.more,
        "others": inquiries.others,
        "institutions": inquiries.institutions,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)
