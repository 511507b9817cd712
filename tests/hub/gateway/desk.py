"""An institution's desk in a test: it signs as any HTTP tool would, and a provider node that really listens.

The desk is written on ``trust`` alone, apart from the SDK, so that a mistake in one shows in the other.
"""

import asyncio
import hashlib
import json
import secrets
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from tests.hub.cast import YEARS, Cast

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.consent import Permit
from xinqiao.hub.actors import InstitutionActor, SystemActor
from xinqiao.hub.apps.consents.models import Authorisation, Binding
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.models import Node
from xinqiao.hub.gateway.app import Application
from xinqiao.hub.runtime import runtime
from xinqiao.trust.encoding import b64, strict_object, unb64
from xinqiao.trust.httpsig import sign_request, sign_response, verify_request, verify_response
from xinqiao.trust.jwe import open_sealed, seal
from xinqiao.trust.jws import ArtefactType, sign_jws, verify_jws
from xinqiao.trust.keys import OpenKey, SealKey, SigningKey
from xinqiao.trust.packing import pack, unpack

PUBLIC = "http://localhost:8000"
QUERIES = "/api/v1/fundflow/queries"
#: Seconds after which a test gives its loop up: no law, so long enough for a crowded machine.
PATIENCE = 150


class LoopThread:
    """One event loop for a whole test, because connections and waiting requests belong to a loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run[T](self, work: Coroutine[object, object, T]) -> T:
        """Run a coroutine there and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    def start[T](self, work: Coroutine[object, object, T]) -> "asyncio.Future[T]":
        """Begin a coroutine there."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)  # type: ignore[return-value]

    def close(self) -> None:
        """Give up what still runs (a node that drips, a stalled answer) and stop the loop."""
        self.run(_cancel_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


async def _cancel_all() -> None:
    running = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


CANARY = "金丝雀对手方-7f3a"


@dataclass
class TcpNode:
    """A provider node on a real socket. It signs, seals and consumes permits; ``raw`` replaces its bytes on the wire.

    ``raw`` gets the honest answer's parts and the writer, so that a test can be as faulty as a node can.
    """

    node_id: str
    key: SigningKey
    raw: Callable[[int, dict[str, str], bytes, asyncio.StreamWriter], Awaitable[None]] | None = None
    change: Callable[[dict[str, Json]], None] | None = None
    permits: list[Permit] = field(default_factory=list)
    bytes_out: int = 0
    base_url: str = ""
    hold: asyncio.Event | None = None
    refuse: tuple[int, str] | None = None
    subject: str | None = None
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        self.base_url = f"http://{host}:{port}"

    async def stop(self) -> None:
        """Close the port."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        line = await reader.readline()
        if not line:
            return False
        method, path, _ = line.decode().split(" ")
        headers: list[tuple[str, str]] = []
        while (field_line := (await reader.readline()).decode().strip()) != "":
            name, _, value = field_line.partition(":")
            headers.append((name, value.strip()))
        length = int(next(value for name, value in headers if name.lower() == "content-length"))
        content = await reader.readexactly(length)
        now = runtime.clock.now()
        hub = {key.kid: key for key in runtime.hub_verify_keys()}
        seen = verify_request(method, f"{self.base_url}{path}", headers, content, hub.get, now)
        status, answer = await self._answer(json.loads(content))
        body = canonical_bytes(answer)
        out = {"Content-Type": "application/json"}
        sign_response(status, out, body, self.key, now, request_signature=seen.signature_b64)
        out["Content-Length"] = str(len(body))
        if self.raw is not None:
            await self.raw(status, out, body, writer)
            return False
        self.bytes_out += len(body)
        writer.write(http_bytes(status, out, body))
        await writer.drain()
        return True

    async def _answer(self, body: dict[str, Json]) -> tuple[int, dict[str, Json]]:
        if self.hold is not None:
            await self.hold.wait()
        if self.refuse is not None:
            status, code = self.refuse
            return status, {"code": code, "status": status}
        token = str(body["permit"])
        hub = {key.kid: key for key in runtime.hub_verify_keys()}
        permit = Permit.from_claims(verify_jws(token, hub, typ=ArtefactType.PERMIT, at=runtime.clock.now()))
        if permit.jti in {one.jti for one in self.permits}:
            return 401, {"code": "REPLAYED", "status": 401}
        self.permits.append(permit)
        return 200, self.product(permit, token)

    def product(self, permit: Permit, token: str) -> dict[str, Json]:
        """Receipt and sealed product for a permit."""
        subject = self.subject or permit.subject
        inner: dict[str, Json] = {
            "iss": self.node_id,
            "jti": permit.jti,
            "sub": subject,
            "account": permit.account,
            "product": {"figures": {"B01": {"value": "3"}}, "note": CANARY},
        }
        signed = sign_jws(inner, self.key, ArtefactType.PRODUCT)
        sealed = seal(pack(signed), SealKey.from_jwk({**permit.enc_jwk}), typ=ArtefactType.PRODUCT)
        receipt: dict[str, Json] = {
            "iss": self.node_id,
            "aud": permit.hub,
            "jti": permit.jti,
            "sub": subject,
            "account": permit.account,
            "product": str(permit.product),
            "months": permit.months,
            "request": hashlib.sha256(token.encode()).hexdigest(),
            "product_digest": hashlib.sha256(sealed.encode()).hexdigest(),
            "report_no": f"FR-20261121-{secrets.token_hex(6).upper()}",
        }
        if self.change is not None:
            self.change(receipt)
        return {"receipt": sign_jws(receipt, self.key, ArtefactType.RECEIPT), "product": sealed}


