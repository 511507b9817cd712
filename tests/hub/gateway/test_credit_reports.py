"""Credit reports through the interface: made once, signed, counted; a key repeated, foreign, withdrawn, looked up."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.hub.cast import OWNER_USCC
from tests.hub.gateway.conftest import World
from tests.hub.gateway.department import ARREARS_CANARY, DepartmentNode
from tests.hub.gateway.desk import PUBLIC, Desk
from tests.hub.items_cast import ARREARS, TAX, ItemCast
from tests.hub.reports.conftest import WATER, make_holdings

from xinqiao.catalogue import load
from xinqiao.client import Anchor, AsyncClient, Operator
from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.consent import Purpose
from xinqiao.domain.report import Availability
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.fundflow.models import IdempotencyKey
from xinqiao.hub.apps.identity.directory import anchor
from xinqiao.hub.apps.items.models import ItemAuthorisation
from xinqiao.hub.apps.reports.models import CreditReport, ReportQuery
from xinqiao.hub.gateway import handlers_reports
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, verify_jws

REPORTS = "/api/v1/credit-reports"
PORTRAITS = "/api/v1/portraits"


@dataclass
class Scene:
    """The world with a department, and what the bank may ask."""

    world: World
    items: ItemCast

    def granted(self, **changes) -> ItemAuthorisation:
        return self.items.confirm(
            self.items.requested(grants=frozenset({TAX, WATER}), report=True, **changes)
        )

    def ask(
        self, *rows: ItemAuthorisation, desk: Desk | None = None, key: str | None = None, **changes: Json
    ) -> httpx.Response:
        body: dict[str, Json] = {
            "authorisations": [row.id for row in rows],
            "purpose": "loan_application",
            "operator": {"name": "丁一", "department": "公司业务部"},
            **changes,
        }
        return (desk or self.world.bank).post(REPORTS, body, key=key or secrets.token_urlsafe(18))


@pytest.fixture
def scene(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr(handlers_reports, "holdings_of", lambda uscc: make_holdings())
    node = DepartmentNode(tmp_path / "department", world.cast)
    world.loop.run(node.start())
    node.open()
    yield Scene(world, ItemCast(world.cast))
    world.loop.run(node.stop())


def test_a_report_is_made_signed_and_handed_out_once(scene: Scene) -> None:
    row = scene.granted()
    answer = scene.ask(row)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    keys = {key.kid: key for key in runtime.hub_verify_keys()}
    report = verify_jws(
        made["report"], keys, typ=ArtefactType.CREDIT_REPORT, at=runtime.clock.now(), max_bytes=1 << 20
    )
    assert digest_hex(report) == made["digest"] == CreditReport.objects.get().digest
    shown = {
        section["item"]: section["availability"]
        for chapter in report["chapters"]
        for section in chapter["sections"]
    }
    assert (shown[ARREARS], shown["water_fee"], shown["ip_pledge"]) == ("shown", "shown", "not_authorised")
    assert made["uses_left"] == 4
    assert [leaf.type for leaf in scene.world.leaves()[-4:]] == ["PERMIT", "USE", "PERMIT", "USE"]


def test_a_repeated_key_gets_no_second_report_and_nothing_was_kept_for_it(scene: Scene) -> None:
    row = scene.granted()
    assert scene.ask(row, key="the-same-key-1").status_code == 201
    again = scene.ask(row, key="the-same-key-1")
    assert (again.status_code, again.json()["code"]) == (410, "GONE_EXPIRED")
    assert CreditReport.objects.count() == 1
    assert ItemAuthorisation.objects.get(id=row.id).uses == 2
    kept = json.dumps(list(IdempotencyKey.objects.values("body", "object_id")), ensure_ascii=False)
    assert ARREARS_CANARY not in kept
    other = scene.ask(row, key="the-same-key-1", calls=[])
    assert other.json()["code"] == "IDEMPOTENCY_MISMATCH"
    scene.items.withdraw(row)
    assert scene.ask(row, key="the-same-key-1").json()["code"] == "GONE_REVOKED"


def test_a_refusal_is_signed_stored_under_its_key_and_leads_to_its_leaf(scene: Scene) -> None:
    row = scene.granted()
    scene.items.withdraw(row)
    first = scene.ask(row, key="the-same-key-2")
    assert (first.status_code, first.json()["code"]) == (403, "CONSENT_REVOKED")
    leaf = first.json()["denial_leaf"]["index"]
    assert Leaf.objects.get(index=leaf).type == "DENY"
    before = Leaf.objects.count()
    assert scene.ask(row, key="the-same-key-2").json() == first.json()
    assert Leaf.objects.count() == before
    assert ReportQuery.objects.get().state == "denied"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"purpose": "post_loan"}, 403, "PURPOSE_MISMATCH"),
        ({"calls": ["deferred_tax"]}, 403, "SCOPE_EXCEEDED"),
        ({"authorisations": []}, 422, "INVALID"),
        ({"authorisations": ["ita-" + "0" * 32]}, 403, "CONSENT_MISSING"),
        ({"format": "pdf"}, 422, "UNKNOWN_FIELD"),
    ],
)
def test_what_is_not_granted_or_not_understood_is_refused(
    scene: Scene, changes: dict[str, Json], status: int, code: str
) -> None:
    answer = scene.ask(scene.granted(), **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not CreditReport.objects.exists()


def test_another_institution_is_refused_and_finds_nothing(scene: Scene) -> None:
    row = scene.granted()
    made = scene.ask(row).json()
    world = scene.world
    foreign = scene.ask(row, desk=world.outsider)
    assert (foreign.status_code, foreign.json()["code"]) == (403, "CONSENT_GRANTEE_MISMATCH")
    for path in (f"{REPORTS}/{made['id']}", f"{REPORTS}/crq-{'0' * 32}"):
        assert world.outsider.get(path).json()["code"] == "NOT_FOUND"
    listed = world.outsider.get(REPORTS).json()["items"]
    assert [(one["state"], one["subject_uscc"], one["authorisation_id"]) for one in listed] == [
        ("denied", None, None)
    ]


def test_records_are_looked_up_without_content(scene: Scene) -> None:
    row = scene.granted()
    made = scene.ask(row, calls=[]).json()
    one = scene.world.bank.get(f"{REPORTS}/{made['id']}").json()
    assert (one["number"], one["digest"], one["state"]) == (made["number"], made["digest"], "released")
    assert one["calls"] == []
    assert "某桥加固" not in json.dumps(one, ensure_ascii=False)
    assert scene.world.bank.get(REPORTS).json()["items"] == [one]
    ours = scene.world.bank.get("/api/v1/items/authorisations").json()["items"]
    assert [(item["id"], item["report"]) for item in ours] == [(row.id, True)]


def test_anybody_may_check_the_code_of_a_report(scene: Scene) -> None:
    made = scene.ask(scene.granted(), calls=[]).json()
    body = {"verify_code": made["verify_code"], "digest": made["digest"]}
    found = scene.world.bank.ask("/api/v1/products/verify", body).json()
    assert (found["authentic"], found["report_no"], found["product"]) == (True, made["number"], None)


def test_the_sdk_and_the_platform_understand_each_other(scene: Scene) -> None:
    row, world = scene.granted(), scene.world
    sdk = AsyncClient(
        PUBLIC, world.bank.institution_id, world.bank.key, anchor=Anchor.from_json(anchor()), clock=world.cast.clock,
        transport=httpx.ASGITransport(app=world.app),  # type: ignore[arg-type]
    )  # fmt: skip
    lin = Operator(name="林知远", department="小企业信贷部")
    (ours,) = world.loop.run(sdk.items.authorisations()).items
    assert ours.report
    made = world.loop.run(sdk.credit.report([row.id], Purpose.LOAN_APPLICATION, lin))
    shown = [one.item.id for one in made.chapters(load()).sections if one.availability is Availability.SHOWN]
    assert ARREARS in shown
    assert [call.answered for call in made.beside().calls] == [True]
    assert made.subject_uscc == OWNER_USCC
    assert world.loop.run(sdk.credit.record(made.id)).digest == made.digest
    assert [one.number for one in world.loop.run(sdk.credit.records())] == [made.number]
    assert world.loop.run(sdk.verify_product(verify_code=made.verify_code)).report_no == made.number
    portrait = world.loop.run(sdk.credit.portrait([row.id], Purpose.LOAN_APPLICATION, lin))
    assert {one.figure.id: one.value for one in portrait.portrait().readings}["P11"] == 0
    assert world.loop.run(sdk.credit.record(portrait.id)).kind == "portrait"
    asked = sdk.items.request(
        subject_uscc=OWNER_USCC, purpose=Purpose.LOAN_APPLICATION, business_ref="SX-SDK", operator=lin,
        items={"water_fee": ["uscc", "arrears_amount"]}, report=True,
    )  # fmt: skip
    request = world.loop.run(asked)
    assert world.loop.run(sdk.items.authorisation(request.id)).report
    world.loop.run(sdk.close())


def test_a_portrait_is_made_signed_and_handed_out_once(scene: Scene) -> None:
    row, world = scene.granted(), scene.world
    body: dict[str, Json] = {
        "authorisations": [row.id], "purpose": "loan_application", "operator": {"name": "丁一", "department": "公司业务部"}
    }  # fmt: skip
    made = world.bank.post(PORTRAITS, body, key="portrait-key-1")
    assert made.status_code == 201, made.text
    told, keys = made.json(), {key.kid: key for key in runtime.hub_verify_keys()}
    document = verify_jws(
        told["portrait"], keys, typ=ArtefactType.PORTRAIT, at=runtime.clock.now(), max_bytes=1 << 20
    )
    assert digest_hex(document) == told["digest"] == CreditReport.objects.get().digest
    assert document["institution"]["id"] == world.bank.institution_id
    reasons = {one["id"]: one["null_reason"] for one in document["figures"]}
    assert (reasons["P14"], reasons["P01"]) == ("NOT_AUTHORISED", "NOT_COLLECTED")
    assert world.bank.post(PORTRAITS, body, key="portrait-key-1").json()["code"] == "GONE_EXPIRED"
    assert ItemAuthorisation.objects.get(id=row.id).uses == 1
    record = world.bank.get(f"{REPORTS}/{told['id']}").json()
    assert (record["kind"], record["number"], record["digest"]) == (
        "portrait",
        told["number"],
        told["digest"],
    )
    foreign = world.outsider.post(PORTRAITS, body, key="portrait-key-2")
    assert foreign.json()["code"] == "CONSENT_GRANTEE_MISMATCH"
    unknown = world.bank.post(PORTRAITS, {**body, "calls": []}, key="portrait-key-3")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "UNKNOWN_FIELD")
    scene.items.withdraw(row)
    refused = world.bank.post(PORTRAITS, body, key="portrait-key-4")
    assert (refused.status_code, refused.json()["code"]) == (403, "CONSENT_REVOKED")
    assert Leaf.objects.get(index=refused.json()["denial_leaf"]["index"]).type == "DENY"
