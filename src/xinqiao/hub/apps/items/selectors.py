"""What pages and the interface ask about items: authorisations, queries. Nothing is written here."""

from dataclasses import dataclass
from datetime import UTC, datetime

from xinqiao.domain.consent import AuthState, Purpose, VisibleState, visible_state
from xinqiao.domain.errors import NotFound
from xinqiao.domain.items import ItemAuthorisation as DomainAuthorisation
from xinqiao.domain.items import ItemScope
from xinqiao.hub.actors import Actor, EnterpriseActor
from xinqiao.hub.apps.items.models import ItemAuthorisation, ItemQuery
from xinqiao.hub.apps.items.scopes import asked_scope, stated_words
from xinqiao.trust.encoding import strict_object, unb64


@dataclass(frozen=True, slots=True)
class ItemAuthorisationRow:
    """One authorisation: what was asked, what was granted, where it stands now."""

    id: str
    request_no: str
    authorisation_no: str | None
    institution_id: str
    institution_name: str
    enterprise_id: str
    enterprise_name: str
    enterprise_uscc: str
    visible: VisibleState
    purpose: Purpose
    business_ref: str
    operator_name: str
    operator_department: str
    message: str
    asked: ItemScope
    granted: ItemScope | None
    requested_at: datetime
    request_expires_at: datetime
    valid_from: datetime | None
    valid_to: datetime | None
    max_queries: int
    uses: int
    partly: bool
    artefact: str
    version: int


def granted_value(row: ItemAuthorisation) -> DomainAuthorisation | None:
    """What the signed artefact says; ``None`` before there is one."""
    if not row.artefact:
        return None
    # the hub's own artefact out of its own table
    return DomainAuthorisation.from_claims(strict_object(unb64(row.artefact.split(".")[1])))


def authorisations(actor: Actor, *, at: datetime, limit: int = 100) -> list[ItemAuthorisationRow]:
    """The actor's authorisations of items, newest first."""
    rows = ItemAuthorisation.objects.for_viewer(actor).select_related("institution", "enterprise")
    return [_row(row, at) for row in rows.order_by("-requested_at", "-id")[:limit]]


def authorisation(actor: Actor, authorisation_id: str, *, at: datetime) -> ItemAuthorisationRow:
    """One of them. Raises NotFound for an absent or foreign one."""
    return _row(record(actor, authorisation_id), at)


def record(actor: Actor, authorisation_id: str) -> ItemAuthorisation:
    """The row itself, for the text that is signed. Raises NotFound."""
    rows = ItemAuthorisation.objects.for_viewer(actor).select_related("institution", "enterprise")
    row = rows.filter(id=authorisation_id).first()
    if row is None:
        raise NotFound
    return row


def stated(actor: EnterpriseActor, authorisation_id: str) -> dict[str, dict[str, str]]:
    """Digest → stated values as written, for the enterprise's own deciding page only; empty once it has decided."""
    return stated_words(record(actor, authorisation_id))


def queries(actor: Actor, *, limit: int = 100) -> list[ItemQuery]:
    """Uses, refusals and failures the actor may see, newest first: an enterprise all about itself."""
    rows = ItemQuery.objects.for_viewer(actor).select_related("institution")
    return list(rows.order_by("-asked_at", "-id")[:limit])


def query(actor: Actor, query_id: str) -> ItemQuery:
    """One of them. Raises NotFound for an absent or foreign one."""
    row = ItemQuery.objects.for_viewer(actor).filter(id=query_id).first()
    if row is None:
        raise NotFound
    return row


def _row(row: ItemAuthorisation, at: datetime) -> ItemAuthorisationRow:
    granted, asked = granted_value(row), asked_scope(row)
    never = datetime.min.replace(tzinfo=UTC)
    standing = DomainAuthorisation(
        id=row.id,
        subject=row.enterprise.uscc,
        institution=row.institution_id,
        scope=granted.scope if granted else asked,
        valid_from=row.valid_from or never,
        valid_to=row.valid_to or never,
        uses=row.uses,
        state=AuthState(row.state),
        withdrawn_at=row.withdrawn_at,
    )
    return ItemAuthorisationRow(
        id=row.id,
        request_no=row.request_no,
        authorisation_no=row.authorisation_no,
        institution_id=row.institution_id,
        institution_name=row.institution.name,
        enterprise_id=row.enterprise_id,
        enterprise_name=row.enterprise.name,
        enterprise_uscc=row.enterprise.uscc,
        visible=visible_state(standing, at, partly=row.partly, answer_by=row.request_expires_at),
        purpose=Purpose(row.purpose),
        business_ref=row.business_ref,
        operator_name=row.operator_name,
        operator_department=row.operator_department,
        message=row.message,
        asked=asked,
        granted=granted.scope if granted else None,
        requested_at=row.requested_at,
        request_expires_at=row.request_expires_at,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        max_queries=row.max_queries,
        uses=row.uses,
        partly=row.partly,
        artefact=row.artefact,
        version=row.version,
    )
