"""Compaction: where rows lie is tidied up, what they say stays. History keeps what was superseded.

Size-tiered, bucket by bucket: batches (*deltas*) are folded into the *base* (newest by key, sorted) when they are
worth a rewrite of it, else merged among themselves when they are many. With a base of n rows a row is so rewritten
O(log n) times. A bucket, or a few small ones together, is a publication: a crash loses its work and no row.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import duckdb

from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.store import merge_sql
from xinqiao.lake.store.commit import Committer
from xinqiao.lake.store.disk import room
from xinqiao.lake.store.drafts import Draft, Drafts
from xinqiao.lake.store.locks import exclusive
from xinqiao.lake.store.manifest import BASE, DELTA, HISTORY, ItemState, Segment
from xinqiao.lake.store.measure import columns_of, connect, parquet_options, text
from xinqiao.lake.store.phases import mark
from xinqiao.lake.store.rollups import merge_pending
from xinqiao.lake.store.segments import Written, prepare

#: Rows of a row group. A lookup reads one for each item of a firm; 8,192 save 6 % of the bytes and cost twice the time.
ROW_GROUP_ROWS = 2_048
#: Deltas are folded into the base when they have at least one in so many of its rows.
FOLD_AT = 4
#: Small buckets are published together up to so many rows: making a version durable costs some ten waits for the disk.
GROUP_ROWS = 4_000_000
#: More deltas (or history segments) than this in a bucket are merged.
MAX_RUNS = 4


@dataclass(slots=True)
class CompactionFigures:
    """What a compaction did: rows read, in bases written, moved to history, confirmed again; bytes read, written."""

    buckets: int = 0
    rows_read: int = 0
    rows_kept: int = 0
    rows_superseded: int = 0
    rows_confirmed: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    segments_before: int = 0
    segments_after: int = 0


@dataclass(frozen=True, slots=True)
class Options:
    """How compaction works: memory of DuckDB, its threads, rows of a row group; ``full``: fold everything."""

    memory: str = "2GB"
    threads: int = 2
    row_group_rows: int = ROW_GROUP_ROWS
    full: bool = False


@dataclass(frozen=True, slots=True)
class _Job:
    """Segments of one bucket that become one; ``folds``: newest by key, else row for row."""

    segments: tuple[Segment, ...]
    folds: bool

    @property
    def rows(self) -> int:
        """Rows to be read."""
        return sum(segment.rows for segment in self.segments)

    @property
    def bucket(self) -> int:
        """Where they lie."""
        return self.segments[0].bucket


@dataclass(frozen=True, slots=True)
class _Made:
    """What a job came to: files, the types of their columns, rows that were replaced, and that were only confirmed."""

    written: tuple[Written, ...]
    types: dict[str, str]
    superseded: int = 0
    confirmed: int = 0


@dataclass(slots=True)
class Compactor:
    """One compaction of a lake."""

    committer: Committer
    drafts: Drafts
    buckets: int
    options: Options
    figures: CompactionFigures = field(default_factory=CompactionFigures)
    _connection: duckdb.DuckDBPyConnection = field(init=False)

    def run(self, items: Iterable[str] | None) -> CompactionFigures:
        """Compact items (all when none are named). Raises Conflict (``LAKE_BUSY``) when another one is compacting."""
        with room(), exclusive(self.committer.folder / "compact.lock", wait_seconds=0):
            manifest = self.committer.manifests.read()
            spill = self.drafts.begin("", "", 0)
            try:
                # one connection for all: opening one costs more than a small bucket
                with connect(self.options.threads, self.options.memory, spill.folder) as self._connection:
                    for item in items if items is not None else sorted(manifest.states):
                        self._item(manifest.state(item))
            finally:
                spill.discard()
            self.committer.sweep()
        return self.figures

    def _item(self, state: ItemState) -> None:
        self.figures.segments_before += len(state.segments)
        group: list[_Job] = []
        for bucket in sorted({segment.bucket for segment in state.segments}):
            group += self._choose([segment for segment in state.segments if segment.bucket == bucket])
            if sum(job.rows for job in group) >= GROUP_ROWS:
                self._merge(state, group)
                group = []
        if group:
            self._merge(state, group)
        self._merge_rollup(state.item)
        now = self.committer.manifests.read().state(state.item)
        self.figures.segments_after += len(now.segments)

    def _choose(self, own: Sequence[Segment]) -> list[_Job]:
        """What is merged with what in a bucket."""
        base = [segment for segment in own if segment.kind == BASE]
        deltas = sorted((one for one in own if one.kind == DELTA), key=lambda one: (one.rows, one.file))
        history = [segment for segment in own if segment.kind == HISTORY]
        chosen: list[_Job] = []
        rows = sum(segment.rows for segment in deltas)
        if deltas and (self.options.full or rows * FOLD_AT >= sum(one.rows for one in base)):
            chosen.append(_Job((*base, *deltas), folds=True))
        elif len(deltas) > MAX_RUNS:
            chosen.append(_Job(_tier(deltas), folds=False))
        if len(history) > (1 if self.options.full else MAX_RUNS):
            chosen.append(_Job(_tier(sorted(history, key=lambda one: (one.rows, one.file))), folds=False))
        return chosen

    def _merge(self, state: ItemState, group: Sequence[_Job]) -> None:
        draft = self.drafts.begin(state.item, "", 0)
        try:
            # as many jobs at once as there are threads: most are too small for the engine to divide among them
            with ThreadPoolExecutor(self.options.threads) as pool:
                made = list(pool.map(partial(self._made, state, draft), range(len(group)), group))
            types: dict[str, str] = {}
            for one in made:
                types |= one.types
            prepared = prepare(
                self._connection, state.item, draft.folder.name,
                [written for one in made for written in one.written], types,
                folder=draft.folder, buckets=self.buckets,
            )  # fmt: skip
            mark("compact:synced")
            old = [segment for job in group for segment in job.segments]
            self._count(old, prepared.segments, sum(one.confirmed for one in made))
            with self.committer.writing():
                self._replace(state.item, old, prepared.segments, prepared.moves)
            self.figures.rows_superseded += sum(one.superseded for one in made)
            self.figures.buckets += len(group)
        finally:
            draft.discard()

    def _made(self, state: ItemState, draft: Draft, number: int, job: _Job) -> _Made:
        """Do a job of a group, on a connection of its own."""
        files = [self.committer.folder / segment.file for segment in job.segments]
        with self._connection.cursor() as cursor:
            plan = merge_sql.plan_of(files, state.key, columns_of(cursor, files), state.columns)
            work = _Merging(cursor, plan, draft, f"run-{draft.folder.name}-{number}", job, self.options)
            made = work.fold() if job.folds else work.sort()
        mark("compact:written")
        return made

    def _replace(
        self, item: str, old: Sequence[Segment], new: Sequence[Segment], moves: dict[Path, str]
    ) -> None:
        now = self.committer.manifests.read().state(item)
        gone = {segment.file for segment in old}
        if not gone <= {segment.file for segment in now.segments}:
            raise Invalid(Code.LAKE_INVALID, "segments changed under the compaction")
        kept = [segment for segment in now.segments if segment.file not in gone]
        self.committer.exchange(replace(now, segments=(*kept, *new)), moves, "compact")

    def _count(self, old: Sequence[Segment], new: Sequence[Segment], confirmed: int) -> None:
        """Add to the figures, and see that no row was lost. Raises Invalid (``LAKE_INVALID``)."""
        figures = self.figures
        read = sum(segment.rows for segment in old)
        if read != sum(segment.rows for segment in new) + confirmed:
            raise Invalid(Code.LAKE_INVALID, "compaction would lose rows; nothing was changed")
        figures.rows_read += read
        figures.rows_confirmed += confirmed
        figures.bytes_read += sum(segment.bytes for segment in old)
        figures.bytes_written += sum(segment.bytes for segment in new)
        figures.rows_kept += sum(segment.rows for segment in new if segment.kind == BASE)

    def _merge_rollup(self, item: str) -> None:
        with self.committer.writing():
            now = self.committer.manifests.read().state(item)
            merged = merge_pending(self.committer.folder, now, always=True)
            if merged is now:
                return
            try:
                self.committer.commit(merged, "compact:rollup")
            except BaseException:
                if merged.rollup not in self.committer.manifests.read().files():
                    (self.committer.folder / merged.rollup).unlink(missing_ok=True)
                raise


@dataclass(frozen=True, slots=True)
class _Merging:
    """A job under way: on which connection, by which plan, into which draft, under which name."""

    connection: duckdb.DuckDBPyConnection
    plan: merge_sql.Plan
    draft: Draft
    stem: str
    job: _Job
    options: Options

    def sort(self) -> _Made:
        """Several runs of one kind become one, row for row."""
        only = self._copy(merge_sql.sorted_rows(self.plan), self.job.segments[0].kind)
        return _Made((only,), self.plan.types(folds=False))

    def fold(self) -> _Made:
        """A new base, and a history segment when rows were superseded."""
        connection, plan = self.connection, self.plan
        connection.execute(f"CREATE OR REPLACE TEMP TABLE repeated AS {merge_sql.repeated(plan)}").fetchall()
        repeated = bool(connection.execute("SELECT count(*) FROM repeated").fetchall()[0][0])
        if repeated:
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE chained AS {merge_sql.chained(plan)}"
            ).fetchall()
        base = self._copy(merge_sql.merged(plan, has_repeated=repeated), BASE)
        types = plan.types(folds=True)
        if not repeated:
            return _Made((base,), types)
        superseded, confirmed = connection.execute(merge_sql.outcome()).fetchall()[0]
        if not superseded:
            return _Made((base,), types, confirmed=confirmed)
        history = self._copy(merge_sql.superseded(plan), HISTORY, "-history")
        return _Made((base, history), types, superseded, confirmed)

    def _copy(self, sql: str, kind: str, more: str = "") -> Written:
        path = self.draft.folder / f"{self.stem}{more}.parquet"
        copy = f"COPY ({sql}) TO {text(str(path))} {parquet_options(self.options.row_group_rows)}"
        self.connection.execute(copy).fetchall()
        return Written(path, self.job.bucket, kind, self.stem, is_sorted=True)


def _tier(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """The smallest, and every next one while it is at most twice what was taken so far."""
    taken = list(segments[:2])
    for segment in segments[2:]:
        if segment.rows > 2 * sum(one.rows for one in taken):
            break
        taken.append(segment)
    return tuple(taken)
