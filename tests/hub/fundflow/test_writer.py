"""The thread that writes releases outlives a database that is away, and nobody who waits for it is left waiting."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

import pytest
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from tests.hub.cast import Cast

from xinqiao.domain.errors import Code, Unavailable
from xinqiao.hub.apps.fundflow.transaction import Step, Tx
from xinqiao.hub.apps.fundflow.writer import GATHER_SECONDS, ReleaseWriter

#: Long enough for any machine; only a failing test waits for it.
PATIENCE = 20


@dataclass(frozen=True)
class Held:
    """A job that tells when it runs and goes on when it is let go."""

    running: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    locks: tuple[str, ...] = ()

    def run(self, tx: Tx) -> Step[str]:
        """Wait, write nothing."""
        self.running.set()
        assert self.go.wait(PATIENCE)
        yield from ()
        return "done"


@dataclass
class Overtaken:
    """A job whose key another process takes, so often."""

    times: int
    locks: tuple[str, ...] = ()

    def run(self, tx: Tx) -> Step[str]:
        """Break a constraint while it lasts."""
        self.times -= 1
        if self.times >= 0:
            raise connections["default"].Database.IntegrityError("UNIQUE constraint failed")
        yield from ()
        return "done"


def at_once() -> Held:
    """A job that waits for nothing."""
    job = Held()
    job.go.set()
    return job


@pytest.fixture
def writer(stage: Cast) -> Iterator[ReleaseWriter]:
    """A writer of the test's own."""
    made = ReleaseWriter(stage.clock)
    yield made
    made.close()
    connections.close_all()


def test_a_database_that_is_away_at_the_start_is_said_and_the_next_job_is_done(
    stage: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(wrapper: BaseDatabaseWrapper) -> None:
        raise OperationalError("connection refused")

    with monkeypatch.context() as broken:
        broken.setattr(type(connections["default"]), "connect", away)
        writer = ReleaseWriter(stage.clock)
        with pytest.raises(Unavailable) as refused:
            writer.submit(at_once()).result(PATIENCE)
    assert refused.value.code is Code.AUDIT_UNAVAILABLE
    assert writer.submit(at_once()).result(PATIENCE) == "done"
    writer.close()


def test_what_is_queued_is_finished_at_the_end_and_what_comes_later_is_refused(writer: ReleaseWriter) -> None:
    held = Held()
    first = writer.submit(held)
    assert held.running.wait(PATIENCE)
    second = writer.submit(at_once())
    closing = threading.Thread(target=writer.close)
    closing.start()
    held.go.set()
    closing.join(PATIENCE)
    assert (first.result(0), second.result(0)) == ("done", "done")
    with pytest.raises(Unavailable):
        writer.submit(at_once())


def test_nobody_who_comes_while_it_closes_is_left_without_an_answer(stage: Cast) -> None:
    """Many callers against one close: each is refused at the door or has a finished future when close returns."""
    for _ in range(20):
        writer = ReleaseWriter(stage.clock)
        futures: list[Future[str]] = []
        start = threading.Barrier(5)

        def knock(
            writer: ReleaseWriter = writer,
            futures: list[Future[str]] = futures,
            start: threading.Barrier = start,
        ) -> None:
            start.wait(PATIENCE)
            try:
                while len(futures) < 1_000:
                    futures.append(writer.submit(at_once()))
            except Unavailable:
                return

        callers = [threading.Thread(target=knock) for _ in range(4)]
        for caller in callers:
            caller.start()
        start.wait(PATIENCE)
        writer.close()
        for caller in callers:
            caller.join(PATIENCE)
        assert [future for future in futures if not future.done()] == []


def test_a_job_the_thread_never_came_to_is_told_so(
    stage: Cast, writer: ReleaseWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    writer.submit(held)
    assert held.running.wait(PATIENCE)
    waiting = writer.submit(at_once())
    monkeypatch.setattr(
        writer._thread, "join", lambda timeout: None
    )  # a database that does not come back in time
    writer.close()
    with pytest.raises(Unavailable):
        waiting.result(0)
    held.go.set()
    monkeypatch.undo()


def test_a_caller_that_gave_up_does_not_end_the_thread(writer: ReleaseWriter) -> None:
    held = Held()
    writer.submit(held)
    assert held.running.wait(PATIENCE)
    given_up = writer.submit(at_once())
    assert given_up.cancel()
    held.go.set()
    assert writer.submit(at_once()).result(PATIENCE) == "done"


def test_a_job_that_another_process_overtook_is_decided_once_more(writer: ReleaseWriter) -> None:
    assert writer.submit(Overtaken(1)).result(PATIENCE) == "done"
    with pytest.raises(Unavailable):
        writer.submit(Overtaken(2)).result(PATIENCE)
    assert writer.submit(at_once()).result(PATIENCE) == "done"


def test_others_are_waited_for_only_after_several_came_at_once(stage: Cast) -> None:
    waits: list[float] = []
    writer = ReleaseWriter(stage.clock, pause=waits.append)
    for _ in range(3):  # one after another, each alone
        assert writer.submit(at_once()).result(PATIENCE) == "done"
    assert waits == []
    held = Held()
    first = writer.submit(held)
    assert held.running.wait(PATIENCE)
    several = [writer.submit(at_once()) for _ in range(3)]
    held.go.set()
    assert [one.result(PATIENCE) for one in (first, *several)] == ["done"] * 4
    assert waits == []  # they were there already
    assert writer.submit(at_once()).result(PATIENCE) == "done"
    assert sum(waits) == GATHER_SECONDS
    looks = len(waits)
    assert writer.submit(at_once()).result(PATIENCE) == "done"
    assert len(waits) == looks
    writer.close()


def test_no_longer_than_until_half_as_many_as_last_time_have_come(stage: Cast) -> None:
    come: list[Future[str]] = []
    waits: list[float] = []

    def meanwhile(seconds: float) -> None:
        waits.append(seconds)
        come.extend(writer.submit(at_once()) for _ in range(4))

    writer = ReleaseWriter(stage.clock, pause=meanwhile)
    held = Held()
    first = writer.submit(held)
    assert held.running.wait(PATIENCE)
    several = [writer.submit(at_once()) for _ in range(20)]
    held.go.set()
    assert [one.result(PATIENCE) for one in (first, *several)] == ["done"] * 21
    assert waits == []
    assert writer.submit(at_once()).result(PATIENCE) == "done"
    assert [one.result(PATIENCE) for one in come] == ["done"] * 12
    assert len(waits) == 3  # one and three times four are more than half of twenty
    writer.close()
