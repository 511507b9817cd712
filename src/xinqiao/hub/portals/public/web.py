"""Public pages and the ways to log in. One function per page or action."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import login as start_session
from django.contrib.auth import logout as end_session
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.errors import Code, XinqiaoError
from xinqiao.hub.apps.fundflow import selectors as fundflow
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.login import login_enterprise, login_staff
from xinqiao.hub.apps.identity.verifier import IdentityClaim
from xinqiao.hub.apps.reports import selectors as reports
from xinqiao.hub.apps.reports.models import ReportKind
from xinqiao.hub.portals.access import PERSON_KEY, actor_of, home_of
from xinqiao.hub.portals.frame import page, public_shell
from xinqiao.hub.portals.public.typed import LoginForm
from xinqiao.hub.runtime import runtime
from xinqiao.ui import format as fmt
from xinqiao.ui.error_words import words
from xinqiao.ui.figures import Definition
from xinqiao.ui.i18n import gettext as _

WEEK = timedelta(days=7)


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What this is, whether it can be trusted, where to start."""
    at = runtime.clock.now()
    facts = fundflow.public_figures(since=at - WEEK, at=at)
    context = {"facts": facts, "figures": _definitions(fmt.moment(at))}
    return page(request, "public/home.html", public_shell(request), context)


def _definitions(as_of: str) -> dict[str, Definition]:
    """What the figures of the home page count."""
    week = _("近 7 天")
    return {
        "confirmed": Definition(
            "P01", 1, _("授权确认"), _("企业同意的资金流授权，全部同意和部分同意都在内。"),
            _("计数：近 7 天确认的授权"), week, as_of,
        ),
        "released": Definition(
            "P02", 1, _("放行使用"), _("机构按授权拿到资金流产品的次数。企业自己查的不算。"),
            _("计数：近 7 天放行的机构查询"), week, as_of,
        ),
        "denied": Definition(
            "P03", 1, _("没有放行"), _("因为没有授权、超出授权或授权已结束而被拒绝的资金流查询。"),
            _("计数：近 7 天未放行的机构查询"), week, as_of,
        ),
        "withdrawn": Definition(
            "P04", 1, _("撤回的授权"), _("企业撤回的授权。下面一行数的是存证里排在撤回之后的放行，应当一直是 0。"),
            _("计数：近 7 天的撤回；其后的放行按存证序号数，自开通起"), week, as_of,
        ),
    }  # fmt: skip


@require_GET
def data(request: HttpRequest) -> HttpResponse:
    """How data are used and who can open them."""
    context = {"rules": runtime.redress_rules}
    return page(request, "public/data.html", public_shell(request, "data"), context)


@require_GET
def connect(request: HttpRequest) -> HttpResponse:
    """How an institution or a bank connects."""
    context = {"public_url": settings.XINQIAO_PUBLIC_URL}
    return page(request, "public/connect.html", public_shell(request, "connect"), context)


@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Check a report's verification code: authentic or not, never the content (abuse case E11)."""
    code = (request.POST.get("code") or request.GET.get("code") or "").strip()
    digest = (request.POST.get("digest") or "").strip().lower()
    answer, error = None, ""
    if code:
        try:
            answer = _checked(code, digest or None, request.META["REMOTE_ADDR"])
        except XinqiaoError as refused:
            error = words(refused.code).title
    context = {"code": code, "digest": digest, "answer": answer, "error": error}
    return page(request, "public/verify.html", public_shell(request, "verify"), context)


@dataclass(frozen=True, slots=True)
class Checked:
    """What anybody may learn about a report of either kind by its code."""

    authentic: bool
    report_no: str
    product_name: str
    released_at: datetime | None
    leaf_index: int | None
    digest_matches: bool | None


def _checked(code: str, digest: str | None, visitor: str) -> Checked:
    """Look a code up among both kinds; the first question counts the visitor's tries. Raises TooMany."""
    found = fundflow.verify_product(verify_code=code, digest=digest, at=runtime.clock.now(), visitor=visitor)
    if not found.report_no and (known := reports.by_code(code, digest)) is not None:
        return Checked(
            known.authentic,
            known.number,
            _("企业画像") if known.kind is ReportKind.PORTRAIT else _("信用报告"),
            known.generated_at,
            known.leaf_index,
            known.digest_matches,
        )
    return Checked(
        found.authentic,
        found.report_no,
        found.product_name,
        found.released_at,
        found.leaf_index,
        found.digest_matches,
    )


def _next(request: HttpRequest, fallback: str) -> str:
    """The page somebody wanted, if it is one of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if ours and wanted.startswith("/") else fallback


@require_http_methods(["GET", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """Enterprise log-in with legal-person identity; the first success opens the data account."""
    at = runtime.clock.now()
    form = LoginForm.read(request.POST)
    status = 200
    if request.method == "POST" and not form.fits(at):
        status = 422
    elif request.method == "POST":
        claim = IdentityClaim(form.uscc, form.enterprise_name, form.person_name, form.id_no, "portal")
        try:
            opened = login_enterprise(claim=claim, at=at)
        except XinqiaoError as refused:
            said = words(refused.code)
            form.error, status = f"{said.title}{_('。')}{said.step}", 401
        else:
            start_session(request, opened.user)
            request.session[PERSON_KEY] = opened.person.id
            return HttpResponseRedirect(_next(request, home_of(actor_of(request, at))))
    context = {"form": form, "samples": identity.demonstration_identities(), "next": _next(request, "")}
    return page(request, "public/login.html", public_shell(request), context, status=status)


@require_http_methods(["GET", "POST"])
def staff_login(request: HttpRequest) -> HttpResponse:
    """Institutions and the platform's own people: name and password, one answer for every mistake."""
    at = runtime.clock.now()
    username, errors = (request.POST.get("username") or "").strip(), []
    if request.method == "POST":
        try:
            user = login_staff(username=username, password=request.POST.get("password") or "", at=at)
        except XinqiaoError as refused:
            said = words(refused.code)
            wrong = refused.code is Code.UNAUTHENTICATED
            errors.append((_("名称或密码不对。") if wrong else f"{said.title}{_('。')}{said.step}", ""))
        else:
            start_session(request, user)
            return HttpResponseRedirect(_next(request, home_of(actor_of(request, at))))
    context = {"username": username, "errors": errors, "next": _next(request, "")}
    return page(
        request, "public/staff_login.html", public_shell(request), context, status=401 if errors else 200
    )


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End the session."""
    end_session(request)
    return HttpResponseRedirect(home_of(None))
