"""Idempotency keys of operations whose effect has a transaction of its own (requests, invitations)."""

from dataclasses import dataclass

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code
from xinqiao.hub.apps.audit.services import Entry, Refs
from xinqiao.hub.apps.fundflow.idempotency import Idempotency, finish_key, take_key
from xinqiao.hub.apps.fundflow.protocol import Nonce, Refused, Repeated
from xinqiao.hub.apps.fundflow.rows import remember_nonce
from xinqiao.hub.apps.fundflow.transaction import Step, Tx


@dataclass(frozen=True, slots=True)
class TakeKeyJob:
    """Store the nonce and take the key; ``None`` means: go on."""

    key: Idempotency
    nonce: Nonce

    @property
    def locks(self) -> tuple[str, ...]:
        """None."""
        return ()

    def run(self, tx: Tx) -> Step[Refused | Repeated | None]:
        """See the class."""
        if not remember_nonce(tx, self.nonce):
            return (yield from self._deny(tx, Code.REPLAYED, "nonce_seen"))
        seen = take_key(tx, self.key, "")
        if seen is None:
            return None
        if seen.code is None:
            return Repeated(seen.status, seen.body)
        if seen.code is Code.IDEMPOTENCY_IN_FLIGHT:
            return (yield from self._deny(tx, seen.code, "idempotency_key"))
        return Refused(seen.code, "idempotency_key")

    def _deny(self, tx: Tx, code: Code, reason: str) -> Step[Refused]:
        facts: dict[str, Json] = {"code": str(code), "act": self.key.operation}
        (leaf,) = yield [Entry("DENY", tx.at, facts, Refs(institution=self.key.tenant))]
        return Refused(code, reason, leaf=leaf)


@dataclass(frozen=True, slots=True)
class FinishKeyJob:
    """Keep the answer."""

    key: Idempotency
    status: int
    body: str

    @property
    def locks(self) -> tuple[str, ...]:
        """None."""
        return ()

    def run(self, tx: Tx) -> Step[None]:
        """See the class."""
        finish_key(tx, self.key, status=self.status, body=self.body)
        yield from ()


@dataclass(frozen=True, slots=True)
class FreeKeyJob:
    """Nothing came of it: the same key may try again."""

    key: Idempotency

    @property
    def locks(self) -> tuple[str, ...]:
        """None."""
        return ()

    def run(self, tx: Tx) -> Step[None]:
        """See the class."""
        tx.cursor.execute(
            tx.dialect.sql(
                "DELETE FROM fundflow_idempotencykey"
                " WHERE tenant = %s AND operation = %s AND key = %s AND state = 'in_flight'"
            ),
            (self.key.tenant, self.key.operation, self.key.key),
        )
        yield from ()
