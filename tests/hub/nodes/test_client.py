"""What a node may answer and what the hub makes of it (case C9): nothing wrong is believed, nothing hangs."""

import httpx
import pytest
from django.db import transaction
from tests.hub.cast import Cast, FakeNode

from xinqiao.domain.errors import Code, ProviderFault, ProviderTimeout
from xinqiao.hub.apps.identity.services import node_address
from xinqiao.hub.breaker import OPEN_FOR
from xinqiao.hub.node_client import MAX_ANSWER, NodeClient
from xinqiao.hub.runtime import runtime
from xinqiao.trust.httpsig import sign_response
from xinqiao.trust.keys import SigningKey

PATH = "/node/v1/products"
JSON = {"Content-Type": "application/json"}


def call(cast: Cast) -> object:
    return cast.client.call(node_address(cast.node.id), PATH, {"permit": "x"})


def headers_of(response: httpx.Response, **changes: str) -> dict[str, str]:
    return {**dict(response.headers), **changes}


def body_of(response: httpx.Response) -> bytes:
    return response.read()


def unsigned(response: httpx.Response) -> httpx.Response:
    return httpx.Response(200, headers=JSON, stream=httpx.ByteStream(b"{}"))


def html(response: httpx.Response) -> httpx.Response:
    return httpx.Response(200, headers={"Content-Type": "text/html"}, stream=httpx.ByteStream(b"<html>"))


def error_with_200(response: httpx.Response) -> httpx.Response:
    return httpx.Response(200, headers=headers_of(response), stream=httpx.ByteStream(b'{"error":"x"}'))


def redirect(response: httpx.Response) -> httpx.Response:
    return httpx.Response(302, headers={"Location": "http://169.254.169.254/"})


def gzip(response: httpx.Response) -> httpx.Response:
    changed = headers_of(response, **{"Content-Encoding": "gzip"})
    return httpx.Response(200, headers=changed, stream=httpx.ByteStream(b"\x1f\x8b"))


def huge(response: httpx.Response) -> httpx.Response:
    return httpx.Response(200, headers=JSON, stream=httpx.ByteStream(b" " * (MAX_ANSWER + 1)))


def lying_length(response: httpx.Response) -> httpx.Response:
    return httpx.Response(200, headers={**JSON, "Content-Length": "99999999"}, stream=httpx.ByteStream(b"{}"))


def another_status(response: httpx.Response) -> httpx.Response:
    return httpx.Response(201, headers=headers_of(response), stream=httpx.ByteStream(body_of(response)))


def another_key(response: httpx.Response) -> httpx.Response:
    out = dict(JSON)
    sign_response(
        200, out, b"{}", SigningKey.generate(), runtime.clock.now(), request_signature="A" * 86 + "=="
    )
    return httpx.Response(200, headers=out, stream=httpx.ByteStream(b"{}"))


@pytest.mark.parametrize(
    "spoil",
    [unsigned, html, error_with_200, redirect, gzip, huge, lying_length, another_status, another_key],
    ids=lambda function: function.__name__,
)
def test_an_answer_that_cannot_be_trusted_is_a_fault_of_the_provider(cast: Cast, spoil) -> None:  # type: ignore[no-untyped-def]
    cast.fake.spoil = spoil
    with pytest.raises(ProviderFault) as refused:
        call(cast)
    assert refused.value.code is Code.PROVIDER_INVALID


def test_the_answer_to_another_request_is_not_believed(cast: Cast) -> None:
    """A replayed answer: good signature, bound to another request."""
    kept: list[tuple[dict[str, str], bytes]] = []

    def replay(response: httpx.Response) -> httpx.Response:
        kept.append((dict(response.headers), response.read()))
        headers, body = kept[0]
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(body))

    cast.fake.spoil = replay
    call(cast)
    with pytest.raises(ProviderFault):
        call(cast)


@pytest.mark.parametrize(
    ("raised", "wanted", "code"),
    [
        (httpx.ReadTimeout("slow"), ProviderTimeout, Code.PROVIDER_TIMEOUT),
        (httpx.ConnectTimeout("slow"), ProviderTimeout, Code.PROVIDER_TIMEOUT),
        (httpx.ConnectError("down"), ProviderFault, Code.PROVIDER_UNAVAILABLE),
        (httpx.RemoteProtocolError("cut"), ProviderFault, Code.PROVIDER_INVALID),
    ],
)
def test_a_node_that_does_not_answer_is_told_apart_from_one_that_lies(
    cast: Cast, raised: Exception, wanted: type[Exception], code: Code
) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise raised

    client = NodeClient(clock=cast.clock, transport=httpx.MockTransport(fail))
    with pytest.raises(wanted) as refused:
        client.call(node_address(cast.node.id), PATH, {})
    assert refused.value.code is code  # type: ignore[attr-defined]


def test_a_signed_refusal_comes_back_with_its_code(cast: Cast) -> None:
    cast.fake.answers[PATH] = lambda body: (403, {"code": "ENTRUSTMENT_MISSING"})
    answer = cast.client.call(node_address(cast.node.id), PATH, {})
    assert (answer.ok, answer.status, answer.code) == (False, 403, "ENTRUSTMENT_MISSING")


def test_after_twenty_failures_the_node_is_left_alone_and_tried_again_later(cast: Cast) -> None:
    cast.fake.spoil = unsigned
    for _ in range(20):
        with pytest.raises(ProviderFault):
            call(cast)
    calls = len(cast.fake.calls)
    with pytest.raises(ProviderFault) as refused:
        call(cast)
    assert refused.value.code is Code.PROVIDER_UNAVAILABLE
    assert len(cast.fake.calls) == calls

    cast.fake.spoil = lambda response: response
    cast.clock.advance(OPEN_FOR)
    call(cast)
    call(cast)


def test_no_call_leaves_while_a_transaction_is_open(cast: Cast) -> None:
    address = node_address(cast.node.id)
    with transaction.atomic(), pytest.raises(RuntimeError):
        cast.client.call(address, PATH, {})
    assert all(path != PATH for path, _ in cast.fake.calls)


def test_a_suspended_node_is_asked_nothing(cast: Cast) -> None:
    from xinqiao.domain.errors import Conflict
    from xinqiao.hub.apps.identity.services import set_node_status

    set_node_status(actor=cast.operator, node_id=cast.node.id, active=False, at=cast.now)
    with pytest.raises(Conflict):
        node_address(cast.node.id)
    assert isinstance(cast.fake, FakeNode)
