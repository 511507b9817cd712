"""A data source at the platform: send files of records, follow them, fetch what was refused.

A file up to the platform's piece size is sent whole, a larger one in pieces that go on where they stopped. The same
file sent again is the same batch, so everything here may be repeated.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx

from xinqiao.client.believed import Anchor
from xinqiao.client.exchange import Ask
from xinqiao.client.results import Result
from xinqiao.client.steps import Steps
from xinqiao.client.supply_matters import (
    Decided,
    MattersShown,
    Outcome,
    RepairAct,
    SupplyMatters,
    SupplyObjection,
    SupplyRepair,
    SupplyTicket,
    TicketsShown,
)
from xinqiao.client.sync import Carrier
from xinqiao.clock import Clock, SystemClock
from xinqiao.domain.canonical import canonical_bytes
from xinqiao.domain.collection import UNFINISHED, BatchState
from xinqiao.domain.errors import Code, Conflict, Invalid, Unavailable
from xinqiao.trust.keys import SigningKey

_BATCHES, _UPLOADS = "/api/v1/collection/batches", "/api/v1/collection/uploads"
#: Up to here a file is sent whole: comfortably under what the platform takes at once.
WHOLE_BYTES = 1024 * 1024
_STALLS = 5


class SupplyBatch(Result):
    """One batch. Counts are None until the file was judged; ``receipt`` holds what was found, by rule and field.

    ``superseding``: accepted rows that replaced an earlier value; counted a little later, None until then.
    """

    id: str
    number: str
    item: str
    file_name: str
    size: int
    digest: str
    state: BatchState
    received_at: datetime
    finished_at: datetime | None
    data_as_of: date | None
    rows: int | None
    accepted: int | None
    duplicate: int | None
    refused: int | None
    superseding: int | None = None
    code: str | None
    corrects: str | None
    repeated: bool = False
    receipt: dict[str, Any] | None = None

    @property
    def done(self) -> bool:
        """Whether the platform has judged it."""
        return self.state not in UNFINISHED


class BatchPage(Result):
    """A page of batches, newest first."""

    items: tuple[SupplyBatch, ...]
    next_cursor: str | None


class _Upload(Result):
    id: str
    received: int
    piece_bytes: int


class SupplyOperations(SupplyMatters):
    """The sources' operations as steps."""

    def send_whole(self, content: bytes, params: dict[str, str | int | None]) -> Steps[SupplyBatch]:
        """Send a file in one request."""
        ask = Ask(
            "POST", _BATCHES, params=params, body=content, media_type="application/octet-stream", again=True
        )
        got = yield from self.ask(ask)
        return self.read(SupplyBatch, got)

    def begin(self, body: dict[str, str | int | None]) -> Steps[_Upload]:
        """Announce a file, or find how far it came."""
        given = {name: value for name, value in body.items() if value is not None}
        got = yield from self.ask(Ask("POST", _UPLOADS, body=canonical_bytes({**given}), again=True))
        return self.read(_Upload, got)

    def piece(self, upload: str, offset: int, content: bytes) -> Steps[_Upload]:
        """Send a piece. Not repeated by itself: after a broken line only the platform knows whether it came."""
        ask = Ask(
            "PUT", f"{_UPLOADS}/{upload}", params={"offset": offset}, body=content, media_type="application/octet-stream"
        )  # fmt: skip
        got = yield from self.ask(ask)
        return self.read(_Upload, got)

    def finish(self, upload: str) -> Steps[SupplyBatch]:
        """Submit what has come."""
        got = yield from self.ask(Ask("POST", f"{_UPLOADS}/{upload}"))
        return self.read(SupplyBatch, got)

    def batch(self, batch_id: str) -> Steps[SupplyBatch]:
        """One batch."""
        got = yield from self.ask(Ask("GET", f"{_BATCHES}/{batch_id}"))
        return self.read(SupplyBatch, got)

    def batches(self, item: str | None, cursor: str | None, limit: int) -> Steps[BatchPage]:
        """A page of the list."""
        params: dict[str, str | int | None] = {"item": item, "cursor": cursor, "limit": limit}
        got = yield from self.ask(Ask("GET", _BATCHES, params=params))
        return self.read(BatchPage, got)

    def refused_rows(self, batch_id: str) -> Steps[bytes]:
        """The file to correct."""
        got = yield from self.ask(Ask("GET", f"/api/v1/collection/refused-rows/{batch_id}"))
        return got.body


