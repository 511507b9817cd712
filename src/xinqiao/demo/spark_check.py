"""The same record files by two engines: collected by the pipeline, and counted by a job on Spark's standalone cluster.

Every collected item has a file with planted mistakes. Each count of each region must be the same (docs/operations/spark.md).
"""

import json
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

from xinqiao.catalogue import load
from xinqiao.demo.collected.writing import Order, Written, generate
from xinqiao.domain.canonical import Json
from xinqiao.lake.collect import Means, collect
from xinqiao.lake.files import expected_names, stage
from xinqiao.lake.store import Lake

RECEIVED = datetime(2026, 6, 30, 4, tzinfo=UTC)
_DAY = date(2026, 6, 30)
type Figures = dict[str, dict[str, dict[str, int]]]
"""Item → region → counts."""


def run(rows: int, *, seed: int = 1) -> dict[str, Json]:
    """Compare; ``ok`` when nothing differs.

    Raises:
        ModuleNotFoundError: without the extra ``spark``. RuntimeError: the cluster or the job did not run.
    """
    from xinqiao.lake.spark import standalone

    with tempfile.TemporaryDirectory(prefix="xinqiao-spark-") as place:
        folder = Path(place)
        order = Order(enterprises=max(20, rows // 60), records=rows, as_of=_DAY, errors=0.1, seed=seed)
        made = list(generate(order, folder / "files"))
        began = time.monotonic()
        own = _collected(folder, made)
        collected = time.monotonic()
        with standalone.cluster(folder) as master:
            up = time.monotonic()
            job = Path(standalone.__file__).with_name("tally.py")
            words = ["--received-on", _DAY.isoformat(), "--output", str(folder / "figures.json")]
            words += [f"{one.item.id}={one.path}" for one in made]
            code = standalone.submit(master, job, words, folder / "job.log")
        if code:
            said = (folder / "job.log").read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"the job ended with {code}:\n{said[-3000:]}")
        theirs: Figures = json.loads((folder / "figures.json").read_bytes())
        problems = differences(own, theirs)
        return {
            "ok": not problems,
            "rows": rows,
            "items": len(made),
            "regions": sum(len(regions) for regions in own.values()),
            "counts_compared": sum(len(tally) for regions in own.values() for tally in regions.values()),
            "problems": [*problems[:20]],
            "milliseconds": {
                "pipeline": round((collected - began) * 1000),
                "cluster_start": round((up - collected) * 1000),
                "job": round((time.monotonic() - up) * 1000),
            },
        }


def _collected(folder: Path, made: list[Written]) -> Figures:
    catalogue = load()
    lake = Lake.open(folder / "lake", create=True)
    found: Figures = {}
    for one in made:
        (folder / one.item.id).mkdir()
        staged = stage(one.path, folder / one.item.id, expected=expected_names(one.item))
        receipt = collect(
            lake, staged, one.item, catalogue, source="spark", batch_no="b1", received_at=RECEIVED,
            means=Means(secret=b"spark"),
        )  # fmt: skip
        found[one.item.id] = {part.region: asdict(part.tally) for part in receipt.quality}
    return found


def differences(own: Figures, theirs: Figures) -> list[str]:
    """What differs, in words."""
    found: list[str] = []
    for item in sorted(own.keys() | theirs.keys()):
        ours, others = own.get(item, {}), theirs.get(item, {})
        for region in sorted(ours.keys() | others.keys()):
            one, other = ours.get(region, {}), others.get(region, {})
            found += [
                f"{item} {region or '-'} {name}: {one.get(name)} against {other.get(name)}"
                for name in sorted(one.keys() | other.keys())
                if one.get(name) != other.get(name)
            ]
    return found
