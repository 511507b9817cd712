"""The node's own database: group commit, durability, and what happens when it cannot write."""

import sqlite3
import threading
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from xinqiao.domain.errors import Code, Unauthenticated, Unavailable
from xinqiao.provider.records import put_nonce
from xinqiao.provider.state import State, Writer, open_database


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "node.sqlite3", lambda: 0)


def test_the_database_is_durable_and_private(state: State, tmp_path: Path) -> None:
    connection = open_database(tmp_path / "node.sqlite3")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    connection.close()
    for name in ("node.sqlite3", "node.sqlite3-wal", "node.sqlite3-shm"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0, name
    state.close()


def test_jobs_that_wait_together_share_one_commit(state: State) -> None:
    gate, commits = threading.Event(), []
    state.writer._connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    first = state.writer.submit(lambda _c: gate.wait(10))
    rest = [
        state.writer.submit(lambda c, n=n: put_nonce(c, "k", str(n), 1)) for n in range(100)
    ]  # they queue up behind the first
    gate.set()
    for future in (first, *rest):
        future.result(10)
    assert len(commits) <= 2  # the first alone, or all of them
    assert state.read("SELECT count(*) FROM nonce") == [(100,)]
    state.close()


def test_what_nobody_waits_for_rides_with_the_next_commit(state: State) -> None:
    commits: list[str] = []
    state.writer._connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    state.writer.later(lambda c: put_nonce(c, "k", "line", 1))
    state.writer.submit(lambda c: put_nonce(c, "k", "asked", 1)).result(10)
    assert len(commits) == 1
    assert state.read("SELECT count(*) FROM nonce") == [(2,)]
    state.close()


def test_what_nobody_waits_for_is_written_when_nobody_comes(state: State, tmp_path: Path) -> None:
    state.writer.later(lambda c: put_nonce(c, "k", "alone", 1))
    state.close()  # what is queued is finished first
    connection = open_database(tmp_path / "node.sqlite3")
    assert connection.execute("SELECT count(*) FROM nonce").fetchone() == (1,)
    connection.close()


def test_a_refused_job_does_not_undo_its_neighbours(state: State) -> None:
    gate = threading.Event()
    first = state.writer.submit(lambda _c: gate.wait(10))
    good, again, other = (
        state.writer.submit(lambda c, n=n: put_nonce(c, "k", n, 1)) for n in ("a", "a", "b")
    )
    gate.set()
    first.result(10)
    good.result(10)
    other.result(10)
    with pytest.raises(Unauthenticated) as refused:
        again.result(10)
    assert refused.value.code is Code.REPLAYED
    assert state.read("SELECT count(*) FROM nonce") == [(2,)]
    state.close()


def test_a_job_whose_caller_hung_up_is_skipped_and_the_writer_lives_on(state: State) -> None:
    gate = threading.Event()
    first = state.writer.submit(lambda _c: gate.wait(10))
    gone = state.writer.submit(lambda c: put_nonce(c, "k", "gone", 1))
    assert gone.cancel()
    gate.set()
    first.result(10)
    state.writer.submit(lambda c: put_nonce(c, "k", "after", 1)).result(10)
    with pytest.raises(CancelledError):
        gone.result(0)
    assert state.read("SELECT nonce FROM nonce") == [("after",)]
    state.close()


def test_a_full_disk_fails_every_waiter_and_the_writer_lives_on(state: State) -> None:
    def full(_connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(Unavailable) as refused:
        state.writer.submit(full).result(10)
    assert refused.value.code is Code.AUDIT_UNAVAILABLE
    state.writer.submit(lambda c: put_nonce(c, "k", "after", 1)).result(10)
    state.close()


def test_closing_finishes_what_is_queued_and_refuses_what_comes_after(state: State) -> None:
    futures = [state.writer.submit(lambda c, n=n: put_nonce(c, "k", str(n), 1)) for n in range(50)]
    state.close()
    for future in futures:
        future.result(0)
    with pytest.raises(Unavailable):
        state.writer.submit(lambda _c: None)


def test_consumed_permits_and_ledger_lines_cannot_be_changed_by_sql(state: State) -> None:
    write = state.writer.submit
    write(lambda c: c.execute("INSERT INTO permit VALUES ('j','l',NULL,'p',1,'r',0)").rowcount).result(10)
    write(lambda c: c.execute("INSERT INTO ledger (at,event,code) VALUES (0,'served','')").rowcount).result(
        10
    )
    for sql in (
        "DELETE FROM permit", "UPDATE permit SET jti='x'", "DELETE FROM ledger", "UPDATE ledger SET code='x'",
    ):  # fmt: skip
        with pytest.raises(sqlite3.IntegrityError):
            write(lambda c, sql=sql: c.execute(sql).rowcount).result(10)
    state.close()


def test_nonces_that_could_not_be_accepted_any_more_are_forgotten(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "n.sqlite3", isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE nonce (keyid, nonce, until, PRIMARY KEY (keyid, nonce))")
    writer = Writer(connection, lambda: 100)
    writer.submit(lambda c: put_nonce(c, "k", "old", 99)).result(10)
    writer.submit(lambda c: put_nonce(c, "k", "young", 100)).result(10)
    for _ in range(512):
        writer.submit(lambda _c: None).result(10)
    assert connection.execute("SELECT nonce FROM nonce").fetchall() == [("young",)]
    writer.close()
    connection.close()
