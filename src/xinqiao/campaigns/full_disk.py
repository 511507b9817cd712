"""The full-disk campaign: a lake on a file system of a few megabytes, which really has no room left at a random moment.

In a child with a mount namespace of its own (nothing of it is seen outside, no privilege is needed where the system lets
ordinary users have one) a small ``tmpfs`` is mounted; a lake that holds one batch is put there, and the room is cut to
a random size. Then a second file is collected, and what fits is compacted:

* it succeeds, or it ends with ``LAKE_FULL``: no other code, no crash;
* afterwards the lake holds the whole batch or nothing of it, agrees with its manifest (I9), answers for the first
  batch as before, and keeps no draft and no file that nobody knows;
* with room again, the same file comes to the planted receipt, exactly.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from xinqiao.campaigns.kill_collect import ITEM, RECEIVED, staged
from xinqiao.campaigns.kill_lake import nobodys
from xinqiao.campaigns.planted import Truth, plant
from xinqiao.catalogue import load
from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.receipt import Receipt
from xinqiao.domain.errors import Code, Unavailable
from xinqiao.lake.collect import Means, collect
from xinqiao.lake.store import Lake

BIG = 256 << 20
_LOOK_SECONDS = 0.002


def _take(lake: Lake, path: Path, batch_no: str, received: datetime) -> Receipt:
    catalogue = load()
    return collect(
        lake, staged(path), catalogue.items[ITEM], catalogue, source="campaign", batch_no=batch_no,
        received_at=received, means=Means(piece_bytes=200_000, memory="500MB", secret=b"campaign"),
    )  # fmt: skip


class Room:
    """A small file system at a folder, in the mount namespace of this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._mount("-t", "tmpfs", "-o", f"size={BIG}", "tmpfs", str(folder))

    @staticmethod
    def _mount(*words: str) -> None:
        command = shutil.which("mount") or "/bin/mount"
        subprocess.run([command, *words], check=True, capture_output=True)  # noqa: S603

    def cut(self, size: int) -> None:
        """Let the file system be so large; what lies there stays."""
        self._mount("-o", f"remount,size={size}", str(self.folder))

    @property
    def used(self) -> int:
        """Bytes in use."""
        found = os.statvfs(self.folder)
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def empty(self) -> None:
        """Remove everything."""
        self.cut(BIG)
        for one in self.folder.iterdir():
            shutil.rmtree(one)

    def close(self) -> None:
        """Take it down."""
        subprocess.run([shutil.which("umount") or "/bin/umount", str(self.folder)], check=True)  # noqa: S603


def own_namespace() -> None:
    """Give this process mounts of its own. Raises OSError where the system does not let it."""
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        os.unshare(os.CLONE_NEWNS)
        Room._mount("--make-rprivate", "/")
        return
    os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNS)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1", encoding="ascii")


