"""Idempotency keys in the transaction of their effect: one effect for each key, the same bytes for each answer (I10).

A key is taken by the insert that a unique constraint decides, so of two requests at once exactly one goes on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from xinqiao.domain.errors import Code
from xinqiao.hub.dbapi import insert_rows, rows_where

if TYPE_CHECKING:
    from xinqiao.hub.apps.fundflow.protocol import Refused
    from xinqiao.hub.apps.fundflow.transaction import Tx

#: How long a key is remembered. Afterwards the same key is a new request, which business rules judge again.
KEY_TTL = timedelta(hours=24)
#: How long a request may be under way; a key held longer belonged to a process that died, and may be taken over.
IN_FLIGHT = timedelta(seconds=60)


#: Tenant, operation, key.
type KeyName = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A key of one tenant and operation, with the digest of the body it came with.

    ``render`` makes the stored answer of a refusal, inside the transaction that records it. ``nonce``: of a message whose
    nonce stands beside its key instead of among the nonces.
    """

    tenant: str
    operation: str
    key: str
    fingerprint: str
    render: "Callable[[Refused], tuple[int, str]]" = field(repr=False, compare=False)
    nonce: str = ""

    @property
    def name(self) -> KeyName:
        """What makes it one key."""
        return self.tenant, self.operation, self.key


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known about a key that was taken before; ``code`` is set when it must be refused."""

    code: Code | None
    status: int = 0
    body: str = ""
    object_id: str = ""


def take_key(tx: "Tx", key: Idempotency, object_id: str) -> Seen | None:
    """Take a key for ``object_id``; ``None`` when it was free."""
    insert = (
        tx.dialect.sql(
            "INSERT INTO fundflow_idempotencykey"
            " (tenant, operation, key, fingerprint, nonce, state, status, body, object_id, created_at, expires_at)"
            " VALUES (%s, %s, %s, %s, %s, 'in_flight', NULL, '', %s, %s, %s) ON CONFLICT DO NOTHING"
        ),
        (
            key.tenant,
            key.operation,
            key.key,
            key.fingerprint,
            key.nonce,
            object_id,
            tx.dialect.time(tx.at),
            tx.dialect.time(tx.at + IN_FLIGHT),
        ),
    )
    tx.cursor.execute(*insert)
    if tx.cursor.rowcount == 1:
        return None
    tx.cursor.execute(
        tx.dialect.sql(
            "DELETE FROM fundflow_idempotencykey"
            " WHERE tenant = %s AND operation = %s AND key = %s AND expires_at <= %s"
        ),
        (key.tenant, key.operation, key.key, tx.dialect.time(tx.at)),
    )
    if tx.cursor.rowcount == 1:
        tx.cursor.execute(*insert)
        return None
    tx.cursor.execute(
        tx.dialect.sql(
            "SELECT fingerprint, state, status, body, object_id FROM fundflow_idempotencykey"
            " WHERE tenant = %s AND operation = %s AND key = %s"
        ),
        (key.tenant, key.operation, key.key),
    )
    row = tx.cursor.fetchone()
    assert row is not None
    if row[0] != key.fingerprint:
        return Seen(Code.IDEMPOTENCY_MISMATCH)
    if row[1] == "in_flight":
        return Seen(Code.IDEMPOTENCY_IN_FLIGHT)
    status = row[2] if isinstance(row[2], int) else 0
    return Seen(None, status, str(row[3]), str(row[4]))


def known_keys(tx: "Tx", keys: "Sequence[Idempotency]") -> dict[KeyName, str]:
    """Which of some keys were taken before, however long ago, each with the nonce that stands beside it."""
    select = (
        "SELECT k.tenant, k.operation, k.key, k.nonce FROM {} AS v JOIN fundflow_idempotencykey k"
        " ON k.tenant = v.column1 AND k.operation = v.column2 AND k.key = v.column3"
    )
    rows = rows_where(tx.cursor, select, [key.name for key in keys], tx.dialect.markers)
    return {(str(tenant), str(operation), str(key)): str(nonce) for tenant, operation, key, nonce in rows}


def keep_done(tx: "Tx", done: "Sequence[tuple[Idempotency, str]]", *, status: int) -> None:
    """Keep free keys, each with the object of the effect that this very transaction completes.

    Raises:
        the driver's IntegrityError: another process took one of them since it was found to be free.
    """
    at, until = tx.dialect.time(tx.at), tx.dialect.time(tx.at + KEY_TTL)
    insert_rows(
        tx.cursor,
        "INSERT INTO fundflow_idempotencykey"
        " (tenant, operation, key, fingerprint, nonce, state, status, body, object_id, created_at, expires_at)",
        [
            (*key.name, key.fingerprint, key.nonce, "done", status, "", object_id, at, until)
            for key, object_id in done
        ],
        tx.dialect.markers,
    )


def finish_key(tx: "Tx", key: Idempotency, *, status: int, body: str = "", object_id: str = "") -> None:
    """Keep the answer: ``body`` of a refusal, or the ``object_id`` it is rebuilt from."""
    tx.cursor.execute(
        tx.dialect.sql(
            "UPDATE fundflow_idempotencykey SET state = 'done', status = %s, body = %s, object_id = %s, expires_at = %s"
            " WHERE tenant = %s AND operation = %s AND key = %s AND state = 'in_flight'"
        ),
        (status, body, object_id, tx.dialect.time(tx.at + KEY_TTL), key.tenant, key.operation, key.key),
    )


def free_key(tx: "Tx", object_id: str) -> None:
    """Nothing came of it (a source failed): the same key may try again."""
    tx.cursor.execute(
        tx.dialect.sql("DELETE FROM fundflow_idempotencykey WHERE object_id = %s AND state = 'in_flight'"),
        (object_id,),
    )