class SourceClient(Carrier):
    """A data source's system. One per process; threads may share it.

    Every method raises the classes of :mod:`xinqiao.domain.errors`; ``problem_of`` tells what the platform said.
    """

    def __init__(
        self,
        base_url: str,
        source_id: str,
        key: SigningKey,
        *,
        anchor: Anchor,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: float = 60.0,
        language: Callable[[], str] = lambda: "zh-CN",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make a client; nothing is sent yet. ``source_id`` is ``src-…``; the rest as for :class:`~.sync.Client`."""
        super().__init__(transport=transport, timeout=timeout, sleep=sleep)
        self.operations = SupplyOperations(
            base_url, source_id, key, anchor=anchor, clock=clock or SystemClock(), language=language
        )

    def send(
        self,
        path: Path,
        item: str,
        *,
        data_as_of: date | None = None,
        corrects: str | None = None,
        progress: Callable[[int, int], None] = lambda done, size: None,
    ) -> SupplyBatch:
        """Send a file of one item: CSV, XLSX, JSONL, Parquet, or a ZIP of one of these.

        Args:
            data_as_of: the day the facts are true for, when the rows do not say it.
            corrects: the batch whose refused rows these are.
            progress: told bytes sent and bytes in all.

        Raises:
            Invalid: the file is empty or not there. Forbidden: ``ITEM_NOT_SUPPLIED``. TooMany: ``QUEUE_FULL``.
        """
        if not path.is_file():
            raise Invalid(Code.INVALID, f"{path} is no file", facts={"field": "file"})
        size, day = path.stat().st_size, data_as_of.isoformat() if data_as_of else None
        common: dict[str, str | int | None] = {
            "item": item, "file_name": path.name, "data_as_of": day, "corrects": corrects,
        }  # fmt: skip
        if size <= WHOLE_BYTES:
            sent = self.run(self.operations.send_whole(path.read_bytes(), common))
            progress(size, size)
            return sent
        return self._in_pieces(path, size, common, progress)

    def _in_pieces(
        self, path: Path, size: int, common: dict[str, str | int | None], progress: Callable[[int, int], None]
    ) -> SupplyBatch:
        body = {**common, "size": size, "key": _key(path, size)}
        upload, stalls = self.run(self.operations.begin(body)), 0
        with path.open("rb") as file:
            while upload.received < size:
                progress(upload.received, size)
                file.seek(upload.received)
                content = file.read(min(upload.piece_bytes, size - upload.received))
                try:
                    upload, stalls = self.run(self.operations.piece(upload.id, upload.received, content)), 0
                except (Unavailable, Conflict) as error:
                    # the line broke, or an earlier try arrived after all: ask where to go on
                    stalls += 1
                    if stalls > _STALLS or error.code not in (Code.HUB_UNREACHABLE, Code.CONFLICT_STATE):
                        raise
                    self._sleep(0.2 * 2**stalls)
                    upload = self.run(self.operations.begin(body))
        progress(size, size)
        return self.run(self.operations.finish(upload.id))

    def batch(self, batch_id: str) -> SupplyBatch:
        """One batch with its receipt. Raises NotFound, also for another source's."""
        return self.run(self.operations.batch(batch_id))

    def wait(self, batch_id: str, *, seconds: float = 600.0, every: float = 1.0) -> SupplyBatch:
        """Follow a batch until it was judged, or as long as ``seconds``: then the batch as it stands."""
        found, waited = self.batch(batch_id), 0.0
        while not found.done and waited < seconds:
            self._sleep(every)
            waited += every
            found = self.batch(batch_id)
        return found

    def batches(self, *, item: str | None = None) -> Iterator[SupplyBatch]:
        """The source's batches, newest first, page after page as they are wanted."""
        cursor: str | None = None
        while True:
            page = self.run(self.operations.batches(item, cursor, 50))
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def refused_rows(self, batch_id: str) -> bytes:
        """The refused rows as CSV with what is wrong, to correct and send again with ``corrects``."""
        return self.run(self.operations.refused_rows(batch_id))

    # -- what is answered in the name of a steward: NotFound for absent and foreign alike; Forbidden: no steward of this
    # source; Conflict: ``ILLEGAL_MOVE`` and others; Stale: it changed since ``decided.version`` was seen

    def tickets(self, *, show: TicketsShown = "live", limit: int = 100) -> tuple[SupplyTicket, ...]:
        """Coordination tickets of this source, those that wait longest first."""
        return self.run(self.operations.tickets(show, limit))

    def ticket(self, ticket_id: str) -> SupplyTicket:
        """One ticket with its steps."""
        return self.run(self.operations.ticket(ticket_id))

    def answer_ticket(
        self,
        ticket_id: str,
        decided: Decided,
        *,
        promised_on: date,
        text: str = "",
        idempotency_key: str | None = None,
    ) -> SupplyTicket:
        """Promise the day by which it will be right. Raises Invalid for a day the rules do not allow."""
        return self.run(self.operations.answer_ticket(ticket_id, decided, promised_on, text, idempotency_key))

    def objections(self, *, show: MattersShown = "open", limit: int = 100) -> tuple[SupplyObjection, ...]:
        """Objections passed on to this source, what is due first first."""
        return self.run(self.operations.objections(show, limit))

    def objection(self, objection_id: str) -> SupplyObjection:
        """One objection with its steps and the names of the files attached."""
        return self.run(self.operations.objection(objection_id))

    def answer_objection(
        self,
        objection_id: str,
        decided: Decided,
        *,
        outcome: Outcome,
        answer: str,
        idempotency_key: str | None = None,
    ) -> SupplyObjection:
        """Corrected, after the batch that corrects it was sent (Conflict ``NOT_CORRECTED``), or right as it is."""
        return self.run(
            self.operations.answer_objection(objection_id, decided, outcome, answer, idempotency_key)
        )

    def repairs(self, *, show: MattersShown = "open", limit: int = 100) -> tuple[SupplyRepair, ...]:
        """Applications for repair of what this source determined, the oldest first."""
        return self.run(self.operations.repairs(show, limit))

    def repair(self, repair_id: str) -> SupplyRepair:
        """One application with its steps and the names of the files attached."""
        return self.run(self.operations.repair(repair_id))

    def evidence(self, evidence_id: str) -> bytes:
        """The content of a file attached to what this client may read: PDF, PNG or JPEG. Raises NotFound."""
        return self.run(self.operations.content("/api/v1/redress/evidence", evidence_id))

    def decide_repair(
        self,
        repair_id: str,
        decided: Decided,
        *,
        act: RepairAct,
        text: str = "",
        idempotency_key: str | None = None,
    ) -> SupplyRepair:
        """Accept, return, extend, grant, refuse or revoke; ``text`` is needed for all but ``accept``."""
        return self.run(self.operations.decide_repair(repair_id, decided, act, text, idempotency_key))


def _key(path: Path, size: int) -> str:
    """What this very file is known by until it is whole: its content's digest, so a changed file begins anew."""
    with path.open("rb") as file:
        return f"{size:x}-{hashlib.file_digest(file, 'sha256').hexdigest()[:40]}"
