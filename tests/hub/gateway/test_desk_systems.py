"""The platform's own systems at the interface: let in by a key, they read what the desk sees and do what its people say."""

import json
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.hub.cast import YEARS
from tests.hub.gateway.conftest import World
from tests.hub.gateway.desk import PUBLIC
from tests.hub.gateway.item_scene import LoopTransport
from tests.hub.gateway.test_collection import SourceDesk
from tests.hub.gateway.test_matters import OBJECTIONS as AT_SOURCE
from tests.hub.gateway.test_matters import Desks, desks, send
from tests.hub.redress.bench import DOCUMENT, PDF, WATER

from xinqiao.cli import main
from xinqiao.client import Anchor, DeskClient, Handled
from xinqiao.domain.canonical import Json
from xinqiao.domain.coordination import TicketKind, TicketState
from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale
from xinqiao.domain.objection import RecordObjectionState
from xinqiao.domain.repair import RepairState
from xinqiao.hub.actors import OperatorActor, OperatorRole, SystemActor
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.directory import anchor
from xinqiao.hub.apps.notices.services import notify
from xinqiao.hub.apps.quality.models import Ticket
from xinqiao.hub.apps.redress import services
from xinqiao.hub.apps.redress.models import Objection, Repair
from xinqiao.trust.keys import SigningKey

__all__ = ["desks"]

SYSTEM = SystemActor("test")
BASE = "/api/v1/desk"
PERSON = "desk"


def system_of(world: World, name: str = "客服系统") -> SourceDesk:
    """A system of the platform that has a token."""
    key, now = SigningKey.generate(), world.cast.now
    row = identity.add_desk_key(
        actor=SYSTEM, name=name, jwk=key.public.to_jwk(), not_before=now - timedelta(days=1),
        not_after=now + YEARS, at=now,
    )  # fmt: skip
    desk = SourceDesk(world.cast, world.loop, world.app, row.id, key)
    assert desk.login().status_code == 200
    return desk


@pytest.fixture
def system(world: World, desks: Desks, person: None) -> SourceDesk:
    return system_of(world)


@pytest.fixture
def person(world: World) -> None:
    """Somebody of the desk."""
    identity.add_operator(
        actor=SYSTEM, login=PERSON, password="long-enough-password-1", roles=frozenset({OperatorRole.SERVICE}),
        at=world.cast.now,
    )  # fmt: skip


@pytest.fixture
def objection(desks: Desks) -> Objection:
    """One that nobody passed on yet."""
    uscc = desks.objection.enterprise.uscc
    row = {"uscc": uscc, "account_no": "0001", "period": "2026-10", "arrears_amount": Decimal("9.00")}
    desks.bench.hold(row, item=WATER)
    return desks.bench.objection(item=WATER, key="form-key-0002", field="arrears_amount")


def handled(row: Ticket | Objection | Repair, **more: Json) -> dict[str, Json]:
    row.refresh_from_db()
    return {"operator": PERSON, "version": row.version, **more}


def test_it_reads_all_and_the_others_tokens_open_nothing(
    desks: Desks, system: SourceDesk, objection: Objection, world: World
) -> None:
    listed = {
        name: system.get(f"{BASE}/{name}").json()["items"] for name in ("tickets", "objections", "repairs")
    }
    assert [one["id"] for one in listed["tickets"]] == [desks.ticket.id]
    assert {one["id"] for one in listed["objections"]} == {desks.objection.id, objection.id}
    assert [(one["id"], one["source"]) for one in listed["repairs"]] == [(desks.repair.id, "scjg")]
    assert system.get(f"{BASE}/repairs/{desks.repair.id}").json()["steps"][0]["event"] == "apply"
    assert system.get(f"{BASE}/tickets?source=lanshui").json()["items"] == []
    assert system.get(f"{BASE}/tickets?source=nobody").json()["code"] == "NOT_FOUND"
    assert system.get(f"{BASE}/objections/obj-{'0' * 32}").json()["code"] == "NOT_FOUND"
    for stranger in (desks.ours, world.bank):
        assert stranger.get(f"{BASE}/repairs").status_code == 401
    assert system.get(AT_SOURCE).status_code == 401
    assert system.get("/api/v1/authorisations").status_code == 401


