"""Retention: records older than their rule allows leave the lake for good, on the day that is given."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.period import add_months
from xinqiao.lake.store.commit import Committer
from xinqiao.lake.store.compact import Options
from xinqiao.lake.store.disk import room
from xinqiao.lake.store.drafts import Drafts
from xinqiao.lake.store.locks import exclusive
from xinqiao.lake.store.manifest import DELTA, HISTORY, ItemState, Segment
from xinqiao.lake.store.measure import WITHDRAWN, columns_of, connect, name, parquet_options, scan, text
from xinqiao.lake.store.phases import mark
from xinqiao.lake.store.segments import Written, prepare


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """How long an item's records stay.

    ``months``: after the date in ``column``; ``None`` for ever. ``history_months``: how long after their arrival
    superseded versions and the marks of withdrawn records stay; ``None`` for ever. A record without the date stays.
    """

    item_id: str
    months: int | None = None
    column: str = "_as_of"
    history_months: int | None = None


@dataclass(slots=True)
class RetirementFigures:
    """What has left: rows in force, superseded rows; segments written anew."""

    rows: int = 0
    history_rows: int = 0
    segments: int = 0


@dataclass(slots=True)
class Retirement:
    """One run of the rules, on what is folded.

    A bucket with batches that are not folded yet waits for the next run: were the newest version of a record, or the
    mark that withdrew it, to leave before the older one in the base, the older one would come back.
    """

    committer: Committer
    drafts: Drafts
    buckets: int
    options: Options

    def run(self, today: date, rules: Sequence[RetentionRule]) -> RetirementFigures:
        """Apply the rules of a day; again is no error and changes nothing."""
        figures = RetirementFigures()
        with room(), exclusive(self.committer.folder / "compact.lock", wait_seconds=0):
            for rule in rules:
                state = self.committer.manifests.read().state(rule.item_id)
                if rule.column not in state.columns and state.segments:
                    raise Invalid(Code.LAKE_INVALID, "the rule's column is not stored")
                unfolded = {segment.bucket for segment in state.segments if segment.kind == DELTA}
                for segment in state.segments:
                    if segment.bucket not in unfolded:
                        self._segment(state.item, segment, _leaves(segment, rule, today), figures)
            self.committer.sweep()
        return figures

    def _segment(self, item: str, segment: Segment, leaves: str, figures: RetirementFigures) -> None:
        path = self.committer.folder / segment.file
        with connect(self.options.threads, self.options.memory) as connection:
            found = columns_of(connection, [path])
            gone = connection.execute(
                f"SELECT count(*) FROM {scan([path])} WHERE {leaves}"  # noqa: S608
            ).fetchall()[0][0]
            if not gone:
                return
            self._rewrite(connection, item, segment, leaves, found)
        figures.segments += 1
        if segment.kind == HISTORY:
            figures.history_rows += gone
        else:
            figures.rows += gone

    def _rewrite(
        self,
        connection: duckdb.DuckDBPyConnection,
        item: str,
        segment: Segment,
        leaves: str,
        found: dict[str, str],
    ) -> None:
        draft = self.drafts.begin(item, "", 0)
        try:
            stem = f"run-{draft.folder.name}"
            target = draft.folder / f"{stem}.parquet"
            connection.execute(
                f"COPY (SELECT * FROM {scan([self.committer.folder / segment.file])} "  # noqa: S608
                f"WHERE NOT coalesce({leaves}, false) ORDER BY _subject, _as_of) TO {text(str(target))} "
                f"{parquet_options(self.options.row_group_rows)}"
            ).fetchall()
            empty = not connection.execute(f"SELECT 1 FROM {scan([target])} LIMIT 1").fetchall()  # noqa: S608
            written = [] if empty else [Written(target, segment.bucket, segment.kind, stem, is_sorted=True)]
            prepared = prepare(
                connection, item, draft.folder.name, written, found, folder=draft.folder, buckets=self.buckets
            )
            mark("retire:synced")
            with self.committer.writing():
                self._replace(item, segment, prepared.segments, prepared.moves)
        finally:
            draft.discard()

    def _replace(self, item: str, old: Segment, new: Sequence[Segment], moves: dict[Path, str]) -> None:
        now: ItemState = self.committer.manifests.read().state(item)
        kept = tuple(one for one in now.segments if one.file != old.file)
        self.committer.exchange(replace(now, segments=(*kept, *new)), moves, "retire")


def _leaves(segment: Segment, rule: RetentionRule, today: date) -> str:
    """SQL that is true of the rows that leave."""
    parts = ["false"]
    if rule.months is not None:
        parts.append(f"{name(rule.column)} < DATE {text(add_months(today, -rule.months).isoformat())}")
    if rule.history_months is not None:
        arrived = f"_received < TIMESTAMP {text(add_months(today, -rule.history_months).isoformat())}"
        parts.append(arrived if segment.kind == HISTORY else f"(_status = {text(WITHDRAWN)} AND {arrived})")
    return f"coalesce({' OR '.join(parts)}, false)"
