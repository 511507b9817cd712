"""The enterprise's ledger: everything that happened with its data, filtered, and its export for offline verification."""

from datetime import timedelta

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.enterprise.entries import by_day, recent_entries
from xinqiao.hub.portals.enterprise.shell import enterprise_frame
from xinqiao.hub.portals.files import ledger_file
from xinqiao.hub.portals.frame import page
from xinqiao.ui import format as fmt
from xinqiao.ui.figures import Definition
from xinqiao.ui.i18n import gettext as _

SPANS = {"30": 30, "90": 90, "365": 365, "all": 0}
MOST = 400


@require_GET
@enterprise_page
def show(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """Who saw what, when, on what ground; what was not released, and why."""
    get = visit.request.GET
    span = get.get("span", "90") if get.get("span", "90") in SPANS else "90"
    family, party = get.get("kind", ""), get.get("party", "")
    bindings = consents.bindings(visit.actor, at=visit.at)
    since = visit.at - timedelta(days=SPANS[span]) if SPANS[span] else None
    entries = recent_entries(visit.actor, bindings, limit=MOST, since=since)
    cut = len(entries) >= MOST
    parties = sorted({e.institution for e in entries if e.institution})
    if party in parties:
        entries = [e for e in entries if e.institution == party]
    chips = [
        ("", _("全部")), ("use", _("使用")), ("deny", _("没放行")), ("consent", _("授权")), ("binding", _("绑定")),
        ("self", _("自己查")),
    ]  # fmt: skip
    counts = {key: sum(1 for e in entries if not key or e.family == key) for key, _word in chips}
    shown = [e for e in entries if not family or e.family == family]
    since_words = _("近 {n} 天").format(n=SPANS[span]) if SPANS[span] else _("全部时间")
    context = {
        "figures": _figures(since_words, fmt.moment(visit.at)),
        "span_words": since_words,
        "as_of": fmt.moment(visit.at),
        "days": list(by_day(shown)),
        "chips": [(key, word, counts[key], key == family) for key, word in chips],
        "span": span,
        "party": party,
        "parties": parties,
        "party_options": [("", _("全部机构")), *((name, name) for name in parties)],
        "uses": counts["use"],
        "denials": counts["deny"],
        "readers": len({e.institution for e in entries if e.family == "use"}),
        "cut": cut,
    }
    return page(visit.request, "enterprise/ledger.html", enterprise_frame(visit, "ledger"), context)


def _figures(span: str, as_of: str) -> dict[str, Definition]:
    """What the two figures beside the ledger count."""
    return {
        "use": Definition(
            "E01", 1, _("放行的使用"), _("这段时间里，机构按您的授权拿到产品的次数。您自己查的不算。"),
            _("计数：机构的查询，状态为已放行"), span, as_of,
        ),
        "deny": Definition(
            "E02", 1, _("没有放行"), _("这段时间里被拒绝或没有办成的查询。每一次都没有数据给出，也不占次数。"),
            _("计数：机构的查询，状态为未放行或数源未应答"), span, as_of,
        ),
    }  # fmt: skip


@require_GET
@enterprise_page
def export(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The enterprise's own leaves with their proofs, for ``xinqiao verify`` on any computer."""
    return ledger_file(visit, "ledger")
