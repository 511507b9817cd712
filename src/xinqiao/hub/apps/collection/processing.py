"""The worker's part: take the next batch, let the pipeline judge it, write down how it ended.

A worker holds a batch by a lease that it renews while it lives. When it dies the lease ends, and whoever comes next
runs the batch again from its file; the pipeline finds in the lake what was committed already.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from xinqiao.clock import Clock
from xinqiao.domain.collection import BATCH, BatchEvent, BatchState
from xinqiao.domain.errors import Code, Stale, XinqiaoError
from xinqiao.domain.machine import Role
from xinqiao.hub.actors import SystemActor
from xinqiao.hub.apps.audit.services import LeafRef
from xinqiao.hub.apps.collection import files
from xinqiao.hub.apps.collection.engine import Engine, Job, Outcome
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.collection.pipeline import the_engine
from xinqiao.hub.apps.collection.rights import batch_leaf, locked_batch, move
from xinqiao.hub.apps.collection.usage import SETTLED
from xinqiao.hub.apps.notices.services import announce, notify

log = logging.getLogger("xinqiao.collection")

LEASE = timedelta(seconds=60)
_LOOK_SECONDS, _BEAT_SECONDS = 0.5, 15.0
#: A batch that ended its program so often is not tried again by itself.
MAX_ATTEMPTS = 5
_DUE = [state.value for state in (BatchState.RECEIVED, BatchState.CHECKING, BatchState.WITHDRAWING)]
_SYSTEM = SystemActor("collection")


def claim_batch(*, at: datetime) -> Batch | None:
    """Take the next batch that waits, or whose worker died; ``None`` when none does. Two workers never hold one."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=at)
    due = Batch.objects.filter(free, state__in=_DUE).select_related("source").order_by("seq")
    for row in due[:20]:
        columns: dict[str, object] = {"lease_until": at + LEASE, "attempts": row.attempts + 1}
        state = BatchState(row.state)
        if state is not BatchState.WITHDRAWING:
            columns["state"] = BATCH.fire(state, BatchEvent.CHECK, Role.HUB).value
            columns["started_at"] = at
            columns["progress"] = {}
        try:
            move(row, state, **columns)
        except Stale:
            continue  # another worker was faster
        return row
    return None


def job_of(row: Batch) -> Job:
    """A batch as the pipeline takes it."""
    return Job(
        number=row.number,
        seq=row.seq,
        source=row.source.code,
        item=row.item,
        file=files.batch_file(row.id, row.file_name),
        folder=files.batch_folder(row.id),
        received_at=row.received_at,
        data_as_of=row.data_as_of,
        receipt=row.receipt,
    )


def process_next(*, clock: Clock, engine: Engine | None = None) -> bool:
    """Do what the next due batch needs, with the process's engine unless another is given; whether there was one."""
    row = claim_batch(at=clock.now())
    if row is None:
        return False
    if row.state == BatchState.WITHDRAWING:
        _withdraw(row, engine or the_engine(), clock)
    elif row.attempts > MAX_ATTEMPTS:
        _fail(row, clock.now(), Code.PROCESSING_FAILED)
    else:
        _collect(row, engine or the_engine(), clock)
    return True


def _collect(row: Batch, engine: Engine, clock: Clock) -> None:
    try:
        with _alive(row, clock) as watch:
            outcome = engine.collect(job_of(row), watch.tell)
    except XinqiaoError as error:
        if error.status < 500:
            _return(row, error, clock.now())
        else:
            _later(row, error.code, clock.now())
    except (OSError, MemoryError) as error:
        log.exception("batch %s: %s", row.number, type(error).__name__)
        _later(row, Code.STORAGE_UNAVAILABLE, clock.now())
    except Exception:
        log.exception("batch %s failed", row.number)
        _later(row, Code.PROCESSING_FAILED, clock.now())
    else:
        _accept(row, outcome, clock.now())


def _accept(row: Batch, outcome: Outcome, at: datetime) -> None:
    counts = {
        "rows_read": outcome.read,
        "rows_accepted": outcome.accepted,
        "rows_duplicate": outcome.duplicate,
        "rows_refused": outcome.refused,
    }
    with transaction.atomic(durable=True):
        held = _held(row)
        state = BATCH.fire(BatchState.CHECKING, outcome.event, Role.HUB)
        move(
            held, BatchState.CHECKING, state=state.value, finished_at=at, lease_until=None, progress={}, code="",
            code_facts={}, receipt=outcome.receipt, item_version=outcome.item_version,
            **counts,
        )  # fmt: skip
        leaf = batch_leaf("batch_checked", held, at, {"state": state.value, "digest": held.digest, **counts})
        _close(held, leaf, at)


