"""Rows as the domain's values, and the small writes every verb makes: numbers, history, artefacts."""

from datetime import datetime
from typing import assert_never

from django.db.models import Max

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import (
    Authorisation,
    AuthState,
    Entrustment,
    Product,
    Purpose,
    Scope,
)
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import (
    Actor,
    AuditorActor,
    EnterpriseActor,
    InstitutionActor,
    OperatorActor,
    SourceActor,
    SystemActor,
)
from xinqiao.hub.apps.audit.services import LeafRef
from xinqiao.hub.apps.consents import models
from xinqiao.hub.apps.identity.models import EnterprisePerson
from xinqiao.hub.ids import Prefix, new_id


def binding_ids(row: models.Authorisation) -> frozenset[str]:
    """Ids of the accounts an authorisation covers, bound or not."""
    return frozenset(row.accounts.values_list("binding_id", flat=True))


def authorisation_value(row: models.Authorisation, accounts: frozenset[str] | None = None) -> Authorisation:
    """A granted row as the domain's value; the subject is the unified social credit code, as nodes know it.

    ``row.enterprise`` should be loaded. A request that was never granted has no such value: see :func:`ask_scope`.
    """
    if row.valid_from is None or row.valid_to is None:
        raise ValueError("a request without an answer grants nothing")
    return Authorisation(
        id=row.id,
        subject=row.enterprise.uscc,
        institution=row.institution_id,
        scope=Scope(
            accounts=binding_ids(row) if accounts is None else accounts,
            products=frozenset(Product(product) for product in row.products),
            months_back=row.months,
            valid_days=row.valid_days,
            max_queries=row.max_queries,
            include_balance=row.include_balance,
            purpose=Purpose(row.purpose),
        ),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        uses=row.uses,
        state=AuthState(row.state),
        withdrawn_at=row.withdrawn_at,
        artefact_digest=row.artefact_digest,
    )


def ask_scope(row: models.Authorisation, bound: frozenset[str]) -> Scope:
    """What a request asks for; a request that leaves the accounts to the subject asks for those bound now."""
    accounts = bound if row.req_accounts is None else frozenset(row.req_accounts) & bound
    return Scope(
        accounts=accounts,
        products=frozenset(Product(product) for product in row.req_products),
        months_back=row.req_months,
        valid_days=row.req_valid_days,
        max_queries=row.req_max_queries,
        include_balance=row.req_include_balance,
        purpose=Purpose(row.purpose),
    )


def entrustment_value(row: models.Entrustment) -> Entrustment:
    """A row as the domain's value; ``row.binding`` and its enterprise should be loaded."""
    binding = row.binding
    return Entrustment(
        id=row.id,
        subject=binding.enterprise.uscc,
        provider=binding.node_id,
        account=binding.id,
        products=frozenset(Product),
        agreement_version=row.agreement_version,
        signed_at=row.signed_at,
        ended_at=row.ended_at,
        digest=row.digest,
    )


def next_number(prefix: str, at: datetime) -> str:
    """The next human number of the Shanghai day, gap-free. Call inside a transaction."""
    day = business_day(at)
    models.DayNumber.objects.get_or_create(prefix=prefix, day=day)
    row = models.DayNumber.objects.select_for_update().get(prefix=prefix, day=day)
    row.last += 1
    row.save(update_fields=["last"])
    return f"{prefix}-{day:%Y%m%d}-{row.last:04d}"


def actor_columns(actor: Actor) -> tuple[str, str, str]:
    """Kind, id and label of an actor for a history row; a person's label is the masked name."""
    match actor:
        case EnterpriseActor(person_id=person_id):
            label = (
                EnterprisePerson.objects.filter(id=person_id).values_list("name_masked", flat=True).first()
            )
            return "enterprise", person_id, label or ""
        case InstitutionActor(user_id=user_id, institution_id=institution_id):
            label = f"{actor.operator_name} · {actor.department}".strip(" ·")
            return "institution", user_id or institution_id, label
        case SourceActor(user_id=user_id, source_id=source_id, name=name):
            return "source", user_id or source_id, name
        case OperatorActor(user_id=user_id):
            return "operator", user_id, ""
        case AuditorActor(user_id=user_id):
            return "auditor", user_id, ""
        case SystemActor(process=process):
            return "system", "", process
        case _:
            assert_never(actor)


def write_history(
    *,
    actor: Actor,
    kind: str,
    object_id: str,
    event: str,
    from_state: str,
    to_state: str,
    at: datetime,
    enterprise_id: str,
    institution_id: str | None = None,
    facts: dict[str, Json] | None = None,
    leaf: LeafRef | None = None,
) -> models.History:
    """Add the next row to an object's history. The caller holds the object's lock."""
    rows = models.History.objects.filter(object_kind=kind, object_id=object_id)
    last = rows.aggregate(last=Max("seq"))["last"] or 0
    actor_kind, actor_id, actor_label = actor_columns(actor)
    return models.History.objects.create(
        object_kind=kind,
        object_id=object_id,
        seq=last + 1,
        event=event,
        from_state=from_state,
        to_state=to_state,
        at=at,
        actor_kind=actor_kind,
        actor_id=actor_id,
        actor_label=actor_label[:120],
        facts=facts or {},
        leaf_index=leaf.index if leaf else None,
        enterprise_id=enterprise_id,
        institution_id=institution_id,
    )


def store_artefact(
    *,
    owner_kind: str,
    owner_id: str,
    seq: int,
    type_: str,
    jws: str,
    digest: str,
    predecessor: str,
    at: datetime,
    shown_text: str = "",
    evidence: dict[str, Json] | None = None,
) -> models.Artefact:
    """Keep a signed artefact; two of the same place cannot both be stored."""
    return models.Artefact.objects.create(
        id=new_id(Prefix.ARTEFACT),
        owner_kind=owner_kind,
        owner_id=owner_id,
        seq=seq,
        type=type_,
        jws=jws,
        digest=digest,
        predecessor=predecessor,
        signed_at=at,
        shown_text=shown_text,
        evidence=evidence or {},
    )
