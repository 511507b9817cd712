"""One query from the institution's key to the node and back, and everything that can be proved about it afterwards."""

import hashlib
import json
from pathlib import Path

from tests.hub.cast import uscc
from tests.hub.gateway.conftest import World
from tests.hub.gateway.desk import CANARY, QUERIES, claims_of

from xinqiao.hub.apps.fundflow.models import Query
from xinqiao.hub.runtime import runtime
from xinqiao.trust.encoding import b64
from xinqiao.trust.jws import ArtefactType, verify_jws
from xinqiao.trust.verify import verify_file


def test_a_query_is_released_opened_and_proved(world: World) -> None:
    sent = world.bank.prepare(world.granted, world.account)
    answer = world.bank.send(sent)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert world.bank.open(answer, sent.key, world.node)["note"] == CANARY
    assert found["uses_left"] == 2
    hub = {key.kid: key for key in runtime.hub_verify_keys()}
    permit = verify_jws(found["permit"], hub, typ=ArtefactType.PERMIT, at=world.cast.now)
    assert permit["request_digest"] == hashlib.sha256(str(sent.body["statement"]).encode()).hexdigest()
    permits, uses = world.leaves("PERMIT"), world.leaves("USE")
    assert (
        [leaf.ids["permit"] for leaf in permits] == [leaf.ids["permit"] for leaf in uses] == [permit["jti"]]
    )
    use = uses[0]
    assert (use.index, use.hash.hex()) == (found["use_leaf"]["index"], found["use_leaf"]["hash"])
    assert use.facts["product_digest"] == hashlib.sha256(found["product"].encode()).hexdigest()
    assert use.facts["receipt"] == hashlib.sha256(found["receipt"].encode()).hexdigest()
    row = Query.objects.get(id=found["id"])
    assert (row.state, row.end_leaf, row.enterprise_id) == (
        "released",
        use.index,
        world.cast.owner.enterprise_id,
    )
    world.granted.refresh_from_db()
    assert world.granted.uses == 1


def test_the_record_and_the_verification_tell_no_content(world: World) -> None:
    released = world.bank.query(world.granted, world.account).json()
    record = world.bank.get(f"{QUERIES}/{released['id']}").json()
    assert (record["state"], record["sealed"]) == ("released", released["product"])
    listed = world.bank.get(f"{QUERIES}?state=released").json()
    assert [item["id"] for item in listed["items"]] == [released["id"]]
    digest = claims_of(released["receipt"])["product_digest"]
    for body in (
        {"verify_code": released["verify_code"], "digest": digest},
        {"receipt": released["receipt"]},
    ):
        answer = world.bank.ask("/api/v1/products/verify", body)
        assert answer.json()["authentic"] is True
        assert set(answer.json()) == {
            "authentic", "report_no", "product", "released_at", "leaf_index", "digest_matches",
        }  # fmt: skip
    head, _, rest = released["receipt"].partition(".")
    nul = json.dumps({"jti": "\0"}).encode()
    for receipt in (
        "x",
        f"{head}.",
        f"{head}.e30.x",
        f"{head}.{b64(b'[1]')}.x",
        f"{head}.{b64(nul)}.x",
        f"x.{rest}",
    ):
        answer = world.bank.ask("/api/v1/products/verify", {"receipt": receipt})
        assert (answer.status_code, answer.json()["authentic"]) == (200, False), receipt
    wrong = world.bank.ask(
        "/api/v1/products/verify", {"verify_code": released["verify_code"], "digest": "0" * 64}
    )
    assert wrong.json() == {**wrong.json(), "authentic": False, "digest_matches": False}
    assert (
        world.bank.ask("/api/v1/products/verify", {"verify_code": "AAAA-BBBB-CCCC"}).json()["authentic"]
        is False
    )


def test_the_exported_ledger_verifies_offline_and_holds_only_what_names_the_asker(
    world: World, tmp_path: Path
) -> None:
    world.bank.query(world.granted, world.account)
    world.outsider.query(world.granted, world.account)
    for desk in (world.bank, world.outsider):
        answer = desk.get("/api/v1/ledger")
        path = tmp_path / f"{desk.institution_id}.jsonl"
        path.write_bytes(answer.content)
        report = verify_file(path, trusted_keys=runtime.hub_verify_keys())
        assert report.ok, report
        lines = [json.loads(line) for line in answer.content.splitlines()]
        shown = [json.loads(line["leaf"]) for line in lines if "leaf" in line]
        mine = [leaf for leaf in world.leaves() if leaf.ids.get("institution") == desk.institution_id]
        assert [leaf["i"] for leaf in shown] == [leaf.index for leaf in mine]
        assert ("USE" in {leaf["type"] for leaf in shown}) == (desk is world.bank)


def test_a_request_is_asked_followed_and_repeated_by_its_key(world: World) -> None:
    body = {
        "subject_uscc": world.granted.enterprise.uscc,
        "purpose": "post_loan",
        "business_ref": "SQ-0002",
        "operator": {"name": "丁一", "department": "公司业务部"},
        "authorization_details": [
            {
                "type": "fundflow_query_v1",
                "actions": ["query"],
                "datatypes": ["FLOW_REPORT:1", "FLOW_SUMMARY"],
                "accounts": "subject_choice",
                "data_range": {"months": 24},
                "valid": {"days": 30},
                "frequency": {"max": 3},
                "include_balance": True,
            }
        ],
        "message": "请授权",
    }
    first = world.bank.post("/api/v1/authorisation-requests", body, key="request-0001")
    assert first.status_code == 201, first.text
    again = world.bank.post("/api/v1/authorisation-requests", body, key="request-0001")
    assert (again.status_code, again.content) == (201, first.content)
    found = world.bank.get(first.json()["links"]["self"]).json()
    assert (found["state"], found["granted"], found["allowed_actions"]) == ("requested", None, [])
    assert found["requested"]["datatypes"] == ["FLOW_REPORT", "FLOW_SUMMARY"]
    given = world.bank.get(f"/api/v1/authorisations/{world.granted.id}").json()
    assert [one["link"] for one in given["granted"]["accounts"]] == [world.account.id]
    assert given["allowed_actions"] == ["query"]
    assert [one["type"] for one in given["artefacts"]].count("authorisation") == 1
    page = world.bank.get("/api/v1/authorisations?limit=1").json()
    rest = world.bank.get(f"/api/v1/authorisations?limit=1&cursor={page['next_cursor']}").json()
    assert {page["items"][0]["id"], rest["items"][0]["id"]} == {found["id"], given["id"]}


def test_a_firm_without_a_data_account_is_invited(world: World) -> None:
    known = world.bank.get(f"/api/v1/enterprises/{world.granted.enterprise.uscc}").json()
    assert known["has_data_account"] is True
    code = uscc("91330100MA2XQY009")
    assert world.bank.get(f"/api/v1/enterprises/{code}").json() == {
        "uscc": code, "has_data_account": False, "name": None,
    }  # fmt: skip
    body = {"uscc": code, "operator": {"name": "丁一", "department": "公司业务部"}}
    invited = world.bank.post("/api/v1/invitations", body, key="invite-00001")
    assert (invited.status_code, invited.json()["state"]) == (201, "open")
