"""The verbs of a case, each: works, wrong role, another organisation, wrong state, stale, repeated key."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from tests.hub.cases.house import ASKS, House

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale
from xinqiao.domain.market.case import CaseEvent
from xinqiao.domain.period import business_day
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.cases import services
from xinqiao.hub.apps.cases.clock import UNANSWERED
from xinqiao.hub.apps.cases.models import Case, CaseStep
from xinqiao.hub.apps.identity.models import Institution
from xinqiao.hub.apps.needs import services as needs
from xinqiao.hub.apps.needs.models import Need, NeedRecipient
from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.runtime import runtime

pytestmark = pytest.mark.django_db

type Verb = Callable[..., Case]
ACCEPT, INVESTIGATE = services.accept_case, services.investigate_case
DECLINE = partial(services.decline_case, reason="capacity", words="")
REJECT = partial(services.reject_case, reason="other", words="关联企业较多")
LAPSE = partial(services.lapse_case, reason="capacity", words="")
ASK = partial(services.ask_firm, asks=ASKS)
APPROVE = partial(services.approve_case, amount_fen=120_000_000, rate=Decimal("0.0385"), months=12)
CONTRACT, WITHDRAW, SUPPLY = services.contract_case, services.withdraw_case, services.supply_case

#: Each verb with the state it works from, who does it, what follows, and a state it is refused in.
VERBS: list[tuple[str, Verb, str, str, str, str]] = [
    ("accept", ACCEPT, "dispatched", "manager", "accepted", "accepted"),
    ("decline", DECLINE, "dispatched", "manager", "declined", "approved"),
    ("decline later", DECLINE, "accepted", "manager", "declined", "approved"),
    ("investigate", INVESTIGATE, "accepted", "manager", "due_diligence", "dispatched"),
    ("ask", ASK, "investigated", "manager", "supplement", "accepted"),
    ("supply", SUPPLY, "answered", "owner", "due_diligence", "investigated"),
    ("approve", APPROVE, "investigated", "manager", "approved", "dispatched"),
    ("reject", REJECT, "investigated", "manager", "rejected", "accepted"),
    ("lapse", LAPSE, "approved", "manager", "lapsed", "accepted"),
    ("contract", CONTRACT, "approved", "manager", "contracted", "investigated"),
    ("withdraw", WITHDRAW, "approved", "owner", "cancelled", "contracted"),
]


def _actor(house: House, who: str) -> Any:
    return house.cast.owner if who == "owner" else house.manager


@pytest.mark.parametrize(
    ("name", "verb", "begin", "who", "end", "wrong"), VERBS, ids=[one[0] for one in VERBS]
)
def test_every_verb(name: str, verb: Verb, begin: str, who: str, end: str, wrong: str, house: House) -> None:
    row: Case = getattr(house, begin)()
    asked: dict[str, Any] = {"case_id": row.id, "expected_version": row.version, "at": house.now}
    leaves = Leaf.objects.count()
    foreign = [house.cast.stranger] if who == "owner" else [house.rival, house.cast.outsider]
    for outsider in foreign:
        with pytest.raises(NotFound):
            verb(actor=outsider, **asked)
    with pytest.raises(NotFound):
        verb(actor=_actor(house, who), **{**asked, "case_id": "cas-absent"})
    with pytest.raises(Forbidden) as refused:
        verb(actor=house.cast.reader if who == "owner" else house.clerk, **asked)
    assert refused.value.code in {Code.ROLE_FORBIDDEN, Code.SUBJECT_NOT_AUTHORISED}
    with pytest.raises(Stale):
        verb(actor=_actor(house, who), **{**asked, "expected_version": row.version + 1})
    assert Leaf.objects.count() == leaves
    done = verb(actor=_actor(house, who), **asked)
    assert done.state == end == Case.objects.get(id=row.id).state
    assert Leaf.objects.count() > leaves
    assert CaseStep.objects.filter(case=row).order_by("-seq")[0].state == end
    with pytest.raises(Stale):  # the same form once more finds it changed
        verb(actor=_actor(house, who), **asked)


@pytest.mark.parametrize(
    ("name", "verb", "begin", "who", "end", "wrong"), VERBS, ids=[one[0] for one in VERBS]
)
def test_every_verb_in_a_wrong_state(
    name: str, verb: Verb, begin: str, who: str, end: str, wrong: str, house: House
) -> None:
    row: Case = getattr(house, wrong)()
    with pytest.raises(Conflict) as refused:
        verb(actor=_actor(house, who), case_id=row.id, expected_version=row.version, at=house.now)
    assert refused.value.code is Code.ILLEGAL_MOVE


def test_a_need_is_handed_over_once_and_both_hear_of_it(house: House) -> None:
    row = house.dispatched()
    assert (row.number[:3], row.state, row.sender) == ("FA-", "dispatched", "enterprise")
    assert row.due_on == runtime.redress_rules.calendar.add(business_day(house.now), 3)
    assert Need.objects.get(id=house.need.id).state == "dispatched"
    assert house.dispatched().id == row.id
    with pytest.raises(Conflict) as refused:
        house.dispatched(key="case-form-2")
    assert refused.value.code is Code.CONFLICT_DUPLICATE
    assert Case.objects.count() == 1
    assert {"case_dispatch", "need_dispatched"} <= set(Notice.objects.values_list("kind", flat=True))


def test_an_adviser_hands_over_only_what_the_firm_listed_and_only_his_own_need(house: House) -> None:
    bank = house.product.product.institution_id
    asked: dict[str, Any] = {
        "need_id": house.need.id,
        "institution_id": bank,
        "key": "case-form-1",
        "at": house.now,
    }
    with pytest.raises(NotFound):
        services.dispatch_case(actor=house.stage.adviser, **asked)
    NeedRecipient.objects.create(
        need=house.need, institution_id=bank, product_version=house.product, state="listed", since=house.now
    )
    with pytest.raises(Forbidden):
        services.dispatch_case(actor=house.stage.other, **asked)
    with pytest.raises(Stale):
        services.dispatch_case(actor=house.stage.adviser, **asked, expected_version=house.need.version + 1)
    with pytest.raises(NotFound):
        services.dispatch_case(actor=house.cast.stranger, **asked)
    row = services.dispatch_case(actor=house.stage.adviser, **asked)
    assert (row.sender, row.product_version_id) == ("adviser", house.product.id)


def test_no_more_institutions_at_once_than_the_rules_allow(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(runtime.__dict__, "case_rules", type(runtime.case_rules)(live_per_need=1))
    first = house.dispatched()
    with pytest.raises(Conflict) as refused:
        house.dispatched(house.other, key="case-form-2")
    assert refused.value.facts == {"reason": "ENOUGH_CASES", "max": 1}
    DECLINE(actor=house.manager, case_id=first.id, expected_version=first.version, at=house.now)
    assert house.dispatched(house.other, key="case-form-2").state == "dispatched"


def test_nothing_is_sent_to_an_institution_out_of_service(house: House) -> None:
    Institution.objects.filter(id=house.rival.institution_id).update(status="suspended")
    with pytest.raises(NotFound):
        house.dispatched(house.other)
    assert Need.objects.get(id=house.need.id).state == "assigned"


def test_who_refuses_says_why(house: House) -> None:
    row = house.dispatched()
    for reason, words, field in (
        ("", "", "reason"), ("enterprise_withdrew", "", "reason"), ("other", " ", "words"), ("capacity", "长" * 501, "words"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            services.decline_case(
                actor=house.manager, case_id=row.id, reason=reason, words=words, expected_version=row.version,
                at=house.now,
            )  # fmt: skip
        assert refused.value.facts["field"] == field
    row = DECLINE(actor=house.manager, case_id=row.id, expected_version=row.version, at=house.now)
    assert (row.refusal, row.ended_at, row.due_on) == ("capacity", house.now, None)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"amount_fen": 0}, "amount"),
        ({"amount_fen": -1}, "amount"),
        ({"rate": Decimal("NaN")}, "rate"),
        ({"rate": Decimal("1.01")}, "rate"),
        ({"rate": Decimal("0.03850001")}, "rate"),
        ({"months": 0}, "months"),
        ({"words": "长" * 501}, "words"),
    ],
)
def test_what_is_granted_is_a_whole_offer(changed: dict[str, Any], field: str, house: House) -> None:
    row = house.investigated()
    asked = {"amount_fen": 1, "rate": Decimal("0.04"), "months": 1, **changed}
    with pytest.raises(Invalid) as refused:
        services.approve_case(
            actor=house.manager, case_id=row.id, expected_version=row.version, at=house.now, **asked
        )
    assert refused.value.facts["field"] == field


def test_one_institution_signs_and_the_others_learn_only_that_it_is_over(house: House) -> None:
    theirs = house.approved(house.dispatched(house.other, key="case-form-2"))
    signed = house.contracted()
    theirs.refresh_from_db()
    assert (theirs.state, theirs.refusal, theirs.refusal_words) == ("cancelled", "enterprise_withdrew", "")
    need = Need.objects.get(id=house.need.id)
    assert (need.state, need.end_code) == ("closed", "financed")
    with pytest.raises(Conflict):
        CONTRACT(actor=house.rival, case_id=theirs.id, expected_version=theirs.version, at=house.now)
    with pytest.raises(NotFound):
        CONTRACT(actor=house.rival, case_id=signed.id, expected_version=signed.version, at=house.now)


def test_the_loan_moves_the_case_in_the_transaction_of_its_own(house: House) -> None:
    row = house.contracted()
    ways = [
        (CaseEvent.DRAW, "drawn"), (CaseEvent.REPAY, "repaying"), (CaseEvent.FALL_OVERDUE, "overdue"), (CaseEvent.CURE, "repaying"),
        (CaseEvent.EXTEND, "extended"), (CaseEvent.SETTLE, "settled"),
    ]  # fmt: skip
    moved = partial(services.moved_by_loan, actor=house.manager, case_id=row.id, at=house.now)
    for event, state in ways:
        with pytest.raises(NotFound):
            services.moved_by_loan(actor=house.rival, case_id=row.id, event=event, at=house.now)
        with pytest.raises(Forbidden):
            services.moved_by_loan(actor=house.clerk, case_id=row.id, event=event, at=house.now)
        assert moved(event=event).state == state
    with pytest.raises(Conflict):
        moved(event=CaseEvent.WRITE_OFF)
    with pytest.raises(ValueError, match="no event of a loan"):
        moved(event=CaseEvent.APPROVE)


def test_what_the_loan_told_is_gone_with_the_loans_transaction(house: House) -> None:
    row = house.contracted()

    def draw_and_fail() -> None:
        with transaction.atomic():
            services.moved_by_loan(actor=house.manager, case_id=row.id, event=CaseEvent.DRAW, at=house.now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        draw_and_fail()
    assert Case.objects.get(id=row.id).state == "contracted"


def test_when_the_firm_takes_the_need_back_nobody_goes_on_and_the_clock_ends_the_cases(house: House) -> None:
    row = house.accepted()
    need = Need.objects.get(id=house.need.id)
    needs.cancel_need(actor=house.cast.owner, need_id=need.id, expected_version=need.version, at=house.now)
    with pytest.raises(Conflict) as refused:
        INVESTIGATE(actor=house.manager, case_id=row.id, expected_version=row.version, at=house.now)
    assert refused.value.facts == {"reason": "NEED_ENDED"}
    assert services.work_clock(at=house.now) == 1
    row.refresh_from_db()
    assert (row.state, row.refusal) == ("cancelled", "enterprise_withdrew")
    assert services.work_clock(at=house.now) == 0


def test_the_clock_reminds_once_tells_once_and_lets_an_unanswered_case_lapse(house: House) -> None:
    row = house.dispatched()
    assert services.work_clock(at=house.now) == 0
    due = row.due_on or date.max
    before = house.now + timedelta(days=(due - business_day(house.now)).days - 1)
    assert services.work_clock(at=before) == 1
    assert services.work_clock(at=before) == 0
    assert services.work_clock(at=before + timedelta(days=1)) == 0
    assert Notice.objects.filter(kind="case_reminder").count() == 1
    after = before + timedelta(days=2)
    assert services.work_clock(at=after) == 1
    row.refresh_from_db()
    assert (row.state, row.refusal, row.refusal_words) == ("lapsed", "other", UNANSWERED)
    assert services.work_clock(at=after) == 0


def test_a_late_case_that_was_taken_up_stays_and_is_told_of_once(house: House) -> None:
    row = house.asked()
    after = house.now + timedelta(days=30)
    assert services.work_clock(at=after) == 1
    assert services.work_clock(at=after + timedelta(days=1)) == 0
    row.refresh_from_db()
    assert row.state == "supplement"
    told = set(Notice.objects.filter(kind="case_late").values_list("audience_kind", flat=True))
    assert told == {"enterprise", "operator"}


def test_what_the_database_itself_refuses(house: House) -> None:
    row = house.contracted()
    bare = Case.objects.filter(id=row.id)
    for columns in (
        {"state": "nowhere"}, {"approved_fen": None}, {"state": "rejected", "ended_at": house.now}, {"refusal": "capacity"},
        {"ended_at": house.now}, {"approved_rate": Decimal(2)}, {"sender": "somebody"},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            bare.update(**columns)


def test_two_signed_cases_of_one_need_cannot_be_written(house: House) -> None:
    theirs = house.dispatched(house.other, key="case-form-2")
    house.contracted()
    signed = {
        "state": "contracted",
        "ended_at": None,
        "refusal": "",
        "approved_fen": 1,
        "approved_rate": 0,
        "approved_months": 1,
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(id=theirs.id).update(**signed)
