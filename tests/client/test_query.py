"""A query from the institution's side: what is opened, what is believed, and every way it must fail."""

import asyncio
import hashlib
import io
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.client.fake_hub import ACCOUNT, AUTHORISATION, BASE, CANARY, INSTITUTION, USCC, FakeHub

from xinqiao.client import AsyncClient, Client, Operator, Report
from xinqiao.clock import AdjustableClock
from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.consent import Product, Purpose
from xinqiao.domain.errors import Code, ProviderFault
from xinqiao.trust.encoding import strict_object, unb64
from xinqiao.trust.export import bundle_bytes
from xinqiao.trust.findings import Finding
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.keys import OpenKey, SigningKey
from xinqiao.trust.suites import SM
from xinqiao.trust.verify import verify_file, verify_stream

LIN = Operator(name="林知远", department="小企业信贷部")


def ask(client: Client, **more: str) -> Report:
    return client.query(
        AUTHORISATION,
        ACCOUNT,
        Product.REPORT,
        24,
        Purpose.LOAN_APPLICATION,
        LIN,
        idempotency_key=more.get("key"),
    )


def test_a_query_gives_the_opened_product_with_its_evidence(client: Client) -> None:
    report = ask(client)
    assert report.product["head"] == {"uscc": USCC, "note": CANARY}
    assert (report.subject, report.account, report.months, report.uses_left) == (USCC, ACCOUNT, 24, 2)
    assert report.node_name == "青屿银行"
    assert len(report.artefacts) == 2


def test_the_asynchronous_client_gives_the_same(hub: FakeHub, clock: AdjustableClock) -> None:
    async def work() -> Report:
        async with AsyncClient(
            BASE, INSTITUTION, hub.institution_key, anchor=hub.anchor, clock=clock, transport=hub.transport()
        ) as client:
            assert [one.id async for one in client.all_authorisations()] == [AUTHORISATION]
            return await client.query(
                AUTHORISATION, ACCOUNT, Product.SUMMARY, 12, Purpose.LOAN_APPLICATION, LIN
            )

    report = asyncio.run(work())
    assert (report.kind, report.months) == (Product.SUMMARY, 12)


def test_an_institution_with_a_national_cipher_key_does_the_same(clock: AdjustableClock) -> None:
    hub = FakeHub(clock, SigningKey.generate(SM))
    client = Client(
        BASE, INSTITUTION, hub.institution_key, anchor=hub.anchor, clock=clock, transport=hub.transport()
    )
    report = ask(client)
    assert report.product["head"] == {"uscc": USCC, "note": CANARY}
    verdict = verify_stream(
        io.BytesIO(report.bundle()), trusted_keys=client.operations.believed.trusted_keys()
    )
    assert verdict.problems == ()


def test_the_saved_bundle_is_verified_offline_and_only_for_its_owner(
    client: Client, hub: FakeHub, tmp_path: Path
) -> None:
    report = ask(client)
    path = report.save(tmp_path / "report.xq")
    trusted = client.operations.believed.trusted_keys()
    for owners in (None, client.operations.believed.owners()):
        verdict = verify_file(path, trusted_keys=trusted, owners=owners)
        assert (verdict.ok, verdict.kind, verdict.problems) == (True, "bundle", ())
    assert path.stat().st_mode & 0o777 == 0o600
    changed = report.bundle().replace(CANARY.encode(), CANARY.replace("7", "8").encode())
    assert not verify_stream(io.BytesIO(changed), trusted_keys=trusted).ok
    with pytest.raises(FileExistsError):
        report.save(path)


def test_nobody_in_the_directory_can_sign_in_the_place_of_another(client: Client, hub: FakeHub) -> None:
    report, believed = ask(client), client.operations.believed
    text = canonical_bytes({"income": "much"}).decode()

    def verdict(permit: str, receipt_claims: dict[str, Json], signer: SigningKey) -> set[Finding]:
        claims = receipt_claims | {
            "request": hashlib.sha256(permit.encode()).hexdigest(),
            "content_digest": hashlib.sha256(text.encode()).hexdigest(),
        }
        receipt = sign_jws(claims, signer, ArtefactType.RECEIPT)
        artefacts = (*report.artefacts, report.statement, permit, receipt)
        bundle = io.BytesIO(bundle_bytes(report.use_leaf.log, report.keys, artefacts, product=text))
        found = verify_stream(bundle, trusted_keys=believed.trusted_keys(), owners=believed.owners())
        return {problem.code for problem in found.problems}

    def read(token: str) -> dict[str, Json]:
        return strict_object(unb64(token.split(".")[1]))

    mine, receipt = hub.institution_key, read(report.receipt)
    forged = sign_jws(read(report.permit), mine, ArtefactType.PERMIT)
    assert verdict(report.permit, receipt, hub.node_key) == set()  # the node itself may say so
    assert Finding.ARTEFACT_SIGNATURE in verdict(report.permit, receipt, mine)
    assert Finding.ARTEFACT_SIGNATURE in verdict(report.permit, receipt | {"iss": INSTITUTION}, mine)
    assert Finding.ARTEFACT_SIGNATURE in verdict(forged, receipt, hub.node_key)
    permit = read(report.permit) | {"aud": "nod-other"}
    other = sign_jws(permit, hub.hub_key, ArtefactType.PERMIT)
    assert verdict(other, receipt, hub.node_key) == {Finding.ARTEFACT_CHAIN}


def _inner(**changes: Json) -> Callable[[dict[str, Json]], dict[str, Json]]:
    return lambda claims: claims | changes


