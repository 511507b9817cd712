"""The work on one batch: every row judged, good ones written into the draft, the others put beside it.

Two halves, both piece by piece, pieces at once. The first reads and judges: rows that are refused leave for a file of
their own, of good rows the natural keys are hashed and all else waits as it lies in memory. When the last piece is
judged it is known which rows may stand twice in the batch ("doubtful"); the second half writes every other good row to
its place at once.
"""

# ruff: noqa: S608 - names and expressions are made here; what comes from a file is a quoted text

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from xinqiao.domain.catalogue.headers import Columns
from xinqiao.domain.catalogue.model import Item, RowRule
from xinqiao.lake.collecting.accepted import Accepted, accepted, load, save
from xinqiao.lake.collecting.coded import Coded
from xinqiao.lake.collecting.fields_sql import quoted
from xinqiao.lake.collecting.figures import Figures
from xinqiao.lake.collecting.keys import KeyHashes, Repeated
from xinqiao.lake.collecting.pieces import END, Piece
from xinqiao.lake.collecting.reading import read
from xinqiao.lake.collecting.verdicts import Cells, Known, Rows, Verdicts, ask, whole
from xinqiao.lake.collecting.writing import (
    Lineage,
    by_bucket,
    cells_of,
    hardly_repeating,
    stored_columns,
    stored_table,
    write_doubtful,
    write_refused,
    write_stored,
)
from xinqiao.lake.files import Sheet
from xinqiao.lake.rules_sql import FINDING_SHIFT, Compiled, encode_finding
from xinqiao.lake.store import bucket_sql

REFUSED, DOUBTFUL, WAITING = "refused", "doubtful", "waiting"

type Progress = Callable[[str, int, int], None]
"""Phase (``count``, ``write``), pieces done, of how many."""


@dataclass(frozen=True, slots=True)
class Table:
    """A staged table, what its columns are, and the item compiled for them.

    ``marked``: it is a file of ours that comes back, in which texts that a spreadsheet would run carry our mark.
    """

    sheet: Sheet
    columns: Columns
    compiled: Compiled
    marked: bool = False


