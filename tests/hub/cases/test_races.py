"""Cases D4, D6, D7 and D8: institutions and the firm at the same moment; one wins, the others are told so."""

from functools import partial

from tests.hub.cases.house import House, make_house
from tests.hub.cast import Cast
from tests.hub.together import together

from xinqiao.domain.errors import Code, Conflict, Stale, XinqiaoError
from xinqiao.domain.market.case_work import CaseRules
from xinqiao.hub.apps.cases import services
from xinqiao.hub.apps.cases.models import SIGNED, Case
from xinqiao.hub.apps.needs.models import Need
from xinqiao.hub.runtime import runtime


def _codes(results: list[object]) -> list[str]:
    return sorted(str(one.code) if isinstance(one, XinqiaoError) else type(one).__name__ for one in results)


def test_two_institutions_sign_and_the_firm_takes_back_at_once(stage: Cast) -> None:
    house = make_house(stage)
    ours, theirs = house.approved(), house.approved(house.dispatched(house.other, key="case-form-2"))
    sign = partial(services.contract_case, at=house.now)
    results = together(
        lambda: sign(actor=house.manager, case_id=ours.id, expected_version=ours.version),
        lambda: sign(actor=house.rival, case_id=theirs.id, expected_version=theirs.version),
        lambda: services.withdraw_case(
            actor=house.cast.owner, case_id=ours.id, expected_version=ours.version, at=house.now
        ),
    )
    signed = Case.objects.filter(state__in=[state.value for state in SIGNED])
    assert signed.count() == 1
    done = [one for one in results if isinstance(one, Case)]
    assert all(isinstance(one, Case | Conflict | Stale) for one in results), _codes(results)
    assert sum(one.state == "contracted" for one in done) == 1
    assert Need.objects.get(id=house.need.id).end_code == "financed"


def test_one_state_is_left_once(stage: Cast) -> None:
    house = make_house(stage)
    row = house.dispatched()
    asked = {"case_id": row.id, "expected_version": row.version, "at": house.now}
    results = together(
        lambda: services.accept_case(actor=house.manager, **asked),
        lambda: services.decline_case(actor=house.manager, reason="capacity", words="", **asked),
        lambda: services.withdraw_case(actor=house.cast.owner, **asked),
        lambda: services.accept_case(actor=house.manager, **asked),
    )
    assert sum(isinstance(one, Case) for one in results) == 1
    assert _codes(results).count(str(Code.STALE)) == 3
    assert row.steps.count() == 2


def test_a_form_sent_many_times_at_once_is_one_case(stage: Cast) -> None:
    house = make_house(stage)
    results = together(*[house.dispatched] * 4)
    assert len({one.id for one in results if isinstance(one, Case)}) == 1, _codes(results)
    assert Case.objects.count() == 1


def test_the_last_place_of_a_need_is_given_once(stage: Cast) -> None:
    house = make_house(stage)
    runtime.__dict__["case_rules"] = CaseRules(live_per_need=1)
    try:
        results = together(
            lambda: house.dispatched(house.product, key="case-form-1"),
            lambda: house.dispatched(house.other, key="case-form-2"),
        )
    finally:
        del runtime.__dict__["case_rules"]
    assert sum(isinstance(one, Case) for one in results) == 1, _codes(results)
    (refused,) = [one for one in results if isinstance(one, Conflict)]
    assert refused.facts["reason"] == "ENOUGH_CASES"


def test_one_message_form_is_one_message(stage: Cast) -> None:
    house: House = make_house(stage)
    row = house.accepted()
    say = partial(
        services.send_message,
        actor=house.cast.owner,
        case_id=row.id,
        text="您好",
        key="message-1",
        at=house.now,
    )
    together(*[say] * 4)
    assert row.messages.count() == 1
