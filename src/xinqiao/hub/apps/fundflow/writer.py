"""The one thread of a process that writes releases: jobs that wait together are committed together.

Two writing connections would wait for each other's lock on SQLite (p99 of 170 ms against 4 ms were measured), and every
commit of its own pays an fsync. So one thread takes what has queued up, locks all authorisations of the batch in order,
then the log head, decides each job, and commits once; only after the commit does anybody hear of a result. Portals and
the worker write beside it through Django; the database's locks order them.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from xinqiao.clock import Clock
from xinqiao.domain.errors import Code, Unavailable
from xinqiao.hub.apps.audit.services import LogWriter, audit_health, log_writer
from xinqiao.hub.apps.fundflow.sql import Dialect
from xinqiao.hub.apps.fundflow.transaction import Job, Tx, run_jobs
from xinqiao.hub.dbapi import Cursor, native_markers, vendor_of
from xinqiao.wal import WalCopier

#: Enough for every request in flight, small enough to bound the wait of the first.
MAX_BATCH = 128
#: 32 MiB of write-ahead log before it is copied back.
WAL_PAGES = 8_192
#: KiB of pages in memory: random keys touch pages all over their indexes, and SQLite's own 2 MiB hold few of them.
CACHE_KIB = 32_768
#: How long others are waited for when the last transaction was not for one alone. Most of a small transaction is the same
#: as of a large one (statements, the commit, threads changing places): at half the load a query cost 1.5 ms of processor
#: time instead of 0.6, so half the load filled a processor. Who asks alone waits for nobody.
GATHER_SECONDS = 0.002
#: How often it is looked meanwhile whether enough have come: half as many as last time, so that one half of those who ask
#: without a pause is committed while the other is read and answered; eight at the least.
_LOOKS = 4
_ENOUGH = 8
#: The log's health moves by seconds; it is asked at most once in each.
HEALTH_EVERY = timedelta(seconds=1)


@dataclass(slots=True)
class _Waiting:
    job: Job[object]
    resolve: Callable[[object, BaseException | None], None]
    loop: asyncio.AbstractEventLoop | None


class ReleaseWriter:
    """Starts its thread at once; :meth:`close` finishes what is queued."""

    def __init__(self, clock: Clock, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._clock = clock
        self._pause = pause
        self._jobs: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._closed = False
        self._door = threading.Lock()
        self._health_at: datetime | None = None
        self._failing = False
        self._copier: WalCopier | None = None
        self.batches = 0
        self.jobs = 0
        self._thread = threading.Thread(target=self._run, name="release-writer", daemon=True)
        self._thread.start()

    def submit[R](self, job: Job[R]) -> "Future[R]":
        """Queue a job; the future is done after the durable commit, or holds the error."""
        future: Future[R] = Future()

        def resolve(result: object, error: BaseException | None) -> None:
            if not future.set_running_or_notify_cancel():  # nobody waits any more; the effect stands
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(cast(R, result))

        self._put(_Waiting(cast(Job[object], job), resolve, None))
        return future

    async def do[R](self, job: Job[R]) -> R:
        """Like :meth:`submit`, awaited."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()

        def resolve(result: object, error: BaseException | None) -> None:
            if future.done():  # the client went away; the effect stands and is in the log
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(cast(R, result))

        self._put(_Waiting(cast(Job[object], job), resolve, loop))
        return await future

    def _put(self, waiting: _Waiting) -> None:
        # Under the lock of :meth:`close`: a job that found the door open stands before the marker that ends the thread.
        with self._door:
            if self._closed:
                raise _stopping()
            self._jobs.put(waiting)

    def close(self) -> None:
        """Finish what is queued and stop; a job the thread did not come to is told so instead of waiting for ever."""
        with self._door:
            self._closed = True
            self._jobs.put(None)
        self._thread.join(15)
        left: list[_Waiting] = []
        while True:
            try:
                waiting = self._jobs.get_nowait()
            except queue.Empty:
                break
            if waiting is not None:
                left.append(waiting)
        if self._thread.is_alive():
            self._jobs.put(None)  # the marker may have been among what was taken
        _tell([(waiting, None, _stopping()) for waiting in left])

    def _run(self) -> None:
        wrapper = connections["default"]
        vendor = vendor_of(wrapper)
        markers = native_markers(vendor)
        dialect, log = Dialect(vendor, markers), log_writer(vendor, markers)
        stop, before = False, 0
        while not stop:
            first = self._jobs.get()
            if first is None:
                break
            self._wait_for_others(before)
            batch = [first]
            while len(batch) < MAX_BATCH:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    stop = True
                    break
                batch.append(more)
            before = len(batch)
            try:
                self._connect(wrapper)
            except Exception as error:  # noqa: BLE001  a database that is away must not end the thread
                _tell([(one, None, _cannot_record(error)) for one in batch])
                continue
            self._batch(wrapper, dialect, log, batch)
        if self._copier is not None:
            self._copier.close()
        wrapper.close()

    def _wait_for_others(self, before: int) -> None:
        """``before``: how many the last transaction was for."""
        for _ in range(_LOOKS if before > 1 else 0):
            if 1 + self._jobs.qsize() >= max(before // 2, _ENOUGH):
                return
            self._pause(GATHER_SECONDS / _LOOKS)

    def _connect(self, wrapper: BaseDatabaseWrapper) -> None:
        """Open this thread's connection, or a new one in place of a lost one (a database server that was restarted)."""
        if wrapper.connection is not None and not getattr(wrapper.connection, "closed", False):
            return
        wrapper.close()
        wrapper.connect()
        if wrapper.vendor == "sqlite":
            # the same hot pages (log head, indexes) are copied back once for many commits instead of at every few
            wrapper.connection.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
            wrapper.connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
            (_, _, path) = wrapper.connection.execute("PRAGMA database_list").fetchone()
            if path and self._copier is None:  # a database in memory has no file
                self._copier = WalCopier(path)

    def _batch(
        self,
        wrapper: BaseDatabaseWrapper,
        dialect: Dialect,
        log: LogWriter,
        batch: list[_Waiting],
        *,
        again: bool = True,
    ) -> None:
        try:
            results = self._transact(wrapper, dialect, log, [waiting.job for waiting in batch])
        except Exception as error:  # noqa: BLE001  whatever went wrong, nobody may be left waiting
            if len(batch) > 1:
                # one bad job must not take its neighbours along: each gets a transaction of its own
                for waiting in batch:
                    self._batch(wrapper, dialect, log, [waiting])
                return
            if again and isinstance(error, wrapper.Database.IntegrityError):  # type: ignore[attr-defined]
                # another process took the same key or nonce after it was found free; now it is seen
                self._batch(wrapper, dialect, log, batch, again=False)
                return
            _tell([(batch[0], None, _cannot_record(error))])
            return
        self.batches += 1
        self.jobs += len(batch)
        if self._copier is not None:
            self._copier.wrote()
        _tell([(waiting, result, None) for waiting, result in zip(batch, results, strict=True)])

    def _transact(
        self, wrapper: BaseDatabaseWrapper, dialect: Dialect, log: LogWriter, jobs: Sequence[Job[object]]
    ) -> list[object]:
        cursor = cast(Cursor, wrapper.connection.cursor())
        failing = self._audit_failing()
        cursor.execute("BEGIN IMMEDIATE" if dialect.vendor == "sqlite" else "BEGIN")
        try:
            dialect.lock(cursor, [name for job in jobs for name in job.locks])
            tx = Tx(cursor, dialect, self._clock.now(), failing)
            results = run_jobs(tx, log, jobs)
            cursor.execute("COMMIT")
        except BaseException:
            wrapper.connection.rollback()
            raise
        return results

    def _audit_failing(self) -> bool:
        now = self._clock.now()
        if self._health_at is None or not timedelta(0) <= now - self._health_at < HEALTH_EVERY:
            self._failing = audit_health(now).failing
            self._health_at = now
        return self._failing


def _stopping() -> Unavailable:
    return Unavailable(Code.AUDIT_UNAVAILABLE, "the platform is stopping", facts={"retry_after": 2})


def _cannot_record(error: BaseException) -> Unavailable:
    unavailable = Unavailable(
        Code.AUDIT_UNAVAILABLE, f"cannot record: {type(error).__name__}", facts={"retry_after": 2}
    )
    unavailable.__cause__ = error
    return unavailable


def _tell(outcomes: list[tuple[_Waiting, object, BaseException | None]]) -> None:
    """Hand the results over, one wake-up for each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Waiting, object, BaseException | None]]] = {}
    for waiting, result, error in outcomes:
        if waiting.loop is None:
            waiting.resolve(result, error)
        else:
            by_loop.setdefault(waiting.loop, []).append((waiting, result, error))
    for loop, mine in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve_all, mine)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def _resolve_all(outcomes: list[tuple[_Waiting, object, BaseException | None]]) -> None:
    for waiting, result, error in outcomes:
        waiting.resolve(result, error)
