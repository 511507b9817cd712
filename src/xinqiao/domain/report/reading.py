"""A report's document read back into the values it was made of: for whoever received one and wants to show it.

The signature is somebody else's business; here a document that does not say what it must is refused, naming the member.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NoReturn

from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.model import Catalogue, Field, FieldType, Frequency, Item, SharingMode
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.period import parse_instant
from xinqiao.domain.report.beside import (
    Answered,
    Beside,
    Call,
    Declared,
    Held,
    Inquiries,
    Inquiry,
    OwnProduct,
)
from xinqiao.domain.report.compose import CHAPTERS, Availability, Chapter, CreditReport, Line, Remark, Section
from xinqiao.domain.report.declared import Said, SelfDeclared
from xinqiao.domain.report.sight import Cell

_CHAPTERS = {(chapter.id, chapter.title): chapter for chapter in CHAPTERS}


def report_of(document: Mapping[str, Json], catalogue: Catalogue) -> CreditReport:
    """The chapters of a document.

    Args:
        catalogue: for the names and types of its items; an item it does not know is shown with the document's own words.

    Raises:
        Invalid: naming the member that is missing or of another type.
    """
    chapters = []
    for one in _list(document, "chapters"):
        name, title = _text(one, "id"), _text(one, "title")
        chapter = _CHAPTERS.get((name, title)) or Chapter(name, title, title, ())
        sections = tuple(_section(section, catalogue) for section in _list(one, "sections"))
        chapters.append((chapter, sections))
    return CreditReport(tuple(chapters))


def beside_of(document: Mapping[str, Json]) -> Beside:
    """What stands beside the records. Raises Invalid."""
    return Beside(
        answers=tuple(
            Answered(
                _text(one, "item"), _texts(one, "fields"), _text(one, "answer") == "yes", _text(one, "answer_no"),
                _text(one, "source"), _instant(one, "as_of"),
            )
            for one in _list(document, "verifications")
        ),
        calls=tuple(
            Call(
                _text(one, "item"), _text(one, "query"), _flag(one, "answered"), _maybe(one, "answer_no"),
                _whole(one, "records"), _whole(one, "withheld"), _flag(one, "cut"),
            )
            for one in _list(document, "calls")
        ),
        holdings=tuple(
            Held(
                _text(one, "authorisation_no"), _text(one, "authorisation_id"), _texts(one, "accounts"),
                _texts(one, "products"), _instant_or_none(one, "valid_to"), _maybe(one, "report_no"),
                _maybe(one, "product_digest"), _maybe(one, "verify_code"), _instant_or_none(one, "as_of"),
            )
            for one in _list(document, "fundflow")
        ),
        declared=tuple(
            Declared(_text(one, "text"), _instant(one, "as_of"), _maybe(one, "about"))
            for one in _list(document, "statements")
        ),
        said=_self_declared(_object(document, "self_declared")),
        own_product=_own_product(document),
        inquiries=_inquiries(_object(document, "query_record")),
    )  # fmt: skip


def _self_declared(one: Mapping[str, Json]) -> SelfDeclared:
    lines = tuple(
        Said(
            _text(line, "name"), _text(line, "label"), _text(line, "label_en"),
            Cell(_text(line, "text"), line.get("value"), _flag(line, "masked")),
        )
        for line in _list(one, "fields")
    )  # fmt: skip
    version = 0 if one.get("version") is None else _whole(one, "version")
    return SelfDeclared(_choice(one, "availability"), version, _instant_or_none(one, "as_of"), lines)


def _own_product(document: Mapping[str, Json]) -> OwnProduct | None:
    if document.get("own_fundflow") is None:
        return None
    one = _object(document, "own_fundflow")
    return OwnProduct(
        _text(one, "account"), _whole(one, "months"), _maybe(one, "bank"), _maybe(one, "report_no"),
        _maybe(one, "product_digest"), _maybe(one, "verify_code"), _instant_or_none(one, "as_of"),
        {} if one.get("product") is None else _object(one, "product"), _maybe(one, "signed"), _maybe(one, "code"),
    )  # fmt: skip


def _inquiries(record: Mapping[str, Json]) -> Inquiries:
    lines = tuple(
        Inquiry(
            _maybe(one, "institution"), _text(one, "kind"), _text(one, "what"), _maybe(one, "purpose"),
            _instant(one, "at"), _text(one, "outcome"), _maybe(one, "code"),
        )
        for one in _list(record, "lines")
    )  # fmt: skip
    counted = [
        None if record.get(name) is None else _whole(record, name) for name in ("others", "institutions")
    ]
    return Inquiries(
        _text(record, "scope"), _instant_or_none(record, "since"), lines, _whole(record, "more"), *counted
    )


def _section(one: Mapping[str, Json], catalogue: Catalogue) -> Section:
    known = catalogue.items.get(_text(one, "item"))
    item = known if known is not None else _strange(one)
    by_name = {field.name: field for field in item.fields}
    fields = tuple(
        by_name.get(_text(field, "name"))
        or Field(_text(field, "name"), _text(field, "label"), FieldType.STRING)
        for field in _list(one, "fields")
    )
    return Section(
        item,
        _choice(one, "availability"),
        fields,
        tuple(_line(line, len(fields)) for line in _list(one, "lines")),
        _whole(one, "more"),
        _texts(one, "sources"),
        _day(one, "as_of"),
    )


def _strange(one: Mapping[str, Json]) -> Item:
    """An item that the reader's catalogue does not have, as far as the document describes it."""
    title, mode = _text(one, "title"), _text(one, "mode")
    if mode not in set(SharingMode):
        _wrong("mode")
    return Item(
        id=_text(one, "item"), no=0, version=_whole(one, "item_version"), name=title, name_en=title, category_no=0,
        mode=SharingMode(mode), providers=(), natural_key=(), subject=(), frequency=Frequency.MONTHLY, fields=(),
        origin="document",
    )  # fmt: skip


