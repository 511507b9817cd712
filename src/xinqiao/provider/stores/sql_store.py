"""A SQL database the bank already has: SQLite or PostgreSQL, opened read-only, tables and columns mapped.

Only single-account reads are made. Names of tables and columns come from the configuration, are checked against
a plain pattern and quoted; values always travel as parameters.
"""

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from xinqiao.domain.fundflow.model import Parity
from xinqiao.domain.fundflow.parity import ParityTable
from xinqiao.provider.config import StoreConfig, TableMap
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

if TYPE_CHECKING:
    import psycopg

_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?$")

type Row = Sequence[object]


class Database(Protocol):
    """The little a SQL store needs of a driver."""

    #: how a parameter is written
    mark: str

    def all(self, sql: str, parameters: tuple[str, ...] = ()) -> list[Row]: ...

    def change_mark(self) -> str | None:
        """A cheap text that changes with any change of the database, or None when there is none."""
        ...

    def close(self) -> None: ...


class SqliteDatabase:
    """SQLite through a read-only URI."""

    mark = "?"

    def __init__(self, path: str) -> None:
        try:
            self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
            self._connection.execute("PRAGMA query_only=ON")
            self._connection.execute("PRAGMA schema_version").fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"cannot open the SQLite store: {error}") from error
        self._lock = threading.Lock()

    def all(self, sql: str, parameters: tuple[str, ...] = ()) -> list[Row]:
        with self._lock:
            try:
                return list(self._connection.execute(sql, parameters).fetchall())
            except sqlite3.Error as error:
                raise StoreError(f"reading the SQLite store failed: {error}") from error

    def change_mark(self) -> str | None:
        # data_version moves when any other connection commits: exactly what a reader's cache wants to know
        return str(self.all("PRAGMA data_version")[0][0])

    def close(self) -> None:
        self._connection.close()


class PostgresDatabase:
    """PostgreSQL with a session that is read-only by default and gives up on slow statements."""

    mark = "%s"

    def __init__(self, dsn: str) -> None:
        import psycopg

        self._error = psycopg.Error
        self._dsn = dsn
        self._lock = threading.Lock()
        self._connect: Callable[[], psycopg.Connection[tuple[object, ...]]] = lambda: psycopg.connect(
            dsn,
            autocommit=True,
            options="-c default_transaction_read_only=on -c statement_timeout=8000",
            connect_timeout=5,
        )
        self._connection = self._open()

    def _open(self) -> "psycopg.Connection[tuple[object, ...]]":
        try:
            return self._connect()
        except self._error as error:
            # the driver's text may quote the address and user: name the class only
            raise StoreError(f"cannot open the PostgreSQL store: {type(error).__name__}") from None

    def all(self, sql: str, parameters: tuple[str, ...] = ()) -> list[Row]:
        with self._lock:
            if self._connection.closed:
                self._connection = self._open()
            try:
                return list(self._connection.execute(sql.encode(), parameters).fetchall())
            except self._error as error:
                raise StoreError(f"reading the PostgreSQL store failed: {type(error).__name__}") from None

    def change_mark(self) -> str | None:
        return None

    def close(self) -> None:
        self._connection.close()


def _quoted(name: str) -> str:
    if not _NAME.match(name):
        raise StoreError(f"not a plain table or column name: {name!r}")
    return ".".join(f'"{part}"' for part in name.split("."))


