"""Abuse cases A1 to A6, A12 and A13 of the threat model, through the interface, with the stated outcome each.

Every refusal is checked to have written exactly one denial leaf, and a refused query to have sent the node nothing.
"""

import asyncio
from datetime import timedelta

import pytest
from tests.hub.cast import Cast
from tests.hub.gateway.conftest import World
from tests.hub.gateway.desk import QUERIES, claims_of

from xinqiao.hub.apps.audit.services import make_checkpoint
from xinqiao.hub.apps.consents import services as consents
from xinqiao.hub.apps.consents.models import Authorisation
from xinqiao.hub.apps.fundflow import selectors
from xinqiao.hub.apps.fundflow.models import Query
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, verify_jws

TICK = timedelta(microseconds=1)


def refused(world: World, answer, status: int, code: str, *, node_calls: int = 0):  # type: ignore[no-untyped-def]
    """The stated outcome: status, code, one leaf that the subject can see, a signed refusal, a silent node."""
    found = answer.json()
    assert (answer.status_code, found["code"]) == (status, code), answer.text
    denials = [leaf for leaf in world.leaves("DENY") if leaf.facts["act"] in ("query", "release")]
    assert len(denials) == 1
    assert denials[0].index == found["denial_leaf"]["index"]
    assert denials[0].facts["code"] == code
    hub = {key.kid: key for key in runtime.hub_verify_keys()}
    claims = verify_jws(found["refusal"], hub, typ=ArtefactType.REFUSAL, at=world.cast.now)
    assert (claims["code"], claims["leaf"]) == (code, found["denial_leaf"])
    assert len(world.node.permits) == node_calls
    return found


def test_a1_a_query_without_consent_is_refused_and_the_subject_sees_it(world: World) -> None:
    answer = world.outsider.query(new_id(Prefix.AUTHORISATION), world.account)
    refused(world, answer, 403, "CONSENT_MISSING")
    (record,) = selectors.records(world.cast.owner)
    assert (record.state, record.code, record.institution_name) == ("denied", "CONSENT_MISSING", "海棠银行")
    assert world.leaves("DENY")[0].ids["subject"] == world.cast.owner.enterprise_id
    assert selectors.records(world.cast.stranger) == []


def test_a1_a_request_the_subject_has_not_answered_is_no_consent(world: World) -> None:
    row = world.cast.requested(ref="SQ-0009")
    refused(world, world.bank.query(row, world.account), 403, "CONSENT_MISSING")


def test_a2_the_consent_of_another_institution_is_refused_as_such(world: World) -> None:
    answer = world.outsider.query(world.granted, world.account)
    refused(world, answer, 403, "CONSENT_GRANTEE_MISMATCH")
    assert "granted" not in answer.text
    assert answer.json()["nearest"] is None
    # the institution it was given to does not find the stranger's attempt among its own records
    assert world.bank.get(QUERIES).json()["items"] == []


@pytest.mark.parametrize(
    ("after_start", "outcome"),
    [(-TICK, "CONSENT_NOT_YET_VALID"), (timedelta(0), None), (TICK, None)],
    ids=["a tick before", "at the start", "a tick after"],
)
def test_a3_validity_begins_on_its_microsecond(
    world: World, after_start: timedelta, outcome: str | None
) -> None:
    begin = world.cast.now + timedelta(seconds=5)
    Authorisation.objects.filter(id=world.granted.id).update(valid_from=begin)
    world.cast.clock.set(begin + after_start)
    answer = world.bank.query(world.granted, world.account)
    assert answer.json().get("code") == outcome


@pytest.mark.parametrize(
    ("after_end", "outcome"),
    [(-TICK, None), (timedelta(0), "CONSENT_EXPIRED"), (TICK, "CONSENT_EXPIRED")],
    ids=["a tick before", "at the end", "a tick after"],
)
def test_a3_validity_ends_on_its_microsecond(world: World, after_end: timedelta, outcome: str | None) -> None:
    end = world.cast.now + timedelta(seconds=30)
    Authorisation.objects.filter(id=world.granted.id).update(valid_to=end)
    world.cast.clock.set(end + after_end)
    answer = world.bank.query(world.granted, world.account)
    assert answer.json().get("code") == outcome


