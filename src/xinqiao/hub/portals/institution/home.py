"""The desk: what can be finished now, and the panel of the chosen row."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET

from xinqiao.domain.consent import VisibleState
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.consents import desk
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.consents.rows import LIVE, AuthorisationRow
from xinqiao.hub.apps.fundflow import figures
from xinqiao.hub.apps.policies.selectors import is_department
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.institution.cards import ReqCard, account_words, products_words, reader_words
from xinqiao.hub.portals.institution.figures import desk_figures
from xinqiao.hub.portals.institution.shell import desk_page, may_query
from xinqiao.ui.i18n import gettext as _

MOST = 50


def _chosen(visit: Visit[InstitutionActor], which: str) -> list[AuthorisationRow]:
    actor, at = visit.actor, visit.at
    match which:
        case "live":
            return desk.live(actor, at=at, limit=MOST)
        case "waiting":
            return consents.authorisations(actor, at=at, state=VisibleState.REQUESTED, limit=MOST)
        case "all":
            return consents.authorisations(actor, at=at, limit=MOST)
        case _:
            return desk.work(actor, at=at, limit=MOST)


@require_GET
@institution_page
def start(visit: Visit[InstitutionActor]) -> HttpResponse:
    """One question: what can I finish now? A policy department starts at its policies."""
    if is_department(visit.actor.institution_id):
        return HttpResponseRedirect(reverse("institution:policies"))
    which = visit.request.GET.get("show", "")
    which = which if which in ("live", "waiting", "all") else "due"
    rows = _chosen(visit, which)
    last = figures.last_queries(visit.actor, [row.id for row in rows])
    cards = [ReqCard.of(row, visit.at, last.get(row.id)) for row in rows]
    counts = desk.state_counts(visit.actor, at=visit.at)
    wanted = visit.request.GET.get("id", "")
    chosen = next((row for row in rows if row.id == wanted), rows[0] if rows else None)
    panel_last = last.get(chosen.id) if chosen else None
    due = (
        cards
        if which == "due"
        else [ReqCard.of(row, visit.at) for row in desk.work(visit.actor, at=visit.at)]
    )
    context = {
        "which": which,
        "cards": cards,
        "chosen": _panel(visit, chosen, panel_last) if chosen else None,
        "chips": [
            ("due", _("要办"), len(due)),
            ("live", _("可查询"), sum(counts[state] for state in LIVE)),
            ("waiting", _("待企业确认"), counts[VisibleState.REQUESTED]),
            ("all", _("全部"), sum(counts.values())),
        ],
        "hint": _hint(due),
        "figures": desk_figures(visit.actor, at=visit.at),
        "may_query": may_query(visit.actor),
        "cut": len(cards) >= MOST,
    }
    return desk_page(visit, "institution/home.html", "work", context)


def _hint(due: list[ReqCard]) -> str:
    ready = sum(card.live for card in due)
    lapsing = sum(card.visible is VisibleState.REQUESTED for card in due)
    news = len(due) - ready - lapsing
    said = [
        _("{n} 份授权可以查").format(n=ready) if ready else "",
        _("{n} 件申请快到期").format(n=lapsing) if lapsing else "",
        _("{n} 件没有同意或已撤回").format(n=news) if news else "",
    ]
    return _("，").join(part for part in said if part) or _("现在没有要办的事。")


def _panel(
    visit: Visit[InstitutionActor], row: AuthorisationRow, last: figures.LastQuery | None
) -> dict[str, object]:
    """What the panel of one authorisation shows; ``last`` is its latest query."""
    return {
        "row": row,
        "card": ReqCard.of(row, visit.at, last),
        "products": products_words(list((row.granted or row.asked).products)),
        "accounts": [account_words(account) for account in row.accounts],
        "reader": reader_words(row.reader),
        "may_query": may_query(visit.actor),
        "href": reverse("institution:request", args=[row.id]),
    }


@require_GET
@institution_page
def panel(visit: Visit[InstitutionActor], authorisation_id: str) -> HttpResponse:
    """The panel alone, for J and K; without script a link leads to the page of the request."""
    row = consents.authorisation(visit.actor, authorisation_id, at=visit.at)
    last = figures.last_queries(visit.actor, [row.id]).get(row.id)
    context = {"chosen": _panel(visit, row, last)}
    return desk_page(visit, "institution/panel.html", "work", context)
