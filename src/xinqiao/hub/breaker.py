"""A circuit breaker for each node: a source that keeps failing is left alone for a while (reliability 5.6)."""

import threading
from collections import deque
from datetime import datetime, timedelta

from xinqiao.domain.errors import Code, ProviderFault

WINDOW = 40
FEWEST = 20
OPEN_FOR = timedelta(seconds=10)


class Breaker:
    """Opens at half failures of at least twenty calls; after ten seconds one trial call decides."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: deque[bool] = deque(maxlen=WINDOW)
        self._opened_at: datetime | None = None
        self._trial = False

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
            if self._opened_at is None:
                return
            if at - self._opened_at < OPEN_FOR or self._trial:
                raise ProviderFault(Code.PROVIDER_UNAVAILABLE, "the source has failed repeatedly")
            self._trial = True

    def leave(self, at: datetime, *, good: bool) -> None:
        """Tell how the call went."""
        with self._lock:
            if self._opened_at is not None:
                self._trial = False
                self._opened_at = None if good else at
                self._results.clear()
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
