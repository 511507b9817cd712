"""A slice of the kill campaign, with real processes in a folder of their own."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.database import copy_of_migrated

from xinqiao.campaigns.caller import Answer, Caller, Question
from xinqiao.campaigns.kill import Campaign, Case
from xinqiao.clock import SystemClock
from xinqiao.trust.keys import OpenKey, SigningKey

_RUN = """
import json, sys
from pathlib import Path
from xinqiao.campaigns import kill
print(json.dumps(kill.run(2, seed=3, folder=Path(sys.argv[1]))))
"""


@pytest.mark.slow
def test_two_kills_lose_nothing_that_was_acknowledged(migrated: Path | None, tmp_path: Path) -> None:
    copy_of_migrated(migrated, tmp_path / "hub")
    # a process of its own: the campaign sets Django up on a database this run must not share
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(tmp_path)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["ok"], found["problems"]
    assert found["figures"]["confirm_acknowledged"]
    assert found["figures"]["use_leaves"] >= 3


class Reborn(Caller):
    """A caller of a platform that has started again: the first token it gave is unknown to it."""

    tokens = 0
    asked = 0

    def send(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> Answer:
        if target == "/oauth/token":
            self.tokens += 1
            return Answer(200, json.dumps({"access_token": f"t{self.tokens}"}).encode())
        self.asked += 1
        if self.asked > 50:
            raise AssertionError("asked on and on with a token that is refused")
        if headers["Authorization"] == "Bearer t1":
            return Answer(401, b'{"code": "UNAUTHENTICATED"}')
        return Answer(410, b'{"code": "CONSENT_WITHDRAWN"}')


def test_a_refused_token_is_replaced_and_not_sent_again_without_a_pause() -> None:
    key = SigningKey.generate()
    caller = Reborn("http://localhost:1", "ins-" + "1" * 32, key, SystemClock())
    campaign = Campaign(None, None, key, 1)  # type: ignore[arg-type]
    pauses: list[float] = []
    campaign._stop.wait = lambda timeout=None: bool(pauses.append(timeout))  # type: ignore[method-assign, assignment, func-returns-value]
    campaign._settle(caller, Case("aut-1"), Question("aut-1", b"{}", "k" * 24, OpenKey.generate()))
    assert (caller.tokens, caller.asked, pauses) == (2, 2, [0.1])
    assert campaign.figures == {"query_again_after_UNAUTHENTICATED": 1, "query_CONSENT_WITHDRAWN": 1}
    assert campaign.problems == []
