"""Credit repair: what is missing is told at once, every verb refuses what it must, and a repair is one moment."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from tests.hub.cast import OWNER_USCC, passed_factor
from tests.hub.redress.bench import PENALTY, Bench, penalty

from xinqiao.domain.consent import Product
from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale
from xinqiao.domain.redress import Rules
from xinqiao.domain.repair import DEFAULT_TERMS, Gravity, Terms
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.audit.selectors import leaves
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.apps.redress import selectors, services
from xinqiao.hub.apps.redress.models import Evidence, Repair, Suppression
from xinqiao.hub.apps.redress.receivers import receivers
from xinqiao.hub.apps.redress.standing import standing_version
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, verify_jws


def _notices(kind: str) -> set[str]:
    return set(Notice.objects.filter(kind=kind).values_list("audience_kind", flat=True))


# -- applying ---------------------------------------------------------------------------------------------------------


def test_everything_that_is_missing_is_told_at_once(bench: Bench) -> None:
    bench.hold(penalty(decided_on=date(2026, 11, 1)))
    asked = bench.asked(performed=False)
    with pytest.raises(Invalid) as caught:
        services.apply_repair(actor=bench.cast.owner, asked=asked, signed=None, at=bench.now)
    assert caught.value.code is Code.REPAIR_LACKING
    assert caught.value.facts["missing"] == ["minimum_term", "duty_performed", "credit_commitment"]
    with pytest.raises(Invalid) as caught:
        services.prepare_repair(actor=bench.cast.owner, asked=asked, at=bench.now)
    assert caught.value.facts["missing"] == ["minimum_term", "duty_performed"]
    assert not Repair.objects.exists()


def test_performing_is_said_and_shown(bench: Bench) -> None:
    bench.hold(penalty())
    for lacking in (bench.asked(performed=False), bench.asked(evidence=["evd-none"])):
        with pytest.raises(Invalid) as caught:
            services.prepare_repair(actor=bench.cast.owner, asked=lacking, at=bench.now)
        assert caught.value.facts["missing"] == ["duty_performed"]


def test_the_shortest_term_is_the_platforms_setting(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.hold(penalty())
    bench.signed(bench.asked())
    longer = Rules(terms={**DEFAULT_TERMS, Gravity.GENERAL: Terms(9, 12)})
    monkeypatch.setitem(runtime.__dict__, "redress_rules", longer)
    with pytest.raises(Invalid) as caught:
        bench.signed(bench.asked())
    assert caught.value.facts["missing"] == ["minimum_term"]


def test_an_application_carries_its_signed_promise_and_its_clock(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.applied()
    assert (row.state, row.gravity, row.determined_on) == ("applied", "general", date(2026, 5, 20))
    assert row.accept_by == Rules().calendar.add(bench.now.date(), 3)
    assert "信用承诺书" in row.commitment
    assert "信用修复不收费" in row.commitment
    assert "澄市监罚〔2026〕12号" in row.commitment
    keys = {key.kid: key for key in runtime.hub_verify_keys()}
    claims = verify_jws(row.commitment_jws, keys, typ=ArtefactType.CREDIT_PROMISE, at=bench.now)
    assert (claims["sub"], claims["text"], claims["record"]) == (
        OWNER_USCC,
        row.commitment_digest,
        row.record_ref,
    )
    assert claims["evidence"]["shown"] == row.commitment_digest  # type: ignore[index,call-overload]
    (leaf,) = leaves(bench.cast.auditor, object_id=row.id)
    assert (leaf.facts["act"], leaf.facts["promise"]) == ("repair_applied", row.commitment_digest)
    assert _notices("repair_applied") == {"source", "operator"}
    assert [line.objected for line in bench.lines()] == [False], "applying hides nothing"


def test_the_same_form_twice_is_one_application_and_another_waits_its_turn(bench: Bench) -> None:
    bench.hold(penalty())
    first = bench.applied()
    again = services.apply_repair(
        actor=bench.cast.owner,
        asked=services.Asked(PENALTY, bench.ref(), "x", performed=True, evidence=[], key=first.key),
        signed=None,
        at=bench.now,
    )
    assert again.id == first.id
    with pytest.raises(Conflict) as caught:
        bench.applied(key="repair-key-0002")
    assert (caught.value.code, caught.value.facts["number"]) == (Code.CONFLICT_DUPLICATE, first.number)


def test_another_text_or_another_factor_signs_nothing(bench: Bench) -> None:
    bench.hold(penalty())
    asked = bench.asked()
    signed = bench.signed(asked)
    other = services.Asked(
        PENALTY, asked.record_ref, "别的说明", performed=True, evidence=asked.evidence, key=asked.key
    )
    with pytest.raises(Invalid) as caught:
        services.apply_repair(actor=bench.cast.owner, asked=other, signed=signed, at=bench.now)
    assert caught.value.code is Code.WHAT_YOU_SEE
    elsewhere = passed_factor(bench.cast.owner.user_id, "withdraw", asked.key, signed.digest, bench.now)
    with pytest.raises(Forbidden):
        services.apply_repair(
            actor=bench.cast.owner,
            asked=asked,
            signed=services.Signed(elsewhere, signed.digest),
            at=bench.now,
        )
    assert not Repair.objects.exists()


def test_who_may_not_does_not_and_what_is_no_adverse_record_cannot_be_repaired(bench: Bench) -> None:
    bench.hold(penalty())
    asked = bench.asked()
    for actor, error in ((bench.cast.clerk, Forbidden), (bench.cast.stranger, NotFound)):
        with pytest.raises(error):
            services.prepare_repair(actor=actor, asked=asked, at=bench.now)
    bench.hold({"uscc": OWNER_USCC, "account_no": "W1", "period": "2026-10"}, item="water_fee")
    with pytest.raises(Invalid) as caught:
        services.prepare_repair(
            actor=bench.cast.owner,
            asked=bench.asked(item="water_fee", record_ref=bench.ref("water_fee")),
            at=bench.now,
        )
    assert caught.value.facts["reason"] == "NOT_ADVERSE"


# -- the desk and the unit ---------------------------------------------------------------------------------------------


def test_sent_back_completed_accepted_extended_refused(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.applied()
    back = services.return_repair(
        actor=bench.desk,
        repair_id=row.id,
        reason="缴款凭证看不清",
        expected_version=row.version,
        at=bench.now,
    )
    assert (back.state, back.answer) == ("returned", "缴款凭证看不清")
    bench.cast.clock.advance(timedelta(days=7))
    more = services.resubmit_repair(
        actor=bench.cast.owner, repair_id=row.id, explanation="重新扫描", evidence=[bench.proof(content=b"%PDF-2")],
        expected_version=back.version, at=bench.now,
    )  # fmt: skip
    assert (more.state, more.accept_by) == ("applied", Rules().calendar.add(bench.now.date(), 3))
    assert Evidence.objects.filter(repair=row).count() == 2
    taken = services.accept_repair(
        actor=bench.unit, repair_id=row.id, expected_version=more.version, at=bench.now
    )
    assert (taken.state, taken.decide_by) == ("accepted", Rules().calendar.add(bench.now.date(), 10))
    longer = services.extend_repair(
        actor=bench.unit,
        repair_id=row.id,
        reason="要向外地核实",
        expected_version=taken.version,
        at=bench.now,
    )
    assert (longer.state, longer.decide_by) == ("accepted", Rules().calendar.add(bench.now.date(), 20))
    with pytest.raises(Conflict) as caught:
        services.extend_repair(
            actor=bench.unit, repair_id=row.id, reason="再来", expected_version=longer.version, at=bench.now
        )
    assert caught.value.facts["reason"] == "EXTENDED"
    refused = services.refuse_repair(
        actor=bench.unit,
        repair_id=row.id,
        answer="罚款没有缴清",
        expected_version=longer.version,
        at=bench.now,
    )
    assert (refused.state, refused.answer) == ("not_repaired", "罚款没有缴清")
    assert len(bench.lines()) == 1
    assert [one.event for one in selectors.steps(refused)] == [
        "apply", "return", "resubmit", "accept", "extend", "turn_down",
    ]  # fmt: skip


def test_the_platform_may_take_in_and_never_decides(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.applied()
    row = services.accept_repair(
        actor=bench.desk, repair_id=row.id, expected_version=row.version, at=bench.now
    )
    for verb in (services.grant_repair, services.refuse_repair):
        with pytest.raises((Forbidden, AttributeError)):
            verb(
                actor=bench.desk,
                repair_id=row.id,
                answer="同意",
                expected_version=row.version,
                at=bench.now,  # type: ignore[arg-type]
            )
    assert Repair.objects.get().state == "accepted"


UNIT: dict[str, Callable[..., Repair]] = {
    "accept": services.accept_repair,
    "return": services.return_repair,
    "extend": services.extend_repair,
    "grant": services.grant_repair,
    "refuse": services.refuse_repair,
}
FIRM: dict[str, Callable[..., Repair]] = {
    "resubmit": services.resubmit_repair,
    "withdraw": services.withdraw_repair,
}
WORDS = {"return": "reason", "extend": "reason", "grant": "answer", "refuse": "answer"}


@pytest.mark.parametrize("name", [*UNIT, *FIRM])
def test_every_verb_refuses_the_wrong_role_foreign_stale_and_closed(bench: Bench, name: str) -> None:
    bench.hold(penalty())
    row = bench.accepted() if name in ("extend", "grant", "refuse") else bench.applied()
    if name == "resubmit":
        row = services.return_repair(
            actor=bench.unit, repair_id=row.id, reason="缺页", expected_version=row.version, at=bench.now
        )
    verb = {**UNIT, **FIRM}[name]
    weak, foreign, right = (
        (bench.clerk, bench.stranger, bench.unit)
        if name in UNIT
        else (bench.cast.reader, bench.cast.stranger, bench.cast.owner)
    )

    def call(actor: object, row_id: str, version: int) -> None:
        given: dict[str, Any] = {WORDS[name]: "一句话"} if name in WORDS else {}
        if name == "resubmit":
            given = {"explanation": "补好了", "evidence": []}
        verb(actor=actor, repair_id=row_id, expected_version=version, at=bench.now, **given)

    before, written = Repair.objects.values().get(), Leaf.objects.count()
    for actor, row_id, version, error in (
        (weak, row.id, row.version, Forbidden),
        (foreign, row.id, row.version, NotFound),
        (right, "rep-0", 1, NotFound),
        (right, row.id, row.version + 7, Stale),
    ):
        with pytest.raises(error):
            call(actor, row_id, version)
    if name in ("accept", "return"):
        with pytest.raises(Forbidden):
            call(bench.cast.security, row.id, row.version)
    assert (Repair.objects.values().get(), Leaf.objects.count()) == (before, written)
    closed = services.withdraw_repair(
        actor=bench.cast.owner, repair_id=row.id, expected_version=row.version, at=bench.now
    )
    with pytest.raises(Conflict):
        call(right, row.id, closed.version)


def test_a_promise_of_nothing_is_no_answer(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.accepted()
    for answer in ("", " ", "字" * 501):
        with pytest.raises(Invalid):
            services.grant_repair(
                actor=bench.unit, repair_id=row.id, answer=answer, expected_version=row.version, at=bench.now
            )
    assert not Suppression.objects.exists()


# -- one moment --------------------------------------------------------------------------------------------------------


def _used(bench: Bench, institution: str, product: str) -> None:
    """A release of that product to an institution, as every way out writes it."""
    with transaction.atomic():
        append_leaf(
            type="USE",
            at=bench.now,
            facts={"product": product},
            refs=Refs(subject=bench.cast.owner.enterprise_id, institution=institution),
        )


def test_a_repaired_record_is_in_no_answer_from_that_moment(bench: Bench) -> None:
    bench.hold(penalty(), penalty(document_no="澄市监罚〔2026〕13号"))
    assert len(bench.lines()) == 2
    before = standing_version(OWNER_USCC)
    ref = next(
        one.found.record.ref
        for one in selectors.own_records(bench.cast.owner, at=bench.now)
        if one.found.key["document_no"].endswith("12号")
    )
    row = bench.applied(record_ref=ref)
    row = services.accept_repair(
        actor=bench.unit, repair_id=row.id, expected_version=row.version, at=bench.now
    )
    services.grant_repair(
        actor=bench.unit, repair_id=row.id, answer="已履行", expected_version=row.version, at=bench.now
    )
    assert [line.cells[1].text for line in bench.lines()] == ["澄市监罚〔2026〕13号"]
    assert standing_version(OWNER_USCC) != before
    assert len(bench.lake.records(OWNER_USCC)[PENALTY]) == 2, "the lake follows behind"
    bench.hold(penalty(content="同一条，重新报来"))
    assert len(bench.lines()) == 1, "sent once more, it stays away"
    with pytest.raises(NotFound):
        bench.objection(record_ref=ref)


def test_the_lake_lets_go_of_it_and_keeps_its_history(bench: Bench) -> None:
    bench.hold(penalty(), penalty(document_no="澄市监罚〔2026〕13号"))
    ref = selectors.own_records(bench.cast.owner, at=bench.now)[0].found.record.ref
    row = bench.applied(record_ref=ref)
    row = services.accept_repair(
        actor=bench.unit, repair_id=row.id, expected_version=row.version, at=bench.now
    )
    services.grant_repair(
        actor=bench.unit, repair_id=row.id, answer="已履行", expected_version=row.version, at=bench.now
    )
    assert (services.push_to_lake(at=bench.now), services.push_to_lake(at=bench.now)) == (1, 0)
    assert [one["document_no"] for one in bench.lake.records(OWNER_USCC)[PENALTY]] == ["澄市监罚〔2026〕13号"]
    bench.lake.compact(full=True)
    assert [one["document_no"] for one in bench.lake.records(OWNER_USCC)[PENALTY]] == ["澄市监罚〔2026〕13号"]
    history = bench.lake.history(
        OWNER_USCC, PENALTY, {"uscc": OWNER_USCC, "document_no": "澄市监罚〔2026〕12号"}
    )
    assert [one["_status"] for one in history] == ["valid", "withdrawn"]
    assert bench.lake.check() == []
    assert Suppression.objects.get().lake_batch.startswith("T-")


def test_who_received_it_lately_is_told_and_nobody_else(bench: Bench) -> None:
    bench.hold(penalty())
    bank, outsider = bench.cast.bank.institution_id, bench.cast.outsider.institution_id
    _used(bench, outsider, "credit_report")
    bench.cast.clock.advance(timedelta(days=91))
    _used(bench, bank, str(Product.REPORT))
    _used(bench, outsider, "water_fee")
    bench.granted()
    assert not Notice.objects.filter(kind="record_repaired").exists(), "too long ago, or another thing"
    Suppression.objects.all().delete()
    Repair.objects.all().update(state="withdrawn")
    _used(bench, bank, "credit_report")
    _used(bench, bank, PENALTY)
    row = bench.applied(key="repair-key-0002")
    row = services.accept_repair(
        actor=bench.unit, repair_id=row.id, expected_version=row.version, at=bench.now
    )
    services.grant_repair(
        actor=bench.unit, repair_id=row.id, answer="已履行", expected_version=row.version, at=bench.now
    )
    (notice,) = Notice.objects.filter(kind="record_repaired")
    assert (notice.audience_kind, notice.audience_id) == ("institution", bank)
    assert notice.facts == {
        "enterprise": "远山农机有限公司", "uscc": OWNER_USCC, "item": PENALTY, "number": row.number,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"product": "credit_report"}, True),
        ({"product": PENALTY}, True),
        ({"products": ["water_fee", PENALTY]}, True),
        ({"products": ["water_fee"]}, False),
        ({"product": "water_fee"}, False),
        ({"product": "water_fee#" + "0" * 64}, False),
        ({"product": str(Product.SUMMARY)}, False),
    ],
)
def test_what_a_release_may_have_carried_decides(bench: Bench, facts: dict[str, Any], told: bool) -> None:
    bank, owner = bench.cast.bank.institution_id, bench.cast.owner.enterprise_id
    with transaction.atomic():
        append_leaf(type="USE", at=bench.now, facts=facts, refs=Refs(subject=owner, institution=bank))
        append_leaf(type="SELF_USE", at=bench.now, facts=facts, refs=Refs(subject=owner))
    since = bench.now - timedelta(days=90)
    assert receivers(owner, PENALTY, since=since) == ([bank] if told else [])
    assert receivers(bench.cast.stranger.enterprise_id, PENALTY, since=since) == []


def test_other_platforms_get_a_signed_list_in_order(bench: Bench) -> None:
    assert services.repair_results(at=bench.now)["results"]["entries"] == []  # type: ignore[index,call-overload]
    bench.hold(penalty())
    row = bench.granted()
    made = services.repair_results(at=bench.now)
    results = made["results"]
    assert isinstance(results, dict)
    (entry,) = results["entries"]  # type: ignore[misc]
    assert entry["record"] == row.record_ref  # type: ignore[index,call-overload]
    assert entry["reason"] == "repaired"  # type: ignore[index,call-overload]
    assert DOCUMENT_NO not in str(results), "no content of the record"
    keys = {key.kid: key for key in runtime.hub_verify_keys()}
    assert verify_jws(str(made["signed"]), keys, typ=ArtefactType.REPAIR_RESULTS, at=bench.now) == results
    later = services.repair_results(after=str(results["next"]), at=bench.now)["results"]
    assert (later["entries"], later["next"]) == ([], results["next"])  # type: ignore[index,call-overload]


DOCUMENT_NO = "澄市监罚"

# -- time --------------------------------------------------------------------------------------------------------------


def test_publication_ends_with_the_day_and_the_clock_writes_it_down(bench: Bench) -> None:
    bench.hold(penalty())
    bench.hold(penalty(document_no="A", gravity="serious"), penalty(document_no="B", gravity="minor"))
    assert len(bench.lines()) == 2, "a minor one is not published"
    end = date(2027, 5, 20)
    bench.cast.clock.advance(timedelta(days=(end - bench.now.date()).days - 1))
    assert len(bench.lines()) == 2
    assert services.expire_published(at=bench.now) == 1, "the minor one was over before"
    bench.cast.clock.advance(timedelta(days=1))
    assert len(bench.lines()) == 1, "by the clock, before anything was written"
    assert (services.expire_published(at=bench.now), services.expire_published(at=bench.now)) == (1, 0)
    assert services.push_to_lake(at=bench.now) == 2
    assert [one["document_no"] for one in bench.lake.records(OWNER_USCC)[PENALTY]] == ["A"]
    ended = Suppression.objects.get(record_key__document_no="澄市监罚〔2026〕12号")
    assert (ended.reason, ended.from_at, ended.repair) == ("expired", bench.now, None)
    leaf = Leaf.objects.get(index=ended.leaf_index)
    assert leaf.subject_id == bench.cast.owner.enterprise_id


def test_what_ended_and_is_sent_again_leaves_the_lake_again(bench: Bench) -> None:
    bench.hold(penalty(decided_on=date(2024, 1, 1)))
    assert (services.expire_published(at=bench.now), services.push_to_lake(at=bench.now)) == (1, 1)
    bench.hold(penalty(decided_on=date(2024, 1, 1)))
    assert bench.lines() == []
    assert (services.expire_published(at=bench.now), services.push_to_lake(at=bench.now)) == (1, 1)
    assert PENALTY not in bench.lake.records(OWNER_USCC)
    assert (Suppression.objects.count(), services.expire_published(at=bench.now)) == (1, 0)


def test_who_is_late_with_an_application_is_told_once_for_each_deadline(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.applied()
    bench.cast.clock.advance(timedelta(days=8))
    assert (services.tell_late(at=bench.now), services.tell_late(at=bench.now)) == (1, 0)
    row.refresh_from_db()
    row = services.accept_repair(
        actor=bench.unit, repair_id=row.id, expected_version=row.version, at=bench.now
    )
    assert services.tell_late(at=bench.now) == 0
    bench.cast.clock.advance(timedelta(days=30))
    assert services.tell_late(at=bench.now) == 1
    assert selectors.waiting_for_source(bench.unit) == 1
    (listed,) = selectors.matters(bench.unit, show="late", text=row.number, at=bench.now)
    assert (listed.kind, listed.due_on) == ("repairs", row.decide_by)


def test_the_firms_own_list_says_from_when_and_until_when(bench: Bench) -> None:
    assert selectors.own_records(bench.cast.owner, at=bench.now) == []
    bench.hold({"uscc": OWNER_USCC, "account_no": "W1", "period": "2026-10"}, item="water_fee")
    bench.hold(penalty())
    first, second = selectors.own_records(bench.cast.owner, at=bench.now)
    assert (first.found.item.id, first.repair_from, first.published_until) == (
        PENALTY, date(2026, 8, 20), date(2027, 5, 20),
    )  # fmt: skip
    assert (second.found.label, second.adverse, second.is_published) == ("W1 · 2026-10", None, True)
    row = bench.applied(record_ref=first.found.record.ref)
    assert selectors.own_records(bench.cast.owner, at=bench.now)[0].repair_id == row.id
