"""What pages and the interface ask about items: authorisations, queries. Nothing is written here."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Count, Q

from xinqiao.domain.consent import AuthState, Purpose, VisibleState, visible_state
from xinqiao.domain.errors import NotFound
from xinqiao.domain.items import ItemAuthorisation as DomainAuthorisation
from xinqiao.domain.items import ItemScope
from xinqiao.hub.actors import Actor, EnterpriseActor
from xinqiao.hub.apps.consents.models import Artefact
from xinqiao.hub.apps.consents.rows import LIVE
from xinqiao.hub.apps.consents.selectors import shown_as
from xinqiao.hub.apps.items.models import ItemAuthorisation, ItemQuery, ItemSource
from xinqiao.hub.apps.items.parts import KIND
from xinqiao.hub.apps.items.scopes import asked_scope, granted_value, stated_words


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
    artefact_digest: str
    seq: int
    version: int
    decided_at: datetime | None
    refusal_reason: str
    withdrawn_at: datetime | None

    @property
    def live(self) -> bool:
        """Whether it can be used at the time of the question."""
        return self.visible in LIVE

    @property
    def uses_left(self) -> int:
        """Queries left of those granted."""
        return self.max_queries - self.uses if self.granted else 0


def authorisations(
    actor: Actor,
    *,
    at: datetime,
    state: VisibleState | None = None,
    subject_uscc: str = "",
    text: str = "",
    after: str = "",
    limit: int = 100,
) -> list[ItemAuthorisationRow]:
    """The actor's authorisations of items, newest first; the filters as in ``consents.selectors.authorisations``."""
    rows = ItemAuthorisation.objects.for_viewer(actor)
    if state is not None:
        rows = rows.filter(shown_as(state, at))
    if subject_uscc:
        rows = rows.filter(enterprise__uscc=subject_uscc)
    if text:
        rows = rows.filter(
            Q(request_no__contains=text)
            | Q(authorisation_no__contains=text)
            | Q(business_ref__contains=text)
            | Q(enterprise__name__contains=text)
        )
    if after:
        last = ItemAuthorisation.objects.for_viewer(actor).filter(id=after).first()
        if last is None:
            return []
        older = Q(requested_at__lt=last.requested_at) | Q(requested_at=last.requested_at, id__lt=after)
        rows = rows.filter(older)
    found = rows.select_related("institution", "enterprise").order_by("-requested_at", "-id")
    return [_row(row, at) for row in found[:limit]]


def state_counts(actor: Actor, *, at: datetime) -> dict[VisibleState, int]:
    """How many are shown in each state at ``at``; every state is present."""
    wanted = {state.value: Count("id", filter=shown_as(state, at)) for state in VisibleState}
    found = ItemAuthorisation.objects.for_viewer(actor).aggregate(**wanted)
    return {state: found[state.value] for state in VisibleState}


def inbox_count(actor: EnterpriseActor, *, at: datetime) -> int:
    """How many requests for items wait for the subject's answer."""
    rows = ItemAuthorisation.objects.for_viewer(actor)
    return rows.filter(shown_as(VisibleState.REQUESTED, at)).count()


def artefacts(actor: Actor, authorisation_id: str) -> list[Artefact]:
    """The signed artefacts of an authorisation, in order. Raises NotFound for an absent or foreign one."""
    row = record(actor, authorisation_id)
    return list(Artefact.objects.filter(owner_kind=KIND, owner_id=row.id).order_by("seq"))


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


def queries(
    actor: Actor,
    *,
    enterprise_id: str | None = None,
    authorisation_ids: Collection[str] | None = None,
    answered: bool = False,
    state: str = "",
    authorisation_id: str = "",
    since: datetime | None = None,
    after: str = "",
    limit: int = 100,
) -> list[ItemQuery]:
    """Uses, refusals and failures the actor may see, newest first: an enterprise all about itself.

    Args:
        answered: only verifications whose yes or no is still kept.
        after: the id of the last row of the page before; a foreign or absent one gives an empty list.
    """
    rows = ItemQuery.objects.for_viewer(actor)
    if after:
        last = rows.filter(id=after).first()
        if last is None:
            return []
        rows = rows.filter(Q(asked_at__lt=last.asked_at) | Q(asked_at=last.asked_at, id__lt=after))
    wanted: dict[str, object] = {
        "enterprise_id": enterprise_id, "authorisation_id__in": authorisation_ids, "asked_at__gte": since,
        "state": state or None, "authorisation_id": authorisation_id or None,
    }  # fmt: skip
    rows = rows.filter(**{name: value for name, value in wanted.items() if value is not None})
    if answered:
        rows = rows.exclude(result="")
    found = rows.select_related("institution", "enterprise", "authorisation", "node")
    return list(found.order_by("-asked_at", "-id")[:limit])


def query_counts(actor: Actor) -> dict[str, int]:
    """How many queries the actor may see, by state; every state is present."""
    found = dict.fromkeys(("released", "denied", "failed", "permitted"), 0)
    rows = ItemQuery.objects.for_viewer(actor).values_list("state").annotate(number=Count("id"))
    return found | dict(rows)


def askers(*, enterprise_id: str, since: datetime) -> Counter[str]:
    """How often each institution asked about an enterprise, refusals included; for counts, never for names."""
    rows = ItemQuery.objects.filter(enterprise_id=enterprise_id, asked_at__gte=since)
    return Counter(dict(rows.values_list("institution_id").annotate(times=Count("id")).order_by()))


def served() -> dict[str, str]:
    """The items that can be called or verified at the moment, with the name of the node that serves each."""
    rows = ItemSource.objects.filter(node__status="active")
    return dict(rows.values_list("item", "node__name"))


def query(actor: Actor, query_id: str) -> ItemQuery:
    """One of them. Raises NotFound for an absent or foreign one."""
    rows = ItemQuery.objects.for_viewer(actor).select_related("institution", "enterprise", "authorisation")
    row = rows.filter(id=query_id).first()
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
        artefact_digest=row.artefact_digest,
        seq=row.seq,
        version=row.version,
        decided_at=row.decided_at,
        refusal_reason=row.refusal_reason,
        withdrawn_at=row.withdrawn_at,
    )
