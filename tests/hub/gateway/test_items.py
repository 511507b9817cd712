"""Items through the gateway to a department's real node: permit, call, release; nothing of the content stays here."""

import json
import secrets
from datetime import timedelta

import httpx
import pytest
from django.db import connection
from tests.hub.cast import OWNER_ID, OWNER_USCC
from tests.hub.gateway.department import ARREARS_CANARY, OFFICE_CANARY
from tests.hub.gateway.item_scene import QUERIES, VERIFICATIONS, Scene
from tests.hub.items_cast import (
    ARREARS,
    CERTIFICATE,
    HOUSE,
    MARRIAGE,
    SALT,
    house,
    marriage,
)

from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.audit.services import make_checkpoint
from xinqiao.hub.apps.fundflow.models import IdempotencyKey
from xinqiao.hub.apps.items import selectors
from xinqiao.hub.apps.items.models import ItemAuthorisation, ItemQuery
from xinqiao.hub.apps.notices.selectors import notices
from xinqiao.provider.testing.department import TestClock
from xinqiao.trust.findings import Findings
from xinqiao.trust.jwe import open_sealed
from xinqiao.trust.jws import ArtefactType, verify_jws
from xinqiao.trust.leaf import instant_text
from xinqiao.trust.order import BusinessOrder


def outcome(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json().get("code", "ok"))


def test_an_item_is_called_released_opened_and_proved(scene: Scene) -> None:
    row = scene.granted()
    body, key = scene.prepared(row)
    answer = scene.world.bank.post(QUERIES, body, key="once-only-0001")
    assert outcome(answer) == (200, "ok"), answer.text
    found = answer.json()
    signed = open_sealed(found["answer"], key).decode()
    node_key = scene.node.app.service.key.public
    inner = verify_jws(
        signed, {node_key.kid: node_key}, typ=ArtefactType.ITEM_ANSWER, at=scene.world.cast.now
    )
    assert inner["records"] == [
        {
            "values": {"uscc": OWNER_USCC, "arrears_amount": ARREARS_CANARY, "status": "owing"},
            "objected": False,
        }
    ]
    use = scene.world.leaves("USE")[-1]
    assert (use.index, use.hash.hex()) == (found["use_leaf"]["index"], found["use_leaf"]["hash"])
    assert (use.facts["product"], use.facts["answer_digest"]) == (ARREARS, inner_digest(found["answer"]))
    record = scene.world.bank.get(f"{QUERIES}/{found['id']}").json()
    assert (record["state"], record["kind"], record["result"]) == ("released", "interface", None)
    (seen,) = selectors.queries(scene.world.cast.owner)
    assert (seen.id, seen.institution.name, seen.item) == (found["id"], "岚江农商银行", ARREARS)
    assert selectors.queries(scene.world.cast.stranger) == []


def inner_digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def test_a_claim_is_verified_and_the_hub_learns_yes_or_no_only(scene: Scene) -> None:
    row = scene.granted(
        (HOUSE, house()), (HOUSE, house("演示（2026）不动产权第0000099号")), (MARRIAGE, marriage("10"))
    )
    yes = scene.verify(row, HOUSE, house())
    wrong = scene.verify(row, HOUSE, house("演示（2026）不动产权第0000099号"))
    assert [scene.said(yes), scene.said(wrong)] == ["yes", "not"]
    assert scene.said(scene.verify(row, MARRIAGE, marriage("10"))) == "not"
    assert len(yes.json()["answer"]) == len(wrong.json()["answer"])
    assert len(yes.content) == len(wrong.content)
    assert sorted(ItemQuery.objects.values_list("result", flat=True)) == ["not", "not", "yes"]
    record = scene.world.bank.get(f"{QUERIES}/{yes.json()['id']}").json()
    assert (record["kind"], record["result"], record["item"]) == ("verification", "yes", HOUSE)
    assert "yes" not in json.dumps([leaf.facts for leaf in scene.world.leaves("USE")])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"fields": ["uscc", "late_fee"]}, (403, "SCOPE_EXCEEDED")),
        ({"item": "deferred_tax"}, (403, "SCOPE_EXCEEDED")),
        ({"purpose": "post_loan"}, (403, "PURPOSE_MISMATCH")),
        ({"authorisation_id": "ita-" + "9" * 32}, (403, "CONSENT_MISSING")),
        ({"authorisation_id": "aut-" + "9" * 32}, (403, "CONSENT_MISSING")),
    ],
)
def test_every_no_is_recorded_once_and_reaches_no_node(scene: Scene, changes, expected) -> None:
    row = scene.granted()
    before = len(scene.world.leaves("DENY"))
    answer = scene.query(row, **changes)
    assert outcome(answer) == expected
    assert len(scene.world.leaves("DENY")) == before + 1
    assert scene.node.calls == 0
    problem = answer.json()
    if "fields" in changes:
        assert problem["nearest"] == {
            "item": ARREARS,
            "fields": ["uscc"],
            "claim": None,
            "purpose": "loan_application",
        }
    assert problem["refusal"]


