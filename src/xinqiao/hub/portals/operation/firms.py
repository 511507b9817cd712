"""A firm by name or number, and what the platform holds about it: items, sources, batches, days. No record is shown."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from xinqiao.domain.errors import Invalid
from xinqiao.domain.identifiers import validate_uscc
from xinqiao.hub.apps.identity.register import has_register, registered
from xinqiao.hub.apps.reports.lake import holdings_of
from xinqiao.hub.apps.reports.oversight import look_at_holdings
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.firm_search import LIMIT, search_register
from xinqiao.hub.portals.item_names import item_names
from xinqiao.hub.portals.operation.shell import Staff, staff_page


@require_GET
@operator_page
def search(visit: Visit[Staff]) -> HttpResponse:
    """Find; a whole code leads to its firm although no register knows it."""
    text = visit.request.GET.get("q", "").strip()[:100]
    found = search_register(visit.actor.user_id, text, visit.at) if text else []
    context = {
        "q": text,
        "found": found,
        "code": "" if found else _code(text),
        "limit": LIMIT,
        "indexed": has_register(),
    }
    return staff_page(visit, "operation/firms.html", "firms", context)


@require_GET
@operator_page
def one(visit: Visit[Staff], uscc: str) -> HttpResponse:
    """What is held about a firm. Raises Invalid for a code that is none: it is said which character is wrong."""
    code = validate_uscc(uscc)
    held = look_at_holdings(actor=visit.actor, uscc=code, holdings=holdings_of(code), at=visit.at)
    context = {"held": held, "firm": registered(code), "names": item_names()}
    return staff_page(visit, "operation/firm.html", "firms", context)


def _code(text: str) -> str:
    try:
        return validate_uscc(text)
    except Invalid:
        return ""
