"""Coordination tickets 协调工单: what a source is asked to put right about what it shares, and how that ends.

The kinds are those that the implementation plan of 国办发〔2024〕15号 names for the coordination of sharing: standards that
differ, data missing, low frequency, late updates, too little call capacity, unstable interfaces. Two of them a rule can
see by itself; of those the arrival of a batch is the end.
"""

from datetime import date, timedelta
from enum import StrEnum

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.machine import Machine, Role
from xinqiao.domain.workdays import WorkCalendar


class TicketKind(StrEnum):
    """What is the matter."""

    #: came before, and the next batch is overdue
    LATE = "late"
    #: never came
    MISSING = "missing"
    STANDARDS = "standards"
    LOW_FREQUENCY = "low_frequency"
    CAPACITY = "capacity"
    UNSTABLE = "unstable"


#: What a rule opens, and what the arrival of a batch ends.
BY_ARRIVAL = frozenset({TicketKind.LATE, TicketKind.MISSING})


class TicketState(StrEnum):
    """Where a ticket is. The two last ones are how it ended."""

    OPEN = "open"
    PROMISED = "promised"
    ESCALATED = "escalated"
    ARRIVED = "arrived"
    CLOSED = "closed"


class TicketEvent(StrEnum):
    """What can happen to a ticket."""

    PROMISE = "promise"
    ESCALATE = "escalate"
    ARRIVE = "arrive"
    CLOSE = "close"


LIVE = frozenset({TicketState.OPEN, TicketState.PROMISED, TicketState.ESCALATED})

#: A promise may be given anew, and answers an escalation too: the ticket keeps how often it was escalated.
TICKET: Machine[TicketState, TicketEvent] = Machine(
    name="ticket",
    start=TicketState.OPEN,
    moves={
        (TicketState.OPEN, TicketEvent.PROMISE): TicketState.PROMISED,
        (TicketState.OPEN, TicketEvent.ESCALATE): TicketState.ESCALATED,
        (TicketState.OPEN, TicketEvent.ARRIVE): TicketState.ARRIVED,
        (TicketState.OPEN, TicketEvent.CLOSE): TicketState.CLOSED,
        (TicketState.PROMISED, TicketEvent.PROMISE): TicketState.PROMISED,
        (TicketState.PROMISED, TicketEvent.ESCALATE): TicketState.ESCALATED,
        (TicketState.PROMISED, TicketEvent.ARRIVE): TicketState.ARRIVED,
        (TicketState.PROMISED, TicketEvent.CLOSE): TicketState.CLOSED,
        (TicketState.ESCALATED, TicketEvent.PROMISE): TicketState.PROMISED,
        (TicketState.ESCALATED, TicketEvent.ARRIVE): TicketState.ARRIVED,
        (TicketState.ESCALATED, TicketEvent.CLOSE): TicketState.CLOSED,
    },
    may_fire={
        TicketEvent.PROMISE: frozenset({Role.SOURCE}),
        TicketEvent.ESCALATE: frozenset({Role.CLOCK}),
        TicketEvent.ARRIVE: frozenset({Role.HUB}),
        TicketEvent.CLOSE: frozenset({Role.OPERATOR}),
    },
)


def answer_by(asked: date, workdays: int, calendar: WorkCalendar) -> date:
    """The last day on which an answer is in time: so many working days after the day of asking."""
    return calendar.add(asked, workdays)


def check_promise(promised: date, *, today: date, longest: int) -> date:
    """A promised day: not before today, and no more than ``longest`` days ahead.

    Raises:
        Invalid: ``INVALID`` naming ``promised_on``.
    """
    if not today <= promised <= today + timedelta(days=longest):
        facts: dict[str, str | int | bool | list[str] | None] = {"field": "promised_on", "max": longest}
        raise Invalid(Code.INVALID, "a promised day lies ahead, and not too far", facts=facts)
    return promised


def is_overdue(state: TicketState, *, answer_by: date, promised: date | None, today: date) -> bool:
    """Whether a ticket has to be escalated: unanswered after the last day, or the promised day went by."""
    match state:
        case TicketState.OPEN:
            return today > answer_by
        case TicketState.PROMISED:
            return promised is not None and today > promised
        case _:
            return False
