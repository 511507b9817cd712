"""Signing keys of the institution's own systems, and the addresses they connect to."""

import json
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.domain.errors import Conflict, Invalid, Unavailable, XinqiaoError
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.models import InstitutionKey, NodeKey
from xinqiao.hub.apps.identity.services import propose_key, revoke_key
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.institution.shell import desk_page, is_admin
from xinqiao.hub.portals.posted import start_of_typed_day
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _

YEAR = timedelta(days=365)


def key_state(key: InstitutionKey | NodeKey, at: datetime) -> str:
    """The state word's key: a usable key past its end is expired whatever its row says."""
    return "key.expired" if key.status == "active" and at >= key.not_after else f"key.{key.status}"


def algorithm(jwk: dict[str, object]) -> str:
    """What kind of key it is, for people."""
    return str(jwk.get("crv", jwk.get("kty", "")))


def _page(
    visit: Visit[InstitutionActor],
    *,
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> HttpResponse:
    rows = [
        (key, key_state(key, visit.at), algorithm(key.jwk), fmt.days_left(key.not_after, now=visit.at))
        for key in identity.institution_key_rows(visit.actor.institution_id)
    ]
    today, base = fmt.shanghai(visit.at).date(), settings.XINQIAO_PUBLIC_URL
    context = {
        "rows": rows,
        "usable": sum(state == "key.active" for _key, state, _kind, _left in rows),
        "institution": identity.institution(visit.actor.institution_id),
        "admin": is_admin(visit.actor),
        "values": values
        or {"jwk": "", "not_before": today.isoformat(), "not_after": (today + YEAR).isoformat()},
        "errors": errors or {},
        "addresses": [
            (_("接口地址"), base),
            (_("令牌"), f"{base}/oauth/token"),
            (_("接口文档"), f"{base}/openapi.json"),
            (_("签名目录"), f"{base}/api/v1/directory"),
        ],
    }
    return desk_page(visit, "institution/keys.html", "keys", context, status=422 if errors else 200)


@require_GET
@institution_page
def listing(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Every key with its state, and how a system connects."""
    return _page(visit)


@require_POST
@institution_page
def propose(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Paste a public key; the platform's security officer approves it."""
    post = visit.request.POST
    values = {name: post.get(name, "").strip() for name in ("jwk", "not_before", "not_after")}
    errors: dict[str, str] = {}
    days: dict[str, datetime] = {}
    for name in ("not_before", "not_after"):
        try:
            days[name] = start_of_typed_day(values[name], field=name)
        except XinqiaoError:
            errors[name] = _("写成 2026-12-31。")
    if len(days) == 2 and days["not_before"] >= days["not_after"]:
        errors["not_after"] = _("结束要晚于开始。")
    jwk: object = None
    try:
        jwk = json.loads(values["jwk"][:4_000])
    except (ValueError, RecursionError):
        errors["jwk"] = _("这不是一个 JSON 对象，请粘贴整个公钥。")
    if isinstance(jwk, dict) and "d" in jwk:
        # said before anything else, and not echoed: a private key that was pasted is no secret any more
        values["jwk"] = ""
        errors["jwk"] = _("这里面有私钥。它已经不再保密，请换一把，只粘贴公钥。")
    elif not isinstance(jwk, dict):
        errors.setdefault("jwk", _("这不是一个 JSON 对象，请粘贴整个公钥。"))
    if errors or not isinstance(jwk, dict):
        return _page(visit, values=values, errors=errors)
    try:
        propose_key(
            actor=visit.actor, institution_id=visit.actor.institution_id, jwk=jwk, at=visit.at, **days
        )
    except Conflict:
        return _page(visit, values=values, errors={"jwk": _("这把密钥已经登记过。")})
    except (Invalid, Unavailable):
        return _page(visit, values=values, errors={"jwk": _("认不出这把公钥。支持 Ed25519 和 SM2 的 JWK。")})
    return HttpResponseRedirect(reverse("institution:keys"))


@require_POST
@institution_page
def revoke(visit: Visit[InstitutionActor], kid: str) -> HttpResponse:
    """Stop believing a key, at once and for good."""
    revoke_key(actor=visit.actor, kid=kid, at=visit.at)
    return HttpResponseRedirect(reverse("institution:keys"))
