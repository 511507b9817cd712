"""Signing keys of a party's own systems: its keys as rows, and registering one that was pasted. The same in every portal."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from xinqiao.domain.errors import Conflict
from xinqiao.hub.apps.identity.models import DeskKey, InstitutionKey, NodeKey, SourceKey
from xinqiao.hub.portals.access import Visit
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.pasted_key import KeyForm
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _


def key_state(key: InstitutionKey | NodeKey | SourceKey | DeskKey, at: datetime) -> str:
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


def key_context(
    keys: Sequence[InstitutionKey | SourceKey], at: datetime, form: KeyForm, *, owner: str, admin: bool
) -> dict[str, object]:
    """What ``portal/key_page.html`` shows: the keys, the form, the addresses every system connects to.

    Args:
        owner: the party's id.
        admin: whether the reader may register and revoke.
    """
    rows, base = key_rows(keys, at), settings.XINQIAO_PUBLIC_URL
    return {
        "rows": rows,
        "usable": sum(state == "key.active" for _key, state, _kind, _left in rows),
        "owner": owner,
        "admin": admin,
        "form": form,
        "base": base,
        "addresses": [(_("令牌"), f"{base}/oauth/token"), (_("接口文档"), f"{base}/openapi.json")],
    }


def register_pasted[A](
    visit: Visit[A],
    propose: Callable[[KeyForm], object],
    page: Callable[[Visit[A], KeyForm], HttpResponse],
    back: str,
    *,
    read: Callable[[HttpRequest], KeyForm] = KeyForm.read,
) -> HttpResponse:
    """Register what was pasted; what is wrong with it stands at its field of the page."""
    form = read(visit.request)
    if form.errors:
        return page(visit, form)
    try:
        propose(form)
    except Conflict as refused:
        record_refusal(visit.request, refused)
        form.known()
        return page(visit, form)
    return HttpResponseRedirect(reverse(back))
