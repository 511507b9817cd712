"""A credit report as a document: the JSON that is signed, digested, printed and checked. Built from values, no I/O."""

from dataclasses import dataclass
from datetime import date, datetime

from xinqiao.domain.canonical import Json
from xinqiao.domain.period import format_instant
from xinqiao.domain.report import CreditReport, Section

VERSION = 1


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above a report.

    ``reader``: ``subject`` for the firm's own. ``valid_until``: 30 days from its making, as the platform rules say.
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
    statements: tuple[tuple[str, datetime], ...] = ()


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
        "statements": [
            {"text": text, "at": format_instant(at), "verified": False} for text, at in head.statements
        ],
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


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
