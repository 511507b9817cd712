"""Fund flow: one account on demand, and a bank in batch, beside the literal engine, DuckDB and pandas.

The peers do far less: they only sum the amounts of the same rows by month and direction. The engine computes every
implemented line of the dictionary, exactly.
"""

from collections.abc import Callable
from datetime import date, datetime

import duckdb
import pandas as pd
import pyarrow as pa

from bench._table import BenchRow, interleaved, p50, verdict
from bench.statement import statement
from xinqiao.domain.fundflow.compute import compute as literal
from xinqiao.domain.fundflow.dictionary import LINES
from xinqiao.domain.fundflow.model import COLUMNS, Context
from xinqiao.domain.fundflow.parse import parse_rows
from xinqiao.provider import engine

ROWS, MONTHS = 5_000, 36
BATCH_ACCOUNTS, BATCH_ROWS = 60, 420
AS_OF = date(2026, 10, 31)

_MONTH_SUMS = "select account, date_trunc('month', booked_at) m, direction, count(*), sum(amount) from t group by all order by all"
_PLAIN_SUMS = "select account, date_trunc('month', booked_at) m, sum(amount) from t group by all"


def _typed(text: list[dict[str, str]]) -> pa.Table:
    """The peers get their columns already typed."""
    return pa.table(
        {
            "account": [row["account_no"] for row in text],
            "booked_at": [datetime.fromisoformat(row["booked_at"]) for row in text],
            "direction": [row["direction"] for row in text],
            "amount": pa.array([int(row["amount"].replace(".", "")) for row in text], pa.int64()),
        }
    )


def _as_stored(text: list[dict[str, str]]) -> pa.Table:
    """What a store hands out: text columns, null for an empty text."""
    return pa.table(
        {name: pa.array([row.get(name) or None for row in text], pa.string()) for name in COLUMNS}
    )


def _duck(table: pa.Table, sql: str) -> Callable[[], object]:
    connection = duckdb.connect()
    connection.execute("set threads to 1")
    connection.register("source", table)
    connection.execute("create table t as select * from source")
    return lambda: connection.execute(sql).fetchall()


def _pandas(table: pa.Table) -> Callable[[], object]:
    frame = table.to_pandas()

    def run() -> object:
        month = frame["booked_at"].dt.to_period("M")
        return frame.groupby([month, "direction"])["amount"].agg(["count", "sum"])

    assert isinstance(frame, pd.DataFrame)
    return run


def rows() -> list[BenchRow]:
    """Rows G9 (one account) and G10 (a batch)."""
    return [*_one_account(), *_batch()]


def _one_account() -> list[BenchRow]:
    text = statement(ROWS, MONTHS)
    parsed = parse_rows(text)
    context = Context(as_of=AS_OF, months=MONTHS)
    account = parsed.accounts[0]
    prepared = engine.prepare(parsed, context)
    assert engine.compute(prepared, account) == literal(parsed, context), "the engines differ"
    table, stored = _typed(text), _as_stored(text)
    tasks: list[Callable[[], object]] = [
        lambda: engine.compute(prepared, account),
        lambda: engine.run(parsed, context),
        lambda: engine.compute(engine.prepare_table(stored, context), account),
        lambda: literal(parsed, context),
        _duck(table, _MONTH_SUMS),
        _pandas(table),
    ]
    warm, cold, read, slow, duck, pandas = (p50(times) for times in interleaved(tasks, rounds=9))
    lines = sum(line.implemented for line in LINES)
    what = f"{ROWS} rows, {MONTHS} months, {lines} lines"

    def ms(seconds: float) -> str:
        return f"{seconds * 1e3:.2f} ms"

    def times(peer: float, own: float) -> str:
        return f"{peer / own:.1f}x"

    return [
        BenchRow("G9", f"fund flow, {what}, account prepared", ms(warm), f"DuckDB month sums {ms(duck)}",
                 times(duck, warm), "<= 10 ms", "<= 1 ms", verdict(warm <= 0.010, warm <= 0.001)),
        BenchRow("G9", "the same", ms(warm), f"pandas month sums {ms(pandas)}", times(pandas, warm)),
        BenchRow("G9", "the same", ms(warm), f"literal engine {ms(slow)}", times(slow, warm)),
        BenchRow("G9", f"fund flow, {what}, cold from parsed rows", ms(cold), f"DuckDB month sums {ms(duck)}",
                 times(duck, cold)),
        BenchRow("G9", "the same", ms(cold), f"literal engine {ms(slow)}", times(slow, cold)),
        BenchRow("G9", f"fund flow, {what}, cold from the store's text columns", ms(read),
                 f"DuckDB month sums {ms(duck)}", times(duck, read)),
    ]  # fmt: skip


def _bank() -> list[dict[str, str]]:
    text: list[dict[str, str]] = []
    for number in range(BATCH_ACCOUNTS):
        text += statement(BATCH_ROWS, 24, seed=number, account=f"62220000{number:08d}")
    return text


def _batch() -> list[BenchRow]:
    text = _bank()
    context = Context(as_of=AS_OF, months=24)
    stored = _as_stored(text)

    def batch() -> None:
        prepared = engine.prepare_table(stored, context, separate=True)
        for account in prepared.accounts:
            engine.compute(prepared, account)

    fast, duck = (p50(times) for times in interleaved([batch, _duck(_typed(text), _PLAIN_SUMS)], rounds=5))
    n = len(text)
    return [
        BenchRow(
            "G10",
            f"fund flow in batch, {BATCH_ACCOUNTS} accounts of {BATCH_ROWS} rows, all lines, from text columns, one core",
            f"{n / fast / 1e6:.3f} M tx/s",
            f"DuckDB plain sum by account and month {n / duck / 1e6:.2f} M tx/s",
            f"{duck / fast:.3f}x",
        )
    ]


if __name__ == "__main__":
    from bench._table import render

    print(render(rows()))
