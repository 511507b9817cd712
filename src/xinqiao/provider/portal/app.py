"""The node's pages as an ASGI program: routes, log-in, headers. One function per page; what they show is ``figures``'.

Every answer carries the strict content security policy and is kept by no cache. A page without a session leads to the
log-in; a form without its token does nothing. Addresses in redirects are relative, so the Host header decides nothing.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from xinqiao import __version__
from xinqiao.domain.consent import Product
from xinqiao.domain.errors import Code
from xinqiao.domain.fundflow.definitions import FAMILY_ZH
from xinqiao.domain.fundflow.dictionary import LINES
from xinqiao.domain.fundflow.model import RULES_VERSION
from xinqiao.domain.fundflow.products import TEMPLATE_VERSION
from xinqiao.provider.portal import figures, frame
from xinqiao.provider.portal.sessions import SESSION_LIFE, Doorman, Session, Sessions, load_key
from xinqiao.provider.service import NodeService
from xinqiao.provider.wire import Receive, Scope, Send
from xinqiao.ui import assets, csp, i18n
from xinqiao.ui import format as fmt
from xinqiao.ui.environment import make_environment
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _

SESSION_COOKIE = "xq_node_session"
VISIT_COOKIE = "xq_node_visit"
MAX_FORM = 8 * 1024
TEMPLATES = Path(__file__).resolve().parent / "templates"

log = structlog.get_logger("xinqiao.node")

type View = Callable[[Request, Session], Awaitable[Response]]


class _Headers:
    """The headers of every answer."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], *, secure: bool) -> None:
        self._app = app
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dressed(event: dict[str, object]) -> None:
            if event["type"] == "http.response.start":
                headers = MutableHeaders(scope=event)
                headers["content-security-policy"] = csp.POLICY
                headers["x-content-type-options"] = "nosniff"
                headers["referrer-policy"] = "no-referrer"
                headers["cross-origin-opener-policy"] = "same-origin"
                fixed = scope["path"].startswith(assets.DEFAULT_PREFIX) and event["status"] == HTTPStatus.OK
                # names of assets carry a hash of their content
                headers["cache-control"] = "public, max-age=31536000, immutable" if fixed else "no-store"
                if self._secure:
                    headers["strict-transport-security"] = "max-age=31536000"
            await send(event)

        await self._app(scope, receive, dressed)  # type: ignore[arg-type]  # ASGI events are open mappings


