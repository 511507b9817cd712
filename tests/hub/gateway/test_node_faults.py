"""Abuse case C9: whatever a node answers, nothing of it goes on, no use is counted, and one FAIL leaf says so."""

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from tests.hub.gateway.conftest import World
from tests.hub.gateway.desk import CANARY, TcpNode, http_bytes

from xinqiao.domain.canonical import Json
from xinqiao.hub.apps.fundflow.models import IdempotencyKey, Query
from xinqiao.hub.gateway.node_http import AsyncNodeClient, _Connection
from xinqiao.hub.node_client import MAX_ANSWER, breakers
from xinqiao.trust.httpsig import sign_response
from xinqiao.trust.keys import SigningKey

type Raw = Callable[[int, dict[str, str], bytes, asyncio.StreamWriter], Awaitable[None]]


async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


async def unsigned(status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> None:
    kept = {name: headers[name] for name in ("Content-Type", "Content-Length")}
    await _write(writer, http_bytes(status, kept, body))


async def other_key(status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> None:
    from xinqiao.hub.runtime import runtime

    fresh = {"Content-Type": "application/json"}
    sign_response(status, fresh, body, SigningKey.generate(), runtime.clock.now(), request_signature=None)
    fresh["Content-Length"] = str(len(body))
    await _write(writer, http_bytes(status, fresh, body))


async def changed_bit(
    status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
) -> None:
    await _write(writer, http_bytes(status, headers, body[:-2] + b" }"))


async def huge_announced(
    status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
) -> None:
    await _write(writer, http_bytes(status, headers | {"Content-Length": str(10 << 30)}, body))
    await asyncio.sleep(5)


async def huge_chunks(
    status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
) -> None:
    headers = {name: value for name, value in headers.items() if name != "Content-Length"}
    await _write(writer, http_bytes(status, headers | {"Transfer-Encoding": "chunked"}, b""))
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    for _ in range(MAX_ANSWER // 0x10000 + 2):
        await _write(writer, piece)


async def endless_chunk_line(
    status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
) -> None:
    headers = {name: value for name, value in headers.items() if name != "Content-Length"}
    await _write(writer, http_bytes(status, headers | {"Transfer-Encoding": "chunked"}, b"0" * 100_000))
    await asyncio.sleep(5)


async def endless_head(
    status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
) -> None:
    await _write(writer, b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000)


async def wrong_length(
    status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
) -> None:
    await _write(writer, http_bytes(status, headers | {"Content-Length": str(len(body) + 10)}, body))


async def too_much(status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> None:
    await _write(writer, http_bytes(status, headers, body + b"{}"))


async def two_lengths(
    status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
) -> None:
    await _write(writer, http_bytes(status, headers | {"Transfer-Encoding": "chunked"}, body))


async def gzip_bomb(status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> None:
    packed = zlib.compress(b" " * (64 << 20))
    more = {"Content-Encoding": "gzip", "Content-Length": str(len(packed))}
    await _write(writer, http_bytes(status, headers | more, packed))


async def html(status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> None:
    await _write(writer, http_bytes(status, headers | {"Content-Type": "text/html"}, body))


async def redirect(status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> None:
    await _write(writer, http_bytes(302, headers | {"Location": "http://localhost:9/"}, body))


async def not_http(status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> None:
    await _write(writer, b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


async def breaks_off(status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> None:
    await _write(writer, http_bytes(status, headers, body[: len(body) // 2]))


async def says_nothing(
    status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
) -> None:
    writer.close()


WIRE = [
    unsigned, other_key, changed_bit, huge_announced, huge_chunks, endless_chunk_line, endless_head, wrong_length, too_much, two_lengths,
    gzip_bomb, html, redirect, not_http, breaks_off, says_nothing,
]  # fmt: skip


def failed(world: World, status: int, code: str) -> None:
    """The stated outcome of a faulty node."""
    sent = world.bank.prepare(world.granted, world.account)
    answer = world.bank.send(sent)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert CANARY not in answer.text
    assert "product" not in answer.json()
    assert world.leaves("USE") == []
    (leaf,) = world.leaves("FAIL")
    permit = world.leaves("PERMIT")[0]
    assert (leaf.facts["code"], leaf.ids["permit"]) == (code, permit.ids["permit"])
    row = Query.objects.get()
    assert (row.state, row.code, row.cipher, row.receipt) == ("failed", code, None, "")
    world.granted.refresh_from_db()
    assert world.granted.uses == 0
    # nothing came of it: the same key may try again
    assert not IdempotencyKey.objects.exists()
    world.node.raw = world.node.change = world.node.subject = world.node.refuse = None
    assert world.bank.send(sent).status_code == 200


@pytest.mark.parametrize("fault", WIRE, ids=lambda fault: fault.__name__)
def test_c9_a_faulty_answer_on_the_wire_is_not_believed(world: World, fault: Raw) -> None:
    world.node.raw = fault
    failed(world, 502, "PROVIDER_INVALID")


def _set(name: str, value: Json) -> Callable[[dict[str, Json]], None]:
    def change(receipt: dict[str, Json]) -> None:
        receipt[name] = value

    return change


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iss", "nod-" + "f" * 32),
        ("aud", "hub-other"),
        ("jti", "prm-" + "0" * 32),
        ("sub", "91330200MA2XQB002X"),
        ("account", "acc-" + "0" * 32),
        ("product", "FLOW_SUMMARY"),
        ("months", 36),
        ("request", "0" * 64),
        ("product_digest", "0" * 64),
        ("report_no", ""),
        ("report_no", 7),
    ],
)
def test_c9_a_receipt_about_something_else_is_not_believed(world: World, name: str, value: Json) -> None:
    world.node.change = _set(name, value)
    failed(world, 502, "PROVIDER_INVALID")


def test_c9_the_data_of_another_enterprise_are_not_forwarded(world: World) -> None:
    world.node.subject = "91330200MA2XQB002X"
    failed(world, 502, "PROVIDER_INVALID")


@pytest.mark.parametrize(
    ("status", "code", "ours"),
    [(403, "ENTRUSTMENT_MISSING", "PROVIDER_REFUSED"), (503, "AUDIT_UNAVAILABLE", "PROVIDER_UNAVAILABLE")],
)
def test_a_refusal_of_the_node_is_told_by_its_code(world: World, status: int, code: str, ours: str) -> None:
    world.node.refuse = (status, code)
    failed(world, 502, ours)


def test_c9_an_answer_that_never_comes_is_given_up(world: World) -> None:
    world.gateway.nodes = AsyncNodeClient(clock=world.cast.clock, key=world.gateway.key, call_seconds=0.2)

    async def stall(status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> None:
        await _write(writer, http_bytes(status, headers, body[:-1]))
        await asyncio.sleep(5)

    world.node.raw = stall
    failed(world, 504, "PROVIDER_TIMEOUT")


def test_c9_one_byte_at_a_time_is_given_up_too(world: World) -> None:
    world.gateway.nodes = AsyncNodeClient(clock=world.cast.clock, key=world.gateway.key, call_seconds=0.3)

    async def drip(status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> None:
        for byte in http_bytes(status, headers, body):
            await _write(writer, bytes([byte]))
            await asyncio.sleep(0.01)

    world.node.raw = drip
    failed(world, 504, "PROVIDER_TIMEOUT")


def test_c9_tiny_chunks_are_each_read_once() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = [b"1\r\nx\r\n"] * 60_000

    async def drip() -> bytes:
        connection = _Connection()
        connection.connection_made(_Nowhere())
        answer = asyncio.ensure_future(connection.exchange(b"POST"))
        await asyncio.sleep(0)
        connection.data_received(head)
        for chunk in chunks:
            connection.data_received(chunk)
        connection.data_received(b"0\r\n\r\n")
        return (await answer)[2]

    started = time.process_time()
    assert asyncio.run(drip()) == b"x" * 60_000
    assert time.process_time() - started < 5  # read anew for each, this is some minutes


class _Nowhere(asyncio.Transport):
    def write(self, data: object) -> None:
        pass


def test_c9_a_node_that_is_down_is_unavailable(world: World) -> None:
    world.loop.run(world.node.stop())
    answer = world.bank.query(world.granted, world.account)
    assert (answer.status_code, answer.json()["code"]) == (502, "PROVIDER_UNAVAILABLE")
    assert len(world.leaves("FAIL")) == 1


def test_c9_the_circuit_opens_and_closes_again(world: World) -> None:
    wide = world.cast.confirmed(world.account, ref="SQ-0008", max_queries=3)
    world.node.raw = says_nothing
    for _ in range(20):
        world.bank.query(wide, world.account)
    asked = len(world.node.permits)
    answer = world.bank.query(wide, world.account)
    assert (answer.status_code, answer.json()["code"]) == (502, "PROVIDER_UNAVAILABLE")
    assert len(world.node.permits) == asked
    assert breakers.of(world.cast.node.id).is_open
    world.node.raw = None
    world.cast.clock.advance(timedelta(seconds=10))
    assert world.bank.query(wide, world.account).status_code == 200


def test_a_kept_connection_the_node_closed_is_replaced(world: World) -> None:
    wide = world.cast.confirmed(world.account, ref="SQ-0008")
    assert world.bank.query(wide, world.account).status_code == 200
    pool = world.gateway.nodes._pools[world.node.base_url]
    kept = pool._idle[-1]
    closing: TcpNode = world.node
    assert kept.reusable
    closing.raw = says_nothing  # the node drops the next request on the kept connection unanswered …
    served = 0

    async def once(status: int, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        served += 1
        closing.raw = None  # … and is well again for the repetition
        closing.permits.clear()
        writer.close()

    closing.raw = once
    answer = world.bank.query(wide, world.account)
    assert (answer.status_code, served) == (200, 1)
    assert len(world.leaves("USE")) == 2
