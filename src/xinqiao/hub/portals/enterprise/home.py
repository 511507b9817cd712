"""The start page of an enterprise: what waits for a decision, its accounts, live authorisations, the last events."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.cases.selectors import open_cases
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.needs import selectors as needs
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.case_cards import CaseCard
from xinqiao.hub.portals.enterprise.cards import AccountCard, live_cards, waiting_cards
from xinqiao.hub.portals.enterprise.entries import recent_entries
from xinqiao.hub.portals.enterprise.shell import enterprise_frame
from xinqiao.hub.portals.frame import page
from xinqiao.hub.portals.need_cards import NeedCard


@require_GET
@enterprise_page
def start(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """One question: what waits for my decision?"""
    waiting = waiting_cards(visit.actor, visit.at)
    live = live_cards(visit.actor, visit.at)
    bindings = consents.bindings(visit.actor, at=visit.at)
    accounts = [card for row in bindings if not (card := AccountCard.of(row)).over]
    context = {
        "firm": identity.enterprise(visit.actor),
        "waiting": waiting,
        "live": live,
        "accounts": accounts,
        "main_account": next((a for a in accounts if a.bound), None),
        "now": visit.at,
        "needs": [NeedCard.of(one, visit.at) for one in needs.needs(visit.actor, limit=3)],
        "cases": [CaseCard.of(row) for row in open_cases(visit.actor, at=visit.at)],
        "entries": recent_entries(visit.actor, bindings, limit=5),
    }
    return page(visit.request, "enterprise/home.html", enterprise_frame(visit, "home"), context)
