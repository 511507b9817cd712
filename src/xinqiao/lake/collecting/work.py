"""The work on one batch: every row judged, good ones written into the draft, the others put beside it.

Two halves. The first goes piece by piece, pieces at once, and judges: rows that are refused leave for a file of their
own, of good rows the natural keys are hashed and all else waits as it lies in memory. When the last piece is judged it
is known which rows may stand twice in the batch ("doubtful") and which of these is kept; the second half counts the good
rows and writes them, bucket by bucket, out of all pieces at once, while the others are put aside.
"""

# ruff: noqa: S608 - names and expressions are made here; what comes from a file is a quoted text

import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from xinqiao.domain.catalogue.headers import Columns
from xinqiao.domain.catalogue.model import Item, RowRule
from xinqiao.lake.collecting.accepted import accepted, load, save
from xinqiao.lake.collecting.fields_sql import quoted
from xinqiao.lake.collecting.figures import Figures
from xinqiao.lake.collecting.keys import KeyHashes, Repeated
from xinqiao.lake.collecting.layout import Layout, Part, hardly_repeating
from xinqiao.lake.collecting.pieces import END, Piece
from xinqiao.lake.collecting.reading import read
from xinqiao.lake.collecting.verdicts import Cells, Known, Rows, Verdicts, ask, whole
from xinqiao.lake.collecting.writing import (
    Lineage,
    cells_of,
    stored_columns,
    write_doubtful,
    write_refused,
    write_stored,
)
from xinqiao.lake.files import Sheet
from xinqiao.lake.rules_sql import FINDING_SHIFT, Compiled, encode_finding

REFUSED, DOUBTFUL, WAITING = "refused", "doubtful", "waiting"

type Progress = Callable[[str, int, int], None]
"""Phase (``count``, ``write``), parts done, of how many."""


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
        self._known = [Known() for _ in tables]
        self._good: list[Part] = []
        self._progress = progress
        self._lock = threading.Lock()

    def judge(self) -> int:
        """The first half; afterwards it is known which rows are put aside. Returns the rows that stood twice."""
        (self.folder / WAITING).mkdir()
        with KeyHashes(self.folder / "keys") as keys:
            self._each("count", lambda cursor, piece: self._judge(cursor, piece, keys), self.parts)
            repeated = keys.repeated()
        self._good = self._waited(repeated)
        return self._settle_doubtful(self._good) if self.has(DOUBTFUL) else 0

    def write[T](self, beside: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """The second half; afterwards ``bucket=NNN`` hold good rows only.

        ``beside``: what else the first half makes possible; it is done while rows are written, and what it finds returned.
        """
        layout, once = Layout(self.lineage, self._good), hardly_repeating(self._good)
        found: list[T] = []
        steps: list[Callable[[duckdb.DuckDBPyConnection], None]] = [
            lambda cursor: found.append(beside(cursor)),
            lambda _: self._count(self._good),
            *(partial(self._write, layout, bucket, once) for bucket in range(self.buckets)),
        ]
        self._each("write", lambda cursor, step: step(cursor), steps)
        return found[0]

    def before(self, piece: Piece) -> int:
        """The last number of a row before a piece."""
        place = (piece.sheet, piece.number)
        return sum(span for one, span in self.spans.items() if (one.sheet, one.number) < place)

    def _each[T](
        self, phase: str, do: Callable[[duckdb.DuckDBPyConnection, T], None], parts: Sequence[T]
    ) -> None:
        """Run over all parts, as many at once as there are threads."""
        done = 0

        def one(part: T) -> None:
            nonlocal done
            with self.connection.cursor() as cursor:
                do(cursor, part)
            with self._lock:
                done += 1
                self._progress(phase, done, len(parts))

        with ThreadPoolExecutor(self.threads) as pool:
            for running in [pool.submit(one, part) for part in parts]:
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

    def _waited(self, repeated: Repeated) -> list[Part]:
        """What was judged, mapped again; the rows that may stand twice are put beside it, and are left out for now."""
        found: list[Part] = []
        for piece in sorted(self.parts, key=lambda one: (one.sheet, one.number)):
            compiled, part = self.tables[piece.sheet].compiled, load(self._waiting(piece))
            self._waiting(piece).unlink()  # what is mapped stays until nobody holds it
            doubtful = repeated.among(part.keys)
            found.append(Part(compiled, part, self.before(piece), doubtful))
            if doubtful is not None:
                self._put_doubtful(piece, found[-1], np.flatnonzero(doubtful))
        return found

    def _count(self, parts: Sequence[Part]) -> None:
        for part in parts:
            rows = part.accepted
            self._figures.add(rows.subject, rows.as_of, stored_columns(part.compiled, rows), part.left_out)

    def _write(
        self, layout: Layout, bucket: int, once: Collection[str], _: duckdb.DuckDBPyConnection
    ) -> None:
        table = layout.table(bucket)
        if table is not None:
            write_stored(self.folder, "rows", bucket, table, once)

    def _put_doubtful(self, piece: Piece, part: Part, at: Rows) -> None:
        compiled, rows = part.compiled, part.accepted
        given = {f"v{place}": rows.fields[place].take(at) for place in compiled.key_of}
        keys = ask(self.connection, given | {"_subject": rows.subject.take(at)}, f"{compiled.key} AS k")
        numbers = {"_row": pa.array(rows.rows[at] + part.before), "_digest": pa.array(rows.digests[at])}
        write_doubtful(
            self._aside(DOUBTFUL, piece), pa.table(numbers), whole(keys, "k"), cells_of(rows.cells, at)
        )

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

    def _settle_doubtful(self, parts: list[Part]) -> int:
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
        kept = whole(con.sql("SELECT kept FROM settled").to_arrow_table(), "kept").to_numpy()
        for place, part in enumerate(parts):
            if part.left_out is not None:
                left_out = part.left_out & ~np.isin(part.accepted.rows + part.before, kept)
                parts[place] = replace(part, left_out=left_out)
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