def test_another_institution_cannot_use_it_or_see_it(scene: Scene) -> None:
    row = scene.granted()
    assert outcome(scene.query(row, desk=scene.world.outsider)) == (403, "CONSENT_GRANTEE_MISMATCH")
    found = scene.query(row).json()
    absent = scene.world.outsider.get(f"{QUERIES}/itq-{'0' * 32}")
    foreign = scene.world.outsider.get(f"{QUERIES}/{found['id']}")
    assert absent.status_code == foreign.status_code == 404
    assert scene.world.outsider.get(f"/api/v1/items/authorisations/{row.id}").status_code == 404
    view = scene.world.bank.get(f"/api/v1/items/authorisations/{row.id}").json()
    assert (view["uses"], view["state"], view["granted_claims"]) == (1, "active", [])


def test_the_lists_are_the_institutions_own_page_by_page(scene: Scene) -> None:
    first = scene.granted()
    scene.query(first)
    scene.world.cast.clock.advance(timedelta(seconds=1))
    second = scene.items.requested()
    scene.query(first, fields=["late_fee"])
    listed = scene.world.bank.get("/api/v1/items/authorisations?limit=1").json()
    assert [one["id"] for one in listed["items"]] == [second.id]
    rest = scene.world.bank.get(f"/api/v1/items/authorisations?limit=1&cursor={listed['next_cursor']}").json()
    assert ([one["id"] for one in rest["items"]], rest["next_cursor"]) == ([first.id], None)
    live = scene.world.bank.get("/api/v1/items/authorisations?state=active").json()["items"]
    assert [(one["id"], one["uses"], one["items"]) for one in live] == [(first.id, 1, [ARREARS])]
    page = scene.world.bank.get(f"{QUERIES}?limit=1").json()
    assert [(one["state"], one["code"]) for one in page["items"]] == [("denied", "SCOPE_EXCEEDED")]
    rest = scene.world.bank.get(f"{QUERIES}?cursor={page['next_cursor']}").json()
    assert [one["state"] for one in rest["items"]] == ["released"]
    under = scene.world.bank.get(f"{QUERIES}?authorisation_id={second.id}&state=released").json()
    assert under["items"] == []
    for path in ("/api/v1/items/authorisations", QUERIES):
        assert scene.world.outsider.get(path).json()["items"] == []
        assert scene.world.bank.get(f"{path}?everything=1").status_code == 422
    artefacts = scene.world.bank.get(f"/api/v1/items/authorisations/{first.id}").json()["artefacts"]
    assert [one["type"] for one in artefacts] == ["item_authorisation"]


def test_the_last_query_is_the_last(scene: Scene) -> None:
    row = scene.granted(max_queries=1)
    assert scene.query(row).json()["uses_left"] == 0
    assert outcome(scene.query(row)) == (403, "CONSENT_EXHAUSTED")