class Work:
    """One batch on one connection; pieces run on cursors of it."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        tables: Sequence[Table],
        parts: Sequence[Piece],
        folder: Path,
        lineage: Lineage,
        figures: Figures,
        *,
        buckets: int,
        threads: int,
        progress: Progress,
    ) -> None:
        self.connection, self.tables, self.parts, self.folder = connection, tables, parts, folder
        self.lineage, self.buckets, self.threads, self._figures = lineage, buckets, threads, figures
        self.item: Item = tables[0].compiled.item
        #: rows of each piece, known after the first half, and how far their numbers go
        self.rows: dict[Piece, int] = {}
        self.spans: dict[Piece, int] = {}
        self._repeated = Repeated.none()
        self._known = [Known() for _ in tables]
        self._progress = progress
        self._lock = threading.Lock()

    def run(self) -> int:
        """Both halves; afterwards ``bucket=NNN`` hold good rows only. Returns the rows that stood twice."""
        (self.folder / WAITING).mkdir()
        with KeyHashes(self.folder / "keys") as keys:
            self._each("count", lambda cursor, piece: self._judge(cursor, piece, keys))
            self._repeated = keys.repeated()
        self._each("write", self._write)
        return self._settle_doubtful() if self.has(DOUBTFUL) else 0

    def before(self, piece: Piece) -> int:
        """The last number of a row before a piece."""
        place = (piece.sheet, piece.number)
        return sum(span for one, span in self.spans.items() if (one.sheet, one.number) < place)

    def _each(self, phase: str, do: Callable[[duckdb.DuckDBPyConnection, Piece], None]) -> None:
        """Run over all pieces, as many at once as there are threads."""
        done = 0

        def one(piece: Piece) -> None:
            nonlocal done
            with self.connection.cursor() as cursor:
                do(cursor, piece)
            with self._lock:
                done += 1
                self._progress(phase, done, len(self.parts))

        with ThreadPoolExecutor(self.threads) as pool:
            for running in [pool.submit(one, piece) for piece in self.parts]:
                running.result()

    # the first half

    def _judge(self, cursor: duckdb.DuckDBPyConnection, piece: Piece, keys: KeyHashes) -> None:
        table = self.tables[piece.sheet]
        cells = read(cursor, piece, table.sheet, marked=table.marked)
        verdicts = Verdicts(cursor, table.compiled, cells, self._known[piece.sheet])
        write_refused(self._aside(REFUSED, piece), verdicts)
        part = accepted(verdicts, buckets=self.buckets, as_of=self.lineage.as_of)
        keys.add(part.keys)
        save(self._waiting(piece), part)
        with self._lock:
            self.rows[piece] = verdicts.count
            self.spans[piece] = _span(piece, table.sheet, cells)

    def _waiting(self, piece: Piece) -> Path:
        return self.folder / WAITING / _name(piece)

    # the second half

    def _write(self, cursor: duckdb.DuckDBPyConnection, piece: Piece) -> None:
        compiled, part = self.tables[piece.sheet].compiled, load(self._waiting(piece))
        self._waiting(piece).unlink()  # what is mapped stays until nobody holds it
        doubtful = self._repeated.among(part.keys)
        if doubtful is not None:
            self._put_doubtful(cursor, piece, part, np.flatnonzero(doubtful))
        before = self.before(piece)
        rows = by_bucket(compiled, self.lineage, part, before, doubtful)
        write_stored(self.folder, _name(piece), rows, hardly_repeating(compiled, part))
        self._figures.add(part.subject, part.as_of, stored_columns(compiled, part), doubtful)

    def _put_doubtful(
        self, cursor: duckdb.DuckDBPyConnection, piece: Piece, part: Accepted, at: Rows
    ) -> None:
        compiled = self.tables[piece.sheet].compiled
        table = stored_table(compiled, self.lineage, part, at, self.before(piece))
        given = {f"v{place}": part.fields[place].take(at) for place in compiled.key_of}
        keys = ask(cursor, given | {"_subject": part.subject.take(at)}, f"{compiled.key} AS k")
        write_doubtful(self._aside(DOUBTFUL, piece), table, whole(keys, "k"), cells_of(part.cells, at))

    # rows that may stand twice

    def _aside(self, which: str, piece: Piece) -> Path:
        return self.folder / which / f"{_name(piece)}.parquet"

    def has(self, which: str) -> bool:
        """Whether any rows were put there."""
        return any(self._aside(which, piece).exists() for piece in self.parts)

    def _doubtful(self) -> str:
        files = [
            quoted(str(self._aside(DOUBTFUL, piece)))
            for piece in self.parts
            if self._aside(DOUBTFUL, piece).exists()
        ]
        return f"read_parquet([{', '.join(files)}], hive_partitioning = false)"

    def _settle_doubtful(self) -> int:
        """Same key and same content: the first is kept. Same key, other content: none of them can be believed."""
        con = self.connection
        con.execute(f"CREATE TABLE doubt AS SELECT _row, _digest, _k AS k FROM {self._doubtful()}").fetchall()
        con.execute(
            "CREATE TABLE settled AS SELECT min(_row) AS kept, count(*) AS n FROM doubt"
            " GROUP BY k HAVING min(_digest) = max(_digest)"
        ).fetchall()
        con.execute(
            "CREATE TABLE conflicting AS SELECT _row FROM doubt"
            " WHERE k IN (SELECT k FROM doubt GROUP BY k HAVING min(_digest) <> max(_digest))"
        ).fetchall()
        bucket = bucket_sql("_subject", self.buckets)
        kept = con.sql(
            f"SELECT * EXCLUDE (_k, _cells), {bucket} AS _bucket FROM {self._doubtful()}"
            " WHERE _row IN (SELECT kept FROM settled) ORDER BY _bucket, _row"
        ).to_arrow_table()
        places = kept.column("_bucket").to_numpy()
        kept = kept.drop_columns(["_bucket"])
        columns = {name: Coded(np.arange(len(kept)), whole(kept, name)) for name in kept.column_names}
        self._figures.add(columns["_subject"], columns["_as_of"], columns)
        edges = np.searchsorted(places, np.arange(self.buckets + 1)).tolist()
        found = ((b, kept.slice(edges[b], edges[b + 1] - edges[b])) for b in np.unique(places).tolist())
        write_stored(self.folder, "kept", found, ())
        counted = con.execute("SELECT coalesce(sum(n) - count(*), 0) FROM settled").fetchone()
        return int(counted[0]) if counted else 0

    def refused_sql(self) -> str:
        """``_row``, ``_findings`` (numbers) and ``_cells`` of the rows that were put aside; empty text when none."""
        found: list[str] = []
        for piece in self.parts:
            path = self._aside(REFUSED, piece)
            if path.exists():
                row = f"_row + {self.before(piece)} AS _row"
                found.append(f"SELECT {row}, _findings, _cells FROM read_parquet({quoted(str(path))})")
        if self.has(DOUBTFUL):
            number = encode_finding(self._place(self.item.natural_key[0]), RowRule.DUPLICATE_KEY)
            assert number < FINDING_SHIFT * (len(self.item.fields) + 1)
            found.append(
                f"SELECT _row, [{number}] AS _findings, _cells FROM {self._doubtful()}"
                " WHERE _row IN (SELECT _row FROM conflicting)"
            )
        return " UNION ALL ".join(found)

    def _place(self, name: str) -> int:
        return [field.name for field in self.item.fields].index(name)


def _span(piece: Piece, sheet: Sheet, cells: Cells) -> int:
    if sheet.kind == "parquet" and piece.end != END:
        return piece.end - piece.start
    return int(cells.rows.max(initial=0))


def _name(piece: Piece) -> str:
    return f"{piece.sheet}-{piece.number}"
