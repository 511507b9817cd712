"""The firm index: one SQLite file, written by one process in batches and read by any number.

``firm`` holds the firms; ``gram`` is an FTS5 table without content and without positions, whose terms
:mod:`~xinqiao.lake.firms.grams` makes. A row's number says its rank: firms that have ended are numbered beyond
``ENDED_FROM``, so a walk in the order of numbers meets the living first and can stop as soon as it has enough.

Every batch is one transaction of a write-ahead log: a reader sees all of it or nothing, a kill leaves the batches before.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import batched
from pathlib import Path

from xinqiao.domain.codes import slips
from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.firms.model import Added, Firm, Hit, checked, checked_division, checked_industry
from xinqiao.lake.firms.pinyin import table_digest
from xinqiao.lake.firms.rows import Row, firm_of, row_of, terms_of
from xinqiao.lake.firms.search import Narrow, Search, find_codes

FORMAT = "xinqiao-firms-1"
ENDED_FROM = 1 << 40
#: Firms in one transaction of ``add``; bounds its memory.
BATCH = 20_000
#: A term that more than one firm in so many has is common.
COMMON = 300

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE firm (
    id INTEGER PRIMARY KEY,
    uscc TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    old_names TEXT NOT NULL,
    division TEXT NOT NULL,
    industry TEXT NOT NULL,
    status TEXT NOT NULL,
    established_on TEXT,
    registration_no TEXT NOT NULL
);
-- by the organisation code alone, places 9 to 17
CREATE INDEX firm_org ON firm (substr(uscc, 9, 9));
-- by the number from before 2015
CREATE INDEX firm_regno ON firm (registration_no) WHERE registration_no <> '';
-- terms that more than one firm in COMMON has, counted by optimise(): a query asks for rarer ones first
CREATE TABLE common (term TEXT PRIMARY KEY, firms INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE gram USING fts5(t, content='', detail=none, columnsize=0, tokenize='ascii');
-- bytes gathered before a segment is written
INSERT INTO gram (gram, rank) VALUES ('hashsize', 67108864);
"""


