"""What every verb of bindings does alike: lock, conditional update, history. Not for other apps."""

from datetime import datetime

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import NotFound, Stale
from xinqiao.domain.lifecycles import BindingState
from xinqiao.hub.actors import EnterpriseActor, SystemActor
from xinqiao.hub.apps.audit.services import LeafRef, Refs
from xinqiao.hub.apps.consents.models import Binding
from xinqiao.hub.apps.consents.records import write_history


def lock_binding(actor: EnterpriseActor, binding_id: str, expected_version: int | None) -> Binding:
    binding = (
        Binding.objects.for_viewer(actor)
        .select_related("enterprise", "node__institution")
        .select_for_update(of=("self",))
        .filter(id=binding_id)
        .first()
    )
    if binding is None:
        raise NotFound
    if expected_version is not None and binding.version != expected_version:
        raise Stale("the account changed since it was shown")
    return binding


def move_binding(binding: Binding, expected: BindingState, **columns: object) -> None:
    """The conditional update, with a row count of one. Raises Stale."""
    columns["version"] = binding.version + 1
    changed = Binding.objects.filter(id=binding.id, state=expected.value, version=binding.version).update(
        **columns
    )
    if changed != 1:
        raise Stale("the account changed meanwhile")
    for name, value in columns.items():
        setattr(binding, name, value)


def binding_refs(binding: Binding, entrustment_id: str) -> Refs:
    return Refs(
        subject=binding.enterprise_id, node=binding.node_id, account=binding.id, entrustment=entrustment_id
    )


def record_binding_move(
    actor: EnterpriseActor | SystemActor,
    binding: Binding,
    event: str,
    from_state: BindingState,
    to_state: BindingState,
    at: datetime,
    facts: dict[str, Json] | None = None,
    leaf: LeafRef | None = None,
) -> None:
    write_history(
        actor=actor,
        kind="binding",
        object_id=binding.id,
        event=event,
        from_state=from_state.value,
        to_state=to_state.value,
        at=at,
        enterprise_id=binding.enterprise_id,
        facts={"masked": binding.masked, "node": binding.node_id, **(facts or {})},
        leaf=leaf,
    )
