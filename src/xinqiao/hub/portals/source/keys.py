"""Signing keys of the source's own systems, and the addresses they connect to."""

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.domain.errors import Conflict
from xinqiao.hub.actors import SourceActor
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.services import propose_source_key, revoke_source_key
from xinqiao.hub.portals.access import Visit, source_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.institution.keys import key_rows
from xinqiao.hub.portals.pasted_key import KeyForm
from xinqiao.hub.portals.source.shell import is_steward, source_page_of
from xinqiao.ui.i18n import gettext as _


def _page(visit: Visit[SourceActor], form: KeyForm) -> HttpResponse:
    rows = key_rows(identity.source_key_rows(visit.actor, visit.actor.source_id), visit.at)
    base = settings.XINQIAO_PUBLIC_URL
    context = {
        "rows": rows,
        "usable": sum(state == "key.active" for _key, state, _kind, _left in rows),
        "source": identity.source(visit.actor, visit.actor.source_id),
        "steward": is_steward(visit.actor),
        "form": form,
        "addresses": [
            (_("报送"), f"{base}/api/v1/collection/batches"),
            (_("令牌"), f"{base}/oauth/token"),
            (_("接口文档"), f"{base}/openapi.json"),
        ],
    }
    return source_page_of(visit, "source/keys.html", "keys", context, status=422 if form.errors else 200)


@require_GET
@source_page
def listing(visit: Visit[SourceActor]) -> HttpResponse:
    """Every key with its state, and how a system connects."""
    return _page(visit, KeyForm.fresh(visit.at))


@require_POST
@source_page
def propose(visit: Visit[SourceActor]) -> HttpResponse:
    """Paste a public key; the platform's security officer approves it."""
    form = KeyForm.read(visit.request)
    if form.errors:
        return _page(visit, form)
    try:
        propose_source_key(
            actor=visit.actor, source_id=visit.actor.source_id, jwk=form.jwk, at=visit.at, **form.days
        )
    except Conflict as refused:
        record_refusal(visit.request, refused)
        form.known()
        return _page(visit, form)
    return HttpResponseRedirect(reverse("source:keys"))


@require_POST
@source_page
def revoke(visit: Visit[SourceActor], kid: str) -> HttpResponse:
    """Stop believing a key, at once and for good."""
    revoke_source_key(actor=visit.actor, kid=kid, at=visit.at)
    return HttpResponseRedirect(reverse("source:keys"))
