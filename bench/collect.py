"""Collecting: a CSV into the lake beside DuckDB's plain copy of it, and its rules beside a model per row.

Sizes by environment: ``XINQIAO_BENCH_COLLECT_ROWS`` (default 1,000,000; the goal is told for 20,000,000),
``XINQIAO_BENCH_COLLECT_ROUNDS``. The peer of the first row reads the file and writes every column as it stands, with
DuckDB's own settings; the pipeline verifies the encoding, judges every cell, keeps reasons and refused rows, counts,
writes into buckets and makes all durable.
"""

import os
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import duckdb
import numpy as np
import pyarrow as pa
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError, model_validator

from bench._table import BenchRow, interleaved, p50, verdict
from xinqiao.campaigns.planted import HEADER, plant
from xinqiao.catalogue import load
from xinqiao.domain.catalogue.headers import match_headers
from xinqiao.domain.catalogue.values import OUTER, UNSEEN, read_date
from xinqiao.domain.identifiers import check_uscc
from xinqiao.lake.collect import Means, collect
from xinqiao.lake.collecting.coded import coded
from xinqiao.lake.collecting.verdicts import Cells, Verdicts
from xinqiao.lake.files import expected_names, stage
from xinqiao.lake.rules_sql import compile_item, register
from xinqiao.lake.store import Lake

ROWS = int(os.environ.get("XINQIAO_BENCH_COLLECT_ROWS", "1000000"))
ROUNDS = int(os.environ.get("XINQIAO_BENCH_COLLECT_ROUNDS", "3"))
PLANTED = 100_000
JUDGED = 200_000
THREADS = 2
NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
ON = date(2026, 11, 21)
CATALOGUE = load()
ITEM = CATALOGUE.items["electricity_fee"]


