"""How much of the disk a folder takes, looked at now and then while others write."""

import os
import threading
from pathlib import Path

_EACH_SECONDS = 5.0


def bytes_of(folder: Path) -> int:
    """Bytes of the files below a folder; what goes meanwhile is not counted."""
    total = 0
    try:
        with os.scandir(folder) as found:
            for one in found:
                try:
                    total += (
                        bytes_of(Path(one.path))
                        if one.is_dir(follow_symlinks=False)
                        else one.stat(follow_symlinks=False).st_size
                    )
                except FileNotFoundError:
                    continue
    except FileNotFoundError:
        return 0
    return total


class Gauge(threading.Thread):
    """Remembers the most it saw. A context manager."""

    def __init__(self, folder: Path) -> None:
        super().__init__(name="gauge", daemon=True)
        self.peak = 0
        self._folder, self._over = folder, threading.Event()

    def look(self) -> None:
        """Look now."""
        self.peak = max(self.peak, bytes_of(self._folder))

    def run(self) -> None:
        while not self._over.wait(_EACH_SECONDS):
            self.look()

    def __enter__(self) -> "Gauge":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
