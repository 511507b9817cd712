"""Requests and answers as values, and ASGI at the edge of them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from xinqiao.domain.errors import Code, Malformed, TooLarge
from xinqiao.hub.gateway.strict import MAX_BODY
from xinqiao.hub.ids import token_hex

type Scope = Mapping[str, object]
type Message = MutableMapping[str, object]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]

#: A body must be here after this long (slow senders, abuse case E13).
BODY_SECONDS = 10.0
#: A piece of a file may take longer; its sender has a token.
RAW_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as received: nothing decoded, headers as pairs so that repeats are seen."""

    method: str
    raw_path: bytes
    raw_query: bytes
    headers: Sequence[tuple[str, str]]
    client: str
    trace_id: str = field(default_factory=token_hex)
    #: By name; ``None`` for one that occurs twice. A request's fields are asked for some ten times.
    _by_name: dict[str, str | None] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        found = self._by_name
        for name, value in self.headers:
            found[name] = None if name in found else value

    @property
    def target(self) -> str:
        """Path and query as the bytes on the wire, for the signature."""
        path = self.raw_path.decode("latin-1")
        return f"{path}?{self.raw_query.decode('latin-1')}" if self.raw_query else path

    def header(self, name: str) -> str | None:
        """One field. Raises Malformed ``AMBIGUOUS_INPUT`` when it occurs twice."""
        found = self._by_name.get(name, "")
        if found is None:
            raise Malformed(Code.AMBIGUOUS_INPUT, f"the field {name} occurs twice")
        return found.strip() if found or name in self._by_name else None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is signed."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


def incoming(scope: Scope) -> Incoming:
    """Read an ASGI scope. ``raw_path`` is what the client sent; a server that has none is not used."""
    headers = cast(Sequence[tuple[bytes, bytes]], scope["headers"])
    raw_path = scope.get("raw_path") or str(scope["path"]).encode("utf-8")
    if isinstance(raw_path, str):
        raw_path = raw_path.encode("latin-1")
    query = scope.get("query_string") or b""
    client = cast(Sequence[object] | None, scope.get("client"))
    assert isinstance(raw_path, bytes)
    return Incoming(
        method=str(scope["method"]),
        raw_path=raw_path.partition(b"?")[0],
        raw_query=query if isinstance(query, bytes) else str(query).encode("latin-1"),
        headers=[(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers],
        # the socket's address; forwarding headers are never read (abuse case B5)
        client=str(client[0]) if client else "",
    )


async def read_body(
    request: Incoming, receive: Receive, *, most: int = MAX_BODY, seconds: float = BODY_SECONDS
) -> bytes:
    """The whole body, within ``most`` bytes and ``seconds``.

    Raises:
        TooLarge: over the limit, before it is read where the length is announced. Malformed: contradicting lengths, or the
            sender stopped.
    """
    length, chunked = request.header("content-length"), request.header("transfer-encoding")
    if length is not None and chunked is not None:
        raise Malformed(Code.AMBIGUOUS_INPUT, "two lengths of one body")
    if length is not None and (not length.isascii() or not length.isdigit() or len(length) > 12):
        raise Malformed(Code.MALFORMED, "content-length is no number")
    if length is not None and int(length) > most:
        raise TooLarge(Code.BODY_TOO_LARGE, "the body is too large", facts={"limit": most})
    try:
        async with asyncio.timeout(seconds):
            return await _collect(receive, most)
    except TimeoutError:
        raise Malformed(Code.MALFORMED, "the body did not arrive in time") from None


async def _collect(receive: Receive, most: int) -> bytes:
    first = await receive()
    body, more = _chunk(first, most)
    if not more:
        return body
    parts, size = [body], len(body)
    while more:
        body, more = _chunk(await receive(), most)
        size += len(body)
        if size > most:
            raise TooLarge(Code.BODY_TOO_LARGE, "the body is too large", facts={"limit": most})
        parts.append(body)
    return b"".join(parts)


def _chunk(message: Message, most: int) -> tuple[bytes, bool]:
    if message["type"] == "http.disconnect":
        raise Malformed(Code.MALFORMED, "the sender went away")
    body = message.get("body", b"")
    assert isinstance(body, bytes)
    if len(body) > most:
        raise TooLarge(Code.BODY_TOO_LARGE, "the body is too large", facts={"limit": most})
    return body, bool(message.get("more_body", False))


async def send_reply(send: Send, reply: Reply, headers: Mapping[str, str]) -> None:
    """Send an answer whose headers are complete."""
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": pairs})
    await send({"type": "http.response.body", "body": reply.body})
