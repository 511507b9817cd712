"""The collecting campaign: SIGKILL at random moments of a collection, and once at every named step of it.

A child process collects a file with planted mistakes into a lake and is killed; then the lake is opened again and must
hold the whole batch or nothing of it, agree with its manifest (I9), and keep no file of the dead (what lies in the
folder of refused rows may belong to a batch that never came: it is replaced by the next run). The next run over the
same file must come to the planted counts, exactly.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from xinqiao.campaigns.kill_lake import nobodys
from xinqiao.campaigns.planted import Truth, plant
from xinqiao.catalogue import load
from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.receipt import Receipt
from xinqiao.lake.collect import Means, collect
from xinqiao.lake.files import Sheet, Staged
from xinqiao.lake.store import Lake, phases

ITEM = "electricity_fee"
RECEIVED = datetime(2026, 11, 21, 3, tzinfo=UTC)
_HEADER_LINES = 1


def staged(path: Path) -> Staged:
    """A file of ours, which needs no child process to be read."""
    with path.open(encoding="utf-8") as file:
        header = tuple(file.readline().strip().split(","))
    sheet = Sheet(path, "csv", "", header, ",", '"', "utf-8", 2, _HEADER_LINES, quoted=True)
    return Staged(path.name.ljust(64, "0"), path.stat().st_size, (sheet,))


def collect_file(folder: Path, path: Path) -> Receipt:
    """Collect a file into a lake."""
    catalogue = load()
    return collect(
        Lake.open(folder, create=True, buckets=4), staged(path), catalogue.items[ITEM], catalogue,
        source="campaign", batch_no=path.stem, received_at=RECEIVED,
        means=Means(piece_bytes=200_000, memory="500MB", secret=b"campaign"),
    )  # fmt: skip


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def serve_child(folder: Path, path: Path, step: int) -> None:
    """Collect; end without a farewell at the ``step``-th marker, if that is not 0; say when the work begins."""
    passed = 0

    def at(name: str) -> None:
        nonlocal passed
        passed += 1
        if passed == step:
            os.kill(os.getpid(), signal.SIGKILL)

    phases.hook = at
    _say("begin")
    collect_file(folder, path)
    _say(f"done {passed}")


@dataclass(slots=True)
class Campaign:
    """One lake, one file after another, each killed at least once before it is taken."""

    folder: Path
    rng: random.Random
    rows: int
    problems: list[str] = field(default_factory=list)
    figures: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("killed", "survived", "whole", "nothing"), 0)
    )
    taken: int = 0
    usual: float = 3.0

    def run(self, rounds: int) -> None:
        """Kill ``rounds`` times; the first at the named steps in turn, the others at random moments."""
        number = 0
        step: int = 1
        while self.figures["killed"] < rounds:
            number += 1
            path = self.folder / f"file-{number}.csv"
            truth = plant(path, self.rows, seed=self.rng.randrange(1 << 30))
            for _ in range(self.rng.randrange(1, 4)):
                step = self._kill(path, step)
                self._judge(path, truth)
            receipt = collect_file(self.folder / "lake", path)
            self._compare(path, truth, receipt)
            if collect_file(self.folder / "lake", path) != receipt:
                self.problems.append(f"{path.stem}: the same file again has another receipt")
            self.taken += truth.accepted
            path.unlink()

    def _kill(self, path: Path, step: int) -> int:
        """Start a child and end it; the step to end the next one at, 0 when all steps were tried."""
        command = [
            sys.executable,
            "-m",
            "xinqiao.campaigns.kill_collect",
            str(self.folder / "lake"),
            str(path),
            str(step),
        ]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603  ourselves
        assert child.stdout is not None
        child.stdout.readline()
        began = time.monotonic()
        if not step:
            try:
                child.wait(self.rng.uniform(0, self.usual * 1.1))
            except subprocess.TimeoutExpired:
                child.kill()
        rest = child.communicate()[0]
        if rest.startswith("done"):
            self.figures["survived"] += 1
            self.usual = 0.7 * self.usual + 0.3 * (time.monotonic() - began)
            return 0
        if child.returncode != -signal.SIGKILL:
            self.problems.append(f"{path.stem}: the child ended with {child.returncode}")
        self.figures["killed"] += 1
        return step + 1 if step else 0

    def _judge(self, path: Path, truth: Truth) -> None:
        """Whole or nothing, and nothing left lying about."""
        lake = Lake.open(self.folder / "lake", create=True, buckets=4)
        done = lake.batch(ITEM, path.stem)
        self.figures["whole" if done else "nothing"] += 1
        expected = self.taken + (truth.accepted if done else 0)
        files = lake.files(ITEM) if lake.manifest().states else []
        found = 0
        if files:
            with duckdb.connect() as connection:
                row = connection.execute(
                    "SELECT count(*) FROM read_parquet(?, hive_partitioning = false)",
                    [[str(file) for file in files]],
                ).fetchone()
                found = int(row[0]) if row else 0
        bad = self.problems.append
        if found != expected:
            bad(f"{path.stem}: {found} rows in the lake, {expected} expected")
        for difference in lake.check():
            bad(f"{path.stem}: {difference}")
        if orphans := nobodys(lake):
            bad(f"{path.stem}: {len(orphans)} files nobody knows, {orphans[0]} first")

    def _compare(self, path: Path, truth: Truth, receipt: Receipt) -> None:
        told = (receipt.rows, receipt.accepted, receipt.refused, receipt.duplicates)
        if told != (truth.rows, truth.accepted, truth.refused, truth.duplicates):
            self.problems.append(f"{path.stem}: counted {told}, planted {truth.rows}, {truth.accepted}")
        if {name: dict(counts) for name, counts in receipt.by_field.items()} != truth.by_field():
            self.problems.append(f"{path.stem}: findings are not the planted ones")


def run(rounds: int, *, seed: int = 1, rows: int = 20_000, folder: Path | None = None) -> dict[str, Json]:
    """Kill ``rounds`` times and judge."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-kill-collect-") as made:
        campaign = Campaign(folder or Path(made), random.Random(seed), rows)  # noqa: S311  chance, not secrets
        campaign.run(rounds)
    return {
        "rounds": rounds,
        "seed": seed,
        "rows_each": rows,
        "figures": dict(campaign.figures),
        "rows_taken": campaign.taken,
        "problems": [*campaign.problems[:20]],
        "ok": not campaign.problems,
    }


if __name__ == "__main__":
    serve_child(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
