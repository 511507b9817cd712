"""Questions about bindings, authorisations and their histories: typed rows, always for a given actor.

``fetch_mode`` is ``FETCH_RAISE`` on every list, so a template cannot query by accident.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import FETCH_RAISE, F, Q, QuerySet

from xinqiao.domain.consent import (
    AUTHORISATION,
    AuthEvent,
    AuthState,
    Purpose,
    Reader,
    VisibleState,
    visible_state,
)
from xinqiao.domain.consent import Authorisation as Granted
from xinqiao.domain.errors import NotFound
from xinqiao.domain.lifecycles import BINDING, BindingState
from xinqiao.domain.machine import Role
from xinqiao.hub.actors import Actor, AgentScope, EnterpriseActor, InstitutionActor, SourceActor
from xinqiao.hub.apps.consents.models import Artefact, Authorisation, Binding, Entrustment, History
from xinqiao.hub.apps.consents.records import ask_scope, authorisation_value
from xinqiao.hub.apps.consents.rows import AccountRow, AgreementRow, AuthorisationRow, BindingRow, LedgerRow

__all__ = [
    "AccountRow",
    "AgreementRow",
    "AuthorisationRow",
    "BindingRow",
    "LedgerRow",
    "agreements",
    "artefacts",
    "authorisation",
    "authorisation_row",
    "authorisations",
    "binding_row",
    "bindings",
    "bindings_for",
    "history",
    "inbox",
    "inbox_count",
    "ledger",
    "page_of",
    "shown_as",
    "visible_history",
]


def _role(actor: Actor) -> Role | None:
    match actor:
        case EnterpriseActor():
            return Role.ENTERPRISE
        case InstitutionActor():
            return Role.INSTITUTION
        case _:
            return None


def _may(actor: Actor, scope: AgentScope) -> bool:
    return isinstance(actor, EnterpriseActor) and actor.may(scope)


def _bound_of(enterprises: Iterable[str]) -> dict[str, frozenset[str]]:
    pairs = Binding.objects.filter(enterprise_id__in=set(enterprises), state=BindingState.BOUND.value)
    found: dict[str, set[str]] = {}
    for enterprise_id, binding_id in pairs.values_list("enterprise_id", "id"):
        found.setdefault(enterprise_id, set()).add(binding_id)
    return {enterprise_id: frozenset(ids) for enterprise_id, ids in found.items()}


def _load(rows: QuerySet[Authorisation]) -> QuerySet[Authorisation]:
    return rows.select_related("institution", "enterprise").prefetch_related("accounts__binding__node")


def _rows(actor: Actor, found: list[Authorisation], at: datetime) -> list[AuthorisationRow]:
    # An institution learns which accounts exist only from what it was granted.
    bound = {} if isinstance(actor, InstitutionActor) else _bound_of(row.enterprise_id for row in found)
    return [_row(actor, row, bound.get(row.enterprise_id, frozenset()), at) for row in found]


def _row(actor: Actor, row: Authorisation, bound: frozenset[str], at: datetime) -> AuthorisationRow:
    accounts = tuple(
        AccountRow(
            id=link.binding.id,
            masked=link.binding.masked,
            bank_name=link.binding.bank_name,
            kind=link.binding.kind,
            node_id=link.binding.node_id,
            node_name=link.binding.node.name,
            state=BindingState(link.binding.state),
            added_seq=link.added_seq,
        )
        for link in sorted(row.accounts.all(), key=lambda one: one.binding_id)
    )
    granted: Granted | None = None
    if row.valid_from is not None:
        granted = authorisation_value(row, frozenset(account.id for account in accounts))
    known = bound if not isinstance(actor, InstitutionActor) else frozenset(row.req_accounts or ())
    role = _role(actor)
    allowed: list[AuthEvent] = []
    if role is not None and (role is not Role.ENTERPRISE or _may(actor, AgentScope.AUTHORISE)):
        allowed = AUTHORISATION.allowed(AuthState(row.state), role)
    visible = _visible(row, granted, at)
    if visible in (VisibleState.LAPSED, VisibleState.EXPIRED):
        allowed = [event for event in allowed if event is AuthEvent.WITHDRAW]
    return AuthorisationRow(
        id=row.id,
        request_no=row.request_no,
        authorisation_no=row.authorisation_no,
        institution_id=row.institution_id,
        institution_name=row.institution.name,
        enterprise_id=row.enterprise_id,
        enterprise_name=row.enterprise.name,
        enterprise_uscc=row.enterprise.uscc,
        state=AuthState(row.state),
        visible=visible,
        purpose=Purpose(row.purpose),
        business_ref=row.business_ref,
        business_note=row.business_note,
        operator_name=row.operator_name,
        operator_department=row.operator_department,
        message=row.message,
        reader=Reader(row.reader),
        asked=ask_scope(row, known),
        asked_all_accounts=row.req_accounts is None,
        requested_at=row.requested_at,
        request_expires_at=row.request_expires_at,
        decided_at=row.decided_at,
        refusal_reason=row.refusal_reason,
        granted=granted.scope if granted else None,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        uses=row.uses,
        withdrawn_at=row.withdrawn_at,
        partly=row.partly,
        artefact_digest=row.artefact_digest,
        seq=row.seq,
        version=row.version,
        accounts=accounts,
        allowed=tuple(allowed),
    )


def _visible(row: Authorisation, granted: Granted | None, at: datetime) -> VisibleState:
    if granted is not None:
        return visible_state(granted, at, partly=row.partly)
    match AuthState(row.state):
        case AuthState.REQUESTED:
            return VisibleState.LAPSED if at >= row.request_expires_at else VisibleState.REQUESTED
        case AuthState.REFUSED:
            return VisibleState.REFUSED
        case _:
            return VisibleState.LAPSED


def authorisation(actor: Actor, authorisation_id: str, *, at: datetime) -> AuthorisationRow:
    """One authorisation. Raises NotFound for an absent or foreign one, the same."""
    row = _load(Authorisation.objects.for_viewer(actor)).filter(id=authorisation_id).first()
    if row is None:
        raise NotFound
    return _rows(actor, [row], at)[0]


def authorisation_row(actor: Actor, authorisation_id: str) -> Authorisation:
    """The model row, with institution and enterprise loaded, for making the text of an act. Raises NotFound."""
    row = _load(Authorisation.objects.for_viewer(actor)).filter(id=authorisation_id).first()
    if row is None:
        raise NotFound
    return row


def binding_row(actor: Actor, binding_id: str) -> Binding:
    """The model row, with node, institution and enterprise loaded, for making the agreement's text. Raises NotFound."""
    row = (
        Binding.objects.for_viewer(actor)
        .select_related("enterprise", "node__institution")
        .filter(id=binding_id)
        .first()
    )
    if row is None:
        raise NotFound
    return row


