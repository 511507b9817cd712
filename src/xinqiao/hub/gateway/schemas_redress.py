"""Coordination tickets, objections and applications for repair at the interface: what sources read and answer, and what
the platform's desk reads.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xinqiao.domain.coordination import TicketKind, TicketState
from xinqiao.domain.objection import RecordObjectionState
from xinqiao.domain.repair import RepairState
from xinqiao.hub.gateway.schemas import Answer, Digest, Id, Instant, Request
from xinqiao.hub.gateway.schemas_collection import Day

type Words = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=500)]
type Version = Annotated[int, Field(strict=True, ge=1, le=10**9)]
type Limit = Annotated[int, Field(ge=1, le=200)]


class Decision(Request):
    """What every answer says: the steward who decided (a user name of this source), and the version he saw."""

    steward: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=150)]
    version: Version


class TicketParams(Request):
    """Which tickets: the live ones, only the escalated ones, or the ended ones."""

    show: Literal["live", "escalated", "ended"] = "live"
    limit: Limit = 100


class TicketAnswer(Decision):
    """The day by which it will be right, within the promise the rules allow; another answer replaces it."""

    promised_on: Day
    text: Annotated[str, StringConstraints(strict=True, max_length=500)] = ""


class StepView(Answer):
    """One thing that happened, and the leaf in the log that says so."""

    event: str
    at: Instant
    by: str
    text: str
    leaf: int


class TicketView(Answer):
    """One coordination ticket. ``source``: the code of the unit it is for. ``by_rule``: a due day passed; otherwise the platform's desk asked. ``steps``: when read alone."""

    id: Id
    number: str
    source: str
    kind: TicketKind
    item: str
    text: str
    due_on: str | None
    opened_at: Instant
    by_rule: bool
    answer_by: str
    state: TicketState
    version: int
    promised_on: str | None
    escalations: int
    ended_at: Instant | None
    batch: str | None
    steps: list[StepView] | None = None


class TicketList(Answer):
    """Those that wait longest first; the ended ones newest first."""

    items: list[TicketView]


class MatterParams(Request):
    """Which objections or applications: those that are open, those that are late, or all."""

    show: Literal["open", "late", "all"] = "open"
    limit: Limit = 100


class EvidenceView(Answer):
    """A file the firm attached."""

    id: Id
    file_name: str
    size: int
    digest: Digest


class MatterView(Answer):
    """What objections and applications have in common. ``due_on``: the day by which somebody must act, if anybody.

    ``enterprise_name``, ``uscc``: whose record it is; ``source``: the code of the unit that sent it. ``record``: what it is known by. ``steps`` and ``evidence`` are
    there when one is read alone.
    """

    id: Id
    number: str
    enterprise_name: str
    uscc: str
    source: str
    item: str
    record: str
    label: str
    begun_at: Instant
    closed_at: Instant | None
    due_on: str | None
    late_days: int
    version: int
    answer: str
    steps: list[StepView] | None = None
    evidence: list[EvidenceView] | None = None


class ObjectionView(MatterView):
    """One objection. ``field``: empty when it is against the whole record."""

    state: RecordObjectionState
    field: str
    kind: str
    reason: str


class ObjectionList(Answer):
    """What is due first stands first."""

    items: list[ObjectionView]


class ObjectionAnswer(Decision):
    """``corrected``: a later batch has put it right, or the record was taken back; ``upheld``: it is right as it is."""

    outcome: Literal["corrected", "upheld"]
    answer: Words


class RepairView(MatterView):
    """One application for repair. ``extended``: the days for the decision were lengthened, once."""

    state: RepairState
    gravity: str
    determined_on: str
    explanation: str
    extended: bool


class RepairList(Answer):
    """What is due first stands first."""

    items: list[RepairView]


class RepairDecision(Decision):
    """One step of the unit that determined the record. ``text``: needed for all but ``accept``."""

    act: Literal["accept", "return", "extend", "grant", "refuse", "revoke"]
    text: Annotated[str, StringConstraints(strict=True, max_length=500)] = ""
