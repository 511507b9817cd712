"""Questions about who is who: the actor behind an account, typed rows for lists, each for a given actor."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from xinqiao.domain.errors import Code, Forbidden, NotFound
from xinqiao.domain.identifiers import validate_uscc
from xinqiao.hub.actors import (
    Actor,
    AgentScope,
    AuditorActor,
    EnterpriseActor,
    InstitutionActor,
    InstitutionRole,
    OperatorActor,
    OperatorRole,
    PersonRole,
    SourceActor,
    SourceRole,
)
from xinqiao.hub.apps.identity.models import (
    DemoIdentity,
    DeskKey,
    Enterprise,
    EnterprisePerson,
    Institution,
    InstitutionKey,
    Invitation,
    LoginAttempt,
    Member,
    Node,
    Passkey,
    Source,
    SourceKey,
    SourceMember,
    User,
)
from xinqiao.hub.apps.identity.people import live_capacity


def actor_for_user(*, user: User, person_id: str = "", at: datetime) -> Actor | None:
    """The actor an account is now, or ``None`` when its capacity has ended.

    ``person_id`` says in which capacity a person of an enterprise acts, as chosen at log-in.
    """
    if not user.is_active:
        return None
    match user.kind:
        case "enterprise":
            person = EnterprisePerson.objects.filter(live_capacity(at), id=person_id, user=user).first()
            return enterprise_actor(person) if person is not None else None
        case "institution":
            member = (
                Member.objects.filter(user=user, ended_at__isnull=True, institution__status="active")
                .select_related("user")
                .first()
            )
            return institution_actor(member) if member is not None else None
        case "source":
            colleague = (
                SourceMember.objects.filter(user=user, ended_at__isnull=True, source__status="active")
                .select_related("user")
                .first()
            )
            return source_actor(colleague) if colleague is not None else None
        case "operator":
            return OperatorActor(user.id, frozenset(OperatorRole(role) for role in user.roles))
        case "auditor":
            return AuditorActor(user.id)
        case _:
            return None


def enterprise_actor(person: EnterprisePerson) -> EnterpriseActor:
    """The actor of one capacity row."""
    return EnterpriseActor(
        user_id=person.user_id,
        enterprise_id=person.enterprise_id,
        person_id=person.id,
        scopes=frozenset(AgentScope(scope) for scope in person.scopes),
        role=PersonRole(person.role),
    )


def institution_actor(member: Member) -> InstitutionActor:
    """The actor of a member at the portal."""
    return InstitutionActor(
        user_id=member.user_id,
        institution_id=member.institution_id,
        roles=frozenset(InstitutionRole(role) for role in member.roles),
        operator_name=member.user.display_name,
        department=member.department,
        via="portal",
    )


def source_actor(member: SourceMember) -> SourceActor:
    """The actor of somebody of a data source."""
    return SourceActor(
        user_id=member.user_id,
        source_id=member.source_id,
        roles=frozenset(SourceRole(role) for role in member.roles),
        name=member.user.display_name,
    )


def source_system_actor(source_id: str) -> SourceActor:
    """The actor of a source's system at the interface: it sends and reads, and takes nothing back.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``: the source is suspended.
    """
    row = Source.objects.filter(id=source_id, status="active").first()
    if row is None:
        raise Forbidden(Code.ROLE_FORBIDDEN, "the source may not send now")
    return SourceActor(None, row.id, frozenset({SourceRole.SUPPLIER}), row.short_name)


def source_steward_actor(source_id: str, username: str) -> SourceActor:
    """The actor of a source's system that hands in what a steward of the source decided.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``: no steward of that name in this source, or it is suspended.
    """
    members = SourceMember.objects.select_related("user").filter(
        source_id=source_id,
        source__status="active",
        ended_at=None,
        user__username=username,
        user__is_active=True,
    )
    member = next((one for one in members if SourceRole.STEWARD in one.roles), None)
    if member is None:
        raise Forbidden(Code.ROLE_FORBIDDEN, "no steward of this source")
    return source_actor(member)


def desk_system_actor(desk_id: str) -> OperatorActor:
    """The actor of a system of the platform's desk at the interface: it reads, and has no role to do anything.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``: it has ended.
    """
    if not DeskKey.objects.filter(id=desk_id, status="active").exists():
        raise Forbidden(Code.ROLE_FORBIDDEN, "the system has ended")
    return OperatorActor(desk_id)


def desk_person_actor(desk_id: str, login: str) -> OperatorActor:
    """The actor of a system of the desk that hands in what one of the platform's operators decided.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``: no operator of that log-in name in post, or the system has ended.
    """
    desk_system_actor(desk_id)
    user = User.objects.filter(username=login, kind="operator", is_active=True).first()
    if user is None:
        raise Forbidden(Code.ROLE_FORBIDDEN, "no operator of the platform")
    return OperatorActor(user.id, frozenset(OperatorRole(role) for role in user.roles))


def institution_system_actor(*, institution_id: str, operator_name: str, department: str) -> InstitutionActor:
    """The actor of an institution's system at the interface, acting for the person it names.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``: the institution is suspended or no user of information.
    """
    if not Institution.objects.filter(id=institution_id, status="active", is_user=True).exists():
        raise Forbidden(Code.ROLE_FORBIDDEN, "the institution may not use information now")
    return InstitutionActor(
        user_id=None,
        institution_id=institution_id,
        roles=frozenset({InstitutionRole.QUERY_OPERATOR, InstitutionRole.CUSTOMER_MANAGER}),
        operator_name=operator_name,
        department=department,
        via="api",
    )


def enterprise(actor: EnterpriseActor) -> Enterprise:
    """The actor's own data account."""
    return Enterprise.objects.for_viewer(actor).get()


