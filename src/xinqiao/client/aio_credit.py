"""Credit reports and portraits with the asynchronous client: ``client.credit``."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from xinqiao.client.credit import CreditOperations, CreditRecord, OpenedPortrait, OpenedReport
from xinqiao.client.results import Operator
from xinqiao.domain.consent import Purpose

if TYPE_CHECKING:
    from xinqiao.client.aio import AsyncClient


class AsyncCredit:
    """Credit reports and portraits under authorisations of items (``client.items``). Errors are those of :class:`~.aio.AsyncClient`."""

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client
        self.operations = CreditOperations(client.operations)

    async def report(
        self,
        authorisations: Collection[str],
        purpose: Purpose,
        operator: Operator,
        *,
        calls: Collection[str] | None = None,
        idempotency_key: str | None = None,
    ) -> OpenedReport:
        """Have a credit report made under live authorisations of items of one firm, and check it.

        It is handed out once: the platform keeps its number and digest, and the same idempotency key again raises Gone.

        Args:
            calls: the interface items to call at their sources; ``None``: all that are granted and served.

        Raises:
            Forbidden: the refusal, with its signed statement in ``problem_of(error)``. Gone: made before.
            ProviderFault: ``HUB_INVALID``: the answer does not fit what was asked.
        """
        return await self._client.run(
            self.operations.report(
                authorisations, purpose, operator, calls=calls, idempotency_key=idempotency_key
            )
        )

    async def portrait(
        self,
        authorisations: Collection[str],
        purpose: Purpose,
        operator: Operator,
        *,
        idempotency_key: str | None = None,
    ) -> OpenedPortrait:
        """Have a portrait made under live authorisations that let reports be made, and check it.

        Figures of collected items only, beside firms of the same kind; nothing is called at a source. It is handed out
        once, as a report is, and counts one use.

        Raises:
            Forbidden: the refusal, with its signed statement in ``problem_of(error)``. Gone: made before.
            ProviderFault: ``HUB_INVALID``: the answer does not fit what was asked.
        """
        return await self._client.run(
            self.operations.portrait(authorisations, purpose, operator, idempotency_key=idempotency_key)
        )

    async def record(self, query_id: str) -> CreditRecord:
        """One time a report or a portrait was asked for, without content. Raises NotFound for absent and foreign alike."""
        return await self._client.run(self.operations.record(query_id))

    async def records(
        self, *, authorisation_id: str | None = None, state: str | None = None, limit: int = 50
    ) -> list[CreditRecord]:
        """Reports and portraits made and refused, newest first, without content."""
        return await self._client.run(
            self.operations.records(authorisation_id=authorisation_id, state=state, limit=limit)
        )
