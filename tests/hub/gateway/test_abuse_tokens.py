"""Abuse cases A8, A9 and A10: tricks with signatures, tokens of another kind or key, and the confused deputy."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.hub.gateway.conftest import World
from tests.hub.gateway.desk import QUERIES, Desk

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.consent import Product, Reader
from xinqiao.domain.errors import Forbidden, NotFound
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.consents.models import Authorisation
from xinqiao.hub.apps.fundflow.services import display_query, self_query
from xinqiao.hub.apps.identity.models import InstitutionKey
from xinqiao.hub.apps.identity.services import add_node_key, revoke_node_key
from xinqiao.hub.runtime import runtime
from xinqiao.trust.encoding import b64
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.keys import SigningKey


def _token(
    desk: Desk, header: dict[str, Json], claims: dict[str, Json], signature: bytes | None = None
) -> str:
    signed = f"{b64(canonical_bytes(header))}.{b64(canonical_bytes(claims))}"
    return f"{signed}.{b64(desk.key.sign(signed.encode()) if signature is None else signature)}"


def _headers(desk: Desk) -> dict[str, dict[str, Json]]:
    """A header for each trick; ``{}`` stands for the honest one."""
    good: dict[str, Json] = {"alg": "EdDSA", "kid": desk.key.kid, "typ": "xq-query+jwt"}
    return {
        "alg none": {**good, "alg": "none"},
        "HS256 with the public key": {**good, "alg": "HS256"},
        "RS256": {**good, "alg": "RS256"},
        "foreign jwk": {**good, "jwk": {**SigningKey.generate().public.to_jwk()}},
        "jku": {**good, "jku": "http://localhost:9/keys"},
        "x5u": {**good, "x5u": "http://localhost:9/cert"},
        "unknown crit": {**good, "crit": ["exp"]},
        "b64 false": {**good, "b64": False, "crit": ["b64"]},
        "no kid": {"alg": "EdDSA", "typ": "xq-query+jwt"},
        "nested": {**good, "cty": "JWT"},
        "a header of 100 KB": {**good, "kid": "k" * 100_000},
    }


TRICKS = [
    "alg none", "HS256 with the public key", "RS256", "foreign jwk", "jku", "x5u", "unknown crit", "b64 false",
    "no kid", "nested", "a header of 100 KB",
]  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
def test_a8_a_tricky_statement_is_refused_and_recorded(world: World, trick: str) -> None:
    desk = world.bank
    sent = desk.prepare(world.granted, world.account)
    claims = json.loads(_decoded(str(sent.body["statement"])))
    sent.body["statement"] = _token(desk, _headers(desk)[trick], claims)
    answer = desk.send(sent)
    code = "INVALID" if trick == "a header of 100 KB" else "SIGNATURE_INVALID"
    assert answer.json()["code"] == code, answer.text
    assert answer.status_code == (422 if code == "INVALID" else 401)
    assert len(world.leaves("DENY")) == (0 if code == "INVALID" else 1)
    assert world.node.permits == []


@pytest.mark.parametrize("trick", TRICKS)
def test_a8_a_tricky_client_assertion_gets_no_token(world: World, trick: str) -> None:
    desk = world.bank
    header = {**_headers(desk)[trick], "typ": "JWT"}
    answer = desk.token_request(desk.assertion(header=header))
    assert answer.status_code in (401, 422)
    assert "access_token" not in answer.text


@pytest.mark.parametrize("issued", [1, 4_000_000_000, 10**400], ids=["1970", "2096", "no float holds it"])
def test_a8_a_statement_of_another_time_is_refused(world: World, issued: int) -> None:
    sent = world.bank.prepare(world.granted, world.account)
    claims = json.loads(_decoded(str(sent.body["statement"]))) | {"iat": issued}
    header = {"alg": "EdDSA", "kid": world.bank.key.kid, "typ": "xq-query+jwt"}
    signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
    sent.body["statement"] = f"{signed}.{b64(world.bank.key.sign(signed.encode()))}"
    answer = world.bank.send(sent)
    assert (answer.status_code, answer.json()["code"]) == (401, "CLOCK_SKEW")


def test_a8_a_statement_that_says_something_else_is_refused(world: World) -> None:
    sent = world.bank.prepare(world.granted, world.account, months=12)
    sent.body["months"] = 24
    answer = world.bank.send(sent)
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGNATURE_INVALID")
    assert answer.json()["facts"]["items"] == ["months"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"aud": "http://localhost:8000/other"}, "AUDIENCE_MISMATCH"),
        ({"aud": ["http://localhost:8000/oauth/token"]}, "AUDIENCE_MISMATCH"),
        ({"sub": "ins-" + "0" * 32}, "SIGNATURE_INVALID"),
        ({"exp": 1}, "TOKEN_EXPIRED"),
        ({"exp": 4_000_000_000}, "SIGNATURE_INVALID"),
        ({"iat": 4_000_000_000}, "CLOCK_SKEW"),
        ({"jti": None}, "SIGNATURE_INVALID"),
        ({"exp": "soon"}, "SIGNATURE_INVALID"),
        ({"iss": "ins-\x00"}, "SIGNATURE_INVALID"),  # PostgreSQL takes no NUL
        ({"jti": "\x00" * 12}, "SIGNATURE_INVALID"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a8_an_assertion_with_wrong_claims_gets_no_token(
    world: World, change: dict[str, Json], code: str
) -> None:
    answer = world.bank.login(**change)
    assert (answer.status_code, answer.json()["code"]) == (401, code)


def test_a5_a_client_assertion_is_good_once(world: World) -> None:
    assertion = world.bank.assertion()
    assert world.bank.token_request(assertion).status_code == 200
    again = world.bank.token_request(assertion)
    assert (again.status_code, again.json()["code"]) == (401, "REPLAYED")
    assert [leaf.facts["act"] for leaf in world.leaves("DENY")] == ["issueToken"]


def test_a9_a_token_works_only_with_its_own_key(world: World) -> None:
    stolen = world.bank.token
    headers = world.outsider.signed("GET", QUERIES, token=stolen)
    answer = world.outsider.raw("GET", QUERIES, headers, b"")
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_BINDING")
    assert [leaf.ids["institution"] for leaf in world.leaves("DENY")] == [world.bank.institution_id]


def test_a9_another_kind_of_token_is_refused_as_such(world: World) -> None:
    released = world.bank.query(world.granted, world.account).json()
    id_token = sign_jws({"iss": "x", "sub": "y"}, runtime.hub_key, ArtefactType.RECEIPT)
    for token in (released["permit"], released["receipt"], id_token):
        headers = world.bank.signed("GET", QUERIES, token=token)
        answer = world.bank.raw("GET", QUERIES, headers, b"")
        assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_TYPE")


def test_a9_a_permit_or_consent_is_no_statement(world: World) -> None:
    released = world.bank.query(world.granted, world.account).json()
    artefact = world.bank.get(f"/api/v1/authorisations/{world.granted.id}").json()["artefacts"][0]["jws"]
    for token in (released["permit"], artefact):
        sent = world.bank.prepare(world.granted, world.account)
        sent.body["statement"] = token
        answer = world.bank.send(sent)
        assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_TYPE")


def test_an_unsigned_or_tokenless_request_learns_nothing_and_writes_nothing(world: World) -> None:
    before = len(world.leaves())
    plain = world.bank.raw("GET", QUERIES, {}, b"")
    with_token = world.bank.raw("GET", QUERIES, {"Authorization": f"Bearer {'x' * 43}"}, b"")
    for answer in (plain, with_token):
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert len(world.leaves()) == before


@pytest.mark.parametrize("part", ["body", "target", "token", "idempotency-key", "method"])
def test_whatever_is_signed_cannot_be_changed(world: World, part: str) -> None:
    sent = world.bank.prepare(world.granted, world.account)
    content = json.dumps(sent.body).encode()
    headers = world.bank.signed("POST", QUERIES, content, idempotency_key=sent.idempotency_key)
    target, method = QUERIES, "POST"
    match part:
        case "body":
            content += b" "
        case "target":
            target += "?x=1"
        case "token":
            other = world.bank.token
            world.bank.login()
            headers["Authorization"] = f"Bearer {world.bank.token}"
            world.bank.token = other
        case "idempotency-key":
            headers["Idempotency-Key"] = "another-key-0001"
        case _:
            method = "GET"
    answer = world.bank.raw(method, target, headers, content)
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGNATURE_INVALID")
    assert world.node.permits == []


def test_a_revoked_key_and_a_suspended_institution_end_at_once(world: World) -> None:
    assert world.bank.get(QUERIES).status_code == 200
    InstitutionKey.objects.filter(kid=world.bank.key.kid).update(status="revoked")
    answer = world.bank.raw("GET", QUERIES, world.bank.signed("GET", QUERIES), b"")
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert world.bank.login().status_code == 401


def test_a_nodes_key_that_is_revoked_while_its_address_is_being_read_ends_at_once_too(world: World) -> None:
    gateway, node_id = world.gateway, world.cast.node.id
    old, real, fresh = world.node.key.kid, world.gateway.in_thread, SigningKey.generate()

    def rotate() -> None:
        days = {"not_before": world.cast.now, "not_after": world.cast.now + timedelta(days=9)}
        add_node_key(
            actor=world.cast.system, node_id=node_id, jwk=fresh.public.to_jwk(), at=world.cast.now, **days
        )
        revoke_node_key(actor=world.cast.system, kid=old, at=world.cast.now)

    async def slow[R](work: Callable[[], R]) -> R:
        found = await real(work)
        gateway.in_thread = real  # type: ignore[method-assign]
        await real(rotate)
        await gateway.node_address(node_id)  # somebody else asks, and remembers the new one
        return found

    gateway.in_thread = slow  # type: ignore[method-assign]
    world.loop.run(gateway.node_address(node_id))
    after = world.loop.run(gateway.node_address(node_id))
    assert after.keys.verify_key(old, world.cast.now) is None
    assert after.keys.verify_key(fresh.public.kid, world.cast.now) is not None


def test_a_token_ends_at_its_very_instant(world: World) -> None:
    world.cast.clock.advance(timedelta(seconds=299))
    assert world.bank.get("/api/v1/authorisations").status_code == 200
    world.cast.clock.advance(timedelta(seconds=1))
    answer = world.bank.get("/api/v1/authorisations")
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")


def test_a10_the_portal_decides_on_the_person_not_on_itself(world: World) -> None:
    cast = world.cast
    without_role = InstitutionActor(
        user_id=cast.bank.user_id,
        institution_id=cast.bank.institution_id,
        roles=frozenset(),
        operator_name="戊一",
        department="后台",
    )
    ask = {"account_id": world.account.id, "product": Product.REPORT, "months": 12, "client": cast.client}
    with pytest.raises(Forbidden) as refused:
        display_query(actor=without_role, authorisation_id=world.granted.id, **ask)  # type: ignore[arg-type]
    assert refused.value.code == "ROLE_FORBIDDEN"
    with pytest.raises(NotFound):
        display_query(actor=cast.outsider, authorisation_id=world.granted.id, **ask)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        self_query(
            actor=cast.stranger,
            binding_id=world.account.id,
            product=Product.REPORT,
            months=12,
            client=cast.client,
        )
    assert world.node.permits == []


def test_a10_the_hub_may_not_open_what_only_the_institution_may(world: World) -> None:
    Authorisation.objects.filter(id=world.granted.id).update(reader=Reader.INSTITUTION_KEY)
    with pytest.raises(Forbidden) as refused:
        display_query(
            actor=world.cast.bank,
            authorisation_id=world.granted.id,
            account_id=world.account.id,
            product=Product.REPORT,
            months=12,
            client=world.cast.client,
        )
    assert refused.value.facts["items"] == ["reader:hub_display"]
    assert world.node.permits == []


def _decoded(token: str) -> bytes:
    from xinqiao.trust.encoding import unb64

    return unb64(token.split(".")[1])
