"""Objections and repair, overseen: what is due and overdue, the desk's part, what other platforms take over."""

import json

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.domain.errors import Conflict, Invalid, NotFound
from xinqiao.domain.machine import Role
from xinqiao.domain.objection import RECORD_OBJECTION, RecordObjectionEvent, RecordObjectionState
from xinqiao.domain.period import business_day
from xinqiao.domain.repair import REPAIR, RepairState
from xinqiao.hub.actors import OperatorRole
from xinqiao.hub.apps.redress import selectors, services
from xinqiao.hub.apps.redress.models import Objection, Repair
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.files import attachment
from xinqiao.hub.portals.operation.shell import Staff, has, manager, staff_page
from xinqiao.hub.portals.posted import seen_version
from xinqiao.hub.portals.redress_cards import (
    MatterCard,
    chips,
    evidence_response,
    matter_context,
    said,
    wanted_show,
)
from xinqiao.hub.runtime import runtime


def _desk(visit: Visit[Staff]) -> bool:
    return has(visit, OperatorRole.ADMIN) or has(visit, OperatorRole.SERVICE)


@require_GET
@operator_page
def listing(visit: Visit[Staff]) -> HttpResponse:
    """All of them: what is due first stands first."""
    show, text = wanted_show(visit.request), visit.request.GET.get("q", "").strip()
    rows = selectors.matters(visit.actor, show=show, text=text, at=visit.at)
    states = selectors.by_state(visit.actor)
    context = {
        "cards": [MatterCard.of(row) for row in rows],
        "chips": chips(selectors.counts(visit.actor, at=visit.at)),
        "show": show,
        "q": text,
        "objection_states": [
            (f"record_objection.{state}", states.get(("objections", state), 0))
            for state in RecordObjectionState
        ],
        "repair_states": [(f"repair.{state}", states.get(("repairs", state), 0)) for state in RepairState],
        "rules": runtime.redress_rules,
    }
    return staff_page(visit, "operation/redress.html", "redress", context)


@require_GET
@operator_page
def objection(visit: Visit[Staff], objection_id: str) -> HttpResponse:
    """One objection."""
    return _objection(visit, selectors.objection(visit.actor, objection_id))


def _objection(visit: Visit[Staff], row: Objection, *, error: str = "", status: int = 200) -> HttpResponse:
    events = RECORD_OBJECTION.allowed(RecordObjectionState(row.state), Role.OPERATOR) if _desk(visit) else []
    if business_day(visit.at) <= row.due_on:
        events = [event for event in events if event is not RecordObjectionEvent.LEAVE_OPEN]
    context = {
        **matter_context(row, at=visit.at),
        "events": [event.value for event in events],
        "typed": visit.request.POST.get("words", ""),
        "error": error,
    }
    return staff_page(visit, "operation/objection.html", "redress", context, status=status)


@require_POST
@operator_page
def objection_act(visit: Visit[Staff], objection_id: str) -> HttpResponse:
    """Pass it on, decline it, or close what nobody could settle in time."""
    row, actor = selectors.objection(visit.actor, objection_id), manager(visit)
    words, version = visit.request.POST.get("words", ""), seen_version(visit.request, row.version)
    try:
        match visit.request.POST.get("act"):
            case "forward":
                services.forward_objection(
                    actor=actor, objection_id=row.id, expected_version=version, at=visit.at
                )
            case "decline":
                services.decline_objection(
                    actor=actor, objection_id=row.id, reason=words, expected_version=version, at=visit.at
                )
            case "leave_open":
                services.leave_objection_open(
                    actor=actor, objection_id=row.id, answer=words, expected_version=version, at=visit.at
                )
            case _:
                raise NotFound
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        return _objection(visit, row, error=said(refused)[0], status=refused.status)
    return HttpResponseRedirect(reverse("operator:objection", args=[row.id]))


@require_GET
@operator_page
def repair(visit: Visit[Staff], repair_id: str) -> HttpResponse:
    """One application."""
    return _repair(visit, selectors.repair(visit.actor, repair_id))


def _repair(visit: Visit[Staff], row: Repair, *, error: str = "", status: int = 200) -> HttpResponse:
    events = REPAIR.allowed(RepairState(row.state), Role.OPERATOR) if _desk(visit) else []
    context = {
        **matter_context(row, at=visit.at),
        "events": [event.value for event in events],
        "promise_lines": row.commitment.strip().splitlines(),
        "typed": visit.request.POST.get("words", ""),
        "error": error,
    }
    return staff_page(visit, "operation/repair.html", "redress", context, status=status)


@require_POST
@operator_page
def repair_act(visit: Visit[Staff], repair_id: str) -> HttpResponse:
    """The desk takes in or sends back; it never decides."""
    row, actor = selectors.repair(visit.actor, repair_id), manager(visit)
    version = seen_version(visit.request, row.version)
    try:
        match visit.request.POST.get("act"):
            case "accept":
                services.accept_repair(actor=actor, repair_id=row.id, expected_version=version, at=visit.at)
            case "return":
                services.return_repair(
                    actor=actor, repair_id=row.id, reason=visit.request.POST.get("words", ""),
                    expected_version=version, at=visit.at,
                )  # fmt: skip
            case _:
                raise NotFound
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        return _repair(visit, row, error=said(refused)[0], status=refused.status)
    return HttpResponseRedirect(reverse("operator:repair", args=[row.id]))


@require_GET
@operator_page
def results(visit: Visit[Staff]) -> HttpResponse:
    """The signed list of what is published no more, for other platforms; ``after`` goes on where the last one ended."""
    made = services.repair_results(after=visit.request.GET.get("after", "")[:40], at=visit.at)
    content = json.dumps(made, ensure_ascii=False, indent=1)
    return attachment(content, "application/json", f"repair-results-{visit.at:%Y%m%d-%H%M%S}.json")


@require_GET
@operator_page
def evidence(visit: Visit[Staff], evidence_id: str) -> HttpResponse:
    """A file of any matter."""
    return evidence_response(visit.actor, evidence_id)
