"""Messages of the two sides, stars, complaints; and who sees which of them."""

from typing import Any

import pytest
from tests.hub.cases.house import House

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.cases import selectors, services
from xinqiao.hub.apps.cases.models import Case, CaseComplaint, CaseMessage
from xinqiao.hub.apps.notices.models import Notice

pytestmark = pytest.mark.django_db


def _say(
    house: House, row: Case, actor: Any, text: str = "请问还缺什么", key: str = "message-1"
) -> CaseMessage:
    return services.send_message(actor=actor, case_id=row.id, text=text, key=key, at=house.now)


def test_two_sides_talk_and_nobody_else_listens(house: House) -> None:
    row, theirs = house.accepted(), house.dispatched(house.other, key="case-form-2")
    first = _say(house, row, house.cast.owner)
    assert _say(house, row, house.cast.owner).id == first.id
    _say(house, row, house.manager, "请补合同")  # the same key of the other side is another message
    _say(house, theirs, house.cast.owner, "另一家")
    assert [one.text for one in selectors.messages(house.manager, row.id)] == ["请问还缺什么", "请补合同"]
    assert [one.text for one in selectors.messages(house.rival, theirs.id)] == ["另一家"]
    for outsider in (
        house.rival,
        house.cast.stranger,
        house.stage.adviser,
        house.cast.operator,
        house.cast.auditor,
    ):
        with pytest.raises(NotFound):
            selectors.messages(outsider, row.id)
    for who in (house.rival, house.cast.stranger):
        with pytest.raises(NotFound):
            _say(house, row, who, key="message-2")
    for who in (house.clerk, house.cast.reader):
        with pytest.raises(Forbidden):
            _say(house, row, who, key="message-2")
    for text, key in (("", "message-3"), ("长" * 1001, "message-3"), ("一", "short")):
        with pytest.raises(Invalid):
            _say(house, row, house.cast.owner, text, key)
    assert selectors.unread(house.manager, row.id) == 1
    assert services.read_messages(actor=house.manager, case_id=row.id, at=house.now) == 1
    assert selectors.unread(house.manager, row.id) == 0
    with pytest.raises(NotFound):
        services.read_messages(actor=house.rival, case_id=row.id, at=house.now)
    told = set(Notice.objects.filter(kind="case_message").values_list("audience_kind", flat=True))
    assert told == {"enterprise", "institution"}


def test_nobody_writes_into_a_case_that_is_over(house: House) -> None:
    row = house.dispatched()
    row = services.withdraw_case(
        actor=house.cast.owner, case_id=row.id, expected_version=row.version, at=house.now
    )
    with pytest.raises(Conflict):
        _say(house, row, house.cast.owner)


def test_stars_once_and_only_afterwards(house: House) -> None:
    row = house.approved()
    rate: dict[str, Any] = {"case_id": row.id, "stars": 5, "at": house.now}
    with pytest.raises(Conflict) as refused:
        services.rate_case(actor=house.cast.owner, **rate)
    assert refused.value.code is Code.CONFLICT_STATE
    services.contract_case(actor=house.manager, case_id=row.id, expected_version=row.version, at=house.now)
    for stars in (0, 6):
        with pytest.raises(Invalid):
            services.rate_case(actor=house.cast.owner, **{**rate, "stars": stars})
    with pytest.raises(NotFound):
        services.rate_case(actor=house.cast.stranger, **rate)
    with pytest.raises(Forbidden):
        services.rate_case(actor=house.cast.reader, **rate)
    assert services.rate_case(actor=house.cast.owner, **rate, words="很快").stars == 5
    with pytest.raises(Conflict) as refused:
        services.rate_case(actor=house.cast.owner, **rate)
    assert refused.value.code is Code.CONFLICT_DUPLICATE


def _lodged(house: House, row: Case, key: str = "complaint-1") -> CaseComplaint:
    return services.lodge_complaint(
        actor=house.cast.owner, case_id=row.id, text="三周没有回音", key=key, at=house.now
    )


def test_a_complaint_is_handled_by_the_platform_and_hidden_from_the_institution(house: House) -> None:
    row = house.accepted()
    made = _lodged(house, row)
    assert made.number.startswith("CP-")
    assert _lodged(house, row).id == made.id
    with pytest.raises(Conflict):
        _lodged(house, row, "complaint-2")
    leaf = Leaf.objects.order_by("-index")[0]
    assert (leaf.institution_id, leaf.subject_id) == (None, row.enterprise_id)
    events = [one.event for one in selectors.steps(house.manager, row.id)]
    assert events == ["dispatch", "accept"]
    assert [one.event for one in selectors.steps(house.cast.owner, row.id)][-1] == "complain"
    asked: dict[str, Any] = {"complaint_id": made.id, "expected_version": made.version, "at": house.now}
    with pytest.raises(Forbidden):
        services.take_up_complaint(actor=house.stage.adviser, **asked)
    with pytest.raises(NotFound):
        services.withdraw_complaint(actor=house.cast.stranger, **asked)
    with pytest.raises(Conflict):
        services.answer_complaint(actor=house.cast.operator, answer="已催办", **asked)
    with pytest.raises(Stale):
        services.take_up_complaint(actor=house.cast.operator, **{**asked, "expected_version": 9})
    with pytest.raises(NotFound):
        services.take_up_complaint(actor=house.cast.operator, **{**asked, "complaint_id": "cpl-absent"})
    made = services.take_up_complaint(actor=house.cast.operator, **asked)
    asked["expected_version"] = made.version
    with pytest.raises(Invalid):
        services.answer_complaint(actor=house.cast.operator, answer=" ", **asked)
    with pytest.raises(Forbidden):
        services.answer_complaint(actor=house.stage.adviser, answer="已催办", **asked)
    made = services.answer_complaint(actor=house.cast.operator, answer="已催办，今天答复", **asked)
    assert (made.state, made.ended_at) == ("answered", house.now)
    second = _lodged(house, row, "complaint-2")
    assert second.id != made.id
    gone = services.withdraw_complaint(
        actor=house.cast.owner, complaint_id=second.id, expected_version=second.version, at=house.now
    )
    assert gone.state == "withdrawn"
