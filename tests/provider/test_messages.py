"""Every operation of the node judges its message first: signature, address, nonce, size, media type, JSON."""

import asyncio
import json
import secrets
from collections.abc import Callable, MutableMapping
from dataclasses import replace
from typing import Any

import pytest

from xinqiao.domain.canonical import Json
from xinqiao.provider.testing import FIRM, NODE_URL, NodeFixture
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.keys import SigningKey

type Body = dict[str, Json]


def ownership(node: NodeFixture) -> Body:
    return {
        "link": FIRM.link, "uscc": FIRM.uscc, "name": FIRM.name, "account_no": FIRM.account_no, "account_kind": "basic",
    }  # fmt: skip


def entrustment(node: NodeFixture) -> Body:
    node.check()
    return {"entrustment": sign_jws(node.hub.entrustment_claims(), node.hub.key, ArtefactType.ENTRUSTMENT)}


def termination(node: NodeFixture) -> Body:
    node.entrust()
    return {"termination": node.hub.termination()}


def product(node: NodeFixture) -> Body:
    return node.hub.product_body(node.hub.permit(node.entrust()))


OPERATIONS: dict[str, tuple[Callable[[NodeFixture], Body], int]] = {
    "/node/v1/ownership-checks": (ownership, 200),
    "/node/v1/entrustments": (entrustment, 201),
    "/node/v1/terminations": (termination, 200),
    "/node/v1/products": (product, 200),
}
each_operation = pytest.mark.parametrize("path", OPERATIONS)


def good(node: NodeFixture, path: str) -> bytes:
    return json.dumps(OPERATIONS[path][0](node), ensure_ascii=False).encode()


def lines(node: NodeFixture) -> int:
    return len(node.ledger())


@each_operation
def test_a_good_message_is_answered_signed_and_bound(node: NodeFixture, path: str) -> None:
    answer = node.send(node.hub.request(path, good(node, path)))  # send() checks signature and binding
    assert answer.status_code == OPERATIONS[path][1]
    assert answer.headers["cache-control"] == "no-store"


@each_operation
def test_an_unsigned_message_is_refused_and_leaves_no_line(node: NodeFixture, path: str) -> None:
    content = good(node, path)
    before = lines(node)
    answer = node.raw("POST", path, headers={"content-type": "application/json"}, content=content)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert lines(node) == before


@each_operation
def test_a_strangers_signature_is_refused_and_leaves_no_line(node: NodeFixture, path: str) -> None:
    content = good(node, path)
    before = lines(node)
    answer = node.send(node.hub.request(path, content, key=SigningKey.generate()), bound=False)
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGNATURE_INVALID")
    assert lines(node) == before


@each_operation
def test_an_institution_that_calls_the_node_itself_is_refused(node: NodeFixture, path: str) -> None:
    """Abuse case A10: the institution is in the directory, yet only the hub may ask."""
    answer = node.send(node.hub.request(path, good(node, path), key=node.hub.institution_key), bound=False)
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGNATURE_INVALID")


@each_operation
def test_a_body_changed_on_the_way_is_refused(node: NodeFixture, path: str) -> None:
    sent = node.hub.request(path, good(node, path))
    answer = node.send(replace(sent, content=sent.content + b" "), bound=False)
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGNATURE_INVALID")


@each_operation
def test_the_same_message_twice_is_a_replay_and_recorded_once_however_often(
    node: NodeFixture, path: str
) -> None:
    sent = node.hub.request(path, good(node, path))
    assert node.send(sent).status_code == OPERATIONS[path][1]
    before = lines(node)
    for _ in range(3):
        answer = node.send(sent)
        assert (answer.status_code, answer.json()["code"]) == (401, "REPLAYED")
    assert lines(node) == before + 1


@each_operation
def test_a_replay_is_seen_after_a_restart(node: NodeFixture, path: str) -> None:
    sent = node.hub.request(path, good(node, path))
    node.send(sent)
    node.restart()
    assert node.send(sent).json()["code"] == "REPLAYED"


@each_operation
def test_a_refused_message_cannot_be_sent_again_either(node: NodeFixture, path: str) -> None:
    sent = node.hub.request(path, b'{"nothing":"known"}')
    first = node.send(sent)
    assert (first.status_code, first.json()["code"]) == (422, "UNKNOWN_FIELD")
    assert node.send(sent).json()["code"] == "REPLAYED"
    assert [code for _event, code in node.ledger()][-2:] == ["UNKNOWN_FIELD", "REPLAYED"]


@each_operation
def test_a_signed_message_for_one_operation_is_worth_nothing_at_another(node: NodeFixture, path: str) -> None:
    content = good(node, path)
    for other in OPERATIONS.keys() - {path}:
        sent = replace(node.hub.request(path, content), url=NODE_URL + other)
        assert node.send(sent, bound=False).json()["code"] == "SIGNATURE_INVALID"


@each_operation
def test_a_message_signed_for_another_nodes_address_is_refused(node: NodeFixture, path: str) -> None:
    node.hub.base_url = "http://other-node.test"
    sent = node.hub.request(path, b"{}")
    answer = node.send(replace(sent, url=NODE_URL + path), bound=False)
    assert answer.json()["code"] == "SIGNATURE_INVALID"


@each_operation
def test_the_host_header_decides_nothing(node: NodeFixture, path: str) -> None:
    sent = node.hub.request(path, good(node, path))
    answer = node.send(replace(sent, headers={**sent.headers, "Host": "evil.test"}))
    assert answer.status_code == OPERATIONS[path][1]


