"""How many rows of a batch replaced an earlier value of the same record: counted behind its publication, never in its way.

A row *supersedes* when an earlier batch (by ``_seq``) brought the same record (subject and natural key), that record was
in force, and content or source of the newest such row differ. It is what makes a new version (``store.merge_sql``);
the same once more, and a record that had been withdrawn, supersede nothing.

Counting reads the keys of every earlier row of the item once, and whole rows only of the keys that met; a delivery of
a fresh item costs nothing. What is withdrawn by a batch counts as well: it stands in place of what was there.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from xinqiao.lake.store import Lake
from xinqiao.lake.store.manifest import DELTA
from xinqiao.lake.store.measure import WITHDRAWN, columns_of, connect, name, scan, text
from xinqiao.lake.store.merge_sql import Plan, plan_of, source


def count_superseding(lake: Lake, item_id: str, batch_no: str, *, memory: str = "600MB") -> int | None:
    """The rows of a batch that replaced an earlier value; ``None``: there is no such batch, or it cannot be told any more.

    That is so once compaction has folded its rows: a row that only confirmed an earlier one has then taken its place.
    """
    with lake.reading() as manifest:
        state = manifest.state(item_id)
        batch = state.batches.get(batch_no)
        if batch is None:
            return None
        if not any(other.seq < batch.seq and other.rows for other in state.batches.values()):
            return 0
        files = [lake.folder / segment.file for segment in state.segments]
        fresh = [lake.folder / segment.file for segment in state.segments if segment.kind == DELTA]
        with (
            lake.begin(item_id, batch_no, batch.seq, key=state.key) as draft,
            connect(memory=memory, temporary=draft.folder) as connection,
        ):
            plan = plan_of(files, state.key, columns_of(connection, files), state.columns)
            if not fresh or _own_keys(connection, plan, fresh, batch.seq) != batch.rows:
                return None
            return _counted(connection, plan, batch.seq)


def _own_keys(connection: duckdb.DuckDBPyConnection, plan: Plan, fresh: Sequence[Path], seq: int) -> int:
    """The keys of the batch's rows into ``own``; how many rows there are."""
    connection.execute(
        f"CREATE TEMP TABLE own AS SELECT {_hash(plan)} AS h FROM {scan(fresh)} WHERE _seq = {seq}"  # noqa: S608
    )
    return int(connection.execute("SELECT count(*) FROM own").fetchall()[0][0])


def _counted(connection: duckdb.DuckDBPyConnection, plan: Plan, seq: int) -> int:
    # equal hashes only narrow down what is looked at; whole values decide
    connection.execute(
        f"CREATE TEMP TABLE met AS SELECT DISTINCT {_hash(plan)} AS h FROM {scan(plan.files)} "  # noqa: S608
        f"WHERE _seq < {seq} AND {_hash(plan)} IN (SELECT h FROM own)"
    )
    if not connection.execute("SELECT count(*) FROM met").fetchall()[0][0]:
        return 0
    content = _listed([*plan.payload, "_source", "_status"])
    sql = f"""
        WITH ordered AS (
            SELECT _seq, row(0, {content}) IS DISTINCT FROM lag(row(0, {content})) OVER chain AS changes,
                lag(_status) OVER chain AS before
            FROM ({source(plan)}) WHERE _seq <= {seq} AND {_hash(plan)} IN (SELECT h FROM met)
            WINDOW chain AS (PARTITION BY {_listed(plan.identity)} ORDER BY _seq, _row)
        )
        SELECT count(*) FROM ordered WHERE _seq = {seq} AND changes AND before <> {text(WITHDRAWN)}
    """  # noqa: S608
    return int(connection.execute(sql).fetchall()[0][0])


def _hash(plan: Plan) -> str:
    return f"hash({_listed(plan.identity)})"


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(name(column) for column in columns)
