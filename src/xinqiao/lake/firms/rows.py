"""A firm as a row of the index, and the terms of that row."""

import json
from datetime import date

from xinqiao.domain.names import search_form
from xinqiao.domain.renames import NamePeriod
from xinqiao.lake.firms.grams import name_terms, place_terms
from xinqiao.lake.firms.model import Firm

type Row = tuple[int, str, str, str, str, str, str, str | None, str]


def terms_of(firm: Firm) -> str:
    """All terms of a firm, in one order, so that removing it finds what adding it wrote."""
    terms = set(place_terms(firm.division, firm.industry))
    for name in firm.names:
        terms |= name_terms(search_form(name))
    return " ".join(sorted(terms))


def firm_of(row: Row) -> Firm:
    """The firm of a row of ``firm``."""
    _, uscc, name, old, division, industry, status, day, number = row
    former = tuple(NamePeriod(n, _day(begin), _day(end)) for n, begin, end in json.loads(old)) if old else ()
    return Firm(uscc, name, former, division, industry, status, _day(day), number)


def row_of(number: int, firm: Firm) -> Row:
    """The row of a firm under a number."""
    old = [(one.name, _text(one.valid_from), _text(one.valid_to)) for one in firm.old_names]
    return (
        number, firm.uscc, firm.name, json.dumps(old, ensure_ascii=False) if old else "", firm.division,
        firm.industry, firm.status, _text(firm.established_on), firm.registration_no,
    )  # fmt: skip


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None