def bindings_for(actor: Actor, ids: Iterable[str]) -> list[Binding]:
    """The actor's bound accounts among ``ids``, with their nodes, for making the text of a grant."""
    rows = Binding.objects.for_viewer(actor).filter(id__in=set(ids), state=BindingState.BOUND.value)
    return list(rows.select_related("node").order_by("id"))


def inbox(actor: EnterpriseActor, *, at: datetime) -> list[AuthorisationRow]:
    """Requests that wait for the subject's answer, the most urgent first."""
    rows = Authorisation.objects.for_viewer(actor).filter(
        state=AuthState.REQUESTED.value, request_expires_at__gt=at
    )
    found = _load(rows).fetch_mode(FETCH_RAISE).order_by("request_expires_at")
    return _rows(actor, list(found), at)


def inbox_count(actor: EnterpriseActor, *, at: datetime) -> int:
    """How many requests wait for an answer."""
    rows = Authorisation.objects.for_viewer(actor)
    return rows.filter(state=AuthState.REQUESTED.value, request_expires_at__gt=at).count()


def authorisations(
    actor: Actor,
    *,
    at: datetime,
    state: VisibleState | None = None,
    subject_uscc: str = "",
    institution_id: str = "",
    text: str = "",
    after: str = "",
    limit: int = 50,
) -> list[AuthorisationRow]:
    """The actor's authorisations, newest first.

    Args:
        state: only those that are shown so at ``at``.
        subject_uscc, institution_id: only those of one party.
        text: part of a number, a business reference or a name.
        after: id of the last row of the page before (a foreign or absent id gives an empty list).
        limit: at most so many rows.
    """
    rows = Authorisation.objects.for_viewer(actor)
    if state is not None:
        rows = rows.filter(shown_as(state, at))
    if subject_uscc:
        rows = rows.filter(enterprise__uscc=subject_uscc)
    if institution_id:
        rows = rows.filter(institution_id=institution_id)
    if text:
        rows = rows.filter(
            Q(request_no__contains=text)
            | Q(authorisation_no__contains=text)
            | Q(business_ref__contains=text)
            | Q(institution__name__contains=text)
            | Q(enterprise__name__contains=text)
        )
    return page_of(actor, rows, at=at, after=after, limit=limit)


