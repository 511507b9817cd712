"""What the raw statements of the hot path share: a cursor's shape, which database it is, and how it keeps instants."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, Protocol

from django.db.backends.base.base import BaseDatabaseWrapper

type Vendor = Literal["sqlite", "postgresql"]
#: Django's cursors and psycopg's take ``%s``, bare sqlite3 cursors ``?``.
type Markers = Literal["%s", "?"]
type Value = str | int | bytes | datetime | None

#: Rows of one statement; the databases take some thirty thousand values.
MOST_ROWS = 128


class Cursor(Protocol):
    """The part of a DB-API cursor that is used: Django's, sqlite3's or psycopg's."""

    @property
    def rowcount(self) -> int: ...
    def execute(self, sql: str, params: Sequence[Value] = ..., /) -> object: ...
    def executemany(self, sql: str, params: Sequence[Sequence[Value]], /) -> object: ...
    def fetchone(self) -> Sequence[object] | None: ...
    def fetchall(self) -> Sequence[Sequence[object]]: ...


def insert_rows(
    cursor: Cursor, insert: str, rows: Sequence[Sequence[Value]], markers: Markers = "%s"
) -> None:
    """Insert rows by few statements; ``insert`` ends before ``VALUES``.

    ``executemany`` is one step of the database for each row, and each step hands the interpreter's lock to another thread
    and waits for it again. Powers of two, so that there are few different statements to prepare.
    """
    first = 0
    while first < len(rows):
        count = min(1 << (len(rows) - first).bit_length() - 1, MOST_ROWS)
        some = rows[first : first + count]
        one = f"({', '.join([markers] * len(some[0]))})"
        cursor.execute(
            f"{insert} VALUES {', '.join([one] * count)}", [value for row in some for value in row]
        )
        first += count


def padded(values: Sequence[Value]) -> list[Value]:
    """The values of an ``IN``, with nulls, which equal nothing, up to a power of two: few statements to prepare."""
    return [*values, *[None] * ((1 << (len(values) - 1).bit_length()) - len(values))]


def rows_where(
    cursor: Cursor, select: str, values: Sequence[Sequence[Value]], markers: Markers = "%s"
) -> list[Sequence[object]]:
    """Rows of a query with ``{}`` for a list of values: after ``IN``, or of tuples a table ``(VALUES ...)`` to join.

    A join because SQLite reads the whole table for ``(a, b) IN (VALUES ...)``, whatever indexes it has.
    """
    found: list[Sequence[object]] = []
    for first in range(0, len(values), MOST_ROWS):
        some = values[first : first + MOST_ROWS]
        width, count = len(some[0]), 1 << (len(some) - 1).bit_length()
        one = markers if width == 1 else f"({', '.join([markers] * width)})"
        listed = ", ".join([one] * count)
        given = [value for row in some for value in row] + [None] * (width * (count - len(some)))
        cursor.execute(select.format(f"({listed})" if width == 1 else f"(VALUES {listed})"), given)
        found += cursor.fetchall()
    return found


def vendor_of(wrapper: BaseDatabaseWrapper) -> Vendor:
    """Which of the two databases a connection of Django's is."""
    return "postgresql" if wrapper.vendor == "postgresql" else "sqlite"


def native_markers(vendor: Vendor) -> Markers:
    """The markers of the driver's own cursors."""
    return "?" if vendor == "sqlite" else "%s"


@lru_cache(maxsize=256)  # a transaction writes its one instant into every row
def write_time(vendor: Vendor, at: datetime) -> Value:
    """An instant as the database takes it; SQLite keeps naive UTC text, the way Django reads it."""
    return at if vendor == "postgresql" else str(at.astimezone(UTC).replace(tzinfo=None))


def read_time(value: object) -> datetime:
    """An instant of either database as an aware UTC datetime."""
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def read_time_or_none(value: object) -> datetime | None:
    """The same for a column that may be null."""
    return None if value is None else read_time(value)
