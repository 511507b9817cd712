"""The platform's own systems at the platform: what its desk reads and does about tickets, objections and repair.

Every writing names the operator of the platform who decided (:class:`Handled`); a system decides nothing by itself.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
from pydantic import AwareDatetime

from xinqiao.client.believed import Anchor
from xinqiao.client.exchange import Ask
from xinqiao.client.results import Result
from xinqiao.client.steps import Steps
from xinqiao.client.supply_matters import (
    MatterExchange,
    MattersShown,
    SupplyObjection,
    SupplyRepair,
    SupplyTicket,
    TicketsShown,
)
from xinqiao.client.sync import Carrier
from xinqiao.clock import Clock, SystemClock
from xinqiao.domain.canonical import Json
from xinqiao.domain.coordination import TicketKind
from xinqiao.trust.keys import SigningKey

_TICKETS, _OBJECTIONS, _REPAIRS = ("/api/v1/desk/tickets", "/api/v1/desk/objections", "/api/v1/desk/repairs")

_IMPORTS = "/api/v1/desk/repair-imports"

type ObjectionAct = Literal["forward", "decline", "leave_open"]
type IntakeAct = Literal["accept", "return"]


class RepairResults(Result):
    """A page of the signed list of what is published no more; ``results["next"]`` goes on."""

    results: dict[str, Any]
    signed: str


class ImportedRow(Result):
    """One row of another platform's results. ``state``: ``matched``, ``applied``, ``undone``, or ``listed`` with ``reason``."""

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
    withdraws: bool = False


class RepairImport(Result):
    """A file of another platform's results; ``repeated``: read before; ``results`` when it is read alone."""

    id: str
    number: str
    platform: str
    file_name: str
    digest: str
    read_at: AwareDatetime
    applied_at: AwareDatetime | None
    version: int
    rows: int
    matched: int
    applied: int
    listed: int
    repeated: bool
    results: tuple[ImportedRow, ...] | None = None


class _Imports(Result):
    items: tuple[RepairImport, ...]


@dataclass(frozen=True, slots=True)
class Handled:
    """Who decided (the log-in name of an operator of the platform), and the version he saw."""

    operator: str
    version: int

    def body(self, **more: Json) -> dict[str, Json]:
        """As it travels."""
        return {"operator": self.operator, "version": self.version, **more}


