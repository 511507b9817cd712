"""The node as an ASGI program: reading and checking messages, signing answers, problems, limits, test hooks.

A bare ASGI application, because on the product path every layer costs more than the figures do. Whatever is refused is
answered as a problem document (RFC 9457), signed like every other answer, and recorded once.
"""

import asyncio
import contextlib
import json
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import structlog

from xinqiao.clock import AdjustableClock, Clock, SystemClock
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import (
    Code,
    Invalid,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unsupported,
    XinqiaoError,
)
from xinqiao.domain.period import parse_instant
from xinqiao.provider.config import NodeConfig, StoreKind, load_config
from xinqiao.provider.directory import TrustStore, read_anchor
from xinqiao.provider.faults import Fault, Hooks, gzip_bomb
from xinqiao.provider.records import Event
from xinqiao.provider.service import DIRECTORY_EVERY, Answer, NodeService
from xinqiao.provider.state import State
from xinqiao.provider.stores.base import TransactionStore
from xinqiao.provider.stores.duckdb_store import DuckDBStore
from xinqiao.provider.stores.sql_store import open_sql_store
from xinqiao.trust.encoding import strict_object
from xinqiao.trust.httpsig import VerifiedMessage, sign_response, verify_request
from xinqiao.trust.keyfile import load_or_create_keyfile
from xinqiao.ui.error_words import words

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
type Verb = Callable[[dict[str, Json], VerifiedMessage], Awaitable[Answer]]

MAX_BODY = 64 * 1024
#: Portals and their assets are only loaded when somebody opens a page.
type Portal = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger("xinqiao.node")


def open_store(config: NodeConfig) -> TransactionStore:
    """The store the configuration names."""
    if config.store.kind is StoreKind.DUCKDB:
        return DuckDBStore(config.store)
    return open_sql_store(config.store)


def build_service(config: NodeConfig, *, clock: Clock, hooks: Hooks) -> NodeService:
    """Open everything a node needs."""
    trust = TrustStore(read_anchor(config.hub.anchor), config.hub.id, config.directory_path)
    trust.load_saved(clock.now())
    return NodeService(
        config=config,
        key=load_or_create_keyfile(config.signing_key),
        state=State(config.state_path, lambda: int(clock.now().timestamp())),
        store=open_store(config),
        trust=trust,
        clock=clock,
        hooks=hooks,
    )


