"""A light load: prepared requests over kept connections, answers read by their length and counted, nothing decoded.

Written on ``asyncio.Protocol`` and run on uvloop, so that the load takes as little of the two cores as Python can.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import uvloop


def http_request(host: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
    """An HTTP/1.1 POST as bytes."""
    lines = [f"POST {target} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(slots=True)
class Load:
    """What came of it. ``seconds``: of each answer; paced requests count from when they were due."""

    total: float = 0.0
    seconds: list[float] = field(default_factory=list)
    bad: int = 0
    answered: bytes = b""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.total

    def percentile(self, share: float) -> float:
        """Seconds that this share of the answers took at most."""
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(share * len(self.seconds)))]


class _One(asyncio.Protocol):
    """One connection: one request under way at a time."""

    def __init__(self) -> None:
        self._got = bytearray()
        self._waiting: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def ask(self, request: bytes) -> "asyncio.Future[bytes]":
        """Send a request; the future holds the whole answer."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        self._got += data
        end = self._got.find(b"\r\n\r\n")
        if end < 0 or self._waiting is None:
            return
        head = bytes(self._got[:end]).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        if len(self._got) >= end + 4 + length:
            answer = bytes(self._got)
            self._got.clear()
            self._waiting.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError("closed"))

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.close()


async def _fire(requests: Sequence[bytes], port: int, connections: int, pace: float) -> Load:
    loop, found = asyncio.get_running_loop(), Load()
    waiting = list(reversed(requests))
    begin = time.perf_counter()
    sent = 0

    async def one() -> None:
        nonlocal sent
        _, protocol = await loop.create_connection(_One, "127.0.0.1", port)
        while waiting:
            request, due = waiting.pop(), time.perf_counter()
            if pace:
                due = begin + sent / pace
                sent += 1
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
            answer = await protocol.ask(request)
            found.seconds.append(time.perf_counter() - due)
            found.bad += not answer.startswith(b"HTTP/1.1 200")
            found.answered = answer
        protocol.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    found.total = time.perf_counter() - begin
    return found


def fire(requests: Sequence[bytes], port: int, connections: int = 16, *, pace: float = 0.0) -> Load:
    """Send them all, as fast as they are answered or ``pace`` a second.

    Raises:
        RuntimeError: an answer was not 200.
    """
    found = uvloop.run(_fire(requests, port, connections, pace))
    if found.bad:
        raise RuntimeError(f"{found.bad} of {len(requests)} answers were not 200: {found.answered[:600]!r}")
    return found


def cpu_seconds(pid: int) -> float:
    """User and system seconds of a process and its children, as Linux counts them."""
    import os
    from pathlib import Path

    total, ticks = 0.0, os.sysconf("SC_CLK_TCK")
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if int(fields[2]) == pid:  # its process group
            total += (int(fields[11]) + int(fields[12])) / ticks
    return total
