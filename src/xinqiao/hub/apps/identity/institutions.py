"""Institutions, their people and keys, and the provider nodes: four eyes where a mistake would let somebody in.

Registering is the operator's; people and keys are the institution administrator's, and a second person must agree: to
roles another administrator of the institution (or the operator), to a key the operator's security officer. Every
change is a leaf and raises the version of the signed directory.
"""

from contextlib import AbstractContextManager
from datetime import datetime

from django.db import transaction
from django.db.models import F

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict, Forbidden, NotFound
from xinqiao.domain.identifiers import validate_uscc
from xinqiao.hub.actors import (
    InstitutionActor,
    InstitutionRole,
    OperatorRole,
    SystemActor,
)
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.identity.models import (
    DirectoryVersion,
    Institution,
    InstitutionKey,
    Member,
    Node,
    NodeKey,
    User,
)
from xinqiao.hub.apps.identity.node_address import check_node_id, node_base_url
from xinqiao.hub.apps.identity.once import only_once
from xinqiao.hub.apps.identity.rights import Manager, require_operator
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.trust.keys import Jwk, VerifyKey


def _manages(actor: InstitutionActor | Manager, institution_id: str) -> str:
    """Who may propose for an institution: its administrator or the operator. A foreign institution is absent."""
    match actor:
        case InstitutionActor():
            if actor.institution_id != institution_id:
                raise NotFound
            if InstitutionRole.INSTITUTION_ADMIN not in actor.roles or actor.user_id is None:
                raise Forbidden(Code.ROLE_FORBIDDEN, "only the institution's administrator")
            return actor.user_id
        case _:
            return require_operator(actor, OperatorRole.ADMIN)


def _directory_changed() -> None:
    DirectoryVersion.objects.get_or_create(id=1, defaults={"version": 1})
    DirectoryVersion.objects.filter(id=1).update(version=F("version") + 1)


def _leaf(act: str, at: datetime, by: str, *, type_: str = "ADMIN", refs: Refs, **facts: Json) -> None:
    append_leaf(type=type_, at=at, facts={"act": act, "by": by, **facts}, refs=refs)


def _institution(institution_id: str) -> Institution:
    found = Institution.objects.filter(id=institution_id).first()
    if found is None:
        raise NotFound
    return found


def register_institution(
    *,
    actor: Manager,
    uscc: str,
    name: str,
    short_name: str,
    is_user: bool,
    is_provider: bool,
    at: datetime,
    is_demo: bool = False,
) -> Institution:
    """Let an institution in. Raises ROLE_FORBIDDEN, USCC_*, CONFLICT_DUPLICATE."""
    code = validate_uscc(uscc)
    with transaction.atomic():  # not durable: also a part of admission.admit_institution
        by = require_operator(actor, OperatorRole.ADMIN)
        with only_once(Institution.objects.filter(uscc=code), "this institution is registered"):
            institution = Institution.objects.create(
                id=new_id(Prefix.INSTITUTION),
                uscc=code,
                name=name.strip(),
                short_name=short_name.strip(),
                is_user=is_user,
                is_provider=is_provider,
                is_demo=is_demo,
                created_at=at,
            )
        _directory_changed()
        _leaf(
            "institution_registered",
            at,
            by,
            refs=Refs(institution=institution.id, object=institution.id),
            user=is_user,
            provider=is_provider,
        )
    return institution


def set_institution_status(*, actor: Manager, institution_id: str, active: bool, at: datetime) -> None:
    """Suspend an institution (its tokens and requests are refused at once) or let it back in."""
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.ADMIN)
        institution = _institution(institution_id)
        institution.status = "active" if active else "suspended"
        institution.save(update_fields=["status"])
        _directory_changed()
        _leaf("institution_status", at, by, refs=Refs(institution=institution_id), status=institution.status)


def add_member(
    *,
    actor: InstitutionActor | Manager,
    institution_id: str,
    username: str,
    password: str,
    display_name: str,
    department: str,
    roles: frozenset[InstitutionRole],
    at: datetime,
) -> Member:
    """Make an account for somebody of an institution. Roles wait for a second person unless the operator adds them.

    Raises:
        NotFound: a foreign institution. Forbidden: no administrator. Conflict: the log-in name is taken.
    """
    with transaction.atomic():  # not durable: also a part of admission.admit_institution
        by = _manages(actor, institution_id)
        institution = _institution(institution_id)
        taken = User.objects.filter(username=username)
        with only_once(taken, "the log-in name is taken", {"field": "username"}):
            user = User.objects.create_user(
                username, kind="institution", password=password, display_name=display_name
            )
        wanted = sorted(role.value for role in roles)
        at_once = not isinstance(actor, InstitutionActor)
        member = Member.objects.create(
            user=user,
            institution=institution,
            department=department,
            roles=wanted if at_once else [],
            pending_roles=None if at_once else wanted,
            proposed_by=None if at_once else User.objects.get(id=by),
        )
        _leaf("member_added", at, by, refs=Refs(institution=institution_id, object=user.id), roles=[*wanted])
    return member


