"""A slice of the full-disk campaign, on a file system that really is full; the whole is ``xinqiao campaign full-disk``."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from xinqiao.campaigns import full_disk
from xinqiao.campaigns.full_disk import Campaign
from xinqiao.campaigns.planted import Truth
from xinqiao.domain.errors import Code, Unavailable


def may_mount() -> bool:
    """Whether this system lets a child mount a file system of its own."""
    script = "from xinqiao.campaigns.full_disk import own_namespace; own_namespace()"
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return not subprocess.run(
        [sys.executable, "-c", script], env=environ, capture_output=True, check=False
    ).returncode


@pytest.mark.slow
def test_a_full_disk_leaves_whole_batches_or_nothing() -> None:
    if not may_mount():
        pytest.skip("no file system of its own may be mounted here")
    found = full_disk.run(3, seed=2, rows=600)
    assert found["ok"], found["problems"]
    assert found["figures"]["full"] >= 3  # type: ignore[index,call-overload,operator]


class Plenty:
    """A folder in place of the small file system."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.used = folder, 0

    def cut(self, size: int) -> None:
        """There is always room here."""

    def empty(self) -> None:
        """Not needed here."""


def test_the_judge_finds_guilt(tmp_path: Path) -> None:
    campaign = Campaign(Plenty(tmp_path / "small"), tmp_path, random.Random(1), 60)  # type: ignore[arg-type]
    (tmp_path / "small").mkdir()
    campaign._base().rename(tmp_path / "small" / "lake")
    campaign._judge(1, Truth(), there=False)
    assert campaign.problems == []
    campaign._judge(2, Truth(accepted=5), there=True)
    (tmp_path / "small" / "lake" / "items" / "stray.parquet").write_bytes(b"x")
    campaign.first.append("a record that is gone")
    campaign._judge(3, Truth(), there=False)
    assert [problem.partition(":")[0] for problem in campaign.problems] == ["round 2", "round 3", "round 3"]


def test_anything_but_the_one_code_is_a_problem(tmp_path: Path) -> None:
    campaign = Campaign(Plenty(tmp_path), tmp_path, random.Random(1), 60)  # type: ignore[arg-type]

    def full() -> None:
        raise Unavailable(Code.LAKE_FULL, "no room")

    def other() -> None:
        raise Unavailable(Code.STORAGE_UNAVAILABLE, "no room")

    def crash() -> None:
        raise ValueError("torn")

    assert campaign._filled("collect", full, 1) is True
    assert campaign.problems == []
    assert campaign._filled("collect", lambda: None, 1) is False
    assert campaign._filled("collect", other, 2) is True
    assert campaign._filled("collect", crash, 3) is True
    assert len(campaign.problems) == 2
