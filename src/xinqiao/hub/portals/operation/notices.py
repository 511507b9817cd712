"""Notices of the platform's people: what sources answered, what was escalated."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.hub.apps.notices.services import mark_all_read, mark_read
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.notice_words import notice_context
from xinqiao.hub.portals.operation.shell import Staff, manager, staff_page


@require_GET
@operator_page
def listing(visit: Visit[Staff]) -> HttpResponse:
    """Everything the platform was told."""
    return staff_page(visit, "operation/notices.html", "notices", notice_context(visit.actor))


@require_POST
@operator_page
def read(visit: Visit[Staff], notice_id: str) -> HttpResponse:
    """One notice was read."""
    mark_read(actor=manager(visit), notice_id=notice_id, at=visit.at)
    return HttpResponseRedirect(reverse("operator:notices"))


@require_POST
@operator_page
def read_all(visit: Visit[Staff]) -> HttpResponse:
    """All of them were."""
    mark_all_read(actor=manager(visit), at=visit.at)
    return HttpResponseRedirect(reverse("operator:notices"))