def rows() -> list[BenchRow]:
    """Rows G1 (the pipeline) and G2 (the rules)."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as folder:
        path = _file(Path(folder))
        return [*_pipeline(Path(folder), path), _rules(path)]


def _file(folder: Path) -> Path:
    """Planted rows, one block after another with account numbers of its own, so that no key repeats between blocks."""
    block = folder / "block.csv"
    plant(block, min(PLANTED, ROWS), seed=1)
    path = folder / "bills.csv"
    count = -(-ROWS // PLANTED)
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * EXCLUDE (b) REPLACE (CASE WHEN 用电户号 LIKE 'D%' THEN 用电户号"
            f" ELSE lpad(CAST(CAST(用电户号 AS BIGINT) + b * {PLANTED} AS VARCHAR), 10, '0') END AS 用电户号)"
            f" FROM read_csv('{block}', all_varchar = true) CROSS JOIN range({count}) AS r(b)) TO '{path}' (HEADER)"
        )
    return path


def _pipeline(folder: Path, path: Path) -> list[BenchRow]:
    size = path.stat().st_size
    lakes = folder / "lakes"

    def own() -> None:
        shutil.rmtree(lakes, ignore_errors=True)
        lakes.mkdir()
        staged = stage(path, lakes, expected=expected_names(ITEM))
        lake = Lake.open(lakes / "lake", create=True)
        receipt = collect(
            lake,
            staged,
            ITEM,
            CATALOGUE,
            source="bench",
            batch_no="b1",
            received_at=NOW,
            means=Means(secret=b"bench"),
        )
        assert receipt.refused > 0
        assert lake.batch(ITEM.id, "b1") is not None

    def peer() -> None:
        with duckdb.connect(config={"threads": "2"}) as connection:
            connection.execute(
                f"COPY (FROM read_csv('{path}', all_varchar = true)) TO '{folder}/raw.parquet' (COMPRESSION zstd)"
            )
        descriptor = os.open(folder / "raw.parquet", os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    ours, theirs = (p50(times) for times in interleaved([own, peer], rounds=ROUNDS))
    stored = sum(file.stat().st_size for file in (lakes / "lake" / "items").rglob("*.parquet"))
    ratio, share = theirs / ours, stored / size
    return [
        BenchRow(
            "G1", f"collect a CSV of {ROWS} rows, {size >> 20} MiB, 3 % wrong: stage, judge, put aside, count, durable",
            f"{ROWS / ours / 1e6:.2f} M rows/s", f"DuckDB CSV to Parquet (zstd) {ROWS / theirs / 1e6:.2f} M rows/s",
            f"{ratio:.2f}x", ">= 0.5x", ">= 1.0x", verdict(ratio >= 0.5, ratio >= 1.0),
        ),
        BenchRow(
            "G4", "bytes of the lake before compaction, of the CSV", f"{stored / ROWS:.1f} B/row",
            f"{size / ROWS:.1f} B/row", f"{share:.2f}", "<= 0.2", "<= 0.15", verdict(share <= 0.2, share <= 0.15),
        ),
    ]  # fmt: skip


# a model per row, of the same rules


def _trimmed(value: object) -> object:
    text = value.strip(OUTER) if isinstance(value, str) else value
    return text or None


_HIDDEN = re.compile("[" + "".join(f"{re.escape(chr(a))}-{re.escape(chr(b))}" for a, b in UNSEEN) + "]")


def _seen(text: str) -> str:
    if _HIDDEN.search(text):
        raise ValueError("unseen")
    return text


def _code(text: str) -> str:
    found = check_uscc(text)
    if not isinstance(found, str):
        raise ValueError("code")
    return found


def _day(value: object) -> object:
    found = read_date(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("date")
    return found


_CODES = CATALOGUE.code_lists["utility_account_status"].entries
_BY_LABEL = {label: code for code, label in _CODES.items()} | {code: code for code in _CODES}


def _status(value: object) -> object:
    if value not in _BY_LABEL:
        raise ValueError("list")
    return _BY_LABEL[str(value)]


Trim = BeforeValidator(_trimmed)
Text = Annotated[str, Trim, AfterValidator(_seen)]
Amount = Annotated[Decimal, Trim, Field(ge=0, max_digits=18, decimal_places=2)]


class Bill(BaseModel):
    """What somebody would write by hand for the item."""

    ent_name: Annotated[Text, Field(max_length=200)]
    uscc: Annotated[str, AfterValidator(_code), Trim]
    account_no: Annotated[str, Trim, Field(pattern="^[0-9]{10,13}$")]
    address: Annotated[Text, Field(max_length=300)]
    running_capacity_kva: Amount
    contract_capacity_kva: Amount
    first_supply_on: Annotated[date, BeforeValidator(_day), Trim]
    account_status: Annotated[str, BeforeValidator(_status), Trim]
    arrears_amount: Amount
    default_count_24m: Annotated[int, Trim, Field(ge=0)]
    period: Annotated[str, Trim, Field(pattern="^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$")]
    usage_kwh: Annotated[Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)] | None, Trim] = None

    @model_validator(mode="after")
    def _no_future(self) -> "Bill":
        if self.first_supply_on > ON or self.period > f"{ON:%Y-%m}":
            raise ValueError("future")
        return self


def _rules(path: Path) -> BenchRow:
    names = match_headers(ITEM, HEADER).fields
    with duckdb.connect() as reader:
        cells = reader.sql(f"FROM read_csv('{path}', all_varchar = true) LIMIT {JUDGED}").to_arrow_table()
    records = [
        {name: cell for name, cell in zip(names, row.values(), strict=True) if name}
        for row in cells.to_pylist()
    ]
    count = len(records)
    compiled = compile_item(CATALOGUE, ITEM, names, received_on=ON)
    connection = duckdb.connect(config={"threads": "2"})
    register(connection, CATALOGUE, ITEM, on=ON, key=b"bench")
    parts = [cells.slice(start, -(-count // THREADS)) for start in range(0, count, -(-count // THREADS))]
    refused: dict[str, int] = {}

    def judged(part: pa.Table) -> int:
        """Every value and every finding of some rows; nothing is known from an earlier round."""
        with connection.cursor() as cursor:
            columns = tuple(coded(column) for column in part.columns)
            numbers = np.arange(len(part), dtype=np.int64)
            verdicts = Verdicts(cursor, compiled, Cells(numbers, None, columns))
            values = [field.column.take(slice(None)) for field in verdicts.fields]
            assert {len(column) for column in values} == {len(part)}
            return len(verdicts.findings(np.flatnonzero(verdicts.bad)))

    def vectorised() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            refused["own"] = sum(pool.map(judged, parts))

    def modelled() -> None:
        refused["peer"] = sum(map(_is_bad, records))

    ours, theirs = (p50(times) for times in interleaved([vectorised, modelled], rounds=ROUNDS))
    assert refused["own"] == refused["peer"], refused
    ratio = theirs / ours
    return BenchRow(
        "G2", f"all rules of electricity_fee with reasons, {count} rows in memory",
        f"{count / ours / 1e6:.2f} M rows/s", f"a pydantic model per row {count / theirs / 1e6:.3f} M rows/s",
        f"{ratio:.1f}x", ">= 15x", ">= 40x", verdict(ratio >= 15, ratio >= 40),
    )  # fmt: skip


def _is_bad(record: dict[str, str]) -> bool:
    try:
        Bill.model_validate(record)
    except ValidationError:
        return True
    return False


if __name__ == "__main__":
    from bench._table import render

    print(render(rows()))
