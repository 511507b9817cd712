"""The lake: compaction, one enterprise, a dashboard panel and bytes, each beside its yardstick on the same rows.

``XINQIAO_BENCH_LAKE_ROWS`` says how many rows there are in all (default 600,000, spread over 17 items; a firm is known
to five of them). The goals were set for millions; the table says what was run.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import duckdb

from bench._table import BenchRow, p50, verdict
from xinqiao.lake.store import Lake, bucket_sql

ITEMS = 17
ITEMS_OF_A_FIRM = 5
ROWS_OF_A_FIRM = 50
BATCHES = 3
ROWS_OF_A_BUCKET = 20_000
LOOKUPS = 200
KEY = ("bill_no",)

# Sixteen payload columns of the usual kinds; a firm's rows arrive in no order. Names and notes repeat as real ones do.
_BATCH = """
    SELECT '9114' || lpad(CAST(firm * 7919 % 10000 AS VARCHAR), 4, '0') || upper(substr(md5(CAST(firm AS VARCHAR)), 1, 10))
            AS _subject,
        '经营主体' || firm || '有限公司' AS ent_name, 'W' || {item} || '-' || row_no AS bill_no,
        DATE '2024-01-01' + CAST(hash(row_no) % 900 AS INTEGER) AS period_start,
        DATE '2024-02-01' + CAST(hash(row_no) % 900 AS INTEGER) AS period_end,
        CAST(CAST(hash(row_no, 1) % 10000000 AS DECIMAL(18, 2)) / 100 AS DECIMAL(18, 2)) AS amount_due,
        CAST(CAST(hash(row_no, 2) % 1000000 AS DECIMAL(18, 2)) / 100 AS DECIMAL(18, 2)) AS amount_paid,
        CAST(hash(row_no, 3) % 5000 AS BIGINT) AS volume, 'C' || hash(row_no, 4) % 7 AS kind,
        'T' || hash(row_no, 5) % 4 AS tariff, '14' || lpad(CAST(firm % 110 AS VARCHAR), 4, '0') AS division,
        hash(row_no, 6) % 20 = 0 AS overdue, '第' || hash(row_no, 7) % 40 || '供应站' AS office,
        CASE WHEN hash(row_no, 8) % 10 = 0 THEN '补缴' || hash(row_no, 9) % 30 END AS note,
        DATE '2024-03-01' + CAST(hash(row_no, 10) % 900 AS INTEGER) AS paid_on,
        'M' || hash(firm, {item}) % 100000 AS meter_no,
        row_no AS _row, 'B{batch}' AS _batch, '水务集团' || {item} AS _source,
        DATE '2026-0{batch}-01' AS _as_of, TIMESTAMP '2026-0{batch}-02 03:04:05' AS _received, 'valid' AS _status,
        CAST({batch} AS BIGINT) AS _seq, hash(row_no, firm) AS _digest, 'W' || {item} || '-' || row_no AS _key
    FROM (SELECT row_no, CAST(hash(row_no, {item}, 11) % {firms} * {items} AS BIGINT)
              + ({item} + CAST(hash(row_no, {item}, 12) % {share} AS BIGINT)) % {items} AS firm
          FROM (SELECT CAST({first} + i AS BIGINT) AS row_no FROM range({rows}) t(i)))