class DeskOperations(MatterExchange):
    """The desk's operations as steps."""

    def tickets(self, show: TicketsShown, source: str | None, limit: int) -> Steps[tuple[SupplyTicket, ...]]:
        """See :meth:`DeskClient.tickets`."""
        return (yield from self.listed(SupplyTicket, _TICKETS, show, limit, source=source))

    def ticket(self, ticket_id: str) -> Steps[SupplyTicket]:
        """One ticket."""
        return (yield from self.one(SupplyTicket, _TICKETS, ticket_id))

    def open_ticket(self, body: dict[str, Json], key: str | None) -> Steps[SupplyTicket]:
        """See :meth:`DeskClient.open_ticket`."""
        return (yield from self.write(SupplyTicket, _TICKETS, "", body, key))

    def close_ticket(
        self, ticket_id: str, handled: Handled, reason: str, key: str | None
    ) -> Steps[SupplyTicket]:
        """See :meth:`DeskClient.close_ticket`."""
        return (yield from self.write(SupplyTicket, _TICKETS, ticket_id, handled.body(reason=reason), key))

    def objections(self, show: MattersShown, limit: int) -> Steps[tuple[SupplyObjection, ...]]:
        """See :meth:`DeskClient.objections`."""
        return (yield from self.listed(SupplyObjection, _OBJECTIONS, show, limit))

    def objection(self, objection_id: str) -> Steps[SupplyObjection]:
        """One objection."""
        return (yield from self.one(SupplyObjection, _OBJECTIONS, objection_id))

    def handle_objection(
        self, objection_id: str, handled: Handled, act: ObjectionAct, text: str, key: str | None
    ) -> Steps[SupplyObjection]:
        """See :meth:`DeskClient.handle_objection`."""
        body = handled.body(act=act, text=text)
        return (yield from self.write(SupplyObjection, _OBJECTIONS, objection_id, body, key))

    def repairs(self, show: MattersShown, limit: int) -> Steps[tuple[SupplyRepair, ...]]:
        """See :meth:`DeskClient.repairs`."""
        return (yield from self.listed(SupplyRepair, _REPAIRS, show, limit))

    def repair(self, repair_id: str) -> Steps[SupplyRepair]:
        """One application."""
        return (yield from self.one(SupplyRepair, _REPAIRS, repair_id))

    def handle_repair(
        self, repair_id: str, handled: Handled, act: IntakeAct, text: str, key: str | None
    ) -> Steps[SupplyRepair]:
        """See :meth:`DeskClient.handle_repair`."""
        body = handled.body(act=act, text=text)
        return (yield from self.write(SupplyRepair, _REPAIRS, repair_id, body, key))

    def results(self, after: str | None, limit: int) -> Steps[RepairResults]:
        """See :meth:`DeskClient.results`."""
        ask = Ask("GET", "/api/v1/desk/repair-results", params={"after": after, "limit": limit})
        got = yield from self.ask(ask)
        return self.read(RepairResults, got)

    def read_import(
        self, content: bytes, file_name: str, platform: str, operator: str
    ) -> Steps[RepairImport]:
        """See :meth:`DeskClient.read_results`."""
        params = {"operator": operator, "platform": platform, "file_name": file_name}
        ask = Ask(
            "POST", _IMPORTS, params=params, body=content, media_type="application/octet-stream", again=True
        )
        got = yield from self.ask(ask)
        return self.read(RepairImport, got)

    def imports(self, limit: int) -> Steps[tuple[RepairImport, ...]]:
        """See :meth:`DeskClient.imports`."""
        got = yield from self.ask(Ask("GET", _IMPORTS, params={"limit": limit}))
        return self.read(_Imports, got).items

    def handle_import(
        self, import_id: str, handled: Handled, act: str, line: int | None, text: str, key: str | None
    ) -> Steps[RepairImport]:
        """Apply a file, or take a row of it back."""
        body = handled.body(act=act, line=line, text=text)
        return (yield from self.write(RepairImport, _IMPORTS, import_id, body, key))