@each_operation
@pytest.mark.parametrize("seconds", [-71, 11])
def test_a_message_outside_the_time_allowed_is_told_the_time(
    node: NodeFixture, path: str, seconds: int
) -> None:
    """Abuse case E12: 60 seconds back, 10 ahead; the answer carries the node's date."""
    from datetime import timedelta

    content = good(node, path)
    now = node.clock.now()
    node.clock.set(now + timedelta(seconds=seconds))
    sent = node.hub.request(path, content)
    node.clock.set(now)
    answer = node.send(sent, bound=False)
    assert (answer.status_code, answer.json()["code"]) == (401, "CLOCK_SKEW")
    assert answer.headers["date"].endswith("GMT")


@each_operation
def test_another_media_type_is_refused(node: NodeFixture, path: str) -> None:
    answer = node.send(node.hub.request(path, good(node, path), media="text/plain"))
    assert (answer.status_code, answer.json()["code"]) == (415, "MEDIA_TYPE_UNSUPPORTED")


@each_operation
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"link":"a","link":"b"}', "AMBIGUOUS_INPUT"),
        (b"[]", "MALFORMED"),
        (b"{", "MALFORMED"),
        (b'{"a":1.5}', "MALFORMED"),
        (b'{"a":NaN}', "MALFORMED"),
        (b"\xff\xfe{}", "MALFORMED"),
        (b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}", "MALFORMED"),
    ],
)
def test_a_body_with_two_readings_or_none_is_refused(
    node: NodeFixture, path: str, content: bytes, code: str
) -> None:
    answer = node.send(node.hub.request(path, content))
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@each_operation
def test_a_body_over_the_limit_is_refused_before_it_is_read(node: NodeFixture, path: str) -> None:
    before = lines(node)
    answer = node.send(node.hub.request(path, b"{" + b" " * (64 * 1024) + b"}"), bound=False)
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")
    assert lines(node) == before


STRANGERS = {
    "unsigned": {},
    "signed by nobody known": {"signature-input": 'xq=();created=1;expires=2;keyid="nobody";tag="xinqiao"'},
    "without a key": {"signature-input": "xq=();created=1;expires=2"},
    "with fields of 17 KiB": {"x-more": "a" * 17 * 1024},
}


@each_operation
@pytest.mark.parametrize("stranger", STRANGERS)
def test_nothing_of_a_strangers_body_is_read(node: NodeFixture, path: str, stranger: str) -> None:
    """Abuse case A8: at most 16 KiB are read before the refusal."""
    got: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError("the body was read")

    async def send(event: MutableMapping[str, Any]) -> None:
        got.append(event)

    headers = [(n.encode(), v.encode()) for n, v in STRANGERS[stranger].items()]
    scope: dict[str, Any] = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers,
    }  # fmt: skip
    asyncio.run(node.app(scope, receive, send))
    assert got[0]["status"] == 401
    assert json.loads(got[1]["body"])["code"] in ("UNAUTHENTICATED", "SIGNATURE_INVALID")


@each_operation
def test_another_method_or_address_is_not_found(node: NodeFixture, path: str) -> None:
    for method, url in (("GET", path), ("PUT", path), ("POST", path + "/"), ("POST", path + "/x")):
        answer = node.raw(method, url)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_two_copies_of_a_message_at_once_are_dealt_with_once(node: NodeFixture) -> None:
    entrusted = node.entrust()
    content = json.dumps(node.hub.product_body(node.hub.permit(entrusted))).encode()
    sent = node.hub.request("/node/v1/products", content)
    codes = sorted(answer.status_code for answer in node.together(*[sent] * 8))
    assert codes == [200, *[401] * 7]


def test_a_refusal_says_code_and_trace_and_nothing_of_the_body(node: NodeFixture) -> None:
    canary = secrets.token_hex(8)
    answer = node.post("/node/v1/ownership-checks", {"link": canary, "uscc": canary, "name": canary})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "code", "detail", "instance", "trace_id"} <= answer.json().keys()
    assert canary not in answer.text


def test_the_test_hooks_are_absent_unless_asked_for(node: NodeFixture) -> None:
    assert node.raw("POST", "/test-hooks/faults", content=b'{"mode":"none"}').status_code == 200
    assert node.raw("POST", "/test-hooks/faults", content=b'{"mode":"nonsense"}').status_code == 422
    node.app.hooks.enabled = False
    for hook in ("faults", "clock", "counters"):
        assert node.raw("POST", f"/test-hooks/{hook}", content=b"{}").status_code == 404


def test_a_fault_of_the_store_is_answered_signed_and_says_nothing_of_it(node: NodeFixture) -> None:
    permit = node.hub.permit(node.entrust())
    (node.home / "data" / "accounts.parquet").write_bytes(b"PAR1 broken")
    node.service.store._checked_at = float("-inf")  # type: ignore[attr-defined]  # look now, not in a second
    answer = node.ask(permit)
    assert (answer.status_code, answer.json()["code"]) == (503, "PROVIDER_UNAVAILABLE")
    assert "accounts" not in answer.text
    assert node.ledger()[-1] == ("failed", "PROVIDER_UNAVAILABLE")
    assert node.raw("GET", "/node/v1/health").json()["status"] == "store_unavailable"
    assert node.check().status_code == 503
