"""融资申请: what a need and each institution's handling of it go through, one table each.

A need is one; it is handled by several institutions side by side, so the flow of the field's documents is two tables that
meet at ``dispatched``: the need's own up to there, and from there one case for each institution. Working days in which each
state should be left are proposed by those documents and may be set.
"""

from collections.abc import Mapping
from enum import StrEnum

from xinqiao.domain.machine import Machine, Role


class NeedState(StrEnum):
    """States of a need 融资需求."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    MATCHED = "matched"
    ASSIGNED = "assigned"
    DISPATCHED = "dispatched"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class NeedEvent(StrEnum):
    """What can happen to a need."""

    SUBMIT = "submit"
    MATCH = "match"
    RETURN = "return"
    ASSIGN = "assign"
    DISPATCH = "dispatch"
    CLOSE = "close"
    CANCEL = "cancel"


_ENTERPRISE = frozenset({Role.ENTERPRISE})
_INSTITUTION = frozenset({Role.INSTITUTION})
_ADVISER = frozenset({Role.ADVISER})
_HUB = frozenset({Role.HUB})
_CLOCK = frozenset({Role.CLOCK})

NEED: Machine[NeedState, NeedEvent] = Machine(
    name="need",
    start=NeedState.DRAFT,
    moves={
        (NeedState.DRAFT, NeedEvent.SUBMIT): NeedState.SUBMITTED,
        (NeedState.DRAFT, NeedEvent.CANCEL): NeedState.CANCELLED,
        (NeedState.SUBMITTED, NeedEvent.MATCH): NeedState.MATCHED,
        (NeedState.SUBMITTED, NeedEvent.RETURN): NeedState.RETURNED,
        (NeedState.SUBMITTED, NeedEvent.CANCEL): NeedState.CANCELLED,
        (NeedState.RETURNED, NeedEvent.SUBMIT): NeedState.SUBMITTED,
        (NeedState.RETURNED, NeedEvent.CANCEL): NeedState.CANCELLED,
        (NeedState.MATCHED, NeedEvent.ASSIGN): NeedState.ASSIGNED,
        (NeedState.MATCHED, NeedEvent.DISPATCH): NeedState.DISPATCHED,
        (NeedState.MATCHED, NeedEvent.CANCEL): NeedState.CANCELLED,
        (NeedState.ASSIGNED, NeedEvent.DISPATCH): NeedState.DISPATCHED,
        (NeedState.ASSIGNED, NeedEvent.RETURN): NeedState.RETURNED,
        (NeedState.ASSIGNED, NeedEvent.CLOSE): NeedState.CLOSED,
        (NeedState.ASSIGNED, NeedEvent.CANCEL): NeedState.CANCELLED,
        # another institution may be asked while the first ones still think
        (NeedState.DISPATCHED, NeedEvent.DISPATCH): NeedState.DISPATCHED,
        (NeedState.DISPATCHED, NeedEvent.CLOSE): NeedState.CLOSED,
        (NeedState.DISPATCHED, NeedEvent.CANCEL): NeedState.CANCELLED,
    },
    may_fire={
        NeedEvent.SUBMIT: _ENTERPRISE,
        NeedEvent.MATCH: _HUB,
        NeedEvent.RETURN: _HUB | _ADVISER,
        NeedEvent.ASSIGN: _HUB,
        NeedEvent.DISPATCH: _ADVISER | _ENTERPRISE,
        NeedEvent.CLOSE: _ADVISER | _HUB,
        NeedEvent.CANCEL: _ENTERPRISE,
    },
)


class CaseState(StrEnum):
    """States of one institution's case 融资申请."""

    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    DUE_DILIGENCE = "due_diligence"
    SUPPLEMENT = "supplement"
    APPROVED = "approved"
    CONTRACTED = "contracted"
    DRAWN = "drawn"
    REPAYING = "repaying"
    EXTENDED = "extended"
    OVERDUE = "overdue"
    SETTLED = "settled"
    WRITTEN_OFF = "written_off"
    DECLINED = "declined"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"


class CaseEvent(StrEnum):
    """What can happen to a case."""

    ACCEPT = "accept"
    DECLINE = "decline"
    TIME_OUT = "time_out"
    INVESTIGATE = "investigate"
    ASK = "ask"
    SUPPLY = "supply"
    APPROVE = "approve"
    REJECT = "reject"
    LAPSE = "lapse"
    CONTRACT = "contract"
    DRAW = "draw"
    REPAY = "repay"
    EXTEND = "extend"
    FALL_OVERDUE = "fall_overdue"
    CURE = "cure"
    SETTLE = "settle"
    WRITE_OFF = "write_off"
    WITHDRAW = "withdraw"