def test_a4_after_a_withdrawal_every_query_is_refused(world: World) -> None:
    assert world.bank.query(world.granted, world.account).status_code == 200
    world.cast.withdraw(world.cast.owner, world.granted)
    refused(world, world.bank.query(world.granted, world.account), 403, "CONSENT_REVOKED", node_calls=1)


def test_a4_a_withdrawal_while_the_node_computes_wins_and_the_product_is_dropped(world: World) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def hold(_: str) -> None:
        reached.set()
        await go_on.wait()

    world.gateway.sync_points["before_release"] = hold
    sent = world.bank.prepare(world.granted, world.account)
    running = world.loop.start(world.bank.send_async(sent))
    world.loop.run(asyncio.wait_for(_until(reached), 10))
    world.cast.withdraw(world.cast.owner, world.granted)  # waits for no node
    world.loop.loop.call_soon_threadsafe(go_on.set)
    answer = running.result(10)  # type: ignore[call-arg]
    refused(world, answer, 403, "REVOKED_BEFORE_RELEASE", node_calls=1)
    assert "product" not in answer.json()
    row = Query.objects.get()
    assert (row.state, row.cipher, row.receipt) == ("denied", None, "")
    kinds = [leaf.type for leaf in world.leaves() if leaf.type in ("PERMIT", "REVOKE", "USE", "DENY")]
    assert kinds == ["PERMIT", "REVOKE", "DENY"]
    world.granted.refresh_from_db()
    assert world.granted.uses == 0


async def _until(event: asyncio.Event) -> None:
    await event.wait()


def test_a5_a_signed_request_replayed_is_refused_also_on_another_address(world: World) -> None:
    sent = world.bank.prepare(world.granted, world.account)
    import json

    content = json.dumps(sent.body).encode()
    headers = world.bank.signed(
        "POST", QUERIES, content, idempotency_key=sent.idempotency_key, nonce="n" * 24
    )
    assert world.bank.raw("POST", QUERIES, headers, content).status_code == 200
    again = world.bank.raw("POST", QUERIES, headers, content)
    assert (again.status_code, again.json()["code"]) == (401, "REPLAYED")
    elsewhere = world.bank.raw("POST", "/api/v1/invitations", headers, content)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (401, "SIGNATURE_INVALID")
    for nonce in ("n" * 24,):
        listing = world.bank.signed("GET", QUERIES, nonce=nonce)
        answer = world.bank.raw("GET", QUERIES, listing, b"")
        assert (answer.status_code, answer.json()["code"]) == (401, "REPLAYED")
    assert len(world.leaves("DENY")) == 3
    assert len(world.leaves("USE")) == 1


def test_a5_a_nonce_survives_a_restart_of_the_gateway(world: World) -> None:
    from xinqiao.hub.gateway.app import Application, Plane
    from xinqiao.hub.gateway.core import Gateway

    headers = world.bank.signed("GET", QUERIES)
    assert world.bank.raw("GET", QUERIES, headers, b"").status_code == 200
    second = Gateway(clock=world.cast.clock)
    world.bank.app = Application(plane=Plane.DATA, gateway=second)
    answer = world.bank.raw("GET", QUERIES, headers, b"")
    assert (answer.status_code, answer.json()["code"]) == (401, "REPLAYED")
    world.loop.run(second.stop())


def test_a5_a_single_use_consent_is_used_up(world: World) -> None:
    account = world.account
    single = world.cast.confirmed(account, ref="SQ-0007", max_queries=1)
    assert world.bank.query(single, account).json()["uses_left"] == 0
    refused(world, world.bank.query(single, account), 403, "CONSENT_EXHAUSTED", node_calls=1)


