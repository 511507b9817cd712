"""Guarantees as the firm sees them: who stands in for it, asking a guarantor first, taking a promise to a bank."""

import secrets

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.errors import Conflict, Invalid, XinqiaoError
from xinqiao.hub.actors import AgentScope, EnterpriseActor
from xinqiao.hub.apps.guarantees import selectors, services
from xinqiao.hub.apps.guarantees.models import Guarantee
from xinqiao.hub.portals import guarantee_words as words
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.enterprise.shell import firm_page
from xinqiao.hub.portals.posted import number_field, seen_version, whole_number

HERE = "me"


@require_GET
@enterprise_page
def listing(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """Everything guarantors promised or refused."""
    page = whole_number(visit.request.GET.get("page", ""), 1, 100_000) or 1
    rows, count = selectors.guarantees(visit.actor, page=page)
    context = {
        "rows": rows, "count": count, "page": page, "size": selectors.PAGE, "may": visit.actor.may(AgentScope.AUTHORISE)
    }  # fmt: skip
    return firm_page(visit, "enterprise/guarantees.html", HERE, context)


@require_http_methods(["GET", "POST"])
@enterprise_page
def new(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """Ask a guarantor before there is a bank."""
    if visit.request.method == "GET":
        return _form(visit)
    post = visit.request.POST
    try:
        row = services.apply_as_firm(
            actor=visit.actor, guarantor_id=post.get("guarantor", ""), key=post.get("key", ""), at=visit.at,
            asked=services.Asked(
                words.typed_fen(post.get("amount", ""), "amount"), number_field(visit.request, "months", 1, 600),
                post.get("words", ""),
            ),
        )  # fmt: skip
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        return _form(visit, refused)
    return HttpResponseRedirect(reverse("enterprise:guarantee", args=[row.id]))


def _form(visit: Visit[EnterpriseActor], refused: XinqiaoError | None = None) -> HttpResponse:
    post = visit.request.POST
    context = {
        "guarantors": [(one.institution_id, one.institution.name) for one in selectors.guarantors()], "post": post,
        "key": post.get("key") or f"form-{secrets.token_hex(12)}", "errors": [words.problem(refused)] if refused else [],
    }  # fmt: skip
    return firm_page(
        visit, "enterprise/guarantee_new.html", HERE, context, status=refused.status if refused else 200
    )


@require_GET
@enterprise_page
def guarantee(visit: Visit[EnterpriseActor], guarantee_id: str) -> HttpResponse:
    """One guarantee."""
    return _page(visit, selectors.guarantee(visit.actor, guarantee_id))


def _page(visit: Visit[EnterpriseActor], row: Guarantee, refused: XinqiaoError | None = None) -> HttpResponse:
    presents = row.state == "approved" and row.case_id is None and visit.actor.may(AgentScope.AUTHORISE)
    context = {
        "row": row, "shares": words.shares_of(row.ratios), "flow": words.flow_word(row.flow), "at": visit.at,
        "story": words.story(selectors.steps(row)), "promised": row.approved_at is not None,
        "cases": [(one.id, f"{one.institution.name} · {one.number}") for one in selectors.askable_cases(visit.actor)]
        if presents else [], "presents": presents, "errors": [words.problem(refused)] if refused else [],
    }  # fmt: skip
    return firm_page(
        visit, "enterprise/guarantee.html", HERE, context, status=refused.status if refused else 200
    )


@require_POST
@enterprise_page
def present(visit: Visit[EnterpriseActor], guarantee_id: str) -> HttpResponse:
    """Take the promise to a bank that handles an application of the firm."""
    row = selectors.guarantee(visit.actor, guarantee_id)
    try:
        services.present(
            actor=visit.actor, guarantee_id=row.id, case_id=visit.request.POST.get("case", ""), at=visit.at,
            expected_revision=seen_version(visit.request, row.revision),
        )  # fmt: skip
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        return _page(visit, selectors.guarantee(visit.actor, guarantee_id), refused)
    return HttpResponseRedirect(reverse("enterprise:guarantee", args=[row.id]))
