"""The platform's own systems at the interface: registered by the administrator, let in by the security officer."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.hub.actors import OperatorRole
from xinqiao.hub.apps.identity import oversight
from xinqiao.hub.apps.identity.desk_keys import NAME_LENGTH
from xinqiao.hub.apps.identity.services import approve_desk_key, propose_desk_key, revoke_desk_key
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.key_pages import algorithm, key_state, register_pasted
from xinqiao.hub.portals.operation.shell import Staff, has, manager, staff_page
from xinqiao.hub.portals.pasted_key import KeyForm
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _


class SystemForm(KeyForm):
    """A pasted key, and the name of the system it is of."""

    @classmethod
    def fresh(cls, at: datetime) -> "SystemForm":
        """An empty form: a year from today."""
        form = cls(KeyForm.fresh(at).values)
        form.values["name"] = ""
        return form

    @classmethod
    def read(cls, request: HttpRequest) -> "SystemForm":
        """The posted values, and what is wrong with them beside its field."""
        key, name = KeyForm.read(request), request.POST.get("name", "").strip()
        form = cls({**key.values, "name": name}, key.errors, key.jwk, key.days)
        if not 1 <= len(name) <= NAME_LENGTH or not name.isprintable():
            form.errors["name"] = _("1 到 {n} 个字。").format(n=NAME_LENGTH)
        return form


def _page(visit: Visit[Staff], form: KeyForm) -> HttpResponse:
    base = settings.XINQIAO_PUBLIC_URL
    rows = [
        (row, key_state(row, visit.at), algorithm(row.jwk), fmt.days_left(row.not_after, now=visit.at))
        for row in oversight.desk_systems()
    ]
    context: dict[str, object] = {
        "rows": rows,
        "usable": sum(state == "key.active" for _row, state, _kind, _left in rows),
        "form": form,
        "admin": has(visit, OperatorRole.ADMIN),
        "security": has(visit, OperatorRole.SECURITY),
        "addresses": [(_("令牌"), f"{base}/oauth/token"), (_("接口文档"), f"{base}/openapi.json")],
    }
    return staff_page(visit, "operation/systems.html", "systems", context, status=422 if form.errors else 200)


@require_GET
@operator_page
def listing(visit: Visit[Staff]) -> HttpResponse:
    """Every system with its state, and how one connects."""
    return _page(visit, SystemForm.fresh(visit.at))


@require_POST
@operator_page
def propose(visit: Visit[Staff]) -> HttpResponse:
    """Register a system by its public key; the security officer lets it in."""
    actor = manager(visit)
    return register_pasted(
        visit,
        lambda form: propose_desk_key(
            actor=actor, name=form.values["name"], jwk=form.jwk, at=visit.at, **form.days
        ),
        _page,
        "operator:systems",
        read=SystemForm.read,
    )


@require_POST
@operator_page
def approve(visit: Visit[Staff], desk_id: str) -> HttpResponse:
    """The security officer lets a system in."""
    approve_desk_key(actor=manager(visit), desk_id=desk_id, at=visit.at)
    return HttpResponseRedirect(reverse("operator:systems"))


@require_POST
@operator_page
def revoke(visit: Visit[Staff], desk_id: str) -> HttpResponse:
    """End a system, at once and for good."""
    revoke_desk_key(actor=manager(visit), desk_id=desk_id, at=visit.at)
    return HttpResponseRedirect(reverse("operator:systems"))
