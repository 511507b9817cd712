"""What a broken or hostile node looks like on the wire (abuse case C9): each mode does what its name says.

The hub's tests rely on these answers to show that nothing of a bad one is forwarded; here it is shown that they are
bad in exactly the way meant, so that a refusal there is never for another reason.
"""

import asyncio
import gzip
import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Unauthenticated
from xinqiao.provider.faults import Fault
from xinqiao.provider.testing import NodeFixture, Sent
from xinqiao.trust.httpsig import verify_response
from xinqiao.trust.jws import ArtefactType, verify_jws

type Event = MutableMapping[str, Any]


def asked(node: NodeFixture) -> tuple[Sent, str]:
    """A good request for a product and its permit."""
    entrusted = node.service.records.entrustment("acc-" + "a" * 32) or node.entrust()
    permit = node.hub.permit(entrusted)
    return node.hub.request(
        "/node/v1/products", json.dumps(node.hub.product_body(permit)).encode()
    ), permit.jti


def set_fault(node: NodeFixture, fault: Fault) -> None:
    answer = node.raw("POST", "/test-hooks/faults", content=json.dumps({"mode": fault.value}).encode())
    assert answer.json() == {"mode": fault.value}


def wire(node: NodeFixture, sent: Sent, *, most: int | None = None) -> list[Event]:
    """What the node puts on the wire; with ``most``, only so many events, after which the caller hangs up."""

    async def run() -> list[Event]:
        events: list[Event] = []
        enough = asyncio.Event()

        async def receive() -> Event:
            return {"type": "http.request", "body": sent.content, "more_body": False}

        async def send(event: Event) -> None:
            events.append(event)
            if len(events) == most:
                enough.set()

        headers = [(n.lower().encode(), v.encode()) for n, v in sent.headers.items()]
        path = "/node/v1/products"
        scope: Event = {
            "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers,
        }  # fmt: skip
        serving = asyncio.create_task(node.app(scope, receive, send))
        waiting = asyncio.create_task(enough.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        for task in (serving, waiting):
            task.cancel()
        await asyncio.gather(serving, waiting, return_exceptions=True)
        return events

    return node._runner.run(run())


def head_of(events: list[Event]) -> tuple[int, dict[str, str]]:
    return events[0]["status"], {n.decode(): v.decode() for n, v in events[0]["headers"]}


def body_of(events: list[Event]) -> bytes:
    return b"".join(e["body"] for e in events[1:])


def is_the_nodes(node: NodeFixture, sent: Sent, events: list[Event]) -> bool:
    """Whether the answer carries the node's good signature over exactly this body and this request."""
    status, headers = head_of(events)
    own = node.service.key
    try:
        verify_response(
            status, headers, body_of(events), lambda kid: own.public if kid == own.kid else None, node.clock.now(),
            request_signature=sent.signature,
        )  # fmt: skip
    except Unauthenticated:
        return False
    return True


def receipt_of(node: NodeFixture, events: list[Event]) -> dict[str, Json]:
    key = node.service.key
    token = json.loads(body_of(events))["receipt"]
    return verify_jws(token, {key.kid: key.public}, typ=ArtefactType.RECEIPT, at=node.clock.now())


def answer_to(node: NodeFixture, fault: Fault, *, most: int | None = None) -> tuple[Sent, str, list[Event]]:
    sent, jti = asked(node)
    set_fault(node, fault)
    return sent, jti, wire(node, sent, most=most)


def test_without_a_fault_the_answer_is_the_nodes_and_whole(node: NodeFixture) -> None:
    sent, jti, events = answer_to(node, Fault.NONE)
    assert is_the_nodes(node, sent, events)
    assert receipt_of(node, events)["jti"] == jti


def test_unsigned_is_a_good_product_without_any_signature(node: NodeFixture) -> None:
    _sent, jti, events = answer_to(node, Fault.UNSIGNED)
    status, headers = head_of(events)
    assert status == 200
    assert not {"signature", "signature-input", "content-digest"} & headers.keys()
    assert receipt_of(node, events)["jti"] == jti


def test_wrong_subject_names_another_firm_in_receipt_and_product(node: NodeFixture) -> None:
    sent, jti, events = answer_to(node, Fault.WRONG_SUBJECT)
    assert is_the_nodes(node, sent, events)
    receipt = receipt_of(node, events)
    opened = node.hub.opened(json.loads(body_of(events)), node.service.key)
    assert receipt["jti"] == jti
    assert receipt["sub"] == opened["sub"] != "91990102MADEM0A16X"


def test_wrong_nonce_answers_another_permit(node: NodeFixture) -> None:
    sent, _jti, events = answer_to(node, Fault.WRONG_NONCE)
    assert is_the_nodes(node, sent, events)
    assert receipt_of(node, events)["request"] == "0" * 64


def test_stale_gives_the_receipt_of_the_query_before(node: NodeFixture) -> None:
    first_sent, first = asked(node)
    wire(node, first_sent)
    sent, jti, events = answer_to(node, Fault.STALE)
    assert is_the_nodes(node, sent, events)
    assert receipt_of(node, events)["jti"] == first != jti


@pytest.mark.parametrize(
    ("fault", "kind"), [(Fault.HTML, "text/html"), (Fault.ERROR_200, "application/json")]
)
def test_a_page_or_a_problem_under_200_is_signed_and_no_product(
    node: NodeFixture, fault: Fault, kind: str
) -> None:
    sent, _jti, events = answer_to(node, fault)
    status, headers = head_of(events)
    assert (status, headers["content-type"]) == (200, kind)
    assert is_the_nodes(node, sent, events)
    assert b"receipt" not in body_of(events)


def test_a_gzip_bomb_is_small_on_the_wire_and_large_inside(node: NodeFixture) -> None:
    _sent, _jti, events = answer_to(node, Fault.GZIP_BOMB)
    assert head_of(events)[1]["content-encoding"] == "gzip"
    assert len(body_of(events)) < 64 * 1024
    assert len(gzip.decompress(body_of(events))) == 20 << 20


def test_a_huge_answer_announces_ten_gigabytes_and_keeps_coming(node: NodeFixture) -> None:
    _sent, _jti, events = answer_to(node, Fault.HUGE, most=4000)
    assert head_of(events)[1]["content-length"] == str(10 << 30)
    assert len(body_of(events)) > 200 << 20


def test_a_slow_answer_comes_one_byte_at_a_time(node: NodeFixture) -> None:
    _sent, _jti, events = answer_to(node, Fault.SLOW, most=2)
    assert head_of(events)[0] == 200
    assert len(events) == 2
    assert (len(events[1]["body"]), events[1]["more_body"]) == (1, True)


def test_a_stalled_answer_keeps_its_last_byte_back(node: NodeFixture) -> None:
    sent, _jti, events = answer_to(node, Fault.STALL, most=2)
    assert events[-1]["more_body"] is True
    whole = [*events[:1], {"body": body_of(events) + b"}"}]
    assert is_the_nodes(node, sent, whole)
    assert not is_the_nodes(node, sent, events)


def test_a_wrong_length_promises_more_than_comes(node: NodeFixture) -> None:
    sent, _jti, events = answer_to(node, Fault.WRONG_LENGTH)
    assert int(head_of(events)[1]["content-length"]) == len(body_of(events)) + 4096
    assert is_the_nodes(node, sent, events)


def test_down_answers_nothing_of_use(node: NodeFixture) -> None:
    _sent, _jti, events = answer_to(node, Fault.DOWN)
    assert (head_of(events)[0], body_of(events)) == (503, b"{}")


def test_every_mode_of_the_protocol_is_there_and_has_its_test() -> None:
    assert {fault.value for fault in Fault} == {
        "none", "unsigned", "wrong_subject", "stale", "wrong_nonce", "html", "gzip_bomb", "slow", "stall", "huge",
        "error_200", "wrong_length", "down",
    }  # fmt: skip


def test_the_counters_count_requests_and_the_bytes_of_products(node: NodeFixture) -> None:
    before = node.raw("GET", "/test-hooks/counters").json()
    _sent, _jti, events = answer_to(node, Fault.NONE)
    after = node.raw("GET", "/test-hooks/counters").json()
    size = len(json.loads(body_of(events))["product"])
    assert after["product_bytes_out"] - before["product_bytes_out"] == size
    assert after["requests"] > before["requests"]


def test_the_clock_can_be_set_and_moved(node: NodeFixture) -> None:
    def clock(**wanted: object) -> str:
        content = json.dumps(wanted).encode()
        return str(node.raw("POST", "/test-hooks/clock", content=content).json()["now"])

    assert clock(now="2026-12-01T00:00:00.000000Z").startswith("2026-12-01T00:00:00")
    assert clock(advance_seconds=90).startswith("2026-12-01T00:01:30")