def test_a_withdrawal_that_comes_between_permit_and_release_wins(scene: Scene) -> None:
    row = scene.granted()

    async def withdraw(_query: str) -> None:
        import asyncio

        await asyncio.to_thread(lambda: scene.items.withdraw(ItemAuthorisation.objects.get(id=row.id)))

    scene.world.gateway.sync_points["before_release"] = withdraw
    answer = scene.query(row)
    assert outcome(answer) == (403, "REVOKED_BEFORE_RELEASE")
    assert ARREARS_CANARY not in answer.text
    scene.world.gateway.sync_points.clear()
    assert outcome(scene.query(row)) == (403, "CONSENT_REVOKED")
    assert ItemAuthorisation.objects.get(id=row.id).uses == 0
    assert not scene.world.leaves("USE")


def test_the_same_key_again_gives_no_second_answer_and_counts_nothing(scene: Scene) -> None:
    row = scene.granted()
    body, _ = scene.prepared(row)
    assert scene.world.bank.post(QUERIES, body, key="same-key-0001").status_code == 200
    again = scene.world.bank.post(QUERIES, body, key="same-key-0001")
    assert outcome(again) == (410, "GONE_EXPIRED")
    other, _ = scene.prepared(row)
    assert outcome(scene.world.bank.post(QUERIES, other, key="same-key-0001")) == (
        422,
        "IDEMPOTENCY_MISMATCH",
    )
    assert ItemAuthorisation.objects.get(id=row.id).uses == 1
    refused, _ = scene.prepared(row, fields=["late_fee"])
    first = scene.world.bank.post(QUERIES, refused, key="same-key-0002")
    leaves = len(scene.world.leaves())
    second = scene.world.bank.post(QUERIES, refused, key="same-key-0002")
    assert (first.content, len(scene.world.leaves())) == (second.content, leaves)


def test_a_source_that_fails_is_recorded_and_frees_the_key(scene: Scene) -> None:
    row = scene.granted()
    (scene.node.home / "items" / f"{ARREARS}.csv").write_text("uscc\n", encoding="utf-8")
    scene.node.app.items.store._checked_at = float("-inf")
    body, _ = scene.prepared(row)
    answer = scene.world.bank.post(QUERIES, body, key="fails-first-1")
    assert outcome(answer) == (502, "PROVIDER_UNAVAILABLE")
    assert [leaf.type for leaf in scene.world.leaves()][-1] == "FAIL"
    assert not IdempotencyKey.objects.filter(key="fails-first-1").exists()
    assert ItemAuthorisation.objects.get(id=row.id).uses == 0


def test_an_item_nobody_serves_is_refused(scene: Scene) -> None:
    from xinqiao.hub.apps.items.models import ItemSource

    row = scene.granted()
    ItemSource.objects.filter(item=ARREARS).delete()
    assert outcome(scene.query(row)) == (502, "PROVIDER_UNAVAILABLE")
    assert scene.node.calls == 0


def test_a_permit_without_an_end_is_closed_and_old_results_are_forgotten(scene: Scene) -> None:
    row = scene.granted((HOUSE, house()))
    scene.verify(row, HOUSE, house())

    async def die(_query: str) -> None:
        raise RuntimeError("the process dies here")

    scene.world.gateway.sync_points["before_release"] = die
    assert scene.query(row).status_code == 503
    scene.world.gateway.sync_points.clear()
    assert ItemQuery.objects.filter(state="permitted").count() == 1
    scene.world.cast.clock.advance(timedelta(seconds=60))
    assert scene.world.loop.run(scene.world.gateway.tidy()) == 1
    assert scene.world.leaves()[-1].type == "FAIL"
    kept = ItemQuery.objects.get(kind="verification")
    assert (kept.result, len(kept.claim)) == ("yes", 64)
    scene.world.cast.clock.advance(timedelta(days=731))
    scene.world.loop.run(scene.world.gateway.tidy())
    kept.refresh_from_db()
    assert (kept.result, kept.claim, kept.guess, kept.state) == ("", "", "", "released")


