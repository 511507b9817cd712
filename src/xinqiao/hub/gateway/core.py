"""The gateway's engine: from a raw request to a signed answer, the same steps in the same order for every operation.

route (raw path) → limits → who (token, signature) → nonce → syntax → schema → handler → problem or answer → one leaf for
every refusal of somebody known → signature. Nothing here knows what an operation is about.
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import orjson
from django.conf import settings
from django.db import close_old_connections
from pydantic import BaseModel

from xinqiao.clock import Clock, Pace
from xinqiao.domain.errors import (
    Code,
    Conflict,
    Forbidden,
    Malformed,
    NotFound,
    ProviderFault,
    TooMany,
    Unauthenticated,
    Unavailable,
    XinqiaoError,
)
from xinqiao.hub.apps.audit.services import Refs
from xinqiao.hub.apps.dossiers.shelves import Shelves
from xinqiao.hub.apps.fundflow.idempotency import Idempotency
from xinqiao.hub.apps.fundflow.jobs import AbandonedJob, DenyJob, NonceJob, SweepJob
from xinqiao.hub.apps.fundflow.protocol import Refused, Repeated
from xinqiao.hub.apps.fundflow.services import refusal
from xinqiao.hub.apps.fundflow.writer import ReleaseWriter
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.directory import node_address
from xinqiao.hub.apps.items.release import ItemSweepJob
from xinqiao.hub.gateway.auth import (
    Caller,
    Identified,
    Sessions,
    authenticate,
    authenticate_tagged,
    token_holder,
)
from xinqiao.hub.gateway.bodies import parsed_body
from xinqiao.hub.gateway.http import RAW_SECONDS, Incoming, Receive, Reply, read_body
from xinqiao.hub.gateway.key_jobs import FinishKeyJob, FreeKeyJob, TakeKeyJob
from xinqiao.hub.gateway.node_http import AsyncNodeClient
from xinqiao.hub.gateway.openapi import document
from xinqiao.hub.gateway.operations import Call, Operation, Router, Security
from xinqiao.hub.gateway.problems import PROBLEM, problem
from xinqiao.hub.gateway.reader import Reader
from xinqiao.hub.gateway.strict import parse_pairs, validate
from xinqiao.hub.gateway.table import TABLE
from xinqiao.hub.node_client import NodeAddress, NodeClient
from xinqiao.hub.runtime import runtime
from xinqiao.trust.httpsig import sign_response
from xinqiao.trust.keys import SigningKey
from xinqiao.trust.mac import MacKey

log = logging.getLogger("xinqiao.gateway")

_KEY = re.compile(r"[A-Za-z0-9._:~-]{8,80}", re.ASCII)
_LEAF = (Unauthenticated, Forbidden, NotFound, Conflict, TooMany)
SWEEP_SECONDS = 10.0
ORM_THREADS = 4
#: Threads of work that waits for nodes, apart from the others so that it keeps nobody waiting.
WAITING_THREADS = 8

type SyncPoint = Callable[[str], Awaitable[None]]


class Recorded(Exception):
    """An error whose leaf is in the log already."""

    def __init__(self, error: XinqiaoError) -> None:
        super().__init__(str(error))
        self.error = error


class Gateway:
    """One per process. ``sync_points`` is for tests that order concurrent steps; it is empty otherwise."""

    def __init__(
        self, *, clock: Clock | None = None, key: SigningKey | None = None, pace: Pace | None = None
    ) -> None:
        self.clock = clock or runtime.clock
        #: by which answers to verifications go out
        self.pace = pace or Pace()
        self.key = key or runtime.hub_key
        self.router = Router(TABLE)
        self.public_url = str(settings.XINQIAO_PUBLIC_URL)
        self.openapi = document(TABLE, server=self.public_url)
        self.writer = ReleaseWriter(self.clock)
        self.reader = Reader()
        self.sessions = Sessions(self.reader)
        #: operations that may be asked in a session
        self.tagged = tuple(operation.id for operation in TABLE if operation.tagged)
        self.shelves = Shelves()
        self.nodes = AsyncNodeClient(clock=self.clock, key=self.key)
        self.sync_nodes = NodeClient(clock=self.clock, key=self.key)
        self.sync_points: dict[str, SyncPoint] = {}
        self._pool = ThreadPoolExecutor(ORM_THREADS, thread_name_prefix="gateway-orm")
        self._waiting = ThreadPoolExecutor(WAITING_THREADS, thread_name_prefix="gateway-wait")
        self._addresses: dict[str, NodeAddress] = {}
        self._addresses_version: object = None
        self._directory: tuple[object, datetime, str] | None = None
        self._sweeper: asyncio.Task[None] | None = None

    # -- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin what time does: closing abandoned queries, forgetting what has had its time. Call in the loop."""
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().create_task(self._sweep())

    async def stop(self) -> None:
        """Finish what is under way."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        self.nodes.close()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self.close)

    def close(self) -> None:
        """Stop the threads; for use without a running loop."""
        self.writer.close()
        self.reader.close()
        self._pool.shutdown(wait=True)
        self._waiting.shutdown(wait=True)
        self.sync_nodes.close()

    async def _sweep(self) -> None:
        while True:
            try:
                await self.tidy()
            except XinqiaoError as error:
                log.warning("sweep: %s", error)
            except Exception:
                # a sweeper that ends is noticed by nobody; the next round may find the cause gone
                log.exception("sweep failed")
            await asyncio.sleep(SWEEP_SECONDS)

    async def tidy(self) -> int:
        """Close abandoned queries and forget what has had its time; returns how many queries were closed."""
        jobs = await self.writer.do(AbandonedJob())
        for job in jobs:
            await self.writer.do(job)
        items = await self.writer.do(ItemSweepJob())
        for item in items:
            await self.writer.do(item)
        await self.writer.do(SweepJob())
        return len(jobs) + len(items)

    # -- help for handlers ------------------------------------------------------------------------------------------

    async def in_thread[R](self, work: Callable[[], R], *, waits: bool = False) -> R:
        """Run code that uses Django's ORM in a thread; ``waits``: it waits for nodes meanwhile."""

        def run() -> R:
            close_old_connections()
            try:
                return work()
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._waiting if waits else self._pool, run)

    async def node_address(self, node_id: str) -> NodeAddress:
        """Where a node is and its keys; remembered until the directory changes, so a revoked key ends at once."""
        version = await self._version()
        if version != self._addresses_version:
            self._addresses, self._addresses_version = {}, version
        # Kept with the version it was read under: what was read before a change must not stand among what was read after.
        known = self._addresses
        address = known.get(node_id)
        if address is None:
            try:
                address = await self.in_thread(lambda: node_address(node_id))
            except Conflict as gone:
                raise ProviderFault(gone.code, gone.detail) from None
            known[node_id] = address
        return address

    async def directory(self) -> str:
        """The signed directory, made at most once a minute while nothing changes."""
        version, now = await self._version(), self.clock.now()
        known = self._directory
        if known is None or known[0] != version or not timedelta(0) <= now - known[1] < timedelta(minutes=1):
            made = await self.in_thread(lambda: identity.directory(at=now))
            known = self._directory = (version, now, made)
        return known[2]

    async def _version(self) -> object:
        row = await self.reader.one("SELECT version FROM identity_directoryversion WHERE id = 1")
        return row[0] if row is not None else None

    def recorded(self, refused: Refused) -> Recorded:
        """An error for a refusal that has its leaf."""
        return Recorded(refusal(refused))

    async def sync_point(self, name: str, subject: str) -> None:
        """A place where a test may hold a request."""
        point = self.sync_points.get(name)
        if point is not None:
            await point(subject)

    @staticmethod
    def english(request: Incoming) -> bool:
        """Whether words are wanted in English."""
        wanted = [value for name, value in request.headers if name == "accept-language"]
        return bool(wanted) and wanted[0].strip().lower().startswith("en")

    # -- one request ------------------------------------------------------------------------------------------------

    async def answer(self, request: Incoming, path: str, receive: Receive) -> tuple[Reply, dict[str, str]]:
        """Answer a request whose path belongs to the interface; returns the reply and its complete headers."""
        caller: Caller | None = None
        operation: Operation | None = None
        try:
            found = self.router.find(path)
            if found is None:
                raise NotFound
            operations, path_params = found
            operation = operations.get(request.method)
            if operation is None:
                return self._signed(_not_allowed(request, sorted(operations)), None)
            body = await self._body(request, operation, receive)
            if operation.security is Security.TOKEN:
                caller = await self._caller(request, operation, body)
            call = self._call(request, operation, path_params, body, caller)
            reply = await self._run(call)
        except Identified as known:
            reply = await self._refuse(request, operation, known.error, known.holder_id)
        except Recorded as known:
            reply = self._problem(request, operation, known.error)
        except XinqiaoError as error:
            reply = await self._refuse(request, operation, error, caller.holder_id if caller else None)
        except Exception:
            log.exception("trace %s", request.trace_id)
            gone = Unavailable(Code.AUDIT_UNAVAILABLE, "something failed here; nothing was released")
            reply = self._problem(request, operation, gone)
        return self._signed(reply, caller)

    async def _body(self, request: Incoming, operation: Operation, receive: Receive) -> bytes:
        """A large body is read for holders of a token only: strangers must not fill the memory."""
        if not operation.raw_limit:
            return await read_body(request, receive)
        await token_holder(request, party=operation.party, reader=self.reader, at=self.clock.now())
        return await read_body(request, receive, most=operation.raw_limit, seconds=RAW_SECONDS)

    async def _caller(self, request: Incoming, operation: Operation, body: bytes) -> Caller:
        target = self.public_url + request.target
        if operation.tagged and request.header("authorization") is None:
            return await authenticate_tagged(
                request, body, target_uri=target, sessions=self.sessions, at=self.clock.now()
            )
        return await authenticate(
            request, body, target_uri=target, party=operation.party, reader=self.reader, at=self.clock.now()
        )

    def _call(
        self,
        request: Incoming,
        operation: Operation,
        path_params: dict[str, str],
        body: bytes,
        caller: Caller | None,
    ) -> Call:
        key = None
        if operation.idempotent:
            key = request.header("idempotency-key")
            if key is None:
                raise Malformed(Code.IDEMPOTENCY_KEY_REQUIRED, "the operation needs an Idempotency-Key")
            if _KEY.fullmatch(key) is None:
                raise Malformed(Code.MALFORMED, "an Idempotency-Key has 8 to 80 plain characters")
        parsed = parsed_body(request, operation, body)
        params = None
        if operation.params is not None:
            params = validate(operation.params, parse_pairs(request.raw_query))
        elif request.raw_query:
            raise Malformed(Code.MALFORMED, "the operation takes no parameters")
        return Call(
            gateway=self,
            request=request,
            operation=operation,
            path_params=path_params,
            body=parsed,
            raw=body if operation.raw_limit else b"",
            params=params,
            caller=caller,
            idempotency_key=key,
            fingerprint=hashlib.sha256(body).hexdigest(),
        )

    async def _run(self, call: Call) -> Reply:
        operation, caller = call.operation, call.caller
        if caller is None or operation.stores_nonce:
            return _reply(operation, await operation.handler(call))
        if call.idempotency_key is None:
            refused = await self.writer.do(NonceJob(caller.nonce, caller.holder_id, operation.id))
            if refused is not None:
                raise Recorded(refusal(refused))
            return _reply(operation, await operation.handler(call))
        return await self._once(call, caller, call.idempotency_key)

    async def _once(self, call: Call, caller: Caller, key: str) -> Reply:
        """Run a handler under its idempotency key: one effect, the same bytes again."""
        taken = Idempotency(
            caller.holder_id, call.operation.id, key, call.fingerprint, lambda refused: (0, "")
        )
        seen = await self.writer.do(TakeKeyJob(taken, caller.nonce))
        if isinstance(seen, Refused):
            raise Recorded(refusal(seen))
        if isinstance(seen, Repeated):
            kind = "application/json" if seen.status < 300 else PROBLEM
            return Reply(seen.status, seen.body.encode(), kind)
        try:
            reply = _reply(call.operation, await call.operation.handler(call))
        except XinqiaoError as error:
            if error.status >= 500:
                await self.writer.do(FreeKeyJob(taken))
                raise
            reply = await self._refuse(call.request, call.operation, error, caller.holder_id)
        except BaseException:
            await self.writer.do(FreeKeyJob(taken))
            raise
        if reply.status >= 500:  # a refusal that could not be recorded is no answer to keep
            await self.writer.do(FreeKeyJob(taken))
        else:
            await self.writer.do(FinishKeyJob(taken, reply.status, reply.body.decode()))
        return reply

    # -- refusals ---------------------------------------------------------------------------------------------------

    async def _refuse(
        self, request: Incoming, operation: Operation | None, error: XinqiaoError, holder_id: str | None
    ) -> Reply:
        """Exactly one leaf for every 401, 403, 404, 409 and 429 of somebody known (reliability 2.2).

        An absent object is recorded like a foreign one: otherwise the time of the answer would tell them apart.
        """
        if holder_id is not None and isinstance(error, _LEAF):
            act = operation.id if operation is not None else "unknown"
            try:
                await self.writer.do(DenyJob(error.code, act, Refs(institution=holder_id)))
            except XinqiaoError as unrecorded:
                error = unrecorded
        return self._problem(request, operation, error)

    def _problem(self, request: Incoming, operation: Operation | None, error: XinqiaoError) -> Reply:
        return problem(
            error,
            trace_id=request.trace_id,
            instance=operation.path if operation is not None else None,
            english=self.english(request),
        )

    def _signed(self, reply: Reply, caller: Caller | None) -> tuple[Reply, dict[str, str]]:
        headers = {
            "Content-Type": reply.content_type,
            "Content-Length": str(len(reply.body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **dict(reply.headers),
        }
        signature: str | None = None
        key: SigningKey | MacKey = self.key
        if caller is not None:
            signature = caller.message.signature_b64
            key = caller.session.keys.answer if caller.session is not None else self.key
        sign_response(reply.status, headers, reply.body, key, self.clock.now(), request_signature=signature)
        return reply, headers


def _reply(operation: Operation, answer: BaseModel | Reply) -> Reply:
    if isinstance(answer, Reply):
        return answer
    return Reply(operation.status, orjson.dumps(answer.model_dump(mode="json", by_alias=True)))


def _not_allowed(request: Incoming, methods: list[str]) -> Reply:
    """405: another method; the methods that exist are told."""
    error = Malformed(Code.MALFORMED, "the address does not take this method")
    reply = problem(error, trace_id=request.trace_id, english=Gateway.english(request), status=405)
    return Reply(reply.status, reply.body, reply.content_type, (("Allow", ", ".join(methods)),))