class DeskClient(Carrier):
    """A system of the platform's desk. One per process; threads may share it.

    Every method raises the classes of :mod:`xinqiao.domain.errors`: NotFound; Forbidden: no operator of that name, or not
    of the desk; Stale: it changed since ``handled.version`` was seen; Conflict: ``ILLEGAL_MOVE`` and others.
    """

    def __init__(
        self,
        base_url: str,
        desk_id: str,
        key: SigningKey,
        *,
        anchor: Anchor,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: float = 60.0,
        language: Callable[[], str] = lambda: "zh-CN",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make a client; nothing is sent yet. ``desk_id`` is ``dsk-…``; the rest as for :class:`~.sync.Client`."""
        super().__init__(transport=transport, timeout=timeout, sleep=sleep)
        self.operations = DeskOperations(
            base_url, desk_id, key, anchor=anchor, clock=clock or SystemClock(), language=language
        )

    def tickets(
        self, *, show: TicketsShown = "live", source: str | None = None, limit: int = 100
    ) -> tuple[SupplyTicket, ...]:
        """Coordination tickets of all sources, or of the one with this code; those that wait longest first."""
        return self.run(self.operations.tickets(show, source, limit))

    def ticket(self, ticket_id: str) -> SupplyTicket:
        """One ticket with its steps."""
        return self.run(self.operations.ticket(ticket_id))

    def open_ticket(
        self, *, operator: str, source: str, item: str, kind: TicketKind, text: str,
        idempotency_key: str | None = None,
    ) -> SupplyTicket:  # fmt: skip
        """Ask a source, by its code, to put something right. Raises Conflict ``CONFLICT_DUPLICATE``: one is live."""
        body: dict[str, Json] = {
            "operator": operator, "source": source, "item": item, "kind": kind.value, "text": text,
        }  # fmt: skip
        return self.run(self.operations.open_ticket(body, idempotency_key))

    def close_ticket(
        self, ticket_id: str, handled: Handled, *, reason: str, idempotency_key: str | None = None
    ) -> SupplyTicket:
        """End a ticket with a reason."""
        return self.run(self.operations.close_ticket(ticket_id, handled, reason, idempotency_key))

    def objections(self, *, show: MattersShown = "open", limit: int = 100) -> tuple[SupplyObjection, ...]:
        """Objections of all firms, what is due first first."""
        return self.run(self.operations.objections(show, limit))

    def objection(self, objection_id: str) -> SupplyObjection:
        """One objection with its steps and the files attached."""
        return self.run(self.operations.objection(objection_id))

    def handle_objection(
        self, objection_id: str, handled: Handled, *, act: ObjectionAct, text: str = "",
        idempotency_key: str | None = None,
    ) -> SupplyObjection:  # fmt: skip
        """Pass it on, decline it, or leave it open; ``text`` is needed for the latter two."""
        return self.run(self.operations.handle_objection(objection_id, handled, act, text, idempotency_key))

    def repairs(self, *, show: MattersShown = "open", limit: int = 100) -> tuple[SupplyRepair, ...]:
        """Applications for repair of all firms, the oldest first."""
        return self.run(self.operations.repairs(show, limit))

    def repair(self, repair_id: str) -> SupplyRepair:
        """One application with its steps and the files attached."""
        return self.run(self.operations.repair(repair_id))

    def handle_repair(
        self, repair_id: str, handled: Handled, *, act: IntakeAct, text: str = "",
        idempotency_key: str | None = None,
    ) -> SupplyRepair:  # fmt: skip
        """Take an application in, or send it back with what is missing."""
        return self.run(self.operations.handle_repair(repair_id, handled, act, text, idempotency_key))

    def evidence(self, evidence_id: str) -> bytes:
        """The content of a file attached to what this client may read: PDF, PNG or JPEG. Raises NotFound."""
        return self.run(self.operations.content("/api/v1/desk/evidence", evidence_id))

    def results(self, *, after: str | None = None, limit: int = 500) -> RepairResults:
        """The signed list of what is published no more, from behind ``after``."""
        return self.run(self.operations.results(after, limit))

    def read_results(self, path: Path, *, platform: str, operator: str) -> RepairImport:
        """Hand in a file of another platform's repair results; nothing is applied yet. The same bytes are the same file."""
        steps = self.operations.read_import(path.read_bytes(), path.name, platform, operator)
        return self.run(steps)

    def imports(self, *, limit: int = 50) -> tuple[RepairImport, ...]:
        """The files read so far, newest first."""
        return self.run(self.operations.imports(limit))

    def repair_import(self, import_id: str) -> RepairImport:
        """One file, row by row."""
        return self.run(self.operations.one(RepairImport, _IMPORTS, import_id))

    def apply_results(
        self, import_id: str, handled: Handled, *, idempotency_key: str | None = None
    ) -> RepairImport:
        """Let the records that rows mean exactly leave the answers; the others stay listed with their reasons."""
        steps = self.operations.handle_import(import_id, handled, "apply", None, "", idempotency_key)
        return self.run(steps)

    def undo_result(
        self, import_id: str, handled: Handled, *, line: int, text: str, idempotency_key: str | None = None
    ) -> RepairImport:
        """Take one applied row back, with the reason."""
        steps = self.operations.handle_import(import_id, handled, "undo", line, text, idempotency_key)
        return self.run(steps)
