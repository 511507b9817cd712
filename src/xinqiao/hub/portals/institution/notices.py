"""Notices of the institution: what happened without its own doing, read and unread."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.notices.services import mark_all_read, mark_read
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.institution.shell import desk_page
from xinqiao.hub.portals.notice_words import notice_context


@require_GET
@institution_page
def listing(visit: Visit[InstitutionActor]) -> HttpResponse:
    """The newest first. Looking at the list marks nothing."""
    return desk_page(visit, "institution/notices.html", "notices", notice_context(visit.actor))


@require_POST
@institution_page
def read(visit: Visit[InstitutionActor], notice_id: str) -> HttpResponse:
    """Mark one as read."""
    mark_read(actor=visit.actor, notice_id=notice_id, at=visit.at)
    return HttpResponseRedirect(reverse("institution:notices"))


@require_POST
@institution_page
def read_all(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Mark all as read that were there."""
    mark_all_read(actor=visit.actor, at=visit.at)
    return HttpResponseRedirect(reverse("institution:notices"))