def http_bytes(status: int, headers: dict[str, str], body: bytes) -> bytes:
    """An HTTP/1.1 answer."""
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Sent:
    """A query as it was sent, with its one-time key."""

    body: dict[str, Json]
    key: OpenKey
    idempotency_key: str


@dataclass
class Desk:
    """An institution's system: its key, its token, its requests."""

    cast: Cast
    loop: LoopThread
    app: Application
    institution_id: str
    key: SigningKey
    token: str = ""

    # -- sending --------------------------------------------------------------------------------------------------

    def raw(
        self, method: str, target: str, headers: dict[str, str] | list[tuple[str, str]], content: bytes
    ) -> httpx.Response:
        """Send exactly this; ``target`` is the raw path and query."""
        return self.loop.run(self.raw_async(method, target, headers, content))

    async def raw_async(
        self, method: str, target: str, headers: dict[str, str] | list[tuple[str, str]], content: bytes
    ) -> httpx.Response:
        """The same inside the loop."""
        path, _, query = target.partition("?")
        pairs = list(headers.items()) if isinstance(headers, dict) else headers
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs],
            "client": ("203.0.113.9", 4711),
        }
        sent: list[dict[str, object]] = []
        waiting = [{"type": "http.request", "body": content, "more_body": False}]

        async def receive() -> dict[str, object]:
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        await self.app(scope, receive, send)  # type: ignore[arg-type]
        body = b"".join(part.get("body", b"") for part in sent[1:])  # type: ignore[misc]
        return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=body)  # type: ignore[arg-type]

    def login(self, **changes: Json) -> httpx.Response:
        """Ask for a token and keep it."""
        answer = self.token_request(self.assertion(**changes))
        if answer.status_code == 200:
            self.token = answer.json()["access_token"]
        return answer

    def token_request(self, assertion: str) -> httpx.Response:
        """Send a client assertion."""
        body = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        }
        return self.raw(
            "POST", "/oauth/token", {"Content-Type": "application/json"}, json.dumps(body).encode()
        )

    def assertion(
        self, *, key: SigningKey | None = None, header: dict[str, Json] | None = None, **changes: Json
    ) -> str:
        """A client assertion, perhaps changed."""
        signer = key or self.key
        now = int(self.cast.now.timestamp())
        claims: dict[str, Json] = {
            "iss": self.institution_id,
            "sub": self.institution_id,
            "aud": f"{PUBLIC}/oauth/token",
            "jti": secrets.token_hex(12),
            "iat": now,
            "exp": now + 120,
            **changes,
        }
        head = header or {"alg": signer.alg, "kid": signer.kid, "typ": "JWT"}
        signed = f"{b64(canonical_bytes(head))}.{b64(canonical_bytes(claims))}"
        return f"{signed}.{b64(signer.sign(signed.encode()))}"

    def signed(
        self,
        method: str,
        target: str,
        content: bytes = b"",
        *,
        idempotency_key: str | None = None,
        token: str | None = None,
        key: SigningKey | None = None,
        nonce: str | None = None,
        signed_target: str | None = None,
    ) -> dict[str, str]:
        """The headers of a signed request."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        if content:
            headers["Content-Type"] = "application/json"
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        sign_request(
            method,
            PUBLIC + (signed_target or target),
            headers,
            content,
            key or self.key,
            self.cast.now,
            nonce or secrets.token_hex(16),
        )
        return headers

    def get(self, target: str) -> httpx.Response:
        """A signed GET whose answer is checked to be the hub's and bound to it."""
        headers = self.signed("GET", target)
        return self.checked(self.raw("GET", target, headers, b""), headers)

    def post(self, target: str, body: object, *, key: str | None = None) -> httpx.Response:
        """A signed POST whose answer is checked."""
        content = json.dumps(body).encode()
        headers = self.signed("POST", target, content, idempotency_key=key)
        return self.checked(self.raw("POST", target, headers, content), headers)

    def ask(self, target: str, body: object) -> httpx.Response:
        """An unsigned POST, as anybody may send it."""
        answer = self.raw("POST", target, {"Content-Type": "application/json"}, json.dumps(body).encode())
        return self.checked(answer, None)

    def checked(self, answer: httpx.Response, headers: dict[str, str] | None) -> httpx.Response:
        """Verify the hub's signature over an answer and that it is bound to the request."""
        hub = {key.kid: key for key in runtime.hub_verify_keys()}
        pairs = [(name.decode(), value.decode()) for name, value in answer.headers.raw]
        # a 401 is bound only where there was an acceptable signature to bind to
        bound = ";req" in answer.headers["signature-input"]
        assert bound or headers is None or answer.status_code == 401
        signature = headers["Signature"].split(":")[1] if bound and headers is not None else None
        verify_response(
            answer.status_code, pairs, answer.content, hub.get, self.cast.now, request_signature=signature
        )
        return answer

    # -- queries --------------------------------------------------------------------------------------------------

    def prepare(self, row: Authorisation | str, account: Binding | str, **changes: Json) -> Sent:
        """A query with its statement; ``changes`` go into body and statement alike."""
        key = OpenKey.generate()
        asked: dict[str, Json] = {
            "authorisation_id": row if isinstance(row, str) else row.id,
            "account": account if isinstance(account, str) else account.id,
            "product": "FLOW_REPORT",
            "months": 12,
            "purpose": "loan_application",
        }
        fields = changes.pop("fields", None)
        asked |= changes
        claims: dict[str, Json] = {
            "iss": self.institution_id,
            "jti": secrets.token_hex(12),
            "jkt": key.kid,
            "iat": int(self.cast.now.timestamp()),
            **asked,
        }
        body: dict[str, Json] = {
            **asked,
            "operator": {"name": "丁一", "department": "公司业务部"},
            "one_time_key": {**key.public.to_jwk()},
            "statement": sign_jws(claims, self.key, ArtefactType.QUERY),
        }
        if fields is not None:
            body["fields"] = fields
        return Sent(body, key, secrets.token_urlsafe(18))

    def query(self, row: Authorisation | str, account: Binding | str, **changes: Json) -> httpx.Response:
        """Prepare and send a query."""
        return self.send(self.prepare(row, account, **changes))

    def send(self, sent: Sent) -> httpx.Response:
        """Send a prepared query (with a fresh signature)."""
        return self.post(QUERIES, sent.body, key=sent.idempotency_key)

    async def send_async(self, sent: Sent) -> httpx.Response:
        """The same inside the loop, for queries at once."""
        content = json.dumps(sent.body).encode()
        headers = self.signed("POST", QUERIES, content, idempotency_key=sent.idempotency_key)
        return await self.raw_async("POST", QUERIES, headers, content)

    @staticmethod
    def open(answer: httpx.Response, key: OpenKey, node: TcpNode) -> dict[str, Json]:
        """Open a released product with the one-time key and check the node's signature."""
        signed = unpack(open_sealed(answer.json()["product"], key), max_bytes=1 << 20)
        claims = verify_jws(
            signed, {node.key.kid: node.key.public}, typ=ArtefactType.PRODUCT, at=runtime.clock.now()
        )
        product = claims["product"]
        assert isinstance(product, dict)
        return product


def claims_of(token: str) -> dict[str, Json]:
    """The payload of a token, unchecked."""
    return strict_object(unb64(token.split(".")[1]))


def make_desk(cast: Cast, loop: LoopThread, app: Application, who: InstitutionActor) -> Desk:
    """Register a key for an institution and log its system in."""
    key = SigningKey.generate()
    system = SystemActor("test")
    identity.propose_key(
        actor=system,
        institution_id=who.institution_id,
        jwk=key.public.to_jwk(),
        not_before=cast.now - timedelta(days=1),
        not_after=cast.now + YEARS,
        at=cast.now,
    )
    identity.approve_key(actor=system, kid=key.kid, at=cast.now)
    desk = Desk(cast, loop, app, who.institution_id, key)
    assert desk.login().status_code == 200
    return desk


def place_node(cast: Cast, node: TcpNode) -> None:
    """Let the hub call the listening node where the cast's silent one was."""
    Node.objects.filter(id=cast.node.id).update(base_url=node.base_url)
