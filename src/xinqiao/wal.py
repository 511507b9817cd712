"""Copying SQLite's write-ahead log back beside the thread that commits.

Left to itself SQLite copies the log back inside the commit that fills it: one commit in some hundreds then takes twenty
milliseconds and more, and all who wait for its thread wait with it. A thread of its own copies most of it before.
"""

import sqlite3
import threading
from pathlib import Path

#: Seconds between two copyings: what is left for the commit that fills the log stays small, and each costs one fsync.
EVERY = 0.1


class WalCopier:
    """Starts its thread at once. Nothing depends on it: what it did not copy, the next full log or a close does."""

    def __init__(self, path: str | Path, every: float = EVERY) -> None:
        self._path = path
        self._every = every
        self._due = threading.Event()
        self._closing = threading.Event()
        self._connection: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._run, name="wal-copier", daemon=True)
        self._thread.start()

    def wrote(self) -> None:
        """Something was committed since."""
        if not self._due.is_set():
            self._due.set()

    def close(self) -> None:
        """Stop; what is left is copied when the last connection closes."""
        self._closing.set()
        self._due.set()
        self._thread.join(10)

    def _run(self) -> None:
        while self._due.wait() and not self._closing.wait(self._every):
            self._due.clear()
            self._copy()
        if self._connection is not None:
            self._connection.close()

    def _copy(self) -> None:
        try:
            if self._connection is None:
                # never makes a file: a database that is being put in place of another is found at the next turn
                self._connection = sqlite3.connect(
                    f"{Path(self._path).resolve().as_uri()}?mode=rw",
                    uri=True,
                    isolation_level=None,
                    timeout=0.0,
                )
                # the log and then the file are synchronised as the committing connection would have done it
                self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error:
            # no room, or no database: the commits see it and say so
            if self._connection is not None:
                self._connection.close()
                self._connection = None