class NodeApp:
    """The ASGI application."""

    def __init__(self, service: NodeService, *, portal: Portal | None = None) -> None:
        self.service = service
        self.hooks = service.hooks
        self._portal = portal
        self._base = service.config.public_url
        self._directory_lock = asyncio.Lock()
        self._asked_at: float = float("-inf")
        self._verbs: dict[str, Verb] = {
            "/node/v1/products": service.product,
            "/node/v1/ownership-checks": service.check_ownership,
            "/node/v1/entrustments": service.store_entrustment,
            "/node/v1/terminations": service.store_termination,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        verb = self._verbs.get(path)
        if verb is not None:
            await self._verb(scope, receive, send, verb)
        elif path == "/node/v1/health" and scope["method"] in ("GET", "HEAD"):
            await _send_json(send, 200, self.service.health())
        elif path.startswith("/test-hooks/") and self.hooks.enabled:
            await self._hook(path, receive, send)
        elif self._portal is not None and not path.startswith(("/node/", "/test-hooks/")):
            await self._portal(scope, receive, send)
        else:
            await self._refused(send, NotFound("no such address"), None)

    # --- messages -------------------------------------------------------------------------------------------------

    async def _verb(self, scope: Scope, receive: Receive, send: Send, verb: Verb) -> None:
        self.hooks.count_request()
        message: VerifiedMessage | None = None
        try:
            if scope["method"] != "POST":
                raise NotFound("no such operation")
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
            body = await _read(scope, receive)
            message = self._verified(scope, headers, body)
            content = _object(headers, body)
            answer = await verb(content, message)
        except XinqiaoError as error:
            await self._record(error, message)
            await self._refused(send, error, message)
            return
        await self._answered(send, answer, message, product=scope["path"] == "/node/v1/products")

    def _verified(self, scope: Scope, headers: list[tuple[str, str]], body: bytes) -> VerifiedMessage:
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        query: bytes = scope["query_string"]
        target = self._base + raw.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")
        now = self.service.clock.now()
        keys = self.service.trust.hub_keys
        return verify_request("POST", target, headers, body, lambda kid: keys.verify_key(kid, now), now)

    async def _record(self, error: XinqiaoError, message: VerifiedMessage | None) -> None:
        """One line per refusal; a stranger's unsigned noise is counted in the technical log only."""
        log.info("refused", code=error.code.value, status=error.status)
        if message is None or error.facts.pop("recorded", False):
            return
        entry = self.service.entry(Event.REFUSED, error.code.value)
        with contextlib.suppress(XinqiaoError):  # the answer must go out even if the disk is full
            await self.service.refuse(message, error, entry)

    async def _refused(self, send: Send, error: XinqiaoError, message: VerifiedMessage | None) -> None:
        said = words(error.code)
        body: dict[str, Json] = {
            "type": "about:blank",
            "title": said.en,
            "status": error.status,
            "code": error.code.value,
            "detail": error.detail or said.en_step,
            "trace_id": secrets.token_hex(8),
        }
        items = error.facts.get("items")
        if isinstance(items, list):
            body["items"] = [str(item) for item in items]
        content = orjson.dumps(body)
        headers = {"content-type": "application/problem+json", "cache-control": "no-store"}
        self._sign(error.status, headers, content, message)
        await _send(send, error.status, headers, content)

    def _sign(
        self, status: int, headers: dict[str, str], content: bytes, message: VerifiedMessage | None
    ) -> None:
        bound = message.signature_b64 if message else None
        now = self.service.clock.now()
        sign_response(status, headers, content, self.service.key, now, request_signature=bound)

    async def _answered(self, send: Send, answer: Answer, message: VerifiedMessage, *, product: bool) -> None:
        content = orjson.dumps(answer.body)
        headers = {"content-type": "application/json", "cache-control": "no-store"}
        if product and self.hooks.fault is not Fault.NONE:
            await self._faulty(send, answer, headers, content, message)
            return
        self._sign(answer.status, headers, content, message)
        await _send(send, answer.status, headers, content)

    async def _faulty(
        self, send: Send, answer: Answer, headers: dict[str, str], content: bytes, message: VerifiedMessage
    ) -> None:
        """Answer as the fault says (abuse case C9)."""
        match self.hooks.fault:
            case Fault.UNSIGNED:
                await _send(send, 200, headers, content)
            case Fault.HTML:
                headers["content-type"] = "text/html"
                page = b"<!doctype html><title>ok</title>"
                self._sign(200, headers, page, message)
                await _send(send, 200, headers, page)
            case Fault.GZIP_BOMB:
                headers["content-encoding"] = "gzip"
                bomb = gzip_bomb()
                self._sign(200, headers, bomb, message)
                await _send(send, 200, headers, bomb)
            case Fault.ERROR_200:
                problem = orjson.dumps({"code": Code.PROVIDER_UNAVAILABLE.value, "status": 500})
                self._sign(200, headers, problem, message)
                await _send(send, 200, headers, problem)
            case Fault.HUGE:
                headers["content-length"] = str(10 << 30)
                await _stream(send, headers, (b" " * 65536 for _ in range(4096)), pause=0.0)
            case Fault.SLOW:
                self._sign(200, headers, content, message)
                await _stream(send, headers, (content[i : i + 1] for i in range(len(content))), pause=1.0)
            case Fault.STALL:
                self._sign(200, headers, content, message)
                await _stream(send, headers, (content[:-1],), pause=0.0, stall=60.0)
            case Fault.WRONG_LENGTH:
                self._sign(200, headers, content, message)
                headers["content-length"] = str(len(content) + 4096)
                await _stream(send, headers, (content,), pause=0.0)
            case Fault.DOWN:
                await _send(send, 503, headers, b"{}")
            case _:  # wrong_subject, stale and wrong_nonce are made where the receipt is
                self._sign(answer.status, headers, content, message)
                await _send(send, answer.status, headers, content)

    # --- hooks ----------------------------------------------------------------------------------------------------

    async def _hook(self, path: str, receive: Receive, send: Send) -> None:
        body = await _all(receive, MAX_BODY)
        asked = json.loads(body) if body else {}
        match path:
            case "/test-hooks/faults":
                self.hooks.fault = Fault(str(asked.get("mode", "none")))
                await _send_json(send, 200, {"mode": self.hooks.fault.value})
            case "/test-hooks/counters":
                counted: dict[str, Json] = {
                    "requests": self.hooks.requests,
                    "product_bytes_out": self.hooks.product_bytes_out,
                }
                await _send_json(send, 200, counted)
            case "/test-hooks/clock" if isinstance(self.service.clock, AdjustableClock):
                clock = self.service.clock
                if "now" in asked:
                    clock.set(parse_instant(str(asked["now"])))
                if "advance_seconds" in asked:
                    clock.advance(timedelta(seconds=float(asked["advance_seconds"])))  # house: allow float
                await _send_json(send, 200, {"now": clock.now().isoformat()})
            case _:
                await self._refused(send, NotFound("no such hook"), None)

    # --- directory ------------------------------------------------------------------------------------------------

    async def refresh_directory(self) -> bool:
        """Ask the hub for the signed directory; False when it could not be had or was not believed."""
        url = f"{self.service.config.hub.url}/api/v1/directory"
        try:
            async with httpx.AsyncClient(timeout=5.0, follow_redirects=False, trust_env=False) as client:
                answer = await client.get(url)
            if answer.status_code != 200:
                return False
            token = strict_object(answer.content).get("directory")
            self.service.trust.accept(str(token), self.service.clock.now())
        except (httpx.HTTPError, XinqiaoError, ValueError) as error:
            log.warning("directory_not_refreshed", error=type(error).__name__)
            return False
        return True

    async def _follow_directory(self) -> None:
        while True:
            good = await self.refresh_directory()
            # Right after a start the hub may still be coming up: ask again soon.
            await asyncio.sleep(DIRECTORY_EVERY.total_seconds() if good else 1.0)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        task: asyncio.Task[None] | None = None
        while True:
            event = await receive()
            if event["type"] == "lifespan.startup":
                task = asyncio.create_task(self._follow_directory())
                await send({"type": "lifespan.startup.complete"})
            elif event["type"] == "lifespan.shutdown":
                if task is not None:
                    task.cancel()
                self.service.state.close()
                self.service.store.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _object(headers: list[tuple[str, str]], body: bytes) -> dict[str, Json]:
    kind = next((v for n, v in headers if n.lower() == "content-type"), "")
    if kind.split(";")[0].strip().lower() != "application/json":
        raise Unsupported(Code.MEDIA_TYPE_UNSUPPORTED, "application/json only")
    try:
        return strict_object(body)
    except ValueError as error:
        raise Invalid(Code.MALFORMED, "not one JSON object") from error


async def _read(scope: Scope, receive: Receive) -> bytes:
    """The body, refused over the limit before it is read where its length is stated."""
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or int(value) > MAX_BODY):
            raise TooLarge(Code.BODY_TOO_LARGE, "over 64 KiB", facts={"max": MAX_BODY})
        if name == b"signature-input" and len(value) > 4096:
            raise Unauthenticated(Code.SIGNATURE_INVALID, "the signature input is too long")
    return await _all(receive, MAX_BODY)


