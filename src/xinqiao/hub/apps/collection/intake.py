"""A batch is received: who sends what, the file in its place, the row, the leaf. The same file again is a no-op."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from xinqiao.domain.collection import BatchState
from xinqiao.domain.errors import Code, Forbidden, Invalid, TooMany
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import SourceActor, SourceRole
from xinqiao.hub.apps.collection import files
from xinqiao.hub.apps.collection.catalogue import collected_item
from xinqiao.hub.apps.collection.models import Batch, BatchCounter
from xinqiao.hub.apps.collection.rights import batch_leaf, require_source
from xinqiao.hub.apps.identity.models import Source
from xinqiao.hub.ids import Prefix, new_id

_WAITING = (BatchState.RECEIVED.value, BatchState.CHECKING.value)


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a file: its batch, and whether it was there already."""

    batch: Batch
    repeated: bool


def require_item(actor: SourceActor, item: str) -> Source:
    """The actor's source, which supplies this item and may send now.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``; ``ITEM_NOT_SUPPLIED``, also for an item that does not exist.
    """
    source = require_source(actor, SourceRole.SUPPLIER)
    if item not in source.items or collected_item(item) is None:
        raise Forbidden(Code.ITEM_NOT_SUPPLIED, "another item", facts={"field": "item"})
    return source


def submit_batch(
    *,
    actor: SourceActor,
    item: str,
    whole: Path,
    file_name: str,
    at: datetime,
    data_as_of: date | None = None,
    corrects_id: str | None = None,
    channel: str = "portal",
) -> Submitted:
    """Receive a whole file as a batch. ``whole`` is on the hub's own disk and is gone afterwards, unless it was refused.

    ``data_as_of``: the day the facts are true for; ``corrects_id``: the batch whose refused rows these are.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``, ``ITEM_NOT_SUPPLIED``. Unsupported: no kind of file that is read.
        Invalid: ``FILE_EMPTY``, ``INVALID`` naming the field: a day in the future, a batch of another item.
        TooLarge: ``BODY_TOO_LARGE``. TooMany: ``QUEUE_FULL``. Unavailable: ``STORAGE_UNAVAILABLE``.
    """
    require_item(actor, item)
    name = files.clean_name(file_name)
    size = files.check_size(whole.stat().st_size)
    if data_as_of is not None and data_as_of > business_day(at):
        raise Invalid(Code.INVALID, "a day in the future", facts={"field": "data_as_of"})
    digest = files.digest_of(whole)
    with transaction.atomic(durable=True):
        counter = _take_turn()
        source = require_item(actor, item)
        known = _known(source, item, digest)
        if known is not None:
            whole.unlink(missing_ok=True)
            return Submitted(known, repeated=True)
        _refuse_too_many(source)
        row = Batch(
            id=new_id(Prefix.BATCH),
            seq=_next(counter, at),
            number=f"B-{counter.day:%Y%m%d}-{counter.of_day:04d}",
            source=source,
            item=item,
            file_name=name,
            size=size,
            digest=digest,
            channel=channel,
            corrects=_corrected(actor, item, corrects_id),
            data_as_of=data_as_of,
            sent_by_id=actor.user_id,
            sent_by_name=actor.name,
            received_at=at,
        )
        _receive(row, whole, at)
    return Submitted(row, repeated=False)


def _take_turn() -> BatchCounter:
    """Wait until nobody else receives a batch; what is counted then stays true until the end of the transaction."""
    BatchCounter.objects.get_or_create(id=1)
    return BatchCounter.objects.select_for_update().get(id=1)


def take_place() -> int:
    """A place in the order of batches for what comes from no source. Call inside a transaction."""
    counter = _take_turn()
    counter.seq += 1
    counter.save(update_fields=["seq"])
    return counter.seq


def _known(source: Source, item: str, digest: str) -> Batch | None:
    rows = Batch.objects.filter(source=source, item=item, digest=digest).select_related("source")
    return rows.exclude(state=BatchState.WITHDRAWN.value).first()


def _refuse_too_many(source: Source) -> None:
    most = settings.BATCHES_WAITING_PER_SOURCE
    if Batch.objects.filter(source=source, state__in=_WAITING).count() >= most:
        raise TooMany(Code.QUEUE_FULL, "too many batches wait", facts={"max": most, "retry_after": 60})


def _next(counter: BatchCounter, at: datetime) -> int:
    day = business_day(at)
    counter.seq += 1
    counter.of_day = counter.of_day + 1 if counter.day == day else 1
    counter.day = day
    counter.save(update_fields=["seq", "day", "of_day"])
    return counter.seq


def _corrected(actor: SourceActor, item: str, batch_id: str | None) -> Batch | None:
    """The batch that is corrected: one's own, of the same item."""
    if not batch_id:
        return None
    found = Batch.objects.for_viewer(actor).filter(id=batch_id, item=item).first()
    if found is None:
        raise Invalid(Code.INVALID, "no batch of this item", facts={"field": "corrects"})
    return found


def _receive(row: Batch, whole: Path, at: datetime) -> None:
    """File, row and leaf; the file first, so that a row is never without it."""
    row.state = BatchState.RECEIVED.value
    row.save(force_insert=True)
    leaf = batch_leaf(
        "batch_received",
        row,
        at,
        {"digest": row.digest, "bytes": row.size, "channel": row.channel, "corrects": row.corrects_id},
    )
    row.received_leaf = leaf.index
    row.save(update_fields=["received_leaf"])
    files.keep(whole, row.id, row.file_name)
