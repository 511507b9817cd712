"""Institutions: the list, one with its people, keys and nodes; approving keys, suspending."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from xinqiao.hub.actors import OperatorRole
from xinqiao.hub.apps.fundflow import figures
from xinqiao.hub.apps.identity import oversight
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.services import approve_key, approve_roles, revoke_key, set_institution_status
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.institution.people import member_row
from xinqiao.hub.portals.key_pages import key_rows
from xinqiao.hub.portals.operation.nodes import NodeCard
from xinqiao.hub.portals.operation.shell import Staff, has, manager, staff_page
from xinqiao.ui.i18n import gettext as _


def kind_words(*, is_user: bool, is_provider: bool) -> str:
    """In which capacities an institution takes part."""
    return _("、").join(
        word for word, yes in ((_("使用信息"), is_user), (_("提供信息"), is_provider)) if yes
    ) or _("没有资格")


@require_GET
@operator_page
def listing(visit: Visit[Staff]) -> HttpResponse:
    """Every institution."""
    text = visit.request.GET.get("q", "").strip()
    rows = oversight.institution_rows(text=text)
    context = {
        "rows": [(row, kind_words(is_user=row.is_user, is_provider=row.is_provider)) for row in rows],
        "waiting": sum(row.keys_proposed for row in rows),
        "q": text,
        "admin": has(visit, OperatorRole.ADMIN),
    }
    return staff_page(visit, "operation/institutions.html", "institutions", context)


@require_GET
@operator_page
def detail(visit: Visit[Staff], institution_id: str) -> HttpResponse:
    """One institution."""
    return show(visit, institution_id)


def show(visit: Visit[Staff], institution_id: str, *, made: tuple[str, str] | None = None) -> HttpResponse:
    """The page of an institution; ``made`` is its first administrator's log-in name and password, shown this once."""
    row = identity.institution(institution_id)
    keys = key_rows(identity.institution_key_rows(institution_id), visit.at)
    context = {
        "row": row,
        "kind": kind_words(is_user=row.is_user, is_provider=row.is_provider),
        "members": [member_row(member) for member in oversight.institution_members(institution_id)],
        "keys": keys,
        "nodes": [NodeCard.of(node, visit.at) for node in oversight.institution_nodes(institution_id)],
        "counts": figures.record_counts(visit.actor, institution_id=institution_id),
        "admin": has(visit, OperatorRole.ADMIN),
        "security": has(visit, OperatorRole.SECURITY),
        "made": made,
    }
    return staff_page(visit, "operation/institution.html", "institutions", context)


def _back(visit: Visit[Staff]) -> HttpResponse:
    """The page the button was on, if it is one of ours."""
    wanted = visit.request.POST.get("next", "")
    ours = wanted.startswith("/o/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return HttpResponseRedirect(wanted if ours else reverse("operator:institutions"))


@require_POST
@operator_page
def set_status(visit: Visit[Staff], institution_id: str) -> HttpResponse:
    """Suspend an institution, or let it back in."""
    active = visit.request.POST.get("active") == "1"
    set_institution_status(actor=manager(visit), institution_id=institution_id, active=active, at=visit.at)
    return HttpResponseRedirect(reverse("operator:institution", args=[institution_id]))


@require_POST
@operator_page
def approve(visit: Visit[Staff], kid: str) -> HttpResponse:
    """The security officer makes a proposed key count."""
    approve_key(actor=manager(visit), kid=kid, at=visit.at)
    return _back(visit)


@require_POST
@operator_page
def revoke(visit: Visit[Staff], kid: str) -> HttpResponse:
    """Stop believing an institution's key."""
    revoke_key(actor=manager(visit), kid=kid, at=visit.at)
    return _back(visit)


@require_POST
@operator_page
def approve_member(visit: Visit[Staff], user_id: str) -> HttpResponse:
    """Be the second person for roles an institution's only administrator proposed."""
    approve_roles(actor=manager(visit), user_id=user_id, at=visit.at)
    return _back(visit)