def propose_roles(
    *, actor: InstitutionActor | Manager, user_id: str, roles: frozenset[InstitutionRole], at: datetime
) -> Member:
    """Propose other roles for a member; they count once :func:`approve_roles` was called by somebody else."""
    with transaction.atomic(durable=True):
        member = Member.objects.select_for_update().filter(user_id=user_id, ended_at__isnull=True).first()
        if member is None:
            raise NotFound
        by = _manages(actor, member.institution_id)
        member.pending_roles = sorted(role.value for role in roles)
        member.proposed_by = User.objects.filter(id=by).first()
        member.save(update_fields=["pending_roles", "proposed_by"])
        _leaf(
            "roles_proposed",
            at,
            by,
            refs=Refs(institution=member.institution_id, object=user_id),
            roles=[*member.pending_roles],
        )
    return member


def approve_roles(*, actor: InstitutionActor | Manager, user_id: str, at: datetime) -> Member:
    """Agree to proposed roles. The proposer and the member are not the second pair of eyes (ASVS 2.3.5).

    Raises:
        Forbidden: ``ROLE_FORBIDDEN`` for the proposer or the member. Conflict: nothing is proposed.
    """
    with transaction.atomic(durable=True):
        member = Member.objects.select_for_update().filter(user_id=user_id, ended_at__isnull=True).first()
        if member is None:
            raise NotFound
        by = _manages(actor, member.institution_id)
        if member.pending_roles is None:
            raise Conflict(Code.CONFLICT_STATE, "nothing is proposed")
        if by in (member.proposed_by_id, member.user_id):
            raise Forbidden(Code.ROLE_FORBIDDEN, "a second person must agree")
        member.roles, member.pending_roles = member.pending_roles, None
        member.approved_by = User.objects.filter(id=by).first()
        member.save(update_fields=["roles", "pending_roles", "approved_by"])
        _leaf(
            "roles_approved",
            at,
            by,
            refs=Refs(institution=member.institution_id, object=user_id),
            roles=[*member.roles],
        )
    return member


def end_member(*, actor: InstitutionActor | Manager, user_id: str, at: datetime) -> None:
    """Somebody leaves: effective at once, also for open sessions. Ending never needs a second person."""
    with transaction.atomic(durable=True):
        member = Member.objects.filter(user_id=user_id, ended_at__isnull=True).first()
        if member is None:
            raise NotFound
        by = _manages(actor, member.institution_id)
        Member.objects.filter(user_id=user_id).update(ended_at=at)
        User.objects.filter(id=user_id).update(is_active=False)
        _leaf("member_ended", at, by, refs=Refs(institution=member.institution_id, object=user_id))


def propose_key(
    *,
    actor: InstitutionActor | Manager,
    institution_id: str,
    jwk: Jwk,
    not_before: datetime,
    not_after: datetime,
    at: datetime,
) -> InstitutionKey:
    """Propose a public signing key. It counts once the platform's security officer approved it.

    Raises:
        Invalid: no usable public key, or a private one. Conflict: the key is known already, whoever has it.
    """
    key = VerifyKey.from_jwk(jwk)
    with transaction.atomic(durable=True):
        by = _manages(actor, institution_id)
        institution = _institution(institution_id)
        with only_once(InstitutionKey.objects.filter(kid=key.kid), "this key is known already"):
            row = InstitutionKey.objects.create(
                institution=institution,
                kid=key.kid,
                jwk=key.to_jwk(),
                not_before=not_before,
                not_after=not_after,
                status="proposed",
                proposed_by=by,
            )
        _leaf(
            "key_proposed",
            at,
            by,
            type_="KEY",
            refs=Refs(institution=institution_id, object=institution_id),
            kid=key.kid,
        )
    return row


def approve_key(*, actor: Manager, kid: str, at: datetime) -> InstitutionKey:
    """Make a proposed key count. Raises ROLE_FORBIDDEN for its proposer, CONFLICT_STATE when it is not proposed."""
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.SECURITY)
        row = InstitutionKey.objects.filter(kid=kid).first()
        if row is None:
            raise NotFound
        if row.proposed_by == by and not isinstance(actor, SystemActor):
            raise Forbidden(Code.ROLE_FORBIDDEN, "a second person must agree")
        changed = InstitutionKey.objects.filter(kid=kid, status="proposed").update(
            status="active", approved_by=by[:40]
        )
        if changed != 1:
            raise Conflict(Code.CONFLICT_STATE, "the key is not proposed")
        _directory_changed()
        _leaf("key_approved", at, by, type_="KEY", refs=Refs(institution=row.institution_id), kid=kid)
    row.refresh_from_db()
    return row


