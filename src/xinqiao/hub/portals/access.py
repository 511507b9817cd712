"""Who may open a page: the actor behind a session, or the way to the log-in. Rights themselves live in the services."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Concatenate
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from xinqiao.domain.errors import Code, Forbidden, Unauthenticated
from xinqiao.hub.actors import (
    Actor,
    AuditorActor,
    EnterpriseActor,
    InstitutionActor,
    OperatorActor,
    SourceActor,
)
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.runtime import runtime

#: Which capacity a natural person is acting in, chosen at log-in and kept in the session.
PERSON_KEY = "xq_person"


@dataclass(frozen=True, slots=True)
class Visit[A]:
    """One request of one actor at one instant: what every page function gets."""

    request: HttpRequest
    actor: A
    at: datetime


def actor_of(request: HttpRequest, at: datetime) -> Actor | None:
    """The actor behind a session, or None; a capacity that has ended is no actor any more."""
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        return None
    return identity.actor_for_user(user=user, person_id=str(request.session.get(PERSON_KEY, "")), at=at)


def _login_redirect(request: HttpRequest, login: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        raise Unauthenticated(Code.UNAUTHENTICATED, "log in again")
    return HttpResponseRedirect(f"{reverse(login)}?{urlencode({'next': request.get_full_path()})}")


def _portal[A, **P](
    kinds: tuple[type[A], ...], login: str
) -> Callable[
    [Callable[Concatenate[Visit[A], P], HttpResponse]], Callable[Concatenate[HttpRequest, P], HttpResponse]
]:
    def decorate(
        view: Callable[Concatenate[Visit[A], P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            at = runtime.clock.now()
            actor = actor_of(request, at)
            if actor is None:
                return _login_redirect(request, login)
            if not isinstance(actor, kinds):
                raise Forbidden(Code.ROLE_FORBIDDEN, "another portal is yours")
            return view(Visit(request, actor, at), *args, **kwargs)

        return inner

    return decorate


def enterprise_page[**P](
    view: Callable[Concatenate[Visit[EnterpriseActor], P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A page of the enterprise portal."""
    return _portal((EnterpriseActor,), "public:login")(view)


def institution_page[**P](
    view: Callable[Concatenate[Visit[InstitutionActor], P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A page of the institution portal."""
    return _portal((InstitutionActor,), "public:staff_login")(view)


def source_page[**P](
    view: Callable[Concatenate[Visit[SourceActor], P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A page of the portal of the data sources."""
    return _portal((SourceActor,), "public:staff_login")(view)


def operator_page[**P](
    view: Callable[Concatenate[Visit[OperatorActor | AuditorActor], P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A page of the operator portal; the auditor reads there too."""
    return _portal((OperatorActor, AuditorActor), "public:staff_login")(view)  # type: ignore[arg-type]  # a union of kinds


def home_of(actor: Actor | None) -> str:
    """Where somebody starts after logging in."""
    match actor:
        case EnterpriseActor():
            return reverse("enterprise:home")
        case InstitutionActor():
            return reverse("institution:home")
        case SourceActor():
            return reverse("source:home")
        case OperatorActor() | AuditorActor():
            return reverse("operator:home")
        case _:
            return reverse("public:home")
