"""Signed HTTP to provider nodes, and every protection against what a node may answer (abuse case C9).

A node is not trusted: its answer must come in time, be small, be JSON, be signed by one of its keys and be bound to
this very request. What fails is ``PROVIDER_INVALID`` (502) or ``PROVIDER_TIMEOUT`` (504), and nothing of it goes on.
Whether the *content* fits (subject, permit) is the release's business, which knows what was asked.

No call is made inside a transaction: a node that is slow must never hold a lock.
"""

import secrets
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import httpx
from django.db import connection

from xinqiao.clock import Clock
from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.errors import Code, Invalid, ProviderFault, ProviderTimeout, Unauthenticated
from xinqiao.hub.breaker import Breakers
from xinqiao.hub.runtime import runtime
from xinqiao.trust.encoding import strict_object
from xinqiao.trust.httpsig import sign_request, verify_response
from xinqiao.trust.keys import KeySet, SigningKey

MAX_ANSWER = 1 << 20
MAX_HEALTH = 1 << 16
CONNECT_SECONDS = 2.0
CALL_SECONDS = 10.0

breakers = Breakers()


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """What is needed to call a node: its id, its base address and the keys in which it is believed."""

    id: str
    base_url: str
    keys: KeySet


@dataclass(frozen=True, slots=True)
class NodeAnswer:
    """A signed, timely, small JSON answer; ``status`` may be a refusal, then ``code`` is its stable code."""

    status: int
    body: dict[str, Json]

    @property
    def ok(self) -> bool:
        """Whether the node did what was asked."""
        return self.status in (200, 201)

    @property
    def code(self) -> str | None:
        """The code of a refusal."""
        code = self.body.get("code")
        return code if isinstance(code, str) else None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A signed request, ready to be sent by a synchronous or an asynchronous client."""

    url: str
    headers: dict[str, str]
    content: bytes
    signature: str


def prepare(
    address: NodeAddress, path: str, body: Mapping[str, Json], key: SigningKey, now: datetime
) -> Prepared:
    """Sign a POST of ``body`` to ``path`` of a node."""
    url = f"{address.base_url}{path}"
    content = canonical_bytes(dict(body))
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "identity",  # an inflated answer could be any size
    }
    signature = sign_request("POST", url, headers, content, key, now, secrets.token_hex(16))
    return Prepared(url, headers, content, signature)


def fields_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Header fields by lower-case name; what stands on several lines is joined, so that a second cannot hide."""
    found: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def check_head(status: int, headers: Mapping[str, str]) -> None:
    """Judge an answer before its body is read. Raises PROVIDER_INVALID.

    Args:
        headers: as :func:`fields_of` gives them.
    """
    if 300 <= status < 400 or status < 200:
        raise _invalid("redirected")
    if headers.get("content-encoding", "identity") != "identity":
        raise _invalid("encoded")
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in ("application/json", "application/problem+json"):
        raise _invalid("not JSON")
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_ANSWER:
        raise _invalid("too large")


def check_answer(
    address: NodeAddress,
    request_signature: str,
    status: int,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    now: datetime,
) -> NodeAnswer:
    """Check signature and form of a whole answer. Raises PROVIDER_INVALID."""
    try:
        verify_response(
            status,
            headers,
            body,
            lambda kid: address.keys.verify_key(kid, now),
            now,
            request_signature=request_signature,
        )
        return NodeAnswer(status, strict_object(body))
    except Unauthenticated as error:
        raise _invalid("not signed by the node for this request") from error
    except (ValueError, Invalid) as error:
        raise _invalid("not a JSON object") from error


def _pairs(response: httpx.Response) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]


@cache
def _authorities() -> ssl.SSLContext:
    """Whom TLS trusts. The list is long, so a process reads it once; of the environment nothing is taken."""
    return httpx.create_ssl_context(trust_env=False)


def _invalid(why: str) -> ProviderFault:
    return ProviderFault(Code.PROVIDER_INVALID, why)


class NodeClient:
    """Calls nodes. One per process; connections are pooled per node."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        key: SigningKey | None = None,
        transport: httpx.BaseTransport | None = None,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        self._clock = clock or runtime.clock
        self._key = key or runtime.hub_key
        self._seconds = call_seconds
        self._http = httpx.Client(
            transport=transport,
            verify=_authorities(),
            timeout=httpx.Timeout(call_seconds, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
            follow_redirects=False,
            trust_env=False,  # a proxy variable must not send products through somebody else
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def call(self, address: NodeAddress, path: str, body: Mapping[str, Json]) -> NodeAnswer:
        """POST to a node and return its verified answer, refusals included.

        Raises:
            ProviderFault: ``PROVIDER_INVALID``: not to be trusted; ``PROVIDER_UNAVAILABLE``: circuit open or refused
                connection.
            ProviderTimeout: no whole answer inside the deadline.
            RuntimeError: a transaction is open.
        """
        forbid_in_transaction()
        breaker = breakers.of(address.id)
        breaker.enter(self._clock.now())
        good = False
        try:
            answer = self._exchange(address, path, body)
            good = answer.status < 500
        finally:
            breaker.leave(self._clock.now(), good=good)
        return answer

    def _exchange(self, address: NodeAddress, path: str, body: Mapping[str, Json]) -> NodeAnswer:
        sent = prepare(address, path, body, self._key, self._clock.now())
        deadline = time.monotonic() + self._seconds
        try:
            with self._http.stream("POST", sent.url, headers=sent.headers, content=sent.content) as response:
                check_head(response.status_code, fields_of(_pairs(response)))
                received = bytearray()
                for chunk in response.iter_raw():
                    received += chunk
                    if len(received) > MAX_ANSWER:
                        raise _invalid("too large")
                    if time.monotonic() > deadline:
                        raise ProviderTimeout(Code.PROVIDER_TIMEOUT, "the answer came too slowly")
        except httpx.TimeoutException as error:
            raise ProviderTimeout(Code.PROVIDER_TIMEOUT, "no answer in time") from error
        except (httpx.ConnectError, httpx.UnsupportedProtocol) as error:
            raise ProviderFault(Code.PROVIDER_UNAVAILABLE, "the node cannot be reached") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _invalid("the answer broke off") from error
        return check_answer(
            address,
            sent.signature,
            response.status_code,
            _pairs(response),
            bytes(received),
            self._clock.now(),
        )

    def health(self, base_url: str) -> dict[str, Json] | None:
        """What a node's unsigned health address says, or ``None``; it carries no data and decides nothing."""
        forbid_in_transaction()
        received = bytearray()
        try:
            with self._http.stream("GET", f"{base_url}/node/v1/health", timeout=CONNECT_SECONDS) as response:
                check_head(response.status_code, fields_of(_pairs(response)))
                for chunk in response.iter_raw():
                    received += chunk
                    if len(received) > MAX_HEALTH:
                        return None
            return strict_object(bytes(received)) if response.status_code == 200 else None
        except (httpx.HTTPError, httpx.InvalidURL, ProviderFault, ValueError):
            return None


def forbid_in_transaction() -> None:
    """Refuse an outbound call while a transaction is open (the test runner's own wrapping does not count).

    Raises:
        RuntimeError: naming the rule.
    """
    if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise RuntimeError("no outbound call inside a transaction")
