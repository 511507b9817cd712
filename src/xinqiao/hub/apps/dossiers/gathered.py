"""What the dossier queries of one transaction read, each kind by one statement for all of them.

A statement hands the interpreter's lock to the event loop and waits to get it back; six of them for each of a dozen
queries were most of what a query cost the writing thread. So all is read at once, under the locks of all, and kept
true here while the jobs decide one after the other: what an earlier one takes, a later one sees taken. It is written
when all have decided, again by one statement for each kind. A key or nonce that another process takes in between
breaks a unique constraint there: the transaction is rolled back and everybody decided anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from xinqiao.domain.errors import Code
from xinqiao.hub.apps.dossiers import cache
from xinqiao.hub.apps.dossiers.product import Product
from xinqiao.hub.apps.fundflow.idempotency import (
    Idempotency,
    KeyName,
    Seen,
    keep_done,
    known_keys,
    take_key,
)
from xinqiao.hub.apps.fundflow.protocol import Nonce
from xinqiao.hub.apps.fundflow.rows import keep_nonces, known_nonces
from xinqiao.hub.apps.fundflow.sessions import live_sessions
from xinqiao.hub.apps.fundflow.transaction import Tx
from xinqiao.hub.apps.items.rows import Held, count_uses, held_all
from xinqiao.hub.apps.redress.rows import NONE, Standing, standings_held

if TYPE_CHECKING:
    from xinqiao.hub.apps.dossiers.jobs import DossierJob


@dataclass(slots=True)
class Gathered:
    """See the module; one for a transaction."""

    grants: dict[str, Held]
    standings: dict[str, Standing]
    products: dict[tuple[str, str], Product]
    #: Taken before this transaction, each with the nonce beside it; and in it.
    keys: dict[KeyName, str]
    nonces: set[tuple[str, str]]
    sessions: set[str]
    taken: dict[KeyName, Idempotency] = field(default_factory=dict)
    #: What is still to be written.
    done: list[tuple[Idempotency, str]] = field(default_factory=list)
    new_nonces: list[Nonce] = field(default_factory=list)
    uses: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, tx: Tx, jobs: Sequence["DossierJob"]) -> "Gathered":
        """Read for all of them; the authorisations are locked already."""
        grants = held_all(tx, sorted({job.ask.authorisation_id for job in jobs}))
        keys = known_keys(tx, [job.ask.idempotency for job in jobs])
        # of a message in a session whose key is free the nonce was never seen: it would stand beside the key
        nonces = [
            job.ask.nonce for job in jobs if job.ask.session is None or job.ask.idempotency.name in keys
        ]
        shelves = {(job.shelf.subject, job.shelf.view) for job in jobs if job.shelf is not None}
        return cls(
            grants,
            standings_held(tx, sorted({grant.value.subject for grant in grants.values()})),
            cache.find_all(tx, sorted(shelves)),
            keys,
            known_nonces(tx, nonces),
            live_sessions(tx, sorted({job.ask.session for job in jobs if job.ask.session is not None})),
        )

    def write(self, tx: Tx) -> None:
        """Write what was put off."""
        keep_nonces(tx, self.new_nonces)
        keep_done(tx, self.done, status=200)
        if count_uses(tx, self.uses) != len(self.uses):
            raise RuntimeError("an authorisation changed under its lock")

    def grant(self, authorisation_id: str) -> Held | None:
        """An authorisation as it stands now."""
        return self.grants.get(authorisation_id)

    def standing(self, subject: str) -> Standing:
        """The standing of a firm's records, held until the transaction ends."""
        return self.standings.get(subject, NONE)

    def fresh(self, nonce: Nonce, key: Idempotency, *, tagged: bool) -> bool:
        """Whether a message is seen for the first time, also after a restart; it is then known.

        Of a ``tagged`` message that takes its key the nonce is kept beside the key. One whose key is taken already is the
        same message again, or another try, whose own nonce is then kept like that of a signed one.
        """
        if not tagged:
            return self._remember(nonce)
        taken = self.taken.get(key.name)
        first = taken.nonce if taken is not None else self.keys.get(key.name)
        return first is None or (first != nonce.nonce and self._remember(nonce))

    def _remember(self, nonce: Nonce) -> bool:
        pair = nonce.keyid, nonce.nonce
        if pair in self.nonces:
            return False
        self.nonces.add(pair)
        self.new_nonces.append(nonce)
        return True

    def take_done(self, key: Idempotency, object_id: str) -> bool:
        """Take a free key for an effect that this transaction completes; False when it is not free."""
        if key.name in self.keys or key.name in self.taken:
            return False
        self.taken[key.name] = key
        self.done.append((key, object_id))
        return True

    def take(self, tx: Tx, key: Idempotency, object_id: str) -> Seen | None:
        """Take a key that may not be free; what another job of this transaction took is still under way."""
        taken = self.taken.get(key.name)
        if taken is None:
            self.taken[key.name] = key
            return take_key(tx, key, object_id)
        other = taken.fingerprint != key.fingerprint
        return Seen(Code.IDEMPOTENCY_MISMATCH if other else Code.IDEMPOTENCY_IN_FLIGHT)

    def count(self, grant: Held) -> int:
        """Count a use of an authorisation that has one left; returns how many it then has."""
        value = grant.value
        uses = value.uses + 1
        self.uses[value.id] = self.uses.get(value.id, 0) + 1
        self.grants[value.id] = replace(grant, value=replace(value, uses=uses))
        return uses