CASE: Machine[CaseState, CaseEvent] = Machine(
    name="case",
    start=CaseState.DISPATCHED,
    moves={
        (CaseState.DISPATCHED, CaseEvent.ACCEPT): CaseState.ACCEPTED,
        (CaseState.DISPATCHED, CaseEvent.DECLINE): CaseState.DECLINED,
        (CaseState.DISPATCHED, CaseEvent.TIME_OUT): CaseState.LAPSED,
        (CaseState.DISPATCHED, CaseEvent.WITHDRAW): CaseState.CANCELLED,
        (CaseState.ACCEPTED, CaseEvent.INVESTIGATE): CaseState.DUE_DILIGENCE,
        (CaseState.ACCEPTED, CaseEvent.DECLINE): CaseState.DECLINED,
        (CaseState.ACCEPTED, CaseEvent.WITHDRAW): CaseState.CANCELLED,
        (CaseState.DUE_DILIGENCE, CaseEvent.ASK): CaseState.SUPPLEMENT,
        (CaseState.DUE_DILIGENCE, CaseEvent.APPROVE): CaseState.APPROVED,
        (CaseState.DUE_DILIGENCE, CaseEvent.REJECT): CaseState.REJECTED,
        (CaseState.DUE_DILIGENCE, CaseEvent.WITHDRAW): CaseState.CANCELLED,
        (CaseState.SUPPLEMENT, CaseEvent.SUPPLY): CaseState.DUE_DILIGENCE,
        (CaseState.SUPPLEMENT, CaseEvent.WITHDRAW): CaseState.CANCELLED,
        (CaseState.APPROVED, CaseEvent.CONTRACT): CaseState.CONTRACTED,
        (CaseState.APPROVED, CaseEvent.LAPSE): CaseState.LAPSED,
        (CaseState.APPROVED, CaseEvent.WITHDRAW): CaseState.CANCELLED,
        (CaseState.CONTRACTED, CaseEvent.DRAW): CaseState.DRAWN,
        (CaseState.DRAWN, CaseEvent.REPAY): CaseState.REPAYING,
        (CaseState.REPAYING, CaseEvent.EXTEND): CaseState.EXTENDED,
        (CaseState.REPAYING, CaseEvent.FALL_OVERDUE): CaseState.OVERDUE,
        (CaseState.REPAYING, CaseEvent.SETTLE): CaseState.SETTLED,
        (CaseState.EXTENDED, CaseEvent.FALL_OVERDUE): CaseState.OVERDUE,
        (CaseState.EXTENDED, CaseEvent.SETTLE): CaseState.SETTLED,
        (CaseState.OVERDUE, CaseEvent.CURE): CaseState.REPAYING,
        (CaseState.OVERDUE, CaseEvent.SETTLE): CaseState.SETTLED,
        (CaseState.OVERDUE, CaseEvent.WRITE_OFF): CaseState.WRITTEN_OFF,
    },
    may_fire={
        CaseEvent.ACCEPT: _INSTITUTION,
        CaseEvent.DECLINE: _INSTITUTION,
        CaseEvent.TIME_OUT: _CLOCK,
        CaseEvent.INVESTIGATE: _INSTITUTION,
        CaseEvent.ASK: _INSTITUTION,
        CaseEvent.SUPPLY: _ENTERPRISE,
        CaseEvent.APPROVE: _INSTITUTION,
        CaseEvent.REJECT: _INSTITUTION,
        CaseEvent.LAPSE: _INSTITUTION | _CLOCK,
        CaseEvent.CONTRACT: _INSTITUTION,
        CaseEvent.DRAW: _INSTITUTION,
        CaseEvent.REPAY: _INSTITUTION,
        CaseEvent.EXTEND: _INSTITUTION,
        CaseEvent.FALL_OVERDUE: _INSTITUTION,
        CaseEvent.CURE: _INSTITUTION,
        CaseEvent.SETTLE: _INSTITUTION,
        CaseEvent.WRITE_OFF: _INSTITUTION,
        CaseEvent.WITHDRAW: _ENTERPRISE,
    },
)


class Refusal(StrEnum):
    """Why a case ended without money; ``other`` needs words of its own."""

    INDUSTRY_POLICY = "industry_policy"
    CREDIT_RECORD = "credit_record"
    INSUFFICIENT_DATA = "insufficient_data"
    FINANCIALS = "financials"
    SECURITY = "security"
    PURPOSE = "purpose"
    REGION = "region"
    CAPACITY = "capacity"
    DUPLICATE = "duplicate"
    ENTERPRISE_WITHDREW = "enterprise_withdrew"
    OTHER = "other"


#: Working days in which a state should be left; the report of a drawdown counts from the drawdown (all proposed).
NEED_WORKDAYS: Mapping[NeedState, int] = {NeedState.ASSIGNED: 1}
CASE_WORKDAYS: Mapping[CaseState, int] = {
    CaseState.DISPATCHED: 3,
    CaseState.ACCEPTED: 3,
    CaseState.DUE_DILIGENCE: 10,
    CaseState.SUPPLEMENT: 5,
    CaseState.DRAWN: 2,
}
#: One firm has at most one of these at one institution for one product.
OPEN = CASE.states - CASE.final
#: No money has gone out yet.
BEFORE_MONEY = frozenset(
    {
        CaseState.DISPATCHED,
        CaseState.ACCEPTED,
        CaseState.DUE_DILIGENCE,
        CaseState.SUPPLEMENT,
        CaseState.APPROVED,
        CaseState.CONTRACTED,
    }
)
