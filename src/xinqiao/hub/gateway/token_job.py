"""Issuing a token: the assertion's ``jti`` is used up and the token stored, in one transaction."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from xinqiao.domain.errors import Code
from xinqiao.hub.apps.audit.services import Entry, Refs
from xinqiao.hub.apps.fundflow.protocol import Nonce, Refused
from xinqiao.hub.apps.fundflow.rows import remember_nonce
from xinqiao.hub.apps.fundflow.transaction import Step, Tx
from xinqiao.hub.apps.identity.tokens import token_hash
from xinqiao.hub.gateway.auth import Assertion, Party

_STORE = {
    Party.INSTITUTION: (
        "INSERT INTO identity_accesstoken (token_hash, institution_id, jkt, expires_at) VALUES (%s, %s, %s, %s)"
    ),
    Party.SOURCE: (
        "INSERT INTO identity_sourcetoken (token_hash, source_id, jkt, expires_at) VALUES (%s, %s, %s, %s)"
    ),
    Party.DESK: (
        "INSERT INTO identity_desktoken (token_hash, desk_id, jkt, expires_at) VALUES (%s, %s, %s, %s)"
    ),
}


@dataclass(frozen=True, slots=True)
class IssueTokenJob:
    """Gives out an opaque token, or a refusal with its leaf when the assertion was used before."""

    assertion: Assertion
    party: Party
    lifetime_seconds: int

    @property
    def locks(self) -> tuple[str, ...]:
        """None."""
        return ()

    def run(self, tx: Tx) -> Step[str | Refused]:
        """The token; only its hash is stored."""
        assertion = self.assertion
        nonce = Nonce(f"assertion:{assertion.holder_id}", assertion.jti, assertion.expires_at)
        if not remember_nonce(tx, nonce):
            refs = Refs(institution=assertion.holder_id)
            (leaf,) = yield [Entry("DENY", tx.at, {"code": str(Code.REPLAYED), "act": "issueToken"}, refs)]
            return Refused(Code.REPLAYED, "assertion_seen", leaf=leaf)
        token = secrets.token_urlsafe(32)
        tx.cursor.execute(
            tx.dialect.sql(_STORE[self.party]),
            (
                token_hash(token),
                assertion.holder_id,
                assertion.jkt,
                tx.dialect.time(tx.at + timedelta(seconds=self.lifetime_seconds)),
            ),
        )
        return token
