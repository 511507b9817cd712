"""The node's own database: nonces, permits, ownership checks, entrustments, ledger.

SQLite in WAL with ``synchronous=FULL``: a permit that was consumed stays consumed through kill -9 and power loss.
One writer thread serves all requests and commits in groups, so that requests that arrive together share one
fsync; two writing connections would wait for each other's lock instead. Decisions live in ``gate``, not here.
"""

import asyncio
import contextlib
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from xinqiao.domain.errors import Code, Unavailable, XinqiaoError

SCHEMA = """
CREATE TABLE IF NOT EXISTS nonce (
    keyid TEXT NOT NULL, nonce TEXT NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (keyid, nonce)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS nonce_until ON nonce (until);
CREATE TABLE IF NOT EXISTS permit (
    jti TEXT PRIMARY KEY, link TEXT NOT NULL, institution TEXT, product TEXT NOT NULL,
    months INTEGER NOT NULL, reader TEXT NOT NULL, consumed_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS item_permit (
    jti TEXT PRIMARY KEY, authorisation TEXT NOT NULL, institution TEXT NOT NULL, subject TEXT NOT NULL,
    item TEXT NOT NULL, guess TEXT NOT NULL, consumed_at INTEGER NOT NULL) WITHOUT ROWID;
-- the budgets of verifications ask for a day of one institution and of one subject's item
CREATE INDEX IF NOT EXISTS item_permit_institution ON item_permit (institution, consumed_at) WHERE guess <> '';
CREATE INDEX IF NOT EXISTS item_permit_subject ON item_permit (subject, item, consumed_at) WHERE guess <> '';
CREATE TABLE IF NOT EXISTS ownership (
    link TEXT PRIMARY KEY, uscc TEXT NOT NULL, name TEXT NOT NULL, account_no TEXT NOT NULL,
    account_kind TEXT NOT NULL, passed_at INTEGER NOT NULL) WITHOUT ROWID;
-- these two are on the way of every product: without them 20 000 customers cost 20 ms a query
CREATE INDEX IF NOT EXISTS ownership_uscc ON ownership (uscc);
CREATE TABLE IF NOT EXISTS entrustment (
    digest TEXT PRIMARY KEY, id TEXT NOT NULL, link TEXT NOT NULL, artefact TEXT NOT NULL,
    stored_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS entrustment_id ON entrustment (id);
CREATE INDEX IF NOT EXISTS entrustment_link ON entrustment (link);
CREATE TABLE IF NOT EXISTS termination (
    digest TEXT PRIMARY KEY, entrustment TEXT NOT NULL, artefact TEXT NOT NULL,
    effective_at INTEGER NOT NULL, stored_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS termination_entrustment ON termination (entrustment);
CREATE TABLE IF NOT EXISTS ledger (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, event TEXT NOT NULL, code TEXT NOT NULL,
    jti TEXT, link TEXT, institution TEXT, product TEXT, months INTEGER, report_no TEXT,
    bytes INTEGER NOT NULL DEFAULT 0, micros INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS ledger_at ON ledger (at);
CREATE INDEX IF NOT EXISTS ledger_event ON ledger (event, seq);
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS ledger_no_update BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS ledger_no_delete BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS permit_no_update BEFORE UPDATE ON permit
    BEGIN SELECT RAISE(ABORT, 'a consumed permit stays consumed'); END;
CREATE TRIGGER IF NOT EXISTS permit_no_delete BEFORE DELETE ON permit
    BEGIN SELECT RAISE(ABORT, 'a consumed permit stays consumed'); END;
CREATE TRIGGER IF NOT EXISTS item_permit_no_update BEFORE UPDATE ON item_permit
    BEGIN SELECT RAISE(ABORT, 'a consumed permit stays consumed'); END;
CREATE TRIGGER IF NOT EXISTS item_permit_no_delete BEFORE DELETE ON item_permit
    BEGIN SELECT RAISE(ABORT, 'a consumed permit stays consumed'); END;
"""

#: Jobs that may share one commit: enough for every request in flight, small enough to bound the wait.
MAX_GROUP = 256
#: What nobody waits for (a line of the ledger after its answer) rides with the next commit, or is committed by itself
#: after this many seconds.
LINGER = 0.05
#: Every so many groups the nonces that have expired are forgotten.
SWEEP_EVERY = 512


def open_database(path: Path) -> sqlite3.Connection:
    """Open the node's database with the settings of reliability 5.2 and check that they took effect.

    Raises:
        Unavailable: ``AUDIT_UNAVAILABLE`` when SQLite did not accept a setting.
    """
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
    for name, value in (
        ("journal_mode", "WAL"),
        ("synchronous", "FULL"),
        ("foreign_keys", "ON"),
        ("trusted_schema", "OFF"),
        ("temp_store", "MEMORY"),
    ):
        connection.execute(f"PRAGMA {name}={value}").fetchall()
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    sync = connection.execute("PRAGMA synchronous").fetchone()[0]
    if (mode, sync) != ("wal", 2):
        raise Unavailable(Code.AUDIT_UNAVAILABLE, "the node's database is not durable")
    return connection


