"""Loans at the interface: what institutions report and read. Amounts are yuan with two decimals, rates fractions, as text."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xinqiao.domain.loans.plan import DayCount, Method
from xinqiao.domain.loans.states import FiveClass, LoanState
from xinqiao.hub.gateway.schemas import Answer, Digest, Id, Instant, Request, Uscc
from xinqiao.hub.gateway.schemas_collection import Day

type Key = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)]
type Amount = Annotated[str, StringConstraints(strict=True, pattern=r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,2})?$")]
type Rate = Annotated[str, StringConstraints(strict=True, pattern=r"^(0(\.[0-9]{1,6})?|1)$")]
type Months = Annotated[int, Field(strict=True, ge=1, le=600)]
type Note = Annotated[str, StringConstraints(strict=True, max_length=300)]
type Event = Literal[
    "repay", "prepay", "extend", "fall_overdue", "cure", "classify", "renew", "settle", "write_off", "recover"
]


class LoanReport(Request):
    """A contract under the institution's own number. The same report again is the same loan.

    ``case_no``: the number of the case it came from, if any. ``renews``: the contract whose place it takes without principal.
    """

    contract_no: Key
    uscc: Uscc
    amount: Amount
    signed_on: Day
    annual_rate: Rate
    method: Method
    day_count: DayCount = DayCount.MONTHLY
    guarantee_fee_rate: Rate = "0"
    fees: Amount = "0"
    credit_loan: bool = False
    first_loan: bool = False
    guarantor: Annotated[str, StringConstraints(strict=True, max_length=80)] = ""
    renews: Key | None = None
    case_no: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=40)] | None = None


class DrawdownReport(Request):
    """Money that went out: the term in ``months``, or the last day in ``due_on``, or both."""

    key: Key
    amount: Amount
    drawn_on: Day
    months: Months | None = None
    due_on: Day | None = None


class EventReport(Request):
    """What happened on a day. Each event says what it needs and nothing else.

    ``repay`` ``amount``; ``prepay`` ``amount`` (principal), perhaps ``interest``; ``extend`` ``months``, perhaps ``rate``;
    ``classify`` ``five_class``; ``renew`` ``renewed_by``; ``settle`` perhaps ``amount``; ``write_off`` and ``recover``
    ``amount``. ``draw``: the key of the drawdown, where a contract has several.
    """

    key: Key
    event: Event
    on: Day
    amount: Amount | None = None
    interest: Amount | None = None
    months: Months | None = None
    rate: Rate | None = None
    five_class: FiveClass | None = None
    draw: Key | None = None
    renewed_by: Key | None = None
    note: Note = ""


class PlanView(Answer):
    """One due day of the plan in force."""

    number: int
    due_on: str
    principal: str
    interest: str
    balance: str


class DrawdownView(Answer):
    """A drawdown with the plan in force on the day that was asked for."""

    key: str
    amount: str
    drawn_on: str
    due_on: str
    annual_rate: str
    plan: list[PlanView]


class LoanStepView(Answer):
    """One thing that was reported, and the leaf in the log that says so."""

    key: str
    event: str
    on: str
    state: LoanState
    amount: str
    at: Instant
    leaf: int


class LoanView(Answer):
    """A loan as it stood at the end of ``day``. ``annual_cost``: compound, with all fees; ``all_in``: as reports weigh it.

    ``reported_on``: the day of the institution's own figures where a monthly file speaks. ``draws``, ``steps``, ``annual_cost``
    and ``all_in`` are there when a loan is read alone.
    """

    id: Id
    number: str
    contract_no: str
    uscc: str
    enterprise_name: str
    case_no: str | None = None
    state: LoanState
    day: str
    amount: str
    drawn: str
    balance: str
    overdue_amount: str
    overdue_days: int
    five_class: FiveClass
    next_due_on: str | None
    next_amount: str
    reported_on: str | None
    annual_rate: str
    method: Method
    reported_at: Instant
    annual_cost: str | None = None
    all_in: str | None = None
    draws: list[DrawdownView] | None = None
    steps: list[LoanStepView] | None = None


class LoanList(Answer):
    """The newest report first; ``next`` goes on."""

    items: list[LoanView]
    next: str | None


class LoanParams(Request):
    """The day to look at, today unless said otherwise."""

    day: Day | None = None


class LoanListParams(Request):
    """Which loans, on which day; ``text``: a contract's number, a code, or part of a firm's name."""

    day: Day | None = None
    state: LoanState | None = None
    text: Annotated[str, StringConstraints(max_length=80)] = ""
    after: Id | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class LoanFileParams(Request):
    """The name of a monthly file: its ending says what to try, what is inside decides."""

    file_name: Annotated[str, StringConstraints(min_length=1, max_length=160)]


class RefusedRowView(Answer):
    """A row that was not taken: its line, the column and what is wrong with it."""

    line: int
    code: str
    field: str
    reason: str


class LoanFileView(Answer):
    """A monthly file and what became of its rows. ``repeated``: the same bytes were sent before."""

    id: Id
    number: str
    file_name: str
    digest: Digest
    at: Instant
    rows: int
    taken: int
    refused: int
    repeated: bool = False
    refused_rows: list[RefusedRowView]
