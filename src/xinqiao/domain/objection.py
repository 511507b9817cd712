"""异议: what an objection of a firm against a collected record goes through, and how long it may take.

The Regulation on the Credit Reporting Industry (art. 25) has the disputed information marked, verified and answered in
writing within 20 days; who accepts it in how many days is proposed by the field's documents and a setting. A record is
never changed here: "corrected" means that its source has sent a correction or taken the record back.
"""

from datetime import date, timedelta
from enum import StrEnum

from xinqiao.domain.machine import Machine, Role


class RecordObjectionState(StrEnum):
    """States of an objection against a collected record."""

    SUBMITTED = "submitted"
    NOT_ACCEPTED = "not_accepted"
    AT_SOURCE = "at_source"
    CORRECTED = "corrected"
    UPHELD = "upheld"
    UNRESOLVED = "unresolved"
    WITHDRAWN = "withdrawn"


class RecordObjectionEvent(StrEnum):
    """What can happen to it."""

    FORWARD = "forward"
    DECLINE = "decline"
    CORRECT = "correct"
    UPHOLD = "uphold"
    LEAVE_OPEN = "leave_open"
    WITHDRAW = "withdraw"


_OPERATOR = frozenset({Role.OPERATOR})
_SOURCE = frozenset({Role.SOURCE})

RECORD_OBJECTION: Machine[RecordObjectionState, RecordObjectionEvent] = Machine(
    name="record_objection",
    start=RecordObjectionState.SUBMITTED,
    moves={
        (RecordObjectionState.SUBMITTED, RecordObjectionEvent.FORWARD): RecordObjectionState.AT_SOURCE,
        (RecordObjectionState.SUBMITTED, RecordObjectionEvent.DECLINE): RecordObjectionState.NOT_ACCEPTED,
        (RecordObjectionState.SUBMITTED, RecordObjectionEvent.WITHDRAW): RecordObjectionState.WITHDRAWN,
        (RecordObjectionState.AT_SOURCE, RecordObjectionEvent.CORRECT): RecordObjectionState.CORRECTED,
        (RecordObjectionState.AT_SOURCE, RecordObjectionEvent.UPHOLD): RecordObjectionState.UPHELD,
        (RecordObjectionState.AT_SOURCE, RecordObjectionEvent.LEAVE_OPEN): RecordObjectionState.UNRESOLVED,
        (RecordObjectionState.AT_SOURCE, RecordObjectionEvent.WITHDRAW): RecordObjectionState.WITHDRAWN,
    },
    may_fire={
        RecordObjectionEvent.FORWARD: _OPERATOR,
        RecordObjectionEvent.DECLINE: _OPERATOR,
        RecordObjectionEvent.CORRECT: _SOURCE,
        RecordObjectionEvent.UPHOLD: _SOURCE,
        RecordObjectionEvent.LEAVE_OPEN: _OPERATOR,
        RecordObjectionEvent.WITHDRAW: frozenset({Role.ENTERPRISE}),
    },
)

#: It still waits for somebody; one record has at most one of these.
OPEN = frozenset({RecordObjectionState.SUBMITTED, RecordObjectionState.AT_SOURCE})
#: The record carries the mark: from the moment of submission while it is handled, and on when it could not be settled.
MARKED = OPEN | {RecordObjectionState.UNRESOLVED}
#: The firm lost, or nobody could tell: it may add a statement beside the record.
MAY_STATE = frozenset(
    {RecordObjectionState.NOT_ACCEPTED, RecordObjectionState.UPHELD, RecordObjectionState.UNRESOLVED}
)


def answer_due(submitted_on: date, days: int) -> date:
    """The last day for the written answer: ``days`` calendar days after the day of receipt."""
    return submitted_on + timedelta(days=days)
