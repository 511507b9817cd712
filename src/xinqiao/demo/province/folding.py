"""Compaction of one item after another in a process beside the one that collects.

Collecting is not two threads wide all the time; what it leaves of the second core folds the item before. While a file is
made, which is no part of collecting, the process stands still, so that no work is done off the clock.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

from xinqiao.lake.store import Lake

_EACH_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Folded:
    """What a compaction took: seconds of the processor, largest resident set. ``full``: the item is done."""

    item: str
    full: bool
    cpu: float
    peak_mb: int


@dataclass(slots=True)
class Folding:
    """At most one compaction at a time."""

    lake: Path
    memory: str
    _running: tuple[str, bool, "subprocess.Popen[bytes]"] | None = field(default=None, init=False)

    def start(self, item: str, *, full: bool) -> None:
        """Begin; nothing may be running."""
        assert self._running is None
        words = [sys.executable, "-m", __name__, str(self.lake), item, self.memory, "full" if full else ""]
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)  # noqa: S603
        self._running = item, full, child

    def wait(self) -> Folded | None:
        """The end of what is running; ``None`` when nothing is."""
        if self._running is None:
            return None
        item, full, child = self._running
        self._running = None
        told, _ = child.communicate()
        if child.returncode:
            raise RuntimeError(f"the compaction of {item} ended with {child.returncode}")
        return Folded(item, full, **json.loads(told))

    def stand(self) -> None:
        """Let it stand still."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        """End it, wherever it is: what it has not published it has not done."""
        self._signal(signal.SIGKILL)
        if self._running is not None:
            self._running[2].communicate()

    def _signal(self, number: int) -> None:
        if self._running is not None:
            self._running[2].send_signal(number)


def fold(lake: Path, item: str, memory: str, *, full: bool) -> None:
    """Compact an item and say on standard output what it took."""
    over = threading.Event()
    watch = threading.Thread(target=_while_wanted, args=(os.getppid(), over))
    watch.start()
    try:
        Lake.open(lake).compact(item, memory=memory, threads=1, full=full)
    finally:
        over.set()
        watch.join()
    used = resource.getrusage(resource.RUSAGE_SELF)
    json.dump({"cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss >> 10}, sys.stdout)


def _while_wanted(parent: int, over: threading.Event) -> None:
    """End with the run: the next one compacts anew, and two must not."""
    while not over.wait(_EACH_SECONDS):
        if os.getppid() != parent:
            os._exit(1)


if __name__ == "__main__":
    fold(Path(sys.argv[1]), sys.argv[2], sys.argv[3], full=bool(sys.argv[4]))
