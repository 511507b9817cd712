"""What every verb of item authorisations does alike: leaf and history. Lock, update and notices are ``consents.parts``'."""

from collections.abc import Mapping
from datetime import datetime

from xinqiao.domain.canonical import Json
from xinqiao.hub.actors import EnterpriseActor, InstitutionActor, SystemActor
from xinqiao.hub.apps.audit.services import LeafRef, Refs, append_leaf
from xinqiao.hub.apps.consents.records import write_history
from xinqiao.hub.apps.items.models import ItemAuthorisation

#: Under which kind moves and artefacts of item authorisations stand among those of ``consents``.
KIND = "items"


def write_leaf(
    type_: str,
    row: ItemAuthorisation,
    at: datetime,
    facts: dict[str, Json],
    personal: dict[str, str] | None = None,
) -> LeafRef:
    """The leaf of a move, in the transaction of the move."""
    return append_leaf(
        type=type_,
        at=at,
        facts=facts,
        refs=Refs(subject=row.enterprise_id, institution=row.institution_id, authorisation=row.id),
        personal=personal,
    )


def record_move(
    actor: EnterpriseActor | InstitutionActor | SystemActor,
    row: ItemAuthorisation,
    event: str,
    from_state: str,
    at: datetime,
    leaf: LeafRef,
    facts: Mapping[str, Json] | None = None,
) -> None:
    """The line of the ledgers: who moved it from where to where it is now."""
    write_history(
        actor=actor,
        kind=KIND,
        object_id=row.id,
        event=event,
        from_state=from_state,
        to_state=row.state,
        at=at,
        enterprise_id=row.enterprise_id,
        institution_id=row.institution_id,
        facts={"request_no": row.request_no, **(facts or {})},
        leaf=leaf,
    )
