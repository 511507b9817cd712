"""The kill campaign of the record store: SIGKILL to a process that publishes and compacts, then is the lake whole?

A child publishes the same few batches whoever runs it, compacts in between, and goes on where it was when it is run
again. Half of the rounds kill it at a step of publishing or compacting, the others at a random moment. After each
kill the lake is opened and judged (invariant I9):

* a batch is visible entirely or not at all, and the manifest says what the rows say;
* no draft, temporary file or segment without an owner is left;
* the work done again to its end gives exactly what a lake gives that nothing happened to.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from xinqiao.domain.canonical import Json
from xinqiao.lake.store import Lake, bucket_sql, phases
from xinqiao.lake.store.measure import parquet_options

ITEMS = ("water_fee", "gas_fee")
KEY = ("bill_no",)
BATCHES, ROWS, FIRMS, BUCKETS = 6, 40, 7, 2
SUBJECTS = [f"91140100MA{number:06d}{'KLMNPQR'[number]}X" for number in range(FIRMS)]
_PRINT, _WAIT = 0, -1


def batch(number: int) -> tuple[str, str, list[dict[str, Any]]]:
    """Item, number and rows of a batch; the same whoever asks."""
    chance = random.Random(number)  # noqa: S311 - a schedule, no secret
    rows = []
    for place, bill in enumerate(chance.sample(range(2 * ROWS), ROWS), start=1):
        rows.append(
            {
                "_subject": SUBJECTS[bill % FIRMS],
                "bill_no": f"W{bill:06d}",
                "volume": chance.randrange(3),
                "_row": place,
                "_batch": f"B{number}",
                "_source": "水务集团",
                "_as_of": date(2026, 1, 1) + timedelta(days=number),
                "_received": datetime(2026, 11, 1, 8, 0, number),  # noqa: DTZ001 - stored in UTC without a zone
                "_status": "withdrawn" if chance.random() < 0.1 else "valid",
                "_seq": number,
                "_digest": chance.getrandbits(63),
            }
        )
    return ITEMS[number % len(ITEMS)], f"B{number}", rows


def cells(number: int) -> list[Json]:
    """The rollup of a batch."""
    return [
        {"source": "水务集团", "division": "140100", "month": "2026-10", "rule": "ACCEPTED", "count": number}
    ]


def work(lake: Lake) -> None:
    """Publish every batch that is not there yet, and compact now and then."""
    for number in range(1, BATCHES + 1):
        item, batch_no, rows = batch(number)
        if lake.batch(item, batch_no) is None:
            with lake.begin(item, batch_no, number, key=KEY) as draft, duckdb.connect() as connection:
                connection.register("batch", pa.Table.from_pylist(rows))
                bucket = f"printf('%03d', {bucket_sql('_subject', lake.buckets)})"
                options = parquet_options(8192).rstrip(")")
                connection.execute(
                    f"COPY (SELECT *, {bucket} AS bucket FROM batch) TO '{draft.folder}' "  # noqa: S608
                    f"{options}, PARTITION_BY (bucket), OVERWRITE_OR_IGNORE)"
                ).fetchall()
                lake.publish(draft, facts={"digest": f"sha256:{number}", "rollup": cells(number)})
        if number % 3 == 0:
            lake.compact(full=number == BATCHES)


def answers(lake: Lake) -> list[Any]:
    """Everything the lake says: records, histories, rollups."""
    histories = [lake.history(firm, item) for firm in SUBJECTS for item in ITEMS]
    return [*(lake.records(firm) for firm in SUBJECTS), *histories, lake.rollups(by=("item", "rule"))]


def left_over(lake: Lake) -> list[str]:
    """Files that neither the manifest names nor anybody alive owns."""
    manifest = lake.manifest()
    named = manifest.files() | {name for name, _ in manifest.garbage} | {"lake.json", "manifest.json"}
    named |= {
        f"batches/{item}/{number}.json" for item, state in manifest.states.items() for number in state.batches
    }
    files = {path.relative_to(lake.folder).as_posix() for path in lake.folder.rglob("*") if path.is_file()}
    return sorted(name for name in files - named if not name.endswith(".lock"))


def nobodys(lake: Lake) -> list[str]:
    """The same without refused rows, which lie beside the lake and may belong to a batch that never came to be."""
    return [name for name in left_over(lake) if not name.startswith("quarantine/")]


def judge(lake: Lake) -> list[str]:
    """What is wrong with a lake after a crash, whatever was collected into it; empty when nothing is."""
    return [*lake.check(), *(f"left over: {name}" for name in left_over(lake))]


def judge_batches(lake: Lake) -> list[str]:
    """Batches of this campaign that are there in part."""
    found = []
    for number in range(1, BATCHES + 1):
        item, batch_no, rows = batch(number)
        known = lake.batch(item, batch_no)
        if known is not None and (known.rows, known.facts["rollup"]) != (len(rows), cells(number)):
            found.append(f"{batch_no} is there in part")
    return found


def start(folder: Path, nth: int) -> subprocess.Popen[str]:
    """The child. ``nth``: it dies at that marker; 0: it prints the markers; -1: it says ``ready`` and is killed."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "xinqiao.campaigns.kill_lake", str(folder), str(nth)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def markers(folder: Path) -> list[str]:
    """The steps of an undisturbed run, in their order."""
    told, _ = start(folder, _PRINT).communicate()
    return told.split()


