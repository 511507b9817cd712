"""A slice of the hub's collecting campaign, and that its judge can find guilt; the whole is ``xinqiao campaign kill-batches``."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.database import copy_of_migrated

# a process of its own: the campaign sets Django up on a database this run must not share
_RUN = """
import json, sys
from pathlib import Path
from xinqiao.campaigns import kill_batches
print(json.dumps(kill_batches.run(3, seed=5, rows=300, folder=Path(sys.argv[1]))))
"""
_GUILT = """
import json, random, shutil, sys
from pathlib import Path
from xinqiao.campaigns import kill_batches
from xinqiao.campaigns.planted import Truth, plant
home = Path(sys.argv[1]) / "hub"
campaign = kill_batches.Campaign(home, random.Random(1), 50, kill_batches.register(home))
path = home.parent / "file-1.csv"
truth = plant(path, 50, seed=1)
campaign._finish(path, truth)
clean = list(campaign.problems)
campaign._finish(path, Truth(truth.rows + 1, truth.accepted, truth.refused, truth.duplicates, truth.found))
for place in (home / "collection" / "batches").glob("*/file.csv"):
    place.write_bytes(b"half")
campaign._judge(path, Truth(accepted=truth.accepted + 1))
for place in (home / "collection" / "batches").glob("*/file.csv"):
    place.unlink()
campaign._swept(path)
print(json.dumps({"clean": clean, "problems": campaign.problems}))
"""


def ran(script: str, folder: Path) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_killed_workers_leave_whole_batches_or_nothing(migrated: Path | None, tmp_path: Path) -> None:
    copy_of_migrated(migrated, tmp_path / "hub")
    found = ran(_RUN, tmp_path)
    assert found["ok"], found["problems"]
    figures = found["figures"]
    assert isinstance(figures, dict)
    assert figures["killed"] >= 3
    assert figures["exact"] >= 1


@pytest.mark.slow
def test_the_judge_finds_guilt(migrated: Path | None, tmp_path: Path) -> None:
    copy_of_migrated(migrated, tmp_path / "hub")
    found = ran(_GUILT, tmp_path)
    assert found["clean"] == []
    told = " | ".join(map(str, found["problems"]))  # type: ignore[call-overload]
    for guilt in ("the receipt says", "its file is not whole", "rows in the lake", "lost"):
        assert guilt in told, guilt
