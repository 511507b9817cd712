"""The stores: the same account gives the same rows from Parquet, CSV and SQL; what changes is noticed; nothing leaks."""

import csv
import json
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xinqiao.provider.config import StoreConfig, StoreKind, TableMap
from xinqiao.provider.stores import open_store
from xinqiao.provider.stores.base import (
    ACCOUNT_COLUMNS,
    TRANSACTION_COLUMNS,
    StoreError,
    TransactionStore,
)
from xinqiao.provider.stores.duckdb_store import DuckDBStore
from xinqiao.provider.testing import (
    FIRM,
    HOLDERS,
    OTHER,
    Canaries,
    account_rows,
    bank_rows,
    text_table,
    write_small_bank,
)

ROWS = [row for holder in (FIRM, OTHER) for row in bank_rows(holder, Canaries())]


def folder_config(folder: Path, **changes: object) -> StoreConfig:
    return StoreConfig(StoreKind.DUCKDB, folder, recheck_seconds=0.0, **changes)  # type: ignore[arg-type]


def write_csv(path: Path, rows: list[dict[str, str]], columns: tuple[str, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def parquet(folder: Path) -> TransactionStore:
    write_small_bank(folder)
    return open_store(folder_config(folder))


def csv_folder(folder: Path) -> TransactionStore:
    write_csv(folder / "transactions" / "2026.csv", ROWS, TRANSACTION_COLUMNS)
    write_csv(folder / "accounts.csv", account_rows(HOLDERS), ACCOUNT_COLUMNS)
    (folder / "manifest.json").write_text(json.dumps({"data_as_of": "2026-11-20"}))
    return open_store(folder_config(folder))


def typed_parquet(folder: Path) -> TransactionStore:
    """Columns of the types a bank's export really has."""
    write_small_bank(folder)
    path = folder / "transactions" / "part-0.parquet"
    table = pq.read_table(path)
    at = pa.array([datetime.fromisoformat(t) for t in table["booked_at"].to_pylist()], pa.timestamp("us"))
    day = pa.array([date.fromisoformat(t) for t in table["value_date"].to_pylist()], pa.date32())
    money = table["amount"].cast(pa.decimal128(18, 2))
    for name, column in (("booked_at", at), ("value_date", day), ("amount", money)):
        table = table.set_column(table.column_names.index(name), name, column)
    pq.write_table(table, path)
    return open_store(folder_config(folder))


def sqlite(folder: Path) -> TransactionStore:
    """Another shape: the bank's own table and column names."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bank.db"
    connection = sqlite3.connect(path)
    names = {"account_no": "acct", "booked_at": "tran_time", "summary_text": "memo"}
    for table, columns, rows in (
        ("core_tran", TRANSACTION_COLUMNS, ROWS),
        ("core_acct", ACCOUNT_COLUMNS, account_rows(HOLDERS)),
    ):
        shown = [names.get(c, c) if table == "core_tran" else c for c in columns]
        connection.execute(f"CREATE TABLE {table} ({', '.join(f'{c} TEXT' for c in shown)})")
        connection.executemany(
            f"INSERT INTO {table} VALUES ({','.join('?' * len(columns))})",
            [[row.get(c) for c in columns] for row in rows],
        )
    connection.commit()
    connection.close()
    config = StoreConfig(
        StoreKind.SQL, folder, dsn=f"sqlite:///{path}", transactions=TableMap("core_tran", names),
        accounts=TableMap("core_acct", {}), data_as_of="2026-11-20", recheck_seconds=0.0,
    )  # fmt: skip
    return open_store(config)


KINDS = {"parquet": parquet, "typed": typed_parquet, "csv": csv_folder, "sqlite": sqlite}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_store_gives_the_same_rows_of_one_account(tmp_path: Path, kind: str) -> None:
    store = KINDS[kind](tmp_path)
    table = store.rows(FIRM.account_no)
    assert tuple(table.column_names) == TRANSACTION_COLUMNS
    assert all(field.type == pa.string() for field in table.schema)
    expected = [row for row in ROWS if row["account_no"] == FIRM.account_no]
    found = [{k: v for k, v in row.items() if v not in (None, "")} for row in table.to_pylist()]
    assert found == [{k: v for k, v in row.items() if v} for row in expected]
    assert store.rows("no such account").num_rows == 0
    assert store.data_as_of() == datetime(2026, 11, 20, 16, tzinfo=UTC)
    store.close()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_store_finds_an_account_by_its_exact_number(tmp_path: Path, kind: str) -> None:
    store = KINDS[kind](tmp_path)
    found = store.find_account(FIRM.account_no)
    assert found is not None
    assert (found.name, found.uscc, found.kind, found.opened_on) == (
        FIRM.name, FIRM.uscc, "basic", date(2023, 8, 1),
    )  # fmt: skip
    for wrong in ("", FIRM.account_no[:-1], f"{FIRM.account_no}'--", "%"):
        assert store.find_account(wrong) is None
        assert store.rows(wrong).num_rows == 0
    store.close()


def test_the_same_figures_come_from_every_kind_of_store(tmp_path: Path) -> None:
    from xinqiao.domain.consent import Product
    from xinqiao.provider.compute import Computer

    made = []
    for kind, build in KINDS.items():
        store = build(tmp_path / kind)
        account = store.find_account(FIRM.account_no)
        assert account is not None
        computer = Computer(store, cache_mb=16, kept_figures=8)
        made.append(computer.body(account, (), product=Product.REPORT, months=24, include_balance=True))
        store.close()
    assert all(one == made[0] for one in made[1:])


def test_an_account_that_many_ask_for_at_once_is_read_once(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from xinqiao.domain.consent import Product
    from xinqiao.provider.compute import Computer

    store = parquet(tmp_path)
    account = store.find_account(FIRM.account_no)
    assert account is not None
    read: list[str] = []
    rows = store.rows
    store.rows = lambda number: (read.append(number), rows(number))[1]  # type: ignore[method-assign]
    computer = Computer(store, cache_mb=16, kept_figures=8)

    def figures(months: int) -> object:
        return computer.body(account, (), product=Product.REPORT, months=months, include_balance=True)

    wanted = [1 + turn % 36 for turn in range(72)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(figures, wanted))
    assert read == [FIRM.account_no]
    # the columns that all shared give what a thread of its own would have got
    for months in (1, 12, 24, 36):
        alone = Computer(store, cache_mb=16, kept_figures=8)
        body = alone.body(account, (), product=Product.REPORT, months=months, include_balance=True)
        assert made[months - 1] == body
    store.close()


def test_a_query_cannot_name_a_variable_of_the_program(tmp_path: Path) -> None:
    store = parquet(tmp_path)
    secret_rows = text_table(ROWS, TRANSACTION_COLUMNS)
    assert secret_rows.num_rows
    with pytest.raises(duckdb.CatalogException):
        store._connection.sql("SELECT * FROM secret_rows").fetchall()
    store.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_row_changes_the_version(tmp_path: Path, kind: str) -> None:
    store = KINDS[kind](tmp_path)
    before = store.version(FIRM.account_no)
    assert store.version(FIRM.account_no) == before
    match kind:
        case "sqlite":
            connection = sqlite3.connect(tmp_path / "bank.db")
            connection.execute("UPDATE core_tran SET amount = '1.00' WHERE rowid = 1")
            connection.commit()
            connection.close()
        case "csv":
            write_csv(tmp_path / "transactions" / "2026.csv", ROWS[1:], TRANSACTION_COLUMNS)
        case _:
            table = text_table(ROWS[1:], TRANSACTION_COLUMNS)
            pq.write_table(table, tmp_path / "transactions" / "part-0.parquet")
    assert store.version(FIRM.account_no) != before
    store.close()


def test_a_changed_store_drops_what_was_computed(tmp_path: Path) -> None:
    from xinqiao.domain.consent import Product
    from xinqiao.provider.compute import Computer

    store = parquet(tmp_path)
    account = store.find_account(FIRM.account_no)
    assert account is not None
    computer = Computer(store, cache_mb=16, kept_figures=8)

    def figures() -> object:
        return computer.body(account, (), product=Product.REPORT, months=24, include_balance=True)

    first = figures()
    assert computer.is_warm(account, ())
    assert figures() is first
    changed = [{**row, "amount": "1.00"} if row["direction"] == "in" else row for row in ROWS]
    pq.write_table(text_table(changed, TRANSACTION_COLUMNS), tmp_path / "transactions" / "part-0.parquet")
    assert not computer.is_warm(account, ())
    assert figures() != first
    store.close()


def test_related_names_and_parities_are_read_from_their_files(tmp_path: Path) -> None:
    store = parquet(tmp_path)
    assert store.related_names(FIRM.uscc) == ()
    write_csv(tmp_path / "related.csv", [{"uscc": FIRM.uscc, "name": "陈禾"}], ("uscc", "name"))
    write_csv(
        tmp_path / "parity.csv",
        [
            {"date": "2026-11-02", "currency": "usd", "rate": "7.1"},
            {"date": "", "currency": "USD", "rate": "7"},
        ],
        ("date", "currency", "rate"),
    )
    assert store.related_names(FIRM.uscc) == ("陈禾",)
    assert store.related_names(OTHER.uscc) == ()
    parity = store.parity()
    assert parity["USD", date(2026, 11, 2)] == 71 / 10 or float(parity["USD", date(2026, 11, 2)]) == 7.1
    assert parity["USD", date(2026, 11, 3)] == 7
    store.close()


@pytest.mark.parametrize(
    "line", ["2026-11-02,USD,1e999999999", "2026-W45-1,USD,7", ",USD,-1", "yesterday,USD,7"]
)
def test_a_parity_that_is_no_rate_stops_the_store(tmp_path: Path, line: str) -> None:
    store = parquet(tmp_path)
    (tmp_path / "parity.csv").write_text(f"date,currency,rate\n,EUR,8\n{line}\n", encoding="utf-8")
    with pytest.raises(StoreError, match=r"parity\.csv: row 2"):
        store.parity()
    store.close()


def test_duckdb_reads_nothing_outside_its_folder_and_cannot_be_talked_into_it(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    store = parquet(tmp_path / "data")
    assert isinstance(store, DuckDBStore)
    for sql in (
        f"SELECT * FROM read_csv('{tmp_path}/secret.csv')",
        f"SELECT * FROM read_csv('{tmp_path}/data/../secret.csv')",
        "SELECT * FROM read_text('/etc/passwd')",
        f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/x.db'",
        "SET enable_external_access=true",
        "SET allowed_directories=['/']",
        "INSTALL httpfs",
    ):
        with pytest.raises(duckdb.Error):
            store._connection.execute(sql)
    assert not (tmp_path / "out.csv").exists()
    store.close()


def test_the_sql_store_cannot_write_and_takes_only_plain_names(tmp_path: Path) -> None:
    store = sqlite(tmp_path)
    with pytest.raises(StoreError):
        store._database.all("DELETE FROM core_tran")  # type: ignore[attr-defined]
    store.close()
    for table in ("core_tran; DROP TABLE x", 'a"b', "a.b.c", ""):
        config = StoreConfig(
            StoreKind.SQL, tmp_path, dsn=f"sqlite:///{tmp_path}/bank.db", transactions=TableMap(table, {})
        )
        with pytest.raises(StoreError):
            open_store(config)


def test_an_error_of_the_store_never_quotes_a_value(tmp_path: Path) -> None:
    canary = "金丝雀6222029900"
    store = parquet(tmp_path)
    write_csv(tmp_path / "parity.csv", [{"date": canary, "currency": canary, "rate": canary}],
              ("date", "currency", "rate"))  # fmt: skip
    with pytest.raises(StoreError) as failed:
        store.version(FIRM.account_no)
    assert canary not in str(failed.value)
    (tmp_path / "parity.csv").unlink()
    rows = [{**account_rows()[0], "opened_on": canary}]
    pq.write_table(text_table(rows, ACCOUNT_COLUMNS), tmp_path / "accounts.parquet")
    with pytest.raises(StoreError) as failed:
        store.find_account(FIRM.account_no)
    assert canary not in str(failed.value)
    store.close()


def test_a_folder_without_the_needed_columns_is_named_at_the_start(tmp_path: Path) -> None:
    write_small_bank(tmp_path)
    table = pq.read_table(tmp_path / "transactions" / "part-0.parquet").drop_columns(["amount"])
    pq.write_table(table, tmp_path / "transactions" / "part-0.parquet")
    with pytest.raises(StoreError, match="amount"):
        open_store(folder_config(tmp_path))


def test_an_empty_folder_of_transactions_answers_without_an_as_of(tmp_path: Path) -> None:
    pq.write_table(text_table(account_rows(), ACCOUNT_COLUMNS), tmp_path / "accounts.parquet")
    store = open_store(folder_config(tmp_path))
    assert store.data_as_of() is None
    assert store.rows(FIRM.account_no).num_rows == 0
    store.close()


def test_without_a_statement_the_as_of_is_the_start_of_the_newest_day(tmp_path: Path) -> None:
    write_small_bank(tmp_path)
    (tmp_path / "manifest.json").unlink()
    store = open_store(folder_config(tmp_path))
    assert store.data_as_of() == datetime(2026, 11, 17, 16, tzinfo=UTC)  # 18 November, 00:00 in Shanghai
    store.close()
