"""The platform's own systems at the interface: an administrator registers one with its key, a security officer lets it in.

From the machine's console (``xinqiao operator``) one is let in at once. Every change is a leaf.

Such a system reads what the desk sees. What it hands in is decided by a person of the desk, whom every request names.
"""

from datetime import datetime

from django.db import transaction

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound
from xinqiao.hub.actors import OperatorRole, SystemActor
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.identity.models import DeskKey
from xinqiao.hub.apps.identity.once import only_once
from xinqiao.hub.apps.identity.rights import Manager, require_operator
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.trust.keys import Jwk, VerifyKey

#: Characters of a system's name.
NAME_LENGTH = 80


def propose_desk_key(
    *, actor: Manager, name: str, jwk: Jwk, not_before: datetime, not_after: datetime, at: datetime
) -> DeskKey:
    """Register a system of the desk by its public signing key. It counts once the security officer approved it.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``: no administrator. Invalid: ``name``; no usable public key, or a private one.
        Conflict: the key is known already.
    """
    key, called = _checked(name, jwk, not_before, not_after)
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.ADMIN)
        return _kept(key, called, not_before, not_after, at, by, status="proposed", act="desk_key_proposed")


def approve_desk_key(*, actor: Manager, desk_id: str, at: datetime) -> DeskKey:
    """Let a registered system in.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``: no security officer, or the one who registered it. NotFound.
        Conflict: ``CONFLICT_STATE``: it does not wait.
    """
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.SECURITY)
        row = DeskKey.objects.filter(id=desk_id).first()
        if row is None:
            raise NotFound
        if row.added_by == by and not isinstance(actor, SystemActor):
            raise Forbidden(Code.ROLE_FORBIDDEN, "a second person must agree")
        waiting = DeskKey.objects.filter(id=desk_id, status="proposed")
        if waiting.update(status="active", approved_by=by) != 1:
            raise Conflict(Code.CONFLICT_STATE, "it does not wait", facts={"reason": "NOT_PROPOSED"})
        append_leaf(
            type="KEY", at=at, facts={"act": "desk_key_approved", "by": by, "kid": row.kid}, refs=Refs(object=desk_id)
        )  # fmt: skip
    row.refresh_from_db()
    return row


def add_desk_key(
    *, actor: SystemActor, name: str, jwk: Jwk, not_before: datetime, not_after: datetime, at: datetime
) -> DeskKey:
    """Let a system of the desk in at once: from the machine's own console only, where there is no second person to ask.

    Raises:
        Invalid: ``name``; no usable public key, or a private one. Conflict: the key is known already.
    """
    key, called = _checked(name, jwk, not_before, not_after)
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.SECURITY)
        return _kept(key, called, not_before, not_after, at, by, status="active", act="desk_key_added")


def _checked(name: str, jwk: Jwk, not_before: datetime, not_after: datetime) -> tuple[VerifyKey, str]:
    key, called = VerifyKey.from_jwk(jwk), name.strip()
    if not 1 <= len(called) <= NAME_LENGTH or not called.isprintable():
        raise Invalid(Code.INVALID, "a system has a name", facts={"field": "name", "max": NAME_LENGTH})
    if not_before >= not_after:
        raise Invalid(Code.INVALID, "it ends before it begins", facts={"field": "not_after"})
    return key, called


def _kept(
    key: VerifyKey, name: str, not_before: datetime, not_after: datetime, at: datetime, by: str, *, status: str, act: str
) -> DeskKey:  # fmt: skip
    with only_once(DeskKey.objects.filter(kid=key.kid), "this key is known already", {"field": "jwk"}):
        row = DeskKey.objects.create(
            id=new_id(Prefix.DESK), name=name, kid=key.kid, jwk=key.to_jwk(), not_before=not_before,
            not_after=not_after, status=status, added_by=by, approved_by=by if status == "active" else "", added_at=at,
        )  # fmt: skip
    append_leaf(type="KEY", at=at, facts={"act": act, "by": by, "kid": key.kid}, refs=Refs(object=row.id))
    return row


def revoke_desk_key(*, actor: Manager, desk_id: str, at: datetime) -> DeskKey:
    """End a system of the desk, at once and for good, with its open tokens; one that waits is turned down so.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``. Conflict: ``CONFLICT_STATE``: it has ended already.
    """
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.SECURITY)
        row = DeskKey.objects.filter(id=desk_id).first()
        if row is None:
            raise NotFound
        if DeskKey.objects.filter(id=desk_id).exclude(status="revoked").update(status="revoked") != 1:
            raise Conflict(Code.CONFLICT_STATE, "it has ended already", facts={"reason": "ENDED"})
        append_leaf(
            type="KEY", at=at, facts={"act": "desk_key_revoked", "by": by, "kid": row.kid}, refs=Refs(object=desk_id)
        )  # fmt: skip
    row.refresh_from_db()
    return row
