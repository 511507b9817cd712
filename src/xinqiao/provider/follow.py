"""Following the hub's signed directory: every minute, soon after a failed try, and once when a stranger turns up.

Only fetching and timing are here; what a directory must say to be believed is ``directory``'s business.
"""

import asyncio
import time
from datetime import timedelta

import httpx
import structlog

from xinqiao.clock import Clock
from xinqiao.domain.errors import XinqiaoError
from xinqiao.provider.directory import MAX_DIRECTORY_BYTES, TrustStore
from xinqiao.trust.encoding import strict_object

#: How often the directory is asked for again.
DIRECTORY_EVERY = timedelta(seconds=60)
#: Unknown institutions may make the node ask out of turn, but not more often than this.
OUT_OF_TURN_EVERY = timedelta(seconds=5)

log = structlog.get_logger("xinqiao.node")


class DirectoryFollower:
    """Keeps a :class:`TrustStore` fresh."""

    def __init__(
        self,
        trust: TrustStore,
        clock: Clock,
        hub_url: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._trust = trust
        self._clock = clock
        self._url = f"{hub_url}/api/v1/directory"
        self._transport = transport
        self._lock = asyncio.Lock()
        self._asked_at = float("-inf")

    async def refresh(self) -> bool:
        """Ask the hub for the directory; False when it could not be had or was not believed."""
        self._asked_at = time.monotonic()
        try:
            token = strict_object(await self._fetched()).get("directory")
            self._trust.accept(str(token), self._clock.now())
        except (httpx.HTTPError, XinqiaoError, ValueError, OSError) as error:
            log.warning("directory_not_refreshed", error=type(error).__name__)
            return False
        return True

    async def _fetched(self) -> bytes:
        async with (
            httpx.AsyncClient(
                timeout=5.0, follow_redirects=False, trust_env=False, transport=self._transport
            ) as client,
            client.stream("GET", self._url, headers={"Accept-Encoding": "identity"}) as answer,
        ):
            if answer.status_code != 200:
                raise ValueError("the hub gives no directory")
            received = bytearray()
            async for part in answer.aiter_raw():
                received += part
                if len(received) > MAX_DIRECTORY_BYTES:
                    raise ValueError("the directory is too long")
            return bytes(received)

    async def refresh_out_of_turn(self) -> bool:
        """Ask now because somebody unknown turned up; at most once in five seconds, whoever asks."""
        before = self._trust.generation
        async with self._lock:
            if time.monotonic() - self._asked_at < OUT_OF_TURN_EVERY.total_seconds():
                return self._trust.generation != before
            return await self.refresh()

    async def follow(self) -> None:
        """Refresh until cancelled."""
        while True:
            good = await self.refresh()
            # Right after a start the hub may still be coming up: ask again soon.
            await asyncio.sleep(DIRECTORY_EVERY.total_seconds() if good else 1.0)
