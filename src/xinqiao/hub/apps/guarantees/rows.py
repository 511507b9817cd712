"""What every verb of the app does alike: who may, the row under its guarantor's lock, the move with its step and leaf."""

from datetime import datetime

from django.db.models import QuerySet, Sum

from xinqiao.domain.errors import Code, Conflict, NotFound, Stale
from xinqiao.domain.guarantees.limits import Book, Limits, broken_by
from xinqiao.domain.guarantees.states import GUARANTEE, GuaranteeEvent, GuaranteeState
from xinqiao.domain.machine import Role
from xinqiao.hub.actors import Actor, InstitutionActor, InstitutionRole
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.consents.records import actor_columns
from xinqiao.hub.apps.guarantees.models import Guarantee, GuaranteeStep, Guarantor
from xinqiao.hub.apps.market.rows import Happened
from xinqiao.hub.apps.notices.services import notify

#: Who answers for the guarantor, and who for the bank.
OFFICERS = frozenset({InstitutionRole.GUARANTEE_OFFICER})
LENDERS = frozenset({InstitutionRole.CUSTOMER_MANAGER})
#: What counts towards the limits: promised, standing, and claimed but not yet paid.
HELD = sorted(
    state.value for state in (GuaranteeState.APPROVED, GuaranteeState.IN_FORCE, GuaranteeState.CLAIM)
)


def held_guarantor(institution_id: str) -> Guarantor:
    """A guarantor in service, its limits held until the transaction ends. Raises NotFound."""
    found = Guarantor.objects.select_for_update(of=("self",)).filter(institution__status="active")
    guarantor = found.filter(institution_id=institution_id).first()
    if guarantor is None:
        raise NotFound
    return guarantor


def locked(actor: Actor, guarantee_id: str, expected_revision: int) -> Guarantee:
    """A guarantee the actor may see, its guarantor held. Raises NotFound, Stale."""
    rows = Guarantee.objects.for_viewer(actor)
    guarantor_id = rows.filter(id=guarantee_id).values_list("guarantor_id", flat=True).first()
    if guarantor_id is None:
        raise NotFound
    guarantor = Guarantor.objects.select_for_update().get(institution_id=guarantor_id)
    row = rows.select_related("enterprise", "agreement").get(id=guarantee_id)
    row.guarantor = guarantor
    if row.revision != expected_revision:
        raise Stale("changed since it was shown")
    return row


def check_limits(row: Guarantee, limits: Limits) -> None:
    """Within the guarantor's limits, which is held. Raises ``CONFLICT_STATE`` with ``facts['limits']``."""
    held = Guarantee.objects.filter(guarantor_id=row.guarantor_id, state__in=HELD).exclude(id=row.id)
    book = Book(
        net_assets_fen=row.guarantor.net_assets_fen,
        total_fen=_sum(held),
        party_fen=_sum(held.filter(enterprise_id=row.enterprise_id)),
        related_fen=_sum(held.filter(group=row.group)),
        mainly_small=row.guarantor.mainly_small,
    )
    broken = broken_by(row.liability_fen, book, limits)
    if broken:
        raise Conflict(
            Code.CONFLICT_STATE, "beyond a limit of the guarantor",
            facts={"field": "amount", "reason": "LIMIT", "limits": [limit.value for limit in broken]},
        )  # fmt: skip


def _sum(rows: QuerySet[Guarantee]) -> int:
    return rows.aggregate(fen=Sum("liability_fen"))["fen"] or 0


def fire(
    row: Guarantee, actor: Actor, event: GuaranteeEvent, role: Role, happened: Happened, **columns: object
) -> None:
    """Move a guarantee whose guarantor is held, with its step and leaf. Raises ILLEGAL_MOVE, Stale."""
    state = GUARANTEE.fire(GuaranteeState(row.state), event, role)
    change(row, actor, happened, state=state.value, **columns)


def change(row: Guarantee, actor: Actor, happened: Happened, **columns: object) -> None:
    """The conditional update with its step and leaf. Raises Stale when somebody was faster."""
    columns["revision"] = row.revision + 1
    if Guarantee.objects.filter(id=row.id, state=row.state, revision=row.revision).update(**columns) != 1:
        raise Stale("changed meanwhile")
    for name, value in columns.items():
        setattr(row, name, value)
    note(row, actor, happened)


def note(row: Guarantee, actor: Actor, happened: Happened) -> None:
    """The leaf and the step of what happened, in the transaction of its effect."""
    leaf = append_leaf(
        type="STATEMENT",
        at=happened.at,
        facts={
            "act": f"guarantee_{happened.event}",
            "number": row.number,
            "state": row.state,
            "guarantor": row.guarantor_id,
            "amount_fen": row.amount_fen,
            "compensated_fen": row.compensated_fen,
            "recovered_fen": row.recovered_fen,
        },
        refs=Refs(subject=row.enterprise_id, institution=row.institution_id, object=row.id),
        personal={"text": happened.text},
    )
    GuaranteeStep.objects.create(
        guarantee=row,
        seq=GuaranteeStep.objects.filter(guarantee=row).count() + 1,
        event=happened.event,
        state=row.state,
        at=happened.at,
        actor_label=actor_columns(actor)[2][:120],
        text=happened.text,
        leaf_index=leaf.index,
    )


def tell(row: Guarantee, what: str, at: datetime, *, but: Actor) -> None:
    """Leave word for the other sides: the firm, the bank, the guarantor, whoever did not do it."""
    own = but.institution_id if isinstance(but, InstitutionActor) else ""
    facts = {"number": row.number, "name": row.enterprise.name}
    for institution_id in (row.guarantor_id, row.institution_id):
        if institution_id and institution_id != own:
            notify(
                audience=("institution", institution_id), kind=what, at=at, facts=facts,
                link=f"/i/guarantees/{row.id}",
            )  # fmt: skip
    if own:
        notify(
            audience=("enterprise", row.enterprise_id),
            kind=what,
            at=at,
            facts=facts,
            link=f"/e/guarantees/{row.id}",
        )
