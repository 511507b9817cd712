"""A slice of the kill campaign, with real processes in a folder of their own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

_RUN = """
import json, sys
from pathlib import Path
from xinqiao.campaigns import kill
print(json.dumps(kill.run(2, seed=3, folder=Path(sys.argv[1]))))
"""


@pytest.mark.slow
def test_two_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    # a process of its own: the campaign sets Django up on a database this run must not share
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(tmp_path)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["ok"], found["problems"]
    assert found["figures"]["confirm_acknowledged"]
    assert found["figures"]["use_leaves"] >= 3
