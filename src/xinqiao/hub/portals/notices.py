"""Notices of a party: what happened without its own doing, read and unread. The same three addresses in every portal."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.notices.services import mark_all_read, mark_read
from xinqiao.hub.portals.access import Visit
from xinqiao.hub.portals.notice_words import notice_context

TEMPLATE = "portal/notice_page.html"


def notice_urls[A: Actor](
    portal: str,
    page_of: Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]],
    show: Callable[[Visit[A], str, str, Mapping[str, object]], HttpResponse],
    *,
    who: Callable[[Visit[A]], Actor] | None = None,
    place: str = "notices",
    under: str = "",
) -> list[URLPattern]:
    """The addresses of a portal's notices.

    Args:
        portal: the namespace of the portal.
        page_of: who may open a page of it.
        show: renders a page of it: visit, template, key of the place, context.
        who: the actor that marks as read, where not everybody who looks may.
        place: key of the place in the navigation.
        under: what stands before ``notices`` in the addresses.
    """

    def acting(visit: Visit[A]) -> Any:
        return who(visit) if who else visit.actor

    def back() -> HttpResponse:
        return HttpResponseRedirect(reverse(f"{portal}:notices"))

    @require_GET
    @page_of
    def listing(visit: Visit[A]) -> HttpResponse:
        """The newest first. Looking at the list marks nothing."""
        return show(visit, TEMPLATE, place, {"portal": portal, **notice_context(visit.actor)})

    @require_POST
    @page_of
    def read(visit: Visit[A], notice_id: str) -> HttpResponse:
        """Mark one as read."""
        mark_read(actor=acting(visit), notice_id=notice_id, at=visit.at)
        return back()

    @require_POST
    @page_of
    def read_all(visit: Visit[A]) -> HttpResponse:
        """Mark all as read that were there."""
        mark_all_read(actor=acting(visit), at=visit.at)
        return back()

    return [
        path(f"{under}notices", listing, name="notices"),
        path(f"{under}notices/read", read_all, name="notices_read_all"),
        path(f"{under}notices/<str:notice_id>/read", read, name="notice_read"),
    ]
