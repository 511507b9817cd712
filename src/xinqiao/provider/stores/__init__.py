"""Where the bank's rows live: one interface, DuckDB over a folder, or a SQL database read-only."""

from xinqiao.provider.config import StoreConfig, StoreKind
from xinqiao.provider.stores.base import AccountRecord, StoreError, TransactionStore

__all__ = ["AccountRecord", "StoreError", "TransactionStore", "open_store"]


def open_store(config: StoreConfig) -> TransactionStore:
    """Open the store that the configuration names.

    Raises:
        StoreError: the folder or database is absent or lacks a needed column.
    """
    match config.kind:
        case StoreKind.DUCKDB:
            from xinqiao.provider.stores.duckdb_store import DuckDBStore

            return DuckDBStore(config)
        case StoreKind.SQL:
            from xinqiao.provider.stores.sql_store import open_sql_store

            return open_sql_store(config)
        case StoreKind.NONE:
            from xinqiao.provider.stores.none import NoStore

            return NoStore()
