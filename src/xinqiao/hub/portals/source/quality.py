"""A source's own quality: its figures with their formulas, its place, how what it supplies was used."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.quality import Tally
from xinqiao.hub.actors import SourceActor
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.quality import selectors as quality
from xinqiao.hub.apps.quality.monthly import figures_json, months_with_figures, own_part, told_json
from xinqiao.hub.apps.quality.selectors import Slice, months_until
from xinqiao.hub.apps.quality.services import month_of
from xinqiao.hub.apps.quality.usage import KINDS, ItemUse, use_of_source
from xinqiao.hub.portals.access import Visit, source_page
from xinqiao.hub.portals.files import attachment
from xinqiao.hub.portals.quality_words import (
    QualityRow,
    columns,
    figures,
    region_word,
    told_word,
    trend,
    use_word,
)
from xinqiao.hub.portals.source.cards import item_word
from xinqiao.hub.portals.source.shell import source_page_of
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _

MONTHS = 12


def _chosen(visit: Visit[SourceActor]) -> tuple[str, str, list[str]]:
    known = sorted({month_of(visit.at), *months_with_figures(visit.actor)}, reverse=True)
    month = visit.request.GET.get("month", "")
    item = visit.request.GET.get("item", "")
    return (month if month in known else known[0]), item, known


def _uses(visit: Visit[SourceActor], month: str) -> list[ItemUse]:
    items = identity.source(visit.actor, visit.actor.source_id).items
    return use_of_source(visit.actor.source_id, items, month)


@require_GET
@source_page
def own(visit: Visit[SourceActor]) -> HttpResponse:
    """The source's figures of a month, its place, its trend, its use."""
    actor = visit.actor
    month, item, known = _chosen(visit)
    window = months_until(month, MONTHS)
    by_month = quality.tallies(actor, Slice(item=item, months=window), "month")
    part = Slice(item=item, months=(month,))
    uses = _uses(visit, month)
    context = {
        "month": month,
        "month_word": fmt.month(month),
        "item": item,
        "months": [(one, fmt.month(one)) for one in known],
        "items": [("", _("全部目录项")), *((one.item, item_word(one.item)) for one in uses)],
        "figures": figures(
            by_month.get((month,), Tally()), before=by_month.get((window[-2],), Tally()), span=fmt.month(month)
        ),
        "place": quality.own_place(actor, [month]),
        "trend": trend(window, by_month),
        "tables": _tables(visit, part, month),
        "batches": [
            (one, item_word(one.item), QualityRow.of(one.tally, name=one.number, href=reverse("source:batch", args=[one.id])))
            for one in quality.batches_behind(actor, part, limit=10)
        ],
        "uses": [
            (
                item_word(one.item),
                [told_word(one.uses[kind]) for kind in KINDS if kind in one.uses],
                told_word(one.institutions),
            )
            for one in uses
        ],
        "use_heads": [use_word(kind) for kind in ("own_report", "report", "dossier")],
        "published": own_part(actor, month),
    }  # fmt: skip
    return source_page_of(visit, "source/quality.html", "quality", context)


def _tables(
    visit: Visit[SourceActor], part: Slice, month: str
) -> list[tuple[str, tuple[dict[str, object], ...], list[QualityRow]]]:
    items = [
        QualityRow.of(tally, name=item_word(key), href="?" + urlencode({"month": month, "item": key}))
        for (key,), tally in quality.tallies(visit.actor, part, "item").items()
    ]
    regions = [
        QualityRow.of(tally, name=region_word(key))
        for (key,), tally in quality.tallies(visit.actor, part, "region").items()
    ]
    return [
        (_("按目录项"), columns(_("目录项")), items),
        (_("按地区"), columns(_("地区")), regions),
    ]


@require_GET
@source_page
def own_json(visit: Visit[SourceActor]) -> HttpResponse:
    """The same as data, for a program of the source."""
    month, _item, _known = _chosen(visit)
    place = quality.own_place(visit.actor, [month])
    by_item = quality.tallies(visit.actor, Slice(months=(month,)), "item")
    said: dict[str, Json] = {
        "month": month,
        "figures": figures_json(quality.total(visit.actor, Slice(months=(month,)))),
        "place": place.place,
        "of": place.of,
        "items": {item: figures_json(tally) for (item,), tally in by_item.items()},
        "use": {
            one.item: {
                **{kind: told_json(count) for kind, count in one.uses.items()},
                "institutions": told_json(one.institutions),
            }
            for one in _uses(visit, month)
        },
        "effect": {"state": "not_collected", "loans": None},
    }
    return attachment(canonical_bytes(said), "application/json", f"quality-{month}.json")
