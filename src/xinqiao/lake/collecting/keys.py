"""Which 64-bit hashes occur twice among any number of them, in little memory: sorted part by part."""

import shutil
import threading
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

type Hashes = NDArray[np.uint64]

_BITS = 4
_PARTS = 1 << _BITS
_LAST_BITS = 20
_LAST = np.uint64((1 << _LAST_BITS) - 1)


class KeyHashes:
    """Collects hashes in files by their first bits; threads may add at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._files: list[BinaryIO] = []

    def __enter__(self) -> Self:
        self._folder.mkdir()
        self._files = [(self._folder / str(part)).open("w+b") for part in range(_PARTS)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files:
            file.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, hashes: Hashes) -> None:
        """Some more."""
        ordered = np.sort(hashes)
        edges = np.arange(1, _PARTS, dtype=np.uint64) << np.uint64(64 - _BITS)
        parts = np.split(ordered, np.searchsorted(ordered, edges))
        with self._lock:
            for file, part in zip(self._files, parts, strict=True):
                file.write(part.tobytes())

    def repeated(self) -> "Repeated":
        """Those that were added more than once."""
        found: list[Hashes] = []
        for file in self._files:
            file.seek(0)
            ordered = np.sort(np.fromfile(file, np.uint64))
            found.append(np.unique(ordered[1:][ordered[1:] == ordered[:-1]]))
        return Repeated(np.concatenate(found))


class Repeated:
    """Some hashes, sorted, to be looked for among many."""

    def __init__(self, hashes: Hashes) -> None:
        self.hashes = hashes
        # nearly all that are asked for are none of them, which their last bits tell
        self._last = np.zeros(1 << _LAST_BITS, np.bool_)
        self._last[hashes & _LAST] = True

    def among(self, asked: Hashes) -> NDArray[np.bool_] | None:
        """Which of those asked for are among them; ``None`` for none."""
        if not len(self.hashes) or not len(asked):
            return None
        found: NDArray[np.bool_] = self._last[asked & _LAST]
        likely = np.flatnonzero(found)
        found[likely] = np.isin(asked[likely], self.hashes)
        return found if found.any() else None
