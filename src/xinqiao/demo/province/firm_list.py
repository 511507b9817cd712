"""The firm index of a province, built by a process of its own that takes only what time of the machine is left."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from xinqiao.lake.firms import Firm, FirmIndex
from xinqiao.lake.firms.source import Reading, read_firms

INDEX, TOLD = "firms.db", "firms.json"
_NICE = 19


def build(listed: Path, folder: Path) -> None:
    """Make the index anew from a list; it has its name when it is whole."""
    os.nice(_NICE)
    began = time.monotonic()
    unfinished = folder / "firms.part"
    for left in folder.glob(unfinished.name + "*"):
        left.unlink()
    reading = Reading()
    with FirmIndex.create(unfinished) as index:
        index.add(_while_wanted(read_firms(listed, reading)))
        index.optimise()
        count = len(index)
    unfinished.replace(folder / INDEX)
    told = {
        "firms": count,
        "put_aside": reading.rejected.total(),
        "seconds": round(time.monotonic() - began, 1),
    }
    (folder / TOLD).write_text(json.dumps(told), encoding="utf-8")


def _while_wanted(firms: Iterator[Firm]) -> Iterator[Firm]:
    """The firms, as long as the run lives: the next one begins anew, and two must not write one file."""
    parent = os.getppid()
    for firm in firms:
        if os.getppid() != parent:
            raise SystemExit(1)
        yield firm


def start(listed: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Build it beside."""
    words = [sys.executable, "-m", __name__, str(listed), str(folder)]
    return subprocess.Popen(words, stdin=subprocess.DEVNULL)  # noqa: S603  ourselves


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
