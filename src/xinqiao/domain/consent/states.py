"""The life of an authorisation: its table of moves, and the words a page shows for it at an instant."""

from datetime import datetime
from enum import StrEnum
from typing import assert_never

from xinqiao.domain.consent.records import AuthState, Standing
from xinqiao.domain.machine import Machine, Role


class AuthEvent(StrEnum):
    """What can happen to an authorisation."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    LAPSE = "lapse"
    APPEND = "append"
    WITHDRAW = "withdraw"


#: Fund-flow rules 5. Expiry is not a move: it is read from the clock. Withdrawal is absorbing (abuse case D7).
AUTHORISATION: Machine[AuthState, AuthEvent] = Machine(
    name="authorisation",
    start=AuthState.REQUESTED,
    moves={
        (AuthState.REQUESTED, AuthEvent.CONFIRM): AuthState.CONFIRMED,
        (AuthState.REQUESTED, AuthEvent.REFUSE): AuthState.REFUSED,
        (AuthState.REQUESTED, AuthEvent.LAPSE): AuthState.LAPSED,
        (AuthState.CONFIRMED, AuthEvent.APPEND): AuthState.CONFIRMED,
        (AuthState.CONFIRMED, AuthEvent.WITHDRAW): AuthState.WITHDRAWN,
    },
    may_fire={
        AuthEvent.CONFIRM: frozenset({Role.ENTERPRISE}),
        AuthEvent.REFUSE: frozenset({Role.ENTERPRISE}),
        AuthEvent.LAPSE: frozenset({Role.CLOCK}),
        AuthEvent.APPEND: frozenset({Role.ENTERPRISE}),
        AuthEvent.WITHDRAW: frozenset({Role.ENTERPRISE}),
    },
)


class VisibleState(StrEnum):
    """What a person is told; one pill each."""

    REQUESTED = "requested"
    ACTIVE = "active"
    PARTLY = "partly"
    REFUSED = "refused"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    USED_UP = "used_up"


def visible_state(
    authorisation: Standing,
    at: datetime,
    *,
    partly: bool = False,
    answer_by: datetime | None = None,
) -> VisibleState:
    """The state to show at ``at``.

    Args:
        authorisation: as stored.
        at: the instant of reading.
        partly: whether the subject agreed to less than was asked (:class:`~.changes.Confirmation`).
        answer_by: end of the waiting time of a request; past it the request reads as lapsed even before a worker has
            recorded that.

    Expired comes before used up: both forbid, and the later end is the one a new request would have to renew.
    """
    if authorisation.withdrawn_at is not None:
        return VisibleState.WITHDRAWN
    match authorisation.state:
        case AuthState.REQUESTED:
            lapsed = answer_by is not None and at >= answer_by
            return VisibleState.LAPSED if lapsed else VisibleState.REQUESTED
        case AuthState.REFUSED:
            return VisibleState.REFUSED
        case AuthState.LAPSED:
            return VisibleState.LAPSED
        case AuthState.WITHDRAWN:
            return VisibleState.WITHDRAWN
        case AuthState.CONFIRMED:
            if at >= authorisation.valid_to:
                return VisibleState.EXPIRED
            if authorisation.uses >= authorisation.max_queries:
                return VisibleState.USED_UP
            return VisibleState.PARTLY if partly else VisibleState.ACTIVE
        case _:
            assert_never(authorisation.state)
