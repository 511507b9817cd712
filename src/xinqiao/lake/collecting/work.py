"""The work on one batch: every row judged, good ones written into the draft, the others put beside it.

Two readings of the file, piece by piece, pieces at once. The first only hashes natural keys, so that the second knows
which rows may stand twice in the batch ("doubtful") and writes every other good row to its place at once. Rows that
are refused or doubtful leave through the same statement into partitions of their own, as JSON in ``_subject``: one
statement per piece reads, judges, sorts out and writes.
"""

# ruff: noqa: S608 - names and expressions are made here; what comes from a file is a quoted text

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from xinqiao.domain.active_cells import restored_sql
from xinqiao.domain.catalogue.headers import Columns
from xinqiao.domain.catalogue.model import Item, RowRule
from xinqiao.lake.collecting.fields_sql import quoted
from xinqiao.lake.collecting.keys import Hashes, KeyHashes
from xinqiao.lake.collecting.pieces import Piece, relation
from xinqiao.lake.files import Sheet
from xinqiao.lake.rules_sql import FINDING_SHIFT, Compiled, cell_names, encode_finding
from xinqiao.lake.store import bucket_sql

REFUSED, DOUBTFUL = "refused", "doubtful"
#: A lookup before compaction reads one group.
_GROUP_ROWS = 8_192
_REFUSED_SHAPE = '{"f":["INTEGER"],"c":["VARCHAR"]}'
_DOUBTFUL_SHAPE = '{"s":"VARCHAR","k":"VARCHAR","c":["VARCHAR"]}'