def revoke_key(*, actor: InstitutionActor | Manager, kid: str, at: datetime) -> None:
    """Stop believing an institution's key, at once and for good. Never needs a second person."""
    with transaction.atomic(durable=True):
        row = InstitutionKey.objects.filter(kid=kid).first()
        if row is None:
            raise NotFound
        by = _manages(actor, row.institution_id)
        InstitutionKey.objects.filter(kid=kid).update(status="revoked")
        _directory_changed()
        _leaf("key_revoked", at, by, type_="KEY", refs=Refs(institution=row.institution_id), kid=kid)


def _unknown_node_key(key: VerifyKey) -> AbstractContextManager[None]:
    """A key speaks for one node, and once revoked for none. Raises CONFLICT_DUPLICATE."""
    return only_once(NodeKey.objects.filter(kid=key.kid), "this key is known already", {"field": "jwk"})


def register_node(
    *,
    actor: Manager,
    institution_id: str,
    name: str,
    base_url: str,
    jwk: Jwk,
    not_before: datetime,
    not_after: datetime,
    at: datetime,
    node_id: str | None = None,
    is_demo: bool = False,
    has_accounts: bool = True,
) -> Node:
    """Connect a provider's node with its first signing key.

    ``node_id`` lets an installer choose the id beforehand (the node is configured with it); it must be free.
    ``has_accounts`` is false for a department's node, which serves items and keeps nobody's account.

    Raises:
        Invalid: no usable key, an id out of form, or an address that may not be a node's (:func:`node_base_url`).
        Conflict: ``CONFLICT_STATE``: no provider; ``CONFLICT_DUPLICATE``: the id or the key is known already.
    """
    key, address = VerifyKey.from_jwk(jwk), node_base_url(base_url)
    if node_id is not None:
        check_node_id(node_id)
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.ADMIN)
        institution = _institution(institution_id)
        if not institution.is_provider:
            raise Conflict(Code.CONFLICT_STATE, "the institution is no provider")
        chosen = node_id or new_id(Prefix.NODE)
        taken = Node.objects.filter(id=chosen)
        with _unknown_node_key(key):
            with only_once(taken, "the node is registered", {"field": "node_id"}):
                node = Node.objects.create(
                    id=chosen,
                    institution=institution,
                    name=name.strip(),
                    base_url=address,
                    is_demo=is_demo,
                    has_accounts=has_accounts,
                    created_at=at,
                )
            NodeKey.objects.create(
                node=node, kid=key.kid, jwk=key.to_jwk(), not_before=not_before, not_after=not_after
            )
        _directory_changed()
        _leaf(
            "node_registered",
            at,
            by,
            refs=Refs(institution=institution_id, node=node.id, object=node.id),
            kid=key.kid,
        )
    return node


def add_node_key(
    *, actor: Manager, node_id: str, jwk: Jwk, not_before: datetime, not_after: datetime, at: datetime
) -> NodeKey:
    """Rotation: add the new key first, end the old one after the overlap. Raises CONFLICT_DUPLICATE for a known key."""
    key = VerifyKey.from_jwk(jwk)
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.SECURITY)
        node = Node.objects.filter(id=node_id).first()
        if node is None:
            raise NotFound
        with _unknown_node_key(key):
            row = NodeKey.objects.create(
                node=node, kid=key.kid, jwk=key.to_jwk(), not_before=not_before, not_after=not_after
            )
        _directory_changed()
        _leaf("node_key_added", at, by, type_="KEY", refs=Refs(node=node_id, object=node_id), kid=key.kid)
    return row


def revoke_node_key(*, actor: Manager, kid: str, at: datetime) -> None:
    """Stop believing a node's key, at once and for good. Raises CONFLICT_STATE when it is revoked already."""
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.SECURITY)
        row = NodeKey.objects.filter(kid=kid).first()
        if row is None:
            raise NotFound
        if NodeKey.objects.filter(kid=kid, status="active").update(status="revoked") != 1:
            raise Conflict(Code.CONFLICT_STATE, "the key is revoked already")
        _directory_changed()
        _leaf(
            "node_key_revoked", at, by, type_="KEY", refs=Refs(node=row.node_id, object=row.node_id), kid=kid
        )


def set_node_status(*, actor: Manager, node_id: str, active: bool, at: datetime) -> None:
    """Suspend a node or connect it again; while suspended nothing is asked of it."""
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.ADMIN)
        if Node.objects.filter(id=node_id).update(status="active" if active else "suspended") != 1:
            raise NotFound
        _directory_changed()
        _leaf("node_status", at, by, refs=Refs(node=node_id, object=node_id), active=active)


def record_node_health(*, node_id: str, health: dict[str, Json] | None, at: datetime) -> None:
    """Keep what the node's health address answered (``None``: nothing), for the operator's page."""
    Node.objects.filter(id=node_id).update(last_health=health, last_health_at=at)