def test_a_system_ends_at_once_and_is_let_in_by_the_security_officer_only(
    desks: Desks, system: SourceDesk, world: World
) -> None:
    now, key = world.cast.now, SigningKey.generate()
    given = {"name": "x", "jwk": key.public.to_jwk(), "not_before": now, "not_after": now + YEARS, "at": now}
    admin = OperatorActor("usr-admin", frozenset({OperatorRole.ADMIN}))
    waits = identity.propose_desk_key(actor=admin, **given)
    early = SourceDesk(world.cast, world.loop, world.app, waits.id, key)
    assert early.login().status_code == 401
    with pytest.raises(Forbidden):
        identity.approve_desk_key(actor=admin, desk_id=waits.id, at=now)
    identity.approve_desk_key(actor=SYSTEM, desk_id=waits.id, at=now)
    assert early.login().status_code == 200
    given |= {"jwk": SigningKey.generate().public.to_jwk()}
    for wrong in ({"name": " "}, {"not_after": now}, {"jwk": key.to_jwk(private=True)}):
        with pytest.raises(Invalid):
            identity.add_desk_key(actor=SYSTEM, **given | wrong)
    with pytest.raises(Conflict):
        identity.add_desk_key(actor=SYSTEM, **given | {"jwk": system.key.public.to_jwk()})
    with pytest.raises(Forbidden):
        identity.revoke_desk_key(actor=admin, desk_id=system.institution_id, at=now)
    with pytest.raises(NotFound):
        identity.revoke_desk_key(actor=SYSTEM, desk_id="dsk-" + "0" * 32, at=now)
    identity.revoke_desk_key(actor=SYSTEM, desk_id=system.institution_id, at=now)
    assert system.get(f"{BASE}/repairs").status_code == 401
    assert system.login().status_code == 401
    with pytest.raises(Conflict):
        identity.revoke_desk_key(actor=SYSTEM, desk_id=system.institution_id, at=now)


def cases(
    desks: Desks, objection: Objection
) -> list[tuple[str, Ticket | Objection | Repair, dict[str, Json]]]:
    return [
        (f"{BASE}/tickets/{desks.ticket.id}", desks.ticket, {"reason": "已当面说清"}),
        (f"{BASE}/objections/{objection.id}", objection, {"act": "forward"}),
        (f"{BASE}/repairs/{desks.repair.id}", desks.repair, {"act": "accept"}),
    ]


def test_only_people_of_the_desk_decide(desks: Desks, system: SourceDesk, objection: Objection) -> None:
    identity.add_operator(
        actor=SYSTEM, login="guard", password="long-enough-password-1", roles=frozenset({OperatorRole.SECURITY}),
        at=desks.world.cast.now,
    )  # fmt: skip
    for path, row, body in cases(desks, objection):
        for name in ("guard", "scjg.steward", "nobody"):
            refused = send(system, path, handled(row, **body) | {"operator": name})
            assert (refused.status_code, refused.json()["code"]) == (403, "ROLE_FORBIDDEN"), (path, name)
    opening = {"operator": "nobody", "source": "scjg", "item": WATER, "kind": "capacity", "text": "慢"}
    assert send(system, f"{BASE}/tickets", opening).json()["code"] == "ROLE_FORBIDDEN"


def test_it_counts_once_and_not_for_what_has_changed(
    desks: Desks, system: SourceDesk, objection: Objection
) -> None:
    for path, row, body in cases(desks, objection):
        absent = path.rpartition("/")[0] + f"/{row.id[:3]}-{'0' * 32}"
        assert send(system, absent, handled(row, **body)).json()["code"] == "NOT_FOUND"
        stale = handled(row, **body) | {"version": row.version + 1}
        assert send(system, path, stale).json()["code"] == "STALE"
        given, key = handled(row, **body), f"key-of-{row.id[:3]}-0001"
        first = send(system, path, given, key)
        assert first.status_code == 200, first.text
        assert send(system, path, given, key).json() == first.json()
        assert send(system, path, handled(row, **body)).json()["code"] == "ILLEGAL_MOVE"
    opening = {"operator": PERSON, "source": "scjg", "item": WATER, "kind": "capacity", "text": "接口很慢"}
    assert send(system, f"{BASE}/tickets", opening).json()["state"] == "open"
    assert send(system, f"{BASE}/tickets", opening).json()["code"] == "CONFLICT_DUPLICATE"
    assert send(system, f"{BASE}/tickets", opening | {"source": "nobody"}).json()["code"] == "NOT_FOUND"
    assert send(system, f"{BASE}/tickets", opening | {"item": "gas_fee"}).json()["code"] == "INVALID"


