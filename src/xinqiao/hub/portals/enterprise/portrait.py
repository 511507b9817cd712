"""The firm's own portrait: its figures over time, beside firms of its kind. Every look is recorded, every file numbered."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.reports import selectors as reports
from xinqiao.hub.apps.reports.holdings import Holdings
from xinqiao.hub.apps.reports.lake import holdings_of
from xinqiao.hub.apps.reports.models import ReportKind
from xinqiao.hub.apps.reports.own import VALID
from xinqiao.hub.apps.reports.portraits import Looked, issue_own_portrait, look_at_own
from xinqiao.hub.apps.reports.protocol import Numbered
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.enterprise.shell import enterprise_frame
from xinqiao.hub.portals.frame import page
from xinqiao.hub.portals.item_names import item_names
from xinqiao.hub.portals.portrait_files import portrait_json, portrait_pdf
from xinqiao.ui.report.portrait import build_portrait_view


def _holdings(visit: Visit[EnterpriseActor]) -> Holdings:
    return holdings_of(identity.uscc_of(visit.actor.enterprise_id))


@require_GET
@enterprise_page
def show(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The page, by months or by quarters, and the ones taken away so far."""
    looked = look_at_own(actor=visit.actor, holdings=_holdings(visit), at=visit.at)
    view = build_portrait_view(
        looked.portrait, item_names(), quarterly=visit.request.GET.get("by") == "quarter"
    )
    issued = reports.issued(visit.actor, kind=ReportKind.PORTRAIT)
    context: dict[str, object] = {"looked": looked, "view": view, "issued": issued}
    return page(visit.request, "enterprise/portrait.html", enterprise_frame(visit, "report"), context)


def _issue(visit: Visit[EnterpriseActor]) -> tuple[Looked, Numbered]:
    made = issue_own_portrait(actor=visit.actor, holdings=_holdings(visit), at=visit.at)
    assert made.given is not None
    return made, made.given


@require_POST
@enterprise_page
def pdf(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The same as a signed PDF, by months; it has its own number and code."""
    made, given = _issue(visit)
    return portrait_pdf(made, given, given.at + VALID)


@require_POST
@enterprise_page
def as_json(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The same as a document beside the platform's signature over it, with its own number and code."""
    return portrait_json(*_issue(visit))
