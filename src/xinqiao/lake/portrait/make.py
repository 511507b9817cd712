"""Counting peers: the figures of every firm of the register in one month, and what may be told of its groups.

Figures of single firms exist only inside this computation, in memory; what leaves are the cells of groups that are large
enough (:mod:`xinqiao.domain.portrait.peers`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import batched, product

import duckdb
import pyarrow as pa

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.msme import SizeRule
from xinqiao.domain.portrait.definitions import FIGURES
from xinqiao.domain.portrait.model import Figure
from xinqiao.domain.portrait.peers import HEADCOUNT_MONTHS, LEAST, blurred, place_of, size_by_headcount
from xinqiao.lake.firms import FirmIndex
from xinqiao.lake.portrait.cells import Made, Peers, Row
from xinqiao.lake.portrait.figures_sql import Relation, figure_sql, headcount_sql
from xinqiao.lake.store import Lake
from xinqiao.lake.store.measure import connect

#: The platform may ask for larger groups, never for smaller ones than statistics to the public need (proposed: 5).
FEWEST = 5
_FIRMS_AT_ONCE = 200_000
_INDUSTRIES, _REGIONS, _SIZES = ("division", "section"), ("city", "province", "''"), ("size", "''")

type Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Making:
    """What counting needs besides the lake and the register."""

    rule: SizeRule
    at: datetime
    least: int = LEAST
    figures: Sequence[Figure] = FIGURES
    memory: str = "2GB"
    threads: int = 2


def rules_of(figures: Sequence[Figure], least: int) -> str:
    """Which definitions and which least number made a month: another text means that it should be counted anew."""
    return f"{least}:" + ",".join(f"{figure.id}.{figure.version}" for figure in figures)


def make_peers(
    lake: Lake,
    register: FirmIndex,
    peers: Peers,
    months: Sequence[str],
    making: Making,
    progress: Progress = lambda step, done, of: None,
) -> dict[str, int]:
    """Count the peers of months anew; how many cells each has now. A month is replaced whole or not at all.

    Raises:
        Invalid: ``INVALID`` for a least number below :data:`FEWEST`.
    """
    if making.least < FEWEST:
        raise Invalid(
            Code.INVALID, f"a group needs at least {FEWEST} other firms", facts={"field": "min_cell"}
        )
    with connect(making.threads, making.memory) as db, lake.reading() as manifest:
        relations = {
            item: Relation(lake.relation_sql(item), lake.manifest().state(item).columns)
            for item in {item for figure in making.figures for item in figure.items}
            if item in manifest.states
        }
        firms = _load_register(db, register)
        found: dict[str, int] = {}
        for done, month in enumerate(months):
            progress("month", done, len(months))
            _place_firms(db, relations, month, making.rule)
            cells = [cell for figure in making.figures for cell in _cells(db, figure, relations, month, making.least)]  # fmt: skip
            made = Made(
                month,
                making.at,
                manifest.version,
                firms,
                making.least,
                rules_of(making.figures, making.least),
            )
            found[month] = peers.replace(made, cells)
        progress("month", len(months), len(months))
    return found


def _load_register(db: duckdb.DuckDBPyConnection, register: FirmIndex) -> int:
    """The living firms into ``register``, with their place in ``place`` once for every writing of it."""
    db.execute("CREATE TABLE register (uscc VARCHAR, industry VARCHAR, division VARCHAR)")
    firms = 0
    for some in batched(register.living(), _FIRMS_AT_ONCE):
        table = pa.table(dict(zip(("uscc", "industry", "division"), zip(*some, strict=True), strict=True)))
        db.register("fresh", table)
        db.execute("INSERT INTO register SELECT * FROM fresh")
        db.unregister("fresh")
        firms += len(some)
    written = db.execute("SELECT DISTINCT industry, division FROM register").fetchall()
    places = [
        (industry, region, p.division, p.section, p.city, p.province)
        for industry, region in written
        for p in (place_of(industry, region, None),)
    ]
    _table(db, "place", ("industry", "written", "division", "section", "city", "province"), places)
    return firms


def _place_firms(
    db: duckdb.DuckDBPyConnection, relations: dict[str, Relation], month: str, rule: SizeRule
) -> None:
    """``firm``: every firm with its groups in this month; the size by the rule itself, asked once for each number."""
    db.execute(
        "CREATE OR REPLACE TEMP TABLE headcount AS "  # noqa: S608
        f"SELECT subject, insured, industry FROM ({headcount_sql(relations, month, HEADCOUNT_MONTHS)}) "
        "JOIN register ON uscc = subject"
    )
    asked = db.execute("SELECT DISTINCT industry, insured FROM headcount").fetchall()
    sizes = [
        (industry, insured, size.value)
        for industry, insured in asked
        if (size := size_by_headcount(rule, industry, insured)) is not None
    ]
    _table(db, "sizes", ("industry", "insured", "size"), sizes, (pa.string(), pa.int64(), pa.string()))
    db.execute(
        "CREATE OR REPLACE TEMP TABLE firm AS SELECT r.uscc, p.division, p.section, p.city, p.province, "
        "coalesce(s.size, '') AS size FROM register r JOIN place p ON p.industry = r.industry AND p.written = r.division "
        "LEFT JOIN headcount h ON h.subject = r.uscc "
        "LEFT JOIN sizes s ON s.industry = h.industry AND s.insured = h.insured"
    )
    db.execute(
        "CREATE OR REPLACE TEMP TABLE listed AS "  # noqa: S608
        + _each_level("SELECT {group}, count(*) AS listed FROM firm WHERE {there} GROUP BY ALL")
    )


def _cells(
    db: duckdb.DuckDBPyConnection, figure: Figure, relations: dict[str, Relation], month: str, least: int
) -> Iterator[Row]:
    if not any(item in relations for item in figure.items):
        return
    measured = db.execute(
        "CREATE OR REPLACE TEMP TABLE measured AS SELECT firm.*, value FROM firm JOIN "  # noqa: S608
        f"({figure_sql(figure, relations, month)}) ON subject = uscc"
    ).fetchone()
    if not measured or measured[0] <= least:
        return
    quantiles = "quantile_cont(value, [0.25, 0.5, 0.75]) AS told"
    counted = _each_level(
        "SELECT {group}, count(*) AS firms, " + quantiles + " FROM measured WHERE {there} GROUP BY ALL "  # noqa: S608
        f"HAVING count(*) > {least}"
    )
    rows = db.execute(
        f"SELECT industry, region, size, firms, listed, told FROM ({counted}) JOIN listed USING (industry, region, size) "  # noqa: S608
        "ORDER BY ALL"
    ).fetchall()
    for industry, region, size, firms, listed, told in rows:
        p25, p50, p75 = (f"{blurred(Decimal(one)):f}" for one in told)
        yield figure.id, figure.version, industry, region, size, month, firms, listed, p25, p50, p75


def _each_level(query: str) -> str:
    """The query once for every width of industry, region and size; a firm without one is in no such group."""
    parts = []
    for industry, region, size in product(_INDUSTRIES, _REGIONS, _SIZES):
        there = " AND ".join(f"{column} <> ''" for column in (industry, region, size) if column != "''")
        group = f"{industry} AS industry, {region} AS region, {size} AS size"
        parts.append("(" + query.format(group=group, there=there) + ")")
    return " UNION ALL ".join(parts)


def _table(
    db: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[str],
    rows: Sequence[tuple[object, ...]],
    types: Sequence[pa.DataType] = (),
) -> None:
    """A small table of Python's values."""
    kinds = types or [pa.string()] * len(columns)
    arrays = [pa.array([row[place] for row in rows], kind) for place, kind in enumerate(kinds)]
    db.register("fresh", pa.table(dict(zip(columns, arrays, strict=True))))
    db.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM fresh")  # noqa: S608
    db.unregister("fresh")