type Progress = Callable[[str, int, int], None]
"""Phase (``count``, ``write``), pieces done, of how many."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What every row of a batch carries, as SQL values."""

    batch: str
    source: str
    received: str
    status: str
    seq: int
    as_of: str


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
        *,
        buckets: int,
        threads: int,
        progress: Progress,
    ) -> None:
        self.connection, self.tables, self.parts, self.folder = connection, tables, parts, folder
        self.lineage, self.buckets, self.threads = lineage, buckets, threads
        self.item: Item = tables[0].compiled.item
        #: rows of each piece, known after the first reading
        self.rows: dict[Piece, int] = {}
        self._any_doubtful = False
        self._progress = progress
        self._lock = threading.Lock()

    def run(self) -> int:
        """Both readings; afterwards ``bucket=NNN`` hold good rows only. Returns the rows that stood twice."""
        self._count()
        self._each("write", self._write)
        return self._settle_doubtful() if self._any_doubtful else 0

    def before(self, piece: Piece) -> int:
        """Rows of the batch before a piece."""
        place = (piece.sheet, piece.number)
        return sum(rows for one, rows in self.rows.items() if (one.sheet, one.number) < place)

    def _each(self, phase: str, do: Callable[[duckdb.DuckDBPyConnection, Piece, str], None]) -> None:
        """Run over all pieces, as many at once as there are threads."""
        done = 0

        def one(piece: Piece) -> None:
            nonlocal done
            table = self.tables[piece.sheet]
            names = cell_names(len(table.sheet.header))
            with relation(piece, table.sheet, names) as source, self.connection.cursor() as cursor:
                do(cursor, piece, _given_back(source, names) if table.marked else f"({source})")
            with self._lock:
                done += 1
                self._progress(phase, done, len(self.parts))

        with ThreadPoolExecutor(self.threads) as pool:
            for running in [pool.submit(one, piece) for piece in self.parts]:
                running.result()

    # the first reading

    def _count(self) -> None:
        with KeyHashes(self.folder / "keys") as keys:

            def hashed(cursor: duckdb.DuckDBPyConnection, piece: Piece, source: str) -> None:
                sql = self.tables[piece.sheet].compiled.key_sql.replace("{source}", source)
                found = cursor.sql(sql).to_arrow_table().column("_hash")
                keys.add(found.drop_null().to_numpy())
                with self._lock:
                    self.rows[piece] = len(found)

            self._each("count", hashed)
            self._load(keys.repeated())

    def _load(self, twice: Hashes) -> None:
        self._any_doubtful = bool(len(twice))
        self.connection.register("twice", pa.table({"h": twice}))
        self.connection.execute("CREATE TABLE doubtful_keys AS SELECT h FROM twice").fetchall()
        self.connection.unregister("twice")

    # the second reading

    def _write(self, cursor: duckdb.DuckDBPyConnection, piece: Piece, source: str) -> None:
        compiled = self.tables[piece.sheet].compiled
        doubt = f"{compiled.hash_sql} IN (SELECT h FROM doubtful_keys)" if self._any_doubtful else "false"
        cells = f"[{', '.join(cell_names(len(self.tables[piece.sheet].sheet.header)))}]"
        bucket = (
            f"CASE WHEN _bad THEN '{REFUSED}' WHEN _doubt THEN '{DOUBTFUL}'"
            f" ELSE lpad(CAST({bucket_sql('_subject', self.buckets)} AS VARCHAR), 3, '0') END"
        )
        subject = (
            f"CASE WHEN _bad THEN CAST(to_json({{'f': _findings, 'c': {cells}}}) AS VARCHAR)"
            f" WHEN _doubt THEN CAST(to_json({{'s': _subject, 'k': _key, 'c': {cells}}}) AS VARCHAR)"
            f" ELSE _subject END"
        )
        payload = ", ".join(f"v{self._place(name)} AS {name}" for name in compiled.stored)
        key = "" if compiled.keyed else ", _key"
        judged = f"SELECT *, {doubt} AS _doubt FROM ({compiled.sql.replace('{source}', source)})"
        rows = (
            f"SELECT {subject} AS _subject, {payload}{key}, _row + {self.before(piece)} AS _row,"
            f" {self._envelope()}, _digest, {bucket} AS bucket FROM ({judged})"
        )
        self._copy(cursor, rows, f"{piece.sheet}-{piece.number}")

    def _place(self, name: str) -> int:
        return [field.name for field in self.item.fields].index(name)

    def _envelope(self) -> str:
        line = self.lineage
        return (
            f"{quoted(line.batch)} AS _batch, {quoted(line.source)} AS _source,"
            f" coalesce(_as_of, {line.as_of}) AS _as_of, TIMESTAMP {quoted(line.received)} AS _received,"
            f" {quoted(line.status)} AS _status, CAST({line.seq} AS BIGINT) AS _seq"
        )

    def _copy(self, cursor: duckdb.DuckDBPyConnection, rows: str, name: str) -> None:
        cursor.execute(
            f"COPY ({rows}) TO {quoted(str(self.folder))} (FORMAT parquet, COMPRESSION zstd,"
            f" ROW_GROUP_SIZE {_GROUP_ROWS}, PARTITION_BY (bucket), OVERWRITE_OR_IGNORE,"
            f" FILENAME_PATTERN '{name}_{{i}}')"
        ).fetchall()

    # rows that may stand twice

    def parted(self, which: str) -> str:
        """The files of a partition, to be read; only when there are any."""
        files = quoted(str(self.folder / f"bucket={which}" / "*.parquet"))
        return f"read_parquet({files}, hive_partitioning = false)"

    def has(self, which: str) -> bool:
        """Whether a partition has rows."""
        return any(self.folder.glob(f"bucket={which}/*.parquet"))

    def _settle_doubtful(self) -> int:
        """Same key and same content: the first is kept. Same key, other content: none of them can be believed."""
        if not self.has(DOUBTFUL):
            return 0
        con = self.connection
        con.execute(
            "CREATE TABLE doubt AS SELECT _row, _digest,"
            f" from_json(_subject, '{_DOUBTFUL_SHAPE}').k AS k FROM {self.parted(DOUBTFUL)}"
        ).fetchall()
        con.execute(
            "CREATE TABLE settled AS SELECT min(_row) AS kept, count(*) AS n FROM doubt"
            " GROUP BY k HAVING min(_digest) = max(_digest)"
        ).fetchall()
        con.execute(
            "CREATE TABLE conflicting AS SELECT _row FROM doubt"
            " WHERE k IN (SELECT k FROM doubt GROUP BY k HAVING min(_digest) <> max(_digest))"
        ).fetchall()
        bucket = f"lpad(CAST({bucket_sql('_subject', self.buckets)} AS VARCHAR), 3, '0')"
        kept = (
            f"SELECT * REPLACE (from_json(_subject, '{_DOUBTFUL_SHAPE}').s AS _subject)"
            f" FROM {self.parted(DOUBTFUL)} WHERE _row IN (SELECT kept FROM settled)"
        )
        self._copy(con, f"SELECT *, {bucket} AS bucket FROM ({kept})", "kept")
        counted = con.execute("SELECT coalesce(sum(n) - count(*), 0) FROM settled").fetchone()
        return int(counted[0]) if counted else 0

    def refused_sql(self) -> str:
        """``_row``, ``_findings`` (numbers) and ``_cells`` of the rows that were put aside; empty text when none."""
        found: list[str] = []
        if self.has(REFUSED):
            shape = f"from_json(_subject, '{_REFUSED_SHAPE}')"
            found.append(
                f"SELECT _row, {shape}.f AS _findings, {shape}.c AS _cells FROM {self.parted(REFUSED)}"
            )
        if self._any_doubtful and self.has(DOUBTFUL):
            number = encode_finding(self._place(self.item.natural_key[0]), RowRule.DUPLICATE_KEY)
            assert number < FINDING_SHIFT * (len(self.item.fields) + 1)
            found.append(
                f"SELECT _row, [{number}] AS _findings, from_json(_subject, '{_DOUBTFUL_SHAPE}').c AS _cells"
                f" FROM {self.parted(DOUBTFUL)} WHERE _row IN (SELECT _row FROM conflicting)"
            )
        return " UNION ALL ".join(found)


def _given_back(source: str, names: Sequence[str]) -> str:
    """Our own file that comes back: what we had to mark is read without the mark."""
    cells = ", ".join(f"{restored_sql(name)} AS {name}" for name in names)
    return f"(SELECT * REPLACE ({cells}) FROM ({source}))"
