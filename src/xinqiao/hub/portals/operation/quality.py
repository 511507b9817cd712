"""Quality of what is supplied: figures by source, item, region and month, down to the batch; the league table."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from xinqiao.domain.quality import Tally
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.quality import selectors as quality
from xinqiao.hub.apps.quality.monthly import months_with_figures
from xinqiao.hub.apps.quality.selectors import Slice, months_until
from xinqiao.hub.apps.quality.services import month_of
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.operation.shell import Staff, staff_page
from xinqiao.hub.portals.quality_words import QualityRow, columns, figures, region_word, trend
from xinqiao.hub.portals.source.cards import item_word
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _

MONTHS = 12
_UNKNOWN = "-"


def _chosen(visit: Visit[Staff]) -> tuple[dict[str, str], list[str]]:
    """What the address asks for, and the months there are."""
    get = visit.request.GET
    now = month_of(visit.at)
    known = sorted({now, *months_with_figures(visit.actor)}, reverse=True)
    chosen = {name: get.get(name, "") for name in ("source", "item", "region", "month")}
    if chosen["month"] not in known:
        chosen["month"] = known[0]
    return chosen, known


@require_GET
@operator_page
def dashboard(visit: Visit[Staff]) -> HttpResponse:
    """Figures of a part of what is supplied, how it went, and what is behind them."""
    actor = visit.actor
    chosen, known = _chosen(visit)
    month = chosen["month"]
    part = Slice(chosen["source"], chosen["item"], chosen["region"], (month,))
    ever = Slice(chosen["source"], chosen["item"], chosen["region"])
    window = months_until(month, MONTHS)
    by_month = quality.tallies(actor, Slice(*_where(ever), months=window), "month")
    sources = {row.id: row for row in identity.sources(actor)}
    context = {
        "chosen": chosen,
        "keep": {name: {other: text for other, text in chosen.items() if other != name and text} for name in chosen},
        "drops": {
            "source": [("", _("全部数源")), *((key, row.short_name) for key, row in sources.items())],
            "item": [("", _("全部目录项")), *((item, item_word(item)) for item in _keys(visit, part, "item"))],
            "region": [
                ("", _("全部地区")),
                *((region or _UNKNOWN, region_word(region)) for region in _keys(visit, part, "region")),
            ],
            "month": [(one, fmt.month(one)) for one in known],
        },
        "filtered": bool(chosen["source"] or chosen["item"] or chosen["region"]),
        "month_word": fmt.month(month),
        "figures": figures(
            by_month.get((month,), Tally()), before=by_month.get((window[-2],), Tally()), span=fmt.month(month)
        ),
        "trend": trend(window, by_month),
        "tables": _tables(visit, part, chosen, {key: row.short_name for key, row in sources.items()}),
        "batches": [
            (one, item_word(one.item), QualityRow.of(one.tally, name=one.number, href=reverse("operator:batch", args=[one.id])))
            for one in quality.batches_behind(actor, part, limit=20)
        ],
    }  # fmt: skip
    return staff_page(visit, "operation/quality.html", "quality", context)


def _where(part: Slice) -> tuple[str, str, str]:
    return part.source_id, part.item, part.region


def _keys(visit: Visit[Staff], part: Slice, by: str) -> list[str]:
    """What there is to choose from in a month: of everything but the dimension itself."""
    return quality.values_of(
        visit.actor,
        Slice(
            part.source_id,
            "" if by == "item" else part.item,
            "" if by == "region" else part.region,
            part.months,
        ),
        by,
    )


def _tables(
    visit: Visit[Staff], part: Slice, chosen: dict[str, str], names: dict[str, str]
) -> list[tuple[str, tuple[dict[str, object], ...], list[QualityRow]]]:
    """Tables of the dimensions that are still open, worst first."""
    found = []
    for by, title in (("source", _("按数源")), ("item", _("按目录项")), ("region", _("按地区"))):
        if chosen[by]:
            continue
        rows = []
        for (key,), tally in quality.tallies(visit.actor, part, by).items():
            name = item_word(key) if by == "item" else region_word(key) if by == "region" else names[key]
            kept = {**{other: text for other, text in chosen.items() if text}, by: key or _UNKNOWN}
            rows.append(
                (quality.scored(tally).value, QualityRow.of(tally, name=name, href=f"?{urlencode(kept)}"))
            )
        rows.sort(key=lambda one: (one[0] is None, one[0] or 0, one[1].name))
        head = {"source": _("数源单位"), "item": _("目录项"), "region": _("地区")}[by]
        found.append((title, columns(head), [row for _value, row in rows]))
    return found


@require_GET
@operator_page
def league(visit: Visit[Staff]) -> HttpResponse:
    """The league table of a month, or of the last twelve."""
    chosen, known = _chosen(visit)
    whole = visit.request.GET.get("span") == "year"
    months = months_until(chosen["month"], MONTHS) if whole else (chosen["month"],)
    table = quality.league_table(months, item=chosen["item"])
    rows = [
        QualityRow.of(
            place.tally, name=table.sources[place.who].short_name, place=place.place,
            href=reverse("operator:quality") + "?" + urlencode({"source": place.who, "month": chosen["month"]}),
        )
        for place in table.places
    ]  # fmt: skip
    context = {
        "rows": rows,
        "columns": ({"label": _("名次"), "num": True}, *columns(_("数源单位"))),
        "unranked": [row.short_name for row in table.unranked],
        "months": [(one, fmt.month(one)) for one in known],
        "items": [("", _("全部目录项")), *((item, item_word(item)) for item in _keys(visit, Slice(months=months), "item"))],
        "chosen": chosen,
        "span": "year" if whole else "",
        "span_word": _("{a} 至 {b}").format(a=fmt.month(months[0]), b=fmt.month(months[-1])) if whole else fmt.month(months[0]),
    }  # fmt: skip
    return staff_page(visit, "operation/league.html", "quality", context)
