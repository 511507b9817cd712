"""Referrals of a case to a notary, an arbitrator or a court: the same pages for the firm and for its bank."""

import secrets
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

from django.http import FileResponse, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.disputes import DISPUTE, DisputeKind, DisputeState
from xinqiao.domain.errors import Conflict, Invalid, XinqiaoError
from xinqiao.hub.actors import EnterpriseActor, InstitutionActor
from xinqiao.hub.apps.disputes import selectors, services
from xinqiao.hub.apps.disputes.models import Dispute
from xinqiao.hub.portals.access import Visit
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.posted import seen_version
from xinqiao.ui.error_words import words as error_words
from xinqiao.ui.i18n import gettext as _

type Side = EnterpriseActor | InstitutionActor


def kind_word(kind: str) -> str:
    """To whom."""
    return {
        DisputeKind.NOTARISATION: _("线上公证"),
        DisputeKind.ARBITRATION: _("线上仲裁"),
        DisputeKind.COURT: _("金融互联网法庭"),
    }[DisputeKind(kind)]


def event_words(event: str) -> tuple[str, str, str]:
    """What was recorded: class, icon, sentence."""
    return {
        "prepare": ("", "pencil", _("准备材料")),
        "pack": ("", "package", _("生成材料包")),
        "file": ("ask", "send", _("提交")),
        "accept": ("give", "circle-check", _("对方机构受理")),
        "refuse": ("", "circle-x", _("对方机构没有受理")),
        "hear": ("", "users", _("开始审理")),
        "decide": ("give", "scale", _("作出决定")),
        "enforce": ("", "checks", _("执行完毕")),
        "withdraw": ("", "arrow-back-up", _("撤回")),
    }[event]


def _button(event: str) -> str:
    return {
        "file": _("已经提交"), "accept": _("已被受理"), "refuse": _("没有受理"), "hear": _("开始审理"), "decide": _("已有决定"),
        "enforce": _("执行完毕"), "withdraw": _("撤回"),
    }[event]  # fmt: skip


def _problem(refused: XinqiaoError) -> tuple[str, str]:
    field = str(refused.facts.get("field", ""))
    said = {
        "kind": _("这件申请已经在这样的机构办理。") if isinstance(refused, Conflict) else _("请选一种。"),
        "body": _("请写机构的名称，不超过 120 个字。"),
        "words": _("决定要写明结果，不超过 500 个字。"),
        "body_no": _("案号不超过 64 个字。"),
    }.get(field)
    return said or error_words(refused.code).title, f"f-{field}" if field else ""


def dispute_urls[A: Side](
    portal: str,
    page_of: Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]],
    show: Callable[..., HttpResponse],
    place: str,
) -> list[URLPattern]:
    """The addresses of a portal's referrals.

    Args:
        portal: the namespace of the portal.
        page_of: who may open a page of it.
        show: renders a page of it: visit, template, key of the place, context; ``status``.
        place: key of the place in the navigation.
    """

    def listed(visit: Visit[A], case_id: str, refused: XinqiaoError | None = None) -> HttpResponse:
        post = visit.request.POST
        context: Mapping[str, object] = {
            "portal": portal, "case": selectors.case(visit.actor, case_id), "rows": selectors.disputes(visit.actor, case_id),
            "kinds": [(one.value, kind_word(one)) for one in DisputeKind], "word": kind_word, "post": post,
            "key": post.get("key") or f"form-{secrets.token_hex(12)}", "errors": [_problem(refused)] if refused else [],
            "may": services.may_refer(visit.actor, visit.at),
        }  # fmt: skip
        return show(visit, "portal/disputes.html", place, context, status=refused.status if refused else 200)

    def shown(visit: Visit[A], row: Dispute, refused: XinqiaoError | None = None) -> HttpResponse:
        mine = row.side == ("enterprise" if portal == "enterprise" else "institution")
        events = (
            DISPUTE.allowed(DisputeState(row.state))
            if mine and services.may_refer(visit.actor, visit.at)
            else []
        )
        context: Mapping[str, object] = {
            "portal": portal, "row": row, "kind": kind_word(row.kind), "mine": mine, "at": visit.at,
            "events": [(one.value, _button(one.value), event_words(one.value)[1]) for one in events],
            "story": [(*event_words(one.event), one) for one in selectors.steps(row)],
            "errors": [_problem(refused)] if refused else [],
        }  # fmt: skip
        return show(visit, "portal/dispute.html", place, context, status=refused.status if refused else 200)

    @require_http_methods(["GET", "POST"])
    @page_of
    def of_case(visit: Visit[A], case_id: str) -> HttpResponse:
        """The referrals of a case; begin another."""
        if visit.request.method == "GET":
            return listed(visit, case_id)
        post = visit.request.POST
        try:
            row = services.prepare_dispute(
                actor=visit.actor, case_id=case_id, kind=post.get("kind", ""), body=post.get("body", ""),
                key=post.get("key", ""), at=visit.at,
            )  # fmt: skip
        except (Invalid, Conflict) as refused:
            record_refusal(visit.request, refused)
            return listed(visit, case_id, refused)
        return HttpResponseRedirect(reverse(f"{portal}:dispute", args=[row.id]))

    @require_GET
    @page_of
    def one(visit: Visit[A], dispute_id: str) -> HttpResponse:
        """One referral."""
        return shown(visit, selectors.dispute(visit.actor, dispute_id))

    @require_POST
    @page_of
    def act(visit: Visit[A], dispute_id: str) -> HttpResponse:
        """Record how far it has come."""
        row, post = selectors.dispute(visit.actor, dispute_id), visit.request.POST
        try:
            services.record_dispute(
                actor=visit.actor, dispute_id=row.id, event=post.get("act", ""), words=post.get("words", ""),
                body_no=post.get("body_no", ""), expected_revision=seen_version(visit.request, row.revision), at=visit.at,
            )  # fmt: skip
        except (Invalid, Conflict) as refused:
            record_refusal(visit.request, refused)
            return shown(visit, row, refused)
        return HttpResponseRedirect(reverse(f"{portal}:dispute", args=[row.id]))

    @require_POST
    @page_of
    def pack(
        visit: Visit[A], dispute_id: str
    ) -> Any:  # a streamed answer, which the decorators' types do not know
        """Make the package and hand it over."""
        row = selectors.dispute(visit.actor, dispute_id)
        out = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
        services.pack_dispute(actor=visit.actor, dispute_id=row.id, out=out, at=visit.at)
        return FileResponse(
            out, as_attachment=True, filename=f"{row.number}.zip", content_type="application/zip"
        )

    return [
        path("cases/<str:case_id>/disputes", of_case, name="disputes"),
        path("disputes/<str:dispute_id>", one, name="dispute"),
        path("disputes/<str:dispute_id>/act", act, name="dispute_act"),
        path("disputes/<str:dispute_id>/package", pack, name="dispute_package"),
    ]
