"""What both carriers share: connection settings, bounded reading, and what a transport failure means."""

from typing import TypedDict

import httpx

from xinqiao.client.exchange import MAX_ANSWER
from xinqiao.domain.errors import Code, ProviderFault, Unavailable


class Settings(TypedDict):
    """Arguments of both httpx clients."""

    timeout: httpx.Timeout
    limits: httpx.Limits
    follow_redirects: bool
    trust_env: bool


def settings(timeout: float) -> Settings:
    """Redirects are never followed and proxies of the environment never used: both would move a signed message."""
    return Settings(
        timeout=httpx.Timeout(timeout, connect=min(timeout, 5.0)),
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
        follow_redirects=False,
        trust_env=False,
    )


class Body:
    """Collects chunks up to the limit."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> None:
        """Take a chunk. Raises ProviderFault ``HUB_INVALID`` beyond the limit."""
        self._size += len(chunk)
        if self._size > MAX_ANSWER:
            raise ProviderFault(Code.HUB_INVALID, "the answer is too large")
        self._parts.append(chunk)

    def taken(self) -> bytes:
        """All of it."""
        return b"".join(self._parts)


def headers_of(response: httpx.Response) -> tuple[tuple[str, str], ...]:
    """Header pairs as received, repeats included."""
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)


def unreachable(error: Exception) -> Unavailable:
    """A transport failure. Whether the platform acted is unknown; the same idempotency key finds out."""
    kind = "timeout" if isinstance(error, httpx.TimeoutException) else type(error).__name__
    return Unavailable(Code.HUB_UNREACHABLE, "no whole answer from the platform", facts={"kind": kind})
