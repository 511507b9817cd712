"""A folder of files the bank writes: Parquet or CSV, read by DuckDB.

Layout of the folder::

    accounts.parquet | accounts.csv
    related.csv                      (optional: uscc,name)
    parity.csv                       (optional: date,currency,rate; an empty date holds for every day)
    manifest.json                    (optional: {"data_as_of": "2026-11-20"})
    transactions/**/*.parquet | *.csv

DuckDB states that data files are assumed trusted, so it runs locked down: no file outside the folder, no
extension loading, bounded memory, one thread, configuration frozen. Foreign files belong in the import tools.
"""

import hashlib
import json
import threading
import time
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from xinqiao.domain.errors import Invalid
from xinqiao.domain.fundflow.model import Parity
from xinqiao.domain.fundflow.parity import ParityTable, read_parity
from xinqiao.lake.statements import decode
from xinqiao.provider.config import StoreConfig
from xinqiao.provider.stores.base import (
    ACCOUNT_COLUMNS,
    REQUIRED_ACCOUNT_COLUMNS,
    REQUIRED_TRANSACTION_COLUMNS,
    TRANSACTION_COLUMNS,
    AccountRecord,
    StoreError,
    account_record,
    as_of_from_newest,
    parse_as_of,
)


def column_text(column: str, kind: str) -> str:
    """SQL that shows ``column`` as the canonical layout writes it."""
    quoted = '"' + column.replace('"', '""') + '"'
    match kind:
        case "TIMESTAMP WITH TIME ZONE":
            return f"strftime({quoted} AT TIME ZONE 'Asia/Shanghai', '%Y-%m-%d %H:%M:%S')"
        case str() if kind.startswith("TIMESTAMP"):
            return f"strftime({quoted}, '%Y-%m-%d %H:%M:%S')"
        case _:
            return f"CAST({quoted} AS VARCHAR)"


def _canonical(found: dict[str, str], names: tuple[str, ...], required: frozenset[str], what: str) -> str:
    """The select list that yields ``names`` from the columns that exist; the others are null."""
    missing = sorted(required - found.keys())
    if missing:
        raise StoreError(f"{what} lack the columns {', '.join(missing)}")
    return ", ".join(
        f"{column_text(name, found[name])} AS {name}" if name in found else f"CAST(NULL AS VARCHAR) AS {name}"
        for name in names
    )


def said_of(error: duckdb.Error) -> str:
    """What may be told of an error: texts of conversion errors quote the value, so only the kinds that cannot do."""
    kind = type(error).__name__
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.PermissionException):
        return f"{kind}: {str(error).splitlines()[0]}"
    return kind