def test_the_content_of_evidence_is_for_those_who_see_its_matter(
    desks: Desks, system: SourceDesk, objection: Objection, world: World, tmp_path: Path
) -> None:
    (file,) = desks.ours.get(f"/api/v1/redress/repairs/{desks.repair.id}").json()["evidence"]
    at_source, at_desk = f"/api/v1/redress/evidence/{file['id']}", f"{BASE}/evidence/{file['id']}"
    for answer in (desks.ours.get(at_source), system.get(at_desk)):
        assert (answer.status_code, answer.content) == (200, PDF)
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-length"] == str(file["size"]) == str(len(PDF))
        assert answer.headers["content-disposition"] == f'attachment; filename="{file["id"]}.pdf"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert sha256(answer.content).hexdigest() == file["digest"]
    assert desks.theirs.get(at_source).json()["code"] == "NOT_FOUND"
    assert desks.ours.get(at_source[:-32] + "0" * 32).json()["code"] == "NOT_FOUND"
    assert world.bank.get(at_source).status_code == 401
    loose = desks.bench.proof()
    unattached = desks.ours.get(f"/api/v1/redress/evidence/{loose}").json()
    assert unattached["code"] == "NOT_FOUND", "attached to nothing yet"
    assert (
        desks.client(desks.ours).evidence(file["id"])
        == desk_client(desks, system).evidence(file["id"])
        == PDF
    )


def test_evidence_of_an_objection_reaches_its_source_when_it_is_passed_on(
    desks: Desks, system: SourceDesk
) -> None:
    uscc = desks.objection.enterprise.uscc
    desks.bench.hold({"uscc": uscc, "account_no": "0009", "period": "2026-09"}, item=WATER)
    proof = desks.bench.proof()
    row = desks.bench.objection(item=WATER, key="form-key-0003", evidence=[proof])
    path = f"/api/v1/redress/evidence/{proof}"
    assert desks.ours.get(path).json()["code"] == "NOT_FOUND"
    assert system.get(f"{BASE}/evidence/{proof}").content == PDF
    assert send(system, f"{BASE}/objections/{row.id}", handled(row, act="forward")).status_code == 200
    assert desks.ours.get(path).content == PDF


def desk_client(desks: Desks, system: SourceDesk) -> DeskClient:
    return DeskClient(
        PUBLIC, system.institution_id, system.key, anchor=Anchor.from_json(anchor()), clock=desks.world.cast.clock,
        transport=LoopTransport(desks.world.loop, desks.world.app), sleep=lambda _: None,
    )  # fmt: skip


def test_the_sdk_reads_and_handles(desks: Desks, system: SourceDesk, objection: Objection) -> None:
    client = desk_client(desks, system)
    made = client.open_ticket(
        operator=PERSON, source="scjg", item=WATER, kind=TicketKind.UNSTABLE, text="常断"
    )
    assert made in client.tickets(source="scjg") or made.id in {one.id for one in client.tickets()}
    with pytest.raises(Stale):
        client.close_ticket(made.id, Handled(PERSON, made.version + 1), reason="好了")
    assert (
        client.close_ticket(made.id, Handled(PERSON, made.version), reason="好了").state is TicketState.CLOSED
    )
    assert client.ticket(made.id).steps is not None
    assert len(client.objections()) == 2
    with pytest.raises(Conflict) as caught:
        client.handle_objection(
            desks.objection.id, Handled(PERSON, client.objection(desks.objection.id).version), act="leave_open",
            text="未能查明",
        )  # fmt: skip
    assert caught.value.code is Code.CONFLICT_STATE
    declined = client.handle_objection(
        objection.id, Handled(PERSON, objection.version), act="decline", text="不在受理范围"
    )
    assert (declined.state, declined.answer) == (RecordObjectionState.NOT_ACCEPTED, "不在受理范围")
    (repair,) = client.repairs()
    returned = client.handle_repair(
        repair.id, Handled(PERSON, repair.version), act="return", text="缺缴款凭证"
    )
    assert (returned.state, client.repair(repair.id).answer) == (RepairState.RETURNED, "缺缴款凭证")
    assert client.results().results["entries"] == []


