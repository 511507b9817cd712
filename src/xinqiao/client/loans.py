"""Loans: what an institution reports of them and reads, written once as steps. Amounts are ``Decimal`` yuan, rates fractions.

Every report carries the institution's own number or key and may be sent again: the same report is the same loan.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from pydantic import AwareDatetime

from xinqiao.client.exchange import Ask
from xinqiao.client.operations import Operations, segment
from xinqiao.client.results import Result
from xinqiao.client.steps import Steps
from xinqiao.domain.canonical import Json
from xinqiao.domain.loans.plan import DayCount, Method
from xinqiao.domain.loans.states import FiveClass, LoanEvent, LoanState

_LOANS, _FILES = "/api/v1/loans", "/api/v1/loan-files"


class LoanInstalment(Result):
    """One due day of a plan."""

    number: int
    due_on: date
    principal: Decimal
    interest: Decimal
    balance: Decimal


class LoanDrawdown(Result):
    """A drawdown with the plan in force on the day that was asked for."""

    key: str
    amount: Decimal
    drawn_on: date
    due_on: date
    annual_rate: Decimal
    plan: tuple[LoanInstalment, ...]


class LoanStep(Result):
    """One thing that was reported, and the leaf in the log that says so."""

    key: str
    event: str
    on: date
    state: LoanState
    amount: Decimal
    at: AwareDatetime
    leaf: int


class Loan(Result):
    """A loan as it stood at the end of ``day``; ``draws``, ``steps`` and both costs when it is read alone."""

    id: str
    number: str
    contract_no: str
    uscc: str
    enterprise_name: str
    case_no: str | None = None
    state: LoanState
    day: date
    amount: Decimal
    drawn: Decimal
    balance: Decimal
    overdue_amount: Decimal
    overdue_days: int
    five_class: FiveClass
    next_due_on: date | None
    next_amount: Decimal
    reported_on: date | None
    annual_rate: Decimal
    method: Method
    reported_at: AwareDatetime
    annual_cost: Decimal | None = None
    all_in: Decimal | None = None
    draws: tuple[LoanDrawdown, ...] | None = None
    steps: tuple[LoanStep, ...] | None = None


class LoanPage(Result):
    """The newest report first; ``next`` goes on."""

    items: tuple[Loan, ...]
    next: str | None


class RefusedLoanRow(Result):
    """A row of a monthly file that was not taken."""

    line: int
    code: str
    field: str
    reason: str


class LoanFile(Result):
    """A monthly file and what became of its rows; ``repeated``: the same bytes were sent before."""

    id: str
    number: str
    file_name: str
    digest: str
    at: AwareDatetime
    rows: int
    taken: int
    refused: int
    repeated: bool
    refused_rows: tuple[RefusedLoanRow, ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract to report. ``case_no``: of the case it came from; ``renews``: the contract whose place it takes."""

    contract_no: str
    uscc: str
    amount: Decimal
    signed_on: date
    annual_rate: Decimal
    method: Method
    day_count: DayCount = DayCount.MONTHLY
    guarantee_fee_rate: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    credit_loan: bool = False
    first_loan: bool = False
    guarantor: str = ""
    renews: str | None = None
    case_no: str | None = None


@dataclass(frozen=True, slots=True)
class Drawdown:
    """Money that went out: the term in ``months``, or the last day in ``due_on``."""

    key: str
    amount: Decimal
    drawn_on: date
    months: int | None = None
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened. ``more``: what the event needs (``amount``, ``months``, ``five_class``, …), as Python values."""

    key: str
    event: LoanEvent
    on: date
    more: Mapping[str, Decimal | int | str] = field(default_factory=dict)


def _json(value: object) -> Json:
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
        case _:
            raise TypeError(type(value).__name__)


def _body(said: Contract | Drawdown) -> dict[str, Json]:
    named = {name: _json(getattr(said, name)) for name in said.__slots__}
    return {name: value for name, value in named.items() if value is not None}


class LoanOperations:
    """The operations about loans of one institution, over the exchange of ``hub``."""

    def __init__(self, hub: Operations) -> None:
        self._hub = hub

    def report(self, said: Contract, key: str | None = None) -> Steps[Loan]:
        """Report a contract."""
        return (yield from self._hub.write(Loan, _LOANS, _body(said), key))

    def draw(self, loan_id: str, said: Drawdown, key: str | None = None) -> Steps[Loan]:
        """Report money that went out."""
        return (
            yield from self._hub.write(Loan, f"/api/v1/loan-drawdowns/{segment(loan_id)}", _body(said), key)
        )

    def happened(self, loan_id: str, said: Happening, key: str | None = None) -> Steps[Loan]:
        """Report what happened."""
        body = {name: _json(value) for name, value in said.more.items()}
        body |= {"key": said.key, "event": said.event.value, "on": said.on.isoformat()}
        return (yield from self._hub.write(Loan, f"/api/v1/loan-events/{segment(loan_id)}", body, key))

    def loan(self, loan_id: str, day: date | None = None) -> Steps[Loan]:
        """One loan as it stood on a day."""
        on = day.isoformat() if day else None
        return (yield from self._hub.fetch(Loan, f"{_LOANS}/{segment(loan_id)}", day=on))

    def loans(
        self, *, day: date | None, state: LoanState | None, text: str, after: str | None, limit: int
    ) -> Steps[LoanPage]:
        """A page of the book as it stood on a day."""
        on = day.isoformat() if day else None
        return (
            yield from self._hub.fetch(
                LoanPage, _LOANS, day=on, state=state, text=text or None, after=after, limit=limit
            )
        )

    def send_file(self, file_name: str, content: bytes) -> Steps[LoanFile]:
        """Report a month by a file."""
        ask = Ask(
            "POST", _FILES, params={"file_name": file_name}, body=content, media_type="application/octet-stream",
            again=True,
        )  # fmt: skip
        got = yield from self._hub.ask(ask)
        return self._hub.read(LoanFile, got)

    def file(self, file_id: str) -> Steps[LoanFile]:
        """One monthly file."""
        return (yield from self._hub.fetch(LoanFile, f"{_FILES}/{segment(file_id)}"))

    def refused_rows(self, file_id: str) -> Steps[bytes]:
        """The refused rows of a monthly file, to correct and send again."""
        got = yield from self._hub.ask(Ask("GET", f"/api/v1/loan-refused-rows/{segment(file_id)}"))
        return got.body
