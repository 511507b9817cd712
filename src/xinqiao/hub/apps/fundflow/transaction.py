"""How work on the log is done: jobs that decide, yield their leaves, and finish, several to one transaction.

A job is a generator. It first reads, decides and makes its conditional updates, then yields the leaves it wants, gets
back where they stand, and writes the rows that name them. So a whole batch takes the log head once, after all
authorisations it touches, which is the lock order of the hub (authorisations by id, accounts, log head last).
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from django.db import connection, transaction

from xinqiao.clock import Clock
from xinqiao.hub.apps.audit.services import Entry, LeafRef, LogWriter, audit_health, log_writer
from xinqiao.hub.apps.fundflow.sql import Dialect
from xinqiao.hub.dbapi import Cursor, Value, insert_rows, vendor_of

type Step[R] = Generator[list[Entry], list[LeafRef], R]


@dataclass(frozen=True, slots=True)
class Tx:
    """An open transaction in which every authorisation of the batch is locked.

    ``at`` was read after the locks were taken, so no withdrawal acknowledged before it is unseen. ``audit_failing``:
    the log has no recent checkpoint, nothing may be released (invariant I13).
    """

    cursor: Cursor
    dialect: Dialect
    at: datetime
    audit_failing: bool
    _later: dict[str, list[Sequence[Value]]] = field(default_factory=dict)
    _shared: dict[type[object], object] = field(default_factory=dict)

    def shared[S](self, kind: type[S]) -> S:
        """What jobs of one kind read together."""
        found = self._shared[kind]
        assert isinstance(found, kind)
        return found

    def share(self, found: object) -> None:
        """Keep what jobs of one kind read together, for :meth:`shared`."""
        self._shared[type(found)] = found

    def later(self, insert: str, row: Sequence[Value]) -> None:
        """Insert a row at the end of the transaction, together with those of other jobs: each statement on its own hands
        the interpreter's lock to another thread and back. ``insert`` ends before ``VALUES``; nobody may need the row sooner.
        """
        self._later.setdefault(insert, []).append(row)

    def settle(self) -> None:
        """Insert what was put off."""
        for insert, rows in self._later.items():
            insert_rows(self.cursor, insert, rows, self.dialect.markers)
        self._later.clear()


class Job[R](Protocol):
    """One piece of work; it may be run again from the start when its batch was rolled back."""

    @property
    def locks(self) -> tuple[str, ...]:
        """The authorisations it decides about."""
        ...

    def run(self, tx: Tx) -> Step[R]:
        """Decide, yield leaves (perhaps none), finish. An exception rolls the whole batch back."""
        ...


class Shared(Protocol):
    """What jobs of one kind read together and still have to write."""

    def write(self, tx: Tx) -> None:
        """Write it: every job of the kind has decided, no other has begun."""
        ...


def _in_turn[R](tx: Tx, jobs: Sequence[Job[R]]) -> Iterator[int]:
    """The places of the jobs in the order in which they decide. All came at once, so any order is a right one.

    Jobs whose class has ``gather(tx, jobs)`` read together what it returns (:class:`Shared`), and decide before the rest.
    """
    kinds: dict[type[object], list[int]] = {}
    for place, job in enumerate(jobs):
        kinds.setdefault(type(job), []).append(place)
    alone: list[int] = []
    for kind, places in kinds.items():
        gather: Callable[[Tx, Sequence[Job[R]]], Shared] | None = getattr(kind, "gather", None)
        if gather is None:
            alone += places
            continue
        shared = gather(tx, [jobs[place] for place in places])
        tx.share(shared)
        yield from places
        shared.write(tx)
    yield from sorted(alone)


def run_jobs[R](tx: Tx, log: LogWriter, jobs: Sequence[Job[R]]) -> list[R]:
    """Run the jobs in the open transaction and return their results in their order. Locks are already held."""
    waiting: list[tuple[int, Step[R], int]] = []
    results: dict[int, R] = {}
    entries: list[Entry] = []
    for place in _in_turn(tx, jobs):
        step = jobs[place].run(tx)
        try:
            wanted = next(step)
        except StopIteration as end:
            results[place] = end.value
            continue
        waiting.append((place, step, len(wanted)))
        entries += wanted
    refs = log.append(tx.cursor, entries) if entries else []
    done = 0
    for place, step, count in waiting:
        try:
            step.send(refs[done : done + count])
        except StopIteration as end:
            results[place] = end.value
        else:
            raise RuntimeError("a job yields its leaves once")
        done += count
    tx.settle()
    return [results[place] for place in range(len(jobs))]


def run_now[R](job: Job[R], *, clock: Clock) -> R:
    """Run one job in a transaction of its own on Django's connection: the way of the portals."""
    vendor = vendor_of(connection)
    dialect, log = Dialect(vendor), log_writer(vendor)
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        dialect.lock(cursor, job.locks)
        at = clock.now()
        tx = Tx(cursor, dialect, at, audit_health(at).failing)
        return run_jobs(tx, log, [job])[0]
