"""Publishing a draft: a batch becomes visible whole or not at all, once."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict, Invalid, XinqiaoError
from xinqiao.lake.store.commit import Committer, batch_file
from xinqiao.lake.store.disk import make_folder, room, write_durable
from xinqiao.lake.store.drafts import Draft
from xinqiao.lake.store.manifest import CONSTANTS, DELTA, BatchEntry, ItemState, Manifest, Published
from xinqiao.lake.store.measure import Measured, add_digests, columns_of, connect, require_envelope
from xinqiao.lake.store.phases import mark
from xinqiao.lake.store.rollups import cells_of, merge_pending
from xinqiao.lake.store.segments import Prepared, Written, add_sums, facts_bytes, prepare

_BUCKET = "bucket="


def publish(committer: Committer, draft: Draft, facts: Mapping[str, Json], buckets: int) -> Published:
    """Make the draft the newest batch of its item; the draft is gone afterwards, unless the lake was busy.

    The same batch number, or the same ``digest`` in the facts, published before: nothing is done and the batch of
    then is the answer.

    Raises:
        Conflict: ``CONFLICT_DUPLICATE``: the batch number stands for another digest. ``LAKE_BUSY``.
        Invalid: ``LAKE_INVALID``: the files are not what the interface says.
        Unavailable: ``LAKE_FULL``; the lake is unchanged.
    """
    try:
        with room():
            done = known_batch(committer.folder, committer.manifests.read(), draft, facts)
            found = done or _publish(committer, draft, facts, buckets)
    except BaseException as error:
        if not (isinstance(error, XinqiaoError) and error.code is Code.LAKE_BUSY):  # that may be tried again
            draft.discard()
        raise
    draft.discard()
    return found


def known_batch(
    folder: Path, manifest: Manifest, draft: Draft, facts: Mapping[str, Json]
) -> Published | None:
    """The batch of that number or digest, when there is one. Raises Conflict (``CONFLICT_DUPLICATE``)."""
    state = manifest.state(draft.item_id)
    digest = _digest(facts)
    entry = state.batches.get(draft.batch_no)
    if entry is not None:
        if entry.digest != digest:
            raise Conflict(
                Code.CONFLICT_DUPLICATE, "this batch number has another content", facts={"field": "batch_no"}
            )
        return published(folder, manifest, state, draft.batch_no)
    same = batch_of_digest(state, digest)
    return published(folder, manifest, state, same) if same else None


def batch_of_digest(state: ItemState, digest: str) -> str | None:
    """The number of the batch that brought a digest."""
    if not digest:
        return None
    return next((number for number, entry in state.batches.items() if entry.digest == digest), None)


def published(folder: Path, manifest: Manifest, state: ItemState, batch_no: str) -> Published:
    """A batch as the lake holds it."""
    entry = state.batches[batch_no]
    told = json.loads((folder / batch_file(state.item, batch_no)).read_bytes())
    return Published(
        item_id=state.item,
        batch_no=batch_no,
        seq=entry.seq,
        rows=entry.rows,
        content_digest=entry.content_digest,
        version=manifest.version,
        new=False,
        facts=told["facts"],
    )


def _digest(facts: Mapping[str, Json]) -> str:
    digest = facts.get("digest") or ""
    if not isinstance(digest, str):
        raise Invalid(Code.LAKE_INVALID, "digest: a text")
    return digest


def _written(draft: Draft, buckets: int) -> list[Written]:
    found: list[Written] = []
    for folder in sorted(draft.folder.glob(f"{_BUCKET}*")):
        label = folder.name.removeprefix(_BUCKET)
        if not label.isdigit() or int(label) >= buckets:
            raise Invalid(Code.LAKE_INVALID, "a bucket this lake does not have")
        for number, path in enumerate(sorted(folder.glob("*.parquet"))):
            stem = f"seg-{draft.seq:010d}-{draft.batch_no}-{number}"
            found.append(Written(path, int(label), DELTA, stem, is_sorted=False))
    return found


def _publish(committer: Committer, draft: Draft, facts: Mapping[str, Json], buckets: int) -> Published:
    content = facts_bytes(facts)
    cells_of(facts)  # refuse wrong ones now, not when they are added up
    written = _written(draft, buckets)
    columns: dict[str, str] = {}
    with connect() as connection:
        if written:
            columns = columns_of(connection, [one.path for one in written])
            require_envelope(columns, draft.key)
        prepared = prepare(
            connection, draft.item_id, f"seg-{draft.seq:010d}-{draft.batch_no}", written, columns,
            folder=draft.folder, buckets=buckets,
        )  # fmt: skip
    _of_this_batch(prepared, draft)
    mark("publish:synced")
    with committer.writing():
        manifest = committer.manifests.read()
        # somebody may have published it while this process was measuring
        done = known_batch(committer.folder, manifest, draft, facts)
        if done:
            return done
        return _commit(committer, draft, facts, content, prepared, columns)


def _of_this_batch(prepared: Prepared, draft: Draft) -> None:
    for one in prepared.measured.values():
        if set(one.batches) != {draft.batch_no} or set(one.seqs) != {draft.seq}:
            raise Invalid(Code.LAKE_INVALID, "rows of another batch or sequence")


def _constants(measured: Collection[Measured]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in CONSTANTS:
        values = {value for one in measured for value in one.bounds[name]}
        if len(values) == 1 and (value := values.pop()):
            found[name] = value
    return found


def _commit(
    committer: Committer,
    draft: Draft,
    facts: Mapping[str, Json],
    content: bytes,
    prepared: Prepared,
    columns: dict[str, str],
) -> Published:
    state = committer.manifests.read().state(draft.item_id)
    if state.batches and state.key != draft.key:
        raise Invalid(Code.LAKE_INVALID, "the natural key of an item with records cannot change")
    entry = BatchEntry(
        seq=draft.seq,
        digest=_digest(facts),
        rows=sum(segment.rows for segment in prepared.segments),
        content_digest=add_digests([segment.content_digest for segment in prepared.segments]),
        constants=_constants(prepared.measured.values()),
    )
    name = batch_file(draft.item_id, draft.batch_no)
    changed = state
    try:
        make_folder((committer.folder / name).parent)
        figures = {
            "batch": {"seq": entry.seq, "rows": entry.rows, "content_digest": entry.content_digest},
            "sums": add_sums([segment.sums for segment in prepared.segments]),
            "facts": json.loads(content),
        }
        write_durable(committer.folder / name, facts_bytes(figures))
        mark("publish:facts")
        committer.place(prepared.moves, "publish")
        mark("publish:placed")
        changed = merge_pending(
            committer.folder,
            replace(
                state,
                key=draft.key,
                columns={**state.columns, **columns},
                batches={**state.batches, draft.batch_no: entry},
                segments=(*state.segments, *prepared.segments),
                pending=(*state.pending, draft.batch_no) if facts.get("rollup") else state.pending,
            ),
        )
        mark("publish:state")
        manifest = committer.commit(changed, "publish")
    except BaseException:
        if draft.batch_no not in committer.manifests.read().state(draft.item_id).batches:
            new_rollup = (changed.rollup,) if changed.rollup != state.rollup else ()
            for placed in (*prepared.moves.values(), name, *new_rollup):
                (committer.folder / placed).unlink(missing_ok=True)
        raise
    state = manifest.states[draft.item_id]
    return replace(published(committer.folder, manifest, state, draft.batch_no), new=True)
