"""The tables of needs and cases, cell by cell, against the field's own list of what follows what."""

from xinqiao.domain.machine import Role
from xinqiao.domain.market.case import (
    BEFORE_MONEY,
    CASE,
    CASE_WORKDAYS,
    NEED,
    NEED_WORKDAYS,
    OPEN,
    CaseEvent,
    CaseState,
    NeedEvent,
    NeedState,
)

#: The field's own table: from a state, the states that may follow (the firm may also take a case back before the contract).
FOLLOWS = {
    "dispatched": {"accepted", "declined", "lapsed"},
    "accepted": {"due_diligence", "declined"},
    "due_diligence": {"approved", "rejected", "supplement"},
    "supplement": {"due_diligence"},
    "approved": {"contracted", "lapsed"},
    "contracted": {"drawn"},
    "drawn": {"repaying"},
    "repaying": {"overdue", "settled", "extended"},
    "extended": {"overdue", "settled"},
    "overdue": {"repaying", "written_off", "settled"},
}
WITHDRAWABLE = {"dispatched", "accepted", "due_diligence", "supplement", "approved"}
NEED_FOLLOWS = {
    "draft": {"submitted", "cancelled"},
    "submitted": {"matched", "returned", "cancelled"},
    "returned": {"submitted", "cancelled"},
    "matched": {"assigned", "dispatched", "cancelled"},
    "assigned": {"dispatched", "returned", "closed", "cancelled"},
    "dispatched": {"dispatched", "closed", "cancelled"},
}


def test_what_follows_what_is_the_fields_own_table() -> None:
    for state in CaseState:
        following = {str(CASE.next(state, event)) for event in CASE.allowed(state)}
        taken_back = {"cancelled"} if state in WITHDRAWABLE else set()
        assert following == FOLLOWS.get(state, set()) | taken_back
    for need in NeedState:
        assert {str(NEED.next(need, event)) for event in NEED.allowed(need)} == NEED_FOLLOWS.get(need, set())


def test_nobody_but_the_institution_gives_money_and_nobody_but_the_firm_takes_a_need_back() -> None:
    for event in (CaseEvent.APPROVE, CaseEvent.CONTRACT, CaseEvent.DRAW, CaseEvent.WRITE_OFF):
        assert CASE.may_fire[event] == {Role.INSTITUTION}
    assert NEED.may_fire[NeedEvent.CANCEL] == {Role.ENTERPRISE}


def test_ends_and_clocks() -> None:
    assert {str(state) for state in CASE.final} == {
        "settled", "written_off", "declined", "rejected", "lapsed", "cancelled",
    }  # fmt: skip
    assert OPEN | CASE.final == CASE.states
    assert BEFORE_MONEY <= OPEN
    assert CASE_WORKDAYS.keys() <= OPEN
    assert NEED_WORKDAYS.keys() <= NEED.states
