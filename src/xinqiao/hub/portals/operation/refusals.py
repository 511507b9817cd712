"""What was not released: by code, by institution, by day, and the list itself."""

from datetime import date, timedelta

from django.http import HttpResponse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from xinqiao.hub.apps.fundflow import figures
from xinqiao.hub.apps.fundflow import selectors as fundflow
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.institution.cards import code_title
from xinqiao.hub.portals.institution.shell import cursor
from xinqiao.hub.portals.operation.shell import Staff, staff_page
from xinqiao.hub.portals.words import product_short, short_name
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _

PAGE = 50
SPANS = {"7": 7, "30": 30, "90": 90}


@require_GET
@operator_page
def listing(visit: Visit[Staff]) -> HttpResponse:
    """Refusals and faults of a period. Names of firms are not shown: causes and institutions answer the question."""
    get = visit.request.GET
    span = get.get("span", "30") if get.get("span", "30") in SPANS else "30"
    state = "failed" if get.get("state") == "failed" else "denied"
    since, until = visit.at - timedelta(days=SPANS[span]), visit.at + timedelta(seconds=1)
    found = figures.refusals(visit.actor, since=since, until=until)
    institutions = {row.institution_id: row.name for row in found.institutions}
    party = get.get("party", "") if get.get("party", "") in institutions else ""
    after, first = cursor(visit.request)
    rows = fundflow.records(
        visit.actor, state=state, institution_id=party or None, since=since, after=after, limit=PAGE + 1
    )
    more, rows = len(rows) > PAGE, rows[:PAGE]
    kept = {name: value for name, value in (("span", span), ("state", state), ("party", party)) if value}
    context = {
        "found": found,
        "causes": [(cause, code_title(cause.code)) for cause in found.causes],
        "most": max((cause.number for cause in found.causes), default=1),
        "rows": [
            (row, product_short(row.product), code_title(row.code), short_name(row.institution_name))
            for row in rows
        ],
        "span": span,
        "state": state,
        "party": party,
        "parties": [("", _("全部机构")), *institutions.items()],
        "first": first,
        "chart": _chart(found, fmt.shanghai(visit.at).date(), SPANS[span]),
        "columns": (
            {"label": _("日期")},
            {"label": _("未放行"), "num": True},
            {"label": _("数源未应答"), "num": True},
        ),
        "days": [
            (fmt.day(day), fmt.count(denied), fmt.count(failed))
            for day, denied, failed in reversed(found.days)
        ],
        "sentence": _sentence(found),
        "busiest": _busiest(found),
        "total": None if party else found.failed if state == "failed" else found.denied,
        "start_href": f"?{urlencode(kept)}" if after else "",
        "next_href": f"?{urlencode({**kept, 'after': rows[-1].id, 'n': str(first + PAGE)})}" if more else "",
    }
    return staff_page(visit, "operation/refusals.html", "refusals", context)


def _chart(found: figures.Refusals, today: date, days: int) -> dict[str, object]:
    """Every day of the period, so that a quiet day is seen as quiet."""
    known = {day: (denied, failed) for day, denied, failed in found.days}
    span = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    pairs = [known.get(day.isoformat(), (0, 0)) for day in span]
    return {
        "labels": [fmt.short_day(day) for day in span],
        "unit": _("次"),
        "every": max(1, days // 7),
        "series": [
            {"name": _("未放行"), "values": [denied for denied, _failed in pairs]},
            # a hollow bar of height 0 would be drawn as a line
            {
                "name": _("数源未应答"),
                "values": [failed or None for _denied, failed in pairs],
                "hollow": True,
            },
        ],
    }


def _sentence(found: figures.Refusals) -> str:
    if not found.causes:
        return _("这段时间没有未放行的查询。")
    top = found.causes[0]
    return _("{n} 次没有放行，{m} 次数源未应答；最多的是「{cause}」，{k} 次。").format(
        n=found.denied, m=found.failed, cause=code_title(top.code), k=top.number
    )


def _busiest(found: figures.Refusals) -> str:
    if not found.days:
        return ""
    day, denied, failed = max(found.days, key=lambda one: one[1] + one[2])
    return _("最多的一天是 {day}，{n} 次。").format(day=fmt.day(day), n=denied + failed)
