"""What the platform holds about a firm, for its own staff: how much of which item, from whom, since when; no record.

That something is held can say much (a listing, arrears), so every look is recorded, and the firm finds it in its record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import assert_never

from django.db import transaction

from xinqiao.domain.catalogue.model import Item
from xinqiao.domain.report import Record, RecordStatus
from xinqiao.hub.actors import AuditorActor, OperatorActor
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.collection.selectors import batches_numbered
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.reports.holdings import Holdings


@dataclass(frozen=True, slots=True)
class HeldItem:
    """One item about one firm.

    ``rows``: records in force; ``kept_back``: of them those that go out to nobody (repaired, expired). ``batches``: number
    and id of those that brought them, newest first; the id is empty for one that the platform does not know.
    """

    item: Item
    rows: int
    objected: int
    kept_back: int
    sources: tuple[str, ...]
    batches: tuple[tuple[str, str], ...]
    newest: date | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class HeldFirm:
    """All of them, how many items are gathered at all, whether the firm has a data account, and the leaf of the look."""

    uscc: str
    items: tuple[HeldItem, ...]
    gathered: int
    account_name: str
    leaf_index: int


def look_at_holdings(
    *, actor: OperatorActor | AuditorActor, uscc: str, holdings: Holdings, at: datetime
) -> HeldFirm:
    """What is held about a firm; that somebody looked is recorded before anything is shown."""
    match actor:
        case OperatorActor(user_id=who) | AuditorActor(user_id=who):
            pass
        case _:
            assert_never(actor)
    numbers = {row.batch for rows in holdings.records.values() for row in rows}
    ids = batches_numbered(actor, numbers)
    found = tuple(
        _held(item, rows, ids)
        for item in holdings.catalogue.items.values()
        if (rows := holdings.records.get(item.id))
    )
    with transaction.atomic(durable=True):
        firm = Enterprise.objects.for_viewer(actor).filter(uscc=uscc).first()
        leaf = append_leaf(
            type="ADMIN",
            at=at,
            facts={"act": "firm_looked_up", "by": who, "items": len(found)},
            refs=Refs(subject=firm.id if firm else None),
            personal={"uscc": uscc},
        )
    return HeldFirm(uscc, found, len(holdings.supplies), firm.name if firm else "", leaf.index)


def _held(item: Item, rows: Sequence[Record], ids: Mapping[str, str]) -> HeldItem:
    newest_first = sorted(rows, key=lambda row: row.received_at, reverse=True)
    return HeldItem(
        item,
        len(rows),
        sum(row.status is RecordStatus.OBJECTED for row in rows),
        sum(not row.status.goes_out for row in rows),
        tuple(dict.fromkeys(row.source for row in rows)),
        tuple((number, ids.get(number, "")) for number in dict.fromkeys(row.batch for row in newest_first)),
        max((row.as_of for row in rows if row.as_of is not None), default=None),
        newest_first[0].received_at,
    )
