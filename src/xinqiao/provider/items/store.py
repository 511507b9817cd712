"""The department's records: one file or folder for each item, Parquet or CSV (UTF-8), read by DuckDB.

Layout of the folder::

    manifest.json                       (optional: {"data_as_of": "2026-11-20"})
    <item id>.csv | <item id>.parquet
    <item id>/*.csv | *.parquet

Columns are the catalogue's fields, by name or Chinese label. A column ``_status`` (the record's own state in the
catalogue's envelope) keeps withdrawn, repaired and expired records in and marks objected ones. The rows are loaded into
memory, under the key by which they are asked for.
"""

import hashlib
import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from xinqiao.domain.catalogue.headers import match_headers
from xinqiao.domain.catalogue.model import Catalogue, Item
from xinqiao.domain.identifiers import name_key
from xinqiao.domain.items import ItemKind, ItemTerms
from xinqiao.provider.config import ItemsConfig
from xinqiao.provider.stores.base import StoreError
from xinqiao.provider.stores.duckdb_store import column_text, locked_connection, said_of

#: States of a record that go out; ``objected`` with its mark (catalogue 3).
OUTGOING = frozenset({"", "valid", "corrected", "objected"})
OBJECTED = "objected"
#: No answer holds more, so that the widest item stays under the megabyte the platform takes; an answer says when cut.
MOST_ROWS = 200
_STATUS = "_status"


@dataclass(frozen=True, slots=True)
class Row:
    """One record that may go out: field → text as the department wrote it. Out of ``repr``: it may be personal."""

    cells: dict[str, str]
    objected: bool

    def __repr__(self) -> str:
        return f"Row({len(self.cells)} fields)"


def key_field(item: Item, kind: ItemKind) -> str:
    """The field by which records of an item are looked up: the subject's code, or what every claim states first."""
    if kind is ItemKind.INTERFACE:
        return item.subject[-1]
    required = {field.name for field in item.fields if field.required}
    return next(name for name in item.natural_key if name in required)


