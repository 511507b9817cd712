"""People of the institution: who may do what. A role counts once a second person agreed."""

import secrets

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid
from xinqiao.hub.actors import InstitutionActor, InstitutionRole
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.models import Member
from xinqiao.hub.apps.identity.services import add_member, approve_roles, end_member, propose_roles
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.institution.shell import desk_page, is_admin, role_word
from xinqiao.ui.i18n import gettext as _


def member_row(member: Member) -> dict[str, object]:
    """A member for a table, whoever looks."""
    pending = member.pending_roles
    ended = member.ended_at is not None
    return {
        "id": member.user_id,
        "name": member.user.display_name or member.user.username,
        "username": member.user.username,
        "department": member.department,
        "roles": _("、").join(role_word(role) for role in member.roles) or _("还没有角色"),
        "pending": _("、").join(role_word(role) for role in pending) if pending is not None else None,
        "state_key": "member.ended"
        if ended
        else "member.pending"
        if pending is not None
        else "member.active",
        "ended": ended,
    }


def _row(member: Member, viewer: InstitutionActor) -> dict[str, object]:
    own = member.user_id == viewer.user_id
    return {
        **member_row(member),
        "held": list(member.roles),
        "own": own,
        # Shown where it can work; the service refuses the proposer and the member whatever a page shows.
        "may_approve": member.pending_roles is not None
        and not own
        and member.proposed_by_id != viewer.user_id,
    }


def _page(
    visit: Visit[InstitutionActor], *, values: dict[str, object] | None = None, errors: dict[str, str] | None = None,
    made: tuple[str, str] | None = None,
) -> HttpResponse:  # fmt: skip
    rows = [_row(member, visit.actor) for member in identity.members(visit.actor)]
    context = {
        "rows": sorted(rows, key=lambda row: bool(row["ended"])),
        "all_roles": [(role.value, role_word(role)) for role in InstitutionRole],
        "admin": is_admin(visit.actor),
        "values": values
        or {"username": "", "display_name": "", "department": visit.actor.department, "roles": []},
        "errors": errors or {},
        "made": made,
    }
    return desk_page(visit, "institution/people.html", "people", context, status=422 if errors else 200)


@require_GET
@institution_page
def listing(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Everybody, with roles, and what waits for a second person."""
    return _page(visit)


def _roles(posted: list[str]) -> frozenset[InstitutionRole]:
    if not set(posted) <= set(InstitutionRole):
        raise Invalid(Code.INVALID, "no such role", facts={"field": "role"})
    return frozenset(InstitutionRole(role) for role in posted)


@require_POST
@institution_page
def add(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Make an account. The first password is made here, shown once, stored as a hash only."""
    post = visit.request.POST
    values: dict[str, object] = {
        "username": post.get("username", "").strip(),
        "display_name": post.get("display_name", "").strip(),
        "department": post.get("department", "").strip(),
        "roles": post.getlist("role"),
    }
    errors = {name: _("请填写。") for name in ("username", "display_name") if not values[name]}
    errors |= {
        name: _("最多 80 个字。")
        for name in ("username", "display_name", "department")
        if len(str(values[name])) > 80
    }
    if not post.getlist("role"):
        errors["roles"] = _("至少选一个角色。")
    if errors:
        return _page(visit, values=values, errors=errors)
    password = secrets.token_urlsafe(12)
    try:
        add_member(
            actor=visit.actor,
            institution_id=visit.actor.institution_id,
            username=str(values["username"]),
            password=password,
            display_name=str(values["display_name"]),
            department=str(values["department"]),
            roles=_roles(post.getlist("role")),
            at=visit.at,
        )
    except Conflict as refused:
        record_refusal(visit.request, refused)
        return _page(visit, values=values, errors={"username": _("这个登录名已经有人用，换一个。")})
    return _page(visit, made=(str(values["username"]), password))


def _back() -> HttpResponse:
    return HttpResponseRedirect(reverse("institution:people"))


@require_POST
@institution_page
def propose(visit: Visit[InstitutionActor], user_id: str) -> HttpResponse:
    """Propose other roles."""
    roles = _roles(visit.request.POST.getlist("role"))
    propose_roles(actor=visit.actor, user_id=user_id, roles=roles, at=visit.at)
    return _back()


@require_POST
@institution_page
def approve(visit: Visit[InstitutionActor], user_id: str) -> HttpResponse:
    """Agree to what another administrator proposed."""
    approve_roles(actor=visit.actor, user_id=user_id, at=visit.at)
    return _back()


@require_POST
@institution_page
def end(visit: Visit[InstitutionActor], user_id: str) -> HttpResponse:
    """Somebody leaves, at once. Not oneself: an institution must not lose its last administrator by a slip."""
    if user_id == visit.actor.user_id:
        raise Forbidden(Code.ROLE_FORBIDDEN, "another administrator ends your post")
    end_member(actor=visit.actor, user_id=user_id, at=visit.at)
    return _back()
