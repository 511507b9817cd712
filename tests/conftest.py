"""Fixtures every test may use: a clock that is moved, a fresh hub runtime."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from xinqiao.clock import AdjustableClock

#: The instant at which every test starts: 10:00 on a Saturday in Shanghai.
START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[AdjustableClock]:
    """A frozen clock, also installed as the hub's; move it, never sleep."""
    from xinqiao.hub.runtime import runtime

    moved = AdjustableClock(START)
    before = runtime.__dict__.get("clock")
    runtime.__dict__["clock"] = moved
    yield moved
    if before is None:
        runtime.__dict__.pop("clock", None)
    else:
        runtime.__dict__["clock"] = before
