"""The synchronous client."""

import time
from collections.abc import Callable, Collection, Iterator
from typing import IO, Self, cast

import httpx

from xinqiao.client.believed import Anchor, Directory
from xinqiao.client.carry import Body, headers_of, settings, unreachable
from xinqiao.client.dossier import Dossier
from xinqiao.client.operations import Operations
from xinqiao.client.report import Report
from xinqiao.client.results import (
    Authorisation,
    AuthorisationPage,
    AuthorisationRequested,
    AuthorisationSummary,
    Checkpoint,
    Enterprise,
    Invitation,
    Operator,
    QueryPage,
    QueryRecord,
    QuerySummary,
    RecordChanges,
    Verification,
)
from xinqiao.client.steps import Got, Pause, Send, Step, Steps
from xinqiao.client.sync_cases import Cases
from xinqiao.client.sync_credit import Credit
from xinqiao.client.sync_items import Items
from xinqiao.client.sync_loans import Loans
from xinqiao.clock import Clock, SystemClock
from xinqiao.domain.consent import Product, Purpose, Reader, VisibleState
from xinqiao.domain.errors import XinqiaoError
from xinqiao.trust.keys import SigningKey


class Carrier:
    """Carries steps out over httpx, one after another."""

    def __init__(
        self, *, transport: httpx.BaseTransport | None, timeout: float, sleep: Callable[[float], None]
    ) -> None:
        """See :class:`Client`."""
        self._sleep = sleep
        self._http = httpx.Client(transport=transport, **settings(timeout))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def run[T](self, steps: Steps[T]) -> T:
        """Carry out steps."""
        try:
            step = next(steps)
            while True:
                try:
                    got = self._carry(step)
                except XinqiaoError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(got)
        except StopIteration as done:
            return cast(T, done.value)

    def _carry(self, step: Step) -> Got | None:
        match step:
            case Pause(seconds):
                self._sleep(seconds)
                return None
            case Send():
                try:
                    with self._http.stream(
                        step.method, step.url, headers=step.headers, content=step.content
                    ) as response:
                        body = Body()
                        for chunk in response.iter_raw():
                            body.add(chunk)
                        return Got(response.status_code, headers_of(response), body.taken())
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    raise unreachable(error) from error


