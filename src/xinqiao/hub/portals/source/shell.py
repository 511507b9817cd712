"""The frame of the sources' portal for one visit, and the words of its roles."""

from collections.abc import Mapping

from django.http import HttpResponse

from xinqiao.hub.actors import SourceActor, SourceRole
from xinqiao.hub.apps.collection import selectors as collection
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.notices.selectors import unread_count
from xinqiao.hub.apps.quality.ticket_selectors import waiting_count
from xinqiao.hub.apps.redress import selectors as redress
from xinqiao.hub.portals.access import Visit
from xinqiao.hub.portals.frame import Visitor, page, source_shell
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.shell import Shell


def role_word(role: str) -> str:
    """A role of a source's people."""
    return {SourceRole.SUPPLIER: _("报送员"), SourceRole.STEWARD: _("数据管理员")}[SourceRole(role)]


def is_steward(actor: SourceActor) -> bool:
    """Whether a steward's buttons are shown; the services decide."""
    return SourceRole.STEWARD in actor.roles


def may_send(actor: SourceActor) -> bool:
    """Whether buttons of sending are shown; the services decide."""
    return SourceRole.SUPPLIER in actor.roles


def source_frame(visit: Visit[SourceActor], current: str) -> Shell:
    """The shell of a page; ``current`` is the key of the place."""
    actor = visit.actor
    roles = _("、").join(role_word(role) for role in reversed(SourceRole) if role in actor.roles)
    organisation = identity.source(actor, actor.source_id).short_name
    return source_shell(
        visit.request,
        Visitor(actor.name, roles or _("还没有角色"), organisation),
        current,
        to_do=collection.to_do_count(actor),
        unread=unread_count(actor),
        asked=waiting_count(actor),
        to_answer=redress.waiting_for_source(actor),
    )


def source_page_of(
    visit: Visit[SourceActor],
    template: str,
    current: str,
    context: Mapping[str, object],
    *,
    status: int = 200,
) -> HttpResponse:
    """Render a page of this portal; ``at``, the instant of the visit, is in every context."""
    return page(
        visit.request, template, source_frame(visit, current), {"at": visit.at, **context}, status=status
    )
