"""Loans with the asynchronous client: ``client.loans``."""

from datetime import date
from typing import TYPE_CHECKING

from xinqiao.client.loans import Contract, Drawdown, Happening, Loan, LoanFile, LoanOperations, LoanPage
from xinqiao.domain.loans.states import LoanState

if TYPE_CHECKING:
    from xinqiao.client.aio import AsyncClient


class AsyncLoans:
    """What an institution reports of its loans and reads. Errors are those of :class:`~.aio.AsyncClient`."""

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client
        self.operations = LoanOperations(client.operations)

    async def report(self, said: Contract, *, idempotency_key: str | None = None) -> Loan:
        """Report a contract; the same number with the same terms again is the same loan.

        Raises:
            Invalid: naming the field; ``uscc`` with the reason ``NO_ACCOUNT``. Conflict: ``CONFLICT_DUPLICATE``.
        """
        return await self._client.run(self.operations.report(said, idempotency_key))

    async def draw(self, loan_id: str, said: Drawdown, *, idempotency_key: str | None = None) -> Loan:
        """Report money that went out. Raises Invalid naming the field (``amount`` with the reason ``OVER``), Conflict."""
        return await self._client.run(self.operations.draw(loan_id, said, idempotency_key))

    async def happened(self, loan_id: str, said: Happening, *, idempotency_key: str | None = None) -> Loan:
        """Report what happened. Raises Invalid naming the field, Conflict ``ILLEGAL_MOVE`` and others, with the reason."""
        return await self._client.run(self.operations.happened(loan_id, said, idempotency_key))

    async def get(self, loan_id: str, *, day: date | None = None) -> Loan:
        """One loan as it stood at the end of a day, today unless said otherwise. Raises NotFound."""
        return await self._client.run(self.operations.loan(loan_id, day))

    async def page(
        self,
        *,
        day: date | None = None,
        state: LoanState | None = None,
        text: str = "",
        after: str | None = None,
        limit: int = 50,
    ) -> LoanPage:
        """A page of the book as it stood on a day."""
        return await self._client.run(
            self.operations.loans(day=day, state=state, text=text, after=after, limit=limit)
        )

    async def send_file(self, file_name: str, content: bytes) -> LoanFile:
        """Report a month by a file, CSV or XLSX. The same bytes again change nothing.

        Raises:
            Invalid: ``HEADER_MISMATCH``, ``FILE_EMPTY`` and the other codes of files. TooLarge.
        """
        return await self._client.run(self.operations.send_file(file_name, content))

    async def file(self, file_id: str) -> LoanFile:
        """One monthly file and the rows that were not taken. Raises NotFound."""
        return await self._client.run(self.operations.file(file_id))

    async def refused_rows(self, file_id: str) -> bytes:
        """The refused rows as CSV, to correct and send again. Raises NotFound."""
        return await self._client.run(self.operations.refused_rows(file_id))
