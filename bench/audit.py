"""Audit appends: whole leaves through the release writer, beside bare durable commits of the same database file system.

The peer does nothing but make one row durable: ``INSERT`` and ``COMMIT`` with ``synchronous=FULL``, one at a time. An
append canonicalises, hashes, chains, extends the Merkle frontier and moves the log head, and many share a commit.
"""

import os
import sqlite3
import statistics
import tempfile
import time
from concurrent.futures import wait
from pathlib import Path

from bench._table import BenchRow, verdict

APPENDS = 2_000
COMMITS = 400


def rows() -> list[BenchRow]:
    """The figures of the log."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as name:
        return _rows(Path(name))


def _bare(path: Path) -> float:
    """Durable commits per second."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, body BLOB)")
    start = time.perf_counter()
    for _ in range(COMMITS):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO bare (body) VALUES (?)", (b"x" * 400,))
        connection.execute("COMMIT")
    spent = time.perf_counter() - start
    connection.close()
    return COMMITS / spent


def _rows(folder: Path) -> list[BenchRow]:
    from xinqiao.campaigns.processes import Town
    from xinqiao.campaigns.stage import start_django

    town = Town(folder)
    os.environ.update(town.environ())
    start_django(town.hub_home, None)
    from xinqiao.clock import SystemClock
    from xinqiao.domain.errors import Code
    from xinqiao.hub.apps.audit.services import Refs
    from xinqiao.hub.apps.fundflow.jobs import DenyJob
    from xinqiao.hub.apps.fundflow.writer import ReleaseWriter

    writer = ReleaseWriter(SystemClock())
    job = DenyJob(
        Code.CONSENT_MISSING, "query", Refs(subject="ent-" + "0" * 32, institution="ins-" + "0" * 32)
    )

    def grouped() -> float:
        start = time.perf_counter()
        wait([writer.submit(job) for _ in range(APPENDS)])
        return APPENDS / (time.perf_counter() - start)

    def alone() -> float:
        start = time.perf_counter()
        for _ in range(COMMITS):
            writer.submit(job).result()
        return COMMITS / (time.perf_counter() - start)

    grouped()
    figures = [(grouped(), alone(), _bare(folder / "bare.sqlite3")) for _ in range(5)]
    writer.close()
    many, one, bare = (statistics.median(column) for column in zip(*figures, strict=True))
    return [
        BenchRow(
            "A1",
            "audit appends per second, durable, in groups",
            f"{many:.0f}/s",
            f"bare commits {bare:.0f}/s",
            f"{many / bare:.2f}",
            ">= 1x",
            ">= 3x",
            verdict(many >= bare, many >= 3 * bare),
        ),
        BenchRow(
            "A2",
            "audit appends per second, durable, one by one",
            f"{one:.0f}/s",
            f"bare commits {bare:.0f}/s",
            f"{one / bare:.2f}",
        ),
    ]


if __name__ == "__main__":
    from bench._table import render

    print(render(rows()))
