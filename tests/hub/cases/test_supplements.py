"""补件: what is asked, answered and handed back; files; the loop as often as it takes."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from tests.hub.cases.house import PDF, House

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale, Unsupported
from xinqiao.domain.period import business_day
from xinqiao.hub.apps.cases import services
from xinqiao.hub.apps.cases.files import case_file
from xinqiao.hub.apps.cases.models import Case, CaseAction, CaseFile, CaseStep
from xinqiao.hub.apps.cases.services import Ask
from xinqiao.hub.runtime import runtime
from xinqiao.hub.worker import Worker

pytestmark = pytest.mark.django_db


def _answer(house: House, row: Case, seq: int, **changed: Any) -> Case:
    action = row.actions.get(seq=seq)
    asked = {"can": True, "answer": "", "files": [], **changed}
    return services.answer_action(
        actor=house.cast.owner, case_id=row.id, action_id=action.id, expected_version=row.version, at=house.now, **asked
    )  # fmt: skip


def _file(house: House) -> CaseFile:
    return services.add_case_file(actor=house.cast.owner, file_name="合同.pdf", chunks=[PDF], at=house.now)


def test_the_loop_from_asking_to_going_on(house: House) -> None:
    row = house.asked()
    assert row.due_on == runtime.redress_rules.calendar.add(business_day(house.now), 5)
    assert [(one.seq, one.kind, one.state, one.due_on) for one in row.actions.order_by("seq")] == [
        (1, "upload", "open", row.due_on),
        (2, "confirm", "open", row.due_on),
    ]
    with pytest.raises(Conflict) as refused:
        services.supply_case(
            actor=house.cast.owner, case_id=row.id, expected_version=row.version, at=house.now
        )
    assert refused.value.facts == {"reason": "ACTIONS_OPEN", "open": 2}
    sent = _file(house)
    row = _answer(house, row, 1, files=[sent.id])
    row = _answer(house, row, 2, can=False, answer="主要客户换了")
    row = services.supply_case(
        actor=house.cast.owner, case_id=row.id, expected_version=row.version, at=house.now
    )
    assert row.state == "due_diligence"
    assert case_file(house.manager, sent.id)[1] == PDF
    for outsider in (house.rival, house.cast.stranger):
        with pytest.raises(NotFound):
            case_file(outsider, sent.id)
    row = services.ask_firm(
        actor=house.manager, case_id=row.id, asks=[Ask("confirm", "再确认一次")], expected_version=row.version,
        at=house.now,
    )  # fmt: skip
    assert row.actions.count() == 3
    events = list(CaseStep.objects.filter(case=row).order_by("seq").values_list("event", flat=True))
    assert events[-5:] == ["ask", "answer", "answer", "supply", "ask"]


@pytest.mark.parametrize(
    ("asks", "field"),
    [
        ([], "asks"),
        ([Ask("confirm", "一")] * 11, "asks"),
        ([Ask("phone", "打电话")], "kind"),
        ([Ask("upload", "")], "words"),
        ([Ask("upload", "长" * 301)], "words"),
        ([Ask("upload", "合同", "water_fee")], "item"),
        ([Ask("authorise", "水费")], "item"),
        ([Ask("authorise", "水费", "no_such_item")], "item"),
        ([Ask("confirm", "一", "no_such_item")], "item"),
    ],
)
def test_what_cannot_be_asked(asks: list[Ask], field: str, house: House) -> None:
    row = house.investigated()
    with pytest.raises(Invalid) as refused:
        services.ask_firm(
            actor=house.manager, case_id=row.id, asks=asks, expected_version=row.version, at=house.now
        )
    assert refused.value.facts["field"] == field
    assert not CaseAction.objects.exists()


def test_an_answer_is_whole_or_is_none(house: House) -> None:
    row = house.asked(Ask("upload", "合同"), Ask("authorise", "水费", "water_fee"))
    for seq, changed, field in (
        (1, {}, "files"), (1, {"files": ["cfl-absent"]}, "files"), (1, {"can": False}, "answer"),
        (1, {"files": [_file(house).id for _ in range(7)]}, "files"), (2, {}, "item"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            _answer(house, row, seq, **changed)
        assert refused.value.facts["field"] == field
    assert set(row.actions.values_list("state", flat=True)) == {"open"}
    assert not CaseFile.objects.filter(action__isnull=False).exists()


def test_who_answers_what_and_when(house: House) -> None:
    row = house.asked()
    action = row.actions.get(seq=2)
    asked: dict[str, Any] = {
        "case_id": row.id, "action_id": action.id, "can": True, "answer": "", "files": [], "expected_version": row.version,
        "at": house.now,
    }  # fmt: skip
    with pytest.raises(NotFound):
        services.answer_action(actor=house.cast.stranger, **asked)
    with pytest.raises(NotFound):
        services.answer_action(actor=house.cast.owner, **{**asked, "action_id": "cac-absent"})
    with pytest.raises(Forbidden):
        services.answer_action(actor=house.cast.reader, **asked)
    with pytest.raises(Stale):
        services.answer_action(actor=house.cast.owner, **{**asked, "expected_version": row.version + 1})
    row = services.answer_action(actor=house.cast.owner, **asked)
    with pytest.raises(Conflict):  # answered once
        services.answer_action(actor=house.cast.owner, **{**asked, "expected_version": row.version})
    row = _answer(house, row, 1, can=False, answer="没有书面合同")
    row = services.supply_case(
        actor=house.cast.owner, case_id=row.id, expected_version=row.version, at=house.now
    )
    with pytest.raises(Conflict) as refused:
        services.answer_action(actor=house.cast.owner, **{**asked, "expected_version": row.version})
    assert refused.value.code is Code.CONFLICT_STATE


def test_an_action_the_database_itself_refuses(house: House) -> None:
    action = house.asked().actions.get(seq=1)
    for columns in (
        {"state": "done"}, {"state": "cannot", "answered_at": house.now}, {"kind": "authorise"}, {"item": "water_fee"},
        {"kind": "phone"},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            CaseAction.objects.filter(id=action.id).update(**columns)


def test_files_are_of_few_kinds_encrypted_and_swept_when_they_answer_nothing(house: House) -> None:
    with pytest.raises(Unsupported):
        services.add_case_file(actor=house.cast.owner, file_name="a.pdf", chunks=[b"MZ"], at=house.now)
    with pytest.raises(Forbidden):
        services.add_case_file(actor=house.cast.reader, file_name="a.pdf", chunks=[PDF], at=house.now)
    row = house.asked()
    kept, loose = _file(house), _file(house)
    _answer(house, row, 1, files=[kept.id])
    folder = Path(settings.CASE_FILES_DIR)
    assert PDF not in (folder / kept.id).read_bytes()
    later = house.now + timedelta(days=3)
    assert services.sweep_case_files(at=later) == 1
    assert {path.name for path in folder.iterdir()} == {kept.id}
    assert not CaseFile.objects.filter(id=loose.id).exists()


def test_the_worker_looks_after_cases(house: House) -> None:
    row = house.dispatched()
    house.cast.clock.advance(timedelta(days=20))
    Worker.make(house.cast.client).run_once()
    row.refresh_from_db()
    assert row.state == "lapsed"
