"""The door to the lake: open, write a batch, read an enterprise, scan an item, tidy up, check."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.store import dossier as dossiers
from xinqiao.lake.store import publish as publishing
from xinqiao.lake.store import rollups as rolling
from xinqiao.lake.store.buckets import check_buckets
from xinqiao.lake.store.check import check_item
from xinqiao.lake.store.commit import Committer
from xinqiao.lake.store.compact import ROW_GROUP_ROWS, CompactionFigures, Compactor, Options
from xinqiao.lake.store.decode import Row
from xinqiao.lake.store.disk import batch_name, item_name, make_folder, room, write_durable
from xinqiao.lake.store.drafts import Draft, Drafts
from xinqiao.lake.store.locks import exclusive
from xinqiao.lake.store.manifest import BASE, DELTA, HISTORY, Manifest, ManifestStore, Published
from xinqiao.lake.store.measure import ENVELOPE, WITHDRAWN, name, scan, text
from xinqiao.lake.store.reading import Reader, chain, identity, newest, payload_of, read, shown
from xinqiao.lake.store.retire import RetentionRule, Retirement, RetirementFigures

_SETTINGS = "lake.json"
_FORMAT = "xinqiao-lake-1"
_ATTEMPTS = 5


class Lake:
    """A lake on a disk. Cheap to keep open; threads may share it."""

    def __init__(self, folder: Path, buckets: int) -> None:
        self.folder = folder
        self.buckets = buckets
        self._manifests = ManifestStore(folder)
        self._committer = Committer(folder, self._manifests)
        self._drafts = Drafts(folder / "drafts")
        self._reader = Reader(folder)

    @classmethod
    def open(cls, folder: Path, *, create: bool = False, buckets: int = 16) -> "Lake":
        """Open a lake, making one when asked; what dead writers left behind is removed.

        ``buckets``: a power of two, of a lake that is made; an existing one keeps its own.

        Raises:
            Invalid: ``LAKE_INVALID`` when there is no lake and none is to be made, or its settings cannot be read.
            Unavailable: ``LAKE_FULL``.
        """
        with room():
            if create and not (folder / _SETTINGS).exists():
                _create(folder, check_buckets(buckets))
            lake = cls(folder, _buckets(folder))
            lake._drafts.sweep()
            lake._committer.recover()
            lake._manifests.read()
            return lake

    def manifest(self) -> Manifest:
        """The newest version."""
        return self._manifests.read()

    # -- writing --------------------------------------------------------------------------------------------------

    def begin(self, item_id: str, batch_no: str, seq: int, *, key: Sequence[str] = ()) -> Draft:
        """A folder to write a batch into; see :class:`Draft`. ``seq`` orders batches: the later one wins.

        Raises:
            Invalid: ``LAKE_INVALID`` for names that cannot be names of files.
        """
        with room():
            return self._drafts.begin(item_name(item_id), batch_name(batch_no), seq, key)

    def publish(self, draft: Draft, *, facts: Mapping[str, Json] | None = None) -> Published:
        """Make a batch visible, once; see :func:`xinqiao.lake.store.publish.publish`."""
        return publishing.publish(self._committer, draft, facts or {}, self.buckets)

    def discard(self, draft: Draft) -> None:
        """Throw a draft away."""
        draft.discard()

    def batch(self, item_id: str, batch_no: str) -> Published | None:
        """A batch by its number."""
        manifest = self.manifest()
        state = manifest.state(item_id)
        if batch_no not in state.batches:
            return None
        return publishing.published(self.folder, manifest, state, batch_no)

    def batch_of_digest(self, item_id: str, digest: str) -> Published | None:
        """The batch that brought a file of that digest."""
        found = publishing.batch_of_digest(self.manifest().state(item_id), digest)
        return self.batch(item_id, found) if found else None

    def next_seq(self, item_id: str) -> int:
        """One more than the greatest sequence number published."""
        return 1 + max((entry.seq for entry in self.manifest().state(item_id).batches.values()), default=0)

    # -- keeping in order -----------------------------------------------------------------------------------------

    def compact(
        self,
        item_id: str | None = None,
        *,
        memory: str = "2GB",
        threads: int = 2,
        row_group_rows: int = ROW_GROUP_ROWS,
        full: bool = False,
    ) -> CompactionFigures:
        """Tidy up where rows lie; readers and publishers go on meanwhile.

        Raises:
            Conflict: ``LAKE_BUSY`` when another compaction or retirement is at work.
            Unavailable: ``LAKE_FULL``; what was done so far stays, the rest is unchanged.
        """
        options = Options(memory, threads, row_group_rows, full)
        items = None if item_id is None else [item_id]
        return Compactor(self._committer, self._drafts, self.buckets, options).run(items)

    def retire(self, today: date, rules: Sequence[RetentionRule]) -> RetirementFigures:
        """Let go what the rules say has been kept long enough; batches are folded first. Raises as :meth:`compact`."""
        for rule in rules:
            if any(segment.kind == DELTA for segment in self.manifest().state(rule.item_id).segments):
                self.compact(rule.item_id, full=True)
        return Retirement(self._committer, self._drafts, self.buckets, Options()).run(today, rules)

    def sweep(self) -> int:
        """Remove replaced files nobody reads; how many are left for those who do."""
        return self._committer.sweep()

    def check(self, item_id: str | None = None) -> list[str]:
        """Compare the manifest with the rows (invariant I9); what differs, empty when nothing does."""
        manifest = self.manifest()
        items = sorted(manifest.states) if item_id is None else [item_id]
        return [found for item in items for found in check_item(self.folder, manifest.state(item))]

    # -- reading --------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[Manifest]:
        """Keep the files of the newest version for as long as a long scan lasts."""
        while True:
            manifest = self.manifest()
            lease = self._committer.leases.take(manifest.version)
            if self.manifest().version == manifest.version:
                break
            self._committer.leases.release(lease)
        try:
            yield manifest
        finally:
            self._committer.leases.release(lease)

    def records(
        self, subject: str, *, items: Iterable[str] | None = None, as_of: date | None = None
    ) -> dict[str, list[Row]]:
        """What is known of a subject: by item, the newest version of each record with its lineage.

        Rows carry the payload and ``_subject _row _batch _source _as_of _received _status _seq _version _since``.
        ``as_of``: what was known to hold on that day, superseded versions too. Items without a record are absent.

        Raises:
            Invalid: ``LAKE_INVALID`` for a subject that cannot be one.
        """

        def found(manifest: Manifest) -> dict[str, list[Row]]:
            chosen = sorted(manifest.states) if items is None else list(items)
            past = as_of is not None
            result: dict[str, list[Row]] = {}
            for item, rows in read(
                self._reader, manifest, chosen, subject, self.buckets, history=past
            ).items():
                state = manifest.state(item)
                if known := newest(rows, state.key, as_of):
                    payload = payload_of(state)
                    result[item] = [shown(row, payload) for row in known]
            return result

        return self._steadily(found)

    def history(self, subject: str, item_id: str, key: Mapping[str, Any] | str | None = None) -> list[Row]:
        """Every version of a record, oldest first, the withdrawn too; of all records without a key."""

        def found(manifest: Manifest) -> list[Row]:
            state = manifest.state(item_id)
            wanted = (key,) if isinstance(key, str) else None if key is None else identity(key, state.key)
            chains: dict[tuple[Any, ...], list[Row]] = {}
            rows = read(self._reader, manifest, [item_id], subject, self.buckets, history=True)
            for row in rows[item_id]:
                chains.setdefault(identity(row, state.key), []).append(row)
            payload = payload_of(state)
            return [
                shown(row, payload)
                for own, rows in sorted(chains.items(), key=lambda one: str(one[0]))
                if wanted is None or own == wanted
                for row in chain(rows)
            ]

        return self._steadily(found)

    def _steadily[T](self, ask: Callable[[Manifest], T]) -> T:
        """Ask the newest version; once more when its files were swept meanwhile."""
        for attempt in range(_ATTEMPTS):
            manifest = self.manifest()
            try:
                return ask(manifest)
            except FileNotFoundError:
                if attempt + 1 == _ATTEMPTS or self.manifest().version == manifest.version:
                    raise
        raise AssertionError("unreachable")

    def version(self, subject: str, *, items: Iterable[str] | None = None) -> str:
        """A token that changes whenever a publication or compaction may have touched what is known of a subject."""

        def found(manifest: Manifest) -> str:
            return dossiers.token(
                segment.file
                for item in (sorted(manifest.states) if items is None else items)
                for segment in self._reader.segments(
                    manifest.state(item), subject, self.buckets, history=True
                )
            )

        return self._steadily(found)

    def dossier(self, subject: str) -> bytes:
        """Everything known of a subject as one zstd blob of canonical JSON; see :mod:`.dossier`."""
        return dossiers.pack(subject, self.records(subject))

    def files(self, item_id: str, *, history: bool = False) -> list[Path]:
        """The Parquet files of an item in the newest version, for Spark; read within :meth:`reading`.

        After ``compact(full=True)`` every row in them is the newest of its key; before, the newest ``_seq``, ``_row``
        of each wins. Rows whose ``_status`` is ``withdrawn`` are none.
        """
        return [
            self.folder / segment.file
            for segment in self.manifest().state(item_id).segments
            if (segment.kind == HISTORY) is history
        ]

    def relation_sql(self, item_id: str) -> str:
        """A DuckDB relation of the records in force, for quality figures; read within :meth:`reading`."""
        state = self.manifest().state(item_id)
        segments = [segment for segment in state.segments if segment.kind != HISTORY]
        envelope = [column for column in ENVELOPE[:8] if column in state.columns]
        columns = [*envelope, *(column for column in state.columns if column not in ENVELOPE)]
        if not segments:
            nothing = ", ".join(f"CAST(NULL AS {state.columns[one]}) AS {name(one)}" for one in columns)
            return f"(SELECT {nothing or '1'} WHERE false)"
        in_force = f"_status <> {text(WITHDRAWN)}"
        source = scan([self.folder / segment.file for segment in segments])
        listed = ", ".join(name(column) for column in columns)
        if len([one for one in segments if one.kind == BASE]) == len(segments):
            return f"(SELECT {listed} FROM {source} WHERE {in_force})"  # noqa: S608
        own = ", ".join(name(column) for column in ["_subject", *(state.key or ("_key",))])
        newest_first = f"row_number() OVER (PARTITION BY {own} ORDER BY _seq DESC, _row DESC)"
        return f"(SELECT * FROM (SELECT {listed} FROM {source} QUALIFY {newest_first} = 1) WHERE {in_force})"  # noqa: S608

    def rollups(
        self,
        items: Iterable[str] | None = None,
        *,
        by: Sequence[str] = ("item",),
        where: Mapping[str, str] | None = None,
    ) -> list[dict[str, Json]]:
        """Counts of the batches' cells by ``item``, ``source``, ``division``, ``month``, ``rule``; never scans rows."""

        def found(manifest: Manifest) -> list[dict[str, Json]]:
            chosen = sorted(manifest.states) if items is None else list(items)
            return rolling.rollups(self.folder, manifest, chosen, by, where or {})

        return self._steadily(found)


def _create(folder: Path, buckets: int) -> None:
    make_folder(folder)
    make_folder(folder / "drafts")
    make_folder(folder / "leases")
    with exclusive(folder / "writer.lock", wait_seconds=10):
        if not (folder / _SETTINGS).exists():
            settings = {"format": _FORMAT, "buckets": buckets}
            write_durable(folder / _SETTINGS, json.dumps(settings).encode())


def _buckets(folder: Path) -> int:
    try:
        settings = json.loads((folder / _SETTINGS).read_bytes())
        if settings["format"] == _FORMAT:
            return check_buckets(settings["buckets"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Invalid(Code.LAKE_INVALID, "no lake in this folder") from error
    raise Invalid(Code.LAKE_INVALID, "a lake of another format")
