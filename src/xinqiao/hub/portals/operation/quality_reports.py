"""Monthly reports of quality: the list, one as a page, its files, making one."""

import json

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.hub.actors import OperatorRole
from xinqiao.hub.apps.quality import monthly
from xinqiao.hub.apps.quality.selectors import month_before
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.files import attachment
from xinqiao.hub.portals.operation.shell import Staff, has, manager, staff_page
from xinqiao.hub.portals.quality_files import report_bundle, report_pdf
from xinqiao.hub.portals.quality_paper import report_view
from xinqiao.ui import format as fmt


@require_GET
@operator_page
def listing(visit: Visit[Staff]) -> HttpResponse:
    """Every report, newest first."""
    month = month_before(visit.at)
    context = {
        "rows": [(row, fmt.month(row.month), fmt.decimal(row.score)) for row in monthly.reports(visit.actor)],
        "may": has(visit, OperatorRole.ADMIN) or has(visit, OperatorRole.SERVICE),
        "month": month,
        "month_word": fmt.month(month),
    }
    return staff_page(visit, "operation/quality_reports.html", "quality", context)


@require_POST
@operator_page
def make(visit: Visit[Staff]) -> HttpResponse:
    """Publish the report of a month, or its next version; the same one when nothing changed."""
    month = visit.request.POST.get("month", "")
    row = monthly.publish_report(actor=manager(visit), month=month, at=visit.at)
    return HttpResponseRedirect(reverse("operator:quality_report", args=[row.id]))


@require_GET
@operator_page
def detail(visit: Visit[Staff], report_id: str) -> HttpResponse:
    """One report as it was frozen."""
    row = monthly.report(visit.actor, report_id)
    context = {"row": row, "view": report_view(row.document), "month_word": fmt.month(row.month)}
    return staff_page(visit, "operation/quality_report.html", "quality", context)


@require_GET
@operator_page
def file_json(visit: Visit[Staff], report_id: str) -> HttpResponse:
    """The document with its digest, signature and leaf."""
    row = monthly.report(visit.actor, report_id)
    content = json.dumps(report_bundle(row), ensure_ascii=False, indent=1)
    return attachment(content, "application/json", f"{row.number}.json")


@require_GET
@operator_page
def file_pdf(visit: Visit[Staff], report_id: str) -> HttpResponse:
    """The signed PDF."""
    row = monthly.report(visit.actor, report_id)
    return attachment(report_pdf(row), "application/pdf", f"{row.number}.pdf")
