"""What every verb of the app does alike: who may, the row under its lock, the move with its step and its leaf, the word
to whom it concerns.
"""

from dataclasses import dataclass
from datetime import datetime

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Forbidden, NotFound, Stale
from xinqiao.domain.machine import Role
from xinqiao.hub.actors import Actor, OperatorActor, OperatorRole, SourceActor, SourceRole
from xinqiao.hub.apps.audit.services import LeafRef, Refs, append_leaf
from xinqiao.hub.apps.collection.rights import require_source
from xinqiao.hub.apps.consents.records import actor_columns
from xinqiao.hub.apps.notices.services import Audience, notify
from xinqiao.hub.apps.redress.models import Objection, Repair, Step

type Matter = Objection | Repair

_DESK = frozenset({OperatorRole.ADMIN, OperatorRole.SERVICE})


def require_desk(actor: OperatorActor) -> Role:
    """The platform's desk. Raises ROLE_FORBIDDEN without one of its roles."""
    if not actor.roles & _DESK:
        raise Forbidden(Code.ROLE_FORBIDDEN, "the platform role is missing")
    return Role.OPERATOR


def require_unit(actor: SourceActor) -> Role:
    """A steward of a source in service: who answers for what it sent. Raises ROLE_FORBIDDEN."""
    require_source(actor, SourceRole.STEWARD)
    return Role.SOURCE


def require_either(actor: OperatorActor | SourceActor) -> Role:
    """The desk, or the unit itself. Raises ROLE_FORBIDDEN."""
    return require_desk(actor) if isinstance(actor, OperatorActor) else require_unit(actor)


def locked[M: (Objection, Repair)](
    kind: type[M], actor: Actor, matter_id: str, expected_version: int | None
) -> M:
    """The row under its lock; absent and foreign are the same. Raises NotFound, Stale."""
    rows = kind.objects.for_viewer(actor).select_related("enterprise", "source")
    row = rows.select_for_update(of=("self",)).filter(id=matter_id).first()
    if row is None:
        raise NotFound
    if expected_version is not None and row.version != expected_version:
        raise Stale("changed since it was shown")
    return row


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened: what the leaf says and what people read."""

    act: str
    event: str
    at: datetime
    text: str = ""


def write_step(
    row: Matter, actor: Actor, happened: Happened, facts: dict[str, Json] | None = None
) -> LeafRef:
    """The leaf and the step of what happened, in the transaction of its effect. The caller holds the row's lock."""
    more = facts or {}
    leaf = append_leaf(
        type="CORRECT",
        at=happened.at,
        facts={
            "act": happened.act,
            "number": row.number,
            "item": row.item,
            "record": row.record_ref,
            "state": row.state,
            **more,
        },
        refs=Refs(subject=row.enterprise_id, institution=row.source_id, object=row.id),
        personal={"text": happened.text},
    )
    kind, _id, label = actor_columns(actor)
    Step.objects.create(
        matter_id=row.id,
        seq=Step.objects.filter(matter_id=row.id).count() + 1,
        event=happened.event,
        state=row.state,
        at=happened.at,
        actor_kind=kind,
        actor_label=label[:120],
        text=happened.text,
        leaf_index=leaf.index,
    )
    return leaf


def move(row: Matter, expected: str, **columns: object) -> None:
    """The conditional update: one row in the expected state and version, or nothing happened. Raises Stale."""
    columns["version"] = row.version + 1
    rows = type(row).objects.filter(id=row.id, state=expected, version=row.version)
    if rows.update(**columns) != 1:
        raise Stale("changed meanwhile")
    for name, value in columns.items():
        setattr(row, name, value)


def tell(row: Matter, *parties: str, what: str, at: datetime) -> None:
    """Leave word for the firm, the source, the operator; ``what`` becomes a sentence at the edge."""
    family = "objections" if isinstance(row, Objection) else "repairs"
    audiences: dict[str, tuple[Audience, str]] = {
        "enterprise": (("enterprise", row.enterprise_id), "/e/redress"),
        "source": (("source", row.source_id), "/source/redress"),
        "operator": (("operator", ""), "/o/redress"),
    }
    for party in parties:
        audience, place = audiences[party]
        facts = {"number": row.number, "item": row.item}
        notify(audience=audience, kind=what, facts=facts, link=f"{place}/{family}/{row.id}", at=at)
