"""The firm's applications: how far each has come, what is asked of it, what was said, and its judgement."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.domain.errors import Forbidden, NotFound, Stale, XinqiaoError
from xinqiao.domain.machine import Role
from xinqiao.domain.market.case import CASE, CaseEvent, CaseState
from xinqiao.domain.market.case_work import ActionState
from xinqiao.hub.actors import AgentScope, EnterpriseActor
from xinqiao.hub.apps.cases import selectors, services
from xinqiao.hub.apps.cases.talk import JUDGED
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.case_cards import CaseCard, common, file_response, new_key, said
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.enterprise.shell import firm_page
from xinqiao.hub.portals.posted import seen_version, whole_number
from xinqiao.hub.portals.redress_cards import ACCEPT
from xinqiao.ui.case_words import action_word


@require_GET
@enterprise_page
def listing(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """Every application of the firm, with what waits for it first."""
    rows = selectors.cases(visit.actor, at=visit.at)
    cards = [CaseCard.of(row) for row in rows]
    cards.sort(key=lambda card: card.row.state != CaseState.SUPPLEMENT.value)
    return firm_page(visit, "enterprise/cases.html", "home", {"cards": cards, "at": visit.at})


@require_POST
@enterprise_page
def dispatch(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """Hand a need to an institution of its list. The institution is the form's key: a need goes to it once."""
    post = visit.request.POST
    need, institution = post.get("need", ""), post.get("institution", "")
    row = services.dispatch_case(
        actor=visit.actor, need_id=need, institution_id=institution, key=institution, at=visit.at,
        expected_version=whole_number(post.get("version", ""), 0, 10**8),
    )  # fmt: skip
    return HttpResponseRedirect(reverse("enterprise:case", args=[row.id]))


@require_GET
@enterprise_page
def one(visit: Visit[EnterpriseActor], case_id: str) -> HttpResponse:
    """One application."""
    return _show(visit, case_id)


def _show(
    visit: Visit[EnterpriseActor], case_id: str, *, error: str = "", typed: str = "", status: int = 200
) -> HttpResponse:
    actor = visit.actor
    context = common(actor, case_id, viewer="firm", at=visit.at)
    row = selectors.case(actor, case_id, at=visit.at)
    state, may = CaseState(row.state), actor.may(AgentScope.AUTHORISE)
    events = CASE.allowed(state, Role.ENTERPRISE) if may else []
    services.read_messages(actor=actor, case_id=case_id, at=visit.at)
    actions = selectors.actions(actor, case_id)
    still_open = any(one.state == ActionState.OPEN.value for one in actions)
    context |= {
        "actions": [(action_word(one.kind), one) for one in actions],
        "messages": selectors.messages(actor, case_id),
        "may": may,
        "may_withdraw": CaseEvent.WITHDRAW in events,
        "may_supply": CaseEvent.SUPPLY in events and not still_open,
        "may_write": may and state not in CASE.final,
        "may_rate": may and state in JUDGED and context["rating"] is None,
        "key": new_key(),
        "accept": ACCEPT,
        "error": error,
        "typed": typed,
    }
    return firm_page(visit, "enterprise/case.html", "home", context, status=status)


@require_POST
@enterprise_page
def act(visit: Visit[EnterpriseActor], case_id: str) -> HttpResponse:
    """Withdraw, answer, hand back, write, judge, complain."""
    post = visit.request.POST
    selectors.case(visit.actor, case_id, at=visit.at)
    try:
        _do(visit, case_id, post.get("act", ""))
    except (Forbidden, NotFound, Stale):
        raise
    except XinqiaoError as refused:
        record_refusal(visit.request, refused)
        return _show(visit, case_id, error=said(refused), typed=post.get("text", ""), status=refused.status)
    return HttpResponseRedirect(reverse("enterprise:case", args=[case_id]))


def _do(visit: Visit[EnterpriseActor], case_id: str, act: str) -> None:
    post, actor, at = visit.request.POST, visit.actor, visit.at
    version = selectors.case(actor, case_id, at=at).version
    match act:
        case "withdraw":
            services.withdraw_case(
                actor=actor, case_id=case_id, words=post.get("words", ""), at=at,
                expected_version=seen_version(visit.request, version),
            )  # fmt: skip
        case "answer":
            seen = seen_version(visit.request, version)
            services.answer_action(
                actor=actor, case_id=case_id, action_id=post.get("action", ""), can=post.get("can") == "yes",
                answer=post.get("answer", ""), files=_files(visit), expected_version=seen, at=at,
            )  # fmt: skip
        case "supply":
            services.supply_case(
                actor=actor, case_id=case_id, expected_version=seen_version(visit.request, version), at=at
            )
        case "say":
            services.send_message(
                actor=actor, case_id=case_id, text=post.get("text", ""), key=post.get("key", ""), at=at
            )
        case "rate":
            stars = whole_number(post.get("stars", ""), 1, 5) or 0
            services.rate_case(actor=actor, case_id=case_id, stars=stars, words=post.get("words", ""), at=at)
        case "complain":
            services.lodge_complaint(
                actor=actor, case_id=case_id, text=post.get("text", ""), key=post.get("key", ""), at=at
            )
        case "complaint_withdraw":
            services.withdraw_complaint(
                actor=actor, complaint_id=post.get("complaint", ""), at=at,
                expected_version=whole_number(post.get("version", ""), 0, 10**8) or 0,
            )  # fmt: skip
        case _:
            raise NotFound


def _files(visit: Visit[EnterpriseActor]) -> list[str]:
    return [
        services.add_case_file(
            actor=visit.actor, file_name=file.name or "", chunks=file.chunks(1 << 16), at=visit.at
        ).id
        for file in visit.request.FILES.getlist("files")
    ]


@require_GET
@enterprise_page
def file(visit: Visit[EnterpriseActor], file_id: str) -> HttpResponse:
    """One's own file."""
    return file_response(visit.actor, file_id)
