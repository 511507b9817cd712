"""The node as an ASGI program: which address is answered by whom, and in what order a message is judged.

The order is the point: size, signature, nonce, media type and JSON, then the verb. Whatever is refused is answered as
a signed problem document and recorded once; what nobody has signed is counted in the technical log only, so that a
stranger's noise cannot fill the ledger.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import structlog

from xinqiao.clock import AdjustableClock, Clock, Pace, SystemClock
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, NotFound, Unauthenticated, Unavailable, XinqiaoError
from xinqiao.provider.compute import warm_up
from xinqiao.provider.config import NodeConfig, load_config
from xinqiao.provider.directory import TrustStore, read_anchor
from xinqiao.provider.faults import Fault, Hooks
from xinqiao.provider.follow import DirectoryFollower
from xinqiao.provider.hooks import send_faulty, serve_hook
from xinqiao.provider.items.service import ItemService
from xinqiao.provider.service import Answer, Case, NodeService
from xinqiao.provider.state import State
from xinqiao.provider.stores import open_store as open_store_of
from xinqiao.provider.stores.base import StoreError, TransactionStore
from xinqiao.provider.wire import (
    Receive,
    Scope,
    Send,
    Signer,
    json_object,
    named_key,
    new_trace,
    read_body,
    send_json,
)
from xinqiao.trust.httpsig import VerifiedMessage, verify_request
from xinqiao.trust.keyfile import load_or_create_keyfile

type Verb = Callable[[dict[str, Json], Case], Awaitable[Answer]]
#: The node's pages; only loaded where there are users who may see them.
type Portal = Callable[[Scope, Receive, Send], Awaitable[None]]

PRODUCTS = "/node/v1/products"
ITEMS = "/node/v1/items"
VERIFICATIONS = "/node/v1/verifications"

log = structlog.get_logger("xinqiao.node")


def open_store(config: NodeConfig) -> TransactionStore:
    """The store the configuration names. Raises StoreError."""
    return open_store_of(config.store)


def build_service(config: NodeConfig, *, clock: Clock, hooks: Hooks) -> NodeService:
    """Open everything a node needs.

    Raises:
        Invalid: the anchor file is absent or of another platform.
        StoreError: the store cannot be opened (so too :class:`NodeApp`, for the items).
        Unavailable: the key file or the node's database cannot be used.
    """
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

    def __init__(
        self,
        service: NodeService,
        *,
        portal: Portal | None = None,
        follower: DirectoryFollower | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.service = service
        self.hooks = service.hooks
        self.follower = follower or DirectoryFollower(service.trust, service.clock, service.config.hub.url)
        service.refresh_directory = self.follower.refresh_out_of_turn
        self._portal = portal
        self._base = service.config.public_url
        self._signer = Signer(service.key, service.clock)
        self._verbs: dict[str, Verb] = {
            PRODUCTS: service.product,
            "/node/v1/ownership-checks": service.check_ownership,
            "/node/v1/entrustments": service.store_entrustment,
            "/node/v1/terminations": service.store_termination,
        }
        items = service.config.items
        self.items = None if items is None else ItemService(service, items, pace=pace)
        if self.items is not None:
            self._verbs |= {ITEMS: self.items.item, VERIFICATIONS: self.items.verification}

    def close(self) -> None:
        """Finish writing, then let go of files."""
        self.service.close()
        if self.items is not None:
            self.items.close()

    def health(self) -> dict[str, Json]:
        """The unsigned health answer: no data, no names but the node's own."""
        return self.service.health() | ({} if self.items is None else self.items.health())

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
            await send_json(send, 200, await asyncio.to_thread(self.health))
        elif path.startswith("/test-hooks/") and self.hooks.enabled:
            await self._hook(path, receive, send)
        elif self._portal is not None and not path.startswith(("/node/", "/test-hooks/")):
            await self._portal(scope, receive, send)
        else:
            await self._refused(send, NotFound("no such address"), None, "")

    async def _verb(self, scope: Scope, receive: Receive, send: Send, verb: Verb) -> None:
        self.hooks.count_request()
        path: str = scope["path"]
        case: Case | None = None
        try:
            if scope["method"] != "POST":
                raise NotFound("no such operation")
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
            self._known(headers)
            body = await read_body(scope, receive)
            case = Case(self._verified(scope, headers, body))
            self.service.check_fresh(case)
            answer = await verb(json_object(headers, body), case)
        except XinqiaoError as error:
            await self._recorded(send, error, case, path)
        except StoreError as error:
            log.error("store", error=type(error).__name__)
            await self._recorded(
                send, Unavailable(Code.PROVIDER_UNAVAILABLE, "the store cannot be read"), case, path
            )
        except Exception as error:  # noqa: BLE001  a fault of ours is answered signed and without its text
            log.error("fault", error=type(error).__name__)
            await self._recorded(send, Unavailable(Code.PROVIDER_UNAVAILABLE, "the node failed"), case, path)
        else:
            if path == PRODUCTS and self.hooks.fault is not Fault.NONE:
                await send_faulty(
                    send, answer.status, answer.body, case.message, fault=self.hooks.fault, signer=self._signer
                )  # fmt: skip
            else:
                await self._signer.send(send, answer.status, answer.body, case.message)

    def _known(self, headers: list[tuple[str, str]]) -> None:
        """Refuse who is not the hub before reading what he sends. Raises Unauthenticated."""
        if self.service.trust.hub_keys.verify_key(named_key(headers), self.service.clock.now()) is None:
            raise Unauthenticated(Code.SIGNATURE_INVALID, "unknown key")

    def _verified(self, scope: Scope, headers: list[tuple[str, str]], body: bytes) -> VerifiedMessage:
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        query: bytes = scope["query_string"]
        target = self._base + raw.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")
        now = self.service.clock.now()
        keys = self.service.trust.hub_keys
        return verify_request("POST", target, headers, body, lambda kid: keys.verify_key(kid, now), now)

    async def _recorded(self, send: Send, error: XinqiaoError, case: Case | None, path: str) -> None:
        """Record a refusal of a signed message, then answer it."""
        if case is not None:
            error = await self.service.refused(case, error)
        await self._refused(send, error, case.message if case else None, path)

    async def _refused(
        self, send: Send, error: XinqiaoError, message: VerifiedMessage | None, path: str
    ) -> None:
        trace = new_trace()
        log.info("refused", code=error.code.value, status=error.status, trace=trace)
        await self._signer.refuse(send, error, message, instance=path, trace=trace)

    async def _hook(self, path: str, receive: Receive, send: Send) -> None:
        try:
            await serve_hook(path, receive, send, hooks=self.hooks, clock=self.service.clock)
        except XinqiaoError as error:
            await self._refused(send, error, None, "")

    # --- start and end --------------------------------------------------------------------------------------------

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        task: asyncio.Task[None] | None = None
        while True:
            event = await receive()
            if event["type"] == "lifespan.startup":
                await asyncio.to_thread(warm_up)
                task = asyncio.create_task(self.follower.follow())
                await send({"type": "lifespan.startup.complete"})
            elif event["type"] == "lifespan.shutdown":
                await _ended(task)
                # the writer finishes what is queued before the database is closed
                await asyncio.to_thread(self.close)
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _ended(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def running(app: NodeApp) -> AsyncIterator[NodeApp]:
    """The application with its directory followed, for tests without a server."""
    task = asyncio.create_task(app.follower.follow())
    try:
        yield app
    finally:
        await _ended(task)


def create_app() -> NodeApp:
    """The application of the node whose home ``XINQIAO_NODE_HOME`` names; what the server imports."""
    from xinqiao.provider.logs import configure_logs

    configure_logs()
    hooks = Hooks(enabled=os.environ.get("XINQIAO_TEST_HOOKS", "0") == "1")
    clock: Clock = AdjustableClock() if hooks.enabled else SystemClock()
    environ = dict(os.environ)
    config = load_config(Path(environ["XINQIAO_NODE_HOME"]), environ)
    service = build_service(config, clock=clock, hooks=hooks)
    if not config.users:
        return NodeApp(service)
    from xinqiao.provider.portal.app import (
        make_portal,  # templates and assets only where somebody may see them
    )

    return NodeApp(service, portal=make_portal(service))
