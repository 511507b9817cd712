"""People of the source: who sends, who looks after the data."""

import secrets

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.domain.errors import Conflict, Invalid
from xinqiao.hub.actors import SourceActor, SourceRole
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.models import SourceMember
from xinqiao.hub.apps.identity.services import add_source_member, end_source_member
from xinqiao.hub.portals.access import Visit, source_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.source.shell import is_steward, role_word, source_page_of
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _


def colleague_row(member: SourceMember) -> dict[str, object]:
    """A person for a table, whoever looks."""
    ended = member.ended_at is not None
    return {
        "id": member.user_id,
        "name": member.user.display_name or member.user.username,
        "username": member.user.username,
        "roles": _("、").join(role_word(role) for role in member.roles),
        "state_key": "member.ended" if ended else "member.active",
        "ended": ended,
    }


def _page(
    visit: Visit[SourceActor], *, values: dict[str, object] | None = None, errors: dict[str, str] | None = None,
    made: tuple[str, str] | None = None,
) -> HttpResponse:  # fmt: skip
    members = identity.source_members(visit.actor, visit.actor.source_id)
    context = {
        "rows": [{**colleague_row(one), "own": one.user_id == visit.actor.user_id} for one in members],
        "all_roles": [(role.value, role_word(role)) for role in SourceRole],
        "steward": is_steward(visit.actor),
        "values": values or {"username": "", "display_name": "", "roles": [SourceRole.SUPPLIER.value]},
        "errors": errors or {},
        "made": made,
    }
    return source_page_of(visit, "source/people.html", "people", context, status=422 if errors else 200)


@require_GET
@source_page
def listing(visit: Visit[SourceActor]) -> HttpResponse:
    """Everybody, with roles."""
    return _page(visit)


@require_POST
@source_page
def add(visit: Visit[SourceActor]) -> HttpResponse:
    """Make an account. The first password is made here, shown once, stored as a hash only."""
    post = visit.request.POST
    values: dict[str, object] = {name: post.get(name, "").strip() for name in ("username", "display_name")}
    roles = {one for one in post.getlist("role") if one in set(SourceRole)}
    values["roles"] = sorted(roles)
    errors = {name: _("请填写。") for name in ("username", "display_name") if not values[name]}
    if len(str(values["display_name"])) > 80:
        errors["display_name"] = _("最多 80 个字。")
    if not roles:
        errors["roles"] = _("至少选一个角色。")
    if errors:
        return _page(visit, values=values, errors=errors)
    password = secrets.token_urlsafe(12)
    try:
        add_source_member(
            actor=visit.actor, source_id=visit.actor.source_id, username=str(values["username"]), password=password,
            display_name=str(values["display_name"]), roles=frozenset(SourceRole(one) for one in roles), at=visit.at,
        )  # fmt: skip
    except (Conflict, Invalid) as refused:
        record_refusal(visit.request, refused)
        return _page(visit, values=values, errors=_blame(refused))
    return _page(visit, made=(str(values["username"]), password))


def _blame(refused: Conflict | Invalid) -> dict[str, str]:
    field = str(refused.facts.get("field", "username"))
    if isinstance(refused, Conflict):
        return {"username": _("这个登录名已经有人用，换一个。")}
    if field == "username":
        return {"username": _("登录名用小写字母、数字、点和横线。")}
    return {field: words(refused.code).title}


@require_POST
@source_page
def end(visit: Visit[SourceActor], user_id: str) -> HttpResponse:
    """Somebody leaves, at once."""
    end_source_member(actor=visit.actor, user_id=user_id, at=visit.at)
    return HttpResponseRedirect(reverse("source:people"))
