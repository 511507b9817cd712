"""What every verb of the app does alike: who may, the contract under its lock, the move with its step and leaf; and rows
as the domain's values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.errors import Code, Conflict, Invalid, NotFound, Stale
from xinqiao.domain.loans.book import Fees, History, Made, Reported, Tranche
from xinqiao.domain.loans.ledger import Payment
from xinqiao.domain.loans.plan import DayCount, Instalment, Method, Terms
from xinqiao.domain.loans.states import LOAN, FiveClass, LoanEvent, LoanState
from xinqiao.domain.machine import Role
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import InstitutionActor, InstitutionRole
from xinqiao.hub.apps.audit.services import LeafRef, Refs, append_leaf
from xinqiao.hub.apps.consents.records import actor_columns
from xinqiao.hub.apps.identity.rights import require_institution_role
from xinqiao.hub.apps.loans.models import Drawdown, LoanContract, LoanStep, PlanRow, ReportedPosition
from xinqiao.hub.apps.notices.services import notify

#: Money that came in for a drawdown by its plan.
_PAYS = frozenset({LoanEvent.REPAY.value, LoanEvent.PREPAY.value, LoanEvent.SETTLE.value})


_REPORTERS = frozenset({InstitutionRole.CUSTOMER_MANAGER})


def require_reporter(actor: InstitutionActor) -> None:
    """Who reports loans: a 客户经理, or the institution's own system. Raises ROLE_FORBIDDEN."""
    require_institution_role(actor, _REPORTERS, in_person=False)


def locked(actor: InstitutionActor, contract_id: str, expected_revision: int | None) -> LoanContract:
    """A contract of the actor's institution, held. A report that carries its own key needs no revision.

    Raises NotFound, Stale.
    """
    if not LoanContract.objects.for_viewer(actor).filter(id=contract_id).exists():
        raise NotFound
    row = (
        LoanContract.objects.select_for_update(of=("self",)).select_related("enterprise").get(id=contract_id)
    )
    if expected_revision is not None and row.revision != expected_revision:
        raise Stale("changed since it was shown")
    return row


def repeated(row: LoanContract, key: str, digest: str) -> LoanStep | None:
    """The step that was reported under a key. Raises CONFLICT_DUPLICATE when that report said something else."""
    known = LoanStep.objects.filter(contract=row, key=key).first()
    if known is not None and known.digest != digest:
        raise Conflict(Code.CONFLICT_DUPLICATE, "the key was used for another report", facts={"field": "key"})
    return known


def not_before_now(day: date, at: datetime, field: str) -> None:
    """Nothing is reported before it happened. Raises Invalid naming the field."""
    if day > business_day(at):
        raise Invalid(Code.INVALID, "in the future", facts={"field": field, "reason": "FUTURE"})


@dataclass(frozen=True, slots=True)
class Happened:
    """One report: what it is known by, when it happened, what it says."""

    key: str
    event: str
    on: date
    at: datetime
    said: Mapping[str, Json]
    drawdown: Drawdown | None = None
    amount_fen: int = 0
    five_class: FiveClass | None = None
    text: str = ""

    @property
    def digest(self) -> str:
        """What the report says, as one figure, without when it came."""
        return digest_of(self.event, self.on, self.said)


def digest_of(event: str, on: date, said: Mapping[str, Json]) -> str:
    """The digest of a report."""
    return digest_hex({"event": event, "on": on.isoformat(), **said})


def fire(
    row: LoanContract, actor: InstitutionActor, event: LoanEvent, happened: Happened, **columns: object
) -> LoanStep:
    """Move a contract that is held, with its step and leaf. Raises ILLEGAL_MOVE, Stale."""
    state = LOAN.fire(LoanState(row.state), event, Role.INSTITUTION)
    columns |= {"state": state.value, "revision": row.revision + 1, "reported_at": happened.at}
    rows = LoanContract.objects.filter(id=row.id, state=row.state, revision=row.revision)
    if rows.update(**columns) != 1:
        raise Stale("changed meanwhile")
    for name, value in columns.items():
        setattr(row, name, value)
    return note(row, actor, happened)


def note(row: LoanContract, actor: InstitutionActor, happened: Happened) -> LoanStep:
    """The leaf and the step of what was reported, in the transaction of its effect."""
    leaf = _leaf(row, actor, happened)
    return LoanStep.objects.create(
        contract=row, seq=LoanStep.objects.filter(contract=row).count() + 1, key=happened.key, digest=happened.digest,
        event=happened.event, state=row.state, on=happened.on, drawdown=happened.drawdown,
        amount_fen=happened.amount_fen, five_class=happened.five_class.value if happened.five_class else "",
        said=dict(happened.said), text=happened.text, at=happened.at, actor_label=actor_columns(actor)[2][:120],
        leaf_index=leaf.index,
    )  # fmt: skip