async def _all(receive: Receive, limit: int) -> bytes:
    parts, size = [], 0
    while True:
        event = await receive()
        part: bytes = event.get("body", b"")
        size += len(part)
        if size > limit:
            raise TooLarge(Code.BODY_TOO_LARGE, "over the limit", facts={"max": limit})
        parts.append(part)
        if not event.get("more_body", False):
            return b"".join(parts)


async def _send(send: Send, status: int, headers: dict[str, str], content: bytes) -> None:
    headers.setdefault("content-length", str(len(content)))
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": content})


async def _stream(
    send: Send, headers: dict[str, str], parts: object, *, pause: float, stall: float = 0.0
) -> None:
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": raw})
    for part in parts:  # type: ignore[attr-defined]  # any iterable of bytes
        await send({"type": "http.response.body", "body": part, "more_body": True})
        if pause:
            await asyncio.sleep(pause)
    if stall:
        await asyncio.sleep(stall)
    await send({"type": "http.response.body", "body": b""})


async def _send_json(send: Send, status: int, body: dict[str, Json]) -> None:
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    await _send(send, status, headers, orjson.dumps(body))


@contextlib.asynccontextmanager
async def running(app: NodeApp) -> AsyncIterator[NodeApp]:
    """The application with its directory followed, for tests without a server."""
    task = asyncio.create_task(app._follow_directory())
    try:
        yield app
    finally:
        task.cancel()


def create_app() -> NodeApp:
    """The application of the node whose home ``XINQIAO_NODE_HOME`` names; what the server imports."""
    hooks = Hooks(enabled=os.environ.get("XINQIAO_TEST_HOOKS", "0") == "1")
    clock: Clock = AdjustableClock() if hooks.enabled else SystemClock()
    environ = dict(os.environ)
    config = load_config(Path(environ["XINQIAO_NODE_HOME"]), environ)
    from xinqiao.provider.logs import configure_logs

    configure_logs()
    service = build_service(config, clock=clock, hooks=hooks)
    return NodeApp(service)
