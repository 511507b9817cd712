"""Single-row reads on the event loop: a connection of its own, used inline.

A read of one indexed row takes some 10 µs on SQLite; handing it to a thread and back would cost ten times that.
"""

import asyncio
from collections.abc import Sequence
from typing import cast

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from xinqiao.domain.errors import Code, Unavailable
from xinqiao.hub.dbapi import Cursor, Value


class Reader:
    """Opens its connection at the first read, and again when the database went away."""

    def __init__(self) -> None:
        self._wrapper: BaseDatabaseWrapper | None = None
        self._qmark = False
        self._database_error: type[Exception] = OSError

    async def one(self, sql: str, params: Sequence[Value] = ()) -> Sequence[object] | None:
        """The first row of a query written with ``%s`` markers.

        Raises:
            Unavailable: the database cannot be read.
        """
        for attempt in (1, 2):
            if self._wrapper is None:
                await asyncio.get_running_loop().run_in_executor(None, self._open)
            assert self._wrapper is not None
            try:
                cursor = cast(Cursor, self._wrapper.connection.cursor())
                cursor.execute(sql.replace("%s", "?") if self._qmark else sql, params)
                return cursor.fetchone()
            except self._database_error as error:
                self._wrapper = None
                if attempt == 2:
                    raise Unavailable(Code.AUDIT_UNAVAILABLE, "the database cannot be read") from error
        raise AssertionError

    def _open(self) -> None:
        wrapper = connections.create_connection("default")
        wrapper.inc_thread_sharing()  # opened in a thread, because Django refuses to connect inside an event loop
        wrapper.connect()
        wrapper.set_autocommit(True)
        self._wrapper, self._qmark = wrapper, wrapper.vendor == "sqlite"
        self._database_error = wrapper.Database.Error  # type: ignore[attr-defined]  # the driver's module

    def close(self) -> None:
        """Close the connection. Call it from a thread without an event loop."""
        if self._wrapper is not None:
            self._wrapper.close()
            self._wrapper = None