def run(rounds: int, *, seed: int = 1, folder: Path | None = None) -> dict[str, Json]:
    """Run the campaign; ``ok`` is whether nothing was wrong."""
    chance = random.Random(seed)  # noqa: S311 - a schedule, no secret
    figures: Counter[str] = Counter()
    problems: list[str] = []
    with tempfile.TemporaryDirectory(dir=folder) as place:
        steps = markers(Path(place) / "whole")
        expected = answers(Lake.open(Path(place) / "whole"))
        began = time.monotonic()
        work(Lake.open(Path(place) / "timed", create=True, buckets=BUCKETS))
        usual = time.monotonic() - began
        for number in range(rounds):
            target = Path(place) / f"round-{number}"
            nth = chance.randint(1, len(steps)) if number % 2 else _WAIT
            figures[f"killed_{_kill(target, nth, chance.uniform(0, usual))}"] += 1
            problems += [f"round {number}: {one}" for one in _aftermath(target, expected, figures)]
    return {
        "ok": not problems,
        "rounds": rounds,
        "steps": [*sorted(set(steps))],
        "problems": list(problems),
        "figures": dict(figures),
    }


def _kill(folder: Path, nth: int, after: float) -> str:
    child = start(folder, nth)
    if nth == _WAIT:
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(after)
        child.kill()
    child.communicate()
    if child.returncode != -signal.SIGKILL:
        return "too_late"
    return "at_random" if nth == _WAIT else "at_a_step"


def _aftermath(folder: Path, expected: list[Any], figures: Counter[str]) -> list[str]:
    lake = Lake.open(folder, create=True, buckets=BUCKETS)
    found = judge(lake) + judge_batches(lake)
    figures["batches_found"] += sum(len(state.batches) for state in lake.manifest().states.values())
    work(lake)
    if answers(lake) != expected:
        found.append("the second run is not exact")
    return found + judge(lake)


def main() -> None:
    """The child's side; see :func:`start`."""
    nth, seen = int(sys.argv[2]), 0

    def hook(name: str) -> None:
        nonlocal seen
        seen += 1
        if nth == _PRINT:
            print(name)  # noqa: T201 - the protocol of the pipe
        elif seen == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    lake = Lake.open(Path(sys.argv[1]), create=True, buckets=BUCKETS)
    phases.hook = hook
    if nth == _WAIT:
        print("ready", flush=True)  # noqa: T201
    work(lake)


if __name__ == "__main__":
    main()
