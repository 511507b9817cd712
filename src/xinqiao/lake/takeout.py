"""Taking single records out of the lake: a batch of withdrawals, made from the rows in force themselves.

A repaired or expired record must not lie in what scans and Spark read. Its versions stay in the history, which no
answer reads. Also here: finding records by a condition, for the clock that ends their publication.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.store import Lake
from xinqiao.lake.store.buckets import bucket_name, bucket_of
from xinqiao.lake.store.measure import WITHDRAWN, connect, name, parquet_options, text

_ROW_GROUP = 2048

#: A record by its subject and the canonical texts of its natural key, an absent part being the empty text.
type Known = tuple[str, Mapping[str, str]]


def take_out(
    lake: Lake, item_id: str, wanted: Sequence[Known], *, batch_no: str, seq: int, received_at: datetime
) -> int:
    """Withdraw records as the batch ``batch_no`` at the place ``seq``; how many were still in force.

    The same batch again is a no-op. A record that the lake does not hold, or not any more, is passed over.

    Raises:
        Invalid: ``LAKE_INVALID``: the item's natural key is not stored, so no single record can be named.
        Conflict: ``LAKE_BUSY``. Unavailable: ``LAKE_FULL``.
    """
    known = lake.batch(item_id, batch_no)
    if known is not None:
        return known.rows
    with lake.reading() as manifest:
        state = manifest.state(item_id)
        if not state.segments:
            return 0
        if not state.key:
            raise Invalid(Code.LAKE_INVALID, "the natural key is not stored")
        with lake.begin(item_id, batch_no, seq, key=state.key) as draft:
            written = 0
            for bucket, group in _by_bucket(wanted, lake.buckets).items():
                place = draft.folder / f"bucket={bucket_name(bucket)}"
                place.mkdir()
                written += _write(
                    lake,
                    item_id,
                    state.key,
                    group,
                    str(place / "part-0.parquet"),
                    draft.seq,
                    batch_no,
                    received_at,
                )
                if not any(place.iterdir()):
                    place.rmdir()
            if not written:
                return 0
            return lake.publish(draft).rows


def _by_bucket(wanted: Sequence[Known], buckets: int) -> dict[int, list[Known]]:
    found: dict[int, list[Known]] = {}
    for one in wanted:
        found.setdefault(bucket_of(one[0], buckets), []).append(one)
    return found


def _write(
    lake: Lake, item_id: str, key: Sequence[str], group: Sequence[Known], file: str, seq: int, batch_no: str,
    received_at: datetime,
) -> int:  # fmt: skip
    columns = [f"k{number}" for number in range(len(key))]
    with connect(threads=1) as connection:
        connection.execute(
            f"CREATE TEMP TABLE wanted (s VARCHAR{''.join(f', {one} VARCHAR' for one in columns)})"
        )
        marks = ", ".join("?" for _ in range(len(key) + 1))
        connection.executemany(
            f"INSERT INTO wanted VALUES ({marks})",  # noqa: S608
            [[subject, *(values.get(part, "") for part in key)] for subject, values in group],
        )
        same = " AND ".join(
            f"coalesce(CAST(r.{name(part)} AS VARCHAR), '') = w.{column}"
            for part, column in zip(key, columns, strict=True)
        )
        stamp = received_at.strftime("%Y-%m-%d %H:%M:%S")
        connection.execute(
            "CREATE TEMP TABLE gone AS SELECT r.* REPLACE ("  # noqa: S608
            f"row_number() OVER (ORDER BY r._subject) AS _row, {text(batch_no)} AS _batch,"
            f" TIMESTAMP {text(stamp)} AS _received, {text(WITHDRAWN)} AS _status, CAST({seq} AS BIGINT) AS _seq)"
            f" FROM {lake.relation_sql(item_id)} r JOIN wanted w ON r._subject = w.s AND {same}"
        )
        (count,) = connection.execute("SELECT count(*) FROM gone").fetchall()[0]
        if count:
            connection.execute(f"COPY gone TO {text(file)} {parquet_options(_ROW_GROUP)}")
    return int(count)


def find(lake: Lake, item_id: str, condition: str, *, limit: int) -> list[dict[str, Any]]:
    """Records in force for which an SQL condition over the item's fields holds, oldest first; with ``_subject``.

    ``condition`` is the program's own text, never somebody's input.
    """
    with lake.reading() as manifest, connect(threads=1) as connection:
        if not manifest.state(item_id).segments:
            return []
        cursor = connection.execute(
            f"SELECT * FROM {lake.relation_sql(item_id)} WHERE {condition} ORDER BY _as_of, _subject LIMIT {limit}"  # noqa: S608
        )
        names = [one[0] for one in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
