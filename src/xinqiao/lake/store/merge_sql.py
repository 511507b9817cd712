"""The SQL of compaction: several segments of one bucket become one, newest by key; nothing is decided elsewhere.

A *chain* is all rows of one subject and key in the order of ``(_seq, _row)``. A row *changes* the one before when its
payload, source or status differ; the same once more is no new version, only a later confirmation. Every version gets
a number rising from 1 (``_version``) and the date since when it is known (``_since``, null when it is the row's own
``_as_of``). A row older than the base's is
late: it was superseded when it came, and gets version 0. ``reading.chain`` says the same of rows in memory, and a
test holds the two equal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xinqiao.lake.store.measure import ENVELOPE, name, scan

#: Columns that compaction makes, and those only batches need.
MADE = {"_version": "INTEGER", "_since": "DATE"}
_ORDER = "_seq, _row"
#: Mostly the day of the row itself, which is then not said again: a column of nulls costs neither bytes nor time.
_SINCE = "nullif(coalesce(_since, _as_of), _as_of) AS _since"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is merged: files, the key's columns, the payload, and the columns the result has."""

    files: tuple[Path, ...]
    key: tuple[str, ...]
    payload: tuple[str, ...]
    found: dict[str, str]
    wanted: dict[str, str]

    @property
    def identity(self) -> list[str]:
        """The columns that say which record a row is a version of."""
        return ["_subject", *(self.key or ("_key",))]

    @property
    def columns(self) -> list[str]:
        """The columns of the merged file. The key's own columns make ``_key`` needless, comparing makes ``_digest``."""
        dropped = {"_digest", *(("_key",) if self.key else ())}
        envelope = [column for column in ENVELOPE if column not in dropped]
        return [*envelope, *self.payload]

    def types(self, *, folds: bool) -> dict[str, str]:
        """Types of the columns of what is written: the merged file, or all rows as they are."""
        if not folds:
            return self.found
        return {column: self.found.get(column) or _type(self, column) for column in self.columns}


def plan_of(files: Sequence[Path], key: Sequence[str], found: dict[str, str], wanted: dict[str, str]) -> Plan:
    """A plan. ``found``: columns the files have; ``wanted``: those the item has."""
    payload = tuple(column for column in wanted if column not in ENVELOPE)
    return Plan(tuple(files), tuple(key), payload, found, wanted)


def source(plan: Plan) -> str:
    """All rows with all columns; what an older file lacks is null."""
    columns = [
        name(column) if column in plan.found else f"CAST(NULL AS {_type(plan, column)}) AS {name(column)}"
        for column in plan.columns
    ]
    return f"SELECT {', '.join(columns)} FROM {scan(plan.files)}"  # noqa: S608


def _type(plan: Plan, column: str) -> str:
    return MADE.get(column) or plan.wanted[column]


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(name(column) for column in columns)


def repeated(plan: Plan) -> str:
    """Hashes of identities that more than one row has. A superset is harmless: the chain compares whole values."""
    identity = _listed(plan.identity)
    return (
        f"SELECT h FROM (SELECT hash({identity}) AS h FROM {scan(plan.files)}) "  # noqa: S608
        "GROUP BY h HAVING count(*) > 1"
    )


def chained(plan: Plan) -> str:
    """Every row of the repeated identities with its version, since when, and what becomes of it."""
    identity, content = _listed(plan.identity), _listed([*plan.payload, "_source", "_status"])
    over = f"PARTITION BY {identity} ORDER BY {_ORDER}"
    upto = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    return f"""
        WITH ranked AS (
            SELECT *, row_number() OVER (PARTITION BY {identity} ORDER BY _seq DESC, _row DESC) AS _place,
                row(0, {content}) IS DISTINCT FROM lag(row(0, {content})) OVER ({over}) AS _changes
            FROM ({source(plan)}) WHERE hash({identity}) IN (SELECT h FROM repeated)
        ), counted AS (
            SELECT *, CAST(sum(CAST(_changes AS INTEGER)) OVER ({over} {upto}) AS INTEGER) AS _nth,
                max(CASE WHEN _version IS NOT NULL THEN _place END) OVER (PARTITION BY {identity}) AS _base
            FROM ranked
        ), numbered AS (
            SELECT *, max(CASE WHEN _version IS NOT NULL THEN _version - _nth END)
                    OVER (PARTITION BY {identity}) AS _shift,
                last_value(CASE WHEN _changes OR _version IS NOT NULL THEN coalesce(_since, _as_of) END IGNORE NULLS)
                    OVER ({over} {upto}) AS _run_since,
                lead(_changes) OVER ({over}) AS _replaced
            FROM counted
        )
        SELECT * REPLACE (
            CASE WHEN _version IS NOT NULL THEN _version WHEN _base IS NULL THEN _nth
                 WHEN _place > _base THEN 0 ELSE _nth + _shift END AS _version,
            _run_since AS _since
        ) FROM numbered
    """  # noqa: S608


def merged(plan: Plan, *, has_repeated: bool) -> str:
    """The rows of the new base, in their order."""
    columns = [column for column in plan.columns if column not in MADE]
    first = f"coalesce(_version, 1) AS _version, {_SINCE}, {_listed(columns)}"
    single = f"SELECT {first} FROM ({source(plan)})"  # noqa: S608
    if has_repeated:
        single += f" WHERE hash({_listed(plan.identity)}) NOT IN (SELECT h FROM repeated)"  # noqa: S608
        single += f" UNION ALL SELECT _version, {_SINCE}, {_listed(columns)} FROM chained WHERE _place = 1"  # noqa: S608
    return f"{single} ORDER BY _subject, _as_of"


def superseded(plan: Plan) -> str:
    """The rows of the new history segment: those another version has replaced."""
    columns = [column for column in plan.columns if column not in MADE]
    return (
        f"SELECT _version, {_SINCE}, {_listed(columns)} FROM chained "  # noqa: S608
        "WHERE _place > 1 AND (_replaced OR _version = 0) ORDER BY _subject, _as_of"
    )


def outcome() -> str:
    """How many rows were replaced, and how many only said what the row after them says once more."""
    goes = "_place > 1 AND (_replaced OR _version = 0)"
    return f"SELECT count(*) FILTER ({goes}), count(*) FILTER (_place > 1 AND NOT ({goes})) FROM chained"  # noqa: S608


def sorted_rows(plan: Plan) -> str:
    """All rows as they are, sorted: for batches that are too few to touch the base."""
    columns = [*plan.columns, *(column for column in ("_key", "_digest") if column in plan.found)]
    kept = [column for column in dict.fromkeys(columns) if column in plan.found]
    return f"SELECT {_listed(kept)} FROM {scan(plan.files)} ORDER BY _subject, _as_of"  # noqa: S608
