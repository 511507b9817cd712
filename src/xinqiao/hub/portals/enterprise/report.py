"""The enterprise's own report: asked for by itself, computed by its bank now, opened in memory for this one page."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from xinqiao.domain.consent import MAX_MONTHS, Product
from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.consents.rows import SUPPLYING
from xinqiao.hub.apps.fundflow import selectors as fundflow
from xinqiao.hub.apps.fundflow.services import Opened, self_query
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.enterprise.cards import AccountCard
from xinqiao.hub.portals.enterprise.shell import enterprise_frame
from xinqiao.hub.portals.frame import page
from xinqiao.hub.portals.nodes import node_client
from xinqiao.hub.portals.posted import number_field
from xinqiao.hub.portals.report_files import report_json, report_pdf
from xinqiao.ui.report_view import build_summary_view, build_view

MONTHS = (6, 12, 24, 36)


def _ask(visit: Visit[EnterpriseActor], only: Product | None = None) -> tuple[Opened, Product]:
    """Query what the form names. Every way to the content is a fresh, recorded query."""
    post, months = visit.request.POST, number_field(visit.request, "months", 1, MAX_MONTHS)
    product = only or (Product.SUMMARY if post.get("product") == Product.SUMMARY.value else Product.REPORT)
    opened = self_query(
        actor=visit.actor,
        binding_id=post.get("account", ""),
        product=product,
        months=months,
        client=node_client(),
    )
    return opened, product


@require_http_methods(["GET", "POST"])
@enterprise_page
def show(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """GET: choose account, product and months. POST: the report."""
    accounts = [
        AccountCard.of(row) for row in consents.bindings(visit.actor, at=visit.at) if row.state in SUPPLYING
    ]
    if visit.request.method == "GET":
        get = visit.request.GET
        known = [a.id for a in accounts]
        choices: dict[str, object] = {
            "accounts": accounts,
            "chosen": get.get("account") if get.get("account") in known else (known or [""])[0],
            "product": Product.SUMMARY if get.get("product") == Product.SUMMARY.value else Product.REPORT,
            "month": int(get["months"]) if get.get("months") in {str(m) for m in MONTHS} else 24,
            "months": MONTHS,
            "statements": fundflow.statements(visit.actor, live_only=True),
        }
        return page(visit.request, "enterprise/report_ask.html", enterprise_frame(visit, "report"), choices)
    opened, product = _ask(visit)
    account = visit.request.POST.get("account", "")
    report = product is Product.REPORT
    context: dict[str, object] = {
        "opened": opened,
        "view": build_view(opened.product) if report else build_summary_view(opened.product),
        "statements": fundflow.statements_on_report(enterprise_id=opened.enterprise_id, account_id=account),
        "asked": {
            "account": account,
            "months": visit.request.POST.get("months", "24"),
            "product": product.value,
        },
    }
    template = "enterprise/report.html" if report else "enterprise/summary.html"
    return page(visit.request, template, enterprise_frame(visit, "report"), context)


@require_POST
@enterprise_page
def glance(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The last twelve months in a few figures, for the start page; a self query like any other."""
    opened, _product = _ask(visit, Product.REPORT)
    context = {"opened": opened, "view": build_view(opened.product)}
    return page(visit.request, "enterprise/glance.html", enterprise_frame(visit, "home"), context)


@require_POST
@enterprise_page
def pdf(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The same as a signed PDF with the watermark 自查，非机构用; a query of its own, recorded as such."""
    opened, product = _ask(visit)
    return report_pdf(opened, product)


@require_POST
@enterprise_page
def as_json(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The node's signed product with everything that ``xinqiao verify`` needs to check it offline."""
    opened, _product = _ask(visit)
    return report_json(opened)
