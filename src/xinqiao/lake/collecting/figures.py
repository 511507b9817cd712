"""Figures of what was accepted, from the files just written; nothing is read twice that the files say of themselves."""

from datetime import date
from pathlib import Path

import duckdb

from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.model import Item
from xinqiao.domain.catalogue.receipt import Receipt
from xinqiao.lake.collecting.fields_sql import quoted
from xinqiao.lake.rules_sql import Compiled

_NO_MONTH = ""
#: Region of a code: its prefecture.
_REGION = "CASE WHEN regexp_full_match(_subject[3:6], '[0-9]{4}') THEN _subject[3:6] || '00' ELSE '' END"


def _files(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.glob("bucket=[0-9]*/*.parquet"))


def _scan(files: list[str]) -> str:
    return f"read_parquet([{', '.join(map(quoted, files))}], hive_partitioning = false)"


def accepted_figures(
    connection: duckdb.DuckDBPyConnection, folder: Path, compiled: Compiled
) -> tuple[int, dict[str, int], date | None]:
    """Rows, cells that are there by field, and the latest day the rows are true for."""
    files = _files(folder)
    if not files:
        return 0, {}, None
    counts = ", ".join(f"count({name})" for name in compiled.stored)
    row = connection.execute(f"SELECT count(*), max(_as_of), {counts} FROM {_scan(files)}").fetchone()  # noqa: S608
    assert row is not None
    present = {name: int(count) for name, count in zip(compiled.stored, row[2:], strict=True)}
    # the subject's own number is not stored, and is there or the row would not be
    for field in compiled.item.fields:
        present.setdefault(field.name, int(row[0]))
    return int(row[0]), present, row[1]


def rollup_cells(
    connection: duckdb.DuckDBPyConnection, folder: Path, item: Item, receipt: Receipt
) -> list[Json]:
    """Cells for the rollups: accepted rows by region and month (rule empty), findings by rule."""
    cells: list[Json] = []
    files = _files(folder)
    if files:
        rows = connection.execute(
            f"SELECT {_REGION}, coalesce(strftime(_as_of, '%Y-%m'), '{_NO_MONTH}'), count(*)"  # noqa: S608
            f" FROM {_scan(files)} GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        cells += [_cell(receipt.source, division, month, "", int(count)) for division, month, count in rows]
    month = receipt.received_at.strftime("%Y-%m")
    cells += [_cell(receipt.source, "", month, rule, count) for rule, count in receipt.by_rule.items()]
    if receipt.duplicates:
        cells.append(_cell(receipt.source, "", month, "duplicate", receipt.duplicates))
    return cells


def _cell(source: str, division: str, month: str, rule: str, count: int) -> Json:
    return {"source": source, "division": division, "month": month, "rule": rule, "count": count}
