"""The breaker: opens at half failures, lets one trial through, and only that trial decides."""

from contextvars import Context, copy_context
from datetime import UTC, datetime

import pytest

from xinqiao.domain.errors import ProviderFault
from xinqiao.hub.breaker import FEWEST, OPEN_FOR, Breaker

START = datetime(2026, 11, 21, tzinfo=UTC)


def begin(breaker: Breaker, at: datetime) -> Context:
    """A call that begins in a task of its own."""
    task = copy_context()
    task.run(breaker.enter, at)
    return task


def end(breaker: Breaker, task: Context, at: datetime, *, good: bool) -> None:
    """The answer of that call."""
    task.run(lambda: breaker.leave(at, good=good))


def opened() -> tuple[Breaker, Context]:
    """A breaker that has opened, and a call under way since before that."""
    breaker = Breaker()
    older = begin(breaker, START)
    for _ in range(FEWEST):
        end(breaker, begin(breaker, START), START, good=False)
    assert breaker.is_open
    return breaker, older


@pytest.mark.parametrize("late", [True, False])
def test_a_late_answer_to_an_older_call_decides_nothing(late: bool) -> None:
    breaker, older = opened()
    trial = begin(breaker, START + OPEN_FOR)
    end(breaker, older, START + OPEN_FOR, good=late)
    assert breaker.is_open
    with pytest.raises(ProviderFault):  # the one trial is still under way
        breaker.enter(START + OPEN_FOR)
    end(breaker, trial, START + OPEN_FOR, good=True)
    assert not breaker.is_open


def test_a_late_answer_while_nobody_tries_does_not_begin_the_wait_anew() -> None:
    breaker, older = opened()
    end(breaker, older, START + OPEN_FOR, good=False)
    begin(breaker, START + OPEN_FOR)


def test_late_failures_do_not_close_a_source_that_has_recovered() -> None:
    breaker = Breaker()
    older = [begin(breaker, START) for _ in range(FEWEST)]
    for _ in range(FEWEST):
        end(breaker, begin(breaker, START), START, good=False)
    end(breaker, begin(breaker, START + OPEN_FOR), START + OPEN_FOR, good=True)
    for task in older:
        end(breaker, task, START + OPEN_FOR, good=False)
    assert not breaker.is_open


def test_a_failed_trial_waits_again() -> None:
    breaker, _ = opened()
    at = START + OPEN_FOR
    end(breaker, begin(breaker, at), at, good=False)
    with pytest.raises(ProviderFault):
        breaker.enter(at)
    begin(breaker, at + OPEN_FOR)