def _return(row: Batch, error: XinqiaoError, at: datetime) -> None:
    """The file itself cannot be taken: it goes back whole, with the reason."""
    with transaction.atomic(durable=True):
        held = _held(row)
        state = BATCH.fire(BatchState.CHECKING, BatchEvent.RETURN, Role.HUB)
        move(
            held, BatchState.CHECKING, state=state.value, finished_at=at, lease_until=None, progress={},
            code=error.code.value, code_facts=dict(error.facts),
        )  # fmt: skip
        leaf = batch_leaf("batch_returned", held, at, {"code": held.code, "digest": held.digest})
        _close(held, leaf, at)


def _later(row: Batch, code: Code, at: datetime) -> None:
    """Not the file's fault: try again, later each time, and wait for a person in the end."""
    if row.attempts >= MAX_ATTEMPTS:
        _fail(row, at, code)
        return
    pause = timedelta(seconds=min(2 ** (row.attempts + 1), 300))
    Batch.objects.filter(id=row.id, state=BatchState.CHECKING.value, version=row.version).update(
        lease_until=at + pause, code=code.value
    )


def _fail(row: Batch, at: datetime, code: Code) -> None:
    with transaction.atomic(durable=True):
        held = _held(row)
        state = BATCH.fire(BatchState.CHECKING, BatchEvent.FAIL, Role.HUB)
        move(
            held, BatchState.CHECKING, state=state.value, finished_at=at, lease_until=None, progress={},
            code=code.value,
        )  # fmt: skip
        leaf = batch_leaf("batch_failed", held, at, {"code": held.code})
        _close(held, leaf, at)


def _withdraw(row: Batch, engine: Engine, clock: Clock) -> None:
    try:
        with _alive(row, clock):
            engine.withdraw(job_of(row))
    except Exception:
        # The lease ends and it is tried again, for as long as it takes: a withdrawal is never given up.
        log.exception("batch %s is not withdrawn yet", row.number)
        return
    at = clock.now()
    with transaction.atomic(durable=True):
        held = _held(row)
        state = BATCH.fire(BatchState.WITHDRAWING, BatchEvent.WITHDRAW, Role.HUB)
        move(held, BatchState.WITHDRAWING, state=state.value, lease_until=None)
        leaf = batch_leaf("batch_withdrawn", held, at, {"rows": held.rows_accepted or 0})
        _close(held, leaf, at)


def _held(row: Batch) -> Batch:
    """The batch under its lock, if it is still this worker's. Raises Stale when another one took it over."""
    held = locked_batch(_SYSTEM, row.id)
    if held.version != row.version:
        raise Stale("another worker has the batch")
    return held


def _close(row: Batch, leaf: LeafRef, at: datetime) -> None:
    row.finished_leaf = leaf.index
    row.save(update_fields=["finished_leaf"])
    announce(topic=SETTLED, key=f"{row.id} {row.version}", payload={"batch": row.id}, at=at)
    notify(
        audience=("source", row.source_id),
        kind=f"batch_{row.state}",
        facts={"number": row.number, "item": row.item, "refused": row.rows_refused or 0},
        link=f"/source/batches/{row.id}",
        at=at,
    )


class _Watch(threading.Thread):
    """Beside a running batch: renews its lease, and writes down how far it is for the page that shows it.

    The pipeline tells its progress from threads of its own; one connection, this thread's, does all the writing.
    """

    def __init__(self, row: Batch, clock: Clock) -> None:
        super().__init__(name=f"watch-{row.number}", daemon=True)
        self._row, self._clock = row, clock
        self._over = threading.Event()
        self._said: tuple[str, int, int] | None = None

    def tell(self, step: str, done: int, of: int) -> None:
        """Take note; cheap, and never fails the batch."""
        self._said = (step, done, of)

    def run(self) -> None:
        written, silent = None, 0.0
        try:
            while not self._over.wait(_LOOK_SECONDS):
                silent += _LOOK_SECONDS
                if self._said != written or silent >= _BEAT_SECONDS:
                    written, silent = self._said, 0.0
                    self.write(written)
        except Exception:  # the lease then ends by itself
            log.exception("batch %s: no beat", self._row.number)
        finally:
            connection.close()

    def write(self, said: tuple[str, int, int] | None) -> None:
        """Renew the lease, with the progress if there is any."""
        columns: dict[str, object] = {"lease_until": self._clock.now() + LEASE}
        if said is not None:
            columns["progress"] = dict(zip(("step", "done", "of"), said, strict=True))
        Batch.objects.filter(id=self._row.id, version=self._row.version).update(**columns)

    def stop(self) -> None:
        """End it, and wait until it has."""
        self._over.set()
        self.join()


@contextmanager
def _alive(row: Batch, clock: Clock) -> Iterator[_Watch]:
    """A watch for as long as the body runs."""
    watch = _Watch(row, clock)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()
