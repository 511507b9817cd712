"""Signing keys of the institution's own systems, and the addresses they connect to."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.services import propose_key, revoke_key
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.institution.shell import desk_page, is_admin
from xinqiao.hub.portals.key_pages import key_context, register_pasted
from xinqiao.hub.portals.pasted_key import KeyForm


def _page(visit: Visit[InstitutionActor], form: KeyForm) -> HttpResponse:
    keys, actor = identity.institution_key_rows(visit.actor.institution_id), visit.actor
    context = key_context(keys, visit.at, form, owner=actor.institution_id, admin=is_admin(actor))
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
    owner = visit.actor.institution_id
    return register_pasted(
        visit,
        lambda form: propose_key(
            actor=visit.actor, institution_id=owner, jwk=form.jwk, at=visit.at, **form.days
        ),
        _page,
        "institution:keys",
    )


@require_POST
@institution_page
def revoke(visit: Visit[InstitutionActor], kid: str) -> HttpResponse:
    """Stop believing a key, at once and for good."""
    revoke_key(actor=visit.actor, kid=kid, at=visit.at)
    return HttpResponseRedirect(reverse("institution:keys"))
