"""Sessions of institutions' systems: opened by a signed request, counted only while key and institution do.

The keys of a session never change, so a gateway remembers them; whether it still counts is asked in the very transaction
that acts on it, so a key that was revoked or an institution that was suspended before it is seen there.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from xinqiao.domain.errors import Code
from xinqiao.hub.apps.audit.services import Entry, Refs
from xinqiao.hub.apps.fundflow.protocol import Nonce, Refused
from xinqiao.hub.apps.fundflow.rows import remember_nonce
from xinqiao.hub.apps.fundflow.transaction import Step, Tx
from xinqiao.hub.dbapi import read_time, rows_where
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime
from xinqiao.trust.keys import VerifyKey
from xinqiao.trust.mac import SECRET_BYTES, SessionKeys, session_keys

#: One row of a session for :func:`session_of`.
LOAD = (
    "SELECT s.id, s.institution_id, s.secret, s.expires_at, k.jwk FROM identity_querysession s"
    " JOIN identity_institutionkey k ON k.kid = s.kid AND k.institution_id = s.institution_id WHERE s.id = %s"
)
_LIVE = (
    "SELECT s.id, s.expires_at, k.not_before, k.not_after FROM identity_querysession s"
    " JOIN identity_institution i ON i.id = s.institution_id AND i.status = 'active'"
    " JOIN identity_institutionkey k ON k.kid = s.kid AND k.institution_id = s.institution_id AND k.status = 'active'"
    " WHERE i.is_user AND s.id IN {}"
)


@dataclass(frozen=True, slots=True)
class Session:
    """A session as a gateway remembers it."""

    id: str
    institution_id: str
    expires_at: datetime
    keys: SessionKeys = field(repr=False)


def session_of(row: Sequence[object], key: VerifyKey) -> Session:
    """Read a row of :data:`LOAD`; ``key``: the institution's, whose suite the session has.

    Raises:
        Unavailable: the secret was not encrypted for this row.
    """
    session_id = str(row[0])
    secret = runtime.reveal(str(row[2]), table="query_session", column="secret", row=session_id)
    keys = session_keys(session_id, key.suite, bytes.fromhex(secret))
    return Session(session_id, str(row[1]), read_time(row[3]), keys)


def live_sessions(tx: Tx, session_ids: Sequence[str]) -> set[str]:
    """Which sessions count at this instant: not over, of an active user institution, of a key in force."""
    rows = rows_where(tx.cursor, _LIVE, [(one,) for one in session_ids], tx.dialect.markers)
    return {
        str(session_id)
        for session_id, expires_at, not_before, not_after in rows
        if tx.at < read_time(expires_at) and read_time(not_before) <= tx.at < read_time(not_after)
    }


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that was opened, with its secret, for the one answer that carries it."""

    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenSessionJob:
    """Opens a session for the key a request was signed with, or refuses a message that was seen before."""

    institution_id: str
    kid: str
    nonce: Nonce
    lifetime: timedelta

    @property
    def locks(self) -> tuple[str, ...]:
        """None."""
        return ()

    def run(self, tx: Tx) -> Step[Opened | Refused]:
        """The secret is kept encrypted for its row."""
        if not remember_nonce(tx, self.nonce):
            facts = {"code": str(Code.REPLAYED), "act": "openSession"}
            (leaf,) = yield [Entry("DENY", tx.at, {**facts}, Refs(institution=self.institution_id))]
            return Refused(Code.REPLAYED, "nonce_seen", leaf=leaf)
        opened = Opened(new_id(Prefix.SESSION), secrets.token_bytes(SECRET_BYTES))
        kept = runtime.protect(opened.secret.hex(), table="query_session", column="secret", row=opened.id)
        tx.cursor.execute(
            tx.dialect.sql(
                "INSERT INTO identity_querysession (id, institution_id, kid, secret, expires_at)"
                " VALUES (%s, %s, %s, %s, %s)"
            ),
            (opened.id, self.institution_id, self.kid, kept, tx.dialect.time(tx.at + self.lifetime)),
        )
        return opened
