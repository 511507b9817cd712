"""Putting a record back that the platform had taken out of the lake: the reverse of ``takeout``, one record at a time."""

from collections.abc import Mapping
from datetime import datetime

from xinqiao.lake.store import Lake
from xinqiao.lake.store.buckets import bucket_name, bucket_of
from xinqiao.lake.store.manifest import HISTORY, ItemState
from xinqiao.lake.store.measure import ENVELOPE, WITHDRAWN, connect, name, parquet_options, scan, text

_ROW_GROUP = 2048


def put_back(
    lake: Lake, item_id: str, subject: str, key: Mapping[str, str], *, taken_by: str, batch_no: str, seq: int,
    received_at: datetime,
) -> int:  # fmt: skip
    """Bring a record back into force as the batch ``batch_no``; 1, or 0 when there was nothing to bring back.

    That is so when its source has sent it again since, has withdrawn it itself, or retention has let it go: only a
    withdrawal by a batch whose number begins with ``taken_by`` is undone. The same batch again is a no-op.

    Raises:
        Conflict: ``LAKE_BUSY``. Unavailable: ``LAKE_FULL``.
    """
    known = lake.batch(item_id, batch_no)
    if known is not None:
        return known.rows
    with lake.reading() as manifest:
        state = manifest.state(item_id)
        if not state.key or not state.segments:
            return 0
        with lake.begin(item_id, batch_no, seq, key=state.key) as draft, connect(threads=1) as connection:
            same = "".join(f" AND coalesce(CAST({name(part)} AS VARCHAR), '') = ?" for part in state.key)
            stamp = received_at.strftime("%Y-%m-%d %H:%M:%S")
            connection.execute(
                "CREATE TEMP TABLE back AS SELECT * REPLACE ("  # noqa: S608 - names of our own, quoted
                f"CAST(1 AS BIGINT) AS _row, {text(batch_no)} AS _batch, TIMESTAMP {text(stamp)} AS _received,"
                f" 'valid' AS _status, CAST({seq} AS BIGINT) AS _seq) FROM ("
                f"SELECT * FROM ({_rows(lake, state)}) WHERE _subject = ?{same}"
                " QUALIFY row_number() OVER (ORDER BY _seq DESC, _row DESC) = 1"
                f") WHERE _status = {text(WITHDRAWN)} AND starts_with(_batch, {text(taken_by)})",
                [subject, *(key.get(part, "") for part in state.key)],
            )
            if not connection.execute("SELECT count(*) FROM back").fetchall()[0][0]:
                return 0
            place = draft.folder / f"bucket={bucket_name(bucket_of(subject, lake.buckets))}"
            place.mkdir()
            file = str(place / "part-0.parquet")
            connection.execute(f"COPY back TO {text(file)} {parquet_options(_ROW_GROUP)}")
            return lake.publish(draft).rows


def _rows(lake: Lake, state: ItemState) -> str:
    """All rows that are no superseded versions, with their lineage and the item's own columns."""
    envelope = [column for column in ENVELOPE[:8] if column in state.columns]
    listed = ", ".join(
        name(one) for one in [*envelope, *(one for one in state.columns if one not in ENVELOPE)]
    )
    files = [lake.folder / segment.file for segment in state.segments if segment.kind != HISTORY]
    return f"SELECT {listed} FROM {scan(files)}"  # noqa: S608