"""
_ENVELOPE = "_row, _batch, _source, _as_of, _received, _status, _seq, _digest, _key"


def _fill(lake: Lake, total: int) -> int:
    """Publish the batches; how many bytes their rows take as CSV."""
    per_batch = total // ITEMS // BATCHES
    firms = max(1, total // ROWS_OF_A_FIRM // ITEMS)
    csv_bytes = 0
    with duckdb.connect() as connection, tempfile.TemporaryDirectory() as folder:
        for item in range(ITEMS):
            for batch in range(1, BATCHES + 1):
                rows = _BATCH.format(
                    item=item, batch=batch, rows=per_batch, first=batch * per_batch, items=ITEMS,
                    firms=firms, share=ITEMS_OF_A_FIRM,
                )  # fmt: skip
                draft = lake.begin(f"item_{item:02d}", f"B{batch}", batch, key=KEY)
                connection.execute(f"CREATE OR REPLACE TEMP TABLE batch AS {rows}").fetchall()
                csv = Path(folder) / "rows.csv"
                connection.execute(f"COPY (SELECT * EXCLUDE ({_ENVELOPE}) FROM batch) TO '{csv}'").fetchall()
                csv_bytes += csv.stat().st_size
                connection.execute(
                    f"COPY (SELECT *, printf('%03d', {bucket_sql('_subject', lake.buckets)}) AS bucket FROM batch) "
                    f"TO '{draft.folder}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (bucket), "
                    "OVERWRITE_OR_IGNORE, ROW_GROUP_SIZE 8192)"
                ).fetchall()
                cells = [
                    {"source": f"S{item}", "division": f"14{n:04d}", "month": f"2026-{batch:02d}", "rule": rule, "count": n}
                    for n in range(110) for rule in ("ACCEPTED", "BAD_USCC", "REQUIRED")
                ]  # fmt: skip
                lake.publish(draft, facts={"digest": f"{item}-{batch}", "rollup": cells})
    return csv_bytes


def _sorted_copy(lake: Lake, target: Path) -> Callable[[], float]:
    """The yardstick: DuckDB sorts the rows of each item as they lie and writes them, no keys, no history."""
    connection = duckdb.connect()

    def run() -> float:
        start = time.perf_counter()
        for item in sorted(lake.manifest().states):
            files = ", ".join(f"'{path}'" for path in lake.files(item))
            connection.execute(
                f"COPY (SELECT * FROM read_parquet([{files}]) ORDER BY _subject, _as_of) "
                f"TO '{target / item}.parquet' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION V2, ROW_GROUP_SIZE 8192)"
            ).fetchall()
        return time.perf_counter() - start

    return run


def _timed(tasks: list[Callable[[], object]]) -> list[float]:
    seconds: list[list[float]] = [[] for _ in tasks]
    for _ in range(LOOKUPS):
        for task, times in zip(tasks, seconds, strict=True):
            start = time.perf_counter()
            task()
            times.append(time.perf_counter() - start)
    return [p50(times) for times in seconds]


def rows() -> list[BenchRow]:
    """Rows G3 to G6 of the lake: compaction, one enterprise, panel, bytes."""
    total = int(os.environ.get("XINQIAO_BENCH_LAKE_ROWS", "600000"))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        buckets = 1 << max(0, total // ITEMS // ROWS_OF_A_BUCKET).bit_length()
        lake = Lake.open(folder / "lake", create=True, buckets=buckets)
        csv_bytes = _fill(lake, total)
        (folder / "plain").mkdir()
        plain = _sorted_copy(lake, folder / "plain")
        before = plain()
        start = time.perf_counter()
        figures = lake.compact(full=True)
        own = time.perf_counter() - start
        lake_bytes = sum(path.stat().st_size for path in (folder / "lake").rglob("*") if path.is_file())
        return [
            _compaction(figures.rows_read, own, before),
            *_reads(lake, folder / "plain"),
            _panel(lake),
            BenchRow("G8", f"lake bytes, {total} rows with index and manifest", f"{lake_bytes / total:.1f} B a row",
                     f"the payload as CSV {csv_bytes / total:.1f} B", f"{lake_bytes / csv_bytes:.3f}", "<= 0.2", "<= 0.15",
                     verdict(lake_bytes <= 0.2 * csv_bytes, lake_bytes <= 0.15 * csv_bytes)),
        ]  # fmt: skip


def _compaction(count: int, own: float, peer: float) -> BenchRow:
    return BenchRow("G8", f"compaction of {count} rows: newest by key, history, index, durable",
                    f"{count / own / 1e6:.2f} M rows/s", f"DuckDB plain sorted copy {count / peer / 1e6:.2f} M rows/s",
                    f"{peer / own:.2f}x", ">= 0.5x", ">= 0.8x", verdict(own <= 2 * peer, own <= 1.25 * peer))  # fmt: skip


def _reads(lake: Lake, plain: Path) -> list[BenchRow]:
    connection = duckdb.connect()
    subjects = connection.execute(
        f"SELECT DISTINCT _subject FROM '{plain}/*.parquet' ORDER BY md5(_subject) LIMIT {2 * LOOKUPS}"
    ).fetchall()
    chance = random.Random(7)
    cold = iter(row[0] for row in subjects)

    def filtered() -> object:
        wanted = chance.choice(subjects)[0]
        return connection.execute(
            f"SELECT * FROM read_parquet('{plain}/item_03.parquet') WHERE _subject = ?", [wanted]
        ).fetchall()

    fresh, one = _timed([lambda: lake.records(next(cold)), filtered])
    known = sum(len(lake.records(row[0])) for row in subjects[:50]) / 50

    def ms(seconds: float) -> str:
        return f"{seconds * 1e3:.2f} ms"

    return [
        BenchRow("G4", f"one enterprise, {ITEMS} items of which it has {known:.1f}, uncached, median", ms(fresh),
                 f"DuckDB filtered read of one item {ms(one)}", f"{one / fresh:.1f}x", "<= 5 ms", "<= 2 ms",
                 verdict(fresh <= 0.005, fresh <= 0.002)),
    ]  # fmt: skip


def _panel(lake: Lake) -> BenchRow:
    connection = duckdb.connect()

    def raw() -> object:
        counted = []
        for item in sorted(lake.manifest().states):
            sql = f"SELECT division, count(*) FROM {lake.relation_sql(item)} GROUP BY division"
            counted += connection.execute(sql).fetchall()
        return counted

    start = time.perf_counter()
    raw()
    scanned = time.perf_counter() - start
    fresh = Lake.open(lake.folder)
    start = time.perf_counter()
    found = fresh.rollups(by=("item", "month", "rule"))
    panel = time.perf_counter() - start
    assert len(found) == ITEMS * BATCHES * 3, "the rollups lost cells"
    return BenchRow("G7", f"dashboard panel, {ITEMS} items by month and rule, first time in a process",
                    f"{panel * 1e3:.1f} ms", f"DuckDB count over the records {scanned * 1e3:.0f} ms",
                    f"{scanned / panel:.1f}x", "<= 100 ms", "<= 20 ms", verdict(panel <= 0.1, panel <= 0.02))  # fmt: skip


if __name__ == "__main__":
    from bench._table import render

    print(render(rows()))
