"""What surrounds every page: the language of the request, and a page for every error the platform raises on purpose."""

import secrets
from collections.abc import Callable

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation

from xinqiao.domain.errors import Code, Forbidden, Invalid, NotFound, Unauthenticated, XinqiaoError
from xinqiao.hub.portals.access import actor_of, home_of
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.frame import WayOn, error_page
from xinqiao.hub.runtime import runtime
from xinqiao.ui import i18n
from xinqiao.ui.i18n import gettext as _

type GetResponse = Callable[[HttpRequest], HttpResponse]

log = structlog.get_logger("xinqiao.portal")

_NUL = "\x00"
_DJANGO_LANGUAGE = {i18n.Language.ZH: "zh-hans", i18n.Language.EN: "en"}


class LanguageMiddleware:
    """Chinese first; ``?lang=en`` switches and is remembered in a cookie."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET.get("lang")
        language = i18n.negotiate(
            query=asked, cookies=request.COOKIES, accept=request.headers.get("Accept-Language")
        )
        with i18n.use_language(language), translation.override(_DJANGO_LANGUAGE[language]):
            response = self.get_response(request)
        response.headers["Content-Language"] = language.value
        if i18n.parse(asked) is not None:
            response.set_cookie(
                i18n.LANGUAGE_COOKIE,
                language.value,
                max_age=31_536_000,
                samesite="Lax",
                secure=request.is_secure(),
            )
        return response


class ErrorPages:
    """Turn an error raised on purpose into its page; foreign and absent objects give the very same one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> HttpResponse | None:
        """Refuse the one character that no text column of PostgreSQL takes, here for every page and every field.

        In an address it names nothing that exists; a browser never sends it, so nobody loses what was typed.
        """
        if any(_NUL in str(value) for value in kwargs.values()):
            return error_page(request, NotFound(), trace=secrets.token_hex(8))
        field = _field_with_nul(request)
        if field is None:
            return None
        error = Invalid(Code.INVALID, "a character that is no text", facts={"field": field})
        return error_page(
            request,
            error,
            trace=secrets.token_hex(8),
            step=_("有一项里夹着看不见的空字符，删掉它再提交。"),
        )

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer for errors of our own family and for Django's two; anything else stays a fault."""
        match error:
            case XinqiaoError():
                known: XinqiaoError = error
            case Http404():
                known = NotFound()
            case PermissionDenied():
                known = Forbidden(Code.ROLE_FORBIDDEN)
            case _:
                return None
        record_refusal(request, known)
        trace = secrets.token_hex(8)
        log.info(
            "portal_error", code=known.code.value, status=known.status, path_kind=_kind(request), trace=trace
        )
        return error_page(request, known, trace=trace, on=_way_on(request, known))


def _field_with_nul(request: HttpRequest) -> str | None:
    """The first field of the address or the form that holds the character."""
    for given in (request.GET, request.POST):
        for name, values in given.lists():
            if _NUL in name or any(_NUL in value for value in values):
                return name.replace(_NUL, "")
    return None


def _way_on(request: HttpRequest, error: XinqiaoError) -> WayOn:
    """Back to what was being done, if it is the person's own; else to where they start.

    A foreign object and an absent one lead to the same place (abuse case B1).
    """
    match = request.resolver_match
    if match is not None and not isinstance(error, NotFound | Forbidden | Unauthenticated):
        given = match.kwargs
        if match.namespace == "enterprise" and "authorisation_id" in given:
            return WayOn(
                _("看这份授权现在的样子"), reverse("enterprise:consent", args=[given["authorisation_id"]])
            )
        if match.namespace == "enterprise" and "binding_id" in given:
            return WayOn(_("回到我的账户"), reverse("enterprise:accounts"))
    return WayOn(_("回到首页"), home_of(actor_of(request, runtime.clock.now())))


def _kind(request: HttpRequest) -> str:
    """The named route, never the address: an address can hold an identifier."""
    match = request.resolver_match
    return match.view_name if match else "unrouted"


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form that was open too long or came from elsewhere (abuse case A11)."""
    return error_page(request, Forbidden(Code.CSRF_FAILED), trace=secrets.token_hex(8))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return error_page(request, NotFound(), trace=secrets.token_hex(8))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: says what did not happen, with a trace number and nothing else."""
    trace = secrets.token_hex(8)
    log.error("portal_fault", path_kind=_kind(request), trace=trace, demo=settings.DEMO)
    return error_page(request, None, trace=trace)
