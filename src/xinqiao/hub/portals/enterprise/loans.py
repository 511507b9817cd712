"""My loans: what is owed, what is due next and the whole plan, as the institutions reported it."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from xinqiao.domain.loans.states import LIVE
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.loans import selectors
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.enterprise.shell import firm_page
from xinqiao.hub.portals.loan_words import class_word, event_word, facts_of

_MOST = 100


@require_GET
@enterprise_page
def listing(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The firm's loans, those that are owed first, by the next due day."""
    day = business_day(visit.at)
    rows, _more = selectors.book(visit.actor, selectors.Wanted(page=_MOST), day)
    live = [one for one in rows if one.contract.state in LIVE]
    live.sort(key=lambda one: (one.position.next_due is None, one.position.next_due, one.contract.id))
    context: dict[str, object] = {
        "live": live, "others": [one for one in rows if one.contract.state not in LIVE], "day": day,
        "totals": selectors.totals(visit.actor, day), "at": visit.at,
    }  # fmt: skip
    return firm_page(visit, "enterprise/loans.html", "me", context)


@require_GET
@enterprise_page
def one(visit: Visit[EnterpriseActor], loan_id: str) -> HttpResponse:
    """One loan: the next payment, the plan, the cost, what was reported."""
    row, day = selectors.contract(visit.actor, loan_id), business_day(visit.at)
    seen = selectors.whole(row, day)
    context: dict[str, object] = {
        "row": row, "seen": seen, "day": day, "facts": facts_of(row), "at": visit.at,
        "five_class": class_word(seen.position.five_class), "case": selectors.case_of(row),
        "story": [(event_word(step.event), step) for step in reversed(seen.steps)],
    }  # fmt: skip
    return firm_page(visit, "enterprise/loan.html", "me", context)
