"""The manifest: what the lake holds, in one version. JSON, immutable states per item under one small root.

``manifest.json`` names a state file per item; both are written beside, synced and renamed, so that a reader sees one
version or the next, never a mixture. ``garbage`` lists files that no later version names, with the version that no
longer did, until nobody reads an older one.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.store.disk import make_folder, write_durable

FORMAT = 1
ROOT = "manifest.json"
#: rows as a batch brought them; newest by key and nothing else; what was superseded
DELTA, BASE, HISTORY = "delta", "base", "history"


#: Lineage that is mostly the same for a whole batch, and how its text is read.
CONSTANTS: dict[str, Callable[[str], object]] = {
    "_source": str,
    "_as_of": date.fromisoformat,
    "_received": datetime.fromisoformat,
}


@dataclass(frozen=True, slots=True)
class Segment:
    """A Parquet file of one item and bucket.

    ``sums``: of every exact numeric payload column, as text. ``content_digest``: the sum of ``_digest`` modulo 2^64
    as text, where the rows carry it. ``index``: file, offset and length of its index entry.
    """

    file: str
    bucket: int
    kind: str
    rows: int
    bytes: int
    sha256: str
    sums: dict[str, str]
    content_digest: str
    index: tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """What a state says of a batch; its facts lie in a file of its own.

    ``constants``: what ``_source``, ``_as_of``, ``_received`` are in all of its rows, as text, where they are so.
    """

    seq: int
    digest: str
    rows: int
    content_digest: str
    constants: dict[str, str]


@dataclass(frozen=True)
class ItemState:
    """Everything about one item in one version. ``columns``: names and DuckDB types of what its files hold."""

    item: str
    version: int = 0
    key: tuple[str, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)
    batches: dict[str, BatchEntry] = field(default_factory=dict)
    segments: tuple[Segment, ...] = ()
    rollup: str = ""
    #: batches whose rollup cells are not in the file ``rollup`` yet
    pending: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Where this state is written."""
        return f"states/{self.item}-{self.version}.json"

    def to_bytes(self) -> bytes:
        """The content of its file."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> "ItemState":
        """Read it back."""
        told = json.loads(content)
        return cls(
            item=told["item"],
            version=told["version"],
            key=tuple(told["key"]),
            columns=told["columns"],
            batches={number: BatchEntry(**entry) for number, entry in told["batches"].items()},
            segments=tuple(
                Segment(**{**segment, "index": tuple(segment["index"])}) for segment in told["segments"]
            ),
            rollup=told["rollup"],
            pending=tuple(told["pending"]),
        )

    @cached_property
    def lineage(self) -> dict[int, dict[str, object]]:
        """By sequence number the lineage all rows of the batch share; empty when that cannot be told for every batch."""
        batches = [(number, entry) for number, entry in self.batches.items() if entry.rows]
        shared = [name for name in CONSTANTS if all(name in entry.constants for _, entry in batches)]
        if len({entry.seq for _, entry in batches}) < len(batches):
            return {}
        return {
            entry.seq: {"_batch": number, **{name: CONSTANTS[name](entry.constants[name]) for name in shared}}
            for number, entry in batches
        }

    def files(self) -> set[str]:
        """Every file this state needs, itself too."""
        found = {self.file} | {segment.file for segment in self.segments}
        found |= {segment.index[0] for segment in self.segments}
        return found | ({self.rollup} if self.rollup else set())


@dataclass(frozen=True, slots=True)
class Manifest:
    """The root in one version, with the states it names."""

    version: int = 0
    states: dict[str, ItemState] = field(default_factory=dict)
    garbage: tuple[tuple[str, int], ...] = ()

    def state(self, item_id: str) -> ItemState:
        """An item's state; an empty one when nothing was collected yet."""
        return self.states.get(item_id) or ItemState(item_id)

    def files(self) -> set[str]:
        """Every file this version needs."""
        return {name for state in self.states.values() for name in state.files()}

    def to_bytes(self) -> bytes:
        """The content of the root file."""
        root: dict[str, Json] = {
            "format": FORMAT,
            "version": self.version,
            "items": {item: state.file for item, state in self.states.items()},
            "garbage": [[name, version] for name, version in self.garbage],
        }
        return json.dumps(root, sort_keys=True).encode()


@dataclass(frozen=True, slots=True)
class Published:
    """A batch as the lake holds it. ``new``: this call has published it. ``version``: of the manifest now."""

    item_id: str
    batch_no: str
    seq: int
    rows: int
    content_digest: str
    version: int
    new: bool
    facts: dict[str, Json]


class ManifestStore:
    """Reads and writes the manifest of a folder, keeping what has not changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # one value, replaced whole: threads may read at once
        self._known: tuple[tuple[int, int, int], Manifest] = (0, 0, 0), Manifest()

    def read(self) -> Manifest:
        """The newest version. A file is looked at only when the root was replaced.

        Raises:
            Invalid: ``LAKE_INVALID`` when it cannot be read.
        """
        path = self._folder / ROOT
        try:
            stat = path.stat()
        except FileNotFoundError:
            return Manifest()
        seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        known, manifest = self._known
        if seen != known:
            manifest = self._load(path)
            self._known = seen, manifest
        return manifest

    def _load(self, path: Path) -> Manifest:
        while True:
            content = path.read_bytes()
            try:
                return self._parse(content)
            except FileNotFoundError:
                # a state may be swept between the root and it: then the root is a newer one by now
                if path.read_bytes() == content:
                    raise Invalid(Code.LAKE_INVALID, "a state of the manifest is missing") from None
            except (ValueError, KeyError, TypeError) as error:
                raise Invalid(Code.LAKE_INVALID, "the manifest cannot be read") from error

    def _parse(self, content: bytes) -> Manifest:
        root = json.loads(content)
        if root["format"] != FORMAT:
            raise Invalid(Code.LAKE_INVALID, "a manifest of another format")
        states = {}
        for item, name in root["items"].items():
            known = self._known[1].states.get(item)
            if known is None or known.file != name:
                known = ItemState.from_bytes((self._folder / name).read_bytes())
            states[item] = known
        return Manifest(root["version"], states, tuple((name, version) for name, version in root["garbage"]))

    def write(self, manifest: Manifest, changed: ItemState | None) -> None:
        """Make a version visible: first its state, then the root."""
        if changed is not None:
            make_folder(self._folder / "states")
            write_durable(self._folder / changed.file, changed.to_bytes())
        write_durable(self._folder / ROOT, manifest.to_bytes())
