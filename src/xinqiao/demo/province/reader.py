"""A process that reads dossiers of registered firms while others collect: how long does each take?

One firm at a time at a steady rate, evenly at random, through the lake's own door. What it measured lies in a file that
grows, so that a kill loses nothing of it: of each read the milliseconds on the wall and those of the processor. While the
file ``reads.pause`` is there nothing is read.
"""

import array
import os
import random
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xinqiao.lake.store import Lake

TIMES, PEAK, PAUSE = "reads.f32", "reads.mb", "reads.pause"


def read_on(lake_folder: Path, codes: list[str], into: Path, each: float, seed: int) -> None:
    """Read until the parent ends or asks to stop."""
    stopping = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    lake = Lake.open(lake_folder)
    rng = random.Random(seed)  # noqa: S311  chance, not secrets
    parent = os.getppid()
    with (into / TIMES).open("ab") as out:
        due = time.monotonic()
        while not stopping and os.getppid() == parent:
            if (into / PAUSE).exists():
                time.sleep(each)
                continue
            began, cpu = time.perf_counter(), time.process_time()
            lake.dossier(rng.choice(codes))
            took = time.perf_counter() - began, time.process_time() - cpu
            array.array("f", [one * 1000 for one in took]).tofile(out)
            out.flush()
            due = max(due + each, time.monotonic() - each)
            time.sleep(max(0.0, due - time.monotonic()))
    (into / PEAK).write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10), encoding="ascii")


@dataclass(slots=True)
class Readings:
    """The reader from outside."""

    process: subprocess.Popen[bytes]
    folder: Path

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(30)


def start(lake: Path, codes: Path, into: Path, *, per_second: float, seed: int) -> Readings:
    """Start the reader; ``codes``: a file of one code a line."""
    words = [str(lake), str(codes), str(into), str(1 / per_second), str(seed)]
    process = subprocess.Popen([sys.executable, "-m", __name__, *words], stdin=subprocess.DEVNULL)  # noqa: S603
    return Readings(process, into)


def measured(folder: Path) -> dict[str, float | int]:
    """Reads so far: how many, and their milliseconds; nothing when there were none."""
    path = folder / TIMES
    both = np.fromfile(path, np.float32) if path.exists() else np.zeros(0, np.float32)
    times, cpu = both[: len(both) // 2 * 2].reshape(-1, 2).T  # a kill may have left half a pair
    if not len(times):
        return {"reads": 0}
    late = times[len(times) // 2 :]  # in the beginning the lake knows little of anybody
    p50, p99, late_p50, late_p99 = (
        round(float(one), 2) for one in (*np.percentile(times, [50, 99]), *np.percentile(late, [50, 99]))
    )
    return {
        "reads": len(times), "p50_ms": p50, "p99_ms": p99, "worst_ms": round(float(times.max()), 1),
        "second_half_p50_ms": late_p50, "second_half_p99_ms": late_p99,
        "cpu_p50_ms": round(float(np.percentile(cpu, 50)), 2), "cpu_p99_ms": round(float(np.percentile(cpu, 99)), 2),
    }  # fmt: skip


if __name__ == "__main__":
    read_on(
        Path(sys.argv[1]), Path(sys.argv[2]).read_text(encoding="ascii").split(), Path(sys.argv[3]),
        float(sys.argv[4]), int(sys.argv[5]),
    )  # fmt: skip
