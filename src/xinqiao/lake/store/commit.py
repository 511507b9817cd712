"""Making a new version: files moved in, manifest replaced, what nobody reads any more removed. Also the way back up.

All of it happens under the writer's lock. Until the root is renamed nothing has happened; afterwards everything has.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path

from xinqiao.lake.store.buckets import bucket_name
from xinqiao.lake.store.disk import TEMPORARY, make_folder, sync_folder
from xinqiao.lake.store.locks import Leases, exclusive, try_lock
from xinqiao.lake.store.manifest import HISTORY, ROOT, ItemState, Manifest, ManifestStore
from xinqiao.lake.store.phases import mark

#: A writer keeps the lock for a moment, which on a crowded machine is long for one that gives way to others.
WRITER_WAIT_SECONDS = 60.0
#: ``quarantine``: refused rows, which lie beside the lake and in no manifest; collecting looks after them.
_KEPT_FOLDERS = frozenset({"drafts", "leases", "quarantine"})


class Committer:
    """The one door to a new version."""

    def __init__(self, folder: Path, manifests: ManifestStore) -> None:
        self.folder = folder
        self.manifests = manifests
        self.leases = Leases(folder / "leases")

    def writing(self, wait_seconds: float = WRITER_WAIT_SECONDS) -> AbstractContextManager[None]:
        """Be the writer. Raises Conflict (``LAKE_BUSY``)."""
        return exclusive(self.folder / "writer.lock", wait_seconds=wait_seconds)

    def place(self, moves: Mapping[Path, str], phase: str) -> None:
        """Move finished, synced files to their names; all back out when one cannot be moved."""
        placed: list[Path] = []
        try:
            for source, name in moves.items():
                target = self.folder / name
                make_folder(target.parent)
                source.rename(target)
                placed.append(target)
                mark(f"{phase}:move")
            for parent in sorted({target.parent for target in placed}):
                sync_folder(parent)
        except BaseException:
            for target in placed:
                target.unlink(missing_ok=True)
            raise

    def exchange(self, changed: ItemState, moves: Mapping[Path, str], phase: str) -> Manifest:
        """Put files in place and make the state that names them the newest; without it they are gone again."""
        self.place(moves, phase)
        mark(f"{phase}:placed")
        try:
            return self.commit(changed, phase)
        except BaseException:
            known = self.manifests.read().files()
            for name in moves.values():
                if name not in known:
                    (self.folder / name).unlink(missing_ok=True)
            raise

    def commit(self, changed: ItemState, phase: str) -> Manifest:
        """Make ``changed`` the newest state of its item. The writer's lock is held by the caller."""
        now = self.manifests.read()
        version = now.version + 1
        changed = replace(changed, version=version)
        dropped, kept = self._garbage(now)
        gone = now.state(changed.item).files() - changed.files() if changed.item in now.states else set()
        garbage = (*kept, *((name, version) for name in sorted(gone)))
        following = Manifest(version, {**now.states, changed.item: changed}, garbage)
        try:
            self.manifests.write(following, changed)
        except BaseException:
            if self.manifests.read().version != version:  # else it is visible, and nothing may be taken back
                (self.folder / changed.file).unlink(missing_ok=True)
            raise
        mark(f"{phase}:manifest")
        self._remove(dropped)
        return self.manifests.read()

    def sweep(self) -> int:
        """Remove files that no reader needs any more; how many are left for those who still read."""
        with self.writing():
            now = self.manifests.read()
            dropped, kept = self._garbage(now)
            if dropped:
                self.manifests.write(replace(now, garbage=kept), None)
                mark("sweep:manifest")
                self._remove(dropped)
            return len(kept)

    def _garbage(self, now: Manifest) -> tuple[list[str], tuple[tuple[str, int], ...]]:
        """Names that can go, and those that somebody may still read."""
        oldest = self.leases.oldest()
        kept = tuple(
            (name, version) for name, version in now.garbage if oldest is not None and oldest < version
        )
        waiting = {name for name, _ in kept}
        return [name for name, _ in now.garbage if name not in waiting], kept

    def _remove(self, names: list[str]) -> None:
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    # -- after a crash --------------------------------------------------------------------------------------------

    def recover(self) -> int:
        """Remove what a dead writer left: files no manifest names. Nothing when a writer is at work."""
        descriptor = try_lock(self.folder / "writer.lock")
        if descriptor is None:
            return 0
        with open(descriptor, "rb"):  # noqa: PTH123 - the descriptor of the lock, closed at the end
            now = self.manifests.read()
            known = now.files() | {name for name, _ in now.garbage}
            known |= {
                batch_file(item, number) for item, state in now.states.items() for number in state.batches
            }
            return sum(self._remove_unless(path, known) for path in self._candidates())

    def _candidates(self) -> list[Path]:
        found = [path for path in self.folder.glob(f"*{TEMPORARY}*") if path.is_file()]
        for folder in self.folder.iterdir():
            if folder.is_dir() and folder.name not in _KEPT_FOLDERS:
                found += [path for path in folder.rglob("*") if path.is_file()]
        return found

    def _remove_unless(self, path: Path, known: set[str]) -> bool:
        if path.relative_to(self.folder).as_posix() in known:
            return False
        with suppress(FileNotFoundError):
            path.unlink()
        return True


def segment_file(item: str, bucket: int, kind: str, stem: str) -> str:
    """Where a segment lies, from the folder of the lake on."""
    top = f"history/{item}" if kind == HISTORY else f"items/{item}"
    return f"{top}/{bucket_name(bucket)}/{stem}.parquet"


def index_file(item: str, stem: str) -> str:
    """Where the index entries of one publication lie."""
    return f"index/{item}/{stem}.idx"


def batch_file(item: str, batch_no: str) -> str:
    """Where the facts of a batch lie."""
    return f"batches/{item}/{batch_no}.json"


__all__ = ["ROOT", "Committer", "batch_file", "index_file", "segment_file"]
