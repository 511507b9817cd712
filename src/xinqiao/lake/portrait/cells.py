"""What is kept of peers: per month, figure and group how many firms there are and three quantiles, rounded. One small
SQLite file, replaced month by month in one transaction, read by any number of processes."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.period import format_instant, parse_instant
from xinqiao.domain.portrait.model import Figure
from xinqiao.domain.portrait.peers import Cell, Group

FORMAT = "xinqiao-peers-1"
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- all months of a figure and group lie side by side: a series is one range
CREATE TABLE cell (
    figure TEXT, version INTEGER, industry TEXT, region TEXT, size TEXT, month TEXT,
    firms INTEGER NOT NULL, listed INTEGER NOT NULL, p25 TEXT NOT NULL, p50 TEXT NOT NULL, p75 TEXT NOT NULL,
    PRIMARY KEY (figure, version, industry, region, size, month)
) WITHOUT ROWID;
CREATE INDEX cell_month ON cell (month);
CREATE TABLE made (
    month TEXT PRIMARY KEY, at TEXT NOT NULL, lake INTEGER NOT NULL, firms INTEGER NOT NULL,
    least INTEGER NOT NULL, rules TEXT NOT NULL
) WITHOUT ROWID;
"""

type Row = tuple[str, int, str, str, str, str, int, int, str, str, str]


@dataclass(frozen=True, slots=True)
class Made:
    """That the peers of a month were counted: when, over which version of the lake, of how many registered firms, and
    how many other firms a group must have."""

    month: str
    at: datetime
    lake: int
    firms: int
    least: int
    rules: str


class Peers:
    """The file of cells. One instance serves one thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @classmethod
    def create(cls, path: Path) -> "Peers":
        """Open for writing, made if it is not there. Raises Invalid ``FILE_UNREADABLE``."""
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, isolation_level=None, timeout=30)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            if not db.execute("SELECT 1 FROM sqlite_master").fetchone():
                db.executescript("BEGIN IMMEDIATE;" + _SCHEMA)
                db.execute("INSERT INTO meta VALUES ('format', ?)", (FORMAT,))
                db.execute("COMMIT")
            _require(db, path)
        except (sqlite3.Error, Invalid) as error:
            db.close()
            raise _unreadable(path) from error
        return cls(db)

    @classmethod
    def open(cls, path: Path) -> "Peers":
        """Open for reading. Raises Invalid ``FILE_UNREADABLE``."""
        try:
            db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
        except sqlite3.Error as error:
            raise _unreadable(path) from error
        try:
            _require(db, path)
        except (sqlite3.Error, Invalid) as error:
            db.close()
            raise _unreadable(path) from error
        return cls(db)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> "Peers":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def replace(self, made: Made, cells: Iterable[Row]) -> int:
        """Put the cells of a month in place of what was told of it before; how many. A reader sees the old or the new."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.execute("DELETE FROM cell WHERE month = ?", (made.month,))
            counted = self._db.executemany(
                "INSERT INTO cell VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", cells
            ).rowcount
            self._db.execute(
                "INSERT OR REPLACE INTO made VALUES (?, ?, ?, ?, ?, ?)",
                (made.month, format_instant(made.at), made.lake, made.firms, made.least, made.rules),
            )
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return max(counted, 0)

    def made(self) -> Mapping[str, Made]:
        """The months that were counted."""
        rows = self._db.execute("SELECT month, at, lake, firms, least, rules FROM made ORDER BY month")
        return {row[0]: Made(row[0], parse_instant(row[1]), *row[2:]) for row in rows}

    def cell(self, figure: Figure, group: Group, month: str) -> Cell | None:
        """What is told of a group in a month; ``None`` when it is too small or was not counted."""
        return self.series(figure, group, (month,)).get(month)

    def series(self, figure: Figure, group: Group, months: Sequence[str]) -> dict[str, Cell]:
        """The same for several months; those of which nothing is told are absent."""
        if not months:
            return {}
        rows = self._db.execute(
            "SELECT month, firms, listed, p25, p50, p75 FROM cell WHERE figure = ? AND version = ? AND industry = ?"
            " AND region = ? AND size = ? AND month BETWEEN ? AND ?",
            (figure.id, figure.version, group.industry, group.region, group.size, min(months), max(months)),
        )
        wanted = set(months)
        return {
            row[0]: Cell(row[1], row[2], *map(Decimal, row[3:6])) for row in rows if row[0] in wanted
        }  # fmt: skip


def _require(db: sqlite3.Connection, path: Path) -> None:
    if db.execute("SELECT value FROM meta WHERE key = 'format'").fetchone() != (FORMAT,):
        raise _unreadable(path)


def _unreadable(path: Path) -> Invalid:
    return Invalid(Code.FILE_UNREADABLE, "no file of peers of this version", facts={"file": path.name})
