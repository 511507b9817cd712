"""Signing keys of the source's own systems, and the addresses they connect to."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.hub.actors import SourceActor
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.services import propose_source_key, revoke_source_key
from xinqiao.hub.portals.access import Visit, source_page
from xinqiao.hub.portals.key_pages import key_context, register_pasted
from xinqiao.hub.portals.pasted_key import KeyForm
from xinqiao.hub.portals.source.shell import is_steward, source_page_of


def _page(visit: Visit[SourceActor], form: KeyForm) -> HttpResponse:
    keys, actor = identity.source_key_rows(visit.actor, visit.actor.source_id), visit.actor
    context = key_context(keys, visit.at, form, owner=actor.source_id, admin=is_steward(actor))
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
    owner = visit.actor.source_id
    return register_pasted(
        visit,
        lambda form: propose_source_key(
            actor=visit.actor, source_id=owner, jwk=form.jwk, at=visit.at, **form.days
        ),
        _page,
        "source:keys",
    )


@require_POST
@source_page
def revoke(visit: Visit[SourceActor], kid: str) -> HttpResponse:
    """Stop believing a key, at once and for good."""
    revoke_source_key(actor=visit.actor, kid=kid, at=visit.at)
    return HttpResponseRedirect(reverse("source:keys"))