def institution(institution_id: str) -> Institution:
    """A registered institution; institutions are public."""
    found = Institution.objects.filter(id=institution_id).first()
    if found is None:
        raise NotFound
    return found


def source(actor: Actor, source_id: str) -> Source:
    """A data source: one's own, or any for the platform's people. Raises NotFound."""
    found = Source.objects.for_viewer(actor).filter(id=source_id).first()
    if found is None:
        raise NotFound
    return found


def source_by_code(actor: Actor, code: str) -> Source:
    """The same by its code. Raises NotFound."""
    found = Source.objects.for_viewer(actor).filter(code=code).first()
    if found is None:
        raise NotFound
    return found


def sources(actor: Actor) -> list[Source]:
    """The data sources the actor may look at, by name."""
    return list(Source.objects.for_viewer(actor).order_by("name"))


def source_members(actor: Actor, source_id: str) -> list[SourceMember]:
    """The people of a source, those in post first."""
    rows = SourceMember.objects.for_viewer(actor).filter(source_id=source_id).select_related("user")
    return sorted(rows.order_by("user__username"), key=lambda row: row.ended_at is not None)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One capacity for the list of people of an enterprise."""

    id: str
    name_masked: str
    role: PersonRole
    scopes: tuple[AgentScope, ...]
    valid_from: datetime
    valid_to: datetime | None
    live: bool


def people(actor: Actor, *, at: datetime) -> list[PersonRow]:
    """The people of the actor's enterprise, present ones first."""
    rows = EnterprisePerson.objects.for_viewer(actor).order_by("-valid_from")
    found = [
        PersonRow(
            id=row.id,
            name_masked=row.name_masked,
            role=PersonRole(row.role),
            scopes=tuple(AgentScope(scope) for scope in row.scopes),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            live=row.valid_from <= at and (row.valid_to is None or at < row.valid_to),
        )
        for row in rows
    ]
    return sorted(found, key=lambda row: not row.live)


def passkeys(*, user_id: str) -> list[Passkey]:
    """A person's own passkeys."""
    return list(Passkey.objects.filter(user_id=user_id).order_by("created_at"))


def login_attempts(actor: Actor, *, limit: int = 50) -> list[LoginAttempt]:
    """Recent log-ins of the actor's enterprise; all of them for operator and auditor."""
    rows = LoginAttempt.objects.select_related("user", "enterprise").order_by("-at", "-id")
    match actor:
        case EnterpriseActor(enterprise_id=enterprise_id):
            rows = rows.filter(enterprise_id=enterprise_id)
        case InstitutionActor(institution_id=institution_id):
            rows = rows.filter(user__membership__institution_id=institution_id)
        case SourceActor(source_id=source_id):
            rows = rows.filter(user__source_membership__source_id=source_id)
        case _:
            pass
    return list(rows[:limit])


@dataclass(frozen=True, slots=True)
class EnterpriseFound:
    """What an institution may learn about a code: whether there is a data account, and then its public name."""

    uscc: str
    has_data_account: bool
    name: str | None


def find_enterprise(actor: Actor, *, uscc: str) -> EnterpriseFound:
    """Say whether a code has a data account. Raises USCC_FORMAT, USCC_CHECKSUM; never proposes another code."""
    code = validate_uscc(uscc)
    if not isinstance(actor, InstitutionActor):
        raise Forbidden(Code.ROLE_FORBIDDEN, "institutions look enterprises up")
    name = Enterprise.objects.filter(uscc=code).values_list("name", flat=True).first()
    return EnterpriseFound(code, name is not None, name)


def uscc_of(enterprise_id: str) -> str:
    """The code of an enterprise that is known to exist: an actor's own. Raises NotFound."""
    code = Enterprise.objects.filter(id=enterprise_id).values_list("uscc", flat=True).first()
    if code is None:
        raise NotFound
    return code


def providers() -> list[Node]:
    """Connected nodes that keep accounts, for choosing where one is."""
    return list(_connected().order_by("institution__name"))


def provider(node_id: str) -> Node:
    """One of :func:`providers`. Raises NotFound for any other, whatever the reason."""
    found = _connected().filter(id=node_id).first()
    if found is None:
        raise NotFound
    return found


def _connected() -> QuerySet[Node]:
    rows = Node.objects.filter(
        status="active", has_accounts=True, institution__status="active", institution__is_provider=True
    )
    return rows.select_related("institution")


def nodes() -> list[Node]:
    """Every node, for the operator."""
    return list(Node.objects.select_related("institution").order_by("institution__name", "name"))


def institution_key_rows(institution_id: str) -> list[InstitutionKey]:
    """An institution's keys, newest first."""
    return list(InstitutionKey.objects.filter(institution_id=institution_id).order_by("-not_before"))


def source_key_rows(actor: Actor, source_id: str) -> list[SourceKey]:
    """A source's keys, newest first. Raises NotFound for an absent or foreign source."""
    return list(SourceKey.objects.filter(source=source(actor, source_id)).order_by("-not_before"))


def members(actor: Actor) -> list[Member]:
    """The people of the actor's institution."""
    return list(
        Member.objects.for_viewer(actor).select_related("user", "institution").order_by("user__username")
    )


def invitations(actor: Actor) -> list[Invitation]:
    """Invitations the actor's institution sent."""
    return list(Invitation.objects.for_viewer(actor).order_by("-created_at"))


def demonstration_identities(*, limit: int = 6) -> list[DemoIdentity]:
    """演示: seeded identities a visitor may try. Empty outside a demonstration."""
    return list(DemoIdentity.objects.order_by("uscc")[:limit]) if settings.DEMO else []
