"""The frame of a page: shells of the portals, rendering, the error page. No queries beyond the counts to do."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse

from xinqiao.domain.errors import XinqiaoError
from xinqiao.ui import i18n
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.shell import FootLink, NavGroup, NavItem, Person, Search, Shell


def _language_href(request: HttpRequest) -> str:
    """This address in the other language."""
    query = request.GET.copy()
    query["lang"] = "zh" if i18n.language() is i18n.Language.EN else "en"
    return f"{request.path}?{query.urlencode()}"


def _foot() -> tuple[FootLink, ...]:
    return (
        FootLink(_("数据与授权说明"), reverse("public:data")),
        FootLink(_("归集共享清单"), reverse("public:catalogue")),
        FootLink(_("产品超市"), reverse("public:products")),
        FootLink(_("惠企政策"), reverse("public:policies")),
        FootLink(_("企业公开信息"), reverse("public:firms")),
        FootLink(_("核验报告"), reverse("public:verify")),
        FootLink(_("企业划型"), reverse("public:size")),
        FootLink(_("接入"), reverse("public:connect")),
    )


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is looking, as far as a frame needs to know."""

    name: str
    role: str
    organisation: str = ""


def _shell(
    request: HttpRequest, *, home: str, word: str, nav: tuple[NavGroup, ...], current: str,
    visitor: Visitor | None = None, search: Search | None = None, account_href: str = "",
) -> Shell:  # fmt: skip
    return Shell(
        language=i18n.language(),
        home_href=home,
        nav=nav,
        current=current,
        portal_word=word,
        organisation=visitor.organisation if visitor else "",
        person=Person(visitor.name, visitor.role, account_href) if visitor else None,
        search=search,
        demo=settings.DEMO,
        theme=i18n.theme(request.COOKIES),
        login_href=reverse("public:login"),
        logout_href=reverse("public:logout") if visitor else "",
        language_href=_language_href(request),
        csrf_token=get_token(request),
        foot=_foot(),
    )


def public_shell(request: HttpRequest, current: str = "") -> Shell:
    """The frame of public pages."""
    items = (
        NavItem("products", _("产品超市"), reverse("public:products"), "coin-yuan"),
        NavItem("policies", _("惠企政策"), reverse("public:policies"), "building-bank"),
        NavItem("data", _("数据怎么用"), reverse("public:data"), "database"),
        NavItem("catalogue", _("清单"), reverse("public:catalogue"), "list-details"),
        NavItem("firms", _("查企业"), reverse("public:firms"), "search"),
        NavItem("verify", _("核验报告"), reverse("public:verify"), "shield-check"),
    )
    return _shell(request, home=reverse("public:home"), word="", nav=(NavGroup(items),), current=current)


def enterprise_shell(request: HttpRequest, visitor: Visitor, current: str, *, to_decide: int) -> Shell:
    """The frame of the enterprise portal: five places, the count of what waits for a decision."""
    items = (
        NavItem("home", _("首页"), reverse("enterprise:home"), "home"),
        NavItem("consents", _("授权"), reverse("enterprise:consents"), "shield-check", to_decide),
        NavItem("report", _("报告"), reverse("enterprise:report"), "report-analytics"),
        NavItem("ledger", _("记录"), reverse("enterprise:ledger"), "history"),
        NavItem("me", _("我的"), reverse("enterprise:me"), "user-circle"),
    )
    return _shell(
        request, home=reverse("enterprise:home"), word=_("企业"), nav=(NavGroup(items),), current=current,
        visitor=visitor, account_href=reverse("enterprise:me"),
    )  # fmt: skip


def institution_shell(
    request: HttpRequest,
    visitor: Visitor,
    current: str,
    *,
    to_do: int = 0,
    unread: int = 0,
    cases: int = 0,
    department: bool = False,
) -> Shell:
    """The frame of the institution portal; a policy department has places of its own."""
    work: tuple[NavItem, ...] = (
        NavItem("work", _("工作台"), reverse("institution:home"), "layout-dashboard", to_do),
        NavItem("firms", _("企业"), reverse("institution:firms"), "building-store"),
        NavItem("requests", _("授权申请"), reverse("institution:requests"), "shield-check"),
        NavItem("items", _("源头事项"), reverse("institution:items"), "list-check"),
        NavItem("reports", _("报告"), reverse("institution:reports"), "report-analytics"),
        NavItem("products", _("金融产品"), reverse("institution:products"), "package"),
        NavItem("cases", _("融资申请"), reverse("institution:cases"), "briefcase", cases),
        NavItem("guarantees", _("融资担保"), reverse("institution:guarantees"), "shield-lock"),
        NavItem("loans", _("贷款台账"), reverse("institution:loans"), "coin-yuan"),
        NavItem("notices", _("通知"), reverse("institution:notices"), "bell", unread),
    )
    if department:  # a department has neither products nor queries
        claims = NavItem("claims", _("政策申请"), reverse("institution:policy_claims"), "list-check")
        work = (
            NavItem("policies", _("惠企政策"), reverse("institution:policies"), "package"),
            claims,
            work[-1],
        )
    manage = (
        NavItem("records", _("查询记录"), reverse("institution:records"), "history"),
        NavItem("people", _("人员与权限"), reverse("institution:people"), "users"),
        NavItem("keys", _("接口与密钥"), reverse("institution:keys"), "key"),
    )
    search = Search(
        reverse("institution:firms"), _("企业名称或统一社会信用代码"), value=request.GET.get("q", "")
    )
    return _shell(
        request, home=reverse("institution:home"), word=_("机构"),
        nav=(NavGroup(work), NavGroup(manage, _("管理"))), current=current, visitor=visitor,
        search=None if department else search,
    )  # fmt: skip


