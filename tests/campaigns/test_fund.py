"""A slice of the fund campaign: nothing is overspent or paid twice, and the harness finds the naive handler out."""

import pytest

from xinqiao.campaigns.fund import race
from xinqiao.clock import SystemClock
from xinqiao.hub.runtime import runtime

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def now(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> SystemClock:
    """The machine's clock, on the test database."""
    monkeypatch.setitem(runtime.__dict__, "clock", SystemClock())
    return SystemClock()


def test_no_fund_is_overspent_and_nothing_is_paid_twice(now: SystemClock) -> None:
    figures = race(now, 6, seed=7)
    assert figures["ok"], figures
    assert figures["paid"]


def test_the_same_judge_convicts_a_handler_that_decides_outside_the_lock(now: SystemClock) -> None:
    figures = race(now, 4, naive=True, seed=7)
    assert figures["violations_overspent"]
    assert not figures["ok"]
