"""Data sources and their people: letting one in with its first steward, what it may send, who works there.

Registering a source and deciding what it may send is the platform administrator's; people are looked after by the
source's own steward or by the administrator. Every change is a leaf.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from django.db import transaction

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound
from xinqiao.domain.identifiers import check_name
from xinqiao.hub.actors import OperatorActor, OperatorRole, SourceActor, SourceRole, SystemActor
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.identity.models import Source, SourceMember, User
from xinqiao.hub.apps.identity.once import only_once
from xinqiao.hub.apps.identity.rights import Manager, require_operator
from xinqiao.hub.ids import Prefix, new_id

#: It becomes a part of file paths and of record files, so it is kept to what is safe and readable there.
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,31}")
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_DIVISION = re.compile(r"(?:[0-9]{6})?")
KINDS = ("department", "utility", "centre")


def _leaf(act: str, at: datetime, by: str, source_id: str, about: str, **facts: Json) -> None:
    append_leaf(
        type="ADMIN",
        at=at,
        facts={"act": act, "by": by, **facts},
        refs=Refs(institution=source_id, object=about),
    )


def _refuse_unless(good: bool, field: str) -> None:
    if not good:
        raise Invalid(Code.INVALID, f"{field} is out of form", facts={"field": field})


def register_source(
    *,
    actor: Manager,
    code: str,
    name: str,
    short_name: str,
    kind: str,
    division: str,
    items: Iterable[str],
    username: str,
    password: str,
    display_name: str,
    at: datetime,
    is_demo: bool = False,
) -> SourceMember:
    """Let a data source in together with its first steward, in one transaction: a taken log-in leaves nothing.

    Whether the items exist is the catalogue's question and asked by the caller, who has it at hand.

    Raises:
        Forbidden: no administrator of the platform. Invalid: ``facts`` name the field.
        Conflict: the code is registered already, or (``facts`` name ``username``) the log-in name is taken.
    """
    _refuse_unless(_CODE.fullmatch(code) is not None, "code")
    _refuse_unless(kind in KINDS, "kind")
    _refuse_unless(_DIVISION.fullmatch(division) is not None, "division")
    wanted = sorted(set(items))
    _refuse_unless(bool(wanted), "items")
    with transaction.atomic():
        by = require_operator(actor, OperatorRole.ADMIN)
        with only_once(Source.objects.filter(code=code), "this source is registered", {"field": "code"}):
            source = Source.objects.create(
                id=new_id(Prefix.SOURCE),
                code=code,
                name=check_name(name),
                short_name=check_name(short_name, field="short_name"),
                kind=kind,
                division=division,
                items=wanted,
                is_demo=is_demo,
                created_at=at,
            )
        _leaf("source_registered", at, by, source.id, source.id, code=code, items=[*wanted])
        return add_source_member(
            actor=actor,
            source_id=source.id,
            username=username,
            password=password,
            display_name=display_name,
            roles=frozenset({SourceRole.STEWARD, SourceRole.SUPPLIER}),
            at=at,
        )


def _manages(actor: SourceActor | Manager, source_id: str) -> str:
    """Who looks after the people of a source: its steward or the operator. A foreign source is absent."""
    match actor:
        case SourceActor():
            if actor.source_id != source_id:
                raise NotFound
            if SourceRole.STEWARD not in actor.roles or actor.user_id is None:
                raise Forbidden(Code.ROLE_FORBIDDEN, "only the steward of the source")
            return actor.user_id
        case OperatorActor() | SystemActor():
            return require_operator(actor, OperatorRole.ADMIN)
        case _:
            assert_never(actor)


def add_source_member(
    *,
    actor: SourceActor | Manager,
    source_id: str,
    username: str,
    password: str,
    display_name: str,
    roles: frozenset[SourceRole],
    at: datetime,
) -> SourceMember:
    """Make an account for somebody of a data source.

    Raises:
        NotFound: an absent or foreign source. Forbidden: neither its steward nor the administrator.
        Invalid: no role, or a log-in name out of form. Conflict: the log-in name is taken.
    """
    with transaction.atomic():  # not durable: also a part of register_source
        by = _manages(actor, source_id)
        source = Source.objects.filter(id=source_id).first()
        if source is None:
            raise NotFound
        _refuse_unless(_LOGIN.fullmatch(username) is not None, "username")
        _refuse_unless(bool(roles), "roles")
        shown = check_name(display_name, field="display_name")
        taken = User.objects.filter(username=username)
        with only_once(taken, "the log-in name is taken", {"field": "username"}):
            user = User.objects.create_user(username, kind="source", password=password, display_name=shown)
        held = sorted(role.value for role in roles)
        member = SourceMember.objects.create(user=user, source=source, roles=held)
        _leaf("source_member_added", at, by, source_id, user.id, roles=[*held])
    return member


def end_source_member(*, actor: SourceActor | Manager, user_id: str, at: datetime) -> None:
    """Somebody leaves a source: effective at once, also for open sessions.

    Raises:
        NotFound: nobody in post has that id, or it is a foreign source's. Forbidden: no steward, or oneself: a source
            must not lose its last steward by a slip.
    """
    with transaction.atomic(durable=True):
        member = (
            SourceMember.objects.select_for_update().filter(user_id=user_id, ended_at__isnull=True).first()
        )
        if member is None:
            raise NotFound
        by = _manages(actor, member.source_id)
        if by == user_id:
            raise Forbidden(Code.ROLE_FORBIDDEN, "another steward ends your post")
        member.ended_at = at
        member.save(update_fields=["ended_at"])
        User.objects.filter(id=user_id).update(is_active=False)
        _leaf("source_member_ended", at, by, member.source_id, user_id)


def set_source_items(*, actor: Manager, source_id: str, items: Iterable[str], at: datetime) -> None:
    """Decide anew what a source may send. What it sent before stays. Raises NotFound, Forbidden, Invalid."""
    wanted = sorted(set(items))
    _refuse_unless(bool(wanted), "items")
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.ADMIN)
        if Source.objects.filter(id=source_id).update(items=wanted) != 1:
            raise NotFound
        _leaf("source_items", at, by, source_id, source_id, items=[*wanted])


def set_source_status(*, actor: Manager, source_id: str, active: bool, at: datetime) -> None:
    """Suspend a source (its people and its folder are refused at once) or let it back in.

    Raises:
        NotFound, Forbidden. Conflict: ``CONFLICT_STATE``: it is so already.
    """
    status = "active" if active else "suspended"
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.ADMIN)
        source = Source.objects.select_for_update().filter(id=source_id).first()
        if source is None:
            raise NotFound
        if source.status == status:
            raise Conflict(Code.CONFLICT_STATE, "the source is so already")
        source.status = status
        source.save(update_fields=["status"])
        _leaf("source_status", at, by, source_id, source_id, status=status)
