"""Ownership checks, entrustments and terminations (fund-flow rules 4)."""

from datetime import timedelta

import pytest

from xinqiao.provider.testing import CLOSED, FIRM, OTHER, SPECIAL, Holder, NodeFixture
from xinqiao.trust.jws import ArtefactType, sign_jws


def test_a_passed_check_says_what_the_bank_knows_of_the_account(node: NodeFixture) -> None:
    assert node.check().json() == {
        "link": FIRM.link, "result": "pass", "masked": "9901****0001", "bank_name": "岚江农村商业银行（演示）",
        "cnaps": "901990100009", "account_kind": "basic", "currency": "CNY", "status": "active",
        "opened_on": "2023-08-01",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "澄州禾木家具（演示）有限公司",
        "澄州禾木家具(演示)有限公司",
        "澄州禾木家具〔演示〕有限公司",
        " 澄州禾木家具 （演示） 有限公司 ",
    ],
)
def test_a_name_passes_in_every_spelling_of_its_brackets_and_spaces(node: NodeFixture, name: str) -> None:
    assert node.check(name=name).json()["result"] == "pass"


@pytest.mark.parametrize(
    ("holder", "changes", "result"),
    [
        (FIRM, {"name": OTHER.name}, "name_mismatch"),
        (FIRM, {"uscc": OTHER.uscc}, "name_mismatch"),
        (FIRM, {"name": "澄州禾木家具演示有限公司"}, "name_mismatch"),
        (FIRM, {"account_no": "990100000000009999"}, "not_found"),
        (CLOSED, {}, "closed"),
        (SPECIAL, {}, "not_eligible"),
        (FIRM, {"account_kind": "savings"}, "not_eligible"),
        # a stranger's name at a closed account learns nothing about the account's state
        (CLOSED, {"name": FIRM.name}, "name_mismatch"),
    ],
)
def test_what_does_not_pass_says_the_result_and_nothing_else(
    node: NodeFixture, holder: Holder, changes: dict[str, str], result: str
) -> None:
    assert node.check(holder, **changes).json() == {"link": holder.link, "result": result}
    assert node.ledger() == [("ownership", result)]


def test_an_account_number_may_be_written_with_spaces(node: NodeFixture) -> None:
    assert node.check(account_no="9901 0000 0000 0000 01").json()["result"] == "pass"
    owned = node.service.records.ownership(FIRM.link)
    assert owned is not None
    assert owned.account_no == FIRM.account_no


def test_the_bank_says_what_kind_its_account_is_whatever_was_chosen(node: NodeFixture) -> None:
    answer = node.check(account_kind="general").json()
    assert (answer["result"], answer["account_kind"]) == ("pass", "basic")
    owned = node.service.records.ownership(FIRM.link)
    assert owned is not None
    assert owned.account_kind == "basic"


def test_a_link_never_moves_to_another_account(node: NodeFixture) -> None:
    node.check()
    answer = node.check(OTHER, link=FIRM.link)
    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT_DUPLICATE")
    owned = node.service.records.ownership(FIRM.link)
    assert owned is not None
    assert owned.account_no == FIRM.account_no


def test_an_entrustment_is_stored_and_storing_it_again_changes_nothing(node: NodeFixture) -> None:
    node.check()
    token = sign_jws(node.hub.entrustment_claims(), node.hub.key, ArtefactType.ENTRUSTMENT)
    first = node.post("/node/v1/entrustments", {"entrustment": token})
    node.clock.advance(timedelta(seconds=5))
    second = node.post("/node/v1/entrustments", {"entrustment": token})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert [event for event, _code in node.ledger()].count("entrusted") == 1


def test_an_entrustment_without_a_passed_check_is_refused(node: NodeFixture) -> None:
    token = sign_jws(node.hub.entrustment_claims(), node.hub.key, ArtefactType.ENTRUSTMENT)
    for _ in range(2):
        answer = node.post("/node/v1/entrustments", {"entrustment": token})
        assert (answer.status_code, answer.json()["code"]) == (403, "ENTRUSTMENT_MISSING")
        node.check(name="另一家有限公司")  # a check that fails opens nothing


