"""What every verb of authorisations does alike: lock, conditional update, leaf, history, notice.

Lock, update and notices are for every kind of authorisation, whatever it covers (``items`` uses them); the rest is this
app's own.
"""

from datetime import datetime
from typing import ClassVar, Protocol

from django.conf import settings
from django.db.models import QuerySet

from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.consent import (
    AuthState,
)
from xinqiao.domain.errors import NotFound, Stale
from xinqiao.domain.lifecycles import BindingState
from xinqiao.domain.period import format_instant
from xinqiao.hub.actors import (
    EnterpriseActor,
    InstitutionActor,
    SystemActor,
)
from xinqiao.hub.apps.audit.services import LeafRef, Refs, append_leaf
from xinqiao.hub.apps.consents.models import Authorisation, Binding, StatefulRow
from xinqiao.hub.apps.consents.records import (
    store_artefact,
    write_history,
)
from xinqiao.hub.apps.consents.summary import WhatYouSee
from xinqiao.hub.apps.identity.models import Enterprise, Institution
from xinqiao.hub.apps.notices.services import notify
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, sign_jws


class AnyAuthorisation(Protocol):
    """What notices and the end of an authorisation of either kind name of it.

    ``PLACES``: where it is, in the portals of the firm and of the institution.
    """

    PLACES: ClassVar[tuple[str, str]]
    id: str
    request_no: str
    enterprise: Enterprise
    enterprise_id: str
    institution: Institution
    institution_id: str
    purpose: str
    business_ref: str
    artefact_digest: str
    seq: int


def lock_row[R: StatefulRow](rows: QuerySet[R], authorisation_id: str, expected_version: int | None) -> R:
    """One of the viewer's ``rows`` under its lock; absent and foreign are the same. Raises NotFound, Stale."""
    found = rows.select_related("institution", "enterprise").select_for_update(of=("self",))
    row = found.filter(id=authorisation_id).first()
    if row is None:
        raise NotFound
    if expected_version is not None and row.version != expected_version:
        raise Stale("the authorisation changed since it was shown")
    return row


def lock_authorisation(
    actor: EnterpriseActor, authorisation_id: str, expected_version: int | None
) -> Authorisation:
    """An authorisation of products under its lock. Raises NotFound, Stale."""
    return lock_row(Authorisation.objects.for_viewer(actor), authorisation_id, expected_version)


def bound_ids(enterprise_id: str) -> frozenset[str]:
    """Accounts that can be given out now; of a closed one only what was granted before goes on."""
    rows = Binding.objects.filter(enterprise_id=enterprise_id, state=BindingState.BOUND.value)
    return frozenset(rows.values_list("id", flat=True))


def move(row: StatefulRow, expected: AuthState, **columns: object) -> None:
    """The conditional update: one row in the expected state and version, or nothing happened. Raises Stale."""
    columns["version"] = row.version + 1
    rows = type(row)._default_manager.filter(pk=row.pk, state=expected.value, version=row.version)
    if rows.update(**columns) != 1:
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


def tell_enterprise(row: AnyAuthorisation, kind: str, at: datetime) -> None:
    """A notice to the firm it is about."""
    notify(
        audience=("enterprise", row.enterprise_id),
        kind=kind,
        facts={"request_no": row.request_no, "institution": row.institution.name, "purpose": row.purpose},
        link=f"/e/{row.PLACES[0]}/{row.id}",
        at=at,
    )


def tell_institution(
    row: AnyAuthorisation, kind: str, at: datetime, facts: dict[str, Json] | None = None
) -> None:
    """A notice to the institution that asked."""
    notify(
        audience=("institution", row.institution_id),
        kind=kind,
        facts={
            "request_no": row.request_no,
            "business_ref": row.business_ref,
            "enterprise": row.enterprise.name,
            **(facts or {}),
        },
        link=f"/i/{row.PLACES[1]}/{row.id}",
        at=at,
    )


def sign_withdrawal(
    actor: EnterpriseActor,
    row: AnyAuthorisation,
    *,
    kind: str,
    artefact_kind: str,
    seen: WhatYouSee,
    evidence: dict[str, Json],
    at: datetime,
) -> str:
    """Sign and keep the artefact that ends an authorisation of either kind; returns the digest of its claims."""
    claims: dict[str, Json] = {
        "artefact": "withdrawal",
        "v": 1,
        "iss": settings.XINQIAO_HUB_ID,
        "kind": artefact_kind,
        "id": row.id,
        "sub": row.enterprise.uscc,
        "grantee": row.institution_id,
        "digest": row.artefact_digest,
        "signatory": actor.person_id,
        "shown_digest": seen.digest,
        "signed_at": format_instant(at),
    }
    digest = digest_hex(claims)
    store_artefact(
        owner_kind=kind,
        owner_id=row.id,
        seq=row.seq + 1,
        type_="withdrawal",
        jws=sign_jws(claims, runtime.hub_key, ArtefactType.WITHDRAWAL),
        digest=digest,
        predecessor=row.artefact_digest,
        at=at,
        shown_text=seen.text,
        evidence=evidence,
    )
    return digest
