"""Where "now" comes from: an injected clock, never ``datetime.now()`` in a rule.

Every program makes one clock at start and passes it down; rules in ``domain`` only ever receive instants.
A test or a demonstration started with ``--test-hooks`` uses :class:`AdjustableClock`.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Anything that can tell the present instant."""

    def now(self) -> datetime:
        """Return the present instant as an aware UTC datetime (microseconds)."""
        ...


class SystemClock:
    """The machine's clock, guarded so that it never runs backwards within one process.

    A step back (NTP, an operator) must not revive an authorisation that was already refused as expired
    (reliability invariant I15), so the latest instant ever answered is a floor for the next.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._floor = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        with self._lock:
            self._floor = max(self._floor, datetime.now(UTC))
            return self._floor


class AdjustableClock:
    """A clock that can be moved forward or set: for tests and for ``--test-hooks`` only."""

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError("a clock needs an aware datetime")
        self._lock = threading.Lock()
        self._frozen_at = start
        self._offset = timedelta(0)

    def now(self) -> datetime:
        with self._lock:
            base = self._frozen_at if self._frozen_at is not None else datetime.now(UTC)
            return base.astimezone(UTC) + self._offset

    def advance(self, by: timedelta) -> datetime:
        """Move the clock by ``by`` and return the new now."""
        with self._lock:
            self._offset += by
        return self.now()

    def set(self, instant: datetime) -> datetime:
        """Freeze the clock at ``instant``."""
        with self._lock:
            self._frozen_at = instant
            self._offset = timedelta(0)
        return self.now()


@dataclass(frozen=True, slots=True)
class Pace:
    """A monotonic clock in seconds and how to wait for one of its instants."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def until(self, instant: float) -> None:
        """Wait until ``instant``; at once when it is past."""
        left = instant - self.now()
        if left > 0:
            await self.sleep(left)
