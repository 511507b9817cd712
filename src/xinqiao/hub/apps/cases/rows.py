"""What every verb of the app does alike: who may, the case under its need's lock, the move with its step and leaf.

A need's row is the lock of all its cases: two institutions that sign at once, and a firm that takes its case back meanwhile,
wait there for each other.
"""

from dataclasses import dataclass
from datetime import date, datetime

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid, NotFound, Stale
from xinqiao.domain.machine import Role
from xinqiao.domain.market.case import CASE, CaseEvent, CaseState, Refusal
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import (
    Actor,
    AgentScope,
    EnterpriseActor,
    InstitutionActor,
    InstitutionRole,
)
from xinqiao.hub.apps.audit.services import LeafRef, Refs, append_leaf
from xinqiao.hub.apps.cases.models import Case, CaseStep
from xinqiao.hub.apps.consents.records import actor_columns
from xinqiao.hub.apps.identity.rights import require_institution_role
from xinqiao.hub.apps.identity.services import require_capacity
from xinqiao.hub.apps.needs.models import Need
from xinqiao.hub.apps.notices.services import Audience, notify
from xinqiao.hub.runtime import runtime
from xinqiao.hub.typed import text_of

#: Steps that an institution does not see: what the firm says of it to the platform.
HIDDEN = frozenset({"complain", "complaint_take_up", "complaint_answer", "complaint_withdraw"})


_HANDLERS = frozenset({InstitutionRole.CUSTOMER_MANAGER})


def require_handler(actor: InstitutionActor) -> Role:
    """Who handles cases at an institution in service. Raises ROLE_FORBIDDEN."""
    require_institution_role(actor, _HANDLERS, in_person=False)
    return Role.INSTITUTION


def require_firm(actor: EnterpriseActor, at: datetime) -> Role:
    """Who acts for a firm in its applications: whoever may authorise for it. Raises SUBJECT_NOT_AUTHORISED."""
    require_capacity(actor, AgentScope.AUTHORISE, at)
    return Role.ENTERPRISE


def refusal_of(code: str, words: str) -> tuple[Refusal, str]:
    """A reason of refusal; ``other`` needs words of its own. Raises Invalid naming the field."""
    if code not in set(Refusal) or code == Refusal.ENTERPRISE_WITHDREW:
        raise Invalid(Code.INVALID, "no reason an institution gives", facts={"field": "reason"})
    return Refusal(code), text_of(words, field="words", least=1 if code == Refusal.OTHER else 0)


def locked(actor: Actor, case_id: str, expected_version: int | None) -> Case:
    """A case the actor sees, its need held and then itself. Raises NotFound, Stale."""
    rows = Case.objects.for_viewer(actor)
    need_id = rows.filter(id=case_id).values_list("need_id", flat=True).first()
    if need_id is None:
        raise NotFound
    held = Need.objects.select_for_update().get(id=need_id)
    row = rows.select_for_update(of=("self",)).select_related("institution", "enterprise").get(id=case_id)
    row.need = held
    if expected_version is not None and row.version != expected_version:
        raise Stale("changed since it was shown")
    return row


def due_after(state: CaseState, at: datetime) -> date | None:
    """The last working day of a state entered at ``at``; ``None`` where no clock runs."""
    days = runtime.case_rules.workdays.get(state)
    return None if days is None else runtime.redress_rules.calendar.add(business_day(at), days)


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened when, and the reason and words given with it."""

    at: datetime
    reason: str = ""
    text: str = ""


def fire(
    row: Case, actor: Actor, role: Role, event: CaseEvent, happened: Happened, **columns: object
) -> None:
    """Move a case that is held, with its step and leaf. Raises ILLEGAL_MOVE, ROLE_FORBIDDEN, Stale."""
    state = CASE.fire(CaseState(row.state), event, role)
    moved: dict[str, object] = {
        "state": state.value,
        "since": happened.at,
        "due_on": due_after(state, happened.at),
        "reminded_at": None,
        "late_told_at": None,
        "ended_at": happened.at if state in CASE.final else None,
    }
    change(row, **moved, **columns)
    note(row, actor, role, event.value, happened)


def change(row: Case, **columns: object) -> None:
    """The conditional update. Raises Stale when somebody was faster."""
    columns["version"] = row.version + 1
    if Case.objects.filter(id=row.id, state=row.state, version=row.version).update(**columns) != 1:
        raise Stale("changed meanwhile")
    for name, value in columns.items():
        setattr(row, name, value)


def note(
    row: Case, actor: Actor, role: Role, event: str, happened: Happened, facts: dict[str, Json] | None = None
) -> LeafRef:
    """The leaf and the step of what happened, in the transaction of its effect; what the institution is not to know is not its
    leaf either.
    """
    more = facts or {}
    leaf = append_leaf(
        type="STATEMENT",
        at=happened.at,
        facts={
            "act": f"case_{event}",
            "number": row.number,
            "need": row.need.number,
            "state": row.state,
            "role": role.value,
            "reason": happened.reason,
            **more,
        },
        refs=Refs(
            subject=row.enterprise_id,
            institution=None if event in HIDDEN else row.institution_id,
            object=row.id,
        ),
        personal={"text": happened.text},
    )
    CaseStep.objects.create(
        case=row,
        seq=CaseStep.objects.filter(case=row).count() + 1,
        event=event,
        state=row.state,
        at=happened.at,
        role=role.value,
        actor_label=actor_columns(actor)[2][:120],
        reason=happened.reason,
        text=happened.text,
        leaf_index=leaf.index,
    )
    return leaf


def tell(row: Case, *parties: str, what: str, at: datetime) -> None:
    """Leave word for the firm, the institution, the platform; ``what`` becomes a sentence at the edge."""
    audiences: dict[str, tuple[Audience, str, str]] = {
        "enterprise": (("enterprise", row.enterprise_id), "/e/cases", row.institution.short_name),
        "institution": (("institution", row.institution_id), "/i/cases", row.enterprise.name),
        "operator": (("operator", ""), "/o/cases", row.enterprise.name),
    }
    for party in parties:
        audience, place, other = audiences[party]
        notify(
            audience=audience, kind=what, facts={"number": row.number, "name": other}, link=f"{place}/{row.id}", at=at
        )  # fmt: skip