def test_e2_the_hub_stops_a_fourth_guess_though_the_firm_agreed_to_each(scene: Scene) -> None:
    guesses = [house(f"演示（2026）不动产权第{n:07d}号") for n in range(5)]
    row = scene.granted(*((HOUSE, guess) for guess in guesses))
    assert [scene.said(scene.verify(row, HOUSE, guess)) for guess in guesses[:3]] == ["not"] * 3
    calls = scene.node.calls
    refused = scene.verify(row, HOUSE, guesses[3], key="a-fourth-guess")
    assert outcome(refused) == (429, "VERIFICATION_BUDGET")
    assert refused.headers["retry-after"] == "86400"
    assert scene.node.calls == calls
    assert scene.world.leaves("DENY")[-1].facts["code"] == "VERIFICATION_BUDGET"
    assert scene.said(scene.verify(row, HOUSE, guesses[0])) == "not"
    scene.world.cast.clock.advance(timedelta(hours=24))
    make_checkpoint(at=scene.world.cast.now)
    scene.world.bank.login()
    scene.node.app.service.trust.accept(_directory(scene), scene.world.cast.now)
    assert scene.said(scene.verify(row, HOUSE, guesses[3], key="a-fourth-guess")) == "not"


def _directory(scene: Scene) -> str:
    from xinqiao.hub.apps.identity import services as identity

    return identity.directory(at=scene.world.cast.now)


def test_a_spent_budget_is_told_to_both_parties_once_a_day(scene: Scene) -> None:
    guesses = [house(f"演示（2026）不动产权第{n:07d}号") for n in range(4)]
    row = scene.granted(*((HOUSE, guess) for guess in guesses))
    for guess in (*guesses, guesses[3]):
        scene.verify(row, HOUSE, guess)
    cast = scene.world.cast
    (bank,) = [one for one in notices(cast.bank) if one.kind == "items_budget"]
    (firm,) = [one for one in notices(cast.owner) if one.kind == "items_budget_firm"]
    assert (bank.facts["enterprise"], firm.facts["institution"]) == ("远山农机有限公司", "岚江农商银行")
    assert not [one for one in notices(cast.stranger) if one.kind.startswith("items_budget")]


def test_e1_the_hub_answers_on_its_own_grid_whatever_the_node_said(scene: Scene, settings) -> None:
    settings.ITEM_GRID_MS = 40
    clock = TestClock()
    scene.world.gateway.pace = clock.pace()
    row = scene.granted((HOUSE, house()), (MARRIAGE, marriage("10")))
    answers = [scene.verify(row, HOUSE, house()), scene.verify(row, MARRIAGE, marriage("10"))]
    assert scene.query(row).status_code == 200  # a call has no secret of time
    (scene.node.home / "items" / f"{HOUSE}.csv").write_text("x\n", encoding="utf-8")
    scene.node.app.items.store._checked_at = float("-inf")
    failed = scene.verify(row, HOUSE, house())
    assert [answer.status_code for answer in (*answers, failed)] == [200, 200, 502]
    # the node's own clock stands still, so each waited one whole slot
    assert clock.slept == pytest.approx([0.04] * 3)


def test_the_budgets_are_the_operators(scene: Scene, settings) -> None:
    settings.ITEM_GUESSES = 1
    guesses = [house(f"演示（2026）不动产权第{n:07d}号") for n in range(2)]
    row = scene.granted(*((HOUSE, guess) for guess in guesses))
    assert [scene.verify(row, HOUSE, guess).status_code for guess in guesses] == [200, 429]


def test_e2_guesses_at_once_are_counted_one_by_one(scene: Scene) -> None:
    import asyncio

    guesses = [house(f"演示（2026）不动产权第{n:07d}号") for n in range(6)]
    row = scene.granted(*((HOUSE, guess) for guess in guesses))
    bank = scene.world.bank

    async def together() -> list[httpx.Response]:
        async def one(guess: dict[str, str]) -> httpx.Response:
            content = json.dumps(scene.claim_body(row, HOUSE, guess)).encode()
            headers = bank.signed("POST", VERIFICATIONS, content, idempotency_key=secrets.token_urlsafe(18))
            return await bank.raw_async("POST", VERIFICATIONS, headers, content)

        return await asyncio.gather(*(one(guess) for guess in guesses))

    assert sorted(answer.status_code for answer in scene.world.loop.run(together())) == [200] * 3 + [429] * 3


