"""What every verb of authorisations does alike: lock, conditional update, leaf, history, notice. Not for other apps."""

from datetime import datetime

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import (
    AuthState,
)
from xinqiao.domain.errors import NotFound, Stale
from xinqiao.domain.lifecycles import BindingState
from xinqiao.hub.actors import (
    EnterpriseActor,
    InstitutionActor,
    SystemActor,
)
from xinqiao.hub.apps.audit.services import LeafRef, Refs, append_leaf
from xinqiao.hub.apps.consents.models import Authorisation, Binding
from xinqiao.hub.apps.consents.records import (
    write_history,
)
from xinqiao.hub.apps.notices.services import notify


def lock_authorisation(
    actor: EnterpriseActor, authorisation_id: str, expected_version: int | None
) -> Authorisation:
    """The row under its lock; absent and foreign are the same. Raises NotFound, Stale."""
    row = (
        Authorisation.objects.for_viewer(actor)
        .select_related("institution", "enterprise")
        .select_for_update(of=("self",))
        .filter(id=authorisation_id)
        .first()
    )
    if row is None:
        raise NotFound
    if expected_version is not None and row.version != expected_version:
        raise Stale("the authorisation changed since it was shown")
    return row


def bound_ids(enterprise_id: str) -> frozenset[str]:
    """Accounts that can be given out now; of a closed one only what was granted before goes on."""
    rows = Binding.objects.filter(enterprise_id=enterprise_id, state=BindingState.BOUND.value)
    return frozenset(rows.values_list("id", flat=True))


def move(row: Authorisation, expected: AuthState, **columns: object) -> None:
    """The conditional update: one row in the expected state and version, or nothing happened. Raises Stale."""
    columns["version"] = row.version + 1
    changed = Authorisation.objects.filter(id=row.id, state=expected.value, version=row.version).update(
        **columns
    )
    if changed != 1:
        raise Stale("the authorisation changed meanwhile")
    for name, value in columns.items():
        setattr(row, name, value)


def _refs(row: Authorisation) -> Refs:
    return Refs(subject=row.enterprise_id, institution=row.institution_id, authorisation=row.id)


def write_leaf(
    type_: str,
    row: Authorisation,
    at: datetime,
    facts: dict[str, Json],
    personal: dict[str, str] | None = None,
) -> LeafRef:
    return append_leaf(type=type_, at=at, facts=facts, refs=_refs(row), personal=personal)


def record_move(
    actor: EnterpriseActor | InstitutionActor | SystemActor,
    row: Authorisation,
    event: str,
    from_state: str,
    to_state: str,
    at: datetime,
    leaf: LeafRef,
    facts: dict[str, Json] | None = None,
) -> None:
    write_history(
        actor=actor,
        kind="authorisation",
        object_id=row.id,
        event=event,
        from_state=str(from_state),
        to_state=str(to_state),
        at=at,
        enterprise_id=row.enterprise_id,
        institution_id=row.institution_id,
        facts=facts,
        leaf=leaf,
    )


def tell_enterprise(row: Authorisation, kind: str, at: datetime) -> None:
    notify(
        audience=("enterprise", row.enterprise_id),
        kind=kind,
        facts={"request_no": row.request_no, "institution": row.institution.name, "purpose": row.purpose},
        link=f"/e/authorisations/{row.id}",
        at=at,
    )


def tell_institution(
    row: Authorisation, kind: str, at: datetime, facts: dict[str, Json] | None = None
) -> None:
    notify(
        audience=("institution", row.institution_id),
        kind=kind,
        facts={
            "request_no": row.request_no,
            "business_ref": row.business_ref,
            "enterprise": row.enterprise.name,
            **(facts or {}),
        },
        link=f"/i/requests/{row.id}",
        at=at,
    )
