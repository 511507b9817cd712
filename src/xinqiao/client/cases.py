"""Cases of financing: results, and the operations written once as steps."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import AwareDatetime

from xinqiao.client.operations import Operations, segment
from xinqiao.client.results import Operator, Result
from xinqiao.client.steps import Steps
from xinqiao.domain.canonical import Json

type Event = Literal["accept", "decline", "investigate", "ask", "approve", "reject", "lapse", "contract"]


class CaseStep(Result):
    """One move, and the leaf that proves it."""

    event: str
    state: str
    at: AwareDatetime
    by: str
    reason: str
    text: str
    leaf: int


class CaseFile(Result):
    """A file the firm answered with."""

    id: str
    file_name: str
    size: int
    digest: str


class CaseAction(Result):
    """One thing the firm was asked for."""

    id: str
    kind: str
    item: str
    words: str
    state: str
    due_on: date
    answer: str
    files: list[CaseFile]


class CaseMessage(Result):
    """One message; ``side`` says whose."""

    id: str
    side: Literal["enterprise", "institution"]
    text: str
    at: AwareDatetime


class Case(Result):
    """A need at this institution. Amounts in yuan; ``steps``, ``actions``, ``messages`` and ``contact`` when read alone."""

    id: str
    number: str
    need_number: str
    uscc: str
    enterprise_name: str
    product_name: str
    amount: Decimal
    months: int
    purpose: str
    state: str
    version: int
    dispatched_at: AwareDatetime
    since: AwareDatetime
    due_on: date | None
    late_days: int
    refusal: str
    refusal_words: str
    approved_amount: Decimal | None
    approved_rate: Decimal | None
    approved_months: int | None
    contact: str | None = None
    steps: list[CaseStep] | None = None
    actions: list[CaseAction] | None = None
    messages: list[CaseMessage] | None = None


class CasePage(Result):
    """A page, newest first."""

    items: list[Case]
    next: str | None


class CaseEvent(Result):
    """One move of one case."""

    case: str
    number: str
    event: str
    state: str
    at: AwareDatetime
    leaf: int


class CaseEvents(Result):
    """A page in the order of the log; go on after ``next``."""

    items: list[CaseEvent]
    next: int


class CaseOperations:
    """What ``client.cases`` does, as steps."""

    def __init__(self, operations: Operations) -> None:
        self._over = operations

    def page(self, show: str, after: str | None, limit: int) -> Steps[CasePage]:
        """A page of cases."""
        return (yield from self._over.fetch(CasePage, "/api/v1/cases", show=show, after=after, limit=limit))

    def one(self, case_id: str) -> Steps[Case]:
        """One case."""
        return (yield from self._over.fetch(Case, f"/api/v1/cases/{segment(case_id)}"))

    def events(self, after: int, limit: int) -> Steps[CaseEvents]:
        """Moves of all cases."""
        return (yield from self._over.fetch(CaseEvents, "/api/v1/case-events", after=after, limit=limit))

    def fire(
        self, case: Case, event: Event, operator: Operator, given: Mapping[str, Json], key: str | None
    ) -> Steps[Case]:
        """Do something with a case."""
        body: dict[str, Json] = {
            "event": event,
            "version": case.version,
            "operator": {"name": operator.name, "department": operator.department},
            **given,
        }
        return (yield from self._over.write(Case, f"/api/v1/cases/{segment(case.id)}", body, key))

    def say(self, case_id: str, text: str, operator: Operator, key: str | None) -> Steps[CaseMessage]:
        """Write to the firm."""
        body: dict[str, Json] = {
            "text": text,
            "operator": {"name": operator.name, "department": operator.department},
        }
        path = f"/api/v1/case-messages/{segment(case_id)}"
        return (yield from self._over.write(CaseMessage, path, body, key))


def refusal(reason: str, words: str) -> dict[str, Json]:
    """The members of a refusal."""
    return {"reason": reason, "words": words}


def offer(amount: Decimal, rate: Decimal, months: int, words: str) -> dict[str, Json]:
    """The members of an approval: yuan, the yearly rate, months."""
    return {"amount": f"{amount:.2f}", "rate": f"{rate.normalize():f}", "months": months, "words": words}


def asked(asks: Sequence[tuple[str, str, str]]) -> dict[str, Json]:
    """The members of a supplement: kind, words, item (empty but for ``authorise``)."""
    return {"asks": [{"kind": kind, "words": words, "item": item} for kind, words, item in asks]}
