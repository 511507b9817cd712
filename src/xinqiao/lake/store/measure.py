"""Measuring what was written: the manifest says of every segment what its rows say (invariant I9)."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.store.manifest import CONSTANTS

#: What pipelines add to the payload; the order is that of the files compaction writes.
ENVELOPE = (
    "_subject", "_row", "_batch", "_source", "_as_of", "_received", "_status", "_seq", "_key", "_digest",
    "_version", "_since",
)  # fmt: skip
REQUIRED = ("_subject", "_row", "_batch", "_source", "_as_of", "_received", "_status", "_seq")
WITHDRAWN = "withdrawn"
_SUMMED = re.compile(r"(DECIMAL\(.*\)|TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)")


@dataclass(frozen=True, slots=True)
class Measured:
    """The rows of a file: how many, sums of exact columns, sum of digests, their batches and sequence."""

    rows: int
    sums: dict[str, str]
    content_digest: str
    batches: tuple[str, str]
    seqs: tuple[int, int]
    #: least and greatest of ``CONSTANTS``, as text
    bounds: dict[str, tuple[str, str]]


def connect(threads: int = 2, memory: str = "", temporary: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A connection for the work of the lake. It reads files of ours only."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": str(threads),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            "temp_directory": str(temporary) if temporary else "",
        },
    )
    if memory:
        connection.execute(f"SET memory_limit={text(memory)}").fetchall()
    return connection


def text(value: str) -> str:
    """An SQL text."""
    return "'" + value.replace("'", "''") + "'"


def name(column: str) -> str:
    """An SQL name."""
    return '"' + column.replace('"', '""') + '"'


def scan(files: Sequence[str | Path], *, file_name: bool = False) -> str:
    """SQL that reads files of one item together, whatever version of the item wrote them."""
    listed = ", ".join(text(str(file)) for file in files)
    more = ", filename = true" if file_name else ""
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false{more})"


def columns_of(connection: duckdb.DuckDBPyConnection, files: Sequence[str | Path]) -> dict[str, str]:
    """Names and types of the columns of files together."""
    rows = connection.execute(f"DESCRIBE SELECT * FROM {scan(files)}").fetchall()  # noqa: S608
    return {str(row[0]): str(row[1]) for row in rows}


def measure(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], columns: dict[str, str]
) -> dict[Path, Measured]:
    """Measure files in one pass over the columns that need it."""
    exact = sorted(
        column for column, kind in columns.items() if column not in ENVELOPE and _SUMMED.fullmatch(kind)
    )
    digest = "NULL"
    if kind := columns.get("_digest"):
        own = "_digest" if kind == "UBIGINT" else "md5_number_lower(CAST(_digest AS VARCHAR))"
        digest = f"CAST(sum(CAST({own} AS HUGEINT)) % 18446744073709551616 AS VARCHAR)"
    sums = "".join(f", CAST(coalesce(sum({name(column)}), 0) AS VARCHAR)" for column in exact)
    # a missing value is no constant: it shows as an empty text beside the others
    bounds = "".join(
        f", CASE WHEN count({one}) = count(*) THEN CAST(min({one}) AS VARCHAR) ELSE '' END,"
        f" coalesce(CAST(max({one}) AS VARCHAR), '')"
        for one in CONSTANTS
    )
    after = 7 + 2 * len(CONSTANTS)
    rows = connection.execute(
        f"SELECT filename, count(*), {digest}, min(_batch), max(_batch), min(_seq), max(_seq){bounds}{sums} "  # noqa: S608
        f"FROM {scan(files, file_name=True)} GROUP BY filename"
    ).fetchall()
    return {
        Path(row[0]): Measured(
            rows=row[1],
            content_digest=row[2] or "",
            batches=(str(row[3]), str(row[4])),
            seqs=(row[5], row[6]),
            bounds={one: (row[7 + 2 * n], row[8 + 2 * n]) for n, one in enumerate(CONSTANTS)},
            sums=dict(zip(exact, row[after:], strict=True)),
        )
        for row in rows
    }


def require_envelope(columns: dict[str, str], key: Sequence[str]) -> None:
    """Refuse files that lack what every row must carry.

    Raises:
        Invalid: ``LAKE_INVALID`` with the missing names.
    """
    wanted = [*REQUIRED, *(key or ("_key",))]
    missing = [column for column in wanted if column not in columns]
    if missing:
        raise Invalid(Code.LAKE_INVALID, "columns are missing", facts={"missing": missing})


def parquet_options(row_group_rows: int) -> str:
    """How the lake writes Parquet. Version 2 has delta encodings: a sixth fewer bytes, and quicker to read."""
    return f"(FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION V2, ROW_GROUP_SIZE {row_group_rows})"


def add_digests(parts: Sequence[str]) -> str:
    """The content digest of several files together."""
    known = [int(part) for part in parts if part]
    return str(sum(known) % (1 << 64)) if known else ""


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