def test_a_tuple_the_firm_did_not_agree_to_is_refused_before_any_node(scene: Scene) -> None:
    row = scene.granted((HOUSE, house()))
    for values, salt in ((house("演示（2026）不动产权第0000099号"), SALT), (house(), "9c" * 32)):
        assert outcome(scene.verify(row, HOUSE, values, salt)) == (403, "SCOPE_EXCEEDED")
    assert scene.node.calls == 0


def test_a_statement_that_says_something_else_is_refused(scene: Scene) -> None:
    row = scene.granted()
    body, _ = scene.prepared(row)
    other, _ = scene.prepared(row, fields=["uscc"])
    mixed = {**body, "statement": other["statement"]}
    assert outcome(scene.world.bank.post(QUERIES, mixed, key="mixed-up-0001")) == (401, "SIGNATURE_INVALID")


def test_the_institution_asks_by_the_interface_and_the_values_stay_encrypted(scene: Scene) -> None:
    body = {
        "subject_uscc": OWNER_USCC,
        "purpose": "loan_application",
        "business_ref": "SX-API-1",
        "operator": {"name": "丁一", "department": "公司业务部"},
        "items": [{"item": ARREARS, "fields": ["uscc", "status"]}],
        "claims": [{"item": HOUSE, "values": house(), "salt": SALT}],
        "valid": {"days": 30},
        "frequency": {"max": 3},
    }
    answer = scene.world.bank.post("/api/v1/items/authorisation-requests", body, key="ask-items-0001")
    assert answer.status_code == 201, answer.text
    assert (
        scene.world.bank.post("/api/v1/items/authorisation-requests", body, key="ask-items-0001").json()
        == answer.json()
    )
    view = scene.world.bank.get(answer.json()["links"]["self"]).json()
    assert (view["state"], view["granted_items"], view["asked_claims"][0]["item"]) == (
        "requested",
        None,
        HOUSE,
    )
    assert CERTIFICATE not in json.dumps(view)
    bad = {
        **body,
        "business_ref": "SX-API-2",
        "claims": [{"item": HOUSE, "values": {"owner_name": "甲"}, "salt": SALT}],
    }
    refused = scene.world.bank.post("/api/v1/items/authorisation-requests", bad, key="ask-items-0002")
    assert outcome(refused) == (422, "INVALID")


def test_nothing_of_a_record_or_a_claim_is_stored_or_logged_by_the_hub(scene: Scene, caplog, capfd) -> None:
    import logging

    caplog.set_level(logging.DEBUG)
    row = scene.granted((HOUSE, house()), (MARRIAGE, marriage()))
    assert scene.query(row).status_code == 200
    assert scene.said(scene.verify(row, HOUSE, house())) == "yes"
    assert scene.said(scene.verify(row, MARRIAGE, marriage())) == "yes"
    scene.verify(row, HOUSE, house("演示（2026）不动产权第0000099号"))
    captured = capfd.readouterr()
    written = [caplog.text, captured.out, captured.err]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if "demo" not in table:
                cursor.execute(f'SELECT * FROM "{table}"')
                written += [str(values) for values in cursor.fetchall()]
    written += [bytes(leaf.body).decode() for leaf in Leaf.objects.all()]
    for canary in (ARREARS_CANARY, OFFICE_CANARY, CERTIFICATE, "0000077", OWNER_ID, SALT):
        assert not [text for text in written if canary in text], canary


def test_the_log_of_items_passes_the_offline_rules(scene: Scene) -> None:
    row = scene.granted((HOUSE, house()))
    scene.query(row)
    scene.verify(row, HOUSE, house())
    scene.query(row, fields=["late_fee"])
    scene.items.withdraw(ItemAuthorisation.objects.get(id=row.id))
    findings = Findings()
    order = BusinessOrder(findings)
    for leaf in scene.world.leaves():
        order.feed(
            leaf.index,
            instant_text(leaf.at),
            leaf.type,
            leaf.ids,
            leaf.facts,
        )
    order.finish()
    assert findings.problems == []