def _leaf(row: LoanContract, actor: InstitutionActor, happened: Happened) -> LeafRef:
    return append_leaf(
        type="STATEMENT",
        at=happened.at,
        facts={
            "act": f"loan_{happened.event}",
            "number": row.number,
            "state": row.state,
            "on": happened.on.isoformat(),
            "amount_fen": happened.amount_fen,
            "digest": happened.digest,
            "via": actor.via,
            "by": actor.user_id,
        },
        refs=Refs(subject=row.enterprise_id, institution=row.institution_id, object=row.id),
        personal={"text": happened.text} if happened.text else {},
    )


def tell_firm(row: LoanContract, what: str, at: datetime) -> None:
    """Leave word for the firm."""
    facts: dict[str, Json] = {
        "institution": row.institution.short_name or row.institution.name,
        "number": row.number,
    }
    notify(audience=("enterprise", row.enterprise_id), kind=what, at=at, facts=facts, link=f"/e/loans/{row.id}")  # fmt: skip


# rows as values


def terms_now(row: LoanContract, draw: Drawdown) -> Terms:
    """The terms of a drawdown as they are now."""
    return Terms(
        draw.amount_fen, draw.annual_rate, draw.drawn_on, draw.months, Method(row.method), DayCount(row.day_count)
    )  # fmt: skip


def first_terms(row: LoanContract, draw: Drawdown) -> Terms:
    """The terms it was drawn on."""
    return Terms(
        draw.amount_fen, row.annual_rate, draw.drawn_on, draw.first_months, Method(row.method), DayCount(row.day_count)
    )  # fmt: skip


def fees_of(row: LoanContract) -> Fees:
    """What the contract costs beside interest."""
    return Fees(Decimal(row.guarantee_fee_rate), row.fees_fen)


def write_plan(draw: Drawdown, plan: Sequence[Instalment], *, since: date, version: int) -> None:
    """Keep a plan; earlier ones stay."""
    PlanRow.objects.bulk_create(
        PlanRow(
            drawdown=draw, version=version, since=since, number=due.number, due_on=due.due_on,
            principal_fen=due.principal_fen, interest_fen=due.interest_fen, balance_fen=due.balance_fen,
        )
        for due in plan
    )  # fmt: skip


def plans_of(rows: Sequence[PlanRow]) -> tuple[Made, ...]:
    """The plans of one drawdown, the first one first."""
    made: dict[int, tuple[date, list[Instalment]]] = {}
    for one in sorted(rows, key=lambda one: (one.version, one.number)):
        made.setdefault(one.version, (one.since, []))[1].append(
            Instalment(one.number, one.due_on, one.principal_fen, one.interest_fen, one.balance_fen)
        )
    return tuple(Made(since, tuple(plan)) for since, plan in made.values())


def histories(rows: Sequence[LoanContract]) -> dict[str, History]:
    """Everything known of contracts the caller was given, by id: five questions however many there are."""
    ids = [row.id for row in rows]
    draws = list(Drawdown.objects.filter(contract_id__in=ids).order_by("drawn_on", "id"))
    plans: dict[int, list[PlanRow]] = {}
    for one in PlanRow.objects.filter(drawdown__in=draws):
        plans.setdefault(one.drawdown_id, []).append(one)
    payments: dict[int, list[Payment]] = {}
    classes: dict[str, list[tuple[date, FiveClass]]] = {}
    for step in LoanStep.objects.filter(contract_id__in=ids).order_by("contract_id", "seq"):
        if step.five_class:
            classes.setdefault(step.contract_id, []).append((step.on, FiveClass(step.five_class)))
        if step.event in _PAYS and step.amount_fen and step.drawdown_id is not None:
            payments.setdefault(step.drawdown_id, []).append(Payment(step.on, _paid(step)))
    told: dict[str, list[Reported]] = {}
    for seen in ReportedPosition.objects.filter(contract_id__in=ids).order_by("id"):
        told.setdefault(seen.contract_id, []).append(
            Reported(
                seen.on, seen.balance_fen, seen.overdue_fen, seen.overdue_days, FiveClass(seen.five_class)
            )
        )
    found: dict[str, History] = {}
    for row in rows:
        tranches = tuple(
            Tranche(first_terms(row, one), plans_of(plans[one.id]), tuple(payments.get(one.id, ())))
            for one in draws
            if one.contract_id == row.id
        )
        found[row.id] = History(
            tranches, tuple(told.get(row.id, ())), tuple(classes.get(row.id, ())), row.ended_on
        )
    return found


def history(row: LoanContract) -> History:
    """Everything known of one contract."""
    return histories([row])[row.id]


def _paid(step: LoanStep) -> int:
    """All that came in: an early payment's principal and the interest paid with it."""
    return step.amount_fen + int(step.said.get("interest_fen", 0))


def last_day(row: LoanContract) -> date:
    """The last day anything is known of."""
    days = [
        *LoanStep.objects.filter(contract=row).order_by("-on").values_list("on", flat=True)[:1],
        *ReportedPosition.objects.filter(contract=row).order_by("-on").values_list("on", flat=True)[:1],
    ]
    return max(days)