class FirmIndex:
    """Search firms by name, by fragments of it, by its pinyin, or by a code. One instance serves one thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._counted: tuple[int, dict[str, int]] | None = None

    @classmethod
    def create(cls, path: Path) -> "FirmIndex":
        """Open the file for writing, made if it is not there.

        Raises:
            Invalid: ``FILE_UNREADABLE``: no firm index, or one made with another table of readings; make it anew.
        """
        db = sqlite3.connect(path, isolation_level=None, timeout=30)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA cache_size=-131072")
            if not db.execute("SELECT 1 FROM sqlite_master").fetchone():
                made = [("format", FORMAT), ("pinyin", table_digest())]
                db.executescript("BEGIN IMMEDIATE;" + _SCHEMA)
                db.executemany("INSERT INTO meta VALUES (?, ?)", made)
                db.execute("COMMIT")
            _require(db, path)
        except (sqlite3.Error, Invalid) as error:
            db.close()
            raise _unreadable(path) from error
        return cls(db)

    @classmethod
    def open(cls, path: Path) -> "FirmIndex":
        """Open the file for reading. Raises ``FILE_UNREADABLE``."""
        try:
            db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
        except sqlite3.Error as error:
            raise _unreadable(path) from error
        try:
            db.execute("PRAGMA cache_size=-65536")
            db.execute(f"PRAGMA mmap_size={1 << 32}")
            _require(db, path)
        except (sqlite3.Error, Invalid) as error:
            db.close()
            raise _unreadable(path) from error
        return cls(db)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> "FirmIndex":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM firm").fetchone()[0])

    def add(self, firms: Iterable[Firm]) -> Added:
        """Add firms or bring them up to date, in transactions of :data:`BATCH`; what is as it was is left alone.

        Raises:
            Invalid: a firm whose code, name, place or industry is none; of its transaction nothing is kept, the
                transactions before it stay.
        """
        done = Added()
        for batch in batched(firms, BATCH):
            with self._transaction():
                done += self._add(batch)
        return done

    def optimise(self) -> None:
        """Merge what batches left apart, after many of them: searches become faster, the file a little smaller."""
        self._db.execute("INSERT INTO gram (gram) VALUES ('optimize')")
        self._count()
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def search(
        self, text: str, *, division: str | None = None, industry: str | None = None, limit: int = 20
    ) -> list[Hit]:
        """Firms by what somebody typed: a code, a name, fragments apart by spaces, pinyin, initials, or a mixture.

        Ordered by :class:`Match`, the living before the ended, short names before long ones. One character finds the
        names that begin with it, two and more find fragments. ``division`` and ``industry`` narrow by their first
        characters.

        Raises:
            Invalid: ``INVALID`` for a filter that is no code.
        """
        place = checked_division(division or "")
        trade = checked_industry(industry or "")
        hits = self.by_code(text) if not (place or trade) else []
        if hits:
            return hits[:limit]
        if limit <= 0:
            return []
        return Search(self._db, self._common(), Narrow(place, trade), limit).run(text)

    def living(self) -> Iterator[tuple[str, str, str]]:
        """Code, industry and division of every firm that has not ended, for figures about all of them."""
        yield from self._db.execute(
            "SELECT uscc, industry, division FROM firm WHERE id < ? ORDER BY id", (ENDED_FROM,)
        )

    def by_code(self, text: str) -> list[Hit]:
        """Firms by what is typed for a number: the USCC, the organisation code, the tax number, the old number."""
        return find_codes(self._db, text)

    def near_code(self, text: str) -> list[Hit]:
        """Firms of this index whose code is one slip of the hand away from a wrong one.

        For staff at their own register; never for whoever asks (abuse case B7), and :meth:`search` does not do it.
        """
        return [hit for slip in slips(text) for hit in self.by_code(slip.uscc)]

    def _common(self) -> dict[str, int]:
        """The common terms with their firms; read again when another process counted anew."""
        (version,) = self._db.execute("PRAGMA data_version").fetchone()
        if self._counted is None or self._counted[0] != version:
            self._counted = version, dict(self._db.execute("SELECT term, firms FROM common"))
        return self._counted[1]

    def _count(self) -> None:
        least = len(self) // COMMON
        self._db.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.terms USING fts5vocab('main', 'gram', 'row')"
        )
        with self._transaction():
            self._db.execute("DELETE FROM common")
            self._db.execute("INSERT INTO common SELECT term, doc FROM terms WHERE doc > ?", (least,))
        self._counted = None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _add(self, batch: Sequence[Firm]) -> Added:
        wanted = {firm.uscc: firm for firm in map(checked, batch)}
        known = {row[1]: row for row in self._rows(list(wanted))}
        gone = [row for code, row in known.items() if firm_of(row) != wanted[code]]
        fresh = [firm for code, firm in wanted.items() if code not in known]
        self._remove(gone)
        self._insert([*fresh, *(wanted[row[1]] for row in gone)])
        return Added(len(fresh), len(gone), len(known) - len(gone), len(batch) - len(wanted))

    def _rows(self, codes: list[str]) -> Iterator[Row]:
        for some in batched(codes, 500):
            marks = ",".join("?" * len(some))
            yield from self._db.execute(f"SELECT * FROM firm WHERE uscc IN ({marks})", some)  # noqa: S608

    def _remove(self, rows: list[Row]) -> None:
        self._db.executemany(
            "INSERT INTO gram (gram, rowid, t) VALUES ('delete', ?, ?)",
            ((row[0], terms_of(firm_of(row))) for row in rows),
        )
        self._db.executemany("DELETE FROM firm WHERE id = ?", ((row[0],) for row in rows))

    def _insert(self, firms: list[Firm]) -> None:
        living = self._last("< ?") or 0
        ended = self._last(">= ?") or ENDED_FROM
        rows = []
        for firm in firms:
            if firm.is_ended:
                ended += 1
            else:
                living += 1
            rows.append((ended if firm.is_ended else living, firm))
        self._db.executemany(
            "INSERT INTO firm VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (row_of(n, firm) for n, firm in rows)
        )
        self._db.executemany(
            "INSERT INTO gram (rowid, t) VALUES (?, ?)",
            ((n, terms_of(firm)) for n, firm in sorted(rows, key=_first)),
        )

    def _last(self, where: str) -> int | None:
        found = self._db.execute(f"SELECT max(id) FROM firm WHERE id {where}", (ENDED_FROM,))  # noqa: S608
        number = found.fetchone()[0]
        return None if number is None else int(number)


def _first(pair: tuple[int, Firm]) -> int:
    return pair[0]


def _require(db: sqlite3.Connection, path: Path) -> None:
    meta = dict(db.execute("SELECT key, value FROM meta").fetchall())
    if meta != {"format": FORMAT, "pinyin": table_digest()}:
        raise _unreadable(path)


def _unreadable(path: Path) -> Invalid:
    return Invalid(Code.FILE_UNREADABLE, "no firm index of this version", facts={"file": path.name})
