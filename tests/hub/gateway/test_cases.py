"""Cases at the interface and through the SDK: leads, decisions, messages; another tenant's are absent; a key acts once."""

import json
from decimal import Decimal

import pytest
from tests.hub.cases.house import House, make_house
from tests.hub.gateway.conftest import World
from tests.hub.gateway.test_sdk import LIN, sdk  # noqa: F401 - a fixture

from xinqiao.client import AsyncClient
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import NotFound
from xinqiao.hub.apps.cases import services
from xinqiao.hub.apps.cases.models import Case, CaseMessage
from xinqiao.hub.ids import Prefix, new_id

CASES, MESSAGES = "/api/v1/cases", "/api/v1/case-messages"
BY: Json = {"name": "林知远", "department": "小企业信贷部"}


@pytest.fixture
def house(world: World) -> House:
    """The cast of the world with a need and products."""
    return make_house(world.cast)


def _without_trace(content: bytes) -> dict[str, object]:
    found = json.loads(content)
    found.pop("trace_id")
    return found


def test_from_the_lead_to_the_contract_by_the_sdk(world: World, house: House, sdk: AsyncClient) -> None:  # noqa: F811
    row, run = house.dispatched(), world.loop.run
    (lead,) = run(sdk.cases.page(show="new")).items
    assert (lead.id, lead.state, lead.amount, lead.steps) == (
        row.id,
        "dispatched",
        Decimal("1500000.00"),
        None,
    )
    case = run(sdk.cases.fire(lead, "accept", LIN))
    case = run(sdk.cases.fire(case, "investigate", LIN))
    case = run(sdk.cases.ask(case, LIN, [("confirm", "客户没有变化", "")]))
    assert case.actions is not None
    assert (case.state, case.contact) == ("supplement", "甲一 138****0000")
    services.answer_action(
        actor=house.cast.owner, case_id=row.id, action_id=case.actions[0].id, can=True, answer="没有", files=[],
        expected_version=case.version, at=house.now,
    )  # fmt: skip
    services.supply_case(
        actor=house.cast.owner, case_id=row.id, expected_version=case.version + 1, at=house.now
    )
    case = run(sdk.cases.one(row.id))
    offer = {"amount": Decimal(1200000), "rate": Decimal("0.0385"), "months": 12}
    case = run(sdk.cases.approve(case, LIN, **offer))  # type: ignore[arg-type]
    assert (case.approved_amount, case.approved_rate) == (Decimal("1200000.00"), Decimal("0.0385"))
    assert run(sdk.cases.say(row.id, "请来签约", LIN)).side == "institution"
    assert run(sdk.cases.fire(case, "contract", LIN)).state == "contracted"
    feed = run(sdk.cases.events())
    assert [one.event for one in feed.items] == [
        "dispatch", "accept", "investigate", "ask", "answer", "supply", "approve", "contract",
    ]  # fmt: skip
    assert run(sdk.cases.events(after=feed.next)).items == []
    assert [one.event for one in run(sdk.cases.events(after=feed.items[5].leaf, limit=1)).items] == [
        "approve"
    ]


def test_another_tenants_case_is_absent_everywhere(world: World, house: House, sdk: AsyncClient) -> None:  # noqa: F811
    row = house.accepted()
    act = {"event": "investigate", "version": row.version, "operator": BY}
    say = {"text": "您好", "operator": BY}
    for method, base, body in (("get", CASES, None), ("post", CASES, act), ("post", MESSAGES, say)):
        theirs, absent = (
            world.outsider.get(f"{base}/{one}") if method == "get"
            else world.outsider.post(f"{base}/{one}", body, key=f"key-{place}-{base[8:]}")
            for place, one in enumerate((row.id, new_id(Prefix.CASE)))
        )  # fmt: skip
        assert theirs.status_code == absent.status_code == 404
        assert _without_trace(theirs.content) == _without_trace(absent.content)
    assert world.outsider.get(CASES).json() == {"items": [], "next": None}
    assert world.outsider.get("/api/v1/case-events").json() == {"items": [], "next": -1}
    assert world.outsider.get(f"{CASES}?after={row.id}").status_code == 422
    assert world.outsider.get(f"/api/v1/case-files/{new_id(Prefix.CASE_FILE)}").status_code == 404
    with pytest.raises(NotFound):
        world.loop.run(sdk.cases.one(new_id(Prefix.CASE)))


def test_one_key_acts_once_and_a_stale_version_not_at_all(world: World, house: House) -> None:
    row = house.dispatched()
    act = {"event": "decline", "version": row.version, "operator": BY, "reason": "capacity"}
    first = world.bank.post(f"{CASES}/{row.id}", act, key="decline-0001")
    again = world.bank.post(f"{CASES}/{row.id}", act, key="decline-0001")
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert Case.objects.get(id=row.id).version == row.version + 1
    other = world.bank.post(f"{CASES}/{row.id}", {**act, "reason": "region"}, key="decline-0001")
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_MISMATCH")
    stale = world.bank.post(f"{CASES}/{row.id}", act, key="decline-0002")
    assert (stale.status_code, stale.json()["code"]) == (412, "STALE")
    bare = world.bank.post(f"{CASES}/{row.id}", act)
    assert (bare.status_code, bare.json()["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")


def test_what_is_missing_is_named(world: World, house: House) -> None:
    row = house.investigated()
    whole = {
        "event": "approve",
        "version": row.version,
        "operator": BY,
        "amount": "1.00",
        "rate": "0.04",
        "months": 1,
    }
    for left_out in ("amount", "rate", "months"):
        body = {name: value for name, value in whole.items() if name != left_out}
        answer = world.bank.post(f"{CASES}/{row.id}", body, key=f"approve-{left_out}")
        assert (answer.status_code, answer.json()["facts"]["field"]) == (422, left_out)
    wrong = {**whole, "event": "reject"}
    answer = world.bank.post(f"{CASES}/{row.id}", wrong, key="reject-00001")
    assert (answer.status_code, answer.json()["facts"]["field"]) == (422, "reason")
    words = world.bank.post(f"{MESSAGES}/{row.id}", {"text": "您好", "operator": BY}, key="message-0001")
    assert words.status_code == 201
    assert CaseMessage.objects.get().text == "您好"
