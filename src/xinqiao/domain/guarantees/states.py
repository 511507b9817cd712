"""What a guarantee goes through, from the application to the end of the claim."""

from enum import StrEnum

from xinqiao.domain.machine import Machine, Role


class GuaranteeState(StrEnum):
    """States of a guarantee 担保."""

    APPLIED = "applied"
    REVIEWING = "reviewing"
    APPROVED = "approved"
    IN_FORCE = "in_force"
    RELEASED = "released"
    CLAIM = "claim"
    COMPENSATED = "compensated"
    RECOVERING = "recovering"
    CLOSED = "closed"
    DECLINED = "declined"
    LAPSED = "lapsed"


class GuaranteeEvent(StrEnum):
    """What can happen to it."""

    REVIEW = "review"
    APPROVE = "approve"
    DECLINE = "decline"
    #: the loan it stands for was drawn
    START = "start"
    LAPSE = "lapse"
    #: the loan it stood for was settled
    RELEASE = "release"
    CLAIM = "claim"
    #: the guarantor found the claim unfounded; the guarantee stands
    RETURN = "return"
    COMPENSATE = "compensate"
    RECOVER = "recover"
    CLOSE = "close"


_GUARANTOR = frozenset({Role.GUARANTOR})
_INSTITUTION = frozenset({Role.INSTITUTION})

GUARANTEE: Machine[GuaranteeState, GuaranteeEvent] = Machine(
    name="guarantee",
    start=GuaranteeState.APPLIED,
    moves={
        (GuaranteeState.APPLIED, GuaranteeEvent.REVIEW): GuaranteeState.REVIEWING,
        # 总对总: within the agreed conditions the bank's decision is the guarantor's
        (GuaranteeState.APPLIED, GuaranteeEvent.APPROVE): GuaranteeState.APPROVED,
        (GuaranteeState.APPLIED, GuaranteeEvent.DECLINE): GuaranteeState.DECLINED,
        (GuaranteeState.REVIEWING, GuaranteeEvent.APPROVE): GuaranteeState.APPROVED,
        (GuaranteeState.REVIEWING, GuaranteeEvent.DECLINE): GuaranteeState.DECLINED,
        (GuaranteeState.APPROVED, GuaranteeEvent.START): GuaranteeState.IN_FORCE,
        (GuaranteeState.APPROVED, GuaranteeEvent.LAPSE): GuaranteeState.LAPSED,
        (GuaranteeState.IN_FORCE, GuaranteeEvent.RELEASE): GuaranteeState.RELEASED,
        (GuaranteeState.IN_FORCE, GuaranteeEvent.CLAIM): GuaranteeState.CLAIM,
        (GuaranteeState.CLAIM, GuaranteeEvent.RETURN): GuaranteeState.IN_FORCE,
        (GuaranteeState.CLAIM, GuaranteeEvent.COMPENSATE): GuaranteeState.COMPENSATED,
        (GuaranteeState.COMPENSATED, GuaranteeEvent.RECOVER): GuaranteeState.RECOVERING,
        (GuaranteeState.COMPENSATED, GuaranteeEvent.CLOSE): GuaranteeState.CLOSED,
        (GuaranteeState.RECOVERING, GuaranteeEvent.RECOVER): GuaranteeState.RECOVERING,
        (GuaranteeState.RECOVERING, GuaranteeEvent.CLOSE): GuaranteeState.CLOSED,
    },
    may_fire={
        GuaranteeEvent.REVIEW: _GUARANTOR,
        GuaranteeEvent.APPROVE: _GUARANTOR | {Role.HUB},
        GuaranteeEvent.DECLINE: _GUARANTOR,
        GuaranteeEvent.START: frozenset({Role.HUB}),
        GuaranteeEvent.LAPSE: _GUARANTOR | {Role.CLOCK},
        GuaranteeEvent.RELEASE: _INSTITUTION | {Role.HUB},
        GuaranteeEvent.CLAIM: _INSTITUTION,
        GuaranteeEvent.RETURN: _GUARANTOR,
        GuaranteeEvent.COMPENSATE: _GUARANTOR,
        GuaranteeEvent.RECOVER: _GUARANTOR,
        GuaranteeEvent.CLOSE: _GUARANTOR,
    },
)
