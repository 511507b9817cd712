"""Drafts: where a batch or a compaction is written before it is published; gone when their owner is."""

import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from xinqiao.lake.store.locks import exclusive, try_lock

_OWNER = "owner.lock"
_WAIT_SECONDS = 10.0


@dataclass(slots=True)
class Draft:
    """A batch that is being written.

    Write ``bucket=NNN/*.parquet`` into ``folder``; then publish or discard it (the end of a ``with`` discards). ``key``: the payload fields of the
    natural key, empty when a part of it is not a stored column.
    """

    folder: Path
    item_id: str
    batch_no: str
    seq: int
    key: tuple[str, ...]
    _descriptor: int | None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def discard(self) -> None:
        """Remove what was written; again is no error."""
        if self._descriptor is None:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._descriptor)
        self._descriptor = None


class Drafts:
    """The folder of drafts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _mutex(self) -> Path:
        return self._folder / "mutex.lock"

    def begin(self, item_id: str, batch_no: str, seq: int, key: Sequence[str] = ()) -> Draft:
        """A fresh folder that this process owns."""
        with exclusive(self._mutex(), wait_seconds=_WAIT_SECONDS):
            folder = self._folder / uuid.uuid4().hex
            folder.mkdir()
            descriptor = try_lock(folder / _OWNER)
        return Draft(folder, item_id, batch_no, seq, tuple(key), descriptor)

    def sweep(self) -> int:
        """Remove the drafts whose owner is dead; how many there were."""
        removed = 0
        with exclusive(self._mutex(), wait_seconds=_WAIT_SECONDS):
            for folder in [path for path in self._folder.iterdir() if path.is_dir()]:
                try:
                    descriptor = try_lock(folder / _OWNER)
                except FileNotFoundError:  # its owner has just removed it
                    continue
                if descriptor is not None:
                    shutil.rmtree(folder, ignore_errors=True)
                    os.close(descriptor)
                    removed += 1
        return removed
