"""Asking under an authorisation and showing the answer: the hub opens the product for this one page (代为显示，不留存).

The product lives in this response only: not in the session, not in a cache, not in a log. Every way to the content,
PDF and JSON included, is a query of its own that counts. A refusal leads to its record, which holds no content.
"""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from xinqiao.domain.consent import MAX_MONTHS, Product
from xinqiao.domain.errors import XinqiaoError
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.fundflow import selectors as fundflow
from xinqiao.hub.apps.fundflow.services import Opened, display_query
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.institution.shell import desk_page
from xinqiao.hub.portals.nodes import node_client
from xinqiao.hub.portals.posted import number_field
from xinqiao.hub.portals.report_files import report_json, report_pdf
from xinqiao.ui.report_view import build_summary_view, build_view


def _ask(visit: Visit[InstitutionActor], authorisation_id: str) -> tuple[Opened, Product]:
    post, months = visit.request.POST, number_field(visit.request, "months", 1, MAX_MONTHS)
    product = Product.SUMMARY if post.get("product") == Product.SUMMARY.value else Product.REPORT
    opened = display_query(
        actor=visit.actor,
        authorisation_id=authorisation_id,
        account_id=post.get("account", ""),
        product=product,
        months=months,
        client=node_client(),
    )
    return opened, product


def _to_record(request: HttpRequest, error: XinqiaoError) -> HttpResponse:
    """Lead to the record of the refusal or fault; what was not recorded is an error page."""
    query_id = error.facts.get("query")
    if not isinstance(query_id, str):
        raise error
    target = reverse("institution:record", args=[query_id])
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)


@require_http_methods(["GET", "POST"])
@institution_page
def show(visit: Visit[InstitutionActor], authorisation_id: str) -> HttpResponse:
    """POST: query and show. GET leads to the form: an address never holds a report."""
    if visit.request.method == "GET":
        return HttpResponseRedirect(reverse("institution:request", args=[authorisation_id]))
    try:
        opened, product = _ask(visit, authorisation_id)
    except XinqiaoError as refused:
        return _to_record(visit.request, refused)
    row = consents.authorisation(visit.actor, authorisation_id, at=visit.at)
    account = visit.request.POST.get("account", "")
    report = product is Product.REPORT
    view = build_view(opened.product) if report else build_summary_view(opened.product)
    # The node knows the authorisation by its id only; people know it by its number.
    head = replace(view.head, authorisation_no=row.authorisation_no or view.head.authorisation_no)
    context: dict[str, object] = {
        "row": row,
        "opened": opened,
        "view": replace(view, head=head),
        "statements": fundflow.statements_on_report(enterprise_id=opened.enterprise_id, account_id=account),
        "asked": {name: visit.request.POST.get(name, "") for name in ("account", "product", "months")},
    }
    template = "institution/report.html" if report else "institution/summary.html"
    return desk_page(visit, template, "reports", context)


@require_POST
@institution_page
def pdf(visit: Visit[InstitutionActor], authorisation_id: str) -> HttpResponse:
    """Query and send the signed PDF; uses one query."""
    try:
        opened, product = _ask(visit, authorisation_id)
    except XinqiaoError as refused:
        return _to_record(visit.request, refused)
    row = consents.authorisation(visit.actor, authorisation_id, at=visit.at)
    return report_pdf(opened, product, row.authorisation_no or "")


@require_POST
@institution_page
def as_json(visit: Visit[InstitutionActor], authorisation_id: str) -> HttpResponse:
    """Query and send the node's signed product with what ``xinqiao verify`` needs; uses one query."""
    try:
        opened, _product = _ask(visit, authorisation_id)
    except XinqiaoError as refused:
        return _to_record(visit.request, refused)
    return report_json(opened)
