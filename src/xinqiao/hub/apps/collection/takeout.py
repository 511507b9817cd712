"""Records that leave the lake one by one, at a place of their own in the order of batches.

A batch that a source sent before stands before them, one it sends later behind: that is the table of suppressed
records' business, not the lake's.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from xinqiao.domain.errors import Code, Conflict, Unavailable
from xinqiao.domain.period import business_day
from xinqiao.hub.apps.collection.engine import PLACES
from xinqiao.hub.apps.collection.held import opened
from xinqiao.hub.apps.collection.intake import take_place
from xinqiao.lake.store import Lake

#: How the numbers of the platform's own withdrawals begin.
TAKEN_OUT = "T-"


def take_records_out(
    item: str, wanted: Sequence[tuple[str, dict[str, str]]], *, at: datetime
) -> tuple[str, int]:
    """Take records out of the lake; the number of the batch that did, and how many it still held.

    Raises:
        Unavailable: ``LAKE_BUSY``, ``LAKE_FULL``: try later.
    """
    from xinqiao.lake.takeout import take_out  # the engine of columns: only where records leave

    seq, number = _numbered(TAKEN_OUT, at)
    lake = _lake()
    if lake is None:
        return number, 0
    with _later():
        place = _behind(lake, item, seq)
        return number, take_out(lake, item, wanted, batch_no=number, seq=place, received_at=at)


def put_record_back(item: str, uscc: str, key: dict[str, str], *, at: datetime) -> bool:
    """Put a record back that :func:`take_records_out` took out; whether there was anything to put back.

    Raises:
        Unavailable: ``LAKE_BUSY``, ``LAKE_FULL``: try later.
    """
    from xinqiao.lake.putback import put_back  # as above

    lake = _lake()
    if lake is None:
        return False
    seq, number = _numbered("R-", at)
    with _later():
        place = _behind(lake, item, seq)
        return bool(
            put_back(lake, item, uscc, key, taken_by=TAKEN_OUT, batch_no=number, seq=place, received_at=at)
        )


def _numbered(prefix: str, at: datetime) -> tuple[int, str]:
    with transaction.atomic(durable=True):
        seq = take_place()
    return seq, f"{prefix}{business_day(at):%Y%m%d}-{seq}"


def _behind(lake: Lake, item: str, seq: int) -> int:
    """Behind everything there is, whatever a command line has put there at places of its own."""
    return max(PLACES * seq, lake.next_seq(item))


@contextmanager
def _later() -> Iterator[None]:
    """What somebody else is at in the lake is tried again later."""
    try:
        yield
    except Conflict as error:
        raise Unavailable(
            error.code if error.code is Code.LAKE_BUSY else Code.LAKE_INVALID, error.detail
        ) from error


def find_records(item: str, condition: str, *, limit: int) -> list[dict[str, Any]]:
    """Records in force for which a condition of the program's own holds; see :func:`xinqiao.lake.takeout.find`."""
    from xinqiao.lake.takeout import find

    lake = _lake()
    return [] if lake is None else find(lake, item, condition, limit=limit)


def _lake() -> Lake | None:
    folder = Path(settings.XINQIAO_LAKE)
    return opened(folder) if (folder / "lake.json").exists() else None
