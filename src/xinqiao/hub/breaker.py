"""A circuit breaker for each node: a source that keeps failing is left alone for a while (reliability 5.6)."""

import threading
from collections import deque
from contextvars import ContextVar
from datetime import datetime, timedelta
from itertools import count

from xinqiao.domain.errors import Code, ProviderFault

WINDOW = 40
FEWEST = 20
OPEN_FOR = timedelta(seconds=10)

_numbers = count(1)
#: The number of the call that this thread or task is making: it enters and leaves in the same context.
_call: ContextVar[int] = ContextVar("breaker_call", default=0)


class Breaker:
    """Opens at half failures of at least twenty calls; after ten seconds one trial call decides."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: deque[bool] = deque(maxlen=WINDOW)
        self._opened_at: datetime | None = None
        self._trial: int | None = None
        self._settled = 0

    @property
    def is_open(self) -> bool:
        """Whether calls are refused at present (a trial may be due)."""
        return self._opened_at is not None

    def enter(self, at: datetime) -> None:
        """Ask for leave to call.

        Raises:
            ProviderFault: ``PROVIDER_UNAVAILABLE`` while open.
        """
        with self._lock:
            waiting = self._opened_at is not None and at - self._opened_at < OPEN_FOR
            if waiting or self._trial is not None:
                raise ProviderFault(Code.PROVIDER_UNAVAILABLE, "the source has failed repeatedly")
            call = next(_numbers)
            _call.set(call)
            if self._opened_at is not None:
                self._trial = call

    def leave(self, at: datetime, *, good: bool) -> None:
        """Tell how the call went. What a call that began before the last trial has to say is out of date."""
        call = _call.get()
        with self._lock:
            if self._opened_at is not None:
                if call != self._trial:
                    return
                self._trial, self._settled = None, call
                self._opened_at = None if good else at
                self._results.clear()
                return
            if call < self._settled:
                return
            self._results.append(good)
            failures = self._results.count(False)
            if len(self._results) >= FEWEST and failures * 2 >= len(self._results):
                self._opened_at = at


class Breakers:
    """One breaker per node id, for the life of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_node: dict[str, Breaker] = {}

    def of(self, node_id: str) -> Breaker:
        """The breaker of a node."""
        with self._lock:
            return self._by_node.setdefault(node_id, Breaker())
