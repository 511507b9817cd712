"""Signing keys of the institution's own systems, and the addresses they connect to."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.domain.errors import Conflict
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.models import InstitutionKey, NodeKey, SourceKey
from xinqiao.hub.apps.identity.services import propose_key, revoke_key
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.institution.shell import desk_page, is_admin
from xinqiao.hub.portals.pasted_key import KeyForm
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _


def key_state(key: InstitutionKey | NodeKey | SourceKey, at: datetime) -> str:
    """The state word's key: a usable key past its end is expired whatever its row says."""
    return "key.expired" if key.status == "active" and at >= key.not_after else f"key.{key.status}"


def algorithm(jwk: dict[str, object]) -> str:
    """What kind of key it is, for people."""
    return str(jwk.get("crv", jwk.get("kty", "")))


def key_rows(
    keys: Sequence[InstitutionKey | SourceKey], at: datetime
) -> list[tuple[InstitutionKey | SourceKey, str, str, str]]:
    """Each key with its state, its algorithm and the days it has left, as ``portal/key_rows.html`` shows them."""
    return [
        (key, key_state(key, at), algorithm(key.jwk), fmt.days_left(key.not_after, now=at)) for key in keys
    ]


def _page(visit: Visit[InstitutionActor], form: KeyForm) -> HttpResponse:
    rows = key_rows(identity.institution_key_rows(visit.actor.institution_id), visit.at)
    base = settings.XINQIAO_PUBLIC_URL
    context = {
        "rows": rows,
        "usable": sum(state == "key.active" for _key, state, _kind, _left in rows),
        "institution": identity.institution(visit.actor.institution_id),
        "admin": is_admin(visit.actor),
        "form": form,
        "addresses": [
            (_("接口地址"), base),
            (_("令牌"), f"{base}/oauth/token"),
            (_("接口文档"), f"{base}/openapi.json"),
            (_("签名目录"), f"{base}/api/v1/directory"),
        ],
    }
    return desk_page(visit, "institution/keys.html", "keys", context, status=422 if form.errors else 200)


@require_GET
@institution_page
def listing(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Every key with its state, and how a system connects."""
    return _page(visit, KeyForm.fresh(visit.at))


@require_POST
@institution_page
def propose(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Paste a public key; the platform's security officer approves it."""
    form = KeyForm.read(visit.request)
    if form.errors:
        return _page(visit, form)
    try:
        propose_key(
            actor=visit.actor,
            institution_id=visit.actor.institution_id,
            jwk=form.jwk,
            at=visit.at,
            **form.days,
        )
    except Conflict as refused:
        record_refusal(visit.request, refused)
        form.known()
        return _page(visit, form)
    return HttpResponseRedirect(reverse("institution:keys"))


@require_POST
@institution_page
def revoke(visit: Visit[InstitutionActor], kid: str) -> HttpResponse:
    """Stop believing a key, at once and for good."""
    revoke_key(actor=visit.actor, kid=kid, at=visit.at)
    return HttpResponseRedirect(reverse("institution:keys"))
