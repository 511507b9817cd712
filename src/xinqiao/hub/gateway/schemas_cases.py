"""Cases of financing at the interface: the institution's leads, what it decides about each, and what is said inside one."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xinqiao.domain.market.case import CaseState, Refusal
from xinqiao.domain.market.case_work import ActionKind, ActionState
from xinqiao.hub.gateway.schemas import Answer, Digest, Id, Instant, Operator, Request

type Version = Annotated[int, Field(strict=True, ge=1, le=10**9)]
type Words = Annotated[str, StringConstraints(strict=True, max_length=500)]
type Amount = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{1,15}(\.[0-9]{1,2})?$")]
type Rate = Annotated[str, StringConstraints(strict=True, pattern=r"^(0|1)(\.[0-9]{1,6})?$")]


class CaseParams(Request):
    """Which cases: waiting to be taken up, being worked on, granted, over, late, or all; from behind the case ``after``."""

    show: Literal["all", "new", "working", "granted", "over", "late"] = "all"
    after: Id | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class EventParams(Request):
    """Moves of all cases from behind the leaf ``after`` of the log."""

    after: Annotated[int, Field(ge=-1, le=10**15)] = -1
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class AskedFor(Request):
    """One thing the firm is asked for; ``item`` only with ``authorise``."""

    kind: ActionKind
    words: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=300)]
    item: Annotated[str, StringConstraints(strict=True, max_length=64)] = ""


class CaseEventBody(Request):
    """What the institution does with a case, in the version it saw, for the person it names.

    ``decline``, ``reject`` and ``lapse`` give a ``reason``, and ``words`` where it is ``other``; ``ask`` gives ``asks``;
    ``approve`` gives ``amount`` in yuan, the yearly ``rate`` (0.0385 is 3.85 %) and ``months``.
    """

    event: Literal["accept", "decline", "investigate", "ask", "approve", "reject", "lapse", "contract"]
    version: Version
    operator: Operator
    reason: Refusal | None = None
    words: Words = ""
    asks: Annotated[list[AskedFor], Field(max_length=10)] = Field(default_factory=list)
    amount: Amount | None = None
    rate: Rate | None = None
    months: Annotated[int, Field(strict=True, ge=1, le=600)] | None = None


class CaseMessageBody(Request):
    """A message to the firm."""

    operator: Operator
    text: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1000)]


class CaseStepView(Answer):
    """One move, and the leaf in the log that proves it."""

    event: str
    state: CaseState
    at: Instant
    by: str
    reason: str
    text: str
    leaf: int


class CaseFileView(Answer):
    """A file the firm answered with; its content is got by its id."""

    id: Id
    file_name: str
    size: int
    digest: Digest


class CaseActionView(Answer):
    """One thing the firm was asked for."""

    id: Id
    kind: ActionKind
    item: str
    words: str
    state: ActionState
    due_on: str
    answer: str
    files: list[CaseFileView]


class CaseMessageView(Answer):
    """One message; ``side`` says whose."""

    id: Id
    side: Literal["enterprise", "institution"]
    text: str
    at: Instant


class CaseView(Answer):
    """One case: a need at this institution. Amounts in yuan as text. ``contact`` from the taking up on. ``steps``, ``actions`` and ``messages`` when read alone."""

    id: Id
    number: str
    need_number: str
    uscc: str
    enterprise_name: str
    product_name: str
    amount: str
    months: int
    purpose: str
    state: CaseState
    version: int
    dispatched_at: Instant
    since: Instant
    due_on: str | None
    late_days: int
    refusal: str
    refusal_words: str
    approved_amount: str | None
    approved_rate: str | None
    approved_months: int | None
    contact: str | None = None
    steps: list[CaseStepView] | None = None
    actions: list[CaseActionView] | None = None
    messages: list[CaseMessageView] | None = None


class CaseList(Answer):
    """A page, newest first; go on with ``next``."""

    items: list[CaseView]
    next: str | None


class CaseEventView(Answer):
    """One move of one case."""

    case: Id
    number: str
    event: str
    state: CaseState
    at: Instant
    leaf: int


class CaseEvents(Answer):
    """A page in the order of the log; go on after ``next``."""

    items: list[CaseEventView]
    next: int
