"""Cases of financing with the synchronous client: ``client.cases``."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from xinqiao.client.cases import (
    Case,
    CaseEvents,
    CaseMessage,
    CaseOperations,
    CasePage,
    Event,
    asked,
    offer,
    refusal,
)
from xinqiao.client.results import Operator

if TYPE_CHECKING:
    from xinqiao.client.sync import Client


class Cases:
    """The needs that were handed to this institution. Errors are those of :class:`~.sync.Client`."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self.operations = CaseOperations(client.operations)

    def page(self, *, show: str = "all", after: str | None = None, limit: int = 50) -> CasePage:
        """A page, newest first; ``show``: all, new, working, granted, over, late."""
        return self._client.run(self.operations.page(show, after, limit))

    def one(self, case_id: str) -> Case:
        """One case with its steps, actions and messages. Raises NotFound for absent and foreign alike."""
        return self._client.run(self.operations.one(case_id))

    def events(self, *, after: int = -1, limit: int = 100) -> CaseEvents:
        """Moves of all cases in the order of the log, from behind a leaf."""
        return self._client.run(self.operations.events(after, limit))

    def fire(
        self, case: Case, event: Event, operator: Operator, *, idempotency_key: str | None = None
    ) -> Case:
        """Take it up (``accept``), begin due diligence (``investigate``) or sign (``contract``), as it was read.

        Raises:
            Stale: it changed since it was read. Conflict: not in this state, or the need is over.
        """
        return self._client.run(self.operations.fire(case, event, operator, {}, idempotency_key))

    def refuse(
        self, case: Case, event: Event, operator: Operator, *, reason: str, words: str = "", idempotency_key: str | None = None
    ) -> Case:  # fmt: skip
        """``decline``, ``reject`` or ``lapse`` it with a reason of the list. Raises as :meth:`fire`; Invalid."""
        return self._client.run(
            self.operations.fire(case, event, operator, refusal(reason, words), idempotency_key)
        )

    def ask(
        self, case: Case, operator: Operator, asks: Sequence[tuple[str, str, str]], *, idempotency_key: str | None = None
    ) -> Case:  # fmt: skip
        """Ask the firm for things: (kind, words, item). Raises as :meth:`fire`; Invalid."""
        return self._client.run(self.operations.fire(case, "ask", operator, asked(asks), idempotency_key))

    def approve(
        self, case: Case, operator: Operator, *, amount: Decimal, rate: Decimal, months: int, words: str = "",
        idempotency_key: str | None = None,
    ) -> Case:  # fmt: skip
        """Grant it: yuan, yearly rate, months. Raises as :meth:`fire`; Invalid."""
        given = offer(amount, rate, months, words)
        return self._client.run(self.operations.fire(case, "approve", operator, given, idempotency_key))

    def say(
        self, case_id: str, text: str, operator: Operator, *, idempotency_key: str | None = None
    ) -> CaseMessage:
        """Write to the firm. Raises NotFound; Conflict: the case is over."""
        return self._client.run(self.operations.say(case_id, text, operator, idempotency_key))
