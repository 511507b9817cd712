"""The workbench as an ASGI application: routes, sessions, security headers, language."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path

import httpx
from jinja2 import Environment
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from xinqiao.client.config import ClientConfig
from xinqiao.client.workbench import credit, desk, item_asking, items, portraits, proofs, reports
from xinqiao.client.workbench.forms import Form, read_form
from xinqiao.client.workbench.sessions import COOKIE, Session, Sessions
from xinqiao.client.workbench.visit import Bench, Visit, error_page
from xinqiao.clock import Clock, SystemClock
from xinqiao.domain.errors import Code, Forbidden, Unavailable, XinqiaoError
from xinqiao.ui import csp, i18n
from xinqiao.ui.assets import BUILD_DIR
from xinqiao.ui.environment import make_environment

log = logging.getLogger("xinqiao.workbench")
TEMPLATES = Path(__file__).resolve().parent / "templates"

#: How often what is over is dropped although nobody asks for it, in seconds.
FORGET_EVERY = 60.0

type Page = Callable[[Visit], Response]
type Endpoint = Callable[[Request], Awaitable[Response]]

_HEADERS = {
    "Content-Security-Policy": csp.POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Around:
    """Security headers on every answer, and the language of the request around it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        asked = i18n.parse(request.query_params.get("lang"))
        chosen = i18n.negotiate(
            query=request.query_params.get("lang"),
            cookies=request.cookies,
            accept=request.headers.get("accept-language"),
        )

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                pairs = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
                if asked is not None:
                    cookie = f"{i18n.LANGUAGE_COOKIE}={asked.value}; Path=/; Max-Age=31536000; SameSite=Lax"
                    pairs.append((b"set-cookie", cookie.encode()))
                message["headers"] = [*message["headers"], *pairs]
            await send(message)

        with i18n.use_language(chosen):
            await self._app(scope, receive, sending)


def _same_origin(request: Request) -> None:
    """A POST comes from our own pages. Raises Forbidden ``CSRF_FAILED``."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    if site not in ("same-origin", "none"):
        raise Forbidden(Code.CSRF_FAILED, "the form is from another site")


def _endpoint(bench: Bench, show: Page, *, public: bool = False, keeps_report: bool = False) -> Endpoint:
    """Find the session, check the form, run the page in a thread, answer errors as pages."""

    async def answer(request: Request) -> Response:
        session = bench.sessions.find(request.cookies.get(COOKIE, ""))
        if session is None or (session.user is None and not public):
            if not public:
                return RedirectResponse("/login", status_code=303)
            session = bench.sessions.begin()
            made = True
        else:
            made = False
        if not keeps_report and session.user is not None:
            session.let_go()  # another page is shown: the report of the page before is forgotten
        visit = Visit(bench, request, session, Form({}))
        try:
            if request.method == "POST":
                _same_origin(request)
                visit = Visit(bench, request, session, await read_form(request))
                session.check_csrf(visit.form.fields.get("csrfmiddlewaretoken", ""))
            found = await run_in_threadpool(show, visit)
        except XinqiaoError as error:
            found = await run_in_threadpool(error_page, visit, error)
        except Exception as error:  # noqa: BLE001 - a mistake of ours, said without values: they may be figures
            place = traceback.extract_tb(error.__traceback__)[-1]
            log.error("%s in %s:%s", type(error).__name__, Path(place.filename).name, place.lineno)
            gone = Unavailable(Code.INVALID, "the workbench failed; nothing was sent on")
            found = await run_in_threadpool(error_page, visit, gone)
        if made:
            _set_cookie(found, session, request)
        return found

    return answer


def _set_cookie(response: Response, session: Session, request: Request) -> None:
    response.set_cookie(
        COOKIE,
        session.token,
        httponly=True,
        samesite="strict",
        path="/",
        secure=request.url.scheme == "https",
    )


@cache
def _pages() -> Environment:
    """The compiled templates; they hold nothing of an institution."""
    return make_environment(loader_paths=[TEMPLATES])


def create_app(
    config: ClientConfig, *, clock: Clock | None = None, transport: httpx.BaseTransport | None = None
) -> Starlette:
    """Make the program of one institution.

    Args:
        clock: the machine's unless a test says otherwise.
        transport: instead of the network, in tests.
    """
    clock = clock or SystemClock()
    bench = Bench(
        config=config,
        client=config.client(
            clock=clock, transport=transport,
            language=lambda: "en" if i18n.language() is i18n.Language.EN else "zh-CN",
        ),
        clock=clock,
        sessions=Sessions(config.users, clock),
        pages=_pages(),
    )  # fmt: skip

    def route(
        path: str, show: Page, *methods: str, public: bool = False, keeps_report: bool = False
    ) -> Route:
        endpoint = _endpoint(bench, show, public=public, keeps_report=keeps_report)
        return Route(path, endpoint, methods=list(methods or ("GET",)))

    routes: list[BaseRoute] = [
        Mount("/static/ui", StaticFiles(directory=BUILD_DIR), name="static"),
        route("/login", desk.login, "GET", "POST", public=True),
        route("/logout", desk.logout, "POST"),
        route("/", desk.home),
        route("/firms", desk.firms),
        route("/firms/invite", desk.invite, "POST"),
        route("/requests", desk.requests),
        route("/requests/new", desk.new_request, "GET", "POST"),
        route("/requests/{id}", desk.request),
        route("/requests/{id}/query", reports.query, "POST", keeps_report=True),
        route("/reports/{id}", reports.show, keeps_report=True),
        route("/reports/{id}/bundle", reports.bundle, keeps_report=True),
        route("/reports/{id}/json", reports.product, keeps_report=True),
        route("/reports/{id}/pdf", reports.pdf, keeps_report=True),
        route("/items", items.listing),
        route("/items/new", item_asking.new, "GET", "POST"),
        route("/items/records", items.records),
        route("/items/{id}", items.show),
        route("/items/{id}/call", items.call, "POST", keeps_report=True),
        route("/items/{id}/verify", items.verify, "POST", keeps_report=True),
        route("/answers/{id}", items.answer, keeps_report=True),
        route("/answers/{id}/bundle", items.bundle, keeps_report=True),
        route("/credit", credit.listing),
        route("/credit/{id}/make", credit.make, "POST", keeps_report=True),
        route("/credit/{id}", credit.show, keeps_report=True),
        route("/credit/{id}/beside", credit.beside, "POST", keeps_report=True),
        route("/credit/{id}/json", credit.as_json, keeps_report=True),
        route("/credit/{id}/portrait", portraits.make, "POST", keeps_report=True),
        route("/portraits/{id}", portraits.show, keeps_report=True),
        route("/portraits/{id}/json", portraits.as_json, keeps_report=True),
        route("/verify", proofs.verify, "GET", "POST"),
        route("/records", proofs.records),
        route("/records/ledger", proofs.ledger),
        route("/keys", proofs.keys),
    ]

    @asynccontextmanager
    async def forgetting(_app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(_forget_for_ever(bench.sessions))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return Starlette(routes=routes, middleware=[Middleware(Around)], lifespan=forgetting)


async def _forget_for_ever(sessions: Sessions) -> None:
    # Somebody who closes the browser never comes back, and the report must go all the same.
    while True:
        await asyncio.sleep(FORGET_EVERY)
        sessions.forget()
