"""Verbs and questions of portraits 画像. One function makes a portrait for any reader; who may ask is its callers' business.

A portrait is kept nowhere. The firm's own look at it is recorded with the digest of what was shown; one that is taken
away as a file is numbered as a report is.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from xinqiao.catalogue.size import size_rule
from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.portrait import (
    HEADCOUNT,
    MONTHS,
    Mark,
    Nil,
    Place,
    Reading,
    compare_marks,
    compose_portrait,
    headcount_at,
    months_to,
    narrowest,
    outgoing,
    place_of,
    size_by_headcount,
    spoken,
)
from xinqiao.domain.portrait.whole import Compared, Portrait, Since
from xinqiao.domain.report import Record, Sight
from xinqiao.hub.actors import AgentScope, EnterpriseActor
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.register import registered
from xinqiao.hub.apps.identity.services import require_capacity
from xinqiao.hub.apps.reports.holdings import Holdings
from xinqiao.hub.apps.reports.models import CreditReport, ReportKind
from xinqiao.hub.apps.reports.own import VALID, keep_own, number_own
from xinqiao.hub.apps.reports.peers import last_month, peers
from xinqiao.hub.apps.reports.portrait_document import portrait_document
from xinqiao.hub.apps.reports.protocol import Numbered
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime
from xinqiao.lake.portrait import Peers


def marks_of(records: Mapping[str, Sequence[Record]]) -> dict[str, Mark]:
    """What a report leaves of every item with rows: their number and a digest that says nothing without the key."""
    return {
        item: Mark(outgoing(rows), runtime.blind_index("report mark", spoken(rows).decode()))
        for item, rows in records.items()
        if outgoing(rows)
    }


def portrait_of(
    *, uscc: str, name: str, reader: str, sight: Sight, held: Holdings, at: datetime, last: CreditReport | None = None
) -> Portrait:  # fmt: skip
    """The portrait of a firm as a reader of this sight sees it.

    Args:
        uscc, name: the firm, as the page names it.
        reader: who reads, for the document: ``subject`` or ``institution``.
        sight: what the reader may see; figures it may not see are not computed, and neither is a size known by them.
        held: records and supplies of the firm.
        at: the instant; the month before it is the last that is looked at.
        last: the report that changes are told against; its marks are read through the same sight.
    """
    month = last_month(at)
    readings = compose_portrait(held.catalogue, sight=sight, records=held.records, supplies=held.supplies, month=month)  # fmt: skip
    heads = next(one for one in readings if HEADCOUNT.item in one.figure.items)
    hidden = heads.reason in (Nil.NOT_AUTHORISED, Nil.NOT_COLLECTED)
    insured = None if hidden else headcount_at(held.records, month)
    place = _place(uscc, insured)
    file = peers()
    made = file.made().get(month) if file else None
    return Portrait(
        uscc, name, reader, held.catalogue.id, month, at, readings,
        least=made.least if made else settings.PEERS_LEAST,
        place=place,
        insured=insured,
        peers=_compared(readings, place) if place else {},
        counted_at=made.at if made else None,
        since=_since(held, sight, last),
        absent=tuple(item.id for item in held.catalogue.items.values() if not item.mode.is_collected),
    )  # fmt: skip


def _place(uscc: str, insured: int | None) -> Place | None:
    firm = registered(uscc)
    if firm is None:
        return None
    size = size_by_headcount(size_rule(), firm.industry, insured)
    return place_of(firm.industry, firm.division, size)


def _compared(readings: Sequence[Reading], place: Place) -> dict[str, Compared]:
    """The narrowest group that is told of, for every figure the reader may see."""
    file = peers()
    if file is None:
        return {}
    seen = [one for one in readings if one.reason not in (Nil.NOT_AUTHORISED, Nil.NOT_COLLECTED)]
    found = {one.figure.id: _narrowest(file, one, place) for one in seen}
    return {name: compared for name, compared in found.items() if compared is not None}


def _narrowest(file: Peers, reading: Reading, place: Place) -> Compared | None:
    figure = reading.figure
    shown = narrowest(place, lambda group: file.cell(figure, group, reading.month))
    if shown is None:
        return None
    group, cell = shown
    if not reading.series:  # no history of the firm, so none of its peers either
        return Compared(group, cell, {reading.month: cell})
    return Compared(group, cell, file.series(figure, group, months_to(reading.series[-1].month, MONTHS)))


def _since(held: Holdings, sight: Sight, last: CreditReport | None) -> Since | None:
    if last is None or last.marks is None:
        return None
    before = {item: Mark(int(rows), str(digest)) for item, (rows, digest) in last.marks.items()}
    changes = compare_marks(
        held.catalogue, sight=sight, before=before, now=marks_of(held.records), records=held.records,
        since=last.generated_at,
    )  # fmt: skip
    return Since(last.number, last.generated_at, changes)


@dataclass(frozen=True, slots=True)
class Looked:
    """A portrait as it was shown, kept in memory for this one answer, and where its leaf is.

    ``given``: number and code of one that is taken away as a file; a look at the page has none.
    """

    portrait: Portrait
    document: dict[str, Json]
    digest: str
    leaf_index: int
    leaf_hash: str
    given: Numbered | None = None


def look_at_own(*, actor: EnterpriseActor, holdings: Holdings, at: datetime) -> Looked:
    """The firm's own portrait; that it was read is recorded, of what it said only the digest.

    What was read from the lake is given, as for a report: no lock is held meanwhile.

    Raises:
        Forbidden: the agent may not query for the firm.
    """
    portrait = _own(actor, holdings, at)
    made = portrait_document(portrait, settings.XINQIAO_HUB_ID)
    digest = digest_of(made)
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.QUERY, at)
        leaf = append_leaf(
            type="SELF_USE",
            at=at,
            facts={"act": "portrait", "month": portrait.month, "digest": digest},
            refs=Refs(subject=actor.enterprise_id),
        )
    return Looked(portrait, made, digest, leaf.index, leaf.hash)


def issue_own_portrait(*, actor: EnterpriseActor, holdings: Holdings, at: datetime) -> Looked:
    """The firm's own portrait to take away: as a look, and with a number and a code by which anybody can check it.

    Raises:
        Forbidden: the agent may not query for the firm.
    """
    portrait = _own(actor, holdings, at)
    with transaction.atomic(durable=True):
        firm, given = number_own(actor=actor, kind=ReportKind.PORTRAIT, at=at)
        made = portrait_document(portrait, settings.XINQIAO_HUB_ID, given, at + VALID)
        digest, report_id = digest_of(made), new_id(Prefix.CREDIT_REPORT)
        leaf = append_leaf(
            type="SELF_USE",
            at=at,
            facts={"act": "portrait", "month": portrait.month, "digest": digest, "number": given.number},
            refs=Refs(subject=firm.id, object=report_id),
        )
        keep_own(
            report_id=report_id, firm=firm, given=given, kind=ReportKind.PORTRAIT, catalogue=portrait.catalogue,
            digest=digest, leaf=leaf,
            coverage=coverage_of(portrait),
        )  # fmt: skip
    return Looked(portrait, made, digest, leaf.index, leaf.hash, given)


def _own(actor: EnterpriseActor, holdings: Holdings, at: datetime) -> Portrait:
    firm = identity.enterprise(actor)
    own = CreditReport.objects.for_viewer(actor).filter(reader="subject", kind=ReportKind.REPORT)
    last = own.order_by("-generated_at", "-version").first()
    return portrait_of(
        uscc=firm.uscc, name=firm.name, reader="subject", sight=Sight(is_subject=True), held=holdings, at=at, last=last
    )  # fmt: skip


def coverage_of(portrait: Portrait) -> dict[str, Json]:
    """How many figures there are and how many are missing."""
    known = sum(one.reason is None for one in portrait.readings)
    return {"figures": known, "missing": len(portrait.readings) - known}


def digest_of(made: dict[str, Json]) -> str:
    """SHA-256 of the canonical document."""
    return hashlib.sha256(canonical_bytes(made)).hexdigest()
