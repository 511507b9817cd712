"""Tokens, signatures, retries, problems: the exchange without any operation's meaning."""

import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from tests.client.fake_hub import ACCOUNT, AUTHORISATION, BASE, HUB, INSTITUTION, USCC, FakeHub, Refusal
from tests.client.test_query import LIN, ask

from xinqiao.client import Anchor, Client, problem_of
from xinqiao.client.believed import Believed
from xinqiao.clock import AdjustableClock
from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Product, Purpose
from xinqiao.domain.errors import (
    Code,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    Malformed,
    NotFound,
    ProviderFault,
    ProviderTimeout,
    Stale,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    Unsupported,
    XinqiaoError,
)
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.keys import SigningKey


def tokens_asked(hub: FakeHub) -> int:
    return hub.calls.count(("POST", "/oauth/token"))


def test_one_token_serves_until_shortly_before_its_end(
    client: Client, hub: FakeHub, clock: AdjustableClock
) -> None:
    client.find_enterprise(USCC)
    clock.advance(timedelta(seconds=200))
    client.find_enterprise(USCC)
    assert tokens_asked(hub) == 1
    clock.advance(timedelta(seconds=60))
    client.find_enterprise(USCC)
    assert tokens_asked(hub) == 2


def test_a_token_that_ended_early_is_replaced_once(client: Client, hub: FakeHub) -> None:
    client.find_enterprise(USCC)
    hub.tokens.clear()
    assert client.find_enterprise(USCC).has_data_account
    assert tokens_asked(hub) == 2


def test_an_institution_that_is_shut_out_is_told_so_and_does_not_loop(client: Client, hub: FakeHub) -> None:
    hub.next_errors = [Refusal(401, "UNAUTHENTICATED")] * 9
    with pytest.raises(Unauthenticated):
        client.find_enterprise(USCC)
    assert tokens_asked(hub) == 2


def test_a_token_bound_to_another_key_is_refused(client: Client, hub: FakeHub) -> None:
    hub.spoil["jkt"] = lambda _kid: "somebody-else"
    with pytest.raises(ProviderFault) as caught:
        client.token()
    assert caught.value.code is Code.HUB_INVALID


def test_a_wrong_key_gets_no_token(hub: FakeHub, clock: AdjustableClock) -> None:
    wrong = Client(
        BASE, INSTITUTION, SigningKey.generate(), anchor=hub.anchor, clock=clock, transport=hub.transport()
    )
    with pytest.raises(Unauthenticated) as caught:
        wrong.token()
    assert caught.value.code is Code.SIGNATURE_INVALID


def test_an_anchor_of_another_platform_believes_nothing(hub: FakeHub, clock: AdjustableClock) -> None:
    stranger = Anchor.of(HUB, SigningKey.generate().public)
    client = Client(
        BASE, INSTITUTION, hub.institution_key, anchor=stranger, clock=clock, transport=hub.transport()
    )
    for call in (client.token, client.directory, client.checkpoint):
        with pytest.raises(ProviderFault) as caught:
            call()
        assert caught.value.code is Code.HUB_INVALID


@pytest.mark.parametrize(
    ("status", "code", "cls"),
    [
        (400, "MALFORMED", Malformed), (401, "REPLAYED", Unauthenticated), (403, "CONSENT_REVOKED", Forbidden),
        (404, "NOT_FOUND", NotFound), (409, "CONFLICT_STATE", Conflict), (410, "GONE_REVOKED", Gone), (412, "STALE", Stale),
        (413, "BODY_TOO_LARGE", TooLarge), (415, "MEDIA_TYPE_UNSUPPORTED", Unsupported), (422, "UNKNOWN_FIELD", Invalid),
        (502, "PROVIDER_INVALID", ProviderFault), (504, "PROVIDER_TIMEOUT", ProviderTimeout),
    ],
)  # fmt: skip
def test_problems_come_back_as_the_errors_they_were(
    status: int, code: str, cls: type[XinqiaoError], client: Client, hub: FakeHub
) -> None:
    hub.next_errors = [Refusal(status, code, facts={} if status == 404 else {"field": "x"})]
    with pytest.raises(cls) as caught:
        client.find_enterprise(USCC)
    problem = problem_of(caught.value)
    assert problem is not None
    assert (caught.value.code, problem.status, problem.trace_id, problem.bound) == (
        code,
        status,
        "f" * 32,
        True,
    )
    assert problem.title == "不行"