@dataclass(slots=True)
class _Job:
    """One unit of work for the writer: all of it happens, or none.

    Somebody waits for it in a thread (a future), on an event loop (one of its futures), or nobody.
    """

    work: Callable[[sqlite3.Connection], object]
    future: "Future[object] | asyncio.Future[object] | None" = None
    loop: asyncio.AbstractEventLoop | None = None

    def starts(self) -> bool:
        """False for who hung up before its turn; from here on an effect stands, whoever listens."""
        if isinstance(self.future, Future):
            return self.future.set_running_or_notify_cancel()
        return self.future is None or not self.future.cancelled()

    def tell(self, result: object, error: BaseException | None) -> None:
        """Answer who waits. On an event loop's own thread where it waits there."""
        future = self.future
        if future is None or (self.loop is not None and future.done()):
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


def _tell(outcomes: list[tuple[_Job, object, BaseException | None]]) -> None:
    """Hand results over, one wake-up for each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Job, object, BaseException | None]]] = {}
    for job, result, error in outcomes:
        if job.loop is None:
            job.tell(result, error)
        else:
            by_loop.setdefault(job.loop, []).append((job, result, error))
    for loop, mine in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_tell_here, mine)


def _tell_here(outcomes: list[tuple[_Job, object, BaseException | None]]) -> None:
    for job, result, error in outcomes:
        job.tell(result, error)


class Writer:
    """The one thread that writes; jobs that wait together are committed together."""

    def __init__(self, connection: sqlite3.Connection, now_seconds: Callable[[], int]) -> None:
        self._connection = connection
        self._now = now_seconds
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._groups = 0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="node-writer", daemon=True)
        self._thread.start()

    def submit[T](self, work: Callable[[sqlite3.Connection], T]) -> "Future[T]":
        """Queue ``work``; the future is done after the durable commit (or holds the error)."""
        future: Future[T] = Future()
        self._put(_Job(work, cast("Future[object]", future)))
        return future

    async def write[T](self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Like :meth:`submit`, awaited."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(_Job(work, cast("asyncio.Future[object]", future), loop))
        return await future

    def later(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Queue ``work`` nobody waits for: in order with the rest, but not worth a commit of its own."""
        self._put(_Job(work))

    def _put(self, job: _Job) -> None:
        if self._closed:
            raise _stopping()
        self._jobs.put(job)

    def close(self) -> None:
        """Finish what is queued and stop; a job that slipped in behind the end is told so instead of waiting for ever."""
        self._closed = True
        self._jobs.put(None)
        self._thread.join(10)
        left: list[tuple[_Job, object, BaseException | None]] = []
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is not None and job.starts():
                left.append((job, None, _stopping()))
        _tell(left)

    def _run(self) -> None:
        stop = False
        while not stop:
            group, stop = self._next_group()
            if group:
                self._commit(group)

    def _next_group(self) -> tuple[list[_Job], bool]:
        """What waits now, and whether it is the last. Jobs nobody waits for wait a little for one somebody does."""
        group: list[_Job] = []
        due: float | None = None
        while len(group) < MAX_GROUP:
            wait = None if due is None else due - time.monotonic()
            try:
                job = (
                    self._jobs.get_nowait()
                    if wait is not None and wait <= 0
                    else self._jobs.get(timeout=wait)
                )
            except queue.Empty:
                break
            if job is None:
                return group, True
            group.append(job)
            if job.future is not None:
                due = 0.0
            elif due is None:
                due = time.monotonic() + LINGER
        return group, False

    def _commit(self, waiting: list[_Job]) -> None:
        group = [job for job in waiting if job.starts()]
        if not group:
            return
        outcomes: list[tuple[_Job, object, BaseException | None]] = []
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in group:
                connection.execute("SAVEPOINT job")
                try:
                    outcomes.append((job, job.work(connection), None))
                except (XinqiaoError, sqlite3.IntegrityError) as error:
                    # one refused job must not undo its neighbours
                    connection.execute("ROLLBACK TO job")
                    outcomes.append((job, None, error))
                connection.execute("RELEASE job")
            self._groups += 1
            if self._groups % SWEEP_EVERY == 0:
                connection.execute("DELETE FROM nonce WHERE until < ?", (self._now(),))
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  the thread must outlive a full disk and fail every waiter
            if connection.in_transaction:
                connection.rollback()
            closed = Unavailable(Code.AUDIT_UNAVAILABLE, f"the node cannot record: {type(error).__name__}")
            outcomes = [(job, None, closed) for job in group]
        _tell(outcomes)


def _stopping() -> Unavailable:
    return Unavailable(Code.AUDIT_UNAVAILABLE, "the node is stopping")


class State:
    """The database and its writer; reads go through a second connection."""

    def __init__(self, path: Path, now_seconds: Callable[[], int]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # It holds account numbers of the bank's own customers. The mode is set before SQLite makes the -wal and -shm
        # files, which take theirs from it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
        connection = open_database(path)
        connection.executescript(SCHEMA)
        self.writer = Writer(connection, now_seconds)
        self._write_connection = connection
        self._read_connection = open_database(path)
        self._read_connection.execute("PRAGMA query_only=ON")
        self._read_lock = threading.Lock()

    def read(self, sql: str, parameters: tuple[str | int | None, ...] = ()) -> list[tuple[object, ...]]:
        """Rows of a query on the committed state."""
        with self._read_lock:
            return self._read_connection.execute(sql, parameters).fetchall()

    def close(self) -> None:
        """Stop the writer after its queue and close both connections."""
        self.writer.close()
        with self._read_lock:
            self._read_connection.close()
        self._write_connection.close()
