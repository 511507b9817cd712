"""Figures of what was accepted, from the files just written; nothing is read twice that the files say of themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.receipt import Receipt
from xinqiao.domain.quality import IN_TIME_DAYS
from xinqiao.lake.collecting.fields_sql import quoted
from xinqiao.lake.rules_sql import Compiled


def region_sql(code: str) -> str:
    """Where a code of 18 characters says its prefecture; empty for what is none, a person's hash among them."""
    return f"CASE WHEN length({code}) = 18 THEN {code}[3:6] ELSE '' END"


def region_of(four: str) -> str:
    """The prefecture (GB/T 2260) that ``region_sql`` found; empty for what cannot be one."""
    return f"{four}00" if four.isascii() and four.isdigit() and len(four) == 4 else ""


_REGION = region_sql("_subject")


def _files(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.glob("bucket=[0-9]*/*.parquet"))


def _scan(files: list[str]) -> str:
    return f"read_parquet([{', '.join(map(quoted, files))}], hive_partitioning = false)"


@dataclass(frozen=True, slots=True)
class AcceptedRows:
    """Accepted rows of one region and month ("as of"; empty without one). ``present``: cells that are there, by field.

    ``timed``: rows with an "as of" day where the item's frequency sets a term; ``timely`` those within it, ``lag_days``
    the sum of their days. ``latest``: the newest of those days, whether there is a term or not.
    """

    region: str
    month: str
    rows: int
    present: dict[str, int]
    timed: int
    timely: int
    lag_days: int
    latest: date | None


def accepted_figures(
    connection: duckdb.DuckDBPyConnection, folder: Path, compiled: Compiled, on: date
) -> list[AcceptedRows]:
    """What was accepted, by region and month, in one look; ``on`` is the day the batch came."""
    files = _files(folder)
    if not files:
        return []
    # what must be there is there in every accepted row: those columns need not be read
    required = {field.name for field in compiled.item.fields if field.required}
    optional = [name for name in compiled.stored if name not in required]
    counts = "".join(f", count({name})" for name in optional)
    day, limit = f"DATE '{on}'", IN_TIME_DAYS.get(compiled.item.frequency)
    term = "false" if limit is None else f"{day} - _as_of <= {limit}"
    rows = connection.execute(
        f"SELECT {_REGION}, date_trunc('month', _as_of), count(*), count(_as_of),"  # noqa: S608
        f" count(*) FILTER (WHERE {term}), coalesce(sum(greatest({day} - _as_of, 0)), 0), max(_as_of){counts}"
        f" FROM {_scan(files)} GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    found = []
    for four, month, count, dated, timely, lag, latest, *cells in rows:
        present = {name: int(one) for name, one in zip(optional, cells, strict=True)}
        # nor is the subject's own number, which is not stored, missing in any
        for field in compiled.item.fields:
            present.setdefault(field.name, int(count))
        timed, lag_days = (0, 0) if limit is None else (int(dated), int(lag))
        found.append(
            AcceptedRows(
                region_of(four),
                f"{month:%Y-%m}" if month else "",
                int(count),
                present,
                timed,
                int(timely),
                lag_days,
                latest,
            )
        )
    return found


def rollup_cells(taken: Sequence[AcceptedRows], receipt: Receipt) -> list[Json]:
    """Cells for the rollups: accepted rows by region and month (rule empty), findings by rule."""
    cells = [_cell(receipt.source, one.region, one.month, "", one.rows) for one in taken]
    month = receipt.received_at.strftime("%Y-%m")
    cells += [_cell(receipt.source, "", month, rule, count) for rule, count in receipt.by_rule.items()]
    if receipt.duplicates:
        cells.append(_cell(receipt.source, "", month, "duplicate", receipt.duplicates))
    return cells


def _cell(source: str, division: str, month: str, rule: str, count: int) -> Json:
    return {"source": source, "division": division, "month": month, "rule": rule, "count": count}