def test_the_signed_results_go_on_where_they_stopped(desks: Desks, system: SourceDesk) -> None:
    row = services.accept_repair(
        actor=desks.bench.unit, repair_id=desks.repair.id, expected_version=desks.repair.version,
        at=desks.bench.now,
    )  # fmt: skip
    services.grant_repair(
        actor=desks.bench.unit,
        repair_id=row.id,
        answer="已履行",
        expected_version=row.version,
        at=desks.bench.now,
    )
    client = desk_client(desks, system)
    page = client.results()
    assert [one["record"] for one in page.results["entries"]] == [row.record_ref]
    assert client.results(after=page.results["next"]).results["entries"] == []


def test_an_institution_reads_what_changed_of_what_it_received(desks: Desks, world: World) -> None:
    def tell(institution: str, kind: str) -> str:
        facts = {"enterprise": "远山农机有限公司", "uscc": "91", "item": WATER, "number": "RP-1"}
        return notify(
            audience=("institution", institution), kind=kind, facts=facts, link="", at=world.cast.now
        ).id

    mine = world.bank.institution_id
    tell(mine, "authorisation_confirmed")
    first, second = tell(mine, "record_corrected"), tell(mine, "record_repaired")
    foreign = tell(world.outsider.institution_id, "record_restored")
    path = "/api/v1/redress/changes"
    page = world.bank.get(path).json()
    assert {(one["id"], one["kind"]) for one in page["items"]} == {(first, "corrected"), (second, "repaired")}
    assert page["next"] == page["items"][-1]["id"]
    assert world.bank.get(f"{path}?after={page['items'][0]['id']}").json()["items"] == page["items"][1:]
    last = world.bank.get(f"{path}?after={page['next']}").json()
    assert last == {"items": [], "next": page["next"]}
    assert world.bank.get(f"{path}?after={foreign}").json()["code"] == "INVALID"
    assert desks.ours.get(path).status_code == 401


def test_another_platforms_results_are_read_applied_and_taken_back(
    desks: Desks, system: SourceDesk, tmp_path: Path
) -> None:
    services.withdraw_repair(
        actor=desks.bench.cast.owner, repair_id=desks.repair.id, expected_version=desks.repair.version,
        at=desks.bench.now,
    )  # fmt: skip
    uscc, path = desks.repair.enterprise.uscc, f"{BASE}/repair-imports"
    content = f"统一社会信用代码,文书号,修复结果,修复日期\n{uscc},{DOCUMENT},已修复,2026-11-01\n{uscc},甲1号,已修复,2026-11-01\n"
    query = urlencode({"operator": PERSON, "platform": "信用中国", "file_name": "r.csv"})
    first = system.carry("POST", f"{path}?{query}", content.encode())
    assert (first.status_code, first.json()["matched"], first.json()["repeated"]) == (200, 1, False)
    again = system.carry("POST", f"{path}?{query}", content.encode()).json()
    assert (again["id"], again["repeated"]) == (first.json()["id"], True)
    assert system.carry("POST", f"{path}?{query}", b"a,b\n1,2\n").json()["code"] == "HEADER_MISMATCH"
    nobody = query.replace(f"operator={PERSON}", "operator=nobody")
    assert system.carry("POST", f"{path}?{nobody}", content.encode()).json()["code"] == "ROLE_FORBIDDEN"
    one = f"{path}/{again['id']}"
    body = {"operator": PERSON, "act": "apply", "version": 1}
    assert send(system, one, body | {"version": 9}).json()["code"] == "STALE"
    assert send(system, f"{path}/rim-{'0' * 32}", body).json()["code"] == "NOT_FOUND"
    assert len(desks.bench.lines()) == 1
    done = send(system, one, body, "one-key-of-import").json()
    assert [row["state"] for row in done["results"]] == ["applied", "listed"]
    assert (done["applied"], done["listed"], desks.bench.lines()) == (1, 1, [])
    assert send(system, one, body, "one-key-of-import").json() == done
    assert send(system, one, body).json()["code"] == "STALE"
    undo = {"operator": PERSON, "act": "undo", "version": 2, "text": "那边撤销了"}
    assert send(system, one, undo).json()["code"] == "INVALID"
    assert send(system, one, undo | {"line": 2, "version": 1}).json()["code"] == "STALE"
    assert send(system, one, undo | {"line": 2}).json()["results"][0]["state"] == "undone"
    assert send(system, one, undo | {"line": 2}).json()["code"] == "CONFLICT_STATE"
    assert len(desks.bench.lines()) == 1
    client = desk_client(desks, system)
    assert [row.id for row in client.imports()] == [again["id"]]
    assert client.repair_import(again["id"]).results is not None
    (tmp_path / "r.jsonl").write_text(
        json.dumps(
            {"uscc": uscc, "record": desks.bench.ref(), "decision": "repaired", "decided_on": "2026-11-02"}
        )
        + "\n"
    )
    read = client.read_results(tmp_path / "r.jsonl", platform="邻省平台", operator=PERSON)
    assert client.apply_results(read.id, Handled(PERSON, read.version)).applied == 1
    assert client.undo_result(read.id, Handled(PERSON, 2), line=1, text="弄错了").applied == 1
    assert desks.ours.get(path).status_code == 401


