"""One request at the workbench: who asks, the frame around the page, and answering with a page or an error."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from xinqiao.client.config import ClientConfig
from xinqiao.client.problems import problem_of
from xinqiao.client.sync import Client
from xinqiao.client.workbench.forms import Form
from xinqiao.client.workbench.sessions import Session, Sessions
from xinqiao.clock import Clock
from xinqiao.domain.errors import XinqiaoError
from xinqiao.ui import i18n
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.shell import NavGroup, NavItem, Person, Search, Shell

_ONCE = re.compile(r"wb-[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Bench:
    """What the program has: made once at start."""

    config: ClientConfig
    client: Client
    clock: Clock
    sessions: Sessions
    pages: Environment


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody known (or, on the log-in page, not yet)."""

    bench: Bench
    request: Request
    session: Session
    form: Form

    @property
    def client(self) -> Client:
        """The institution at the platform."""
        return self.bench.client

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self.bench.clock.now()

    def query(self, name: str) -> str:
        """A parameter of the address, cut to a sane length."""
        return self.request.query_params.get(name, "").strip()[:80]

    def path(self, name: str) -> str:
        """A parameter of the path."""
        return str(self.request.path_params[name])[:80]


def shell(visit: Visit, current: str) -> Shell:
    """The frame: the rail of the workbench."""
    user, config = visit.session.user, visit.bench.config
    work = (
        NavItem("desk", _("工作台"), "/", "layout-dashboard"),
        NavItem("firms", _("企业"), "/firms", "building-store"),
        NavItem("requests", _("授权申请"), "/requests", "shield-check"),
        NavItem("items", _("源头事项"), "/items", "list-check"),
        NavItem("credit", _("信用报告"), "/credit", "file-search"),
    )
    prove = (
        NavItem("verify", _("核验"), "/verify", "rosette-discount-check"),
        NavItem("records", _("查询记录"), "/records", "history"),
        NavItem("keys", _("密钥"), "/keys", "key"),
    )
    params = {**visit.request.query_params, "lang": "zh" if i18n.language() is i18n.Language.EN else "en"}
    return Shell(
        language=i18n.language(),
        home_href="/",
        nav=(NavGroup(work), NavGroup(prove, _("证明"))) if user else (),
        current=current,
        portal_word=_("前置机"),
        organisation=config.institution_name,
        person=Person(user.name, user.department) if user else None,
        search=Search("/firms", _("统一社会信用代码"), value=visit.query("q")) if user else None,
        demo=config.demo,
        theme=i18n.theme(visit.request.cookies),
        logout_href="/logout" if user else "",
        language_href=f"{visit.request.url.path}?{urlencode(params)}"
        if visit.request.method == "GET"
        else "",
        csrf_token=visit.session.csrf,
    )


def page(
    visit: Visit,
    template: str,
    current: str,
    context: Mapping[str, object] | None = None,
    *,
    status: int = 200,
) -> Response:
    """A page in its frame. Nothing of the workbench is kept by a cache."""
    text = visit.bench.pages.get_template(f"workbench/{template}.html").render(
        shell=shell(visit, current), institution=visit.bench.config.institution_name, **(context or {})
    )
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})


def download(content: bytes, name: str, kind: str) -> Response:
    """A file made from memory, sent once."""
    return Response(
        content,
        media_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def error_page(visit: Visit, error: XinqiaoError, current: str = "") -> Response:
    """What happened, what was not done, what to do next, with code and trace number."""
    problem, said = problem_of(error), words(error.code)
    context: dict[str, object] = {
        "title": problem.title if problem and problem.title else said.title,
        "step": problem.step if problem and problem.step else said.step,
        "code": str(error.code),
        "trace": problem.trace_id if problem else "",
        "here": problem is None,
    }
    return page(visit, "error", current, context, status=error.status)


def new_once() -> str:
    """The idempotency key a form carries, so that pressing twice is asking once."""
    return f"wb-{secrets.token_hex(16)}"


def once_of(form: Form) -> str:
    """The key the form came with, or a fresh one when it is none of ours."""
    once = form.text("once", most=60)
    return once if _ONCE.fullmatch(once) else new_once()
