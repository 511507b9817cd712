"""Bytes in and out of the node: bounded reading, strict JSON, problem documents, signed sending. No decisions.

Bare ASGI, because on the product path every layer costs more than the figures do.
"""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from email.utils import format_datetime
from typing import Any

import orjson

from xinqiao.clock import Clock
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Malformed, TooLarge, Unauthenticated, Unsupported, XinqiaoError
from xinqiao.trust.encoding import strict_object
from xinqiao.trust.httpsig import VerifiedMessage, sign_response
from xinqiao.trust.keys import SigningKey
from xinqiao.ui.error_words import words

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY = 64 * 1024
#: What is read of a request before anything about its sender is known (abuse case A8).
MAX_HEADERS = 16 * 1024
MAX_SIGNATURE_INPUT = 4096
_KEYID = re.compile(r';keyid="([^"]{1,256})"')
#: A request of 64 KiB that takes longer than this is somebody holding a connection open.
READ_SECONDS = 10.0


def json_object(headers: Iterable[tuple[str, str]], body: bytes) -> dict[str, Json]:
    """The one JSON object of a body.

    Raises:
        Unsupported: another media type.
        Malformed: ``AMBIGUOUS_INPUT`` for a member that occurs twice, ``MALFORMED`` for anything else.
    """
    kind = next((v for n, v in headers if n.lower() == "content-type"), "")
    if kind.split(";")[0].strip().lower() != "application/json":
        raise Unsupported(Code.MEDIA_TYPE_UNSUPPORTED, "application/json only")
    try:
        return strict_object(body)
    except ValueError as error:
        if "occurs twice" in str(error):
            raise Malformed(Code.AMBIGUOUS_INPUT, "a member occurs twice") from None
        raise Malformed(Code.MALFORMED, "not one JSON object") from None


def named_key(headers: Iterable[tuple[str, str]]) -> str:
    """The key that a request says it is signed with, so that a stranger is refused before his body is read.

    Nothing is proven by it: the signature is checked once the body is here.

    Raises:
        Unauthenticated: the fields are longer than any honest request's, or there is no signature.
    """
    size, found = 0, None
    for name, value in headers:
        size += len(name) + len(value)
        if name.lower() == "signature-input":
            found = value
    if size > MAX_HEADERS or (found is not None and len(found) > MAX_SIGNATURE_INPUT):
        raise Unauthenticated(Code.SIGNATURE_INVALID, "the header fields are too long")
    if found is None:
        raise Unauthenticated(Code.UNAUTHENTICATED, "not signed")
    match = _KEYID.search(found)
    if match is None:
        raise Unauthenticated(Code.SIGNATURE_INVALID, "no key is named")
    return match[1]


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """The body, refused over the limit before it is read where its length is stated."""
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or int(value) > MAX_BODY):
            raise TooLarge(Code.BODY_TOO_LARGE, "over 64 KiB", facts={"max": MAX_BODY})
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await read_all(receive, MAX_BODY)
    except TimeoutError:
        raise Malformed(Code.MALFORMED, "the body came too slowly") from None


async def read_all(receive: Receive, limit: int) -> bytes:
    """Every byte of a body up to ``limit``. Raises TooLarge."""
    parts, size = [], 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Malformed(Code.MALFORMED, "the body broke off")
        part: bytes = event.get("body", b"")
        size += len(part)
        if size > limit:
            raise TooLarge(Code.BODY_TOO_LARGE, "over the limit", facts={"max": limit})
        parts.append(part)
        if not event.get("more_body", False):
            return b"".join(parts)


async def send_start(send: Send, status: int, headers: dict[str, str]) -> None:
    """Status line and headers."""
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def send_bytes(send: Send, status: int, headers: dict[str, str], content: bytes) -> None:
    """A whole answer."""
    headers.setdefault("content-length", str(len(content)))
    await send_start(send, status, headers)
    await send({"type": "http.response.body", "body": content})


async def send_json(send: Send, status: int, body: dict[str, Json]) -> None:
    """An unsigned JSON answer (health, test hooks)."""
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    await send_bytes(send, status, headers, orjson.dumps(body))


def problem(error: XinqiaoError, instance: str, trace: str) -> dict[str, Json]:
    """The problem document (RFC 9457) of an error: code, words, and only the items that were asked for."""
    said = words(error.code)
    body: dict[str, Json] = {
        "type": "about:blank",
        "title": said.en,
        "status": error.status,
        "code": error.code.value,
        "detail": error.detail or said.en_step,
        "instance": instance,
        "trace_id": trace,
    }
    items = error.facts.get("items")
    if isinstance(items, list):
        body["items"] = [str(item) for item in items]
    return body


class Signer:
    """Signs answers with the node's key, bound to the request where there was an acceptable one."""

    def __init__(self, key: SigningKey, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def sign(
        self, status: int, headers: dict[str, str], content: bytes, message: VerifiedMessage | None
    ) -> None:
        """Add the signature fields to ``headers``."""
        bound = message.signature_b64 if message else None
        sign_response(status, headers, content, self._key, self._clock.now(), request_signature=bound)

    async def send(
        self, send: Send, status: int, body: dict[str, Json], message: VerifiedMessage | None
    ) -> None:
        """A signed JSON answer."""
        content = orjson.dumps(body)
        headers = {"content-type": "application/json", "cache-control": "no-store"}
        self.sign(status, headers, content, message)
        await send_bytes(send, status, headers, content)

    async def refuse(
        self, send: Send, error: XinqiaoError, message: VerifiedMessage | None, *, instance: str, trace: str
    ) -> None:
        """A signed problem document."""
        content = orjson.dumps(problem(error, instance, trace))
        headers = {"content-type": "application/problem+json", "cache-control": "no-store"}
        if error.code is Code.CLOCK_SKEW:
            headers["date"] = format_datetime(self._clock.now(), usegmt=True)  # abuse case E12
        if error.status == 503:
            headers["retry-after"] = "5"
        wait = error.facts.get("retry_after")
        if error.status == 429 and isinstance(wait, int):
            headers["retry-after"] = str(wait)
        self.sign(error.status, headers, content, message)
        await send_bytes(send, error.status, headers, content)


def new_trace() -> str:
    """A number that finds a refusal in the technical log."""
    return secrets.token_hex(8)
