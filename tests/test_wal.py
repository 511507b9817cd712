"""The copier of the write-ahead log: it copies, never makes a file, and outlives what goes wrong."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from xinqiao.wal import WalCopier

PATIENCE = 20.0


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "hub.sqlite3", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")  # nobody copies but the copier
        connection.execute("CREATE TABLE t (x)")
        yield connection


def _in_file(path: Path) -> int:
    """Rows that stand in the database's own file, whatever the log holds."""
    copy = path.with_suffix(".alone")
    copy.write_bytes(path.read_bytes())
    # a copy without its log, so that only what was copied back is seen; the header still says WAL
    with closing(sqlite3.connect(f"{copy.as_uri()}?mode=rw", uri=True)) as alone:
        try:
            return int(alone.execute("SELECT count(*) FROM t").fetchone()[0])
        except sqlite3.OperationalError:
            return -1


def _until(what: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while not what() and time.monotonic() < end:
        time.sleep(0.01)
    return what()


def test_what_was_committed_is_copied_back_beside_it(database: sqlite3.Connection, tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite3"
    copier = WalCopier(path, every=0.0)
    database.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(100)])
    assert _in_file(path) <= 0
    copier.wrote()
    assert _until(lambda: _in_file(path) == 100)
    database.execute("INSERT INTO t VALUES (100)")
    copier.wrote()
    assert _until(lambda: _in_file(path) == 101)
    copier.close()


def test_it_waits_for_no_transaction_and_delays_none(database: sqlite3.Connection, tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite3"
    copier = WalCopier(path, every=0.0)
    database.execute("INSERT INTO t VALUES (1)")
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT INTO t VALUES (2)")
    copier.wrote()
    assert _until(lambda: _in_file(path) == 1)
    database.execute("COMMIT")
    copier.close()


def test_a_database_that_is_not_there_is_not_made_and_found_when_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "later.sqlite3"
    copier = WalCopier(path, every=0.0)
    copier.wrote()
    assert _until(lambda: not copier._due.is_set())
    assert not path.exists()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES (1)")
        copier.wrote()
        assert _until(lambda: _in_file(path) == 1)
        copier.close()


def test_it_ends_when_told_whether_or_not_something_was_written(tmp_path: Path) -> None:
    copier = WalCopier(tmp_path / "none.sqlite3", every=60.0)
    copier.wrote()
    copier.close()
    assert not copier._thread.is_alive()