@dataclass(slots=True)
class Campaign:
    """Rounds on one small file system. ``kept``: a folder on the real disk for files and the lake to begin with."""

    room: Room
    kept: Path
    rng: random.Random
    rows: int
    problems: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)
    first: list[str] = field(default_factory=list)

    def run(self, rounds: int) -> None:
        """Fill the disk ``rounds`` times; a round in which there was room enough does not count."""
        base = self._base()
        path = self.kept / "second.csv"
        truth = plant(path, self.rows, seed=self.rng.randrange(1 << 30))
        needs = self._needs(base, path)
        number = 0
        while self.figures["full"] < rounds:
            number += 1
            shutil.copytree(base, self.room.folder / "lake")
            self.room.cut(self.room.used + 4096 + int(needs * self.rng.random()))
            self._round(number, path, truth)
            self.room.empty()

    def _base(self) -> Path:
        """A lake with one batch, and what it says."""
        path = self.kept / "first.csv"
        plant(path, self.rows, seed=self.rng.randrange(1 << 30))
        lake = Lake.open(self.kept / "base", create=True, buckets=4)
        _take(lake, path, "first", RECEIVED)
        self.first = self._told(lake)
        return lake.folder

    def _needs(self, base: Path, path: Path) -> int:
        """The most room an undisturbed collection and compaction take beside what is there."""
        shutil.copytree(base, self.room.folder / "lake")
        before, most, over = self.room.used, 0, threading.Event()

        def look() -> None:
            nonlocal most
            while not over.wait(_LOOK_SECONDS):
                most = max(most, self.room.used)

        watch = threading.Thread(target=look, daemon=True)
        watch.start()
        lake = Lake.open(self.room.folder / "lake")
        _take(lake, path, "second", RECEIVED + timedelta(days=1))
        lake.compact(full=True)
        over.set()
        watch.join()
        self.room.empty()
        return most - before

    def _round(self, number: int, path: Path, truth: Truth) -> None:
        lake = Lake.open(self.room.folder / "lake")
        full = self._filled(
            "collect", lambda: _take(lake, path, "second", RECEIVED + timedelta(days=1)), number
        )
        self._judge(number, truth, there=not full)
        if not full:
            full = self._filled("compact", lambda: lake.compact(full=True), number)
            self._judge(number, truth, there=True)
        self.figures["full"] += full
        self.figures["room_enough"] += not full
        self.room.cut(BIG)
        lake = Lake.open(self.room.folder / "lake")
        receipt = _take(lake, path, "second", RECEIVED + timedelta(days=1))
        lake.compact(full=True)
        told = (receipt.rows, receipt.accepted, receipt.refused, receipt.duplicates)
        planted = (truth.rows, truth.accepted, truth.refused, truth.duplicates)
        by_field = {name: dict(counts) for name, counts in receipt.by_field.items()}
        if told != planted or by_field != truth.by_field():
            self.problems.append(f"round {number}: with room again {told}, planted {planted}")
        self._judge(number, truth, there=True)

    def _filled(self, step: str, do: Callable[[], object], number: int) -> bool:
        """Whether there was no room; anything but the one code is a problem."""
        try:
            do()
        except Unavailable as error:
            if error.code is not Code.LAKE_FULL:
                self.problems.append(f"round {number}: {step} ended with {error.code}")
            self.figures[f"full_at_{step}"] += 1
            return True
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the one code
            self.problems.append(f"round {number}: {step} ended with {type(error).__name__}: {error}"[:300])
            return True
        return False

    def _judge(self, number: int, truth: Truth, *, there: bool) -> None:
        """Whole or nothing, and nothing left lying about."""
        bad = self.problems.append
        lake = Lake(self.room.folder / "lake", 4)  # as it is: opening would tidy it up
        done = lake.batch(ITEM, "second")
        if (done is not None) is not there or (done is not None and done.rows != truth.accepted):
            bad(
                f"round {number}: the batch is {done and done.rows}, {truth.accepted if there else None} expected"
            )
        for found in lake.check():
            bad(f"round {number}: {found}")
        for name in nobodys(lake):
            bad(f"round {number}: nobody's file, {name}")
        if lost := set(self.first) - set(self._told(lake)):
            bad(f"round {number}: {len(lost)} records of the first batch are not as they were")

    @staticmethod
    def _told(lake: Lake) -> list[str]:
        """Every record that the first batch brought, with its history, as text."""
        files = [str(file) for file in (*lake.files(ITEM), *lake.files(ITEM, history=True))]
        with duckdb.connect() as connection:
            rows = connection.execute(
                "SELECT _subject, account_no, period, CAST(arrears_amount AS VARCHAR), ent_name"
                " FROM read_parquet(?, union_by_name = true, hive_partitioning = false) WHERE _batch = 'first'",
                [files],
            ).fetchall()
        return [repr(row) for row in rows]


def run(rounds: int, *, seed: int = 1, rows: int = 3_000) -> dict[str, Json]:
    """Fill the disk ``rounds`` times, in a child; ``ok`` when nothing was wrong.

    Raises:
        OSError: this system does not let the child mount anything.
    """
    command = [sys.executable, "-m", "xinqiao.campaigns.full_disk", str(rounds), str(seed), str(rows)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise OSError(f"the child ended with {done.returncode}: {done.stderr[-1500:]}")
    found: dict[str, Json] = json.loads(done.stdout)
    return found


def main(rounds: int, seed: int, rows: int) -> dict[str, Json]:
    """The child's side."""
    own_namespace()
    with tempfile.TemporaryDirectory(prefix="xinqiao-full-disk-") as made:
        room = Room(Path(made) / "small")
        campaign = Campaign(room, Path(made), random.Random(seed), rows)  # noqa: S311  chance, not secrets
        try:
            campaign.run(rounds)
        finally:
            room.close()
    return {
        "rounds": rounds,
        "seed": seed,
        "rows_each": rows,
        "figures": dict(sorted(campaign.figures.items())),
        "problems": [*campaign.problems[:20]],
        "ok": not campaign.problems,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*map(int, sys.argv[1:4]))))
