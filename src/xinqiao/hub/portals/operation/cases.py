"""Cases for advisers and the desk: states and deadlines, never what the two sides write; complaints and their answers."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.domain.errors import Conflict, Invalid, NotFound
from xinqiao.hub.actors import OperatorRole
from xinqiao.hub.apps.cases import selectors, services
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.case_cards import CaseCard, chips, common, said
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.operation.shell import Staff, has, manager, staff_page
from xinqiao.hub.portals.posted import whole_number

_PAGE = 50


@require_GET
@operator_page
def listing(visit: Visit[Staff]) -> HttpResponse:
    """All cases, and complaints that wait for an answer."""
    show, text = visit.request.GET.get("show", ""), visit.request.GET.get("q", "").strip()[:80]
    after = visit.request.GET.get("after", "")
    if show not in selectors.SHOWS:
        show = ""
    rows = selectors.cases(visit.actor, show=show, text=text, after=after, limit=_PAGE + 1, at=visit.at)
    context = {
        "cards": [CaseCard.of(row) for row in rows[:_PAGE]],
        "more": rows[_PAGE - 1].id if len(rows) > _PAGE else "",
        "chips": chips(selectors.counts(visit.actor, at=visit.at)),
        "complaints": selectors.complaints(visit.actor, open_only=True),
        "show": show,
        "text": text,
    }
    return staff_page(visit, "operation/cases.html", "cases", context)


@require_POST
@operator_page
def dispatch(visit: Visit[Staff]) -> HttpResponse:
    """The adviser hands a need to an institution the firm listed."""
    post = visit.request.POST
    need, institution = post.get("need", ""), post.get("institution", "")
    row = services.dispatch_case(
        actor=manager(visit), need_id=need, institution_id=institution, key=institution, at=visit.at,
        expected_version=whole_number(post.get("version", ""), 0, 10**8),
    )  # fmt: skip
    return HttpResponseRedirect(reverse("operator:case", args=[row.id]))


@require_GET
@operator_page
def one(visit: Visit[Staff], case_id: str) -> HttpResponse:
    """One case: how far it has come, and complaints about it."""
    return _show(visit, case_id)


def _show(visit: Visit[Staff], case_id: str, *, error: str = "", status: int = 200) -> HttpResponse:
    context = common(visit.actor, case_id, viewer="platform", at=visit.at)
    context |= {
        "may": has(visit, OperatorRole.ADMIN) or has(visit, OperatorRole.SERVICE),
        "error": error,
    }
    return staff_page(visit, "operation/case.html", "cases", context, status=status)


@require_POST
@operator_page
def act(visit: Visit[Staff], case_id: str) -> HttpResponse:
    """Take a complaint up, or answer it."""
    post = visit.request.POST
    selectors.case(visit.actor, case_id, at=visit.at)
    version = whole_number(post.get("version", ""), 0, 10**8) or 0
    complaint, actor = post.get("complaint", ""), manager(visit)
    try:
        match post.get("act"):
            case "take_up":
                services.take_up_complaint(
                    actor=actor, complaint_id=complaint, expected_version=version, at=visit.at
                )
            case "answer":
                services.answer_complaint(
                    actor=actor, complaint_id=complaint, answer=post.get("text", ""), expected_version=version,
                    at=visit.at,
                )  # fmt: skip
            case _:
                raise NotFound
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        return _show(visit, case_id, error=said(refused), status=refused.status)
    return HttpResponseRedirect(reverse("operator:case", args=[case_id]))
