"""The frame of the enterprise portal for one visit: the firm, who acts for it, and what waits for a decision."""

from collections.abc import Mapping

from django.http import HttpResponse

from xinqiao.hub.actors import EnterpriseActor, PersonRole
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.items import selectors as items
from xinqiao.hub.portals.access import Visit
from xinqiao.hub.portals.frame import Visitor, enterprise_shell, page
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.shell import Shell


def role_word(role: PersonRole) -> str:
    """In which capacity somebody acts."""
    return _("法定代表人") if role is PersonRole.LEGAL_REP else _("代办人")


def enterprise_frame(visit: Visit[EnterpriseActor], current: str) -> Shell:
    """The shell of a page; ``current`` is the key of the place."""
    firm = identity.enterprise(visit.actor)
    person = f"{visit.request.user.display_name} · {role_word(visit.actor.role)}"  # type: ignore[union-attr]
    waiting = consents.inbox_count(visit.actor, at=visit.at) + items.inbox_count(visit.actor, at=visit.at)
    return enterprise_shell(visit.request, Visitor(firm.name, person), current, to_decide=waiting)


def firm_page(
    visit: Visit[EnterpriseActor],
    template: str,
    current: str,
    context: Mapping[str, object],
    *,
    status: int = 200,
) -> HttpResponse:
    """Render a page of this portal."""
    return page(visit.request, template, enterprise_frame(visit, current), context, status=status)
