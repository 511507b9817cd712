"""Serving an application that lives in one process."""

import sys
from typing import Final

#: How long a thread may keep the interpreter while another waits for it. A statement of SQLite gives the interpreter away
#: and takes it back, so with the usual 5 ms a transaction of ten statements waits ten times for the event loop's turn to
#: end: measured, 190 queries a second became 260. Below this the threads only hinder each other.
TURN_SECONDS: Final = 0.0005


def short_turns() -> None:
    """Let the writing thread and the event loop of a server change places often; the forked workers keep it."""
    sys.setswitchinterval(TURN_SECONDS)


def serve_alone(factory: str, *, host: str, port: int) -> None:
    """Serve what ``module:function`` makes, with one worker, until stopped."""
    from granian import Granian
    from granian.constants import Interfaces

    short_turns()
    Granian(
        factory,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=1,
        log_access=False,
        websockets=False,
    ).serve()