class Portal:
    """The pages of one node."""

    def __init__(self, service: NodeService) -> None:
        self._service = service
        config = service.config
        self._secure = config.public_url.startswith("https://")
        self._sessions = Sessions(load_key(config.home / "keys" / "portal.key"), config.users, service.clock)
        self._doorman = Doorman(config.users, service.clock)
        self._scrypt = asyncio.Semaphore(
            2
        )  # a password costs 16 MB and 50 ms; strangers must not take every core
        self._environment = make_environment(
            loader_paths=[TEMPLATES],
            globals_={"words": words, "product_word": frame.product_word, "institution_name": service.trust.name_of},
        )  # fmt: skip

    # --- answering ------------------------------------------------------------------------------------------------

    def page(
        self, request: Request, template: str, current: str, context: dict[str, object], *,
        session: Session | None, status: int = 200, token: str = "",
    ) -> Response:  # fmt: skip
        """Render a page in the visitor's language."""
        wanted = request.query_params.get("lang")
        language = i18n.negotiate(
            query=wanted, cookies=request.cookies, accept=request.headers.get("accept-language")
        )
        with i18n.use_language(language):
            shell = frame.make_shell(
                self._service.config,
                session=session,
                current=current,
                path=request.url.path,
                query=dict(request.query_params),
                theme=i18n.theme(request.cookies),
                token=self._sessions.token(session.id) if session else token,
            )
            shown = {name: value() if callable(value) else value for name, value in context.items()}
            text = self._environment.get_template(f"node/{template}.html").render(shell=shell, **shown)
        response = HTMLResponse(text, status)
        if i18n.parse(wanted) is not None:
            response.set_cookie(
                i18n.LANGUAGE_COOKIE, "en" if language is i18n.Language.EN else "zh", max_age=31_536_000,
                samesite="lax", secure=self._secure,
            )  # fmt: skip
        return response

    def guarded(self, view: View) -> Callable[[Request], Awaitable[Response]]:
        """A page for people who are logged in; everybody else is led to the log-in."""

        async def answer(request: Request) -> Response:
            session = self._sessions.read(request.cookies.get(SESSION_COOKIE))
            if session is None:
                return RedirectResponse("/login", HTTPStatus.SEE_OTHER)
            return await view(request, session)

        return answer

    # --- coming and going -----------------------------------------------------------------------------------------

    async def login(self, request: Request) -> Response:
        """The log-in page and its form."""
        visit = request.cookies.get(VISIT_COOKIE, "")
        if request.method != "POST":
            return self._login_page(request, visit)
        form = await _form(request)
        if form is None or not self._sessions.is_token(visit, form.get("csrfmiddlewaretoken", "")):
            return self._login_page(request, visit, error=Code.CSRF_FAILED)
        name = form.get("username", "").strip()
        async with self._scrypt:
            user = await asyncio.to_thread(self._doorman.check, name, form.get("password", ""))
        if user is None:
            locked = self._doorman.is_locked(name)
            log.info("login_refused", code=Code.LOGIN_LOCKED.value if locked else Code.UNAUTHENTICATED.value)
            return self._login_page(request, visit, username=name, failed=True, locked=locked)
        log.info("login")
        response: Response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        self._keep(response, SESSION_COOKIE, self._sessions.open(user), int(SESSION_LIFE.total_seconds()))
        response.delete_cookie(VISIT_COOKIE, path="/", httponly=True, samesite="strict", secure=self._secure)
        return response

    def _login_page(
        self, request: Request, visit: str, *, username: str = "", failed: bool = False, locked: bool = False,
        error: Code | None = None,
    ) -> Response:  # fmt: skip
        fresh = visit if len(visit) == 32 else secrets.token_hex(16)
        status = 403 if error else 429 if locked else 401 if failed else 200
        context: dict[str, object] = {
            "username": username,
            "errors": lambda: _login_errors(failed=failed, locked=locked, error=error),
        }
        response = self.page(
            request, "login", "", context, session=None, status=status, token=self._sessions.token(fresh)
        )
        self._keep(response, VISIT_COOKIE, fresh, 3600)
        return response

    async def logout(self, request: Request, session: Session) -> Response:
        """End the session."""
        form = await _form(request)
        if form is None or not self._sessions.is_token(session.id, form.get("csrfmiddlewaretoken", "")):
            return self._error(request, session, Code.CSRF_FAILED, 403)
        self._sessions.end(session)
        response: Response = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        response.delete_cookie(
            SESSION_COOKIE, path="/", httponly=True, samesite="strict", secure=self._secure
        )
        return response

    def _keep(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name, value, max_age=seconds, path="/", httponly=True, samesite="strict", secure=self._secure
        )

    def _error(self, request: Request, session: Session | None, code: Code, status: int) -> Response:
        context: dict[str, object] = {"code": code, "status": status}
        return self.page(request, "error", "", context, session=session, status=status)

    async def not_found(self, request: Request, _error: Exception) -> Response:
        """Any other address; the same for everybody who is not logged in."""
        session = self._sessions.read(request.cookies.get(SESSION_COOKIE))
        return self._error(request, session, Code.NOT_FOUND, 404)

    # --- pages ----------------------------------------------------------------------------------------------------

    async def overview(self, request: Request, session: Session) -> Response:
        """The last 24 hours, the newest permits, health."""
        seen, health, (newest, _total) = await asyncio.to_thread(
            lambda: (
                figures.overview(self._service), figures.health(self._service),
                figures.permits(self._service, event="", product="", text="", before=None),
            )
        )  # fmt: skip
        at = self._service.clock.now()
        context: dict[str, object] = {
            "config": self._service.config, "seen": seen, "health": health, "newest": newest[:8], "now": at,
            "kid": self._service.key.kid, "figures": lambda: frame.definitions(fmt.moment(at)),
            "status": lambda: frame.status_word(health.status), "version": __version__,
            "hour_rows": [(h.label, h.served, h.refused) for h in seen.hours],
            "time_rows": [(h.label, _ms(h.p50), _ms(h.p99)) for h in seen.hours],
        }  # fmt: skip
        return self.page(request, "overview", "overview", context, session=session)

    async def permits(self, request: Request, session: Session) -> Response:
        """Served, refused and unfinished permits; filters and pages in the address."""
        return await self._ledger(request, session, "permits", request.query_params.get("event", ""))

    async def refusals(self, request: Request, session: Session) -> Response:
        """What was not served, with the reason in words."""
        event = request.query_params.get("event", "")
        return await self._ledger(request, session, "refusals", "failed" if event == "failed" else "refused")

    async def _ledger(self, request: Request, session: Session, page: str, event: str) -> Response:
        wanted = request.query_params
        known = event if event in {str(e) for e in figures.SHOWN} else ""
        product = wanted.get("product", "")
        text, before = wanted.get("q", "").strip()[:64], _whole(wanted.get("before"))
        (entries, total), counts, seen = await asyncio.to_thread(
            lambda: (
                figures.permits(self._service, event=known, product=product, text=text, before=before),
                figures.counts_by_event(self._service), figures.overview(self._service),
            )
        )  # fmt: skip
        keep = {"event": known, "product": product, "q": text}
        following = ""
        if len(entries) == figures.PAGE:
            following = (
                f"/{page}?{urlencode({k: v for k, v in keep.items() if v} | {'before': entries[-1].seq})}"
            )
        context: dict[str, object] = {
            "entries": entries, "total": total, "counts": counts, "event": known, "product": product, "q": text,
            "product_options": lambda: [(str(p), frame.product_word(p)) for p in Product],
            "first_href": f"/{page}?{urlencode({k: v for k, v in keep.items() if v})}", "following": following, "paged": before is not None,
            "by_code": seen.by_code,
        }  # fmt: skip
        return self.page(request, page, page, context, session=session)

    async def entrustments(self, request: Request, session: Session) -> Response:
        """The node's own copies of the agreements."""
        state = request.query_params.get("state", "")
        live = {"live": True, "ended": False}.get(state)
        before = _whole(request.query_params.get("before"))
        lines, total = await asyncio.to_thread(
            lambda: figures.entrustments(self._service, live=live, before=before)
        )
        following = ""
        if len(lines) == figures.PAGE:
            following = f"/entrustments?{urlencode({'state': state, 'before': lines[-1].seq})}"
        context: dict[str, object] = {
            "lines": lines, "total": total, "state": state if live is not None else "", "following": following,
            "paged": before is not None, "first_href": f"/entrustments?{urlencode({'state': state})}",
        }  # fmt: skip
        return self.page(request, "entrustments", "entrustments", context, session=session)

    async def keys(self, request: Request, session: Session) -> Response:
        """The node's key, the hub's keys, the directory in force."""
        trust, config = self._service.trust, self._service.config
        context: dict[str, object] = {
            "own": self._service.key, "hub_keys": list(trust.hub_keys), "directory": trust.directory,
            "config": config, "now": self._service.clock.now(),
        }  # fmt: skip
        return self.page(request, "keys", "keys", context, session=session)

    async def rules(self, request: Request, session: Session) -> Response:
        """The versions in force and every indicator's definition."""
        context: dict[str, object] = {
            "rules_version": RULES_VERSION, "template_version": TEMPLATE_VERSION, "lines": LINES,
            "families": FAMILY_ZH,
        }  # fmt: skip
        return self.page(request, "rules", "rules", context, session=session)


