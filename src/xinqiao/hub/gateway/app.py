"""The ASGI application: what the table knows is answered here, what it does not know goes to Django."""

import asyncio
import gc
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

import orjson
from django.conf import settings

from xinqiao.clock import AdjustableClock
from xinqiao.domain.errors import Code, Invalid, Malformed, NotFound, XinqiaoError
from xinqiao.domain.period import format_instant, parse_instant
from xinqiao.hub.apps.audit.services import make_checkpoint
from xinqiao.hub.gateway.core import Gateway
from xinqiao.hub.gateway.http import Incoming, Receive, Reply, Scope, Send, incoming, read_body, send_reply
from xinqiao.hub.gateway.paths import canonical_path
from xinqiao.hub.gateway.problems import problem
from xinqiao.hub.gateway.strict import parse_json
from xinqiao.hub.gateway.wsgi_bridge import WsgiApp, WsgiBridge

#: Everything below these belongs to the interface, whether or not there is such an operation.
_INTERFACE = ("/api/", "/oauth/", "/healthz", "/openapi.json")
#: New objects after which garbage in rings is looked for.
_NEW_OBJECTS = 20_000
_TEST_CLOCK = "/test-hooks/clock"


class Plane(StrEnum):
    """Which programs one address serves."""

    DATA = "data"
    PORTAL = "portal"
    ALL = "all"


class Application:
    """ASGI callable. The gateway is made when the server starts, in the process that serves."""

    def __init__(
        self,
        *,
        plane: Plane = Plane.ALL,
        portal: Callable[[], WsgiApp] | None = None,
        gateway: Gateway | None = None,
    ) -> None:
        self._plane = plane
        self._make_portal = portal
        self._gateway = gateway
        self._bridge: WsgiBridge | None = None

    @property
    def gateway(self) -> Gateway:
        """The gateway of this process."""
        if self._gateway is None:
            self._gateway = Gateway()
        return self._gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        match scope["type"]:
            case "lifespan":
                await self._lifespan(receive, send)
            case "http":
                await self._http(scope, receive, send)
            case _:
                raise RuntimeError("only HTTP is served")

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if self._plane is not Plane.PORTAL:
                    self.gateway.start()
                self._portal()  # before the server says that it is up, not in the first visitor's time
                # What was loaded stays for good. Looking through all of it for garbage every now and then stops every
                # thread for a tenth of a second, in the middle of somebody's answer.
                gc.collect()
                gc.freeze()
                # A request leaves no rings behind; to look for some after every seven hundred objects took 6 % of the loop.
                gc.set_threshold(_NEW_OBJECTS, 20, 50)
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def stop(self) -> None:
        """Finish what is under way."""
        if self._gateway is not None:
            await self._gateway.stop()
        if self._bridge is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._bridge.close)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = incoming(scope)
        try:
            path = canonical_path(request.raw_path)
        except Malformed as error:
            await _unsigned(send, request, error)
            return
        if path.startswith(_INTERFACE) and self._plane is not Plane.PORTAL:
            reply, headers = await self.gateway.answer(request, path, receive)
            await send_reply(send, reply, headers)
        elif path == _TEST_CLOCK and settings.TEST_HOOKS:
            await self._test_clock(request, receive, send)
        elif (bridge := self._portal()) is not None:
            scheme = "https" if str(settings.XINQIAO_PUBLIC_URL).startswith("https") else "http"
            try:
                await bridge(request, path, scheme, receive, send)
            except Malformed as error:
                await _unsigned(send, request, error)
        else:
            await _unsigned(send, request, NotFound())

    def _portal(self) -> WsgiBridge | None:
        if self._bridge is None and self._make_portal is not None and self._plane is not Plane.DATA:
            self._bridge = WsgiBridge(self._make_portal())
        return self._bridge

    async def _test_clock(self, request: Incoming, receive: Receive, send: Send) -> None:
        """``POST {"now": instant} | {"advance_seconds": n} | {}``: moves the clock of this process, in tests only."""
        gateway = self.gateway
        try:
            body = parse_json(await read_body(request, receive) or b"{}")
            clock = gateway.clock
            if (
                request.method != "POST"
                or not isinstance(body, dict)
                or not isinstance(clock, AdjustableClock)
            ):
                raise NotFound
            seconds, instant = body.get("advance_seconds"), body.get("now")
            if isinstance(seconds, int):
                clock.advance(timedelta(seconds=seconds))
            elif instant is not None:
                clock.set(parse_instant(instant, field="now"))
            elif body:
                raise Invalid(Code.INVALID, "now or advance_seconds")
            # a jump makes the last leaf look old at once: give the log its checkpoint, as the worker would have
            await gateway.in_thread(lambda: make_checkpoint(at=clock.now()))
        except XinqiaoError as error:
            await _unsigned(send, request, error)
            return
        answer = Reply(200, orjson.dumps({"now": format_instant(clock.now())}))
        await send_reply(
            send, answer, {"Content-Type": "application/json", "Content-Length": str(len(answer.body))}
        )


async def _unsigned(send: Send, request: Incoming, error: XinqiaoError) -> None:
    reply = problem(error, trace_id=request.trace_id)
    headers = {
        "Content-Type": reply.content_type,
        "Content-Length": str(len(reply.body)),
        "Cache-Control": "no-store",
    }
    await send_reply(send, reply, headers | dict(reply.headers))
