"""The kill campaign of the hub's collecting: SIGKILL to a worker at any moment between a file's upload and its receipt.

A child process receives a file as a portal does and judges it as the worker does, on the hub's own database and lake;
half of the kills come at a named step of the lake's work, the others at a random moment. After each:

* the batch is in the database with its whole file, or it is not there at all (and its file is nobody's);
* its rows are in the lake whole, or not at all, and the lake agrees with its manifest (I9);
* what nobody owns is gone after one sweep: no staged file, no draft, no segment.

The next worker comes when the lease of the dead one has ended (its clock is set ahead). In the end every receipt is the
planted one, received and judged exactly once in the audit log, and the same file again is the same batch (I10).
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from xinqiao.campaigns.kill_lake import nobodys
from xinqiao.campaigns.planted import Truth, plant
from xinqiao.campaigns.stage import start_django
from xinqiao.domain.canonical import Json
from xinqiao.lake.store import Lake, phases

ITEM = "electricity_fee"
SOURCE = "power"
#: A day of the campaign's own: what is planted lies before it, or after it, whenever the campaign is run.
BEGIN = datetime(2026, 11, 21, 3, tzinfo=UTC)
#: More than the lease of a worker; what is older than this and without a row is swept.
AHEAD = timedelta(minutes=2)
_ORPHAN_SECONDS = 700.0


class LateClock:
    """A clock of the campaign's day, set ahead: time enough for a dead worker's lease to end."""

    def __init__(self, ahead: timedelta) -> None:
        self._zero = BEGIN + ahead
        self._started = time.monotonic()

    def now(self) -> datetime:
        """The instant."""
        return self._zero + timedelta(seconds=time.monotonic() - self._started)


def register(home: Path) -> str:
    """Set a hub up in ``home`` with one source; its id."""
    start_django(home, None)
    from xinqiao.hub.actors import SystemActor
    from xinqiao.hub.apps.identity import services as identity

    member = identity.register_source(
        actor=SystemActor("campaign"), code=SOURCE, name="演示供电公司", short_name="供电", kind="utility",
        division="330100", items=[ITEM], username="power.steward", password="long-enough-password",  # noqa: S106
        display_name="沈砚", at=BEGIN, is_demo=True,
    )  # fmt: skip
    return str(member.source_id)


def work(source_id: str, path: Path, ahead: timedelta) -> str:
    """Send the file as a system does and do what waits; the batch's number."""
    from xinqiao.hub.apps.collection.services import process_next, submit_whole
    from xinqiao.hub.apps.identity.selectors import source_system_actor

    clock = LateClock(ahead)
    done = submit_whole(
        actor=source_system_actor(source_id), item=ITEM, file_name=path.name,
        chunks=iter([path.read_bytes()]), at=clock.now(),
    )  # fmt: skip
    while process_next(clock=clock):
        pass
    return str(done.batch.number)


