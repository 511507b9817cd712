"""Files that come in pieces: begun, continued where they stopped, and in the end submitted as a batch."""

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction

from xinqiao.domain.errors import (
    Code,
    Conflict,
    Invalid,
    NotFound,
    TooMany,
    Unavailable,
    XinqiaoError,
)
from xinqiao.hub.actors import SourceActor
from xinqiao.hub.apps.collection import files
from xinqiao.hub.apps.collection.intake import Submitted, require_item, submit_batch
from xinqiao.hub.apps.collection.models import Batch, Upload
from xinqiao.hub.apps.identity.once import only_once
from xinqiao.hub.ids import Prefix, new_id

#: A beginning nobody went on with for so long is thrown away.
KEPT = timedelta(days=2)
_ORPHAN_SECONDS = 600


def begin_upload(
    *, actor: SourceActor, item: str, file_name: str, key: str, size: int, at: datetime,
    data_as_of: date | None = None, corrects_id: str | None = None,
) -> Upload:  # fmt: skip
    """Announce a file, or find the beginning of the same one: ``received`` says where to go on.

    Raises:
        Forbidden, Unsupported, Invalid, TooLarge: as :func:`submit_batch`. TooMany: too many are open.
    """
    source = require_item(actor, item)
    name, size = files.clean_name(file_name), files.check_size(size)
    if not 1 <= len(key) <= 64:
        raise Invalid(Code.INVALID, "the key is missing or too long", facts={"field": "key"})
    corrects = (
        Batch.objects.for_viewer(actor).filter(id=corrects_id, item=item).first() if corrects_id else None
    )
    if corrects_id and corrects is None:
        raise Invalid(Code.INVALID, "no batch of this item", facts={"field": "corrects"})
    with transaction.atomic(durable=True):
        mine = Upload.objects.for_viewer(actor).filter(user_id=actor.user_id, item=item, key=key)
        found = mine.filter(size=size, file_name=name).first()
        if found is not None:
            mine.update(touched_at=at, data_as_of=data_as_of, corrects=corrects)
            return found
        if Upload.objects.for_viewer(actor).count() >= settings.UPLOADS_OPEN_PER_SOURCE:
            _throw_away(at)
        most = settings.UPLOADS_OPEN_PER_SOURCE
        if Upload.objects.for_viewer(actor).count() >= most:
            raise TooMany(
                Code.QUEUE_FULL, "too many files are coming", facts={"max": most, "retry_after": 60}
            )
        with only_once(mine, "this file is being sent", {"field": "key"}):
            return Upload.objects.create(
                id=new_id(Prefix.UPLOAD), source=source, user_id=actor.user_id, item=item, file_name=name, key=key,
                size=size, corrects=corrects, data_as_of=data_as_of, touched_at=at,
            )  # fmt: skip


def _channel(actor: SourceActor) -> str:
    """By which way a file came that came in pieces or whole: a person's browser or a system."""
    return "portal" if actor.user_id is not None else "api"


def _own(actor: SourceActor, upload_id: str) -> Upload:
    """Somebody's own upload, or the system's; a colleague's is absent too, because a file has one sender."""
    row = Upload.objects.for_viewer(actor).filter(id=upload_id, user_id=actor.user_id).first()
    if row is None:
        raise NotFound
    return row


def continue_upload(
    *, actor: SourceActor, upload_id: str, offset: int, chunks: Iterator[bytes], at: datetime
) -> Upload:
    """Add a piece. ``offset`` must be where the file stopped, so a piece that came twice is told so and changes nothing.

    Raises:
        NotFound. Conflict: ``CONFLICT_STATE`` with ``received``: go on from there. TooLarge, Unavailable.
    """
    _own(actor, upload_id)
    with files.growing(
        upload_id
    ) as out:  # its lock and not the database's: writers of other things need not wait
        row = _own(actor, upload_id)
        require_item(actor, row.item)
        if offset != row.received:
            raise Conflict(Code.CONFLICT_STATE, "another piece is awaited", facts={"received": row.received})
        length = files.write_piece(out, offset, chunks, most=row.size)
        if Upload.objects.filter(id=row.id, received=offset).update(received=length, touched_at=at) != 1:
            raise NotFound
        row.received = length
    return row


def finish_upload(*, actor: SourceActor, upload_id: str, at: datetime) -> Submitted:
    """Submit a file that is whole. It stays, to be finished again, only when it cannot be taken *now*.

    Raises:
        NotFound. Conflict: ``CONFLICT_STATE``: it is not whole. As :func:`submit_batch`.
    """
    row = _own(actor, upload_id)
    if row.received != row.size:
        raise Conflict(Code.CONFLICT_STATE, "the file is not whole", facts={"received": row.received})
    try:
        done = submit_batch(
            actor=actor, item=row.item, whole=files.incoming(row.id), file_name=row.file_name, at=at,
            data_as_of=row.data_as_of, corrects_id=row.corrects_id, channel=_channel(actor),
        )  # fmt: skip
    except (TooMany, Unavailable):
        raise
    except XinqiaoError:
        _forget(row)
        raise
    _forget(row)
    return done


def _forget(row: Upload) -> None:
    Upload.objects.filter(id=row.id).delete()
    files.forget_incoming(row.id)


def submit_whole(
    *, actor: SourceActor, item: str, file_name: str, chunks: Iterator[bytes], at: datetime,
    data_as_of: date | None = None, corrects_id: str | None = None,
) -> Submitted:  # fmt: skip
    """Submit a file that comes in one piece: a form without script. Nothing is left of what is refused.

    Raises:
        As :func:`submit_batch`; who may not send is refused before anything is written.
    """
    require_item(actor, item)
    name = new_id(Prefix.UPLOAD)
    try:
        with files.growing(name) as out:
            files.write_piece(out, 0, chunks, most=settings.BATCH_MAX_BYTES)
        return submit_batch(
            actor=actor, item=item, whole=files.incoming(name), file_name=file_name, at=at,
            data_as_of=data_as_of, corrects_id=corrects_id, channel=_channel(actor),
        )  # fmt: skip
    finally:
        files.forget_incoming(name)


def _throw_away(at: datetime) -> None:
    Upload.objects.filter(touched_at__lt=at - KEPT).delete()


def sweep_files(*, at: datetime) -> int:
    """Throw away beginnings nobody went on with, and files without a row; returns how many files."""
    _throw_away(at)
    uploads = set(Upload.objects.values_list("id", flat=True))
    batches = set(Batch.objects.values_list("id", flat=True))
    now = time.time()  # house: allow now - compared with the times of files, which no test moves
    return files.sweep(uploads=uploads, batches=batches, older_than=now - _ORPHAN_SECONDS)