def _other_key(sealed: str) -> str:
    head, *rest = sealed.split(".")
    rest[2] = rest[2][:-4] + ("AAAA" if rest[2][-4:] != "AAAA" else "BBBB")
    return ".".join((head, *rest))


NODE_FAULTS: dict[str, tuple[str, Callable[..., object]]] = {
    "the product is of another enterprise": ("inner", _inner(sub="91990102MADEM9999X")),
    "the product is of another account": ("inner", _inner(account="acc-" + "0" * 32)),
    "the product answers another permit": ("inner", _inner(jti="0" * 32)),
    "the product has other months": ("inner", _inner(months=12)),
    "the product is for another institution": ("inner", _inner(aud="ins-" + "0" * 32)),
    "the content was substituted": ("inner", _inner(product={"head": {"uscc": USCC}, "overview": {"x": 1}})),
    "the head names another enterprise": ("inner", _inner(product={"head": {"uscc": "91990102MADEM9999X"}})),
    "the product is signed by a stranger": ("node_key", lambda _key: SigningKey.generate()),
    "the sealed text was changed": ("sealed", _other_key),
    "the receipt is of another permit": ("receipt", _inner(jti="0" * 32)),
    "the receipt is of another request": ("receipt", _inner(request="0" * 64)),
    "the receipt is of other bytes": ("receipt", _inner(product_digest="0" * 64)),
    "the receipt is of another enterprise": ("receipt", _inner(sub="91990102MADEM9999X")),
    "the receipt is of another content": ("receipt", _inner(content_digest="0" * 64)),
}  # fmt: skip


@pytest.mark.parametrize("what", NODE_FAULTS)
def test_nothing_is_shown_when(what: str, client: Client, hub: FakeHub) -> None:
    name, change = NODE_FAULTS[what]
    hub.spoil[name] = change
    with pytest.raises(ProviderFault) as caught:
        ask(client)
    assert caught.value.code is Code.PROVIDER_INVALID


HUB_FAULTS: dict[str, Callable[..., object]] = {
    "another account": lambda p: replace(p, account="acc-" + "0" * 32),
    "other months": lambda p: replace(p, months=23),
    "another purpose": lambda p: replace(p, purpose=Purpose.POST_LOAN),
    "another institution": lambda p: replace(p, institution="ins-" + "0" * 32),
    "another enterprise": lambda p: replace(p, subject="91990102MADEM9999X"),
    "another statement": lambda p: replace(p, request_digest="0" * 64),
    "a key of the platform's own": lambda p: replace(
        p, enc_jwk={n: str(v) for n, v in OpenKey.generate().public.to_jwk().items()}
    ),
    "another platform": lambda p: replace(p, hub="hub-other"),
}


@pytest.mark.parametrize("what", HUB_FAULTS)
def test_a_permit_is_refused_that_names(what: str, client: Client, hub: FakeHub) -> None:
    hub.spoil["permit"] = HUB_FAULTS[what]
    with pytest.raises(ProviderFault) as caught:
        ask(client)
    assert caught.value.code is Code.HUB_INVALID


def test_the_product_of_an_earlier_query_is_not_taken_for_this_one(client: Client, hub: FakeHub) -> None:
    ask(client)
    earlier = dict(hub.last_released or {})
    hub.spoil["released"] = lambda now: now | {n: earlier[n] for n in ("product", "receipt", "permit")}
    with pytest.raises(ProviderFault) as caught:
        ask(client)
    assert caught.value.code is Code.HUB_INVALID


def test_a_replayed_answer_is_not_taken(client: Client, hub: FakeHub) -> None:
    kept: list[tuple[httpx.Headers, bytes]] = []

    def replay(response: httpx.Response, content: bytes) -> httpx.Response:
        kept.append((response.headers, content))
        headers, first = kept[0]
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(first))

    hub.spoil["response"] = replay
    assert client.find_enterprise(USCC).has_data_account
    with pytest.raises(ProviderFault) as caught:
        client.find_enterprise(USCC)
    assert caught.value.code is Code.HUB_INVALID
    assert kept[0][1] == kept[1][1]  # the same words, signed, but not for this request


@pytest.mark.parametrize("what", ["body", "status", "unsigned", "other key"])
def test_a_tampered_answer_is_not_taken(what: str, client: Client, hub: FakeHub) -> None:
    def tamper(response: httpx.Response, content: bytes) -> httpx.Response:
        headers, status = dict(response.headers), response.status_code
        if what == "body":
            content = content.replace(b"true", b"null")
        elif what == "status":
            status = 201
        elif what == "unsigned":
            headers = {"content-type": "application/json"}
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))

    if what == "other key":
        client.find_enterprise(USCC)
        hub.hub_key = SigningKey.generate()
    hub.spoil["response"] = tamper
    with pytest.raises(ProviderFault) as caught:
        client.find_enterprise(USCC)
    assert caught.value.code is Code.HUB_INVALID


def test_the_product_is_in_no_log_no_repr_and_no_file(
    client: Client,
    hub: FakeHub,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    report = ask(client)
    assert CANARY in str(report.product)
    hub.spoil["receipt"] = lambda claims: claims | {"months": 1}
    with pytest.raises(ProviderFault) as caught:
        ask(client)
    shown = "\n".join([caplog.text, repr(report), str(report), repr(caught.value), str(caught.value.facts)])
    assert CANARY not in shown
    assert report.signed[:40] not in shown
    assert list(tmp_path.rglob("*")) == []