def serve_child(home: Path, source_id: str, path: Path, ahead: float, step: int) -> None:
    """Work; end without a farewell at the ``step``-th marker, if that is not 0."""
    start_django(home, None)
    passed = 0

    def at(name: str) -> None:
        nonlocal passed
        passed += 1
        if passed == step:
            os.kill(os.getpid(), signal.SIGKILL)

    phases.hook = at
    _say("begin")
    work(source_id, path, timedelta(seconds=ahead))
    _say(f"done {passed}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@dataclass(slots=True)
class Campaign:
    """One hub, one file after another, each killed at least once before it is judged."""

    home: Path
    rng: random.Random
    rows: int
    source_id: str
    ahead: timedelta = AHEAD
    problems: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)
    usual: float = 2.0

    def run(self, rounds: int) -> None:
        """Kill ``rounds`` times."""
        number, step = 0, 1
        while self.figures["killed"] < rounds:
            number += 1
            path = self.home.parent / f"file-{number}.csv"
            truth = plant(path, self.rows, seed=self.rng.randrange(1 << 30))
            # three deaths and the worker gives a batch up only at five
            for _ in range(self.rng.randrange(1, 4)):
                at_step = bool(self.figures["killed"] % 2 == 0)
                step = self._kill(path, step if at_step else 0, step)
                self._judge(path, truth)
            self._finish(path, truth)
            path.unlink()

    def _kill(self, path: Path, at: int, step: int) -> int:
        """Start a child and end it; the next step to end one at."""
        self.ahead += AHEAD
        words = [str(self.home), self.source_id, str(path), str(self.ahead.total_seconds()), str(at)]
        child = subprocess.Popen(  # noqa: S603  ourselves
            [sys.executable, "-m", "xinqiao.campaigns.kill_batches", *words], stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert child.stdout is not None
        child.stdout.readline()
        began = time.monotonic()
        if not at:
            try:
                # earlier moments more often: receiving a file is quick
                child.wait(self.usual * 1.1 * self.rng.random() ** 2)
            except subprocess.TimeoutExpired:
                child.kill()
        rest = child.communicate()[0]
        if rest.startswith("done"):
            self.figures["survived"] += 1
            self.usual = 0.7 * self.usual + 0.3 * (time.monotonic() - began)
            return 1 if at else step
        if child.returncode != -signal.SIGKILL:
            self.problems.append(f"{path.stem}: the child ended with {child.returncode}")
        self.figures["killed"] += 1
        self.figures["killed_at_a_step" if at else "killed_at_random"] += 1
        return step + 1 if at else step

    # after a kill

    def _judge(self, path: Path, truth: Truth) -> None:
        from xinqiao.hub.apps.collection import files
        from xinqiao.hub.apps.collection.models import Batch

        row = Batch.objects.filter(file_name=path.name).first()
        lake = self._lake()
        published = None if row is None else lake.batch(ITEM, row.number)
        moment = "before_the_batch" if row is None else "in_the_lake" if published else "before_the_lake"
        self.figures[moment if row is None or row.finished_at is None else "finished"] += 1
        bad = self.problems.append
        if row is not None and files.digest_of(files.batch_file(row.id, row.file_name)) != row.digest:
            bad(f"{path.stem}: the batch is there and its file is not whole")
        if published is not None and published.rows != truth.accepted:
            bad(f"{path.stem}: {published.rows} rows in the lake, {truth.accepted} planted")
        for found in (*lake.check(), *(f"nobody's file: {name}" for name in nobodys(lake))):
            bad(f"{path.stem}: {found}")

    def _lake(self) -> Lake:
        from django.conf import settings

        return Lake.open(Path(settings.XINQIAO_LAKE), create=True)

    # in the end

    def _finish(self, path: Path, truth: Truth) -> None:
        """A worker that nobody kills; then everything is compared."""
        from xinqiao.hub.apps.collection.models import Batch

        self.ahead += AHEAD
        number = work(self.source_id, path, self.ahead)
        rows = list(Batch.objects.filter(file_name=path.name))
        if [row.number for row in rows] != [number] or work(self.source_id, path, self.ahead) != number:
            self.problems.append(f"{path.stem}: one file is {len(rows)} batches")
            return
        self._compare(rows[0], truth)
        self._swept(path)

    def _compare(self, row: "Batch", truth: Truth) -> None:  # type: ignore[name-defined] # noqa: F821
        from xinqiao.hub.apps.audit.models import Leaf

        bad = self.problems.append
        told = (row.rows_read, row.rows_accepted, row.rows_refused, row.rows_duplicate)
        planted = (truth.rows, truth.accepted, truth.refused, truth.duplicates)
        if told != planted or row.receipt is None or row.receipt["by_field"] != truth.by_field():
            bad(f"{row.file_name}: the receipt says {told}, planted {planted}; {row.state} {row.code}")
        acts = Counter(
            json.loads(bytes(leaf.body))["facts"]["act"] for leaf in Leaf.objects.filter(object_id=row.id)
        )
        if acts != {"batch_received": 1, "batch_checked": 1}:
            bad(f"{row.file_name}: leaves {dict(acts)}")
        self.figures["exact"] += 1

    def _swept(self, path: Path) -> None:
        """Beginnings and files without a row are gone after a sweep; a batch keeps its file and nothing else."""
        from django.conf import settings

        from xinqiao.hub.apps.collection import files
        from xinqiao.hub.apps.collection.models import Batch, Upload

        known = set(Batch.objects.values_list("id", flat=True))
        uploads = set(Upload.objects.values_list("id", flat=True))
        later = time.time() + _ORPHAN_SECONDS  # house: allow now - compared with the times of files
        files.sweep(uploads=uploads, batches=known, older_than=later)
        root = Path(settings.COLLECTION_DIR)
        there = {one.relative_to(root).as_posix() for one in root.rglob("*") if one.is_file()}
        wanted = {f"batches/{batch}/file.csv" for batch in known}
        if there != wanted:
            self.problems.append(
                f"{path.stem}: left {sorted(there - wanted)[:3]}, lost {sorted(wanted - there)[:3]}"
            )


def run(rounds: int, *, seed: int = 1, rows: int = 5_000, folder: Path | None = None) -> dict[str, Json]:
    """Kill ``rounds`` times and judge. For a process of its own: it sets a hub up, in ``folder`` if one is given."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-kill-batches-") as made:
        home = (folder or Path(made)) / "hub"
        campaign = Campaign(home, random.Random(seed), rows, register(home))  # noqa: S311  chance, not secrets
        campaign.run(rounds)
        return {
            "rounds": rounds,
            "seed": seed,
            "rows_each": rows,
            "figures": dict(sorted(campaign.figures.items())),
            "problems": [*campaign.problems[:20]],
            "ok": not campaign.problems,
        }


if __name__ == "__main__":
    serve_child(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))
