"""Every verb of objections: works, wrong role, another organisation, wrong state, stale, the same form twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.hub.redress.bench import WATER, Bench, penalty

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale, TooMany
from xinqiao.domain.redress import Rules
from xinqiao.hub.actors import AgentScope
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.audit.selectors import leaves
from xinqiao.hub.apps.identity.models import EnterprisePerson
from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.apps.redress import selectors, services
from xinqiao.hub.apps.redress.models import Objection, Step
from xinqiao.hub.runtime import runtime

type Verb = Callable[..., Objection]


def _notices(kind: str) -> set[str]:
    return set(Notice.objects.filter(kind=kind).values_list("audience_kind", flat=True))


# -- submitting -------------------------------------------------------------------------------------------------------


def test_an_objection_marks_the_record_at_once_and_sets_its_clocks(bench: Bench) -> None:
    bench.hold(penalty())
    assert [line.objected for line in bench.lines()] == [False]
    row = bench.objection(field="content", evidence=[bench.proof()])
    assert row.number.startswith("OB-")
    assert (row.state, row.label, row.seen_version) == ("submitted", "澄市监罚〔2026〕12号", 1)
    day = bench.now.date()
    assert (row.due_on, row.forward_by) == (day + timedelta(days=20), Rules().calendar.add(day, 2))
    (line,) = bench.lines()
    assert (line.objected, line.disputed) == (True, frozenset({"content"}))
    (leaf,) = leaves(bench.cast.auditor, object_id=row.id)
    assert (leaf.type, leaf.facts["act"], leaf.facts["record"]) == (
        "CORRECT",
        "objection_submitted",
        row.record_ref,
    )
    assert len(leaf.facts["evidence"]) == 1  # type: ignore[arg-type]
    assert "金额不对" not in str(leaf.facts), "what people write is committed to, not shown"
    assert _notices("objection_submitted") == {"operator"}


def test_a_field_of_a_record_that_is_disputed_whole_does_not_narrow_it(bench: Bench) -> None:
    bench.hold(penalty())
    first = bench.at_source()
    bench.cast.clock.advance(timedelta(days=30))
    services.leave_objection_open(
        actor=bench.desk,
        objection_id=first.id,
        answer="双方说法不一",
        expected_version=first.version,
        at=bench.now,
    )
    bench.objection(field="content", key="form-key-0002")
    (line,) = bench.lines()
    assert (line.objected, line.disputed) == (True, frozenset())


def test_the_same_form_twice_is_one_objection(bench: Bench) -> None:
    bench.hold(penalty())
    assert bench.objection().id == bench.objection().id
    assert (Objection.objects.count(), Leaf.objects.filter(type="CORRECT").count()) == (1, 1)
    with pytest.raises(Conflict) as caught:
        bench.objection(key="form-key-0002")
    assert caught.value.code is Code.CONFLICT_DUPLICATE
    assert caught.value.facts["number"] == Objection.objects.get().number


def test_who_may_not_object_does_not_and_a_foreign_record_looks_absent(bench: Bench) -> None:
    bench.hold(penalty())
    ref = bench.ref()
    with pytest.raises(Forbidden):
        bench.objection(actor=bench.cast.clerk)
    with pytest.raises(NotFound):
        bench.objection(actor=bench.cast.stranger)
    with pytest.raises(NotFound):
        bench.objection(record_ref="0" * 64)
    with pytest.raises(NotFound):
        bench.objection(item=WATER, record_ref=ref)
    EnterprisePerson.objects.filter(id=bench.cast.clerk.person_id).update(scopes=[AgentScope.OBJECT.value])
    assert bench.objection(actor=bench.cast.clerk).state == "submitted"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "a\x00b"}, "reason"),
        ({"kind": "angry"}, "kind"),
        ({"field": "no_such"}, "field"),
        ({"key": "short"}, "key"),
        ({"key": "k" * 41}, "key"),
        ({"evidence": ["evd-0"]}, "evidence"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(
    bench: Bench, changes: dict[str, Any], field: str
) -> None:
    bench.hold(penalty())
    with pytest.raises(Invalid) as caught:
        bench.objection(**changes)
    assert caught.value.facts["field"] == field
    assert not Objection.objects.exists()


def test_a_file_of_another_firm_cannot_be_attached(bench: Bench) -> None:
    bench.hold(penalty())
    with pytest.raises(Invalid) as caught:
        bench.objection(evidence=[bench.proof(bench.cast.stranger)])
    assert caught.value.facts["field"] == "evidence"


def test_a_flood_is_stopped(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(runtime.__dict__, "redress_rules", Rules(open_per_firm=1))
    bench.hold(penalty())
    bench.hold({"uscc": "x", "account_no": "W1", "period": "2026-10"}, item=WATER)
    bench.objection()
    with pytest.raises(TooMany) as caught:
        bench.objection(item=WATER, key="form-key-0002")
    assert caught.value.code is Code.TOO_MANY_OPEN


# -- the desk ---------------------------------------------------------------------------------------------------------


def test_the_source_sees_an_objection_only_when_it_was_passed_on(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.objection()
    with pytest.raises(NotFound):
        selectors.objection(bench.unit, row.id)
    passed = services.forward_objection(
        actor=bench.desk, objection_id=row.id, expected_version=row.version, at=bench.now
    )
    assert (passed.state, passed.forwarded_at) == ("at_source", bench.now)
    assert selectors.objection(bench.unit, row.id).id == row.id
    with pytest.raises(NotFound):
        selectors.objection(bench.stranger, row.id)
    assert _notices("objection_forwarded") == {"source", "enterprise"}


def test_a_declined_objection_takes_the_mark_off_and_leaves_a_word(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.objection()
    done = services.decline_objection(
        actor=bench.desk,
        objection_id=row.id,
        reason="没有写明哪里不对",
        expected_version=row.version,
        at=bench.now,
    )
    assert (done.state, done.answer, done.closed_at) == ("not_accepted", "没有写明哪里不对", bench.now)
    assert [line.objected for line in bench.lines()] == [False]
    assert [one.event for one in selectors.steps(done)] == ["submit", "decline"]


def test_it_is_left_open_only_when_the_time_is_over_and_the_mark_stays(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.at_source()
    given = {
        "actor": bench.desk,
        "objection_id": row.id,
        "answer": "数源没有答复",
        "expected_version": row.version,
    }
    bench.cast.clock.advance(timedelta(days=20))
    with pytest.raises(Conflict) as caught:
        services.leave_objection_open(**given, at=bench.now)
    assert caught.value.facts["reason"] == "NOT_DUE"
    bench.cast.clock.advance(timedelta(days=1))
    assert services.leave_objection_open(**given, at=bench.now).state == "unresolved"
    assert [line.objected for line in bench.lines()] == [True]


# -- the source -------------------------------------------------------------------------------------------------------


def test_corrected_means_that_the_correction_is_in_the_lake(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.at_source(field="content")
    given: dict[str, Any] = {
        "actor": bench.unit, "objection_id": row.id, "answer": "已按原始决定书更正", "expected_version": row.version,
        "at": bench.now,
    }  # fmt: skip
    for late in (None, penalty(), penalty(publish=True)):  # nothing, the same once more, another field
        if late is not None:
            bench.hold(late)
        with pytest.raises(Conflict) as caught:
            services.correct_objection(**given)
        assert caught.value.code is Code.NOT_CORRECTED
    bench.hold(penalty(content="罚款 500 元", publish=True))
    done = services.correct_objection(**given)
    assert (done.state, done.answer) == ("corrected", "已按原始决定书更正")
    (line,) = bench.lines()
    assert (line.objected, line.version) == (False, 3)
    assert _notices("objection_corrected") == {"enterprise", "operator"}


def test_a_record_that_was_taken_back_is_corrected_too(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.at_source()
    bench.hold(penalty(), status="withdrawn")
    done = services.correct_objection(
        actor=bench.unit,
        objection_id=row.id,
        answer="不是这家企业",
        expected_version=row.version,
        at=bench.now,
    )
    assert done.state == "corrected"


def test_upheld_with_a_reason_and_the_firm_has_the_last_word_beside_it(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.at_source()
    with pytest.raises(Conflict):
        _state(bench, row)
    done = services.uphold_objection(
        actor=bench.unit,
        objection_id=row.id,
        answer="与决定书一致",
        expected_version=row.version,
        at=bench.now,
    )
    stated = _state(bench, done)
    (line,) = bench.lines()
    assert (line.objected, [one.text for one in line.remarks]) == (False, ["已于当月缴清"])
    gone = services.unstate(
        actor=bench.cast.owner, objection_id=row.id, expected_version=stated.version, at=bench.now
    )
    assert [line.remarks for line in bench.lines()] == [()]
    with pytest.raises(Conflict):
        services.unstate(
            actor=bench.cast.owner, objection_id=row.id, expected_version=gone.version, at=bench.now
        )


def _state(bench: Bench, row: Objection, **changes: Any) -> Objection:
    given: dict[str, Any] = {
        "actor": bench.cast.owner, "objection_id": row.id, "text": "已于当月缴清", "expected_version": row.version,
        "at": bench.now,
    }  # fmt: skip
    return services.state_beside(**{**given, **changes})


@pytest.mark.parametrize("text", ["", " ", "字" * 301])
def test_a_statement_is_short_and_not_empty(bench: Bench, text: str) -> None:
    bench.hold(penalty())
    row = bench.at_source()
    done = services.uphold_objection(
        actor=bench.unit, objection_id=row.id, answer="一致", expected_version=row.version, at=bench.now
    )
    with pytest.raises(Invalid) as caught:
        _state(bench, done, text=text)
    assert caught.value.facts["field"] == "text"


def test_an_objection_taken_back_takes_its_mark_with_it(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.at_source()
    done = services.withdraw_objection(
        actor=bench.cast.owner, objection_id=row.id, expected_version=row.version, at=bench.now
    )
    assert done.state == "withdrawn"
    assert [line.objected for line in bench.lines()] == [False]
    assert _notices("objection_withdrawn") == {"operator", "source"}
    assert bench.objection(key="form-key-0002").state == "submitted", "and may be made anew"


# -- what every verb refuses ------------------------------------------------------------------------------------------

DESK: dict[str, Verb] = {
    "forward": services.forward_objection,
    "decline": services.decline_objection,
    "leave_open": services.leave_objection_open,
}
SOURCE: dict[str, Verb] = {"correct": services.correct_objection, "uphold": services.uphold_objection}
FIRM: dict[str, Verb] = {
    "withdraw": services.withdraw_objection,
    "state": services.state_beside,
    "unstate": services.unstate,
}
WORDS = {
    "decline": "reason",
    "leave_open": "answer",
    "correct": "answer",
    "uphold": "answer",
    "state": "text",
}


def _call(
    verb: Verb, name: str, actor: object, row: Objection, bench: Bench, version: int | None = None
) -> Objection:
    words = {WORDS[name]: "一句话"} if name in WORDS else {}
    return verb(
        actor=actor, objection_id=row.id, expected_version=row.version if version is None else version, at=bench.now,
        **words,
    )  # fmt: skip


@pytest.mark.parametrize("name", [*DESK, *SOURCE, *FIRM])
def test_every_verb_refuses_the_wrong_role_foreign_stale_and_closed(bench: Bench, name: str) -> None:
    bench.hold(penalty())
    row = bench.at_source() if name != "forward" else bench.objection()
    verb = {**DESK, **SOURCE, **FIRM}[name]
    weak, foreign, right = (
        (bench.cast.security, None, bench.desk)
        if name in DESK
        else (bench.clerk, bench.stranger, bench.unit)
        if name in SOURCE
        else (bench.cast.reader, bench.cast.stranger, bench.cast.owner)
    )
    before, written = Objection.objects.values().get(), Leaf.objects.count()
    with pytest.raises(Forbidden):
        _call(verb, name, weak, row, bench)
    if foreign is not None:
        with pytest.raises(NotFound):
            _call(verb, name, foreign, row, bench)
    with pytest.raises(NotFound):
        _call(verb, name, right, Objection(id="obj-0", version=1), bench)
    with pytest.raises(Stale):
        _call(verb, name, right, row, bench, version=row.version + 7)
    assert (Objection.objects.values().get(), Leaf.objects.count()) == (before, written)
    closed = services.withdraw_objection(
        actor=bench.cast.owner, objection_id=row.id, expected_version=row.version, at=bench.now
    )
    with pytest.raises(Conflict):
        _call(verb, name, right, closed, bench)


# -- the clock, the lists ----------------------------------------------------------------------------------------------


def test_who_is_late_is_told_once(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.at_source()
    assert services.tell_late(at=bench.now) == 0
    bench.cast.clock.advance(timedelta(days=21))
    assert (services.tell_late(at=bench.now), services.tell_late(at=bench.now)) == (1, 0)
    assert _notices("objection_late") == {"operator", "source"}
    (listed,) = selectors.matters(bench.desk, show="late", at=bench.now)
    assert (listed.id, listed.late_days, listed.due_on) == (row.id, 1, row.due_on)
    assert selectors.counts(bench.unit, at=bench.now) == {"": 1, "open": 1, "late": 1}
    assert selectors.by_state(bench.desk) == {("objections", "at_source"): 1}
    assert selectors.matters(bench.stranger, at=bench.now) == []


def test_one_that_nobody_passed_on_is_late_after_its_working_days(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.objection()
    bench.cast.clock.advance(timedelta(days=(row.forward_by - bench.now.date()).days + 1))
    assert services.tell_late(at=bench.now) == 1
    assert _notices("objection_late") == {"operator"}


def test_steps_are_numbered_and_each_has_its_leaf(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.at_source()
    assert list(Step.objects.filter(matter_id=row.id).values_list("seq", "event")) == [
        (1, "submit"),
        (2, "forward"),
    ]
    indexes = [one.leaf_index for one in selectors.steps(row)]
    assert indexes == sorted(set(indexes))
    assert selectors.own_records(bench.cast.owner, at=bench.now)[0].objection_id == row.id
