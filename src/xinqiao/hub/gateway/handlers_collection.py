"""Handlers of the sources' operations: send a file whole or in pieces, follow it, fetch its refused rows. No rules.

The same file again is the same batch, so sending needs no idempotency key: the digest is one.
"""

from collections.abc import Callable
from datetime import date

from pydantic import BaseModel

from xinqiao.domain.errors import Code, Invalid, TooLarge
from xinqiao.hub.actors import SourceActor
from xinqiao.hub.apps.collection import selectors as collection
from xinqiao.hub.apps.collection import services as verbs
from xinqiao.hub.apps.collection.models import Upload
from xinqiao.hub.apps.collection.refused import refused_rows
from xinqiao.hub.apps.collection.selectors import BatchRow, Wanted
from xinqiao.hub.apps.collection.services import Submitted
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.gateway import schemas_collection as schemas
from xinqiao.hub.gateway.handlers_consent import text, text_or_none
from xinqiao.hub.gateway.http import Reply
from xinqiao.hub.gateway.operations import Call

#: A piece is held in memory whole, because its digest is signed.
PIECE_BYTES = 4 * 1024 * 1024
#: The refused rows are held whole too; larger ones are fetched at the portal or from the watched folder.
REFUSED_BYTES = 32 * 1024 * 1024


async def source_work[R](call: Call, work: Callable[[SourceActor], R]) -> R:
    """Do something as the source's system, in a thread."""
    return await call.gateway.in_thread(lambda: work(identity.source_system_actor(call.source_id)))


def day_of(value: str | None, field: str) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise Invalid(Code.INVALID, "no day of the calendar", facts={"field": field}) from None


def _view(row: BatchRow, *, repeated: bool = False, whole: bool = False) -> schemas.BatchView:
    return schemas.BatchView(
        id=row.id,
        number=row.number,
        item=row.item,
        file_name=row.file_name,
        size=row.size,
        digest=row.digest,
        state=row.state,
        received_at=text(row.received_at),
        finished_at=text_or_none(row.finished_at),
        data_as_of=row.data_as_of.isoformat() if row.data_as_of else None,
        rows=row.read,
        accepted=row.accepted,
        duplicate=row.duplicate,
        refused=row.refused,
        superseding=row.superseding,
        code=row.code or None,
        corrects=row.corrects_id,
        repeated=repeated,
        receipt=dict(row.receipt) if whole and row.receipt is not None else None,
    )


def _submitted(actor: SourceActor, done: Submitted) -> schemas.BatchView:
    return _view(collection.batch(actor, done.batch.id), repeated=done.repeated)


def _upload(row: Upload) -> schemas.UploadView:
    return schemas.UploadView(
        id=row.id, item=row.item, size=row.size, received=row.received, piece_bytes=PIECE_BYTES
    )


async def submit_batch(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/collection/batches``: a file that fits in one piece."""
    params = call.params
    assert isinstance(params, schemas.BatchParams)

    def work(actor: SourceActor) -> schemas.BatchView:
        done = verbs.submit_whole(
            actor=actor,
            item=params.item,
            file_name=params.file_name,
            chunks=iter((call.raw,)),
            at=call.gateway.clock.now(),
            data_as_of=day_of(params.data_as_of, "data_as_of"),
            corrects_id=params.corrects,
        )
        return _submitted(actor, done)

    return await source_work(call, work)


async def begin_upload(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/collection/uploads``."""
    body = call.body
    assert isinstance(body, schemas.UploadRequest)

    def work(actor: SourceActor) -> schemas.UploadView:
        row = verbs.begin_upload(
            actor=actor,
            item=body.item,
            file_name=body.file_name,
            key=body.key,
            size=body.size,
            at=call.gateway.clock.now(),
            data_as_of=day_of(body.data_as_of, "data_as_of"),
            corrects_id=body.corrects,
        )
        return _upload(row)

    return await source_work(call, work)


async def continue_upload(call: Call) -> BaseModel | Reply:
    """``PUT /api/v1/collection/uploads/{id}``."""
    params = call.params
    assert isinstance(params, schemas.PieceParams)

    def work(actor: SourceActor) -> schemas.UploadView:
        row = verbs.continue_upload(
            actor=actor,
            upload_id=call.path_params["id"],
            offset=params.offset,
            chunks=iter((call.raw,)),
            at=call.gateway.clock.now(),
        )
        return _upload(row)

    return await source_work(call, work)


async def finish_upload(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/collection/uploads/{id}``."""

    def work(actor: SourceActor) -> schemas.BatchView:
        done = verbs.finish_upload(actor=actor, upload_id=call.path_params["id"], at=call.gateway.clock.now())
        return _submitted(actor, done)

    return await source_work(call, work)


async def list_batches(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/collection/batches``."""
    params = call.params
    assert isinstance(params, schemas.BatchListParams)

    def work(actor: SourceActor) -> schemas.BatchList:
        before = int(params.cursor) if params.cursor else None
        rows = collection.batches(
            actor, Wanted(item=params.item or ""), before=before, limit=params.limit + 1
        )
        shown = rows[: params.limit]
        more = str(shown[-1][0]) if len(rows) > params.limit else None
        return schemas.BatchList(items=[_view(row) for _, row in shown], next_cursor=more)

    return await source_work(call, work)


async def get_batch(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/collection/batches/{id}``."""
    return await source_work(
        call, lambda actor: _view(collection.batch(actor, call.path_params["id"]), whole=True)
    )


async def get_refused_rows(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/collection/refused-rows/{id}``: the file to correct and send again, as CSV."""

    def work(actor: SourceActor) -> bytes:
        found = refused_rows(actor, call.path_params["id"], "csv")
        if len(found) > REFUSED_BYTES:
            raise TooLarge(Code.BODY_TOO_LARGE, "fetch it at the portal", facts={"limit": REFUSED_BYTES})
        return found

    return Reply(200, await source_work(call, work), call.operation.media_type)