def test_a_code_this_client_does_not_know_yet_keeps_its_class(client: Client, hub: FakeHub) -> None:
    hub.next_errors = [Refusal(403, "SOMETHING_NEW")]
    with pytest.raises(Forbidden) as caught:
        client.find_enterprise(USCC)
    assert "SOMETHING_NEW" in caught.value.detail


def test_a_refusal_says_what_would_be_allowed_and_is_signed(client: Client, hub: FakeHub) -> None:
    nearest = {"account": ACCOUNT, "product": "FLOW_REPORT", "months": 24, "purpose": "loan_application"}
    hub.next_errors = [Refusal(404, "NOT_FOUND"), hub.refusal(Code.SCOPE_EXCEEDED, {**nearest})]
    with pytest.raises(Forbidden) as caught:
        ask(client)
    problem = problem_of(caught.value)
    assert problem is not None
    assert problem.nearest is not None
    assert (problem.nearest.months, problem.leaf, caught.value.facts["items"]) == (24, 77, ["months:36"])
    assert problem.refusal is not None


def test_a_refusal_signed_by_a_stranger_is_not_believed(client: Client, hub: FakeHub) -> None:
    hub.next_errors = [
        Refusal(404, "NOT_FOUND"),
        hub.refusal(Code.SCOPE_EXCEEDED, None, key=SigningKey.generate()),
    ]
    with pytest.raises(ProviderFault) as caught:
        ask(client)
    assert caught.value.code is Code.HUB_INVALID


def test_a_decision_that_belongs_to_no_request_is_not_believed(client: Client, hub: FakeHub) -> None:
    from xinqiao.trust.httpsig import sign_response

    def loose(response: httpx.Response, content: bytes) -> httpx.Response:
        content = b'{"code":"CONSENT_REVOKED","status":403}'
        headers = {"Content-Type": "application/problem+json"}
        sign_response(403, headers, content, hub.hub_key, hub.clock.now(), request_signature=None)
        return httpx.Response(403, headers=headers, stream=httpx.ByteStream(content))

    hub.spoil["response"] = loose
    with pytest.raises(ProviderFault) as caught:
        client.find_enterprise(USCC)
    assert caught.value.code is Code.HUB_INVALID


