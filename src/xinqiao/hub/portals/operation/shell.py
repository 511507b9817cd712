"""The frame of the operator portal for one visit, the words of its roles, and who may press a button.

The auditor reads the same pages. ``manager`` is the gate of every act: it turns the auditor away before a service is
asked, and the services then ask for the role.
"""

from collections.abc import Mapping

from django.http import HttpResponse

from xinqiao.domain.errors import Code, Forbidden
from xinqiao.hub.actors import AuditorActor, OperatorActor, OperatorRole
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.apps.notices.selectors import unread_count
from xinqiao.hub.portals.access import Visit
from xinqiao.hub.portals.frame import Visitor, operator_shell, page
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.shell import Shell

type Staff = OperatorActor | AuditorActor


def role_word(role: OperatorRole) -> str:
    """A role of the platform's own people."""
    return {
        OperatorRole.ADMIN: _("系统管理员"),
        OperatorRole.SECURITY: _("安全管理员"),
        OperatorRole.SERVICE: _("客服"),
        OperatorRole.ADVISER: _("融资顾问"),
    }[role]


def manager(visit: Visit[Staff]) -> OperatorActor:
    """The operator behind a visit. Raises Forbidden for the auditor, who changes nothing."""
    if isinstance(visit.actor, AuditorActor):
        raise Forbidden(Code.ROLE_FORBIDDEN, "the auditor reads and changes nothing")
    return visit.actor


def has(visit: Visit[Staff], role: OperatorRole) -> bool:
    """Whether a button of this role is shown."""
    return isinstance(visit.actor, OperatorActor) and role in visit.actor.roles


def needs(visit: Visit[Staff], role: OperatorRole) -> OperatorActor:
    """The operator behind a visit, who has this role: for pages that are a form. The services ask again."""
    if not has(visit, role):
        raise Forbidden(Code.ROLE_FORBIDDEN, "the platform role is missing", facts={"role": role.value})
    return manager(visit)


def operation_frame(visit: Visit[Staff], current: str) -> Shell:
    """The shell of a page; ``current`` is the key of the place."""
    user = visit.request.user
    name = (user.display_name or user.username) if isinstance(user, User) else ""
    if isinstance(visit.actor, AuditorActor):
        role = _("审计员，只看不改")
    else:
        role = _("、").join(role_word(one) for one in OperatorRole if one in visit.actor.roles) or _(
            "还没有角色"
        )
    return operator_shell(visit.request, Visitor(name, role), current, unread=unread_count(visit.actor))


def staff_page(
    visit: Visit[Staff], template: str, current: str, context: Mapping[str, object], *, status: int = 200
) -> HttpResponse:
    """Render a page of this portal; ``at``, the instant of the visit, is in every context."""
    return page(
        visit.request, template, operation_frame(visit, current), {"at": visit.at, **context}, status=status
    )