def test_the_commands_let_a_system_in_and_speak_for_an_operator(
    desks: Desks,
    person: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from xinqiao.cli import desk as command
    from xinqiao.cli import operator

    monkeypatch.setattr(operator, "database_ready", lambda: True)

    def run(*words: str) -> tuple[int, str, str]:
        status = main([*words])
        said = capsys.readouterr()
        return status, said.out, said.err

    home = tmp_path / "desk"
    (tmp_path / "anchor.json").write_text(json.dumps(anchor()))
    status, jwk, _ = run(
        "desk", "init", str(home), "--hub", PUBLIC, "--anchor", str(tmp_path / "anchor.json")
    )
    (tmp_path / "key.json").write_text(jwk)
    assert status == 0
    status, number, _ = run("operator", "add-system", "热线", "--jwk", str(tmp_path / "key.json"))
    assert status == 0
    again = run("operator", "add-system", "热线", "--jwk", str(tmp_path / "key.json"))
    assert (again[0], "已经登记过" in again[2]) == (2, True)
    assert json.loads(run("operator", "systems")[1])[0]["id"] == number.strip()

    system = system_of(desks.world)
    monkeypatch.setattr(command, "_client", lambda _config: desk_client(desks, system))
    of = ["desk", "--config", str(home)]
    assert json.loads(run(*of, "repairs")[1])[0]["id"] == desks.repair.id
    status, told, _ = run(*of, "repair", desks.repair.id, "--act", "accept", "--operator", PERSON)
    assert (status, json.loads(told)["state"]) == (0, "accepted")
    status, _, said = run(*of, "repair", desks.repair.id, "--act", "accept", "--operator", PERSON)
    assert (status, json.loads(said)["code"]) == (1, "ILLEGAL_MOVE")
    opened = run(
        *of,
        "open",
        "--source",
        "scjg",
        "--item",
        WATER,
        "--kind",
        "missing",
        "--text",
        "没来",
        "--operator",
        PERSON,
    )
    ticket = json.loads(opened[1])["id"]
    closed = json.loads(run(*of, "close", ticket, "--text", "来了", "--operator", PERSON)[1])
    assert (closed["state"], json.loads(run(*of, "tickets", ticket)[1])) == ("closed", closed)
    assert json.loads(run(*of, "results")[1])["results"]["entries"] == []
    (proof,) = json.loads(run(*of, "repairs", desks.repair.id)[1])["evidence"]
    assert run(*of, "evidence", proof["id"], "--out", str(tmp_path / "proof.pdf"))[0] == 0
    assert (tmp_path / "proof.pdf").read_bytes() == PDF
    assert run(*of, "evidence", proof["id"], "--out", str(tmp_path / "proof.pdf"))[0] == 2
    (tmp_path / "r.csv").write_text("uscc,document_no,decision,decided_on\nx,1,repaired,2026-11-01\n")
    status, told, _ = run(
        *of, "import", str(tmp_path / "r.csv"), "--platform", "信用中国", "--operator", PERSON, "--apply"
    )
    assert (status, json.loads(told)["results"][0]["reason"]) == (1, "uscc")
    assert json.loads(run(*of, "imports")[1])[0]["id"] == json.loads(told)["id"]
    status, _, said = run(
        *of, "undo", json.loads(told)["id"], "--line", "2", "--text", "x", "--operator", PERSON
    )
    assert (status, json.loads(said)["code"]) == (1, "CONFLICT_STATE")
    assert run("operator", "end-system", number.strip())[0] == 0
    assert run("operator", "end-system", number.strip())[0] == 2
