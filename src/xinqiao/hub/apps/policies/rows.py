"""What every verb of policies does alike: who may, the version under its policy's lock, the move with its step and leaf."""

from datetime import datetime

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Forbidden, NotFound, Stale
from xinqiao.domain.machine import Role
from xinqiao.domain.market.product import VersionEvent, VersionState
from xinqiao.domain.policies.policy import POLICY, PolicyTerms
from xinqiao.domain.policies.policy_json import parse_policy, policy_digest, policy_json
from xinqiao.hub.actors import InstitutionActor, InstitutionRole
from xinqiao.hub.apps.audit.services import LeafRef, Refs, append_leaf
from xinqiao.hub.apps.consents.records import actor_columns
from xinqiao.hub.apps.market.rows import Happened, barred, check_fields
from xinqiao.hub.apps.notices.services import notify
from xinqiao.hub.apps.policies.models import Department, Policy, PolicyStep, PolicyVersion

WRITES = frozenset({InstitutionRole.POLICY_OFFICER})
DECIDES = frozenset({InstitutionRole.POLICY_OFFICER, InstitutionRole.INSTITUTION_ADMIN})
PAYS = frozenset({InstitutionRole.FUND_OFFICER})


def require_role(actor: InstitutionActor, roles: frozenset[InstitutionRole]) -> str:
    """The id of a person of a policy department in service who has one of the roles. Raises ROLE_FORBIDDEN."""
    serving = Department.objects.filter(institution_id=actor.institution_id, institution__status="active")
    if actor.user_id is None or not actor.roles & roles or not serving.exists():
        raise Forbidden(Code.ROLE_FORBIDDEN, "the role is missing, or no policy department in service")
    return actor.user_id


def read_policy(data: Json) -> PolicyTerms:
    """A version as data, with items and indicators that exist here. Raises as ``parse_policy``."""
    terms = parse_policy(data)
    check_fields(terms.condition)
    return terms


def columns_of(terms: PolicyTerms) -> dict[str, object]:
    """Everything of a row that follows from what the version says."""
    return {
        "terms": policy_json(terms), "digest": policy_digest(terms), "title": terms.title, "kind": terms.kind.value,
        "budget_fen": terms.budget_fen, "regions": barred(terms.regions), "industries": barred(terms.industries),
        "open_from": terms.open_on[0], "open_to": terms.open_on[1],
    }  # fmt: skip


def locked(actor: InstitutionActor, version_id: str, expected_revision: int) -> PolicyVersion:
    """A version of the actor's department, its policy held. Raises NotFound, Stale."""
    rows = PolicyVersion.objects.for_viewer(actor)
    policy_id = rows.filter(id=version_id).values_list("policy_id", flat=True).first()
    if policy_id is None:
        raise NotFound
    held = Policy.objects.select_for_update().get(id=policy_id)
    row = rows.get(id=version_id)
    row.policy = held
    if row.revision != expected_revision:
        raise Stale("changed since it was shown")
    return row


def fire(
    row: PolicyVersion, actor: InstitutionActor, event: VersionEvent, happened: Happened, *, role: Role = Role.DEPARTMENT,
    **columns: object,
) -> None:  # fmt: skip
    """Move a version whose policy is held, with its step and leaf. Raises ILLEGAL_MOVE, Stale."""
    state = POLICY.fire(VersionState(row.state), event, role)
    change(row, actor, happened, state=state.value, **columns)


def change(row: PolicyVersion, actor: InstitutionActor, happened: Happened, **columns: object) -> None:
    """The conditional update with its step and leaf. Raises Stale when somebody was faster."""
    columns["revision"] = row.revision + 1
    rows = PolicyVersion.objects.filter(id=row.id, state=row.state, revision=row.revision)
    if rows.update(**columns) != 1:
        raise Stale("changed meanwhile")
    for name, value in columns.items():
        setattr(row, name, value)
    note(row, actor, happened)


def note(row: PolicyVersion, actor: InstitutionActor, happened: Happened) -> LeafRef:
    """The leaf and the step of what happened, in the transaction of its effect."""
    leaf = append_leaf(
        type="STATEMENT",
        at=happened.at,
        facts={
            "act": f"policy_{happened.event}",
            "number": row.policy.number,
            "version": row.no,
            "state": row.state,
            "digest": row.digest,
            "by": actor.user_id,
        },
        refs=Refs(institution=row.policy.department_id, object=row.id),
        personal={"text": happened.text},
    )
    PolicyStep.objects.create(
        version=row,
        seq=PolicyStep.objects.filter(version=row).count() + 1,
        event=happened.event,
        state=row.state,
        at=happened.at,
        actor_label=actor_columns(actor)[2][:120],
        text=happened.text,
        leaf_index=leaf.index,
    )
    return leaf


def tell(row: PolicyVersion, what: str, at: datetime) -> None:
    """Leave word for the department's people."""
    notify(
        audience=("institution", row.policy.department_id), kind=what, at=at,
        facts={"name": row.title, "number": row.policy.number}, link=f"/i/policies/versions/{row.id}",
    )  # fmt: skip
