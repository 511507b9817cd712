"""The cast without the making of it: the services make everybody once, every test gets the same rows again."""

from copy import copy
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import transaction
from tests.database import KeptRows, empty
from tests.hub.cast import Cast, FakeNode, make_cast

from xinqiao.clock import AdjustableClock
from xinqiao.hub.node_client import NodeClient, breakers
from xinqiao.hub.runtime import runtime


class Curtain:
    """Everybody as :func:`make_cast` leaves them at one instant, under the settings of the run."""

    def __init__(self, at: datetime) -> None:
        self._at, self._settings = at, settings._wrapped
        before = runtime.__dict__.get("clock")
        clock = runtime.__dict__["clock"] = AdjustableClock(at)
        try:
            self._cast = make_cast(clock)
            self._rows = KeptRows()
        finally:
            empty()
            if before is None:
                del runtime.__dict__["clock"]
            else:
                runtime.__dict__["clock"] = before

    def up(self, clock: AdjustableClock) -> Cast:
        """The cast in the empty database of a test, with a node that was never called.

        At another instant, or when the test has changed a setting, everybody is made anew.
        """
        if clock.now() != self._at or settings._wrapped is not self._settings:
            return make_cast(clock)
        breakers.__init__()  # type: ignore[misc]
        with transaction.atomic():
            self._rows.put()
        fake = FakeNode(key=self._cast.fake.key)
        client = NodeClient(clock=clock, key=runtime.hub_key, transport=fake.transport())
        return replace(self._cast, clock=clock, fake=fake, client=client, node=copy(self._cast.node))
