"""The cast without the making of it: the services make everybody once, every test gets the same rows again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import transaction
from tests.database import KeptRows, empty
from tests.hub.cast import Cast, FakeNode, make_cast

from xinqiao.clock import AdjustableClock
from xinqiao.hub.node_client import NodeClient, breakers
from xinqiao.hub.runtime import runtime


@contextmanager
def _rehearsal(at: datetime) -> Iterator[AdjustableClock]:
    """A clock of its own for what is done before the tests; nothing of it stays in the database."""
    before = runtime.__dict__.get("clock")
    clock = runtime.__dict__["clock"] = AdjustableClock(at)
    try:
        yield clock
    finally:
        empty()
        if before is None:
            del runtime.__dict__["clock"]
        else:
            runtime.__dict__["clock"] = before


class Curtain:
    """Everybody as :func:`make_cast` leaves them at one instant, under the settings of the run."""

    def __init__(self, at: datetime) -> None:
        self.at, self._settings = at, settings._wrapped
        with _rehearsal(at) as clock:
            self._cast = make_cast(clock)
            self._rows = KeptRows("kept_cast")

    def fits(self, clock: AdjustableClock) -> bool:
        """Whether a test is at the same instant and has changed no setting; else everybody is made anew."""
        return clock.now() == self.at and settings._wrapped is self._settings

    def up(self, clock: AdjustableClock) -> Cast:
        """The cast in the empty database of a test, with a node that was never called."""
        return self.put(self._rows, clock) if self.fits(clock) else make_cast(clock)

    def put(self, rows: KeptRows, clock: AdjustableClock) -> Cast:
        """The same cast with ``rows``, its own or those of an act."""
        breakers.__init__()  # type: ignore[misc]
        with transaction.atomic():
            rows.put()
        fake = FakeNode(key=self._cast.fake.key)
        client = NodeClient(clock=clock, key=runtime.hub_key, transport=fake.transport())
        return replace(self._cast, clock=clock, fake=fake, client=client, node=copy(self._cast.node))


class Act[T]:
    """What the cast has done when a test begins: done once, its rows kept as the cast's own are.

    ``name`` is that of the place of its rows, ``do`` does it and returns what the tests hold of it.
    """

    def __init__(self, curtain: Curtain, name: str, do: Callable[[Cast], T]) -> None:
        self._curtain, self._do = curtain, do
        with _rehearsal(curtain.at) as clock:
            cast = curtain.up(clock)
            self._done = do(cast)
            self._calls = cast.fake.calls
            self._rows = KeptRows(name)

    def up(self, clock: AdjustableClock) -> tuple[Cast, T]:
        """The cast and what it has done, in the empty database of a test."""
        if not self._curtain.fits(clock):
            cast = make_cast(clock)
            return cast, self._do(cast)
        cast = self._curtain.put(self._rows, clock)
        cast.fake.calls.extend(self._calls)
        return cast, deepcopy(self._done)
