"""What changed since a report: which items have other rows now, without keeping what a row said.

A report leaves a mark of every item: how many rows went out and a keyed digest of them. A record that a source confirmed
once more, unchanged, is no change; another value, another state (an objection, a repair) or another row is one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.catalogue.model import Catalogue
from xinqiao.domain.report.compose import Record
from xinqiao.domain.report.sight import Sight, Value


@dataclass(frozen=True, slots=True)
class Mark:
    """What a report leaves of an item: the number of rows and their digest under the platform's key."""

    rows: int
    digest: str


class Kind(StrEnum):
    """How an item differs."""

    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Change:
    """An item that differs.

    ``before``, ``now``: rows. ``arrived``: rows of now that were received since. ``corrected``: of those, later versions
    of a record that was there before. ``as_of``: the newest day the rows of now are true for.
    """

    item: str
    kind: Kind
    before: int
    now: int
    arrived: int = 0
    corrected: int = 0
    as_of: date | None = None


def spoken(records: Sequence[Record]) -> bytes:
    """What rows say, in one order, so that equal content gives equal bytes; only what goes out.

    Where a row came from and when is left out: a row that was confirmed, or brought by another batch, says the same.
    """
    rows = [
        canonical_bytes({"status": record.status.value, "values": {name: _json(value) for name, value in record.values.items()}})
        for record in records
        if record.status.goes_out
    ]  # fmt: skip
    return b"[" + b",".join(sorted(rows)) + b"]"


def _json(value: Value) -> Json:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, tuple):
        return [*value]
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def outgoing(records: Sequence[Record]) -> int:
    """How many rows go out."""
    return sum(record.status.goes_out for record in records)


def compare_marks(
    catalogue: Catalogue,
    *,
    sight: Sight,
    before: Mapping[str, Mark],
    now: Mapping[str, Mark],
    records: Mapping[str, Sequence[Record]],
    since: datetime,
) -> tuple[Change, ...]:
    """The items that differ, in the order of the list; only those the reader may see."""
    found = []
    for item in catalogue.items.values():
        old, new = before.get(item.id), now.get(item.id)
        if old == new or not sight.may_read(item):
            continue
        found.append(_change(item.id, old, new, records.get(item.id, ()), since))
    return tuple(found)


def _change(
    item: str, old: Mark | None, new: Mark | None, records: Sequence[Record], since: datetime
) -> Change:
    kind = Kind.NEW if old is None else Kind.GONE if new is None else Kind.CHANGED
    rows = [record for record in records if record.status.goes_out]
    late = [record for record in rows if record.received_at > since]
    return Change(
        item,
        kind,
        old.rows if old else 0,
        new.rows if new else 0,
        arrived=len(late),
        corrected=sum(record.version > 1 for record in late),
        as_of=max((record.as_of for record in rows if record.as_of is not None), default=None),
    )
