"""A slice of the collecting campaign; the whole is ``xinqiao campaign kill-collect``."""

import random
from pathlib import Path

import pytest

from xinqiao.campaigns import kill_collect
from xinqiao.campaigns.kill_collect import Campaign
from xinqiao.campaigns.planted import Truth


@pytest.mark.slow
def test_killed_collections_leave_whole_batches_or_nothing() -> None:
    figures = kill_collect.run(2, rows=1_500, seed=3)
    assert figures["problems"] == []
    assert figures["figures"]["killed"] >= 2  # type: ignore[index,call-overload]


def test_the_campaign_sees_rows_that_should_not_be_there(tmp_path: Path) -> None:
    """The judge must be able to find guilt."""
    campaign = Campaign(tmp_path, random.Random(1), 100)
    path = tmp_path / "file-1.csv"
    truth = kill_collect.plant(path, 100, seed=1)
    kill_collect.collect_file(tmp_path / "lake", path)
    campaign._judge(path, Truth(accepted=truth.accepted + 1))
    (tmp_path / "lake" / "stray.parquet").write_bytes(b"")
    campaign._judge(path, truth)
    assert len(campaign.problems) == 2
