"""Capacities: who acts for an enterprise, until when; naming and ending agents, a change of the representative."""

from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound
from xinqiao.hub.actors import AgentScope, EnterpriseActor, PersonRole
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.identity.models import Enterprise, EnterprisePerson, User
from xinqiao.hub.apps.notices.services import notify
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime

#: What the column of masked names holds.
_MASK_LENGTH = 40


def mask_name(name: str) -> str:
    """The first character and stars: 张三丰 → 张**. Of a very long name not every star is kept."""
    return name[:1] + "*" * min(max(1, len(name) - 1), _MASK_LENGTH - 1)


def person_index(id_no: str) -> str:
    """Keyed blind index of an identity number, the same for every enterprise the person acts for."""
    return runtime.blind_index("person", id_no.strip().upper())


def user_for_person(id_no: str, name: str) -> User:
    """The account of a natural person, made at first sight. Call inside a transaction."""
    username = f"p-{person_index(id_no)}"
    user = User.objects.filter(username=username).first()
    if user is not None:
        return user
    try:
        with transaction.atomic():
            return User.objects.create_user(username, kind="enterprise", display_name=mask_name(name))
    except IntegrityError:  # another enterprise named the same person at this moment
        return User.objects.get(username=username)


def store_capacity(
    *,
    enterprise: Enterprise,
    user: User,
    name: str,
    id_no: str,
    role: PersonRole,
    scopes: frozenset[AgentScope],
    valid_from: datetime,
    valid_to: datetime | None,
    named_by_id: str | None = None,
) -> EnterprisePerson:
    """Write a capacity row with the name encrypted under its own row id. Call inside a transaction."""
    person_id = new_id(Prefix.PERSON)
    return EnterprisePerson.objects.create(
        id=person_id,
        enterprise=enterprise,
        user=user,
        name_enc=runtime.protect(name, table="enterprise_person", column="name", row=person_id),
        name_masked=mask_name(name),
        id_no_index=person_index(id_no),
        role=role.value,
        scopes=sorted(scope.value for scope in scopes),
        valid_from=valid_from,
        valid_to=valid_to,
        named_by_id=named_by_id,
    )


def live_capacity(at: datetime) -> Q:
    """The condition "in force at ``at``": half-open, so a former representative is refused from the very instant."""
    return Q(valid_from__lte=at) & (Q(valid_to__isnull=True) | Q(valid_to__gt=at))


def require_capacity(actor: EnterpriseActor, scope: AgentScope | None, at: datetime) -> EnterprisePerson:
    """The actor's capacity row as it stands now, or a refusal (case A7).

    Every verb of an enterprise calls this inside its transaction: a session may be older than the change.

    Raises:
        Forbidden: ``SUBJECT_NOT_AUTHORISED``: no capacity for this enterprise in force, or not for this act.
    """
    person = (
        EnterprisePerson.objects.filter(
            id=actor.person_id, user_id=actor.user_id, enterprise_id=actor.enterprise_id
        )
        .filter(live_capacity(at))
        .first()
    )
    if person is None:
        raise Forbidden(Code.SUBJECT_NOT_AUTHORISED, "this person does not act for this enterprise now")
    if scope is not None and person.role != PersonRole.LEGAL_REP and scope.value not in person.scopes:
        raise Forbidden(
            Code.SUBJECT_NOT_AUTHORISED, "the agent was not given this", facts={"scope": scope.value}
        )
    return person


def require_legal_rep(actor: EnterpriseActor, at: datetime) -> EnterprisePerson:
    """As :func:`require_capacity`, and only the legal representative."""
    person = require_capacity(actor, None, at)
    if person.role != PersonRole.LEGAL_REP:
        raise Forbidden(Code.SUBJECT_NOT_AUTHORISED, "only the legal representative may do this")
    return person