def locked_connection(folder: Path, memory_limit_mb: int) -> duckdb.DuckDBPyConnection:
    """DuckDB in memory, locked into one folder."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{memory_limit_mb}MB",
            "threads": "1",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            # a table name must never be looked up among the variables of the program
            "python_enable_replacements": "false",
            "temp_directory": "",
        },
    )
    connection.execute("SET allowed_directories=?", [[str(folder)]])
    connection.execute("SET enable_external_access=false")
    connection.execute("SET lock_configuration=true")
    return connection


class DuckDBStore:
    """One account's rows out of a folder of Parquet or CSV files."""

    def __init__(self, config: StoreConfig) -> None:
        self._folder = config.folder
        if not self._folder.is_dir():
            raise StoreError(f"the data folder {self._folder} does not exist")
        self._stated_as_of = parse_as_of(config.data_as_of)
        self._recheck = config.recheck_seconds
        self._lock = threading.RLock()
        self._connection = locked_connection(self._folder, config.memory_limit_mb)
        self._checked_at = float("-inf")
        self._version = ""
        self._files: list[str] = []
        self._select = ""
        self._source = ""
        self._order = ""
        self._accounts: dict[str, AccountRecord] = {}
        self._related: dict[str, tuple[str, ...]] = {}
        self._parity = ParityTable()
        self._as_of = self._stated_as_of
        self._refresh()

    # --- what the node asks -----------------------------------------------------------------------------------

    def is_ready(self) -> bool:
        return time.monotonic() - self._checked_at < self._recheck

    def find_account(self, account_no: str) -> AccountRecord | None:
        self._refresh()
        return self._accounts.get(account_no)

    def version(self, account_no: str) -> str:
        self._refresh()
        return self._version

    def rows(self, account_no: str) -> pa.Table:
        with self._lock:
            self._refresh()
            if not self._files:
                return pa.table({name: pa.array([], pa.string()) for name in TRANSACTION_COLUMNS})
            sql = f"SELECT {self._select} FROM {self._source} WHERE CAST(account_no AS VARCHAR) = ? {self._order}"  # noqa: S608
            try:
                return self._connection.sql(sql, params=[self._files, account_no]).to_arrow_table()
            except duckdb.Error as error:
                raise StoreError(f"reading transactions failed: {type(error).__name__}") from None

    def data_as_of(self) -> datetime | None:
        self._refresh()
        return self._as_of

    def related_names(self, uscc: str) -> tuple[str, ...]:
        self._refresh()
        return self._related.get(uscc, ())

    def parity(self) -> Parity:
        self._refresh()
        return self._parity

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    # --- following the folder ---------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Look at names, sizes and times of the files (at most once per ``recheck_seconds``) and reload on change."""
        if self.is_ready():
            return
        with self._lock:
            if self.is_ready():  # somebody else has looked while this thread waited
                return
            now = time.monotonic()
            listing = self._listing()
            version = hashlib.sha256("\n".join(listing).encode()).hexdigest()[:24]
            if version != self._version:
                self._load()
                self._version = version
            self._checked_at = now

    def _listing(self) -> list[str]:
        found = []
        for path in sorted(self._folder.rglob("*")):
            if path.suffix in (".parquet", ".csv", ".json") and path.is_file():
                stat = path.stat()
                found.append(
                    f"{path.relative_to(self._folder)}|{stat.st_size}|{stat.st_mtime_ns}|{stat.st_ino}"
                )
        return found

    def _load(self) -> None:
        transactions = self._folder / "transactions"
        files = sorted(str(p) for p in transactions.rglob("*.parquet"))
        if files:
            self._source = "read_parquet(?, filename=true, file_row_number=true, union_by_name=true, hive_partitioning=false)"
            self._order = "ORDER BY filename, file_row_number"
        else:
            files = sorted(str(p) for p in transactions.rglob("*.csv"))
            # rows come in file order: one thread, and DuckDB keeps insertion order unless told otherwise
            self._source = (
                "read_csv(?, header=true, all_varchar=true, union_by_name=true, hive_partitioning=false)"
            )
            self._order = ""
        self._files = files
        newest = ""
        if files:
            found = self._describe(self._source, files)
            self._select = _canonical(
                found, TRANSACTION_COLUMNS, REQUIRED_TRANSACTION_COLUMNS, "transactions"
            )
            booked = column_text("booked_at", found["booked_at"])
            row = self._query(f"SELECT max({booked}) FROM {self._source}", [files]).fetchone()  # noqa: S608
            newest = str(row[0]) if row and row[0] is not None else ""
        self._accounts = {record.account_no: record for record in self._read_accounts()}
        self._related = self._read_related()
        self._parity = self._read_parity()
        self._as_of = self._stated_as_of or self._manifest_as_of() or as_of_from_newest(newest)

    def _query(self, sql: str, parameters: list[object]) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(sql, parameters)
        except duckdb.Error as error:
            raise StoreError(f"the data folder cannot be read: {said_of(error)}") from None

    def _describe(self, source: str, files: list[str]) -> dict[str, str]:
        rows = self._query(f"DESCRIBE SELECT * FROM {source}", [files]).fetchall()  # noqa: S608
        return {str(row[0]): str(row[1]) for row in rows}

    def _read_accounts(self) -> list[AccountRecord]:
        for name, source in (
            ("accounts.parquet", "read_parquet(?)"),
            ("accounts.csv", "read_csv(?, header=true, all_varchar=true)"),
        ):
            path = self._folder / name
            if path.is_file():
                found = self._describe(source, [str(path)])
                select = _canonical(found, ACCOUNT_COLUMNS, REQUIRED_ACCOUNT_COLUMNS, "accounts")
                rows = self._query(f"SELECT {select} FROM {source}", [[str(path)]]).fetchall()  # noqa: S608
                return [account_record(dict(zip(ACCOUNT_COLUMNS, row, strict=True))) for row in rows]
        raise StoreError(f"no accounts.parquet or accounts.csv in {self._folder}")

    def _read_related(self) -> dict[str, tuple[str, ...]]:
        path = self._folder / "related.csv"
        if not path.is_file():
            return {}
        rows = self._query(
            "SELECT uscc, name FROM read_csv(?, header=true, all_varchar=true)", [[str(path)]]
        ).fetchall()
        names: dict[str, list[str]] = {}
        for uscc, name in rows:
            names.setdefault(str(uscc), []).append(str(name))
        return {uscc: tuple(found) for uscc, found in names.items()}

    def _read_parity(self) -> ParityTable:
        path = self._folder / "parity.csv"
        if not path.is_file():
            return ParityTable()
        try:
            return read_parity(decode(path.read_bytes()))
        except OSError as error:
            raise StoreError("parity.csv cannot be opened") from error
        except Invalid as error:
            raise StoreError(f"parity.csv: {error.detail}") from None

    def _manifest_as_of(self) -> datetime | None:
        path = Path(self._folder / "manifest.json")
        if not path.is_file():
            return None
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StoreError(f"manifest.json cannot be read: {error}") from error
        value = manifest.get("data_as_of", "") if isinstance(manifest, dict) else ""
        return parse_as_of(value) if isinstance(value, str) else None
