"""Questions about cases, always for somebody: a firm sees all its own, an institution those handed to it, the platform states."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count, Q, QuerySet

from xinqiao.domain.errors import Code, Invalid, NotFound
from xinqiao.domain.market.case import OPEN, CaseState
from xinqiao.domain.market.case_work import CLOCKED
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import Actor, EnterpriseActor, InstitutionActor, OperatorActor
from xinqiao.hub.apps.cases.clock import late
from xinqiao.hub.apps.cases.models import Case, CaseAction, CaseComplaint, CaseMessage, CaseRating, CaseStep
from xinqiao.hub.apps.cases.rows import HIDDEN
from xinqiao.hub.apps.needs.rows import terms_of as need_terms

_OPEN = sorted(state.value for state in OPEN)
_CLOCKED = sorted(state.value for state in CLOCKED)
#: Lists of an institution and of the platform.
SHOWS = ("", "new", "working", "granted", "over", "late")
_SHOWN = {
    "new": [CaseState.DISPATCHED.value],
    "working": [
        CaseState.ACCEPTED.value,
        CaseState.DUE_DILIGENCE.value,
        CaseState.SUPPLEMENT.value,
    ],
    "granted": sorted(
        state.value
        for state in OPEN
        if state not in CLOCKED
    ),
    "over": sorted(state.value for state in CaseState if state not in OPEN),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as lists and pages show it."""

    id: str
    number: str
    need_id: str
    need_number: str
    enterprise_id: str
    enterprise_name: str
    uscc: str
    institution_id: str
    institution_name: str
    product_name: str
    amount_fen: int
    months: int
    purpose: str
    state: str
    since: datetime
    due_on: date | None
    late_days: int
    dispatched_at: datetime
    ended_at: datetime | None
    refusal: str
    refusal_words: str
    approved_fen: int | None
    approved_rate: Decimal | None
    approved_months: int | None
    version: int


def row_of(case: Case, day: date) -> CaseRow:
    """A case as lists show it; ``case`` comes with need, enterprise, institution and product version loaded."""
    due = case.due_on if case.state in _CLOCKED else None
    return CaseRow(
        id=case.id, number=case.number, need_id=case.need_id, need_number=case.need.number,
        enterprise_id=case.enterprise_id, enterprise_name=case.enterprise.name, uscc=case.enterprise.uscc,
        institution_id=case.institution_id, institution_name=case.institution.name,
        product_name=case.product_version.name, amount_fen=case.need.amount_fen or 0, months=case.need.months or 0,
        purpose=case.need.purpose, state=case.state, since=case.since, due_on=due,
        late_days=max(0, (day - due).days) if due else 0, dispatched_at=case.dispatched_at, ended_at=case.ended_at,
        refusal=case.refusal, refusal_words=case.refusal_words, approved_fen=case.approved_fen,
        approved_rate=case.approved_rate, approved_months=case.approved_months, version=case.version,
    )  # fmt: skip


def _rows(actor: Actor) -> QuerySet[Case]:
    rows = Case.objects.for_viewer(actor)
    return rows.select_related("need", "enterprise", "institution", "product_version")


def _shown(rows: QuerySet[Case], show: str, day: date) -> QuerySet[Case]:
    if show == "late":
        return late(rows, day)
    return rows.filter(state__in=_SHOWN[show]) if show in _SHOWN else rows


def cases(
    actor: Actor, *, show: str = "", text: str = "", need_id: str = "", after: str = "", limit: int = 50, at: datetime
) -> list[CaseRow]:  # fmt: skip
    """The actor's cases, newest first, from behind ``after``; ``text`` is a number, a firm's name or its whole code.

    Raises:
        Invalid: ``after``: no such case of the actor's.
    """
    day = business_day(at)
    rows = _shown(_rows(actor), show, day)
    if need_id:
        rows = rows.filter(need_id=need_id)
    if text:
        rows = rows.filter(
            Q(number__icontains=text) | Q(enterprise__name__icontains=text) | Q(enterprise__uscc=text)
        )
    if after:
        last = Case.objects.for_viewer(actor).filter(id=after).first()
        if last is None:
            raise Invalid(Code.INVALID, "no such case", facts={"field": "after"})
        older = Q(dispatched_at__lt=last.dispatched_at) | Q(dispatched_at=last.dispatched_at, id__lt=last.id)
        rows = rows.filter(older)
    return [row_of(one, day) for one in rows.order_by("-dispatched_at", "-id")[:limit]]


def queue(actor: Actor, *, limit: int = 50, at: datetime) -> list[CaseRow]:
    """What an institution has to do, what is due first standing first; what waits for the firm is not among it."""
    mine = [state for state in _CLOCKED if state != CaseState.SUPPLEMENT.value]
    rows = _rows(actor).filter(state__in=mine).order_by("due_on", "id")
    return [row_of(one, business_day(at)) for one in rows[:limit]]


