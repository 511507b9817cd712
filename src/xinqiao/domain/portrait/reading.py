"""A portrait's document read back into values: for whoever received one and wants to show it.

The signature is somebody else's business; here a document that does not say what it must is refused, naming the member.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from xinqiao.domain.canonical import Json
from xinqiao.domain.portrait.changes import Change, Kind
from xinqiao.domain.portrait.compose import Point, Reading
from xinqiao.domain.portrait.definitions import BY_ID
from xinqiao.domain.portrait.model import Figure, Nil, Part, Theme, Unit
from xinqiao.domain.portrait.peers import LEAST, Cell, Group, Place
from xinqiao.domain.portrait.whole import Compared, Portrait, Since
from xinqiao.domain.report import members


def portrait_of_document(document: Mapping[str, Json]) -> Portrait:
    """The portrait a document tells of.

    A figure that this program does not know, or not in this version, is shown with the document's own words.

    Raises:
        Invalid: naming the member that is missing or of another type.
    """
    subject, reader = members.member(document, "subject"), members.text(document, "reader")
    figures = members.objects(document, "figures")
    place = None if document.get("place") is None else members.member(document, "place")
    readings = tuple(_reading(one) for one in figures)
    compared = (
        (reading.figure.id, _compared(members.member(one, "peers")))
        for reading, one in zip(readings, figures, strict=True)
        if one.get("peers") is not None
    )
    return Portrait(
        uscc=members.text(subject, "uscc"),
        name=members.text(subject, "name"),
        reader=reader,
        catalogue=members.text(document, "catalogue"),
        month=members.text(document, "month"),
        generated_at=members.instant(document, "generated_at"),
        readings=readings,
        least=LEAST if place is None else members.whole(place, "least_others"),
        place=None if place is None else _place(place),
        insured=None if place is None else _whole_or_none(place, "insured_count"),
        peers=dict(compared),
        counted_at=None if place is None else members.instant_or_none(place, "counted_at"),
        since=None if document.get("since") is None else _since(members.member(document, "since")),
        absent=members.texts(document, "not_stored"),
    )


def _place(one: Mapping[str, Json]) -> Place:
    industry, region = members.text(one, "industry"), members.text(one, "region")
    return Place(
        division=industry if len(industry) > 1 else "",
        section=industry[:1],
        city=region if len(region) > 2 else "",
        province=region[:2],
        size=members.maybe(one, "size"),
    )


def _reading(one: Mapping[str, Json]) -> Reading:
    figure, coverage = _figure(one), members.member(one, "coverage")
    reason = members.maybe(one, "null_reason")
    return Reading(
        figure,
        _decimal(one, "value"),
        _one_of(Nil, reason, "null_reason") if reason else None,
        members.text(one, "month"),
        members.day(one, "as_of"),
        _decimal(one, "year_before"),
        _decimal(one, "change"),
        tuple(
            Point(members.text(point, "month"), _decimal(point, "value"))
            for point in members.objects(one, "months")
        ),
        members.texts(one, "sources"),
        members.whole(coverage, "items_used"),
        members.whole(coverage, "items"),
        members.flag(one, "objected"),
    )


def _figure(one: Mapping[str, Json]) -> Figure:
    name, version = members.text(one, "id"), members.whole(one, "version")
    known = BY_ID.get(name)
    if known is not None and known.version == version:
        return known
    label = members.text(one, "label")
    return Figure(
        name, members.text(one, "key"), _one_of(Theme, members.text(one, "theme"), "theme"),
        _one_of(Unit, members.text(one, "unit"), "unit"), tuple(Part(item, "") for item in members.texts(one, "items")),
        label, label, label, members.text(one, "formula"), version=version,
    )  # fmt: skip


def _compared(one: Mapping[str, Json]) -> Compared:
    group = Group(members.text(one, "industry"), members.maybe(one, "region"), members.maybe(one, "size"))
    months = {members.text(cell, "month"): _cell(cell) for cell in members.objects(one, "months")}
    return Compared(group, _cell(one), months)


def _cell(one: Mapping[str, Json]) -> Cell:
    told = [_decimal(one, name) for name in ("p25", "p50", "p75")]
    low, middle, high = (members.wrong("peers") if value is None else value for value in told)
    return Cell(members.whole(one, "firms"), members.whole(one, "listed"), low, middle, high)


def _since(one: Mapping[str, Json]) -> Since:
    changes = tuple(
        Change(
            members.text(entry, "item"), _one_of(Kind, members.text(entry, "kind"), "kind"),
            members.whole(entry, "before"), members.whole(entry, "now"), members.whole(entry, "arrived"),
            members.whole(entry, "corrected"), members.day(entry, "as_of"),
        )
        for entry in members.objects(one, "changes")
    )  # fmt: skip
    return Since(members.text(one, "report"), members.instant(one, "generated_at"), changes)


def _one_of[E: StrEnum](kind: type[E], value: str, name: str) -> E:
    if value not in set(kind):
        members.wrong(name)
    return kind(value)


def _whole_or_none(one: Mapping[str, Json], name: str) -> int | None:
    return None if one.get(name) is None else members.whole(one, name)


def _decimal(one: Mapping[str, Json], name: str) -> Decimal | None:
    if one.get(name) is None:
        return None
    try:
        return Decimal(members.text(one, name))
    except InvalidOperation:
        members.wrong(name)
