"""Questions about objections and applications, each for a given actor; typed rows for lists and pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from django.db.models import Count, Q, QuerySet

from xinqiao.domain.adverse import dishonesty
from xinqiao.domain.errors import NotFound
from xinqiao.domain.objection import OPEN, RecordObjectionState
from xinqiao.domain.period import business_day
from xinqiao.domain.repair import PENDING, Dishonesty, RepairState
from xinqiao.hub.actors import Actor, EnterpriseActor
from xinqiao.hub.apps.collection.gathered import gathered
from xinqiao.hub.apps.collection.held import held_records
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.redress.clock import late_objections, late_repairs
from xinqiao.hub.apps.redress.lookups import Found
from xinqiao.hub.apps.redress.models import Evidence, Objection, Repair, Step, Suppression
from xinqiao.hub.runtime import runtime

type Kind = Literal["objections", "repairs"]
type Show = Literal["", "open", "late"]

_OPEN = sorted(state.value for state in OPEN)
_PENDING = sorted(state.value for state in PENDING)


@dataclass(frozen=True, slots=True)
class MatterRow:
    """An objection or an application as a list shows it. ``due_on``: the day by which somebody acts, if anybody must."""

    kind: Kind
    id: str
    number: str
    enterprise_name: str
    uscc: str
    source_name: str
    item: str
    label: str
    state: str
    begun_at: datetime
    closed_at: datetime | None
    due_on: date | None
    late_days: int
    version: int


@dataclass(frozen=True, slots=True)
class StepRow:
    """One thing that happened."""

    event: str
    at: datetime
    actor_kind: str
    actor_label: str
    text: str
    leaf_index: int


def _due(row: Objection | Repair) -> date | None:
    if isinstance(row, Objection):
        match RecordObjectionState(row.state):
            case RecordObjectionState.SUBMITTED:
                return row.forward_by
            case RecordObjectionState.AT_SOURCE:
                return row.due_on
            case _:
                return None
    match RepairState(row.state):
        case RepairState.APPLIED:
            return row.accept_by
        case RepairState.ACCEPTED:
            return row.decide_by
        case _:
            return None


def _row(row: Objection | Repair, day: date) -> MatterRow:
    due = _due(row)
    is_objection = isinstance(row, Objection)
    return MatterRow(
        kind="objections" if is_objection else "repairs",
        id=row.id,
        number=row.number,
        enterprise_name=row.enterprise.name,
        uscc=row.enterprise.uscc,
        source_name=row.source.short_name,
        item=row.item,
        label=row.label,
        state=row.state,
        begun_at=row.submitted_at if isinstance(row, Objection) else row.applied_at,
        closed_at=row.closed_at if isinstance(row, Objection) else row.decided_at,
        due_on=due,
        late_days=max(0, (day - due).days) if due else 0,
        version=row.version,
    )


def _objections(actor: Actor, show: Show, day: date) -> QuerySet[Objection]:
    rows = Objection.objects.for_viewer(actor).select_related("enterprise", "source")
    match show:
        case "open":
            return rows.filter(state__in=_OPEN)
        case "late":
            return late_objections(rows, day)
        case _:
            return rows


def _repairs(actor: Actor, show: Show, day: date) -> QuerySet[Repair]:
    rows = Repair.objects.for_viewer(actor).select_related("enterprise", "source")
    match show:
        case "open":
            return rows.filter(state__in=_PENDING)
        case "late":
            return late_repairs(rows, day)
        case _:
            return rows


def matters(
    actor: Actor, *, show: Show = "", text: str = "", limit: int = 50, at: datetime
) -> list[MatterRow]:
    """Objections and applications: what is due first stands first, then the newest."""
    day = business_day(at)
    objections, repairs = _objections(actor, show, day), _repairs(actor, show, day)
    if text:
        wanted = Q(number__icontains=text) | Q(enterprise__name__icontains=text) | Q(enterprise__uscc=text)
        objections, repairs = objections.filter(wanted), repairs.filter(wanted)
    found = [_row(one, day) for one in objections.order_by("-submitted_at")[:limit]]
    found += [_row(one, day) for one in repairs.order_by("-applied_at")[:limit]]
    found.sort(key=lambda row: row.begun_at, reverse=True)
    found.sort(key=lambda row: row.due_on or date.max)
    return found[:limit]


def objections(actor: Actor, *, show: Show = "", limit: int = 50, at: datetime) -> list[Objection]:
    """Objections alone: what is to be answered first stands first."""
    return list(_objections(actor, show, business_day(at)).order_by("due_on", "id")[:limit])


def repairs(actor: Actor, *, show: Show = "", limit: int = 50, at: datetime) -> list[Repair]:
    """Applications alone: the oldest first."""
    return list(_repairs(actor, show, business_day(at)).order_by("applied_at", "id")[:limit])


def counts(actor: Actor, *, at: datetime) -> dict[Show, int]:
    """How many there are of each list."""
    day = business_day(at)
    shows: tuple[Show, ...] = ("", "open", "late")
    return {
        show: _objections(actor, show, day).count() + _repairs(actor, show, day).count() for show in shows
    }


def by_state(actor: Actor) -> dict[tuple[Kind, str], int]:
    """How many objections and applications are in each state."""
    found: dict[tuple[Kind, str], int] = {}
    for state, number in Objection.objects.for_viewer(actor).values_list("state").annotate(n=Count("id")):
        found["objections", state] = number
    for state, number in Repair.objects.for_viewer(actor).values_list("state").annotate(n=Count("id")):
        found["repairs", state] = number
    return found


def waiting_for_source(actor: Actor) -> int:
    """What a source has to answer or decide."""
    objections = Objection.objects.for_viewer(actor).filter(state=RecordObjectionState.AT_SOURCE.value)
    deciding = (RepairState.APPLIED.value, RepairState.ACCEPTED.value)
    return objections.count() + Repair.objects.for_viewer(actor).filter(state__in=deciding).count()


def objection(actor: Actor, objection_id: str) -> Objection:
    """One objection. Raises NotFound for an absent or foreign one."""
    rows = Objection.objects.for_viewer(actor).select_related("enterprise", "source")
    found = rows.filter(id=objection_id).first()
    if found is None:
        raise NotFound
    return found


def repair(actor: Actor, repair_id: str) -> Repair:
    """One application. Raises NotFound for an absent or foreign one."""
    found = (
        Repair.objects.for_viewer(actor).select_related("enterprise", "source").filter(id=repair_id).first()
    )
    if found is None:
        raise NotFound
    return found


def row_of(matter: Objection | Repair, *, at: datetime) -> MatterRow:
    """A matter as the lists show it."""
    return _row(matter, business_day(at))


def steps(matter: Objection | Repair) -> list[StepRow]:
    """What happened to a matter the caller was given, oldest first."""
    return [
        StepRow(one.event, one.at, one.actor_kind, one.actor_label, one.text, one.leaf_index)
        for one in Step.objects.filter(matter_id=matter.id).order_by("seq")
    ]


def evidence(matter: Objection | Repair) -> Sequence[Evidence]:
    """The files of a matter the caller was given."""
    return list(matter.evidence.order_by("added_at", "id"))


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """A record of the firm that it may object to; for an adverse one also how long it is published, and whether."""

    found: Found
    adverse: Dishonesty | None
    repair_from: date | None
    published_until: date | None
    is_published: bool
    objection_id: str
    repair_id: str


def own_records(actor: EnterpriseActor, *, at: datetime) -> list[OwnRecord]:
    """What the lake holds about the actor's firm and was not suppressed, adverse records first."""
    if not gathered():
        return []
    uscc = identity.uscc_of(actor.enterprise_id)
    gone = set(Suppression.objects.filter(uscc=uscc, ended_at=None).values_list("record_ref", flat=True))
    open_ones = dict(
        Objection.objects.for_viewer(actor).filter(state__in=_OPEN).values_list("record_ref", "id")
    )
    pending = dict(
        Repair.objects.for_viewer(actor).filter(state__in=_PENDING).values_list("record_ref", "id")
    )
    found = [
        _own(Found(runtime.catalogue.items[item], record), open_ones, pending, business_day(at))
        for item, records in held_records(uscc).items()
        for record in records
        if record.ref not in gone and record.status.goes_out
    ]
    found.sort(key=lambda one: (one.adverse is None, one.found.item.no, one.found.label))
    return found


def _own(found: Found, open_ones: dict[str, str], pending: dict[str, str], day: date) -> OwnRecord:
    adverse, terms = dishonesty(found.item, found.record.values), runtime.redress_rules.terms
    return OwnRecord(
        found,
        adverse,
        adverse.first_repair_day(terms) if adverse else None,
        adverse.publication_end(terms) if adverse else None,
        is_published=adverse is None or adverse.is_published(day, terms),
        objection_id=open_ones.get(found.record.ref, ""),
        repair_id=pending.get(found.record.ref, ""),
    )
