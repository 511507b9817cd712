"""The platform's own systems at the interface: adding one with its key, ending it. They come by ``xinqiao operator``.

Such a system reads what the desk sees. What it hands in is decided by a person of the desk, whom every request names.
"""

from datetime import datetime

from django.db import transaction

from xinqiao.domain.errors import Code, Conflict, Invalid, NotFound
from xinqiao.hub.actors import OperatorRole
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.identity.models import DeskKey
from xinqiao.hub.apps.identity.once import only_once
from xinqiao.hub.apps.identity.rights import Manager, require_operator
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.trust.keys import Jwk, VerifyKey

_NAME_LENGTH = 80


def add_desk_key(
    *, actor: Manager, name: str, jwk: Jwk, not_before: datetime, not_after: datetime, at: datetime
) -> DeskKey:
    """Let a system of the desk in, from now on, by its public signing key.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``: no security officer. Invalid: ``name``; no usable public key, or a private one.
        Conflict: the key is known already.
    """
    key, called = VerifyKey.from_jwk(jwk), name.strip()
    if not 1 <= len(called) <= _NAME_LENGTH or not called.isprintable():
        raise Invalid(Code.INVALID, "a system has a name", facts={"field": "name", "max": _NAME_LENGTH})
    if not_before >= not_after:
        raise Invalid(Code.INVALID, "it ends before it begins", facts={"field": "not_after"})
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.SECURITY)
        with only_once(DeskKey.objects.filter(kid=key.kid), "this key is known already", {"field": "jwk"}):
            row = DeskKey.objects.create(
                id=new_id(Prefix.DESK), name=called, kid=key.kid, jwk=key.to_jwk(), not_before=not_before,
                not_after=not_after, added_by=by, added_at=at,
            )  # fmt: skip
        append_leaf(
            type="KEY", at=at, facts={"act": "desk_key_added", "by": by, "kid": key.kid}, refs=Refs(object=row.id)
        )  # fmt: skip
    return row


def revoke_desk_key(*, actor: Manager, desk_id: str, at: datetime) -> DeskKey:
    """End a system of the desk, at once and for good, with its open tokens.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``. Conflict: ``CONFLICT_STATE``: it has ended already.
    """
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.SECURITY)
        row = DeskKey.objects.filter(id=desk_id).first()
        if row is None:
            raise NotFound
        if DeskKey.objects.filter(id=desk_id, status="active").update(status="revoked") != 1:
            raise Conflict(Code.CONFLICT_STATE, "it has ended already", facts={"reason": "ENDED"})
        append_leaf(
            type="KEY", at=at, facts={"act": "desk_key_revoked", "by": by, "kid": row.kid}, refs=Refs(object=desk_id)
        )  # fmt: skip
    row.refresh_from_db()
    return row