def _shown(value: object) -> str | None:
    """A driver's value as the canonical layout writes it."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case datetime():
            # an aware instant keeps its offset; the engine turns it into +08:00 (3.9 rule 1)
            return value.isoformat(sep=" ", timespec="seconds")
        case _:
            return str(value)


class SqlStore:
    """One account's rows out of a mapped SQL database."""

    def __init__(self, database: Database, config: StoreConfig) -> None:
        self._database = database
        self._stated_as_of = parse_as_of(config.data_as_of)
        self._recheck = config.recheck_seconds
        self._transactions = _quoted(config.transactions.table)
        self._accounts = _quoted(config.accounts.table)
        extra = dict(config.transactions.columns)
        # the order rows were booked in; a mapped "sequence" column, else rowid / ctid stands for file order
        sequence = extra.pop("sequence", "")
        self._txn = self._mapping(
            TableMap(config.transactions.table, extra), TRANSACTION_COLUMNS, REQUIRED_TRANSACTION_COLUMNS
        )
        self._acc = self._mapping(config.accounts, ACCOUNT_COLUMNS, REQUIRED_ACCOUNT_COLUMNS)
        self._order = _quoted(sequence) if sequence else ("rowid" if database.mark == "?" else "ctid")
        self._as_of: tuple[float, datetime | None] = (float("-inf"), None)

    def _mapping(self, table: TableMap, names: tuple[str, ...], required: frozenset[str]) -> dict[str, str]:
        """Canonical name → quoted column; unmapped names are looked for under their own name."""
        unknown = sorted(set(table.columns) - set(names))
        if unknown:
            raise StoreError(f"{table.table}: not canonical names: {', '.join(unknown)}")
        mapped = {}
        for name in names:
            column = _quoted(table.columns.get(name, name))
            if name in table.columns or name in required or self._has(table.table, column):
                mapped[name] = column
        for column in mapped.values():
            if not self._has(table.table, column):
                raise StoreError(f"{table.table}: no column {column}")
        return mapped

    def _has(self, table: str, column: str) -> bool:
        # a double-quoted name that is no column would be a text literal in SQLite, so qualify it
        try:
            self._database.all(f"SELECT t.{column} FROM {_quoted(table)} AS t LIMIT 0")  # noqa: S608
        except StoreError:
            return False
        return True

    def is_ready(self) -> bool:
        return False  # every question is a query

    def find_account(self, account_no: str) -> AccountRecord | None:
        names = list(self._acc)
        columns = ", ".join(self._acc[name] for name in names)
        rows = self._database.all(
            f"SELECT {columns} FROM {self._accounts} WHERE {self._acc['account_no']} = {self._database.mark}",  # noqa: S608
            (account_no,),
        )
        if len(rows) != 1:
            return None
        return account_record({name: _shown(v) for name, v in zip(names, rows[0], strict=True)})

    def version(self, account_no: str) -> str:
        mark = self._database.change_mark()
        if mark is not None:
            return mark
        key = self._txn.get("txn_id", self._txn["booked_at"])
        rows = self._database.all(
            f"SELECT count(*), max({self._txn['booked_at']}), max({key}), sum({self._txn['amount']})"  # noqa: S608
            f" FROM {self._transactions} WHERE {self._txn['account_no']} = {self._database.mark}",
            (account_no,),
        )
        return "|".join(str(v) for v in rows[0])

    def rows(self, account_no: str) -> pa.Table:
        names = list(self._txn)
        columns = ", ".join(self._txn[name] for name in names)
        found = self._database.all(
            f"SELECT {columns} FROM {self._transactions}"  # noqa: S608
            f" WHERE {self._txn['account_no']} = {self._database.mark} ORDER BY {self._order}",
            (account_no,),
        )
        by_name = dict(zip(names, zip(*found, strict=True), strict=True)) if found else {}
        return pa.table(
            {
                name: pa.array([_shown(v) for v in by_name[name]], pa.string())
                if name in by_name
                else pa.nulls(len(found), pa.string())
                for name in TRANSACTION_COLUMNS
            }
        )

    def data_as_of(self) -> datetime | None:
        if self._stated_as_of is not None:
            return self._stated_as_of
        checked, value = self._as_of
        now = time.monotonic()
        if now - checked >= self._recheck:
            newest = self._database.all(f"SELECT max({self._txn['booked_at']}) FROM {self._transactions}")  # noqa: S608
            value = as_of_from_newest(_shown(newest[0][0]) or "")
            self._as_of = (now, value)
        return value

    def related_names(self, uscc: str) -> tuple[str, ...]:
        return ()

    def parity(self) -> Parity:
        return ParityTable()  # rows in other currencies are left out and counted (3.9 rule 2)

    def close(self) -> None:
        self._database.close()


def open_sql_store(config: StoreConfig) -> SqlStore:
    """Open the database of ``config.dsn``: ``sqlite:///path`` or ``postgresql://…``."""
    parts = urlsplit(config.dsn)
    if parts.scheme == "sqlite":
        return SqlStore(SqliteDatabase(unquote(config.dsn.removeprefix("sqlite:///"))), config)
    if parts.scheme in ("postgresql", "postgres"):
        return SqlStore(PostgresDatabase(config.dsn), config)
    raise StoreError("dsn must begin with sqlite:/// or postgresql://")
