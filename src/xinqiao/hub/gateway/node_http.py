"""HTTP/1.1 to provider nodes from the event loop: one small client, because a general one costs more than the crypto.

httpx takes 0.5 to 0.8 ms of processor time for a request, this takes 0.1. It speaks only what a node speaks (POST, one
answer with a length or in chunks) and gives up on everything else; what a node may do wrong is in ``node_client``, whose
checks are used here too. Connections are kept and reused; a bounded number of calls is under way for each node.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping
from typing import cast
from urllib.parse import urlsplit

from xinqiao.clock import Clock
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, ProviderFault, ProviderTimeout
from xinqiao.hub.node_client import (
    CALL_SECONDS,
    CONNECT_SECONDS,
    MAX_ANSWER,
    NodeAddress,
    NodeAnswer,
    Prepared,
    breakers,
    check_answer,
    check_head,
    fields_of,
    prepare,
)
from xinqiao.trust.keys import SigningKey

_MAX_CHUNK_LINE = 64
#: Calls under way for one node; more wait for nobody and are refused, so one slow node cannot hold the others up.
MAX_CALLS = 128
MAX_IDLE = 64
_MAX_HEAD = 16_384


class BrokenOff(Exception):
    """The connection ended before the answer did; ``untouched`` when not a byte of it had come."""

    def __init__(self, *, untouched: bool) -> None:
        super().__init__("the connection broke off")
        self.untouched = untouched


type Raw = tuple[int, list[tuple[str, str]], bytes]


class _Connection(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._waiting: asyncio.Future[Raw] | None = None
        self._head: tuple[int, list[tuple[str, str]]] | None = None
        self._body_at = 0
        self._length: int | None = None
        self._chunk_at = 0
        self._parts: list[bytes] = []
        self._size = 0
        self.reusable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # not asserted: another event loop's transports are of classes of their own
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.reusable = False
        self._fail(BrokenOff(untouched=not self._buffer))

    def close(self) -> None:
        """End the connection."""
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()

    async def exchange(self, request: bytes) -> Raw:
        """Send a request and return status, header fields and body of the answer."""
        assert self._transport is not None
        self._buffer.clear()
        self._head, self._length = None, None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():
            self.close()  # an answer to nothing
            return
        self._buffer += data
        try:
            answer = self._parse()
        except (ProviderFault, ValueError) as error:
            self.close()
            fault = (
                error
                if isinstance(error, ProviderFault)
                else ProviderFault(Code.PROVIDER_INVALID, "not HTTP")
            )
            self._fail(fault)
            return
        if answer is not None:
            self._waiting.set_result(answer)

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)

    def _parse(self) -> Raw | None:
        if self._head is None and not self._read_head():
            return None
        assert self._head is not None
        status, headers = self._head
        if self._length is None:
            body = self._chunks()
            return None if body is None else (status, headers, body)
        have = len(self._buffer) - self._body_at
        if have < self._length:
            return None
        if have > self._length:
            raise ProviderFault(Code.PROVIDER_INVALID, "more than was announced")
        return status, headers, bytes(self._buffer[self._body_at :])

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _MAX_HEAD:
                raise ProviderFault(Code.PROVIDER_INVALID, "too large")
            return False
        lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        version, _, rest = lines[0].partition(" ")
        if version not in ("HTTP/1.1", "HTTP/1.0") or not rest[:3].isdigit():
            raise ProviderFault(Code.PROVIDER_INVALID, "not HTTP")
        headers = [
            (name.strip().lower(), value.strip())
            for name, _, value in (one.partition(":") for one in lines[1:])
        ]
        fields = fields_of(headers)
        status = int(rest[:3])
        check_head(status, fields)
        self._body_at = end + 4
        self._head = (status, headers)
        if version == "HTTP/1.0" or fields.get("connection", "").lower() == "close":
            self.reusable = False
        chunked, length = fields.get("transfer-encoding"), fields.get("content-length")
        if (chunked is None) == (length is None) or (chunked is not None and chunked.lower() != "chunked"):
            raise ProviderFault(Code.PROVIDER_INVALID, "the length is not clear")
        self._length = int(length) if length is not None else None
        self._chunk_at, self._parts, self._size = self._body_at, [], 0
        return True

    def _chunks(self) -> bytes | None:
        """The body of a chunked answer, or ``None`` while it is not whole. Bounded by MAX_ANSWER.

        Goes on where it stopped: a node that drips tiny chunks must not have each of them read again and again.
        """
        if len(self._buffer) - self._body_at > 2 * MAX_ANSWER:
            raise ProviderFault(Code.PROVIDER_INVALID, "too large")
        while True:
            line_end = self._buffer.find(b"\r\n", self._chunk_at)
            if line_end < 0:
                if len(self._buffer) - self._chunk_at > _MAX_CHUNK_LINE:
                    raise ProviderFault(Code.PROVIDER_INVALID, "not HTTP")
                return None
            length = int(bytes(self._buffer[self._chunk_at : line_end]).split(b";")[0], 16)
            if length < 0 or self._size + length > MAX_ANSWER:
                raise ProviderFault(Code.PROVIDER_INVALID, "too large")
            start = line_end + 2
            if len(self._buffer) < start + length + 2:
                return None
            if length == 0:
                return b"".join(self._parts)
            self._parts.append(bytes(self._buffer[start : start + length]))
            self._size += length
            self._chunk_at = start + length + 2


class _Pool:
    """Kept connections to one origin."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._host = parts.hostname or ""
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self.authority = parts.netloc
        self._idle: deque[_Connection] = deque()
        self.under_way = 0

    async def take(self) -> tuple[_Connection, bool]:
        """A connection and whether it was used before."""
        while self._idle:
            kept = self._idle.pop()
            if kept.reusable:
                return kept, True
        return await self.connect(), False

    async def connect(self) -> _Connection:
        """A new connection. Raises ProviderFault ``PROVIDER_UNAVAILABLE``."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, protocol = await loop.create_connection(_Connection, self._host, self._port, ssl=self._tls)
        except (OSError, TimeoutError) as error:
            raise ProviderFault(Code.PROVIDER_UNAVAILABLE, "the node cannot be reached") from error
        return protocol

    def give_back(self, connection: _Connection) -> None:
        """Keep a connection for the next call, or close it."""
        if connection.reusable and len(self._idle) < MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close what is kept."""
        while self._idle:
            self._idle.pop().close()


