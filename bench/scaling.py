"""Cost of a row at ten times the rows over that at one time: it should stay what it is, whatever the size.

``XINQIAO_BENCH_SCALE_ROWS`` says how many rows the small one has (default 200,000; the goal is told for 1,000,000) and
``XINQIAO_BENCH_SCALE_TIMES`` how many times more the large one has (default 10; 100 for 1 M against 100 M). Both lakes are
made of the same kind of rows in files of the same size, with as many buckets as their sizes call for, in the same run.
"""

import os
import random
import shutil
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench._table import BenchRow, p50, verdict
from xinqiao.catalogue import load
from xinqiao.demo.province.pieces import Factory
from xinqiao.demo.province.size import Size
from xinqiao.lake.collect import Means, collect
from xinqiao.lake.files import expected_names, stage
from xinqiao.lake.store import Lake

ROWS = int(os.environ.get("XINQIAO_BENCH_SCALE_ROWS", "200000"))
TIMES = int(os.environ.get("XINQIAO_BENCH_SCALE_TIMES", "10"))
ITEMS = ("electricity_fee", "medical_insurance_basic")
ROWS_OF_A_FIRM = 58
LOOKUPS = 400
PANELS = 5
RECEIVED = datetime(2026, 6, 30, 4, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of the processor by row, of a lookup and of a panel."""

    collect: float
    compact: float
    lookup: float
    panel: float


def rows() -> list[BenchRow]:
    """Rows G16."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as folder:
        _cost(Path(folder) / "warm", min(ROWS, 20_000))
        small = _cost(Path(folder) / "small", ROWS)
        large = _cost(Path(folder) / "large", ROWS * TIMES)
    return [
        _row("collecting a row", large.collect, small.collect, 1e6, "us"),
        _row("compacting a row", large.compact, small.compact, 1e6, "us"),
        _row("a dossier from the lake, median", large.lookup, small.lookup, 1e3, "ms"),
        _row("a dashboard panel, first time in a process", large.panel, small.panel, 1e3, "ms"),
    ]


def _row(what: str, large: float, small: float, unit: float, name: str) -> BenchRow:
    ratio = large / small
    return BenchRow(
        "G16", f"{what}: {ROWS * TIMES:,} rows over {ROWS:,}, of the processor", f"{large * unit:.2f} {name}",
        f"at {ROWS:,} {small * unit:.2f} {name}", f"{ratio:.2f}x", "<= 1.3x", "<= 1.1x",
        verdict(ratio <= 1.3, ratio <= 1.1),
    )  # fmt: skip


def _cost(folder: Path, records: int) -> Cost:
    folder.mkdir()
    # as many rows a file in the small one as in the large one: what is asked is the size of the lake, not of a file
    size = Size(records, max(20, records // ROWS_OF_A_FIRM), 2_000, max(50_000, ROWS // 2), 0.005, 7, ITEMS)
    factory = Factory(size, load())
    lake = Lake.open(folder / "lake", create=True, buckets=size.buckets)
    collected = 0.0
    for item in factory.items():
        for piece in factory.pieces(item):
            factory.write(piece, folder / "piece.csv")
            (folder / "staged").mkdir()
            staged = stage(folder / "piece.csv", folder / "staged", expected=expected_names(item))
            began = time.process_time()
            collect(
                lake, staged, item, factory.catalogue, source="bench", batch_no=piece.batch_no,
                received_at=RECEIVED + timedelta(seconds=piece.number), seq=piece.number, means=Means(secret=b"bench"),
            )  # fmt: skip
            collected += time.process_time() - began
            shutil.rmtree(folder / "staged")
    began = time.process_time()
    lake.compact(full=True)
    compacted = time.process_time() - began
    return Cost(collected / records, compacted / records, _lookups(lake, factory.registered()), _panel(lake))


def _lookups(lake: Lake, codes: list[str]) -> float:
    chance = random.Random(3)
    fresh = Lake.open(lake.folder)
    seconds: list[float] = []
    for _ in range(LOOKUPS):
        began = time.process_time()
        fresh.dossier(chance.choice(codes))
        seconds.append(time.process_time() - began)
    return p50(seconds[LOOKUPS // 4 :])


def _panel(lake: Lake) -> float:
    seconds: list[float] = []
    for _ in range(PANELS):
        fresh = Lake.open(lake.folder)
        began = time.process_time()
        fresh.rollups(by=("item", "month", "rule"))
        seconds.append(time.process_time() - began)
    return p50(seconds)


if __name__ == "__main__":
    from bench._table import render

    print(render(rows()))
