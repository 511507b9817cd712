"""Items with the asynchronous client: ``client.items``."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xinqiao.client.claims import StatedClaim
from xinqiao.client.item_answer import ItemAnswer
from xinqiao.client.item_operations import ItemOperations
from xinqiao.client.item_results import (
    ItemAuthorisation,
    ItemAuthorisationPage,
    ItemQueryPage,
    ItemQueryRecord,
)
from xinqiao.client.results import AuthorisationRequested, Operator
from xinqiao.domain.consent import Purpose, VisibleState

if TYPE_CHECKING:
    from xinqiao.client.aio import AsyncClient


class AsyncItems:
    """Items called at the source and claims verified there. Errors are those of :class:`~.aio.AsyncClient`.

    An answer of an interface item is opened here and stored nowhere on the way. Keep a claim (:func:`~.claims.state_claim`,
    :class:`~.claims.ClaimBook`) from the request to its verification: without its salt the consent cannot be used.
    """

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client
        self.operations = ItemOperations(client.operations)

    async def request(
        self,
        *,
        subject_uscc: str,
        purpose: Purpose,
        business_ref: str,
        operator: Operator,
        items: Mapping[str, Sequence[str]] | None = None,
        claims: Sequence[StatedClaim] = (),
        valid_days: int = 30,
        max_queries: int = 3,
        report: bool = False,
        message: str = "",
        idempotency_key: str | None = None,
    ) -> AuthorisationRequested:
        """Ask an enterprise for items (item → fields), called or collected, and for the verification of claims.

        Args:
            report: also for credit reports made of them; a report counts one use, each item called for it one more.

        Raises:
            Invalid: ``CEILING_EXCEEDED`` and others. Conflict: an open request exists.
        """
        return await self._client.run(
            self.operations.request(
                subject_uscc=subject_uscc,
                purpose=purpose,
                business_ref=business_ref,
                operator=operator,
                items=items or {},
                claims=claims,
                valid_days=valid_days,
                max_queries=max_queries,
                report=report,
                message=message,
                idempotency_key=idempotency_key,
            )
        )

    async def authorisation(self, authorisation_id: str) -> ItemAuthorisation:
        """One authorisation; every artefact in it has been verified. Raises NotFound for absent and foreign alike."""
        return await self._client.run(self.operations.authorisation(authorisation_id))

    async def authorisations(
        self,
        *,
        state: VisibleState | None = None,
        subject_uscc: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> ItemAuthorisationPage:
        """A page of this institution's authorisations of items, newest first."""
        return await self._client.run(
            self.operations.authorisations(state=state, subject_uscc=subject_uscc, cursor=cursor, limit=limit)
        )

    async def call(
        self,
        authorisation_id: str,
        item: str,
        fields: Sequence[str],
        purpose: Purpose,
        operator: Operator,
        *,
        idempotency_key: str | None = None,
    ) -> ItemAnswer:
        """Call one interface item and open the answer here, with a key made for this call alone.

        Raises:
            Forbidden: the refusal, with its signed statement and the nearest allowed request in ``problem_of(error)``.
            Gone: the same idempotency key again: an answer goes out once. ProviderFault, ProviderTimeout: the source.
        """
        return await self._client.run(
            self.operations.call(
                authorisation_id, item, fields, purpose, operator, idempotency_key=idempotency_key
            )
        )

    async def verify(
        self,
        authorisation_id: str,
        claim: StatedClaim,
        purpose: Purpose,
        operator: Operator,
        *,
        idempotency_key: str | None = None,
    ) -> ItemAnswer:
        """Verify one claim at the source: ``result`` is ``yes`` or ``not``.

        Raises:
            Forbidden, Gone, ProviderFault, ProviderTimeout: as :meth:`call`. TooMany: ``VERIFICATION_BUDGET``.
        """
        return await self._client.run(
            self.operations.verify(
                authorisation_id, claim, purpose, operator, idempotency_key=idempotency_key
            )
        )

    async def record(self, query_id: str) -> ItemQueryRecord:
        """One call or verification of the records, with its evidence."""
        return await self._client.run(self.operations.record(query_id))

    async def records(
        self,
        *,
        state: str | None = None,
        authorisation_id: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> ItemQueryPage:
        """A page of this institution's calls, verifications and refusals, newest first."""
        return await self._client.run(
            self.operations.records(
                state=state, authorisation_id=authorisation_id, cursor=cursor, limit=limit
            )
        )