def _line(one: Mapping[str, Json], width: int) -> Line:
    cells = tuple(
        Cell(_text(cell, "text"), cell.get("value"), _flag(cell, "masked")) for cell in _list(one, "cells")
    )
    if len(cells) != width:
        _wrong("cells")
    return Line(
        cells, _text(one, "source"), _text(one, "batch"), _day(one, "as_of"), _instant(one, "received_at"),
        _whole(one, "version"), _flag(one, "objected"),
        disputed=frozenset(_texts(one, "disputed")),
        remarks=tuple(Remark(_text(said, "text"), _instant(said, "at")) for said in _list(one, "statements")),
    )  # fmt: skip


def _wrong(name: str) -> NoReturn:
    raise Invalid(Code.INVALID, f"{name}: not as a report has it", facts={"field": name})


def _choice(one: Mapping[str, Json], name: str) -> Availability:
    value = _text(one, name)
    if value not in set(Availability):
        _wrong(name)
    return Availability(value)


def _list(one: Mapping[str, Json], name: str) -> list[dict[str, Json]]:
    value = one.get(name)
    if not isinstance(value, list):
        _wrong(name)
    found = [entry for entry in value if isinstance(entry, dict)]
    if len(found) != len(value):
        _wrong(name)
    return found


def _object(one: Mapping[str, Json], name: str) -> dict[str, Json]:
    value = one.get(name)
    if not isinstance(value, dict):
        _wrong(name)
    return value


def _text(one: Mapping[str, Json], name: str) -> str:
    value = one.get(name)
    if not isinstance(value, str):
        _wrong(name)
    return value


def _maybe(one: Mapping[str, Json], name: str) -> str:
    return "" if one.get(name) is None else _text(one, name)


def _texts(one: Mapping[str, Json], name: str) -> tuple[str, ...]:
    value = one.get(name)
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        _wrong(name)
    return tuple(str(entry) for entry in value)


def _whole(one: Mapping[str, Json], name: str) -> int:
    value = one.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        _wrong(name)
    return value


def _flag(one: Mapping[str, Json], name: str) -> bool:
    value = one.get(name)
    if not isinstance(value, bool):
        _wrong(name)
    return value


def _instant(one: Mapping[str, Json], name: str) -> datetime:
    return parse_instant(_text(one, name), field=name)


def _instant_or_none(one: Mapping[str, Json], name: str) -> datetime | None:
    return None if one.get(name) is None else _instant(one, name)


def _day(one: Mapping[str, Json], name: str) -> date | None:
    if one.get(name) is None:
        return None
    try:
        return date.fromisoformat(_text(one, name))
    except ValueError:
        _wrong(name)
