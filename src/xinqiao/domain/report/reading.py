"""A report's document read back into the values it was made of: for whoever received one and wants to show it.

The signature is somebody else's business; here a document that does not say what it must is refused, naming the member.
"""

from collections.abc import Mapping

from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.model import Catalogue, Field, FieldType, Frequency, Item, SharingMode
from xinqiao.domain.report import members
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
    for one in members.objects(document, "chapters"):
        name, title = members.text(one, "id"), members.text(one, "title")
        chapter = _CHAPTERS.get((name, title)) or Chapter(name, title, title, ())
        sections = tuple(_section(section, catalogue) for section in members.objects(one, "sections"))
        chapters.append((chapter, sections))
    return CreditReport(tuple(chapters))


def beside_of(document: Mapping[str, Json]) -> Beside:
    """What stands beside the records. Raises Invalid."""
    return Beside(
        answers=tuple(
            Answered(
                members.text(one, "item"), members.texts(one, "fields"), members.text(one, "answer") == "yes", members.text(one, "answer_no"),
                members.text(one, "source"), members.instant(one, "as_of"),
            )
            for one in members.objects(document, "verifications")
        ),
        calls=tuple(
            Call(
                members.text(one, "item"), members.text(one, "query"), members.flag(one, "answered"), members.maybe(one, "answer_no"),
                members.whole(one, "records"), members.whole(one, "withheld"), members.flag(one, "cut"),
            )
            for one in members.objects(document, "calls")
        ),
        holdings=tuple(
            Held(
                members.text(one, "authorisation_no"), members.text(one, "authorisation_id"), members.texts(one, "accounts"),
                members.texts(one, "products"), members.instant_or_none(one, "valid_to"), members.maybe(one, "report_no"),
                members.maybe(one, "product_digest"), members.maybe(one, "verify_code"), members.instant_or_none(one, "as_of"),
            )
            for one in members.objects(document, "fundflow")
        ),
        declared=tuple(
            Declared(members.text(one, "text"), members.instant(one, "as_of"), members.maybe(one, "about"))
            for one in members.objects(document, "statements")
        ),
        said=_self_declared(members.member(document, "self_declared")),
        own_product=_own_product(document),
        inquiries=_inquiries(members.member(document, "query_record")),
    )  # fmt: skip


def _self_declared(one: Mapping[str, Json]) -> SelfDeclared:
    lines = tuple(
        Said(
            members.text(line, "name"), members.text(line, "label"), members.text(line, "label_en"),
            Cell(members.text(line, "text"), line.get("value"), members.flag(line, "masked")),
        )
        for line in members.objects(one, "fields")
    )  # fmt: skip
    version = 0 if one.get("version") is None else members.whole(one, "version")
    return SelfDeclared(_choice(one, "availability"), version, members.instant_or_none(one, "as_of"), lines)


def _own_product(document: Mapping[str, Json]) -> OwnProduct | None:
    if document.get("own_fundflow") is None:
        return None
    one = members.member(document, "own_fundflow")
    return OwnProduct(
        members.text(one, "account"), members.whole(one, "months"), members.maybe(one, "bank"), members.maybe(one, "report_no"),
        members.maybe(one, "product_digest"), members.maybe(one, "verify_code"), members.instant_or_none(one, "as_of"),
        {} if one.get("product") is None else members.member(one, "product"), members.maybe(one, "signed"), members.maybe(one, "code"),
    )  # fmt: skip


def _inquiries(record: Mapping[str, Json]) -> Inquiries:
    lines = tuple(
        Inquiry(
            members.maybe(one, "institution"), members.text(one, "kind"), members.text(one, "what"), members.maybe(one, "purpose"),
            members.instant(one, "at"), members.text(one, "outcome"), members.maybe(one, "code"),
        )
        for one in members.objects(record, "lines")
    )  # fmt: skip
    counted = [
        None if record.get(name) is None else members.whole(record, name)
        for name in ("others", "institutions")
    ]
    return Inquiries(
        members.text(record, "scope"),
        members.instant_or_none(record, "since"),
        lines,
        members.whole(record, "more"),
        *counted,
    )


def _section(one: Mapping[str, Json], catalogue: Catalogue) -> Section:
    known = catalogue.items.get(members.text(one, "item"))
    item = known if known is not None else _strange(one)
    by_name = {field.name: field for field in item.fields}
    fields = tuple(
        by_name.get(members.text(field, "name"))
        or Field(members.text(field, "name"), members.text(field, "label"), FieldType.STRING)
        for field in members.objects(one, "fields")
    )
    return Section(
        item,
        _choice(one, "availability"),
        fields,
        tuple(_line(line, len(fields)) for line in members.objects(one, "lines")),
        members.whole(one, "more"),
        members.texts(one, "sources"),
        members.day(one, "as_of"),
    )


def _strange(one: Mapping[str, Json]) -> Item:
    """An item that the reader's catalogue does not have, as far as the document describes it."""
    title, mode = members.text(one, "title"), members.text(one, "mode")
    if mode not in set(SharingMode):
        members.wrong("mode")
    return Item(
        id=members.text(one, "item"), no=0, version=members.whole(one, "item_version"), name=title, name_en=title, category_no=0,
        mode=SharingMode(mode), providers=(), natural_key=(), subject=(), frequency=Frequency.MONTHLY, fields=(),
        origin="document",
    )  # fmt: skip


def _line(one: Mapping[str, Json], width: int) -> Line:
    cells = tuple(
        Cell(members.text(cell, "text"), cell.get("value"), members.flag(cell, "masked"))
        for cell in members.objects(one, "cells")
    )
    if len(cells) != width:
        members.wrong("cells")
    return Line(
        cells, members.text(one, "source"), members.text(one, "batch"), members.day(one, "as_of"), members.instant(one, "received_at"),
        members.whole(one, "version"), members.flag(one, "objected"),
        disputed=frozenset(members.texts(one, "disputed")),
        remarks=tuple(Remark(members.text(said, "text"), members.instant(said, "at")) for said in members.objects(one, "statements")),
    )  # fmt: skip


def _choice(one: Mapping[str, Json], name: str) -> Availability:
    value = members.text(one, name)
    if value not in set(Availability):
        members.wrong(name)
    return Availability(value)
