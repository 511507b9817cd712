"""贷款合同的一生: what an institution reports of a loan and the state that follows, as one table."""

from enum import StrEnum

from xinqiao.domain.machine import Machine, Role


class FiveClass(StrEnum):
    """五级分类, as the institution reports it; the platform derives none."""

    NORMAL = "normal"
    SPECIAL_MENTION = "special_mention"
    SUBSTANDARD = "substandard"
    DOUBTFUL = "doubtful"
    LOSS = "loss"


#: 不良: what the rate of non-performing loans counts.
NON_PERFORMING = frozenset({FiveClass.SUBSTANDARD, FiveClass.DOUBTFUL, FiveClass.LOSS})


class LoanState(StrEnum):
    """States of a contract."""

    SIGNED = "signed"
    OUTSTANDING = "outstanding"
    EXTENDED = "extended"
    OVERDUE = "overdue"
    SETTLED = "settled"
    #: 无还本续贷: a later contract took its place without the principal being paid
    RENEWED = "renewed"
    WRITTEN_OFF = "written_off"


class LoanEvent(StrEnum):
    """What an institution reports."""

    DRAW = "draw"
    REPAY = "repay"
    PREPAY = "prepay"
    EXTEND = "extend"
    FALL_OVERDUE = "fall_overdue"
    CURE = "cure"
    CLASSIFY = "classify"
    RENEW = "renew"
    SETTLE = "settle"
    WRITE_OFF = "write_off"
    RECOVER = "recover"


_S, _E = LoanState, LoanEvent
#: Money is out and owed.
LIVE = frozenset({_S.OUTSTANDING, _S.EXTENDED, _S.OVERDUE})

LOAN: Machine[LoanState, LoanEvent] = Machine(
    name="loan",
    start=LoanState.SIGNED,
    moves={
        (_S.SIGNED, _E.DRAW): _S.OUTSTANDING,
        # a contract may be drawn in parts
        (_S.OUTSTANDING, _E.DRAW): _S.OUTSTANDING,
        (_S.OUTSTANDING, _E.REPAY): _S.OUTSTANDING,
        (_S.OUTSTANDING, _E.PREPAY): _S.OUTSTANDING,
        (_S.OUTSTANDING, _E.EXTEND): _S.EXTENDED,
        (_S.OUTSTANDING, _E.FALL_OVERDUE): _S.OVERDUE,
        (_S.OUTSTANDING, _E.CLASSIFY): _S.OUTSTANDING,
        (_S.OUTSTANDING, _E.RENEW): _S.RENEWED,
        (_S.OUTSTANDING, _E.SETTLE): _S.SETTLED,
        (_S.EXTENDED, _E.REPAY): _S.EXTENDED,
        (_S.EXTENDED, _E.PREPAY): _S.EXTENDED,
        (_S.EXTENDED, _E.FALL_OVERDUE): _S.OVERDUE,
        (_S.EXTENDED, _E.CLASSIFY): _S.EXTENDED,
        (_S.EXTENDED, _E.RENEW): _S.RENEWED,
        (_S.EXTENDED, _E.SETTLE): _S.SETTLED,
        # part of what is overdue comes in; whether all of it did is said by the institution
        (_S.OVERDUE, _E.REPAY): _S.OVERDUE,
        (_S.OVERDUE, _E.CURE): _S.OUTSTANDING,
        (_S.OVERDUE, _E.CLASSIFY): _S.OVERDUE,
        (_S.OVERDUE, _E.SETTLE): _S.SETTLED,
        (_S.OVERDUE, _E.WRITE_OFF): _S.WRITTEN_OFF,
        # written off is not forgiven: what still comes in is reported
        (_S.WRITTEN_OFF, _E.RECOVER): _S.WRITTEN_OFF,
    },
    may_fire={event: frozenset({Role.INSTITUTION}) for event in LoanEvent},
)
#: Nothing is owed any more, or nobody counts on it: the authorisation to monitor ends here.
ENDED = frozenset({_S.SETTLED, _S.RENEWED, _S.WRITTEN_OFF})