def source_shell(
    request: HttpRequest,
    visitor: Visitor,
    current: str,
    *,
    to_do: int,
    unread: int,
    asked: int = 0,
    to_answer: int = 0,
) -> Shell:
    """The frame of the portal of the data sources."""
    work = (
        NavItem("home", _("概览"), reverse("source:home"), "layout-dashboard"),
        NavItem("batches", _("批次报送"), reverse("source:batches"), "upload", to_do),
        NavItem("tickets", _("协调工单"), reverse("source:tickets"), "ticket", asked),
        NavItem("redress", _("异议与修复"), reverse("source:redress"), "scale", to_answer),
        NavItem("notices", _("通知"), reverse("source:notices"), "bell", unread),
    )
    data = (
        NavItem("quality", _("质量与使用"), reverse("source:quality"), "gauge"),
        NavItem("items", _("目录与字段"), reverse("source:items"), "list-check"),
        NavItem("keys", _("系统接入"), reverse("source:keys"), "key"),
        NavItem("people", _("人员"), reverse("source:people"), "users"),
    )
    search = Search(reverse("source:batches"), _("批次号或文件名"), value=request.GET.get("q", ""))
    return _shell(
        request, home=reverse("source:home"), word=_("数源"),
        nav=(NavGroup(work), NavGroup(data, _("数据"))), current=current, visitor=visitor, search=search,
    )  # fmt: skip


def operator_shell(request: HttpRequest, visitor: Visitor, current: str, *, unread: int = 0) -> Shell:
    """The frame of the operator portal."""
    run = (
        NavItem("home", _("总览"), reverse("operator:home"), "layout-dashboard"),
        NavItem("nodes", _("节点"), reverse("operator:nodes"), "server"),
        NavItem("institutions", _("机构"), reverse("operator:institutions"), "building-bank"),
        NavItem("needs", _("融资需求"), reverse("operator:needs"), "coin-yuan"),
        NavItem("notices", _("通知"), reverse("operator:notices"), "bell", unread),
    )
    collect = (
        NavItem("sources", _("数源单位"), reverse("operator:sources"), "database"),
        NavItem("batches", _("归集批次"), reverse("operator:batches"), "upload"),
        NavItem("quality", _("数据质量"), reverse("operator:quality"), "gauge"),
        NavItem("tickets", _("协调工单"), reverse("operator:tickets"), "ticket"),
        NavItem("redress", _("异议与修复"), reverse("operator:redress"), "scale"),
        NavItem("cases", _("融资申请"), reverse("operator:cases"), "briefcase"),
        NavItem("firms", _("企业"), reverse("operator:firms"), "building-store"),
        NavItem("items", _("源头事项"), reverse("operator:items"), "list-check"),
    )
    prove = (
        NavItem("checkpoints", _("存证与检查点"), reverse("operator:checkpoints"), "rosette-discount-check"),
        NavItem("refusals", _("未放行"), reverse("operator:refusals"), "shield-x"),
        NavItem("systems", _("平台系统"), reverse("operator:systems"), "key"),
        NavItem("health", _("运行状况"), reverse("operator:health"), "activity"),
    )
    return _shell(
        request, home=reverse("operator:home"), word=_("运营"),
        nav=(NavGroup(run), NavGroup(collect, _("归集")), NavGroup(prove, _("证明与运行"))), current=current, visitor=visitor,
    )  # fmt: skip


def page(
    request: HttpRequest,
    template: str,
    shell: Shell,
    context: Mapping[str, object] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Render a page inside its frame. Pages of a logged-in person are never kept by a cache."""
    response = render(request, template, {"shell": shell, **(context or {})}, status=status)
    if shell.person is not None:
        response.headers["Cache-Control"] = "no-store"
    return response


@dataclass(frozen=True, slots=True)
class WayOn:
    """Where somebody goes from an error: one button."""

    label: str
    href: str


def error_page(
    request: HttpRequest, error: XinqiaoError | None, *, trace: str, on: WayOn | None = None, step: str = ""
) -> HttpResponse:
    """What happened, what was not done, what to do next, the code and a trace number; a part of a page for HTMX.

    ``step`` says what to do where the words of the code are too general.
    """
    status = error.status if error else 500
    said = words(error.code) if error else None
    context = {
        "status": status,
        "code": error.code.value if error else "",
        "title": said.title if said else _("这一步没有办成"),
        "step": step or said.step
        if said
        else _("没有任何数据给出。请稍后再试，或把下面的编号告诉服务中心。"),
        "trace": trace,
        "on": on or WayOn(_("回到首页"), reverse("public:home")),
    }
    part = bool(request.headers.get("HX-Request"))
    response = page(
        request,
        "portal/error_part.html" if part else "portal/error.html",
        public_shell(request),
        context,
        status=status,
    )
    response.headers["Cache-Control"] = "no-store"
    return response