def to_do(actor: Actor) -> int:
    """How many wait for the institution, for its frame."""
    mine = [state for state in _CLOCKED if state != CaseState.SUPPLEMENT.value]
    return Case.objects.for_viewer(actor).filter(state__in=mine).count()


def open_cases(actor: EnterpriseActor, *, limit: int = 3, at: datetime) -> list[CaseRow]:
    """A firm's cases that are not over, the newest first, for its start page."""
    rows = _rows(actor).filter(state__in=_OPEN).order_by("-dispatched_at", "-id")
    return [row_of(one, business_day(at)) for one in rows[:limit]]


def counts(actor: Actor, *, at: datetime) -> dict[str, int]:
    """How many there are of each list."""
    rows, day = Case.objects.for_viewer(actor), business_day(at)
    by_state = dict(rows.values_list("state").annotate(Count("id")))
    found = {show: sum(by_state.get(state, 0) for state in states) for show, states in _SHOWN.items()}
    return {"": sum(by_state.values()), **found, "late": late(rows, day).count()}


def case(actor: Actor, case_id: str, *, at: datetime) -> CaseRow:
    """One case. Raises NotFound for an absent or foreign one."""
    return row_of(_case(actor, case_id), business_day(at))


def _case(actor: Actor, case_id: str) -> Case:
    found = _rows(actor).filter(id=case_id).first()
    if found is None:
        raise NotFound
    return found


def contact(actor: InstitutionActor, case_id: str) -> str:
    """Whom of the firm to ask, for the institution of a case that it took up. Empty before. Raises NotFound."""
    found = _case(actor, case_id)
    waits = found.state == CaseState.DISPATCHED.value
    return "" if waits or found.state not in _OPEN else need_terms(found.need).contact


@dataclass(frozen=True, slots=True)
class StepRow:
    """One thing that happened."""

    event: str
    state: str
    at: datetime
    role: str
    actor_label: str
    reason: str
    text: str
    leaf_index: int


def steps(actor: Actor, case_id: str) -> list[StepRow]:
    """What happened to a case, oldest first; an institution does not see complaints. Raises NotFound."""
    found = CaseStep.objects.filter(case=_case(actor, case_id))
    if isinstance(actor, InstitutionActor):
        found = found.exclude(event__in=HIDDEN)
    if isinstance(actor, OperatorActor):
        found = found.exclude(event="answer")
    return [
        StepRow(one.event, one.state, one.at, one.role, one.actor_label, one.reason, one.text, one.leaf_index)
        for one in found.order_by("seq")
    ]


def case_events(actor: InstitutionActor, *, after: int, limit: int) -> list[CaseStep]:
    """Moves of the institution's cases from behind a leaf of the log, in its order: what is not there yet comes later only.

    Indexes are given out under the log's lock, which lasts to the commit, so a reader never passes one that is still to come.
    """
    mine = Case.objects.for_viewer(actor)
    rows = CaseStep.objects.filter(case__in=mine, leaf_index__gt=after).exclude(event__in=HIDDEN)
    return list(rows.select_related("case").order_by("leaf_index")[:limit])


def _between(actor: Actor, case_id: str) -> Case:
    """A case for its two sides only. Raises NotFound for everybody else."""
    if not isinstance(actor, EnterpriseActor | InstitutionActor):
        raise NotFound
    return _case(actor, case_id)


def actions(actor: Actor, case_id: str) -> list[CaseAction]:
    """What was asked of the firm, with the files it sent. Raises NotFound for everybody but the two sides."""
    held = _between(actor, case_id)
    return list(held.actions.prefetch_related("files").order_by("seq"))


def messages(actor: Actor, case_id: str) -> list[CaseMessage]:
    """What was said, oldest first. Raises NotFound for everybody but the two sides."""
    return list(_between(actor, case_id).messages.order_by("seq"))


def unread(actor: Actor, case_id: str) -> int:
    """Messages of the other side nobody of the actor's has read. Raises NotFound."""
    theirs = "institution" if isinstance(actor, EnterpriseActor) else "enterprise"
    return _between(actor, case_id).messages.filter(side=theirs, read_at=None).count()


def rating(actor: Actor, case_id: str) -> CaseRating | None:
    """The firm's judgement, if it gave one. Raises NotFound."""
    return CaseRating.objects.filter(case=_case(actor, case_id)).first()


def complaints(
    actor: Actor, *, case_id: str = "", open_only: bool = False, limit: int = 50
) -> Sequence[CaseComplaint]:
    """Complaints the actor may see, newest first."""
    rows = CaseComplaint.objects.for_viewer(actor).select_related(
        "case", "case__enterprise", "case__institution"
    )
    if case_id:
        rows = rows.filter(case_id=case_id)
    if open_only:
        rows = rows.filter(ended_at=None)
    return list(rows.order_by("-lodged_at", "-id")[:limit])
