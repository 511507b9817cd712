"""Who is told of an imported result, whichever way it went."""

from datetime import datetime

from xinqiao.hub.apps.identity.models import Enterprise, Source
from xinqiao.hub.apps.notices.services import Audience, notify
from xinqiao.hub.apps.redress.lookups import find
from xinqiao.hub.apps.redress.models import ImportedResult, RepairImport
from xinqiao.hub.apps.redress.receivers import tell_receivers


def unit_of(row: ImportedResult) -> str:
    """The code of the source that sent the record, while the lake holds it; empty otherwise."""
    found = find(row.uscc, row.item, row.record_ref)
    return found.record.source_code if found else ""


def tell_result(
    made: RepairImport,
    row: ImportedResult,
    firm: Enterprise | None,
    source: str,
    at: datetime,
    *,
    kind: str = "repair_imported",
    change: str = "record_repaired",
) -> None:
    """Tell the firm, its receivers and the source (by its code), inside the transaction of the effect."""
    facts = {"number": made.number, "item": row.item, "name": made.platform}
    unit = Source.objects.filter(code=source).values_list("id", flat=True).first()
    told: list[tuple[Audience, str]] = []
    if firm is not None:
        told.append((("enterprise", firm.id), "/e/redress"))
        tell_receivers(firm.id, row.item, what=change, number=made.number, at=at)
    if unit is not None:
        told.append((("source", unit), "/source/redress"))
    for audience, link in told:
        notify(audience=audience, kind=kind, facts=facts, link=link, at=at)
