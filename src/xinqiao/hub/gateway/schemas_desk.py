"""What the platform's own systems hand in for its desk, and what institutions read of records that changed."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from xinqiao.domain.coordination import TicketKind
from xinqiao.hub.gateway.schemas import Answer, Id, Instant, Request
from xinqiao.hub.gateway.schemas_redress import TicketParams, Version, Words

type Login = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=150)]
type Name = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)]
type Said = Annotated[str, StringConstraints(strict=True, max_length=500)]


class Handling(Request):
    """What everything the desk does says: the operator who decided (a log-in name), and the version he saw."""

    operator: Login
    version: Version


class DeskTicketParams(TicketParams):
    """Which tickets, and whose: ``source`` is the code of a unit."""

    source: Name | None = None


class TicketOpening(Request):
    """Ask a source (by its code) to put something right about an item it supplies."""

    operator: Login
    source: Name
    item: Name
    kind: TicketKind
    text: Words


class TicketClosing(Handling):
    """End a ticket, whether or not anything arrived."""

    reason: Words


class ObjectionHandling(Handling):
    """Pass it on, decline it, or leave it open when the source's time is over. ``text``: needed for the latter two."""

    act: Literal["forward", "decline", "leave_open"]
    text: Said = ""


class RepairHandling(Handling):
    """Take an application in, or send it back with what is missing; the unit that determined the record decides."""

    act: Literal["accept", "return"]
    text: Said = ""


class ResultsParams(Request):
    """Where to go on: the ``next`` of the list before; from the start without."""

    after: Id | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 500


class ResultsAnswer(Answer):
    """The list of what is published no more, as a document, and signed by the platform (a JWS over the same)."""

    results: dict[str, Any]
    signed: str


class ImportParams(Request):
    """A file of another platform's results: who hands it in, whose it is, what it is called."""

    operator: Login
    platform: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=80)]
    file_name: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=160)]


class ImportListParams(Request):
    """How many, newest first."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50


class ImportedRow(Answer):
    """One row. ``state``: it means a record and waits, was applied, was taken back, or is only listed, with ``reason``.

    ``withdraws``: it takes a result of an earlier file of the same platform back.
    """

    line: int
    uscc: str
    document: str
    decision: str
    decided_on: str
    state: Literal["matched", "applied", "undone", "listed"]
    reason: str
    item: str
    record: str
    label: str
    withdraws: bool


class ImportView(Answer):
    """A file by its digest. ``repeated``: it had been read before. ``results``: when it is read alone."""

    id: Id
    number: str
    platform: str
    file_name: str
    digest: str
    read_at: Instant
    applied_at: Instant | None
    version: int
    rows: int
    matched: int
    applied: int
    listed: int
    repeated: bool = False
    results: list[ImportedRow] | None = None


class ImportList(Answer):
    """Newest first."""

    items: list[ImportView]


class ImportHandling(Handling):
    """``apply``: every row that means one record exactly; ``undo``: take the row of ``line`` back, with the reason."""

    act: Literal["apply", "undo"]
    line: Annotated[int, Field(strict=True, ge=1, le=10**7)] | None = None
    text: Said = ""


class ChangeParams(Request):
    """Where to go on: the ``next`` of the page before; from the oldest without."""

    after: Id | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 100


class ChangeView(Answer):
    """A firm's item changed after the institution received it: read it anew. What the record said is not told.

    ``uscc`` is missing in what was told before it was kept.
    """

    id: Id
    kind: Literal["corrected", "repaired", "restored"]
    at: Instant
    enterprise_name: str
    uscc: str | None
    item: str
    number: str


class ChangeList(Answer):
    """Oldest first. ``next``: where to go on the next time; as given when nothing is new."""

    items: list[ChangeView]
    next: Id | None
