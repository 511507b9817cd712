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

    def repeated(self) -> Hashes:
        """Those that were added more than once, each once."""
        found: list[Hashes] = []
        for file in self._files:
            file.seek(0)
            ordered = np.sort(np.fromfile(file, np.uint64))
            found.append(np.unique(ordered[1:][ordered[1:] == ordered[:-1]]))
        return np.concatenate(found)
