"""Handing out a released product once more, under the same lock as a withdrawal (abuse case A12)."""

from dataclasses import dataclass

from xinqiao.domain.errors import Code
from xinqiao.hub.apps.audit.services import Entry, Refs
from xinqiao.hub.apps.fundflow.protocol import Refused, Released
from xinqiao.hub.apps.fundflow.rows import released_again
from xinqiao.hub.apps.fundflow.transaction import Step, Tx


@dataclass(frozen=True, slots=True)
class FetchJob:
    """The sealed product of a release, ``None`` once it is no longer kept, or the refusal after a withdrawal."""

    query_id: str
    authorisation_id: str | None
    institution_id: str

    @property
    def locks(self) -> tuple[str, ...]:
        """The authorisation of the query."""
        return (self.authorisation_id,) if self.authorisation_id else ()

    def run(self, tx: Tx) -> Step[str | Refused | None]:
        """No use is counted: it is the same release. Time that has passed refuses nobody, so it leaves no leaf."""
        found = released_again(tx, self.query_id)
        if isinstance(found, Released):
            return found.product
        if found is Code.GONE_EXPIRED:
            return None
        refs = Refs(institution=self.institution_id, authorisation=self.authorisation_id, query=self.query_id)
        (leaf,) = yield [Entry("DENY", tx.at, {"code": str(found), "act": "getQuery"}, refs)]
        return Refused(found, "no_longer_available", leaf=leaf, query_id=self.query_id)
