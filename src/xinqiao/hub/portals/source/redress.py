"""What firms say about what the source sent: objections to answer, applications for repair to decide."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.domain.errors import Conflict, Invalid, NotFound
from xinqiao.domain.machine import Role
from xinqiao.domain.objection import RECORD_OBJECTION, RecordObjectionState
from xinqiao.domain.repair import REPAIR, RepairEvent, RepairState
from xinqiao.hub.actors import SourceActor
from xinqiao.hub.apps.redress import selectors, services
from xinqiao.hub.apps.redress.models import Objection, Repair
from xinqiao.hub.apps.redress.objections import has_correction
from xinqiao.hub.portals.access import Visit, source_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.posted import seen_version
from xinqiao.hub.portals.redress_cards import (
    MatterCard,
    chips,
    evidence_response,
    matter_context,
    said,
    wanted_show,
)
from xinqiao.hub.portals.source.shell import is_steward, source_page_of


@require_GET
@source_page
def listing(visit: Visit[SourceActor]) -> HttpResponse:
    """The queue: what is due first stands first."""
    show, text = wanted_show(visit.request), visit.request.GET.get("q", "").strip()
    rows = selectors.matters(visit.actor, show=show, text=text, at=visit.at)
    context = {
        "cards": [MatterCard.of(row) for row in rows],
        "chips": chips(selectors.counts(visit.actor, at=visit.at)),
        "show": show,
        "q": text,
        "may": is_steward(visit.actor),
    }
    return source_page_of(visit, "source/redress.html", "redress", context)


@require_GET
@source_page
def objection(visit: Visit[SourceActor], objection_id: str) -> HttpResponse:
    """One objection with the record, what the firm says and attached."""
    return _objection(visit, selectors.objection(visit.actor, objection_id))


def _objection(
    visit: Visit[SourceActor], row: Objection, *, error: str = "", status: int = 200
) -> HttpResponse:
    open_ = bool(RECORD_OBJECTION.allowed(RecordObjectionState(row.state), Role.SOURCE))
    context = {
        **matter_context(row, at=visit.at),
        "may_answer": open_ and is_steward(visit.actor),
        "corrected": open_ and has_correction(row),
        "typed": visit.request.POST.get("answer", ""),
        "error": error,
    }
    return source_page_of(visit, "source/objection.html", "redress", context, status=status)


@require_POST
@source_page
def objection_act(visit: Visit[SourceActor], objection_id: str) -> HttpResponse:
    """Answer: corrected, or reviewed and unchanged."""
    row = selectors.objection(visit.actor, objection_id)
    verbs = {"correct": services.correct_objection, "uphold": services.uphold_objection}
    verb = verbs.get(visit.request.POST.get("act", ""))
    if verb is None:
        raise NotFound
    try:
        verb(
            actor=visit.actor, objection_id=row.id, answer=visit.request.POST.get("answer", ""),
            expected_version=seen_version(visit.request, row.version), at=visit.at,
        )  # fmt: skip
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        return _objection(visit, row, error=said(refused)[0], status=refused.status)
    return HttpResponseRedirect(reverse("source:objection", args=[row.id]))


@require_GET
@source_page
def repair(visit: Visit[SourceActor], repair_id: str) -> HttpResponse:
    """One application with the record, the proof and the promise."""
    return _repair(visit, selectors.repair(visit.actor, repair_id))


def _repair(visit: Visit[SourceActor], row: Repair, *, error: str = "", status: int = 200) -> HttpResponse:
    events = REPAIR.allowed(RepairState(row.state), Role.SOURCE) if is_steward(visit.actor) else []
    if row.extended:
        events = [event for event in events if event is not RepairEvent.EXTEND]
    context = {
        **matter_context(row, at=visit.at),
        "events": [event.value for event in events],
        "promise_lines": row.commitment.strip().splitlines(),
        "typed": visit.request.POST.get("words", ""),
        "error": error,
    }
    return source_page_of(visit, "source/repair.html", "redress", context, status=status)


@require_POST
@source_page
def repair_act(visit: Visit[SourceActor], repair_id: str) -> HttpResponse:
    """Accept, send back, extend, decide."""
    row = selectors.repair(visit.actor, repair_id)
    words, version = visit.request.POST.get("words", ""), seen_version(visit.request, row.version)
    try:
        match visit.request.POST.get("act"):
            case "accept":
                services.accept_repair(
                    actor=visit.actor, repair_id=row.id, expected_version=version, at=visit.at
                )
            case "return":
                services.return_repair(
                    actor=visit.actor, repair_id=row.id, reason=words, expected_version=version, at=visit.at
                )
            case "extend":
                services.extend_repair(
                    actor=visit.actor, repair_id=row.id, reason=words, expected_version=version, at=visit.at
                )
            case "repair":
                services.grant_repair(
                    actor=visit.actor, repair_id=row.id, answer=words, expected_version=version, at=visit.at
                )
            case "turn_down":
                services.refuse_repair(
                    actor=visit.actor, repair_id=row.id, answer=words, expected_version=version, at=visit.at
                )
            case "revoke":
                services.revoke_repair(
                    actor=visit.actor, repair_id=row.id, reason=words, expected_version=version, at=visit.at
                )
            case _:
                raise NotFound
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        return _repair(visit, row, error=said(refused)[0], status=refused.status)
    return HttpResponseRedirect(reverse("source:repair", args=[row.id]))


@require_GET
@source_page
def evidence(visit: Visit[SourceActor], evidence_id: str) -> HttpResponse:
    """A file of a matter that is with the source."""
    return evidence_response(visit.actor, evidence_id)
