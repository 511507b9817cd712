"""A collection that never ends: ``python -m bench._ingest LAKE FOLDER`` sends batch after batch of planted electricity
bills through the whole pipeline into a lake that is being read, as the worker's collector does.
"""

import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from xinqiao.campaigns.planted import plant
from xinqiao.catalogue import load
from xinqiao.lake.background import step_back
from xinqiao.lake.collect import Means, collect
from xinqiao.lake.files import expected_names, stage
from xinqiao.lake.store import Lake

ROWS = 100_000


def main(lake_folder: Path, folder: Path) -> None:
    """Collect until killed; says so when the first batch begins."""
    step_back()
    catalogue = load()
    item = catalogue.items["electricity_fee"]
    path, lake = folder / "planted.csv", Lake.open(lake_folder)
    if not path.exists():
        plant(path, ROWS, seed=1)
    work = folder / "staging"
    work.mkdir(exist_ok=True)
    head, _, rows = path.read_bytes().partition(b"\n")
    turned = folder / f"{path.stem}-turned.csv"
    print("collecting", flush=True)
    for number in count(lake.next_seq(item.id)):
        # the same file again would be no work: the first row goes behind the last
        first, _, others = rows.partition(b"\n")
        rows = others + first + b"\n"
        turned.write_bytes(head + b"\n" + rows)
        staged = stage(turned, work, expected=expected_names(item))
        collect(
            lake, staged, item, catalogue, source="bench", batch_no=f"N{number}", received_at=datetime.now(UTC),
            means=Means(secret=b"bench"),
        )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
