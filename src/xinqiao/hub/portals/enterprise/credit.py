"""The firm's own credit report: everything collected about it, before any institution sees it."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.domain.consent import MAX_MONTHS
from xinqiao.domain.report import OwnProduct
from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.consents.rows import SUPPLYING
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.reports import declarations
from xinqiao.hub.apps.reports import selectors as reports
from xinqiao.hub.apps.reports.lake import holdings_of
from xinqiao.hub.apps.reports.own_product import own_product
from xinqiao.hub.apps.reports.services import Issued, issue_own
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.credit_files import credit_beside, credit_json, credit_pdf, own_view
from xinqiao.hub.portals.enterprise.cards import AccountCard
from xinqiao.hub.portals.enterprise.shell import enterprise_frame
from xinqiao.hub.portals.frame import page
from xinqiao.hub.portals.nodes import node_client
from xinqiao.hub.portals.posted import number_field
from xinqiao.hub.runtime import runtime
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report.credit import build_credit_view

MONTHS = (12, 24, 36)


def _product(visit: Visit[EnterpriseActor]) -> OwnProduct | None:
    """The self query the form asks for, made now; ``None`` where it asks for none."""
    account = visit.request.POST.get("account", "")
    if not account:
        return None
    return own_product(
        actor=visit.actor,
        binding_id=account,
        months=number_field(visit.request, "months", 1, MAX_MONTHS),
        client=node_client(),
        at=visit.at,
    )


def _make(visit: Visit[EnterpriseActor]) -> Issued:
    product = _product(visit)
    return issue_own(
        actor=visit.actor,
        holdings=holdings_of(identity.uscc_of(visit.actor.enterprise_id)),
        # a self query takes its moment; the report is of after it
        at=runtime.clock.now() if product else visit.at,
        product=product,
    )


@require_GET
@enterprise_page
def ask(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """What a credit report is, and the ones made so far."""
    context: dict[str, object] = {
        "issued": reports.issued(visit.actor),
        "accounts": [
            AccountCard.of(row)
            for row in consents.bindings(visit.actor, at=visit.at)
            if row.state in SUPPLYING
        ],
        "months": [(str(n), _("{n} 个月").format(n=n)) for n in MONTHS],
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
        "own": own_view(issued),
        "asked": {name: visit.request.POST.get(name, "") for name in ("account", "months")},
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