def test_an_entrustment_of_another_firm_or_provider_is_refused(node: NodeFixture) -> None:
    node.check()
    for change, code in (
        ({"subject": OTHER.uscc}, "ENTRUSTMENT_MISSING"),
        ({"provider": "nod-" + "2" * 32}, "AUDIENCE_MISMATCH"),
        ({"account": OTHER.link}, "ENTRUSTMENT_MISSING"),
    ):
        claims = node.hub.entrustment_claims(FIRM, **change)
        token = sign_jws(claims, node.hub.key, ArtefactType.ENTRUSTMENT)
        answer = node.post("/node/v1/entrustments", {"entrustment": token})
        assert (answer.status_code, answer.json()["code"]) == (403, code)


def test_an_entrustment_must_be_signed_by_the_hub_and_be_an_entrustment(node: NodeFixture) -> None:
    node.check()
    claims = node.hub.entrustment_claims()
    for token, code in (
        (sign_jws(claims, node.hub.institution_key, ArtefactType.ENTRUSTMENT), "SIGNATURE_INVALID"),
        (sign_jws(claims, node.hub.key, ArtefactType.AUTHORISATION), "TOKEN_TYPE"),
        ("not.a.token", "SIGNATURE_INVALID"),
        ("没有签名", "SIGNATURE_INVALID"),
    ):
        answer = node.post("/node/v1/entrustments", {"entrustment": token})
        assert (answer.status_code, answer.json()["code"]) == (401, code)


def test_a_second_artefact_under_the_same_id_is_a_conflict(node: NodeFixture) -> None:
    node.entrust()
    node.clock.advance(timedelta(seconds=1))
    token = sign_jws(node.hub.entrustment_claims(), node.hub.key, ArtefactType.ENTRUSTMENT)
    answer = node.post("/node/v1/entrustments", {"entrustment": token})
    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT_DUPLICATE")


def test_an_end_is_recorded_once_and_only_for_what_is_here(node: NodeFixture) -> None:
    node.entrust()
    token = node.hub.termination()
    for _ in range(2):
        assert node.post("/node/v1/terminations", {"termination": token}).status_code == 200
    assert [event for event, _code in node.ledger()].count("terminated") == 1
    for change, status in (
        ({"id": "etr-" + "f" * 32}, 404),
        ({"account": OTHER.link}, 404),
        ({"aud": "nod-" + "2" * 32}, 403),
        ({"kind": "authorisation"}, 403),
    ):
        answer = node.post("/node/v1/terminations", {"termination": node.hub.termination(FIRM, **change)})
        assert answer.status_code == status


def test_an_account_entrusted_anew_after_its_end_is_served_again(node: NodeFixture) -> None:
    node.entrust()
    node.post("/node/v1/terminations", {"termination": node.hub.termination()})
    node.clock.advance(timedelta(seconds=1))
    from xinqiao.domain.consent import Entrustment

    claims = node.hub.entrustment_claims(FIRM, id="etr-" + "e" * 32)
    token = sign_jws(claims, node.hub.key, ArtefactType.ENTRUSTMENT)
    assert node.post("/node/v1/entrustments", {"entrustment": token}).status_code == 201
    assert node.ask(node.hub.permit(Entrustment.from_claims(claims))).status_code == 200


def test_the_bound_list_holds_live_accounts_of_the_holder_only(node: NodeFixture) -> None:
    node.entrust(FIRM)
    node.entrust(OTHER)
    assert node.service.records.bound_accounts(FIRM.uscc) == (FIRM.account_no,)
    node.post("/node/v1/terminations", {"termination": node.hub.termination()})
    assert node.service.records.bound_accounts(FIRM.uscc) == ()