def page_of(
    actor: Actor, rows: QuerySet[Authorisation], *, at: datetime, limit: int | None, after: str = ""
) -> list[AuthorisationRow]:
    """One page of ``rows``, which are the actor's already, newest first; ``None``: all of them."""
    if after:
        seen = Authorisation.objects.for_viewer(actor).filter(id=after)
        last = seen.values_list("requested_at", flat=True).first()
        if last is None:
            return []
        rows = rows.filter(Q(requested_at__lt=last) | Q(requested_at=last, id__lt=after))
    found = _load(rows).fetch_mode(FETCH_RAISE).order_by("-requested_at", "-id")[:limit]
    return _rows(actor, list(found), at)


def shown_as(state: VisibleState, at: datetime) -> Q:
    """``visible_state`` as a condition; a test holds the two equal."""
    confirmed = Q(state=AuthState.CONFIRMED.value)
    live = confirmed & Q(valid_to__gt=at)
    used_up = Q(uses__gte=F("max_queries"))
    match state:
        case VisibleState.REQUESTED:
            return Q(state=AuthState.REQUESTED.value, request_expires_at__gt=at)
        case VisibleState.LAPSED:
            return Q(state=AuthState.LAPSED.value) | Q(
                state=AuthState.REQUESTED.value, request_expires_at__lte=at
            )
        case VisibleState.REFUSED:
            return Q(state=AuthState.REFUSED.value)
        case VisibleState.WITHDRAWN:
            return Q(state=AuthState.WITHDRAWN.value)
        case VisibleState.EXPIRED:
            return confirmed & Q(valid_to__lte=at)
        case VisibleState.USED_UP:
            return live & used_up
        case VisibleState.PARTLY:
            return live & ~used_up & Q(partly=True)
        case VisibleState.ACTIVE:
            return live & ~used_up & Q(partly=False)


def bindings(actor: Actor, *, at: datetime) -> list[BindingRow]:
    """The actor's accounts, live ones first; among these the basic account, then by age, the newest first."""
    rows = Binding.objects.for_viewer(actor).select_related("node__institution").fetch_mode(FETCH_RAISE)
    # the kinds stand in the alphabet as people name them: basic, general, payment
    found = list(rows.order_by("kind", "-created_at"))
    live = Authorisation.objects.filter(
        state=AuthState.CONFIRMED.value, valid_to__gt=at, accounts__binding_id__in=[row.id for row in found]
    )
    counts: dict[str, int] = {}
    for binding_id in live.values_list("accounts__binding_id", flat=True):
        counts[binding_id] = counts.get(binding_id, 0) + 1
    role = _role(actor)
    may = role is not Role.ENTERPRISE or _may(actor, AgentScope.BIND)
    result = [
        BindingRow(
            id=row.id,
            masked=row.masked,
            kind=row.kind,
            state=BindingState(row.state),
            reason=row.reason,
            bank_name=row.bank_name,
            cnaps=row.cnaps,
            opened_on=row.opened_on.isoformat() if row.opened_on else "",
            currency=row.currency,
            node_id=row.node_id,
            node_name=row.node.name,
            institution_name=row.node.institution.name,
            created_at=row.created_at,
            bound_at=row.bound_at,
            ended_at=row.ended_at,
            version=row.version,
            live_authorisations=counts.get(row.id, 0),
            allowed=tuple(BINDING.allowed(BindingState(row.state), role)) if role and may else (),
        )
        for row in found
    ]
    ended = (BindingState.REJECTED, BindingState.UNBOUND, BindingState.CLOSED)
    return sorted(result, key=lambda row: row.state in ended)


