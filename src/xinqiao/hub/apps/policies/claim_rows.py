"""What every verb of applications does alike: the application held, the move with its step and leaf, the notices."""

from datetime import datetime

from xinqiao.domain.errors import NotFound, Stale
from xinqiao.domain.machine import Role
from xinqiao.domain.market.product import bad
from xinqiao.domain.policies.claim import POLICY_CLAIM, ClaimEvent, ClaimState, Reason
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.audit.services import LeafRef, Refs, append_leaf
from xinqiao.hub.apps.consents.records import actor_columns
from xinqiao.hub.apps.market.rows import Happened
from xinqiao.hub.apps.notices.services import notify
from xinqiao.hub.apps.policies.models import Claim, ClaimStep


def locked_claim(actor: Actor, claim_id: str, expected_revision: int) -> Claim:
    """An application the actor sees, held. Raises NotFound, Stale."""
    rows = Claim.objects.for_viewer(actor)
    if not rows.filter(id=claim_id).exists():
        raise NotFound
    Claim.objects.select_for_update().get(id=claim_id)
    row = rows.select_related("policy", "version", "enterprise").get(id=claim_id)
    if row.revision != expected_revision:
        raise Stale("changed since it was shown")
    return row


def read_reason(reason: str, words: str) -> tuple[str, str]:
    """A code of a refusal and its words, which "other" needs. Raises ``INVALID`` naming the field."""
    said = words.strip()
    if reason not in set(Reason):
        bad("reason", "CODES")
    if len(said) > 500 or "\x00" in said or (reason == Reason.OTHER.value and not said):
        bad("words", "TEXT")
    return reason, said


def move(
    row: Claim,
    actor: Actor,
    event: ClaimEvent,
    happened: Happened,
    *,
    role: Role = Role.DEPARTMENT,
    **columns: object,
) -> None:
    """Move an application that is held, with its step and leaf. Raises ILLEGAL_MOVE, Stale."""
    state = POLICY_CLAIM.fire(ClaimState(row.state), event, role)
    alter(row, actor, happened, state=state.value, **columns)


def alter(row: Claim, actor: Actor, happened: Happened, **columns: object) -> None:
    """The conditional update with its step and leaf. Raises Stale when somebody was faster."""
    columns["revision"] = row.revision + 1
    rows = Claim.objects.filter(id=row.id, state=row.state, revision=row.revision)
    if rows.update(**columns) != 1:
        raise Stale("changed meanwhile")
    for name, value in columns.items():
        setattr(row, name, value)
    write_down(row, actor, happened)


def write_down(row: Claim, actor: Actor, happened: Happened) -> LeafRef:
    """The leaf and the step of what happened, in the transaction of its effect."""
    kind, who, label = actor_columns(actor)
    leaf = append_leaf(
        type="STATEMENT",
        at=happened.at,
        facts={
            "act": f"policy_claim_{happened.event}",
            "number": row.number,
            "policy": row.policy.number,
            "state": row.state,
            "amount_fen": row.amount_fen,
            "by": f"{kind}:{who}",
        },
        refs=Refs(subject=row.enterprise_id, institution=row.policy.department_id, object=row.id),
        personal={"text": happened.text},
    )
    ClaimStep.objects.create(
        claim=row,
        seq=ClaimStep.objects.filter(claim=row).count() + 1,
        event=happened.event,
        state=row.state,
        at=happened.at,
        actor_label=label[:120],
        text=happened.text,
        leaf_index=leaf.index,
    )
    return leaf


def tell_firm(row: Claim, what: str, at: datetime) -> None:
    """Leave word for the firm."""
    notify(
        audience=("enterprise", row.enterprise_id), kind=what, at=at,
        facts={"name": row.version.title, "number": row.number}, link=f"/e/policies/claims/{row.id}",
    )  # fmt: skip


def tell_department(row: Claim, what: str, at: datetime) -> None:
    """Leave word for the department's people."""
    notify(
        audience=("institution", row.policy.department_id), kind=what, at=at,
        facts={"name": row.enterprise.name, "number": row.number}, link=f"/i/policies/claims/{row.id}",
    )  # fmt: skip