class Client(Carrier):
    """An institution at the platform. One per process; threads may share it.

    Every method raises the classes of :mod:`xinqiao.domain.errors`; :func:`~.problems.problem_of` tells what the platform
    said (words, nearest allowed request, signed refusal). ``HUB_UNREACHABLE`` and ``HUB_INVALID`` arise on this side.
    """

    def __init__(
        self,
        base_url: str,
        institution_id: str,
        key: SigningKey,
        *,
        anchor: Anchor,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: float = 15.0,
        language: Callable[[], str] = lambda: "zh-CN",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            base_url: the platform's public address, exactly as it knows itself: it is part of what is signed.
            institution_id: ``ins-…``.
            key: the institution's registered signing key.
            anchor: the platform's pinned keys.
            transport: instead of the network, e.g. ``httpx.WSGITransport`` or a mock.
            timeout: seconds without a byte from the platform, which itself waits 10 s for a source.
            language: asked for the language of words in problems (``zh-CN`` or ``en``).
        """
        self.operations = Operations(
            base_url, institution_id, key, anchor=anchor, clock=clock or SystemClock(), language=language
        )
        super().__init__(transport=transport, timeout=timeout, sleep=sleep)
        #: items called or verified at the source
        self.items = Items(self)
        #: credit reports made of what is authorised
        self.credit = Credit(self)
        self.cases = Cases(self)
        #: loans it reports
        self.loans = Loans(self)
        self._sleep = sleep
        self._http = httpx.Client(transport=transport, **settings(timeout))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def institution_id(self) -> str:
        """The institution this client speaks for."""
        return self.operations.institution_id

    # -- operations -------------------------------------------------------------------------------------------------

    def token(self) -> str:
        """The access token in use (five minutes, works only with signatures of this client's key)."""
        return self.run(self.operations.token())

    def directory(self) -> Directory:
        """The platform's signed directory of nodes and institutions, verified against the anchor."""
        return self.run(self.operations.fresh_directory())

    def checkpoint(self) -> Checkpoint:
        """The newest signed head of the audit log; keep it to notice a rewritten history later."""
        return self.run(self.operations.checkpoint())

    def find_enterprise(self, uscc: str) -> Enterprise:
        """Whether a code has a data account. Raises Invalid ``USCC_*``."""
        return self.run(self.operations.find_enterprise(uscc))

    def invite(
        self, uscc: str, *, operator: Operator, message: str = "", idempotency_key: str | None = None
    ) -> Invitation:
        """Invite an enterprise without a data account to log in."""
        return self.run(self.operations.invite(uscc, operator, message, idempotency_key))

    def request_authorisation(
        self,
        *,
        subject_uscc: str,
        purpose: Purpose,
        business_ref: str,
        operator: Operator,
        products: Collection[Product] = (Product.REPORT,),
        months: int = 24,
        valid_days: int = 30,
        max_queries: int = 3,
        include_balance: bool = True,
        accounts: Collection[str] | None = None,
        reader: Reader = Reader.INSTITUTION_KEY,
        message: str = "",
        idempotency_key: str | None = None,
    ) -> AuthorisationRequested:
        """Ask an enterprise for an authorisation (fund-flow rules 5).

        Args:
            business_ref: the institution's number of the credit business it handles; shown to the enterprise.
            accounts: account links, or ``None`` for the enterprise's choice.
            reader: who will be able to open the products; shown on the consent card. This client holds its own key.
            idempotency_key: give one to make a retry after a crash harmless; else a fresh one is made.

        Raises:
            Invalid: ``CEILING_EXCEEDED`` and others. Conflict: an open request exists.
        """
        return self.run(
            self.operations.request_authorisation(
                subject_uscc=subject_uscc,
                purpose=purpose,
                business_ref=business_ref,
                operator=operator,
                products=products,
                months=months,
                valid_days=valid_days,
                max_queries=max_queries,
                include_balance=include_balance,
                accounts=accounts,
                reader=reader,
                message=message,
                idempotency_key=idempotency_key,
            )
        )

    def authorisation(self, authorisation_id: str) -> Authorisation:
        """One authorisation; every artefact in it has been verified. Raises NotFound for absent and foreign alike."""
        return self.run(self.operations.authorisation(authorisation_id))

    def authorisations(
        self,
        *,
        state: VisibleState | None = None,
        subject_uscc: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> AuthorisationPage:
        """A page of this institution's authorisations, newest first."""
        return self.run(
            self.operations.authorisations(state=state, subject_uscc=subject_uscc, cursor=cursor, limit=limit)
        )

    def query(
        self,
        authorisation_id: str,
        account: str,
        product: Product,
        months: int,
        purpose: Purpose,
        operator: Operator,
        *,
        idempotency_key: str | None = None,
    ) -> Report:
        """Query one product of one account and open it here, with a key made for this query alone.

        Nothing is written to disk; the caller decides (:meth:`~.report.Report.save`). A repeat with the caller's own
        idempotency key after this process ended cannot be opened: the one-time key is gone, ask anew.

        Raises:
            Forbidden: the refusal, with its signed statement and the nearest allowed request in ``problem_of(error)``.
            ProviderFault, ProviderTimeout: the source failed (no use counted), or something in the answer does not fit.
        """
        return self.run(
            self.operations.query(
                authorisation_id, account, product, months, purpose, operator, idempotency_key=idempotency_key
            )
        )

    def dossier(
        self,
        authorisation_id: str,
        purpose: Purpose,
        operator: Operator,
        *,
        items: Collection[str] = (),
        idempotency_key: str | None = None,
        in_session: bool = False,
    ) -> Dossier:
        """What the platform collected about a firm, as far as an authorisation of items grants it.

        Args:
            items: some of those granted; all of them when none is named.
            in_session: ask by the key of a session of five minutes instead of signing each request: for many in a row.

        Raises:
            Forbidden: the refusal, with its signed statement in ``problem_of(error)``.
            ProviderFault: ``HUB_INVALID``: the dossier is not the one of the platform's statement.
        """
        return self.run(
            self.operations.dossier(authorisation_id, purpose, operator, items, idempotency_key, in_session)
        )

    def query_record(self, query_id: str) -> QueryRecord:
        """One query of the records, with its evidence."""
        return self.run(self.operations.query_record(query_id))

    def queries(
        self,
        *,
        state: str | None = None,
        authorisation_id: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> QueryPage:
        """A page of this institution's uses and refusals, newest first."""
        return self.run(
            self.operations.queries(
                state=state, authorisation_id=authorisation_id, cursor=cursor, limit=limit
            )
        )

    def record_changes(self, *, after: str | None = None, limit: int = 100) -> RecordChanges:
        """Records this institution received that were corrected, repaired or restored since; oldest first.

        Raises Invalid ``after`` for what is no ``next`` of an earlier page.
        """
        return self.run(self.operations.record_changes(after, limit))

    def verify_product(
        self, *, verify_code: str | None = None, receipt: str | None = None, digest: str | None = None
    ) -> Verification:
        """Ask the platform whether it released a report (by code or receipt), without any content."""
        return self.run(
            self.operations.verify_product(verify_code=verify_code, receipt=receipt, digest=digest)
        )

    def ledger(self, out: IO[bytes]) -> int:
        """Write this institution's own ledger, which ``xinqiao verify`` checks offline; returns how many bytes."""
        return out.write(self.run(self.operations.ledger()))

    def all_authorisations(self, *, state: VisibleState | None = None) -> Iterator[AuthorisationSummary]:
        """Every authorisation, page by page."""
        cursor: str | None = None
        while True:
            page = self.authorisations(state=state, cursor=cursor, limit=100)
            yield from page.items
            if (cursor := page.next_cursor) is None:
                return

    def all_queries(self, *, state: str | None = None) -> Iterator[QuerySummary]:
        """Every record, page by page."""
        cursor: str | None = None
        while True:
            page = self.queries(state=state, cursor=cursor, limit=100)
            yield from page.items
            if (cursor := page.next_cursor) is None:
                return