def _login_errors(*, failed: bool, locked: bool, error: Code | None) -> list[tuple[str, str]]:
    if error is not None:
        return [(f"{words(error).title}{_('：')}{words(error).step}", "")]
    if locked:
        return [(_("连续 5 次失败，这个用户名锁定 30 分钟。"), "f-username")]
    return [(_("用户名或密码不对。"), "f-username")] if failed else []


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else None


async def _form(request: Request) -> dict[str, str] | None:
    """The fields of a small form, None for anything else."""
    if request.headers.get("content-type", "").split(";")[0] != "application/x-www-form-urlencoded":
        return None
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM:
            return None
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, strict_parsing=True, max_num_fields=20
        )
    except ValueError:
        return None
    return dict(pairs) if len({name for name, _value in pairs}) == len(pairs) else None


def make_portal(service: NodeService) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """The pages of a node as an ASGI program.

    Raises:
        Unavailable: the key file of the cookies can be read by others.
    """
    portal = Portal(service)
    pages: dict[str, View] = {
        "/": portal.overview,
        "/permits": portal.permits,
        "/entrustments": portal.entrustments,
        "/refusals": portal.refusals,
        "/keys": portal.keys,
        "/rules": portal.rules,
    }
    routes = [
        *(Route(path, portal.guarded(view), methods=["GET"]) for path, view in pages.items()),
        Route("/login", portal.login, methods=["GET", "POST"]),
        Route("/logout", portal.guarded(portal.logout), methods=["POST"]),
        Mount(assets.DEFAULT_PREFIX.rstrip("/"), StaticFiles(directory=assets.BUILD_DIR, check_dir=False)),
    ]
    app = Starlette(routes=routes, exception_handlers={404: portal.not_found, 405: portal.not_found})
    app.router.redirect_slashes = False
    return _Headers(app, secure=service.config.public_url.startswith("https://"))