def test_a5_sixteen_queries_at_once_use_a_single_use_consent_once(world: World) -> None:
    single = world.cast.confirmed(world.account, ref="SQ-0007", max_queries=1)
    sent = [world.bank.prepare(single, world.account) for _ in range(16)]

    async def all_at_once() -> list[int]:
        answers = await asyncio.gather(*(world.bank.send_async(one) for one in sent))
        return [answer.status_code for answer in answers]

    codes = world.loop.run(all_at_once())
    assert sorted(codes) == [200] + [403] * 15
    assert len(world.leaves("USE")) == 1


@pytest.mark.parametrize(
    ("changes", "items"),
    [
        ({"months": 25}, ["months:25"]),
        ({"product": "FLOW_REPORT", "months": 36}, ["months:36"]),
        ({"fields": ["*"]}, ["field:*"]),
        ({"months": 25, "fields": ["counterparties"]}, ["months:25", "field:counterparties"]),
    ],
    ids=["more months", "far more months", "all fields", "two things"],
)
def test_a6_a_wider_request_is_refused_by_name_with_the_nearest_one(
    world: World, changes: dict[str, object], items: list[str]
) -> None:
    answer = world.bank.query(world.granted, world.account, **changes)
    found = refused(world, answer, 403, "SCOPE_EXCEEDED")
    assert found["facts"]["items"] == items
    assert found["nearest"]["months"] <= 24
    nearest = {name: found["nearest"][name] for name in ("product", "months", "purpose")}
    assert world.bank.query(world.granted, found["nearest"]["account"], **nearest).status_code == 200


def test_a6_another_account_product_or_purpose_is_refused(world: World) -> None:
    cast = world.cast
    other = cast.bound("6222000011113333")
    narrow = cast.confirmed(world.account, ref="SQ-0005", products=frozenset({_summary()}))
    cases = [
        (world.bank.query(narrow, other, product="FLOW_SUMMARY"), "SCOPE_EXCEEDED", [f"account:{other.id}"]),
        (world.bank.query(narrow, world.account), "SCOPE_EXCEEDED", ["product:FLOW_REPORT"]),
        (
            world.bank.query(narrow, new_id(Prefix.ACCOUNT), product="FLOW_SUMMARY"),
            "SCOPE_EXCEEDED",
            None,
        ),
        (
            world.bank.query(narrow, world.account, product="FLOW_SUMMARY", purpose="post_loan"),
            "PURPOSE_MISMATCH",
            None,
        ),
    ]
    for answer, code, items in cases:
        assert (answer.status_code, answer.json()["code"]) == (403, code)
        if items is not None:
            assert answer.json()["facts"]["items"] == items
        assert answer.json()["nearest"] == {
            "account": world.account.id, "product": "FLOW_SUMMARY", "months": 12, "purpose": "loan_application",
        }  # fmt: skip
    assert len(world.leaves("DENY")) == 4
    assert world.node.permits == []


def _summary():  # type: ignore[no-untyped-def]
    from xinqiao.domain.consent import Product

    return Product.SUMMARY


def test_a12_nothing_is_handed_out_again_after_a_withdrawal(world: World) -> None:
    sent = world.bank.prepare(world.granted, world.account)
    released = world.bank.send(sent)
    assert world.bank.send(sent).content == released.content
    world.cast.withdraw(world.cast.owner, world.granted)
    for answer in (world.bank.send(sent), world.bank.get(f"{QUERIES}/{released.json()['id']}")):
        assert (answer.status_code, answer.json()["code"]) == (410, "GONE_REVOKED")
        assert released.json()["product"] not in answer.text
    world.loop.run(world.gateway.tidy())
    assert Query.objects.get().cipher is None
    assert len(world.leaves("USE")) == 1