class AsyncNodeClient:
    """Calls nodes from one event loop; the twin of ``node_client.NodeClient`` with the same checks."""

    def __init__(self, *, clock: Clock, key: SigningKey, call_seconds: float = CALL_SECONDS) -> None:
        self._clock = clock
        self._key = key
        self._seconds = call_seconds
        self._pools: dict[str, _Pool] = {}

    async def call(self, address: NodeAddress, path: str, body: Mapping[str, Json]) -> NodeAnswer:
        """POST to a node and return its verified answer, refusals included.

        Raises:
            ProviderFault: ``PROVIDER_INVALID``, ``PROVIDER_UNAVAILABLE``. ProviderTimeout.
        """
        pool = self._pools.get(address.base_url)
        if pool is None:
            pool = self._pools[address.base_url] = _Pool(address.base_url)
        if pool.under_way >= MAX_CALLS:
            raise ProviderFault(Code.PROVIDER_UNAVAILABLE, "too many calls under way for this source")
        breaker = breakers.of(address.id)
        breaker.enter(self._clock.now())
        pool.under_way += 1
        good = False
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._exchange(pool, address, path, body)
            good = answer.status < 500
        except TimeoutError:
            raise ProviderTimeout(Code.PROVIDER_TIMEOUT, "no whole answer in time") from None
        finally:
            pool.under_way -= 1
            breaker.leave(self._clock.now(), good=good)
        return answer

    async def _exchange(
        self, pool: _Pool, address: NodeAddress, path: str, body: Mapping[str, Json]
    ) -> NodeAnswer:
        connection, used_before = await pool.take()
        sent = prepare(address, path, body, self._key, self._clock.now())
        try:
            raw = await self._one(pool, connection, sent)
        except BrokenOff as broken:
            if not (used_before and broken.untouched):
                raise ProviderFault(Code.PROVIDER_INVALID, "the answer broke off") from None
            # A kept connection that the node had closed meanwhile. One more try, with a new nonce, is harmless: the
            # permit in it can be consumed only once, whatever the node got of the first.
            sent = prepare(address, path, body, self._key, self._clock.now())
            try:
                raw = await self._one(pool, await pool.connect(), sent)
            except BrokenOff:
                raise ProviderFault(Code.PROVIDER_INVALID, "the answer broke off") from None
        status, headers, content = raw
        return check_answer(address, sent.signature, status, headers, content, self._clock.now())

    async def _one(self, pool: _Pool, connection: _Connection, sent: Prepared) -> Raw:
        head = [f"POST {urlsplit(sent.url).path} HTTP/1.1", f"Host: {pool.authority}"]
        head += [f"{name}: {value}" for name, value in sent.headers.items()]
        head.append(f"Content-Length: {len(sent.content)}")
        request = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + sent.content
        try:
            raw = await connection.exchange(request)
        except BaseException:
            connection.close()  # also when the caller gave up: a late answer must meet nobody
            raise
        pool.give_back(connection)
        return raw

    def close(self) -> None:
        """Close kept connections."""
        for pool in self._pools.values():
            pool.close()
