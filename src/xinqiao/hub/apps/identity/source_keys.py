"""Signing keys of data sources' own systems: the steward proposes, the platform's security officer agrees.

A key signs what a source sends at the interface. Every change is a leaf.
"""

from datetime import datetime

from django.db import transaction

from xinqiao.domain.errors import Code, Conflict, Forbidden, NotFound
from xinqiao.hub.actors import OperatorActor, OperatorRole, SourceActor, SourceRole, SystemActor
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.identity.models import Source, SourceKey
from xinqiao.hub.apps.identity.once import only_once
from xinqiao.hub.apps.identity.rights import Manager, require_operator
from xinqiao.trust.keys import Jwk, VerifyKey


def _leaf(act: str, at: datetime, by: str, source_id: str, kid: str) -> None:
    append_leaf(
        type="KEY",
        at=at,
        facts={"act": act, "by": by, "kid": kid},
        refs=Refs(institution=source_id, object=source_id),
    )


def _proposes(actor: SourceActor | Manager, source_id: str) -> str:
    """Who may propose or revoke: the source's steward, in person, or the platform. A foreign source is absent."""
    if isinstance(actor, OperatorActor | SystemActor):
        return require_operator(actor, OperatorRole.ADMIN)
    if actor.source_id != source_id:
        raise NotFound
    if SourceRole.STEWARD not in actor.roles or actor.user_id is None:
        raise Forbidden(Code.ROLE_FORBIDDEN, "only the steward of the source")
    return actor.user_id


def propose_source_key(
    *,
    actor: SourceActor | Manager,
    source_id: str,
    jwk: Jwk,
    not_before: datetime,
    not_after: datetime,
    at: datetime,
) -> SourceKey:
    """Propose a public signing key. It counts once the platform's security officer approved it.

    Raises:
        NotFound: an absent or foreign source. Forbidden: no steward. Invalid: no usable public key, or a private one.
        Conflict: the key is known already, whoever has it.
    """
    key = VerifyKey.from_jwk(jwk)
    with transaction.atomic(durable=True):
        by = _proposes(actor, source_id)
        source = Source.objects.filter(id=source_id).first()
        if source is None:
            raise NotFound
        with only_once(SourceKey.objects.filter(kid=key.kid), "this key is known already", {"field": "jwk"}):
            row = SourceKey.objects.create(
                source=source, kid=key.kid, jwk=key.to_jwk(), not_before=not_before, not_after=not_after, proposed_by=by
            )  # fmt: skip
        _leaf("source_key_proposed", at, by, source_id, key.kid)
    return row


def approve_source_key(*, actor: Manager, kid: str, at: datetime) -> SourceKey:
    """Make a proposed key count.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``: no security officer, or the proposer. NotFound. Conflict: it is not proposed.
    """
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.SECURITY)
        row = SourceKey.objects.filter(kid=kid).first()
        if row is None:
            raise NotFound
        if row.proposed_by == by and not isinstance(actor, SystemActor):
            raise Forbidden(Code.ROLE_FORBIDDEN, "a second person must agree")
        waiting = SourceKey.objects.filter(kid=kid, status="proposed")
        if waiting.update(status="active", approved_by=by) != 1:
            raise Conflict(Code.CONFLICT_STATE, "the key is not proposed")
        _leaf("source_key_approved", at, by, row.source_id, kid)
    row.refresh_from_db()
    return row


def revoke_source_key(*, actor: SourceActor | Manager, kid: str, at: datetime) -> str:
    """Stop believing a source's key, at once and for good; returns whose it was. Never needs a second person.

    Raises:
        NotFound: absent or foreign. Forbidden. Conflict: ``CONFLICT_STATE``: it is revoked already.
    """
    with transaction.atomic(durable=True):
        row = SourceKey.objects.filter(kid=kid).first()
        if row is None:
            raise NotFound
        by = _proposes(actor, row.source_id)
        if SourceKey.objects.filter(kid=kid).exclude(status="revoked").update(status="revoked") != 1:
            raise Conflict(Code.CONFLICT_STATE, "the key is revoked already")
        _leaf("source_key_revoked", at, by, row.source_id, kid)
    return row.source_id
