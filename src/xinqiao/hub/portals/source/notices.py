"""Notices of the source: what the hub found, unread first in the count."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.hub.actors import SourceActor
from xinqiao.hub.apps.notices.services import mark_all_read, mark_read
from xinqiao.hub.portals.access import Visit, source_page
from xinqiao.hub.portals.notice_words import notice_context
from xinqiao.hub.portals.source.shell import source_page_of


@require_GET
@source_page
def listing(visit: Visit[SourceActor]) -> HttpResponse:
    """Everything the source was told."""
    return source_page_of(visit, "source/notices.html", "notices", notice_context(visit.actor))


@require_POST
@source_page
def read(visit: Visit[SourceActor], notice_id: str) -> HttpResponse:
    """One notice was read."""
    mark_read(actor=visit.actor, notice_id=notice_id, at=visit.at)
    return HttpResponseRedirect(reverse("source:notices"))


@require_POST
@source_page
def read_all(visit: Visit[SourceActor]) -> HttpResponse:
    """All of them were."""
    mark_all_read(actor=visit.actor, at=visit.at)
    return HttpResponseRedirect(reverse("source:notices"))
