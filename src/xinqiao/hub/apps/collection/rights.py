"""Who may do what with batches, and how a batch is moved: what every verb of the app does alike."""

from datetime import datetime

from xinqiao.domain.canonical import Json
from xinqiao.domain.collection import BatchState
from xinqiao.domain.errors import Code, Forbidden, NotFound, Stale
from xinqiao.hub.actors import Actor, SourceActor, SourceRole
from xinqiao.hub.apps.audit.services import LeafRef, Refs, append_leaf
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.identity.models import Source


def require_source(actor: SourceActor, role: SourceRole) -> Source:
    """The actor's source, which is in service. Raises ROLE_FORBIDDEN without the role or the source."""
    source = Source.objects.for_viewer(actor).filter(status="active").first()
    if role not in actor.roles or source is None:
        raise Forbidden(Code.ROLE_FORBIDDEN, "the role at the source is missing", facts={"role": role.value})
    return source


def locked_batch(actor: Actor, batch_id: str, expected_version: int | None = None) -> Batch:
    """The row under its lock; absent and foreign are the same. Raises NotFound, Stale."""
    rows = Batch.objects.for_viewer(actor).select_related("source").select_for_update(of=("self",))
    row = rows.filter(id=batch_id).first()
    if row is None:
        raise NotFound
    if expected_version is not None and row.version != expected_version:
        raise Stale("the batch changed since it was shown")
    return row


def move(row: Batch, expected: BatchState, **columns: object) -> None:
    """The conditional update: one row in the expected state and version, or nothing happened. Raises Stale."""
    columns["version"] = row.version + 1
    rows = Batch.objects.filter(id=row.id, state=expected.value, version=row.version)
    if rows.update(**columns) != 1:
        raise Stale("the batch changed meanwhile")
    for name, value in columns.items():
        setattr(row, name, value)


def batch_leaf(act: str, row: Batch, at: datetime, facts: dict[str, Json]) -> LeafRef:
    """The leaf of something that happened to a batch, named by its number and its source's code."""
    return append_leaf(
        type="COLLECT",
        at=at,
        facts={"act": act, "number": row.number, "source": row.source.code, "item": row.item, **facts},
        refs=Refs(institution=row.source_id, object=row.id),
    )
