"""Notices of the enterprise: what happened without its own doing, read and unread."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.notices.services import mark_all_read, mark_read
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.enterprise.shell import enterprise_frame
from xinqiao.hub.portals.frame import page
from xinqiao.hub.portals.notice_words import notice_context


@require_GET
@enterprise_page
def listing(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The newest first. Looking at the list marks nothing."""
    return page(
        visit.request, "enterprise/notices.html", enterprise_frame(visit, "me"), notice_context(visit.actor)
    )


@require_POST
@enterprise_page
def read(visit: Visit[EnterpriseActor], notice_id: str) -> HttpResponse:
    """Mark one as read."""
    mark_read(actor=visit.actor, notice_id=notice_id, at=visit.at)
    return HttpResponseRedirect(reverse("enterprise:notices"))


@require_POST
@enterprise_page
def read_all(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """Mark all as read that were there."""
    mark_all_read(actor=visit.actor, at=visit.at)
    return HttpResponseRedirect(reverse("enterprise:notices"))
