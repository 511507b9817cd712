"""The smaller jobs around a release: a source that failed, a nonce, a bare refusal, and what time does."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code
from xinqiao.hub.apps.audit.services import Entry, Refs
from xinqiao.hub.apps.fundflow.idempotency import free_key
from xinqiao.hub.apps.fundflow.protocol import Failed, Nonce, Refused
from xinqiao.hub.apps.fundflow.release import query_refs
from xinqiao.hub.apps.fundflow.rows import abandoned, end_query, reload_ask, remember_nonce, still_permitted
from xinqiao.hub.apps.fundflow.transaction import Step, Tx

#: A permit without an end after this long has lost its process; it is closed as failed (I5: within 60 s of recovery).
ABANDONED_AFTER = timedelta(seconds=45)


@dataclass(frozen=True, slots=True)
class FailJob:
    """The source failed, or the process that asked it died: a FAIL leaf, no use, and the key is free again."""

    query_id: str
    authorisation_id: str | None
    permit_jti: str | None
    code: Code
    reason: str = ""
    permit_jws: str = field(default="", repr=False)

    @property
    def locks(self) -> tuple[str, ...]:
        """The authorisation of the permit."""
        return (self.authorisation_id,) if self.authorisation_id else ()

    def run(self, tx: Tx) -> Step[Failed | None]:
        """``None`` when the query has ended otherwise meanwhile."""
        if not still_permitted(tx, self.query_id):
            return None
        ask = reload_ask(tx, self.query_id)
        assert ask is not None
        account = tx.dialect.account(tx.cursor, ask.account)
        refs = replace(
            query_refs(ask, None, account, permit=self.permit_jti, query=self.query_id),
            authorisation=ask.authorisation_id,
        )
        facts: dict[str, Json] = {"code": str(self.code), "product": str(ask.product)}
        (leaf,) = yield [Entry("FAIL", tx.at, facts, refs)]
        end_query(
            tx,
            self.query_id,
            state="failed",
            code=str(self.code),
            reason=self.reason,
            permit=self.permit_jws,
            leaf=leaf,
        )
        free_key(tx, self.query_id)
        return Failed(self.query_id, self.code, leaf)


@dataclass(frozen=True, slots=True)
class NonceJob:
    """A signed request that changes nothing else: remember its nonce, durably, or refuse it with one leaf."""

    nonce: Nonce
    institution_id: str
    act: str

    @property
    def locks(self) -> tuple[str, ...]:
        """None."""
        return ()

    def run(self, tx: Tx) -> Step[Refused | None]:
        """``None`` when the nonce is fresh."""
        if remember_nonce(tx, self.nonce):
            return None
        facts: dict[str, Json] = {"code": str(Code.REPLAYED), "act": self.act}
        (leaf,) = yield [Entry("DENY", tx.at, facts, Refs(institution=self.institution_id))]
        return Refused(Code.REPLAYED, "nonce_seen", leaf=leaf)


@dataclass(frozen=True, slots=True)
class DenyJob:
    """The one leaf of a refusal outside the query path: counts, no contents (reliability 2.2)."""

    code: Code
    act: str
    refs: Refs

    @property
    def locks(self) -> tuple[str, ...]:
        """None."""
        return ()

    def run(self, tx: Tx) -> Step[Refused]:
        """Write the leaf."""
        (leaf,) = yield [Entry("DENY", tx.at, {"code": str(self.code), "act": self.act}, self.refs)]
        return Refused(self.code, self.act, leaf=leaf)


@dataclass(frozen=True, slots=True)
class AbandonedJob:
    """Find queries whose process died. Each is then closed by a :class:`FailJob` under its own lock."""

    older_than: timedelta = ABANDONED_AFTER

    @property
    def locks(self) -> tuple[str, ...]:
        """None: it only reads."""
        return ()

    def run(self, tx: Tx) -> Step[list[FailJob]]:
        """The jobs to do next."""
        found = abandoned(tx, tx.at - self.older_than)
        yield from ()  # no leaf
        return [
            FailJob(query_id, authorisation_id, jti, Code.PROVIDER_TIMEOUT, "abandoned")
            for query_id, authorisation_id, jti in found
        ]


@dataclass(frozen=True, slots=True)
class SweepJob:
    """Forget what has had its time: sealed products kept for a retry, idempotency keys, nonces, tokens.

    The one place that does: in small portions beside the writes that make them, so that no one deletion is long.
    """

    @property
    def locks(self) -> tuple[str, ...]:
        """None."""
        return ()

    def run(self, tx: Tx) -> Step[datetime]:
        """Returns the instant up to which was swept."""
        now = tx.dialect.time(tx.at)
        for statement in (
            # undelivered copies of a withdrawn authorisation go at once, whatever their time (invariant I6)
            (
                "UPDATE fundflow_query SET cipher = NULL WHERE cipher IS NOT NULL AND (cipher_expires_at <= %s OR"
                " authorisation_id IN (SELECT id FROM consents_authorisation WHERE withdrawn_at IS NOT NULL))"
            ),
            "DELETE FROM fundflow_idempotencykey WHERE expires_at <= %s",
            "DELETE FROM identity_seennonce WHERE expires_at < %s",
            "DELETE FROM identity_accesstoken WHERE expires_at < %s",
            "DELETE FROM identity_sourcetoken WHERE expires_at < %s",
            "DELETE FROM identity_desktoken WHERE expires_at < %s",
            "DELETE FROM identity_querysession WHERE expires_at < %s",
        ):
            tx.cursor.execute(tx.dialect.sql(statement), (now,))
        yield from ()  # no leaf
        return tx.at
