"""A slice of the race campaign: the protocol holds, and the harness finds the naive handler out."""

import pytest

from xinqiao.campaigns.race import race
from xinqiao.campaigns.stage import Stage
from xinqiao.clock import SystemClock
from xinqiao.hub.runtime import runtime

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def stage(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The campaign's cast on the test database, by the machine's clock."""
    monkeypatch.setitem(runtime.__dict__, "clock", SystemClock())
    return Stage(SystemClock())


def test_nothing_is_used_after_a_withdrawal_was_acknowledged(stage: Stage) -> None:
    figures = race(stage, 12, queries=16, seed=7)
    assert figures["ok"], figures
    assert figures["released"]
    assert figures["overlapping_the_withdrawal"]


def test_the_same_judge_convicts_a_handler_that_checks_outside_the_lock(stage: Stage) -> None:
    figures = race(stage, 6, queries=8, naive=True, seed=7)
    assert figures["violations_log_order"]
    assert figures["violations_real_time"]
    assert not figures["ok"]
