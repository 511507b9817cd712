"""A portrait as a document: every figure with its definition, where it comes from and why it is missing. No I/O."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from xinqiao.domain.canonical import Json
from xinqiao.domain.period import format_instant
from xinqiao.domain.portrait import Cell, Point, Reading, quarters
from xinqiao.domain.portrait.whole import Compared, Portrait, Since
from xinqiao.hub.apps.reports.protocol import Asker, Numbered

#: 2: number, version and code of one that is taken away; null for a look.
#: 3: institution, purpose, operator and authorisations of one made for an institution; the heading of every figure.
VERSION = 3


def portrait_document(
    portrait: Portrait,
    issuer: str,
    given: Numbered | None = None,
    valid_until: datetime | None = None,
    asker: Asker | None = None,
) -> dict[str, Json]:
    """The whole portrait; numbers as text, a missing one as null beside its reason."""
    return {
        "artefact": "portrait",
        "v": VERSION,
        "number": given.number if given else None,
        "version": given.version if given else None,
        "verify_code": given.verify_code if given else None,
        "valid_until": format_instant(valid_until) if valid_until else None,
        "iss": issuer,
        "catalogue": portrait.catalogue,
        "subject": {"name": portrait.name, "uscc": portrait.uscc},
        "reader": portrait.reader,
        "institution": {"id": asker.institution_id, "name": asker.institution_name} if asker else None,
        "purpose": asker.purpose if asker else None,
        "operator": (asker.operator or None) if asker else None,
        "authorisations": [*asker.authorisations] if asker else [],
        "generated_at": format_instant(portrait.generated_at),
        "month": portrait.month,
        "is_score": False,
        "place": _place(portrait),
        "figures": [_figure(one, portrait.peers.get(one.figure.id)) for one in portrait.readings],
        "since": _since(portrait.since),
        "not_stored": [*portrait.absent],
    }


def _place(portrait: Portrait) -> Json:
    place = portrait.place
    if place is None:
        return None
    return {
        "industry": place.division or place.section,
        "region": place.city or place.province,
        "size": place.size or None,
        "size_by": "insured_count" if place.size else None,
        "insured_count": portrait.insured,
        "provisional": bool(place.size),
        "least_others": portrait.least,
        "counted_at": format_instant(portrait.counted_at) if portrait.counted_at else None,
    }


def _figure(reading: Reading, compared: Compared | None) -> dict[str, Json]:
    figure = reading.figure
    return {
        "id": figure.id,
        "version": figure.version,
        "key": figure.key,
        "theme": figure.theme.value,
        "label": figure.zh,
        "unit": figure.unit.value,
        "formula": figure.formula,
        "items": [*figure.items],
        "value": _text(reading.value),
        "null_reason": reading.reason.value if reading.reason else None,
        "month": reading.month,
        "as_of": reading.as_of.isoformat() if reading.as_of else None,
        "year_before": _text(reading.before),
        "change": _text(reading.change),
        "coverage": {"items_used": reading.known, "items": reading.needed},
        "sources": [*reading.sources],
        "objected": reading.objected,
        "months": _points(reading.series),
        "quarters": _points(quarters(reading)),
        "peers": None if compared is None else _peers(compared),
    }


def _peers(compared: Compared) -> dict[str, Json]:
    group = compared.group
    return {
        "industry": group.industry,
        "region": group.region or None,
        "size": group.size or None,
        **_cell(compared.cell),
        "months": _cells(compared.months),
    }


def _cell(cell: Cell) -> dict[str, Json]:
    return {
        "firms": cell.firms,
        "listed": cell.listed,
        "p25": _text(cell.p25),
        "p50": _text(cell.p50),
        "p75": _text(cell.p75),
    }


def _cells(months: Mapping[str, Cell]) -> list[Json]:
    return [{"month": month, **_cell(cell)} for month, cell in sorted(months.items())]


def _points(points: Sequence[Point]) -> list[Json]:
    return [{"month": point.month, "value": _text(point.value)} for point in points]


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _since(since: Since | None) -> Json:
    if since is None:
        return None
    return {
        "report": since.number,
        "generated_at": format_instant(since.generated_at),
        "changes": [
            {
                "item": one.item,
                "kind": one.kind.value,
                "before": one.before,
                "now": one.now,
                "arrived": one.arrived,
                "corrected": one.corrected,
                "as_of": one.as_of.isoformat() if one.as_of else None,
            }
            for one in since.changes
        ],
    }
