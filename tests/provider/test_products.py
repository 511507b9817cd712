"""A product leaves only for a permit that everything the node knows agrees with, once."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.consent import Entrustment, Product, Purpose, Reader, permit_claims
from xinqiao.provider.records import Event
from xinqiao.provider.testing import FIRM, HUB_ID, INSTITUTION, OTHER, NodeFixture
from xinqiao.trust.encoding import b64, strict_object, unb64
from xinqiao.trust.jwe import open_sealed
from xinqiao.trust.jws import ArtefactType, sign_jws, verify_jws
from xinqiao.trust.keys import OpenKey, SigningKey
from xinqiao.trust.packing import unpack


def outcome(answer: object) -> tuple[int, str]:
    from httpx import Response

    assert isinstance(answer, Response)
    return answer.status_code, str(answer.json().get("code", "ok"))


def served(node: NodeFixture) -> int:
    return sum(event == "served" for event, _code in node.ledger())


def test_a_self_query_is_served_sealed_signed_and_receipted(node: NodeFixture) -> None:
    permit = node.hub.permit(node.entrust())
    body = node.hub.product_body(permit)
    answer = node.post("/node/v1/products", body)
    assert outcome(answer) == (200, "ok")
    key = node.service.key
    receipt = verify_jws(
        answer.json()["receipt"], {key.kid: key.public}, typ=ArtefactType.RECEIPT, at=node.clock.now()
    )
    product = answer.json()["product"]
    assert receipt["product_digest"] == hashlib.sha256(product.encode()).hexdigest()
    assert receipt["request"] == hashlib.sha256(str(body["permit"]).encode()).hexdigest()
    assert (receipt["iss"], receipt["aud"]) == (node.hub.node, HUB_ID)
    inner = node.hub.opened(answer.json(), key)
    for name in ("jti", "sub", "account", "months", "report_no"):
        assert inner[name] == receipt[name]
    assert (receipt["jti"], receipt["sub"], receipt["account"]) == (permit.jti, FIRM.uscc, FIRM.link)
    assert isinstance(inner["product"], dict)
    assert "head" in inner["product"]
    assert node.ledger()[-1] == ("served", "")


def test_an_institutions_query_is_served_and_names_it(node: NodeFixture) -> None:
    answer = node.ask_for_institution(node.entrust())
    assert outcome(answer) == (200, "ok")
    inner = node.hub.opened(answer.json(), node.service.key)
    assert inner["aud"] == INSTITUTION
    head = inner["product"]["head"]  # type: ignore[index,call-overload]
    assert head["institution"] == "远山银行"  # type: ignore[index,call-overload]


def test_the_same_permit_twice_is_a_replay_though_the_message_is_new(node: NodeFixture) -> None:
    """Abuse case A5."""
    permit = node.hub.permit(node.entrust())
    assert outcome(node.ask(permit)) == (200, "ok")
    assert outcome(node.ask(permit)) == (401, "REPLAYED")
    node.restart()
    assert outcome(node.ask(permit)) == (401, "REPLAYED")
    assert served(node) == 1


def test_of_many_copies_of_a_permit_at_once_one_is_served(node: NodeFixture) -> None:
    import json

    body = json.dumps(node.hub.product_body(node.hub.permit(node.entrust()))).encode()
    sent = [node.hub.request("/node/v1/products", body) for _ in range(10)]
    assert sorted(a.status_code for a in node.together(*sent)) == [200, *[401] * 9]
    assert served(node) == 1


def test_a_permit_for_another_node_is_refused(node: NodeFixture) -> None:
    permit = replace(node.hub.permit(node.entrust()), node="nod-" + "2" * 32)
    assert outcome(node.ask(permit)) == (401, "AUDIENCE_MISMATCH")


@pytest.mark.parametrize(("seconds", "expected"), [(39, (200, "ok")), (40, (403, "PERMIT_EXPIRED"))])
def test_a_permit_lives_thirty_seconds_and_the_tolerance_of_clocks(
    node: NodeFixture, seconds: int, expected: tuple[int, str]
) -> None:
    """Abuse case A13: a node that hears of no withdrawal cannot be used with an old permit."""
    permit = node.hub.permit(node.entrust())
    node.clock.advance(timedelta(seconds=seconds))
    assert outcome(node.ask(permit)) == expected


def test_a_permit_from_the_future_is_refused(node: NodeFixture) -> None:
    permit = node.hub.permit(node.entrust())
    ahead = timedelta(seconds=11)
    permit = replace(permit, issued_at=permit.issued_at + ahead, expires_at=permit.expires_at + ahead)
    assert outcome(node.ask(permit)) == (401, "CLOCK_SKEW")


def test_an_account_that_nobody_entrusted_is_refused(node: NodeFixture) -> None:
    entrusted = node.entrust(FIRM)
    node.check(OTHER)  # the check alone entrusts nothing
    permit = replace(node.hub.permit(entrusted), account=OTHER.link, subject=OTHER.uscc)
    assert outcome(node.ask(permit)) == (403, "ENTRUSTMENT_MISSING")


def test_another_firms_account_is_refused(node: NodeFixture) -> None:
    entrusted, _other = node.entrust(FIRM), node.entrust(OTHER)
    assert outcome(node.ask(replace(node.hub.permit(entrusted), account=OTHER.link)))[0] == 403


def test_an_ended_entrustment_is_refused_at_once_and_after_a_restart(node: NodeFixture) -> None:
    entrusted = node.entrust()
    assert outcome(node.ask(node.hub.permit(entrusted))) == (200, "ok")
    node.clock.advance(timedelta(seconds=1))
    assert node.post("/node/v1/terminations", {"termination": node.hub.termination()}).status_code == 200
    assert outcome(node.ask(node.hub.permit(entrusted))) == (403, "ENTRUSTMENT_ENDED")
    node.restart()
    assert outcome(node.ask(node.hub.permit(entrusted))) == (403, "ENTRUSTMENT_ENDED")


def test_a_permit_that_relies_on_another_entrustment_is_refused(node: NodeFixture) -> None:
    permit = replace(node.hub.permit(node.entrust()), entrustment_digest="f" * 64)
    assert outcome(node.ask(permit)) == (403, "ENTRUSTMENT_MISSING")


def test_an_account_that_the_bank_gave_to_somebody_else_gives_nothing(node: NodeFixture) -> None:
    import pyarrow.parquet as pq

    from xinqiao.provider.stores.base import ACCOUNT_COLUMNS
    from xinqiao.provider.testing import HOLDERS, account_rows, text_table

    permit = node.hub.permit(node.entrust())
    changed = tuple(replace(h, uscc=OTHER.uscc) if h == FIRM else h for h in HOLDERS)
    pq.write_table(
        text_table(account_rows(changed), ACCOUNT_COLUMNS), node.home / "data" / "accounts.parquet"
    )
    node.service.store._checked_at = float("-inf")  # type: ignore[attr-defined]  # look now, not in a second
    assert outcome(node.ask(permit)) == (403, "ENTRUSTMENT_MISSING")
    assert node.ledger()[-1] == ("failed", "ENTRUSTMENT_MISSING")
    assert node.service.records.is_consumed(permit.jti)


# --- what the hub may not change on the way ----------------------------------------------------------------------


def institution(node: NodeFixture, entrusted: Entrustment, **kinds: object) -> dict[str, object]:
    """The pieces of a good institution query."""
    token, granted = node.hub.authorisation(**kinds)  # type: ignore[arg-type]
    statement = node.hub.statement()
    permit = node.hub.permit(entrusted, authorisation=granted, statement=statement)
    return {"permit": permit, "authorisation": token, "statement": statement}


def put(node: NodeFixture, pieces: dict[str, object]) -> tuple[int, str]:
    return outcome(node.ask(**pieces))  # type: ignore[arg-type]


def test_an_institutions_permit_without_its_authorisation_is_refused(node: NodeFixture) -> None:
    assert put(node, institution(node, node.entrust()) | {"authorisation": None}) == (403, "CONSENT_MISSING")


def test_another_authorisation_than_the_permit_names_is_refused(node: NodeFixture) -> None:
    pieces = institution(node, node.entrust())
    wider, _granted = node.hub.authorisation(months=36)
    assert put(node, pieces | {"authorisation": wider}) == (403, "CONSENT_MISSING")


def test_an_authorisation_changed_after_signing_is_refused(node: NodeFixture) -> None:
    pieces = institution(node, node.entrust())
    head, body, signature = str(pieces["authorisation"]).split(".")
    claims = strict_object(unb64(body))
    claims["authorization_details"][0]["data_range"]["months"] = 36  # type: ignore[index,call-overload]
    import json

    forged = ".".join((head, b64(json.dumps(claims).encode()), signature))
    assert put(node, pieces | {"authorisation": forged}) == (401, "SIGNATURE_INVALID")


@pytest.mark.parametrize(
    "change",
    [
        {"months": 36},
        {"account": OTHER.link},
        {"purpose": Purpose.POST_LOAN},
        {"institution": "ins-" + "8" * 32},
        {"subject": OTHER.uscc},
        {"authorisation_digest": "f" * 64},
        {"request_digest": "f" * 64},
        {"product": Product.SUMMARY},
    ],
)
def test_a_permit_that_differs_from_what_was_agreed_is_refused(
    node: NodeFixture, change: dict[str, object]
) -> None:
    """Abuse case A6 at the node, with a hub that signs more than was granted."""
    entrusted, _other = node.entrust(FIRM), node.entrust(OTHER)
    pieces = institution(node, entrusted)
    pieces["permit"] = replace(pieces["permit"], **change)  # type: ignore[type-var]
    status, code = put(node, pieces)
    assert status in (401, 403), code
    assert served(node) == 0


def test_balances_nobody_granted_are_refused(node: NodeFixture) -> None:
    assert put(node, institution(node, node.entrust(), balance=False)) == (403, "SCOPE_EXCEEDED")


def test_the_hub_may_not_read_where_the_firm_agreed_to_the_institution_only(node: NodeFixture) -> None:
    pieces = institution(node, node.entrust(), reader=Reader.INSTITUTION_KEY)
    pieces["permit"] = replace(pieces["permit"], reader=Reader.HUB_DISPLAY)  # type: ignore[type-var]
    assert put(node, pieces | {"statement": None}) == (403, "SCOPE_EXCEEDED")


def test_the_hub_may_read_where_the_firm_agreed_to_it(node: NodeFixture) -> None:
    pieces = institution(node, node.entrust(), reader=Reader.HUB_DISPLAY)
    pieces["permit"] = replace(pieces["permit"], reader=Reader.HUB_DISPLAY)  # type: ignore[type-var]
    assert put(node, pieces | {"statement": None}) == (200, "ok")


def test_a_missing_statement_is_refused(node: NodeFixture) -> None:
    assert put(node, institution(node, node.entrust()) | {"statement": None}) == (401, "SIGNATURE_INVALID")


def test_a_statement_by_another_key_is_refused(node: NodeFixture) -> None:
    pieces = institution(node, node.entrust())
    forged = node.hub.statement(key=node.hub.key)  # the hub itself, under the institution's name
    digest = hashlib.sha256(forged.encode()).hexdigest()
    pieces["permit"] = replace(pieces["permit"], request_digest=digest)  # type: ignore[type-var]
    assert put(node, pieces | {"statement": forged}) == (401, "SIGNATURE_INVALID")


def test_a_one_time_key_the_institution_did_not_name_is_refused(node: NodeFixture) -> None:
    """The hub puts its own key into the permit to read what only the institution may."""
    pieces = institution(node, node.entrust())
    own = {name: str(value) for name, value in OpenKey.generate().public.to_jwk().items()}
    pieces["permit"] = replace(pieces["permit"], enc_jwk=own)  # type: ignore[type-var]
    assert put(node, pieces) == (401, "SIGNATURE_INVALID")


def test_an_old_statement_is_refused(node: NodeFixture) -> None:
    entrusted = node.entrust()
    token, granted = node.hub.authorisation()
    statement = node.hub.statement(age=timedelta(minutes=5, seconds=1))
    permit = node.hub.permit(entrusted, authorisation=granted, statement=statement)
    assert outcome(node.ask(permit, authorisation=token, statement=statement)) == (401, "CLOCK_SKEW")


@pytest.mark.parametrize(
    ("micros", "expected"),
    [(10_000_000 - 1, (200, "ok")), (10_000_000, (403, "CONSENT_EXPIRED"))],
)
def test_an_authorisation_ends_to_the_microsecond_within_the_tolerance_of_clocks(
    node: NodeFixture, micros: int, expected: tuple[int, str]
) -> None:
    """Abuse case A3; the hub's own clock decides without tolerance, the node's may differ by ten seconds."""
    entrusted = node.entrust()
    token, granted = node.hub.authorisation(days=30)
    node.clock.set(granted.valid_to + timedelta(microseconds=micros))
    node.service.trust.accept(node.hub.directory(version=2), node.clock.now())  # a month has passed
    statement = node.hub.statement()
    permit = node.hub.permit(entrusted, authorisation=granted, statement=statement)
    assert outcome(node.ask(permit, authorisation=token, statement=statement)) == expected


# --- tricks with signatures --------------------------------------------------------------------------------------


def _token(node: NodeFixture, header: dict[str, Json], *, key: SigningKey | None = None) -> str:
    import json

    claims = permit_claims(node.hub.permit(node.entrust()))
    head = b64(json.dumps(header, separators=(",", ":")).encode())
    signed = f"{head}.{b64(json.dumps(claims).encode())}"
    return f"{signed}.{b64((key or node.hub.key).sign(signed.encode()))}"


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS256"},
        {"alg": "SM2SM3"},
        {"crit": ["exp"]},
        {"b64": False},
        {"jku": "http://evil.test/keys"},
        {"x5u": "http://evil.test/cert"},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}},
        {"typ": "xq-authorisation+jwt"},
        {"typ": "JWT"},
        {"kid": "unknown"},
        {"zip": "DEF"},
    ],
)
def test_a_permit_with_a_tricky_header_is_refused(node: NodeFixture, change: dict[str, Json]) -> None:
    """Abuse case A8, correctly signed by the hub so that only the header is judged."""
    header: dict[str, Json] = {"alg": "EdDSA", "kid": node.hub.key.kid, "typ": "xq-permit+jwt"} | change
    answer = node.post(
        "/node/v1/products", {"permit": _token(node, header), "authorisation": None, "query": None}
    )
    assert outcome(answer) in ((401, "SIGNATURE_INVALID"), (401, "TOKEN_TYPE"))


def test_a_permit_by_an_institution_or_the_node_itself_is_refused(node: NodeFixture) -> None:
    for key in (node.hub.institution_key, node.service.key):
        header: dict[str, Json] = {"alg": "EdDSA", "kid": key.kid, "typ": "xq-permit+jwt"}
        token = _token(node, header, key=key)
        answer = node.post("/node/v1/products", {"permit": token, "authorisation": None, "query": None})
        assert outcome(answer) == (401, "SIGNATURE_INVALID")


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("months", 0, "INVALID"),
        ("months", 37, "INVALID"),
        ("months", True, "INVALID"),
        ("months", "24", "INVALID"),
        ("product", "EVERYTHING", "INVALID"),
        ("fields", ["*"], "UNKNOWN_FIELD"),
        ("expires_at", "2026-11-21T02:00:00+08:00", "INVALID"),
        ("expires_at", "2099-01-01T00:00:00Z", "INVALID"),
        ("enc_jwk", {"kty": "OKP", "crv": "X25519", "x": "AAAA"}, "INVALID"),
        ("enc_jwk", {"kty": "OKP", "crv": "X25519", "x": "AAAA", "d": "AAAA"}, "UNKNOWN_FIELD"),
        ("v", True, "INVALID"),
        ("artefact", "authorisation", "INVALID"),
    ],
)
def test_a_permit_out_of_form_is_invalid_and_not_a_fault(
    node: NodeFixture, member: str, value: Json, code: str
) -> None:
    claims = permit_claims(node.hub.permit(node.entrust())) | {member: value}
    token = sign_jws(claims, node.hub.key, ArtefactType.PERMIT)
    answer = node.post("/node/v1/products", {"permit": token, "authorisation": None, "query": None})
    assert outcome(answer) == (422, code)
    assert node.ledger()[-1] == ("refused", code)


def test_a_self_query_with_an_authorisation_or_a_statement_is_neither_kind(node: NodeFixture) -> None:
    entrusted = node.entrust()
    token, _granted = node.hub.authorisation()
    assert outcome(node.ask(node.hub.permit(entrusted), authorisation=token)) == (422, "INVALID")
    assert outcome(node.ask(node.hub.permit(entrusted), statement=node.hub.statement())) == (422, "INVALID")


# --- participants ------------------------------------------------------------------------------------------------


def test_an_unknown_institution_makes_the_node_ask_for_the_directory_once(node: NodeFixture) -> None:
    entrusted = node.entrust()
    asked: list[int] = []

    async def refreshed() -> bool:
        asked.append(1)
        node.service.trust.accept(node.hub.directory(version=3), node.clock.now())
        return True

    node.service.refresh_directory = refreshed
    node.service.trust.accept(node.hub.directory(version=2, institutions={}), node.clock.now())
    assert outcome(node.ask_for_institution(entrusted)) == (200, "ok")
    assert outcome(node.ask_for_institution(entrusted)) == (200, "ok")
    assert len(asked) == 1


def test_an_institution_whose_key_was_taken_out_is_refused(node: NodeFixture) -> None:
    entrusted = node.entrust()
    directory = node.hub.directory(version=2, institutions={INSTITUTION: SigningKey.generate()})
    node.service.trust.accept(directory, node.clock.now())
    assert outcome(node.ask_for_institution(entrusted)) == (401, "SIGNATURE_INVALID")


def test_without_a_directory_in_force_no_institution_is_believed(node: NodeFixture) -> None:
    entrusted = node.entrust()
    node.clock.advance(timedelta(hours=25))
    assert outcome(node.ask_for_institution(entrusted)) == (503, "PROVIDER_UNAVAILABLE")
    assert node.raw("GET", "/node/v1/health").json()["status"] == "no_directory"


def test_every_refusal_of_a_permit_is_one_line_with_its_ids(node: NodeFixture) -> None:
    entrusted = node.entrust()
    permit = replace(node.hub.permit(entrusted), entrustment_digest="f" * 64)
    before = len(node.ledger())
    node.ask(permit)
    assert len(node.ledger()) == before + 1
    (entry,) = node.service.records.entries(events=(Event.REFUSED,), limit=1)
    assert (entry.jti, entry.link, entry.months) == (permit.jti, FIRM.link, 24)


def test_no_question_on_the_way_of_a_product_walks_through_a_table(node: NodeFixture) -> None:
    """A bank with 20 000 entrusted accounts must answer as fast as one with four."""
    entrusted = node.entrust()
    node.restart()  # nothing is remembered
    node.service.trust.accept(node.hub.directory(), node.clock.now())
    asked: list[str] = []
    state = node.service.state
    state._read_connection.set_trace_callback(asked.append)
    assert node.ask(node.hub.permit(entrusted)).status_code == 200
    state._read_connection.set_trace_callback(None)
    assert any("entrustment" in sql for sql in asked)
    assert any("ownership" in sql for sql in asked)
    plans = [str(row[3]) for sql in asked for row in state.read(f"EXPLAIN QUERY PLAN {sql}")]
    assert [plan for plan in plans if plan.startswith("SCAN")] == []


def test_a_withdrawal_kept_from_the_node_leaves_it_nothing_but_half_a_minute(node: NodeFixture) -> None:
    """Abuse case A13: what the node was told last is good for the permits already out, and for no longer."""
    entrusted = node.entrust()
    permit = node.hub.permit(entrusted)  # the last one before the firm withdrew; the node never hears of that
    node.clock.advance(timedelta(seconds=41))
    assert outcome(node.ask(permit)) == (403, "PERMIT_EXPIRED")
    assert served(node) == 0


def test_what_is_signed_in_a_product_is_its_canonical_form(node: NodeFixture) -> None:
    answer = node.ask_for_institution(node.entrust())
    inner = unpack(open_sealed(answer.json()["product"], node.hub.one_time), max_bytes=1 << 20)
    payload = unb64(inner.split(".")[1])
    assert payload == canonical_bytes(strict_object(payload))
