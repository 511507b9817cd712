"""Items a source supplies: the list, one with its fields and its template, where a file is sent from."""

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from xinqiao.catalogue.words import MODES, SENSITIVITIES
from xinqiao.domain.errors import NotFound
from xinqiao.hub.actors import SourceActor
from xinqiao.hub.apps.collection import files
from xinqiao.hub.apps.collection import selectors as collection
from xinqiao.hub.apps.collection.selectors import Supply, Wanted
from xinqiao.hub.portals.access import Visit, source_page
from xinqiao.hub.portals.files import attachment
from xinqiao.hub.portals.source.cards import (
    BatchCard,
    SupplyCard,
    form_word,
    labelled,
)
from xinqiao.hub.portals.source.shell import may_send, source_page_of
from xinqiao.hub.runtime import runtime
from xinqiao.ui.i18n import gettext as _

_CODES_SHOWN = 40
#: Files that people get, by their ending.
KINDS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


@require_GET
@source_page
def listing(visit: Visit[SourceActor]) -> HttpResponse:
    """Every item the source supplies."""
    cards = [SupplyCard.of(one) for one in collection.supplies(visit.actor, at=visit.at)]
    return source_page_of(visit, "source/items.html", "items", {"cards": cards})


@require_GET
@source_page
def detail(visit: Visit[SourceActor], item: str) -> HttpResponse:
    """One item. ``?corrects=`` sends what is chosen as a correction of that batch."""
    return item_page(visit, item, corrects_id=visit.request.GET.get("corrects", ""))


def item_page(
    visit: Visit[SourceActor], item_id: str, *, corrects_id: str = "", error: str = "", as_of: str = "",
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    """The page of an item, with what was wrong about the last try to send."""
    supply = collection.supply(visit.actor, item_id, at=visit.at)
    corrects = collection.batch(visit.actor, corrects_id) if corrects_id else None
    if corrects is not None and corrects.item != item_id:
        raise NotFound
    last = collection.batches(visit.actor, Wanted(item=item_id), limit=5)
    context = {
        "card": SupplyCard.of(supply),
        "item": supply.item,
        "mode": str(MODES[supply.item.mode]),
        "fields": _fields(supply),
        "key": _("、").join(labelled(supply.item, name) for name in supply.item.natural_key),
        "corrects": BatchCard.of(corrects) if corrects else None,
        "last": [BatchCard.of(row) for _seq, row in last],
        "may_send": may_send(visit.actor),
        "accept": ",".join(files.SUFFIXES),
        "max_bytes": settings.BATCH_MAX_BYTES,
        "max_mb": settings.BATCH_MAX_BYTES >> 20,
        "error": error,
        "as_of": as_of,
    }
    return source_page_of(visit, "source/item.html", "items", context, status=status)


def _fields(supply: Supply) -> list[dict[str, object]]:
    lists = runtime.catalogue.code_lists
    rows = []
    for field in supply.item.fields:
        codes = lists[field.code_list].entries if field.code_list and field.code_list in lists else {}
        rows.append({
            "name": field.name, "label": labelled(supply.item, field.name), "form": form_word(field, supply.item),
            "required": field.required, "level": str(SENSITIVITIES[field.sensitivity]), "note": field.note,
            "codes": list(codes.items())[:_CODES_SHOWN], "codes_total": len(codes), "list": field.code_list or "",
        })  # fmt: skip
    return rows


@require_GET
@source_page
def template(visit: Visit[SourceActor], item: str, kind: str) -> HttpResponse:
    """An empty file to fill in."""
    from xinqiao.catalogue.template import csv_template, xlsx_template  # a workbook's writer: only here

    supply = collection.supply(visit.actor, item, at=visit.at)
    match kind:
        case "xlsx":
            content = xlsx_template(supply.item, runtime.catalogue)
        case "csv":
            content = csv_template(supply.item)
        case _:
            raise NotFound
    return attachment(content, KINDS[kind], f"{supply.item.id}.{kind}")
