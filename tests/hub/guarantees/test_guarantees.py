"""The verbs of guarantees, each: works, wrong role, another organisation, wrong state, stale, repeated key."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from tests.hub.guarantees.office import FEE, Office

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale
from xinqiao.domain.guarantees.terms import FOUR_THREE_TWO_ONE, NATIONAL
from xinqiao.domain.market.case import CaseEvent, Refusal
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import AuditorActor
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.cases import services as cases
from xinqiao.hub.apps.guarantees import batch, claims, clock, register, selectors, services
from xinqiao.hub.apps.guarantees.models import BatchAgreement, Claim, Guarantee, Recovery
from xinqiao.hub.apps.identity.models import Institution
from xinqiao.hub.apps.notices.models import Notice

pytestmark = pytest.mark.django_db

PROMISE = services.Promise(90_000_000, FEE, NATIONAL)


def test_from_the_application_to_the_last_fen_recovered(office: Office) -> None:
    row = office.compensated()
    assert (row.state, row.compensated_fen, row.over_on) == (
        "compensated",
        50_000_001,
        business_day(office.now),
    )
    claim = Claim.objects.get()
    # 40, 20, 20 and 20 per cent of 500,000.01: the odd fen is the largest remainder's
    assert claim.shares == {
        "guarantor": 20_000_001, "bank": 10_000_000, "national_fund": 10_000_000, "re_guarantor": 10_000_000,
    }  # fmt: skip
    for n, fen in enumerate((1, 33, 49_999_967)):
        row = Guarantee.objects.get()
        claims.recover(
            actor=office.officer, guarantee_id=row.id, amount_fen=fen, words="", key=f"recover-{n}-form",
            expected_revision=row.revision, at=office.now,
        )  # fmt: skip
    got = [one.shares for one in Recovery.objects.all()]
    assert {party: sum(one[party] for one in got) for party in claim.shares} == claim.shares
    row = Guarantee.objects.get()
    assert (row.state, row.recovered_fen) == ("recovering", row.compensated_fen)
    row = claims.close(
        actor=office.officer,
        guarantee_id=row.id,
        reason="收齐了",
        expected_revision=row.revision,
        at=office.now,
    )
    assert [one.event for one in reversed(selectors.steps(row))] == [
        "apply", "review", "approve", "start", "claim", "compensate", "recover", "recover", "recover", "close",
    ]  # fmt: skip
    assert len({one.leaf_index for one in selectors.steps(row)}) == 10
    kinds = set(Notice.objects.values_list("kind", flat=True))
    assert {"guarantee_applied", "guarantee_start", "guarantee_claim", "guarantee_compensate"} <= kinds


type Made = Callable[[Office], Guarantee]
type Verb = Callable[..., Any]
APPROVE = partial(services.approve, promise=PROMISE)
DECLINE = partial(services.decline, reason="资料不全")
LAPSE = partial(services.take_back, reason="企业情况变了")
CLAIM = partial(claims.claim, amount_fen=100, overdue_since=date(2026, 11, 21), words="", key="claim-form-2")
RETURN = partial(claims.send_back, reason="还没有到期")
PAY = partial(claims.compensate, amount_fen=100)
RECOVER = partial(claims.recover, amount_fen=100, words="", key="recover-form-1")
CLOSE = partial(claims.close, reason="收不回来")

#: Each verb with the state it works from, who does it, the state that follows, and one from which it is refused.
VERBS: list[tuple[str, Verb, Made, str, str, Made]] = [
    ("review", services.review, Office.applied, "officer", "reviewing", Office.approved),
    ("approve", APPROVE, Office.reviewing, "officer", "approved", Office.in_force),
    ("decline", DECLINE, Office.reviewing, "officer", "declined", Office.approved),
    ("take back", LAPSE, Office.approved, "officer", "lapsed", Office.applied),
    ("claim", CLAIM, Office.in_force, "bank", "claim", Office.approved),
    ("send back", RETURN, Office.claimed, "officer", "in_force", Office.in_force),
    ("pay", PAY, Office.claimed, "officer", "compensated", Office.in_force),
    ("recover", RECOVER, Office.compensated, "officer", "recovering", Office.claimed),
    ("close", CLOSE, Office.compensated, "officer", "closed", Office.claimed),
]


@pytest.mark.parametrize(
    ("name", "verb", "made", "who", "end", "wrong"), VERBS, ids=[one[0] for one in VERBS]
)
def test_every_verb(
    name: str, verb: Verb, made: Made, who: str, end: str, wrong: Made, office: Office
) -> None:
    row = made(office)
    asked: dict[str, Any] = {"guarantee_id": row.id, "expected_revision": row.revision, "at": office.now}
    leaves = Leaf.objects.count()
    for outsider in (office.rival, office.house.rival):
        with pytest.raises(NotFound):
            verb(actor=outsider, **asked)
    with pytest.raises(NotFound):
        verb(actor=office.officer, **{**asked, "guarantee_id": "gua-absent"})
    # the other side knows it and does not decide; a colleague without the role does not either
    other = office.bank if who == "officer" else office.officer
    for actor in (other, office.idle, office.house.clerk):
        with pytest.raises(Forbidden) as refused:
            verb(actor=actor, **asked)
        assert refused.value.code is Code.ROLE_FORBIDDEN
    with pytest.raises(Stale):
        verb(actor=getattr(office, who), **{**asked, "expected_revision": row.revision + 1})
    assert Leaf.objects.count() == leaves
    verb(actor=getattr(office, who), **asked)
    row.refresh_from_db()
    assert (row.state, Leaf.objects.count()) == (end, leaves + 1)


@pytest.mark.parametrize(
    ("name", "verb", "made", "who", "end", "wrong"), VERBS, ids=[one[0] for one in VERBS]
)
def test_every_verb_from_a_state_that_forbids_it(
    name: str, verb: Verb, made: Made, who: str, end: str, wrong: Made, office: Office
) -> None:
    row = wrong(office)
    with pytest.raises(Conflict) as refused:
        verb(actor=getattr(office, who), guarantee_id=row.id, expected_revision=row.revision, at=office.now)
    assert refused.value.code is Code.ILLEGAL_MOVE


def test_forms_sent_twice_do_one_thing(office: Office) -> None:
    case = office.case()
    row = office.applied(case)
    assert office.applied(case).id == row.id
    with pytest.raises(Conflict) as refused:
        office.applied(case, key="gua-form-2")
    assert refused.value.code is Code.CONFLICT_DUPLICATE
    row = office.reviewing(row)
    row = services.approve(
        actor=office.officer, guarantee_id=row.id, promise=PROMISE, expected_revision=row.revision, at=office.now
    )  # fmt: skip
    office.lend(case)
    clock.keep_up(at=office.now)
    assert clock.keep_up(at=office.now) == 0
    row.refresh_from_db()
    asked: dict[str, Any] = {"guarantee_id": row.id, "expected_revision": row.revision, "at": office.now}
    first, again = CLAIM(actor=office.bank, **asked), CLAIM(actor=office.bank, **asked)
    assert first.id == again.id
    row.refresh_from_db()
    office.pay(row, 100)
    row.refresh_from_db()
    asked["expected_revision"] = row.revision
    assert RECOVER(actor=office.officer, **asked).pk == RECOVER(actor=office.officer, **asked).pk
    row.refresh_from_db()
    assert (row.compensated_fen, row.recovered_fen) == (100, 100)


def test_the_limits_of_the_regulation_are_held(office: Office) -> None:
    """Net assets of 10 million: 1 million for one firm; the promise of 1.2 million with 80 % of it is 0.96 million."""
    row = office.reviewing(office.applied(fen=120_000_000))
    whole = services.Promise(120_000_000, FEE, {"guarantor": Decimal(1)})
    with pytest.raises(Conflict) as refused:
        services.approve(
            actor=office.officer,
            guarantee_id=row.id,
            promise=whole,
            expected_revision=row.revision,
            at=office.now,
        )
    assert refused.value.facts["limits"] == ["one_party"]
    row = services.approve(
        actor=office.officer, guarantee_id=row.id, expected_revision=row.revision, at=office.now,
        promise=services.Promise(120_000_000, FEE, NATIONAL),
    )  # fmt: skip
    assert row.liability_fen == 96_000_000
    register.state_assets(
        actor=office.officer,
        net_assets_fen=6_400_000,
        as_of=date(2026, 10, 31),
        mainly_small=True,
        at=office.now,
    )
    place = selectors.position(row.guarantor, begin=date(2026, 1, 1), end=date(2027, 1, 1))
    assert place.held_fen == 96_000_000


def test_what_a_promise_may_say(office: Office) -> None:
    row = office.reviewing()
    for promise, field in (
        (partial(services.Promise, 0, FEE, NATIONAL), "amount"),
        (partial(services.Promise, 1, Decimal("0.11"), NATIONAL), "fee_rate"),
    ):
        with pytest.raises(Invalid) as refused:
            services.approve(
                actor=office.officer,
                guarantee_id=row.id,
                promise=promise(),
                expected_revision=row.revision,
                at=office.now,
            )
        assert refused.value.facts["field"] == field
    more = services.approve(
        actor=office.officer, guarantee_id=row.id, expected_revision=row.revision, at=office.now,
        promise=services.Promise(10**12, FEE, FOUR_THREE_TWO_ONE),
    )  # fmt: skip
    assert more.amount_fen == 90_000_000  # never more than was asked


def test_the_firm_asks_first_and_takes_the_promise_to_its_bank(office: Office) -> None:
    cast, case = office.house.cast, office.house.accepted()
    row = services.apply_as_firm(
        actor=cast.owner, guarantor_id=office.officer.institution_id, key="firm-form-1", at=office.now,
        asked=services.Asked(90_000_000, 12, "买两台机床"),
    )  # fmt: skip
    assert not Guarantee.objects.for_viewer(office.bank).exists()
    row = office.approved(row)
    asked: dict[str, Any] = {"guarantee_id": row.id, "expected_revision": row.revision, "at": office.now}
    with pytest.raises(NotFound):
        services.present(actor=cast.stranger, case_id=case.id, **asked)
    with pytest.raises(NotFound):
        services.present(actor=cast.owner, case_id="cas-absent", **asked)
    with pytest.raises(Forbidden):
        services.present(actor=cast.reader, case_id=case.id, **asked)
    row = services.present(actor=cast.owner, case_id=case.id, **asked)
    assert Guarantee.objects.for_viewer(office.bank).get().id == row.id
    with pytest.raises(Conflict):
        services.present(actor=cast.owner, case_id=case.id, **{**asked, "expected_revision": row.revision})
    for outsider in (cast.stranger, office.rival, office.house.rival):
        assert not Guarantee.objects.for_viewer(outsider).exists()
    assert Guarantee.objects.for_viewer(AuditorActor(cast.auditor.user_id)).exists()


def test_who_may_ask(office: Office) -> None:
    case, asked = office.case(), services.Asked(1, 1)
    common: dict[str, Any] = {"asked": asked, "key": "gua-form-9", "at": office.now}
    guarantor = office.officer.institution_id
    for actor, wrong in ((office.house.rival, NotFound), (office.house.clerk, Forbidden)):
        with pytest.raises(wrong):
            services.apply_for_case(actor=actor, case_id=case.id, guarantor_id=guarantor, **common)
    with pytest.raises(NotFound):
        services.apply_for_case(
            actor=office.bank, case_id=case.id, guarantor_id=office.bank.institution_id, **common
        )
    with pytest.raises(Invalid):
        services.apply_for_case(
            actor=office.bank, case_id=case.id, guarantor_id=guarantor, **{**common, "key": "x"}
        )
    cast = office.house.cast
    with pytest.raises(Forbidden):
        services.apply_as_firm(actor=cast.reader, guarantor_id=guarantor, **common)
    Institution.objects.filter(id=guarantor).update(status="suspended")
    with pytest.raises(NotFound):
        services.apply_for_case(actor=office.bank, case_id=case.id, guarantor_id=guarantor, **common)
    ended = office.house.dispatched(office.house.other, key="case-form-2")
    with pytest.raises(NotFound):
        services.apply_for_case(actor=office.bank, case_id=ended.id, guarantor_id=guarantor, **common)


def test_time_and_the_loan_move_it(office: Office) -> None:
    row = office.approved()
    assert row.valid_to is not None
    late = office.now + timedelta(days=90)
    assert clock.keep_up(at=late - timedelta(days=1)) == 0
    assert clock.keep_up(at=late) == 1
    row.refresh_from_db()
    assert row.state == "lapsed"


def test_a_loan_repaid_releases_it(office: Office) -> None:
    row = office.in_force()
    assert row.case is not None
    for event in (CaseEvent.REPAY, CaseEvent.SETTLE):
        cases.moved_by_loan(actor=office.bank, case_id=row.case.id, event=event, at=office.now)
    assert clock.keep_up(at=office.now) == 1
    row.refresh_from_db()
    assert (row.state, row.over_on) == ("released", business_day(office.now))


def test_a_case_that_ends_takes_the_promise_with_it(office: Office) -> None:
    row = office.approved()
    assert row.case is not None
    row.case.refresh_from_db()
    cases.lapse_case(
        actor=office.bank,
        case_id=row.case.id,
        reason=Refusal.CAPACITY,
        words="",
        expected_version=row.case.version,
        at=office.now,
    )
    assert clock.keep_up(at=office.now) == 1
    row.refresh_from_db()
    assert row.state == "lapsed"


def _batch(office: Office, agreement: BatchAgreement, case_id: str, key: str = "gua-form-1") -> Guarantee:
    return batch.guarantee_case(
        actor=office.bank, agreement_id=agreement.id, case_id=case_id, key=key, at=office.now
    )


def test_the_banks_decision_is_the_guarantors(office: Office) -> None:
    agreement, case = office.agreement(quota=200_000_000), office.case()
    row = _batch(office, agreement, case.id)
    assert _batch(office, agreement, case.id).id == row.id
    agreement.refresh_from_db()
    assert (row.state, row.amount_fen, row.fee_rate, agreement.guaranteed_fen) == (
        "approved", 120_000_000, FEE, 120_000_000,
    )  # fmt: skip
    with pytest.raises(Conflict) as refused:
        _batch(office, agreement, case.id, key="gua-form-2")
    assert refused.value.facts["outside"] == ["quota"]


def test_the_cap_of_an_agreement_holds(office: Office) -> None:
    agreement, case = office.agreement(), office.case()
    row = _batch(office, agreement, case.id)
    office.lend(case)
    clock.keep_up(at=office.now)
    row.refresh_from_db()
    row = office.claimed(row)
    with pytest.raises(Conflict) as refused:
        office.pay(row, 3_600_001)
    assert refused.value.facts["left_fen"] == 3_600_000
    office.pay(row, 3_600_000)
    agreement.refresh_from_db()
    assert agreement.compensated_fen == 3_600_000
    with pytest.raises(IntegrityError), transaction.atomic():
        BatchAgreement.objects.filter(id=agreement.id).update(compensated_fen=3_600_001)


def test_only_within_an_agreement_in_force(office: Office) -> None:
    proposed, case = office.agreement(agreed=False), office.case()
    with pytest.raises(Conflict):
        _batch(office, proposed, case.id)
    asked: dict[str, Any] = {
        "agreement_id": proposed.id,
        "expected_revision": proposed.revision,
        "at": office.now,
    }
    for actor, wrong in (
        (office.house.rival, NotFound), (office.rival, NotFound), (office.officer, Forbidden), (office.house.clerk, Forbidden),
    ):  # fmt: skip
        with pytest.raises(wrong):
            batch.answer(actor=actor, agrees=True, **asked)
    with pytest.raises(Stale):
        batch.answer(actor=office.bank, agrees=True, **{**asked, "expected_revision": 9})
    row = batch.answer(actor=office.bank, agrees=True, **asked)
    with pytest.raises(Conflict):
        batch.answer(actor=office.bank, agrees=True, **{**asked, "expected_revision": row.revision})
    assert office.agreement(agreed=False).id == row.id  # the same form once more
    with pytest.raises(Forbidden):
        batch.guarantee_case(
            actor=office.officer, agreement_id=row.id, case_id=case.id, key="gua-form-3", at=office.now
        )
    batch.end(actor=office.officer, agreement_id=row.id, expected_revision=row.revision, at=office.now)
    with pytest.raises(Conflict):
        _batch(office, row, case.id)


def test_constraints_stand_behind_the_verbs(office: Office) -> None:
    row = office.compensated()
    for columns in (
        {"compensated_fen": row.amount_fen + 1}, {"recovered_fen": row.compensated_fen + 1}, {"state": "nonsense"},
        {"case": None}, {"liability_fen": row.amount_fen + 1}, {"agreement_id": None, "flow": "batch"},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            Guarantee.objects.filter(id=row.id).update(**columns)
    claim = Claim.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.create(
            id="gcl-2",
            guarantee=row,
            key="claim-form-9",
            asked_fen=1,
            overdue_since=claim.overdue_since,
            asked_at=office.now,
        )


def test_guarantors_are_registered_by_the_platform(office: Office) -> None:
    cast = office.house.cast
    said: dict[str, Any] = {
        "institution_id": cast.bank.institution_id, "licence": "云担保 0003", "net_assets_fen": 1, "as_of": date(2026, 1, 1),
        "mainly_small": False, "at": office.now,
    }  # fmt: skip
    with pytest.raises(Forbidden):
        register.register_guarantor(actor=cast.security, **said)
    for changed, wrong in (
        ({"institution_id": "ins-absent"}, NotFound), ({"net_assets_fen": 0}, Invalid), ({"licence": " "}, Invalid),
        ({"as_of": date(2030, 1, 1)}, Invalid), ({"institution_id": office.officer.institution_id}, Conflict),
    ):  # fmt: skip
        with pytest.raises(wrong):
            register.register_guarantor(actor=cast.operator, **{**said, **changed})
    register.register_guarantor(actor=cast.operator, **said)
    assert len(selectors.guarantors()) == 3
    common: dict[str, Any] = {"net_assets_fen": 5, "mainly_small": True, "at": office.now}
    with pytest.raises(NotFound):
        register.state_assets(actor=office.house.rival, as_of=date(2026, 10, 1), **common)
    with pytest.raises(Forbidden):
        register.state_assets(actor=office.idle, as_of=date(2026, 10, 1), **common)
    with pytest.raises(Invalid):
        register.state_assets(actor=office.officer, as_of=date(2026, 9, 29), **common)
