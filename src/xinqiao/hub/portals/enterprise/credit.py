"""The firm's own credit report: everything collected about it, before any institution sees it."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.reports import declarations
from xinqiao.hub.apps.reports import selectors as reports
from xinqiao.hub.apps.reports.lake import holdings_of
from xinqiao.hub.apps.reports.services import Issued, issue_own
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.credit_files import credit_beside, credit_json, credit_pdf
from xinqiao.hub.portals.enterprise.shell import enterprise_frame
from xinqiao.hub.portals.frame import page
from xinqiao.hub.runtime import runtime
from xinqiao.ui.report.credit import build_credit_view


def _make(visit: Visit[EnterpriseActor]) -> Issued:
    return issue_own(
        actor=visit.actor, holdings=holdings_of(identity.uscc_of(visit.actor.enterprise_id)), at=visit.at
    )


@require_GET
@enterprise_page
def ask(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """What a credit report is, and the ones made so far."""
    context: dict[str, object] = {
        "issued": reports.issued(visit.actor),
        "declared_asked": runtime.declared_form is not None,
        "declared": declarations.declared(visit.actor),
    }
    return page(visit.request, "enterprise/credit_ask.html", enterprise_frame(visit, "report"), context)


@require_POST
@enterprise_page
def show(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """A report of this moment; making it is a use of one's own data and recorded."""
    issued = _make(visit)
    context: dict[str, object] = {
        "issued": issued,
        "head": issued.head,
        "view": build_credit_view(issued.report),
        "beside": credit_beside(issued),
    }
    return page(visit.request, "enterprise/credit.html", enterprise_frame(visit, "report"), context)


@require_POST
@enterprise_page
def as_json(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The same as a signed document; a report of its own, with its own number."""
    return credit_json(_make(visit))


@require_POST
@enterprise_page
def pdf(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The same as a signed PDF; a report of its own, with its own number."""
    return credit_pdf(_make(visit))
