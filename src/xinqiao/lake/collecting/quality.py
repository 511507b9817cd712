"""The counts of the quality figures, by region: accepted rows are known already, refused ones are read where they lie.

What each count means is in ``xinqiao.domain.quality`` and docs/rules/quality.md.
"""

# ruff: noqa: S608 - names and expressions are made here; what comes from a file is a quoted text

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb

from xinqiao.domain.catalogue.headers import match_headers
from xinqiao.domain.catalogue.model import FieldType, Item, RowRule
from xinqiao.domain.catalogue.receipt import RegionTally, SheetRows
from xinqiao.domain.quality import CROSS_RULES, VALUE_RULES, Tally
from xinqiao.lake.collecting.fields_sql import filled, quoted, trimmed
from xinqiao.lake.collecting.figures import AcceptedRows, region_of, region_sql
from xinqiao.lake.collecting.pieces import END

_UNKNOWN = ""


def region_tallies(
    item: Item, accepted: Iterable[AcceptedRows], refused: Mapping[str, Tally], duplicates: int
) -> tuple[RegionTally, ...]:
    """The counts of a batch by region. Repeated rows are in no file any more: they count where the region is not known."""
    found: dict[str, Tally] = {}
    for rows in accepted:
        found[rows.region] = found.get(rows.region, Tally()) + _accepted(item, rows)
    for region, tally in refused.items():
        found[region] = found.get(region, Tally()) + tally
    if duplicates:
        found[_UNKNOWN] = found.get(_UNKNOWN, Tally()) + Tally(rows=duplicates, keyed_rows=duplicates)
    return tuple(RegionTally(region, found[region]) for region in sorted(found))


def _accepted(item: Item, seen: AcceptedRows) -> Tally:
    required = [field.name for field in item.fields if field.required]
    filled, compared = sum(seen.present.values()), seen.rows if item.rules else 0
    return Tally(
        rows=seen.rows,
        accepted=seen.rows,
        required_cells=seen.rows * len(required),
        required_filled=sum(seen.present[name] for name in required),
        filled_cells=filled,
        valid_cells=filled,
        compared_rows=compared,
        consistent_rows=compared,
        keyed_rows=seen.rows,
        unique_rows=seen.rows,
        timed_rows=seen.timed,
        timely_rows=seen.timely,
        lag_days_sum=seen.lag_days,
    )


def refused_tallies(
    connection: duckdb.DuckDBPyConnection, item: Item, aside: Path, sheets: Sequence[SheetRows]
) -> dict[str, Tally]:
    """The counts of a quarantine file by region, as far as a row says one."""
    found: dict[str, Tally] = {}
    ends = [*(sheet.before for sheet in sheets[1:]), END]
    for sheet, end in zip(sheets, ends, strict=True):
        for four, *counts in connection.execute(_refused_sql(item, aside, sheet, end)).fetchall():
            region = region_of(four)
            rows, filled, required_filled, wrong, broken, keyed, repeated, torn = map(int, counts)
            found[region] = found.get(region, Tally()) + Tally(
                rows=rows,
                required_cells=rows * sum(field.required for field in item.fields),
                required_filled=required_filled,
                filled_cells=filled,
                valid_cells=filled - wrong - torn,
                compared_rows=rows if item.rules else 0,
                consistent_rows=rows - broken if item.rules else 0,
                keyed_rows=keyed,
                unique_rows=keyed - repeated,
            )
    return found


def _refused_sql(item: Item, aside: Path, sheet: SheetRows, end: int) -> str:
    names = match_headers(item, sheet.header).fields
    cells = {name: f"_cells[{place + 1}]" for place, name in enumerate(names) if name is not None}
    code = cells.get(item.subject[-1]) if item.field(item.subject[-1]).type is FieldType.USCC else None
    region = region_sql(f"upper({trimmed(code)})") if code else f"'{_UNKNOWN}'"
    needed = [name for name in item.natural_key if item.field(name).required]
    keyed = " AND ".join(filled(cells[name]) for name in needed if name in cells) or "true"
    torn = f"list_contains(rules, '{RowRule.RAGGED}')"
    rows = (
        f"SELECT {region} AS region, list_transform(_findings, lambda f: split_part(f, ':', 2)) AS rules,"
        f" {_filled(cells.values())} AS filled,"
        f" {_filled(cells[one.name] for one in item.fields if one.required and one.name in cells)} AS needed,"
        f" {keyed} AS keyed FROM read_parquet({quoted(str(aside))})"
        f" WHERE _row > {sheet.before} AND _row <= {end}"
    )
    return (
        f"SELECT region, count(*), sum(filled), sum(needed), sum({_among(VALUE_RULES)}),"
        f" count(*) FILTER (WHERE {_among(CROSS_RULES)} > 0), count(*) FILTER (WHERE keyed AND NOT {torn}),"
        f" count(*) FILTER (WHERE list_contains(rules, '{RowRule.DUPLICATE_KEY}')),"
        f" coalesce(sum(filled) FILTER (WHERE {torn}), 0) FROM ({rows}) GROUP BY region"
    )


def _filled(cells: Iterable[str]) -> str:
    return " + ".join(f"({filled(one)})::INTEGER" for one in cells) or "0"


def _among(rules: Iterable[RowRule]) -> str:
    wanted = ", ".join(quoted(rule.value) for rule in sorted(rules))
    return f"len(list_filter(rules, lambda r: r IN ({wanted})))"
