"""What a source answers besides files: coordination tickets, objections, applications for repair. Results and steps.

Nothing here is decided by a program: every answer names the steward of the source who decided (:class:`Decided`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import AwareDatetime

from xinqiao.client.exchange import Ask, Exchange
from xinqiao.client.operations import new_key, segment
from xinqiao.client.results import Result
from xinqiao.client.steps import Steps
from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.coordination import TicketKind, TicketState
from xinqiao.domain.objection import RecordObjectionState
from xinqiao.domain.repair import RepairState

_TICKETS, _OBJECTIONS, _REPAIRS = (
    "/api/v1/coordination/tickets", "/api/v1/redress/objections", "/api/v1/redress/repairs",
)  # fmt: skip

type TicketsShown = Literal["live", "escalated", "ended"]
type MattersShown = Literal["open", "late", "all"]
type Outcome = Literal["corrected", "upheld"]
type RepairAct = Literal["accept", "return", "extend", "grant", "refuse", "revoke"]


class SupplyStep(Result):
    """One thing that happened, and its leaf in the log."""

    event: str
    at: AwareDatetime
    by: str
    text: str
    leaf: int


class SupplyTicket(Result):
    """One coordination ticket; ``source`` is the code of the unit it is for, ``steps`` there when it was read alone."""

    id: str
    number: str
    source: str
    kind: TicketKind
    item: str
    text: str
    due_on: date | None
    opened_at: AwareDatetime
    by_rule: bool
    answer_by: date
    state: TicketState
    version: int
    promised_on: date | None
    escalations: int
    ended_at: AwareDatetime | None
    batch: str | None
    steps: tuple[SupplyStep, ...] | None = None


class AttachedFile(Result):
    """A file the firm attached; ``digest`` is the SHA-256 of its content."""

    id: str
    file_name: str
    size: int
    digest: str


class SupplyMatter(Result):
    """What objections and applications for repair have in common; ``steps``, ``evidence`` when read alone."""

    id: str
    number: str
    enterprise_name: str
    uscc: str
    source: str
    item: str
    record: str
    label: str
    begun_at: AwareDatetime
    closed_at: AwareDatetime | None
    due_on: date | None
    late_days: int
    version: int
    answer: str
    steps: tuple[SupplyStep, ...] | None = None
    evidence: tuple[AttachedFile, ...] | None = None


class SupplyObjection(SupplyMatter):
    """One objection; ``field`` is empty when it is against the whole record."""

    state: RecordObjectionState
    field: str
    kind: str
    reason: str


class SupplyRepair(SupplyMatter):
    """One application for repair."""

    state: RepairState
    gravity: str
    determined_on: date
    explanation: str
    extended: bool


class _Page[R: Result](Result):
    items: tuple[R, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """Who decided (the user name of a steward of the source), and the version of the matter he saw."""

    steward: str
    version: int

    def body(self, **more: Json) -> dict[str, Json]:
        """As it travels."""
        return {"steward": self.steward, "version": self.version, **more}


class MatterExchange(Exchange):
    """Lists, single ones and answers, which are alike for every family of matters and for everybody who handles them."""

    def listed[R: Result](
        self, shape: type[R], path: str, show: str, limit: int, **more: str | int | None
    ) -> Steps[tuple[R, ...]]:
        """A list."""
        got = yield from self.ask(Ask("GET", path, params={"show": show, "limit": limit, **more}))
        return self.read(_Page[shape], got).items  # type: ignore[valid-type]

    def one[R: Result](self, shape: type[R], path: str, matter_id: str) -> Steps[R]:
        """One of them, with its steps."""
        got = yield from self.ask(Ask("GET", f"{path}/{segment(matter_id)}"))
        return self.read(shape, got)

    def content(self, path: str, evidence_id: str) -> Steps[bytes]:
        """What is in a file the firm attached."""
        got = yield from self.ask(Ask("GET", f"{path}/{segment(evidence_id)}"))
        return got.body

    def write[R: Result](
        self, shape: type[R], path: str, matter_id: str, body: dict[str, Json], key: str | None
    ) -> Steps[R]:
        """An answer; without an id, a new one."""
        place = f"{path}/{segment(matter_id)}" if matter_id else path
        got = yield from self.ask(Ask("POST", place, body=canonical_bytes(body), key=key or new_key()))
        return self.read(shape, got)


class SupplyMatters(MatterExchange):
    """The operations as steps."""

    def tickets(self, show: TicketsShown, limit: int) -> Steps[tuple[SupplyTicket, ...]]:
        """See :meth:`~.supply.SourceClient.tickets`."""
        return (yield from self.listed(SupplyTicket, _TICKETS, show, limit))

    def ticket(self, ticket_id: str) -> Steps[SupplyTicket]:
        """One ticket."""
        return (yield from self.one(SupplyTicket, _TICKETS, ticket_id))

    def answer_ticket(
        self, ticket_id: str, decided: Decided, promised_on: date, text: str, key: str | None
    ) -> Steps[SupplyTicket]:
        """See :meth:`~.supply.SourceClient.answer_ticket`."""
        body = decided.body(promised_on=promised_on.isoformat(), text=text)
        return (yield from self.write(SupplyTicket, _TICKETS, ticket_id, body, key))

    def objections(self, show: MattersShown, limit: int) -> Steps[tuple[SupplyObjection, ...]]:
        """See :meth:`~.supply.SourceClient.objections`."""
        return (yield from self.listed(SupplyObjection, _OBJECTIONS, show, limit))

    def objection(self, objection_id: str) -> Steps[SupplyObjection]:
        """One objection."""
        return (yield from self.one(SupplyObjection, _OBJECTIONS, objection_id))

    def answer_objection(
        self, objection_id: str, decided: Decided, outcome: Outcome, answer: str, key: str | None
    ) -> Steps[SupplyObjection]:
        """See :meth:`~.supply.SourceClient.answer_objection`."""
        body = decided.body(outcome=outcome, answer=answer)
        return (yield from self.write(SupplyObjection, _OBJECTIONS, objection_id, body, key))

    def repairs(self, show: MattersShown, limit: int) -> Steps[tuple[SupplyRepair, ...]]:
        """See :meth:`~.supply.SourceClient.repairs`."""
        return (yield from self.listed(SupplyRepair, _REPAIRS, show, limit))

    def repair(self, repair_id: str) -> Steps[SupplyRepair]:
        """One application."""
        return (yield from self.one(SupplyRepair, _REPAIRS, repair_id))

    def decide_repair(
        self, repair_id: str, decided: Decided, act: RepairAct, text: str, key: str | None
    ) -> Steps[SupplyRepair]:
        """See :meth:`~.supply.SourceClient.decide_repair`."""
        body = decided.body(act=act, text=text)
        return (yield from self.write(SupplyRepair, _REPAIRS, repair_id, body, key))