def name_agent(
    *,
    actor: EnterpriseActor,
    name: str,
    id_no: str,
    scopes: frozenset[AgentScope],
    valid_to: datetime,
    at: datetime,
) -> EnterprisePerson:
    """The legal representative names an agent with scopes and an end (at most five at a time).

    Raises:
        Forbidden: not the legal representative.
        Invalid: no scope, no name, or an end that is not in the future.
        Conflict: five agents already (``CONFLICT_STATE``), or this person is one (``CONFLICT_DUPLICATE``).
    """
    if not scopes or not name.strip() or not id_no.strip():
        raise Invalid(
            Code.INVALID, "an agent has a name, a number and at least one scope", facts={"field": "scopes"}
        )
    if valid_to <= at:
        raise Invalid(Code.INVALID, "the end lies in the past", facts={"field": "valid_to"})
    with transaction.atomic(durable=True):
        representative = require_legal_rep(actor, at)
        enterprise = Enterprise.objects.select_for_update().get(id=actor.enterprise_id)
        live = list(enterprise.people.filter(live_capacity(at)))
        if any(person.id_no_index == person_index(id_no) for person in live):
            raise Conflict(Code.CONFLICT_DUPLICATE, "this person acts for the enterprise already")
        if sum(person.role == PersonRole.AGENT for person in live) >= settings.AGENTS_PER_ENTERPRISE:
            raise Conflict(
                Code.CONFLICT_STATE, "no more agents", facts={"max": settings.AGENTS_PER_ENTERPRISE}
            )
        person = store_capacity(
            enterprise=enterprise,
            user=user_for_person(id_no, name),
            name=name.strip(),
            id_no=id_no,
            role=PersonRole.AGENT,
            scopes=scopes,
            valid_from=at,
            valid_to=valid_to,
            named_by_id=representative.id,
        )
        append_leaf(
            type="ADMIN",
            at=at,
            facts={
                "act": "agent_named",
                "person": person.id,
                "scopes": person.scopes,
                "by": representative.id,
            },
            refs=Refs(subject=enterprise.id, object=person.id),
        )
    return person


def end_agent(*, actor: EnterpriseActor, person_id: str, at: datetime) -> None:
    """The legal representative ends an agent's capacity, effective at once.

    Raises:
        NotFound: no live agent of this enterprise has that id.
    """
    with transaction.atomic(durable=True):
        require_legal_rep(actor, at)
        ended = (
            EnterprisePerson.objects.for_viewer(actor)
            .filter(live_capacity(at), id=person_id, role=PersonRole.AGENT.value)
            .update(valid_to=at)
        )
        if ended != 1:
            raise NotFound
        append_leaf(
            type="ADMIN",
            at=at,
            facts={"act": "agent_ended", "person": person_id},
            refs=Refs(subject=actor.enterprise_id, object=person_id),
        )


def replace_legal_rep(
    *, enterprise: Enterprise, name: str, id_no: str, effective: datetime, at: datetime
) -> EnterprisePerson:
    """Record that the registration names another representative from ``effective``. Call inside a transaction.

    The former one is refused from that instant on (case A7); what was authorised before stays and the enterprise is
    asked to look it through again.
    """
    former = list(
        enterprise.people.select_for_update().filter(role=PersonRole.LEGAL_REP.value, valid_to__isnull=True)
    )
    for person in former:
        person.valid_to = max(effective, person.valid_from)
        person.save(update_fields=["valid_to"])
    person = store_capacity(
        enterprise=enterprise,
        user=user_for_person(id_no, name),
        name=name,
        id_no=id_no,
        role=PersonRole.LEGAL_REP,
        scopes=frozenset(AgentScope),
        valid_from=effective,
        valid_to=None,
    )
    if former:
        notify(
            audience=("enterprise", enterprise.id),
            kind="representative_changed",
            facts={"review": "authorisations"},
            link="/e/authorisations",
            at=at,
        )
        append_leaf(
            type="ADMIN",
            at=at,
            facts={"act": "representative_changed", "person": person.id, "former": [p.id for p in former]},
            refs=Refs(subject=enterprise.id, object=person.id),
        )
    return person
