"""Tickets, objections and repair at the interface: read by a source's system, answered in the name of its steward."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings
from tests.hub.gateway.conftest import World
from tests.hub.gateway.desk import PUBLIC
from tests.hub.gateway.item_scene import LoopTransport
from tests.hub.gateway.test_collection import SourceDesk, desk_of
from tests.hub.redress.bench import PENALTY, Bench, catalogue, make_bench, penalty

from xinqiao.cli import main
from xinqiao.client import Anchor, Decided, SourceClient
from xinqiao.client.config import write_home
from xinqiao.domain.canonical import Json
from xinqiao.domain.coordination import TicketKind
from xinqiao.domain.errors import Code, Conflict, Forbidden, NotFound, Stale
from xinqiao.domain.objection import RecordObjectionState
from xinqiao.domain.period import business_day
from xinqiao.domain.repair import RepairState
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.collection import held
from xinqiao.hub.apps.identity.directory import anchor
from xinqiao.hub.apps.quality.models import Ticket
from xinqiao.hub.apps.quality.services import open_ticket
from xinqiao.hub.apps.redress.models import Objection, Repair, Suppression
from xinqiao.hub.runtime import runtime

TICKETS, OBJECTIONS, REPAIRS = (
    "/api/v1/coordination/tickets", "/api/v1/redress/objections", "/api/v1/redress/repairs",
)  # fmt: skip
STEWARD = "scjg.steward"


@dataclass
class Desks:
    """The department's system, another source's, and what waits for the first."""

    world: World
    bench: Bench
    ours: SourceDesk
    theirs: SourceDesk
    ticket: Ticket
    objection: Objection
    repair: Repair

    def matters(self) -> list[tuple[str, Ticket | Objection | Repair, dict[str, Json]]]:
        """Each with an answer that fits."""
        day = (business_day(self.world.cast.now) + timedelta(days=3)).isoformat()
        return [
            (TICKETS, self.ticket, {"promised_on": day, "text": "补齐"}),
            (OBJECTIONS, self.objection, {"outcome": "upheld", "answer": "认定无误"}),
            (REPAIRS, self.repair, {"act": "accept"}),
        ]

    def client(self, desk: SourceDesk) -> SourceClient:
        """The SDK of a source."""
        return SourceClient(
            PUBLIC, desk.institution_id, desk.key, anchor=Anchor.from_json(anchor()), clock=self.world.cast.clock,
            transport=LoopTransport(self.world.loop, self.world.app), sleep=lambda _: None,
        )  # fmt: skip


@pytest.fixture
def desks(
    world: World, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desks]:
    settings.XINQIAO_LAKE, settings.EVIDENCE_DIR = tmp_path / "lake", tmp_path / "evidence"
    monkeypatch.setitem(runtime.__dict__, "catalogue", catalogue())
    held.opened.cache_clear()
    bench = make_bench(world.cast, tmp_path / "lake")
    bench.hold(penalty())
    ticket = open_ticket(
        actor=bench.desk, source_id=bench.unit.source_id, item=PENALTY, kind=TicketKind.STANDARDS, text="口径不一",
        at=bench.now,
    )  # fmt: skip
    objection, repair = bench.at_source(), bench.applied()
    sides = (desk_of(one.source_id, world) for one in (bench.unit, bench.stranger))
    yield Desks(world, bench, *sides, ticket, objection, repair)
    held.opened.cache_clear()


def decided(row: Ticket | Objection | Repair, **more: Json) -> dict[str, Json]:
    row.refresh_from_db()
    return {"steward": STEWARD, "version": row.version, **more}


def send(desk: SourceDesk, path: str, body: dict[str, Json], key: str = ""):
    return desk.post(path, body, key=key or secrets.token_urlsafe(18))


def test_what_waits_is_listed_and_read_with_its_steps(desks: Desks) -> None:
    for path, row, _ in desks.matters():
        (one,) = desks.ours.get(path).json()["items"]
        assert (one["id"], one["steps"]) == (row.id, None)
        whole = desks.ours.get(f"{path}/{row.id}").json()
        assert whole["steps"][-1]["leaf"] >= 0
        assert desks.ours.get(f"{path}?show=none").json()["code"] == "INVALID"
    (file,) = desks.ours.get(f"{REPAIRS}/{desks.repair.id}").json()["evidence"]
    assert file["digest"] == desks.repair.evidence.get().digest
    assert desks.ours.get(f"{REPAIRS}?show=late").json() == {"items": []}


def test_another_source_finds_nothing_and_answers_nothing(desks: Desks) -> None:
    for path, row, answer in desks.matters():
        assert desks.theirs.get(path).json()["items"] == []
        body = decided(row, **answer) | {"steward": "lanshui.steward"}
        for number in (row.id, row.id[:4] + "0" * 32):
            assert desks.theirs.get(f"{path}/{number}").json()["code"] == "NOT_FOUND"
            assert send(desks.theirs, f"{path}/{number}", body).json()["code"] == "NOT_FOUND"


def test_only_a_steward_of_the_source_decides(desks: Desks) -> None:
    for path, row, answer in desks.matters():
        for name in ("scjg.supplier", "lanshui.steward", "ops", "nobody"):
            refused = send(desks.ours, f"{path}/{row.id}", decided(row, **answer) | {"steward": name})
            assert (refused.status_code, refused.json()["code"]) == (403, "ROLE_FORBIDDEN"), name
    assert Repair.objects.get().state == "applied"


def test_an_answer_counts_once_and_not_for_what_has_changed(desks: Desks) -> None:
    for path, row, answer in desks.matters():
        stale = decided(row, **answer) | {"version": row.version + 1}
        assert send(desks.ours, f"{path}/{row.id}", stale).json()["code"] == "STALE"
        body = decided(row, **answer)
        assert desks.ours.post(f"{path}/{row.id}", body).json()["code"] == "IDEMPOTENCY_KEY_REQUIRED"
        key = f"one-key-of-{row.id[:3]}"
        first = send(desks.ours, f"{path}/{row.id}", body, key)
        assert first.status_code == 200, first.text
        leaves = Leaf.objects.count()
        assert send(desks.ours, f"{path}/{row.id}", body, key).json() == first.json()
        assert Leaf.objects.count() == leaves
        assert send(desks.ours, f"{path}/{row.id}", decided(row, **answer), key).json()["code"] == (
            "IDEMPOTENCY_MISMATCH"
        )
    for path, row, answer in desks.matters()[1:]:
        again = send(desks.ours, f"{path}/{row.id}", decided(row, **answer))
        assert (again.status_code, again.json()["code"]) == (409, "ILLEGAL_MOVE")


def test_a_correction_must_have_come_and_a_repair_is_one_moment(desks: Desks) -> None:
    ours, path = desks.ours, f"{OBJECTIONS}/{desks.objection.id}"
    corrected: dict[str, Json] = {"outcome": "corrected", "answer": "已更正"}
    assert send(ours, path, decided(desks.objection, **corrected)).json()["code"] == "NOT_CORRECTED"
    desks.bench.hold(penalty(content="罚款 500 元"))
    done = send(ours, path, decided(desks.objection, **corrected))
    assert (done.status_code, done.json()["state"]) == (200, "corrected")
    path = f"{REPAIRS}/{desks.repair.id}"
    assert (
        send(ours, path, decided(desks.repair, act="grant", text="已履行")).json()["code"] == "ILLEGAL_MOVE"
    )
    acts: list[dict[str, Json]] = [
        {"act": "return", "text": "缺缴款凭证"}, {"act": "accept"}, {"act": "extend", "text": "案情复杂"},
        {"act": "grant", "text": ""}, {"act": "grant", "text": "已履行"},
    ]  # fmt: skip
    assert send(ours, path, decided(desks.repair, **acts[1])).json()["state"] == "accepted"
    assert send(ours, path, decided(desks.repair, **acts[2])).json()["extended"] is True
    assert send(ours, path, decided(desks.repair, **acts[3])).json()["code"] == "INVALID"
    assert desks.bench.lines() != []
    assert send(ours, path, decided(desks.repair, **acts[4])).json()["state"] == "repaired"
    assert desks.bench.lines() == []
    assert Suppression.objects.get().repair_id == desks.repair.id
    assert desks.ours.get(REPAIRS).json()["items"] == []
    assert [one["id"] for one in desks.ours.get(f"{REPAIRS}?show=all").json()["items"]] == [desks.repair.id]


def test_the_sdk_reads_and_answers(desks: Desks) -> None:
    client, day = desks.client(desks.ours), business_day(desks.world.cast.now) + timedelta(days=2)
    (ticket,) = client.tickets()
    assert (
        client.answer_ticket(ticket.id, Decided(STEWARD, ticket.version), promised_on=day).promised_on == day
    )
    (objection,) = client.objections()
    with pytest.raises(Conflict) as caught:
        client.answer_objection(
            objection.id, Decided(STEWARD, objection.version), outcome="corrected", answer="已更正"
        )
    assert caught.value.code is Code.NOT_CORRECTED
    upheld = client.answer_objection(
        objection.id, Decided(STEWARD, objection.version), outcome="upheld", answer="认定无误"
    )
    assert (upheld.state, upheld.answer) == (RecordObjectionState.UPHELD, "认定无误")
    (repair,) = client.repairs()
    with pytest.raises(Forbidden):
        client.decide_repair(repair.id, Decided("scjg.supplier", repair.version), act="accept")
    with pytest.raises(Stale):
        client.decide_repair(repair.id, Decided(STEWARD, repair.version + 5), act="accept")
    accepted = client.decide_repair(repair.id, Decided(STEWARD, repair.version), act="accept")
    assert accepted.state is RepairState.ACCEPTED
    assert [one.event for one in client.repair(repair.id).steps or ()] == ["apply", "accept"]
    assert client.ticket(ticket.id).version > ticket.version
    assert client.objection(objection.id).steps is not None
    with pytest.raises(NotFound):
        desks.client(desks.theirs).repair(repair.id)


def test_the_command_speaks_for_a_steward(
    desks: Desks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from xinqiao.cli import source as command

    write_home(
        tmp_path / "home", hub_url=PUBLIC, institution_id=desks.ours.institution_id, institution_name="",
        anchor=json.loads(json.dumps(anchor())), sm=False,
    )  # fmt: skip
    monkeypatch.setattr(command, "SourceClient", lambda *_, **__: desks.client(desks.ours))

    def run(*words: str) -> tuple[int, Json]:
        status = main(["source", "--config", str(tmp_path / "home"), *words])
        out = capsys.readouterr()
        return status, json.loads(out.out or out.err)

    by = ["--steward", STEWARD]
    day = (business_day(desks.world.cast.now) + timedelta(days=2)).isoformat()
    listed = [run(name)[1][0]["id"] for name in ("tickets", "objections", "repairs")]  # type: ignore[index,call-overload]
    assert listed == [desks.ticket.id, desks.objection.id, desks.repair.id]
    assert run("promise", listed[0], "--on", day, *by)[1]["state"] == "promised"  # type: ignore[index,call-overload]
    status, told = run("answer", listed[1], "--outcome", "corrected", "--text", "已更正", *by)
    assert (status, told["code"]) == (1, "NOT_CORRECTED")  # type: ignore[index,call-overload]
    decided_ = run("decide", listed[2], "--act", "accept", *by)
    assert decided_ == run("repairs", listed[2])
