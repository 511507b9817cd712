"""Records that no answer carries any more: written at the instant of the decision or of the end of their term, taken
out of the lake behind it, and told to other platforms as a signed list.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from xinqiao.domain.adverse import dishonesty, record_ref
from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.keys import natural_key
from xinqiao.domain.catalogue.model import Item
from xinqiao.domain.period import add_months, business_day, format_instant
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.collection.takeout import find_records, put_record_back, take_records_out
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.redress.models import ImportedResult, Repair, Suppression
from xinqiao.hub.apps.redress.standing import touch_standing
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, sign_jws

#: Records handled in one go, by the clock and towards the lake.
AT_ONCE = 500
_NONE = "-"


def suppress_repaired(row: Repair, *, leaf_index: int, at: datetime) -> Suppression:
    """From now on no answer carries the record; inside the transaction of the decision.

    A term that ended while the decision was pending hides it already: what hides it from now on is the repair.
    """
    hidden = Suppression.objects.filter(record_ref=row.record_ref, ended_at=None)
    batch = hidden.values_list("lake_batch", flat=True).first() or ""
    hidden.update(ended_at=at)
    return Suppression.objects.create(
        id=new_id(Prefix.SUPPRESSION),
        record_ref=row.record_ref,
        uscc=row.enterprise.uscc,
        item=row.item,
        record_key=row.record_key,
        reason="repaired",
        repair=row,
        from_at=at,
        leaf_index=leaf_index,
        lake_batch=batch,
    )


def suppress_imported(
    row: ImportedResult, key: Mapping[str, str], *, row_id: str, leaf_index: int, at: datetime
) -> Suppression:
    """The same for a record that another platform's decision repaired; inside the transaction that applies it."""
    return Suppression.objects.create(
        id=row_id, record_ref=row.record_ref, uscc=row.uscc, item=row.item, record_key=dict(key), reason="repaired",
        imported=row, from_at=at, leaf_index=leaf_index,
    )  # fmt: skip


def restore(row: Suppression, *, leaf_index: int, at: datetime) -> Suppression:
    """From now on answers carry the record again, as far as its term allows; inside the transaction of the decision.

    One file may hide and restore a record at one instant: what other platforms are told keeps the order all the same.
    """
    Suppression.objects.filter(id=row.id).update(ended_at=at)
    told_at = max(at, row.from_at + timedelta(microseconds=1))
    return Suppression.objects.create(
        id=new_id(Prefix.SUPPRESSION), record_ref=row.record_ref, uscc=row.uscc, item=row.item,
        record_key=row.record_key, reason="restored", from_at=told_at, ended_at=at, leaf_index=leaf_index, lake_batch=_NONE,
    )  # fmt: skip


def back_in_lake(row: Suppression, *, at: datetime) -> None:
    """Put the record back where it was taken out of; hidden it stays until :func:`restore`. Safe to run twice.

    Raises:
        Unavailable: ``LAKE_BUSY``, ``LAKE_FULL``.
    """
    if row.lake_batch not in ("", _NONE):
        put_record_back(row.item, row.uscc, {str(k): str(v) for k, v in row.record_key.items()}, at=at)


def expire_published(*, at: datetime) -> int:
    """Suppress the records whose publication has come to its end; how many there were. Safe to run twice at once.

    Answers leave them out by the clock already; this is the trace of it, and what the lake and other platforms follow.
    """
    day, count = business_day(at), 0
    for item in runtime.catalogue.items.values():
        if item.adverse is not None:
            for row in find_records(item.id, _over(item, day), limit=AT_ONCE):
                count += _expire(item, row, day, at)
    return count


def _over(item: Item, day: date) -> str:
    """The rows that may be over, as a condition of columns; ``dishonesty`` then decides each."""
    assert item.adverse is not None
    if item.adverse.ends:
        dates = [f"\"{name}\" <= DATE '{day}'" for name in item.adverse.ends]
    else:
        terms = runtime.redress_rules.terms.values()
        soonest = add_months(day, -min(one.most for one in terms))
        dates = [f"\"{item.adverse.determined_on}\" <= DATE '{soonest}'"]
    return f"({' OR '.join(dates)})"


def _expire(item: Item, row: Mapping[str, Any], day: date, at: datetime) -> bool:
    values = {field.name: row.get(field.name) for field in item.fields}
    found = dishonesty(item, values)
    if found is None or found.publication_end(runtime.redress_rules.terms) > day:
        return False
    subject = str(row["_subject"])
    ref = record_ref(item, subject, values)
    given = {name: value for name, value in values.items() if value is not None}
    with transaction.atomic(durable=True):
        known = Suppression.objects.filter(record_ref=ref, ended_at=None)
        if known.exists():  # its source has sent it again: hidden it is, and it leaves the lake again
            return known.exclude(lake_batch="").update(lake_batch="") == 1
        firm = Enterprise.objects.filter(uscc=subject).values_list("id", flat=True).first()
        row_id = new_id(Prefix.SUPPRESSION)
        touch_standing(subject, at=at)
        leaf = append_leaf(
            type="CORRECT",
            at=at,
            facts={"act": "publication_ended", "item": item.id, "record": ref},
            refs=Refs(subject=firm, object=row_id),
        )
        Suppression.objects.create(
            id=row_id,
            record_ref=ref,
            uscc=subject,
            item=item.id,
            record_key=dict(zip(item.natural_key, natural_key(item, given), strict=True)),
            reason="expired",
            from_at=at,
            leaf_index=leaf.index,
        )
    return True


def push_to_lake(*, at: datetime) -> int:
    """Take what is suppressed out of the lake; how many records it still held. Safe to run twice.

    Raises:
        Unavailable: ``LAKE_BUSY``, ``LAKE_FULL``; what was done stays, the rest waits for the next time.
    """
    waiting: dict[str, list[Suppression]] = defaultdict(list)
    for row in Suppression.objects.filter(lake_batch="", ended_at=None).order_by("from_at")[:AT_ONCE]:
        waiting[row.item].append(row)
    count = 0
    for item, rows in waiting.items():
        wanted = [(row.uscc, {str(k): str(v) for k, v in row.record_key.items()}) for row in rows]
        number, held = take_records_out(item, wanted, at=at)
        Suppression.objects.filter(id__in=[row.id for row in rows]).update(
            lake_batch=number if held else _NONE
        )
        count += held
    return count


def repair_results(*, after: str = "", limit: int = AT_ONCE, at: datetime) -> dict[str, Json]:
    """What other platforms take over, signed: which records are published no more, in order; ``next`` to go on after.

    An entry names a record by what every platform computes from its own copy, and says nothing of its content.
    """
    rows = Suppression.objects.order_by("from_at", "id")
    last = Suppression.objects.filter(id=after).first() if after else None
    if last is not None:
        rows = rows.filter(Q(from_at__gt=last.from_at) | Q(from_at=last.from_at, id__gt=last.id))
    page = list(rows[:limit])
    document: dict[str, Json] = {
        "artefact": "repair_results",
        "v": 1,
        "iss": settings.XINQIAO_HUB_ID,
        "made_at": format_instant(at),
        "after": last.id if last else None,
        "next": page[-1].id if page else (last.id if last else None),
        "entries": [
            {
                "record": row.record_ref,
                "uscc": row.uscc,
                "item": row.item,
                "reason": row.reason,
                "from": format_instant(row.from_at),
                "leaf": row.leaf_index,
            }
            for row in page
        ],
    }
    return {"results": document, "signed": sign_jws(document, runtime.hub_key, ArtefactType.REPAIR_RESULTS)}