def agreements(actor: Actor) -> list[AgreementRow]:
    """The entrustment agreements of the actor's accounts, newest first."""
    rows = (
        Entrustment.objects.filter(binding__in=Binding.objects.for_viewer(actor))
        .select_related("binding__node__institution")
        .fetch_mode(FETCH_RAISE)
        .order_by("-signed_at")
    )
    return [
        AgreementRow(
            id=row.id,
            binding_id=row.binding_id,
            masked=row.binding.masked,
            bank_name=row.binding.bank_name,
            institution_name=row.binding.node.institution.name,
            version=row.agreement_version,
            digest=row.digest,
            signed_at=row.signed_at,
            ended_at=row.ended_at,
            delivered_at=row.delivered_at,
            text=str(row.evidence.get("shown_text", "")),
        )
        for row in rows
    ]


def artefacts(actor: Actor, authorisation_id: str) -> list[Artefact]:
    """The signed artefacts of an authorisation, in order, then the entrustments of its accounts.

    A permit names both by digest, so whoever is to prove a report needs both. Raises NotFound for an absent or foreign one.
    """
    found = Authorisation.objects.for_viewer(actor).filter(id=authorisation_id).first()
    if found is None:
        raise NotFound
    accounts = list(found.accounts.values_list("binding_id", flat=True))
    rows = Artefact.objects.filter(
        Q(owner_kind="authorisation", owner_id=authorisation_id)
        | Q(owner_kind="binding", owner_id__in=accounts, type="entrustment")
    )
    return list(rows.order_by("owner_kind", "seq", "signed_at"))


def history(actor: Actor, object_id: str) -> list[LedgerRow]:
    """Everything that happened to one binding or authorisation, in order. Empty for a foreign one, as if absent."""
    return _ledger_rows(visible_history(actor).filter(object_id=object_id).order_by("seq"))


def ledger(
    actor: Actor,
    *,
    kind: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    institution_id: str = "",
    limit: int = 200,
) -> list[LedgerRow]:
    """Bindings and authorisations as a timeline, newest first; ``[since, until)`` is half-open."""
    rows = visible_history(actor)
    if kind:
        rows = rows.filter(object_kind=kind)
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lt=until)
    if institution_id:
        rows = rows.filter(institution_id=institution_id)
    return _ledger_rows(rows.order_by("-at", "-id")[:limit])


def visible_history(actor: Actor) -> QuerySet[History]:
    """The moves of the actor's own bindings and authorisations; all of them for the platform's people."""
    rows = History.objects.select_related("institution").fetch_mode(FETCH_RAISE)
    match actor:
        case EnterpriseActor(enterprise_id=enterprise_id):
            return rows.filter(enterprise_id=enterprise_id)
        case InstitutionActor(institution_id=institution_id):
            return rows.filter(institution_id=institution_id)
        case SourceActor():
            return rows.none()
        case _:
            return rows


def _ledger_rows(rows: QuerySet[History]) -> list[LedgerRow]:
    return [
        LedgerRow(
            at=row.at,
            kind=row.object_kind,
            event=row.event,
            object_id=row.object_id,
            from_state=row.from_state,
            to_state=row.to_state,
            actor_kind=row.actor_kind,
            actor_label=row.actor_label,
            institution_id=row.institution_id,
            institution_name=row.institution.name if row.institution else "",
            facts=dict(row.facts),
            leaf_index=row.leaf_index,
        )
        for row in rows
    ]
