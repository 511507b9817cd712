"""The frame of the institution portal for one visit, and the words for its roles."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse

from xinqiao.hub.actors import InstitutionActor, InstitutionRole
from xinqiao.hub.apps.cases import selectors as cases
from xinqiao.hub.apps.consents import desk
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.notices.selectors import unread_count
from xinqiao.hub.apps.policies.selectors import is_department
from xinqiao.hub.portals.access import Visit
from xinqiao.hub.portals.frame import Visitor, institution_shell, page
from xinqiao.hub.portals.posted import whole_number
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.shell import Shell


def role_word(role: str) -> str:
    """A role of an institution's people."""
    return {
        InstitutionRole.QUERY_OPERATOR: _("查询经办"),
        InstitutionRole.QUERY_REVIEWER: _("查询复核"),
        InstitutionRole.PROVIDER_ADMIN: _("数源管理员"),
        InstitutionRole.INSTITUTION_ADMIN: _("机构管理员"),
        InstitutionRole.AUDITOR: _("机构审计员"),
        InstitutionRole.PRODUCT_MANAGER: _("产品经理"),
        InstitutionRole.CUSTOMER_MANAGER: _("客户经理"),
        InstitutionRole.GUARANTEE_OFFICER: _("担保经办"),
        InstitutionRole.POLICY_OFFICER: _("政策专员"),
        InstitutionRole.FUND_OFFICER: _("资金专员"),
    }[InstitutionRole(role)]


def is_admin(actor: InstitutionActor) -> bool:
    """Whether buttons of administration are shown; the services decide."""
    return InstitutionRole.INSTITUTION_ADMIN in actor.roles


def may_query(actor: InstitutionActor) -> bool:
    """Whether buttons of asking and querying are shown; the services decide."""
    return InstitutionRole.QUERY_OPERATOR in actor.roles


def institution_frame(visit: Visit[InstitutionActor], current: str) -> Shell:
    """The shell of a page; ``current`` is the key of the place."""
    actor = visit.actor
    institution = identity.institution(actor.institution_id)
    roles = _("、").join(role_word(role) for role in InstitutionRole if role in actor.roles)
    organisation = " · ".join(part for part in (institution.short_name, actor.department) if part)
    visitor = Visitor(actor.operator_name, roles or _("还没有角色"), organisation)
    return institution_shell(
        visit.request,
        visitor,
        current,
        to_do=desk.to_do_count(actor, at=visit.at),
        unread=unread_count(actor),
        cases=cases.to_do(actor),
        department=is_department(actor.institution_id),
    )


def cursor(request: HttpRequest) -> tuple[str, int]:
    """The row after which a page begins, and the number of its first row (for the words of the pager only)."""
    after = request.GET.get("after", "")
    number = whole_number(request.GET.get("n", ""), 1, 999_999) if after else None
    return after, number or 1


def desk_page(
    visit: Visit[InstitutionActor],
    template: str,
    current: str,
    context: Mapping[str, object],
    *,
    status: int = 200,
) -> HttpResponse:
    """Render a page of this portal; ``at``, the instant of the visit, is in every context."""
    return page(
        visit.request, template, institution_frame(visit, current), {"at": visit.at, **context}, status=status
    )