def test_a_broken_connection_is_tried_again_with_the_same_key_and_counts_once(
    hub: FakeHub, clock: AdjustableClock, pauses: list[float]
) -> None:
    keys: list[str | None] = []
    broken = [True, True, False]

    def flaky(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v1/fundflow/queries":
            keys.append(request.headers.get("idempotency-key"))
            answer = hub.handle(request)  # the platform acted; the answer was lost on the way
            if broken.pop(0):
                raise httpx.ReadError("lost", request=request)
            return answer
        return hub.handle(request)

    client = Client(
        BASE, INSTITUTION, hub.institution_key, anchor=hub.anchor, clock=clock,
        transport=httpx.MockTransport(flaky), sleep=pauses.append,
    )  # fmt: skip
    report = ask(client)
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert (hub.uses, report.uses_left) == (1, 2)
    assert len(pauses) == 2
    assert all(0 < one <= 1 for one in pauses)


def test_retries_end(clock: AdjustableClock, hub: FakeHub, pauses: list[float]) -> None:
    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    client = Client(
        BASE, INSTITUTION, hub.institution_key, anchor=hub.anchor, clock=clock,
        transport=httpx.MockTransport(down), sleep=pauses.append,
    )  # fmt: skip
    with pytest.raises(Unavailable) as caught:
        client.directory()
    assert caught.value.code is Code.HUB_UNREACHABLE
    assert problem_of(caught.value) is None
    assert len(pauses) == 3


def test_a_rate_limit_is_waited_out_when_short(client: Client, hub: FakeHub, pauses: list[float]) -> None:
    hub.next_errors = [Refusal(429, "RATE_LIMITED")]
    assert client.find_enterprise(USCC).has_data_account
    assert len(pauses) == 1
    hub.next_errors = [Refusal(429, "RATE_LIMITED", facts={"retry_after": 60})]
    with pytest.raises(TooMany):
        client.find_enterprise(USCC)


def test_a_retry_after_that_is_no_number_is_passed_over(
    client: Client, hub: FakeHub, pauses: list[float]
) -> None:
    def strange(response: httpx.Response, content: bytes) -> httpx.Response:
        headers = [
            *response.headers.raw,
            (b"Retry-After", b"\xb2"),
        ]  # a digit to Latin-1, no number to anybody
        return httpx.Response(response.status_code, headers=headers, stream=httpx.ByteStream(content))

    hub.spoil["response"] = strange
    hub.next_errors = [Refusal(409, "IDEMPOTENCY_IN_FLIGHT")]
    assert client.find_enterprise(USCC).has_data_account
    assert len(pauses) == 1


def test_a_stolen_key_proves_nothing_also_where_no_time_is_told(hub: FakeHub, clock: AdjustableClock) -> None:
    stolen, now = SigningKey.generate(), int(clock.now().timestamp())
    believed = Believed(Anchor.of(HUB, hub.hub_key.public, stolen.public))

    def directory(version: int, *also: Json) -> str:
        claims: dict[str, Json] = {
            "iss": HUB, "iat": now, "exp": now + 60, "version": version, "institutions": [],
            "hub": {"id": HUB, "keys": [{**hub.hub_key.public.to_jwk()}, *also]},
            "nodes": [{"id": "nod-1", "keys": [{**SigningKey.generate().public.to_jwk(), "status": "compromised"}]}],
        }  # fmt: skip
        return sign_jws(claims, hub.hub_key, ArtefactType.DIRECTORY)

    assert stolen.kid in {key.kid for key in believed.hub_verify_keys()}
    believed.accept(directory(1, {**stolen.public.to_jwk(), "status": "compromised"}), clock.now())
    for version in (2, 3):
        for keys in (believed.hub_verify_keys(), believed.trusted_keys()):
            assert [key.kid for key in keys] == [hub.hub_key.kid]
        believed.accept(directory(version), clock.now())  # one that leaves the key out makes it no better


@pytest.mark.parametrize(
    "change",
    [
        {"status": "splendid"},
        {"nbf": 10**30},
        {"nbf": 20, "exp": 10},
        {"kid": "another"},
    ],
)
def test_an_anchor_with_a_key_that_makes_no_sense_is_invalid(change: dict[str, Json], tmp_path: Path) -> None:
    jwk = {**SigningKey.generate().public.to_jwk()}
    path = tmp_path / "anchor.json"
    for keys in ([jwk | change], [jwk, jwk]):
        path.write_text(json.dumps({"id": "hub-1", "name": "x", "keys": keys}), encoding="utf-8")
        with pytest.raises(Invalid):
            Anchor.read(path)
    for text in ('{"id":"a","id":"b"}', '{"id":' + "[" * 100_000, "[]"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(Invalid):
            Anchor.read(path)


def test_an_older_directory_is_refused_and_a_newer_taken(
    client: Client, hub: FakeHub, clock: AdjustableClock
) -> None:
    assert client.directory().version == 3
    hub.directory_version = 2
    clock.advance(timedelta(minutes=2))
    with pytest.raises(ProviderFault):
        client.directory()
    hub.directory_version = 4
    clock.advance(timedelta(minutes=2))
    assert client.directory().version == 4


def test_a_new_key_of_the_platform_is_learnt_from_a_directory_the_old_one_signed(
    client: Client, hub: FakeHub, clock: AdjustableClock
) -> None:
    old, new = hub.hub_key, SigningKey.generate()
    hub.also_listed = [new]
    client.directory()
    hub.hub_key, hub.also_listed = new, []
    assert client.find_enterprise(USCC).has_data_account
    clock.advance(timedelta(minutes=2))
    assert client.directory().hub.keys.verify_key(new.kid, clock.now()) is not None
    hub.hub_key = SigningKey.generate()
    with pytest.raises(ProviderFault):
        client.find_enterprise(USCC)
    assert old.kid != new.kid


def test_the_other_operations_are_typed(client: Client, hub: FakeHub) -> None:
    asked = client.request_authorisation(
        subject_uscc=USCC, purpose=Purpose.LOAN_APPLICATION, business_ref="YS-1", operator=LIN,
        products=[Product.REPORT], months=24,
    )  # fmt: skip
    assert (asked.id, asked.state) == (AUTHORISATION, "requested")
    assert client.invite(USCC, operator=LIN).state == "open"
    assert client.authorisation(AUTHORISATION).granted is not None
    assert [one.id for one in client.all_authorisations()] == [AUTHORISATION]
    report = ask(client)
    assert client.query_record(report.id).report_no == report.report_no
    assert [one.id for one in client.all_queries()] == [report.id]
    assert client.verify_product(verify_code=report.verify_code).authentic
    assert not client.verify_product(verify_code="XXXX-XXXX").authentic
    assert client.checkpoint().size == 9


def test_an_id_can_never_become_another_path(client: Client, hub: FakeHub) -> None:
    for bad in ("../token", "a/b", "a?b", "", "一"):
        with pytest.raises(Invalid):
            client.authorisation(bad)
    assert hub.calls == []