def test_a12_the_sealed_product_is_forgotten_when_its_time_is_over(world: World) -> None:
    """The product goes, the record and its receipt stay: by them the institution accounts for its use."""
    sent = world.bank.prepare(world.granted, world.account)
    released = world.bank.send(sent)
    address = f"{QUERIES}/{released.json()['id']}"
    assert world.bank.get(address).json()["sealed"] == released.json()["product"]
    world.cast.clock.advance(timedelta(minutes=10))
    world.bank.login()
    for _ in range(2):  # before the sweep and after it
        answer = world.bank.get(address)
        assert (answer.status_code, answer.json()["sealed"]) == (200, None)
        assert answer.json()["receipt"] == released.json()["receipt"]
        world.loop.run(world.gateway.tidy())
    assert Query.objects.get().cipher is None
    assert world.leaves("DENY") == []  # nobody was refused anything


def test_a12_after_a_withdrawal_the_record_stays_readable_without_the_product(world: World) -> None:
    released = world.bank.query(world.granted, world.account)
    address = f"{QUERIES}/{released.json()['id']}"
    world.cast.withdraw(world.cast.owner, world.granted)
    assert world.bank.get(address).status_code == 410
    world.cast.clock.advance(timedelta(minutes=10))
    world.bank.login()
    answer = world.bank.get(address)
    assert (answer.status_code, answer.json()["sealed"]) == (200, None)
    assert answer.json()["receipt"] == released.json()["receipt"]
    assert len(world.leaves("DENY")) == 1


def test_a12_the_same_key_gives_nothing_once_the_authorisation_is_over(world: World) -> None:
    short = world.cast.confirmed(world.account, ref="SQ-0012", valid_days=1)
    assert short.valid_to is not None
    world.cast.clock.set(short.valid_to - timedelta(minutes=1))
    make_checkpoint(at=world.cast.now)
    world.bank.login()
    sent = world.bank.prepare(short, world.account)
    released = world.bank.send(sent)
    world.cast.clock.advance(timedelta(minutes=1))
    answer = world.bank.send(sent)
    assert (answer.status_code, answer.json()["code"]) == (410, "GONE_EXPIRED")
    assert world.bank.get(f"{QUERIES}/{released.json()['id']}").json()["sealed"] is None


def test_a13_a_withdrawal_needs_no_node_at_all(world: World) -> None:
    world.loop.run(world.node.stop())
    world.cast.withdraw(world.cast.owner, world.granted)
    refused(world, world.bank.query(world.granted, world.account), 403, "CONSENT_REVOKED")


def test_an_unbound_account_is_refused_at_once(world: World) -> None:
    consents.unbind(actor=world.cast.owner, binding_id=world.account.id, at=world.cast.now)
    refused(world, world.bank.query(world.granted, world.account), 403, "ENTRUSTMENT_ENDED")


def test_a_closed_account_goes_on_supplying_its_history_and_is_shown_so(world: World) -> None:
    """What the institution is shown and what is released agree, until the enterprise unbinds it."""
    shown = f"/api/v1/authorisations/{world.granted.id}"
    consents.record_closure(actor=world.cast.system, binding_id=world.account.id, at=world.cast.now)
    assert [one["live"] for one in world.bank.get(shown).json()["granted"]["accounts"]] == [True]
    assert world.bank.query(world.granted, world.account).status_code == 200
    consents.unbind(actor=world.cast.owner, binding_id=world.account.id, at=world.cast.now)
    assert [one["live"] for one in world.bank.get(shown).json()["granted"]["accounts"]] == [False]
    refused(world, world.bank.query(world.granted, world.account), 403, "ENTRUSTMENT_ENDED", node_calls=1)


def test_the_permit_says_no_more_than_the_grant(world: World) -> None:
    closed = world.cast.confirmed(world.account, ref="SQ-0006", include_balance=False)
    answer = world.bank.query(closed, world.account, months=6)
    claims = claims_of(answer.json()["permit"])
    assert (claims["include_balance"], claims["months"], claims["reader"]) == (False, 6, "institution_key")
    assert claims["expires_at"] > claims["issued_at"]  # type: ignore[operator]


def test_cast_is_what_these_tests_assume(stage: Cast) -> None:
    assert stage.bank.institution_id != stage.outsider.institution_id
