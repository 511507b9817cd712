"""Confirming an act: show exactly the text that will be signed, take the second factor over it, then act.

Every act of an enterprise that gives or ends something goes through the same two steps: a page that shows the text
(``enterprise/sign.html``) with a passkey, or in a demonstration the simulated face check, and the verb itself. What the
person chose travels in the form and is recomputed by the verb, so a changed field is ``WHAT_YOU_SEE``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from xinqiao.domain.errors import Code, Forbidden
from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.consents.summary import WhatYouSee
from xinqiao.hub.apps.identity.factors import (
    FactorMethod,
    available_methods,
    begin_second_factor,
    finish_second_factor,
    finish_simulated_face,
)
from xinqiao.hub.portals.access import Visit
from xinqiao.hub.portals.enterprise.shell import enterprise_frame
from xinqiao.hub.portals.frame import page
from xinqiao.hub.portals.posted import seen_version
from xinqiao.ui.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class SignPage:
    """What the confirming page says around the text."""

    title: str
    button: str
    target: str
    back: str
    fields: Mapping[str, str | list[str]]
    place: str = "consents"  # where in the navigation one is
    binding: bool = False  # the second step of binding an account


def _pairs(fields: Mapping[str, str | list[str]]) -> list[tuple[str, str]]:
    return [
        (name, one)
        for name, value in fields.items()
        for one in (value if isinstance(value, list) else [value])
    ]


def sign_page(
    visit: Visit[EnterpriseActor], *, seen: WhatYouSee, object_id: str, say: SignPage
) -> HttpResponse:
    """The page that shows ``seen`` and asks for the second factor over its digest."""
    actor, request = visit.actor, visit.request
    wanted = request.GET.get("method") or request.POST.get("method") or ""
    methods = available_methods(actor.user_id)
    if not methods:
        return page(
            request,
            "enterprise/need_passkey.html",
            enterprise_frame(visit, say.place),
            {"back": say.back},
            status=403,
        )
    method = next((m for m in methods if m.value == wanted), methods[0])
    challenge = begin_second_factor(
        user_id=actor.user_id,
        action=seen.act,
        object_id=object_id,
        shown_digest=seen.digest,
        method=method,
        at=visit.at,
    )
    context = {
        "say": say,
        "pairs": _pairs(say.fields),
        "lines": seen.lines,
        "digest": seen.digest,
        "challenge": challenge,
        "simulated": method is FactorMethod.SIMULATED_FACE,
        "other_methods": [m.value for m in methods if m is not method],
    }
    return page(request, "enterprise/sign.html", enterprise_frame(visit, say.place), context)


def passed_factor(visit: Visit[EnterpriseActor]) -> str:
    """Finish the factor that the confirming page started; returns its id for the verb to consume.

    Raises:
        Forbidden: ``SECOND_FACTOR_REQUIRED``: the form names none.
    """
    post = visit.request.POST
    factor_id, method = post.get("factor", ""), post.get("method", "")
    if not factor_id:
        raise Forbidden(Code.SECOND_FACTOR_REQUIRED, "no confirmation was started")
    if method == FactorMethod.SIMULATED_FACE.value:
        return finish_simulated_face(user_id=visit.actor.user_id, factor_id=factor_id, at=visit.at)
    return finish_second_factor(
        user_id=visit.actor.user_id, factor_id=factor_id, response=post.get("credential", ""), at=visit.at
    )


class Shown(Protocol):
    """An authorisation of whichever kind, as its page showed it."""

    @property
    def id(self) -> str: ...
    @property
    def version(self) -> int: ...


def carry_out(
    visit: Visit[EnterpriseActor], row: Shown, verb: Callable[..., object], place: str, **chosen: object
) -> HttpResponse:
    """The second step of every act about an authorisation: finish the factor, let the verb write, show the result.

    ``place`` is the name of the page of one authorisation.
    """
    version = seen_version(visit.request, row.version)
    factor = passed_factor(visit)
    verb(
        actor=visit.actor,
        authorisation_id=row.id,
        second_factor_id=factor,
        shown_digest=visit.request.POST.get("shown_digest", ""),
        expected_version=version,
        at=visit.at,
        **chosen,
    )
    return HttpResponseRedirect(reverse(place, args=[row.id]))


def withdraw_page(visit: Visit[EnterpriseActor], row: Shown, seen: WhatYouSee, place: str) -> HttpResponse:
    """The text of a withdrawal with its factor; as many steps as agreeing."""
    say = SignPage(
        title=_("撤回授权"),
        button=_("确认撤回"),
        target=reverse(f"{place}_withdraw", args=[row.id]),
        back=reverse(place, args=[row.id]),
        fields={"version": str(row.version)},
    )
    return sign_page(visit, seen=seen, object_id=row.id, say=say)