class ItemStore:
    """Records by item and key. May be called from any thread."""

    def __init__(self, config: ItemsConfig, catalogue: Catalogue) -> None:
        self._folder = config.folder
        if not self._folder.is_dir():
            raise StoreError(f"the items folder {self._folder} does not exist")
        self._catalogue = catalogue
        self._recheck = config.recheck_seconds
        self._lock = threading.RLock()
        self._connection = locked_connection(self._folder, config.memory_limit_mb)
        self._checked_at = float("-inf")
        self._version = ""
        self._tables: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._as_of: str | None = None
        self._generation = 0
        self._refresh()

    def serves(self, item: str) -> bool:
        """Whether the department has this item, be it without a row."""
        self._refresh()
        return item in self._tables

    def items(self) -> tuple[str, ...]:
        """The items served, in order."""
        self._refresh()
        return tuple(sorted(self._tables))

    def data_as_of(self) -> str | None:
        """The day the records are complete to, as the manifest says."""
        self._refresh()
        return self._as_of

    def rows(self, item: str, key: str) -> list[Row]:
        """Outgoing records of a key, at most one more than :data:`MOST_ROWS`. Raises StoreError."""
        with self._lock:
            self._refresh()
            table, names = self._tables[item]
            try:
                found = self._connection.execute(
                    f"SELECT * EXCLUDE (_key) FROM {table} WHERE _key = ? LIMIT {MOST_ROWS + 1}",  # noqa: S608 - our own name
                    [name_key(key)],
                ).fetchall()
            except duckdb.Error as error:
                raise StoreError(f"reading records failed: {said_of(error)}") from None
        return [_row(names, values) for values in found]

    def close(self) -> None:
        """Release files and memory."""
        with self._lock:
            self._connection.close()

    # --- following the folder -------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        if time.monotonic() - self._checked_at < self._recheck:
            return
        with self._lock:
            files = self._files()
            listing = [f"{p.relative_to(self._folder)}|{_stamp(p)}" for p in sorted(self._folder.rglob("*"))]
            version = hashlib.sha256("\n".join(listing).encode()).hexdigest()
            if version != self._version:
                self._load(files)
                self._version = version
            self._checked_at = time.monotonic()

    def _files(self) -> dict[str, list[Path]]:
        """The files of each item. Raises StoreError for a file of nothing that is called or verified."""
        found: dict[str, list[Path]] = {}
        for path in sorted(self._folder.rglob("*")):
            if path.suffix not in (".csv", ".parquet") or not path.is_file():
                continue
            parts = path.relative_to(self._folder).parts
            found.setdefault(parts[0] if len(parts) > 1 else path.stem, []).append(path)
        for item, paths in found.items():
            known = self._catalogue.items.get(item)
            if known is None or not _kind(known).at_source:
                raise StoreError(f"{item} is no item that is called or verified at the source")
            if len({path.suffix for path in paths}) > 1:
                raise StoreError(f"{item}: Parquet or CSV, not both")
        return found

    def _load(self, files: dict[str, list[Path]]) -> None:
        """Load all items beside the present ones, then change over, so that an error leaves what was served."""
        self._generation += 1
        tables: dict[str, tuple[str, tuple[str, ...]]] = {}
        for place, (item, paths) in enumerate(sorted(files.items())):
            table = f"t{self._generation}_{place}"
            tables[item] = (table, self._load_item(self._catalogue.items[item], paths, table))
        as_of = self._manifest()
        old, self._tables, self._as_of = self._tables, tables, as_of
        for table, _names in old.values():
            self._connection.execute(f"DROP TABLE {table}")

    def _load_item(self, item: Item, paths: list[Path], table: str) -> tuple[str, ...]:
        source = (
            "read_parquet(?, union_by_name=true, hive_partitioning=false)"
            if paths[0].suffix == ".parquet"
            else "read_csv(?, header=true, all_varchar=true, union_by_name=true, hive_partitioning=false)"
        )
        names = [str(path) for path in paths]
        try:
            described = self._connection.execute(f"DESCRIBE SELECT * FROM {source}", [names]).fetchall()  # noqa: S608
            columns = {str(row[0]): str(row[1]) for row in described}
            select = _select(item, columns)
            sql = f"SELECT {select} FROM {source}"  # noqa: S608 - names of the catalogue, quoted
            rows: pa.Table = self._connection.sql(sql, params=[names]).to_arrow_table()
            key = key_field(item, _kind(item))
            keys = pa.array([name_key(text or "") for text in rows.column(key).to_pylist()], pa.string())
            self._connection.register("loading", rows.append_column("_key", keys))
            self._connection.execute(f"CREATE TABLE {table} AS SELECT * FROM loading")  # noqa: S608
            self._connection.execute(f"CREATE INDEX {table}_key ON {table} (_key)")
            self._connection.unregister("loading")
        except duckdb.Error as error:
            raise StoreError(f"{item.id} cannot be read: {said_of(error)}") from None
        return tuple(rows.column_names)

    def _manifest(self) -> str | None:
        path = self._folder / "manifest.json"
        if not path.is_file():
            return None
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StoreError(f"manifest.json cannot be read: {type(error).__name__}") from None
        stated = manifest.get("data_as_of") if isinstance(manifest, dict) else None
        return stated if isinstance(stated, str) else None


def _kind(item: Item) -> ItemKind:
    return ItemTerms.of(item).kind


def _select(item: Item, columns: dict[str, str]) -> str:
    """The select list: every field of the item as text, null where there is no column. Raises StoreError."""
    plain = [name for name in columns if not name.startswith("_")]
    found = match_headers(item, plain)
    if found.unknown or found.repeated or found.missing:
        wrong = (*found.unknown, *found.repeated, *found.missing)
        raise StoreError(f"{item.id}: columns that do not fit the catalogue: {', '.join(wrong)}")
    named = {name: header for header, name in zip(plain, found.fields, strict=True) if name is not None}
    parts = [
        f'{column_text(named[field.name], columns[named[field.name]])} AS "{field.name}"'
        if field.name in named
        else f'CAST(NULL AS VARCHAR) AS "{field.name}"'
        for field in item.fields
    ]
    status = column_text(_STATUS, columns[_STATUS]) if _STATUS in columns else "CAST(NULL AS VARCHAR)"
    return ", ".join([*parts, f"{status} AS {_STATUS}"])


def _row(names: tuple[str, ...], values: tuple[object, ...]) -> Row:
    cells = {name: str(value) for name, value in zip(names, values, strict=True) if value is not None}
    status = cells.pop(_STATUS, "").strip()
    return Row(cells if status in OUTGOING else {}, objected=status == OBJECTED)


def _stamp(path: Path) -> str:
    stat = path.stat()
    return f"{stat.st_size}|{stat.st_mtime_ns}|{stat.st_ino}"
