"""Batches of collected records 批次: what can happen to one, from the moment its file is kept to its withdrawal.

A batch that could be read and judged ends in one of three states, by how many of its rows were taken. ``failed`` is
the platform's own fault (no room, a program that died too often) and never a judgement about the file, so it can be
tried again. A withdrawal is asked for by the source and carried out by the hub, because the rows leave the lake first.
"""

from datetime import date, timedelta
from enum import StrEnum

from xinqiao.domain.catalogue.model import Frequency
from xinqiao.domain.machine import Machine, Role


class BatchState(StrEnum):
    """Where a batch is."""

    RECEIVED = "received"
    CHECKING = "checking"
    ACCEPTED = "accepted"
    PARTLY_ACCEPTED = "partly_accepted"
    RETURNED = "returned"
    FAILED = "failed"
    WITHDRAWING = "withdrawing"
    WITHDRAWN = "withdrawn"


class BatchEvent(StrEnum):
    """What can happen to a batch."""

    CHECK = "check"
    ACCEPT = "accept"
    ACCEPT_PARTLY = "accept_partly"
    RETURN = "return"
    FAIL = "fail"
    RETRY = "retry"
    REQUEST_WITHDRAWAL = "request_withdrawal"
    WITHDRAW = "withdraw"


_HUB = frozenset({Role.HUB})
_SOURCE = frozenset({Role.SOURCE})

#: ``check`` leads from ``checking`` to itself: a batch whose program died is taken up again from its file.
BATCH: Machine[BatchState, BatchEvent] = Machine(
    name="batch",
    start=BatchState.RECEIVED,
    moves={
        (BatchState.RECEIVED, BatchEvent.CHECK): BatchState.CHECKING,
        (BatchState.CHECKING, BatchEvent.CHECK): BatchState.CHECKING,
        (BatchState.CHECKING, BatchEvent.ACCEPT): BatchState.ACCEPTED,
        (BatchState.CHECKING, BatchEvent.ACCEPT_PARTLY): BatchState.PARTLY_ACCEPTED,
        (BatchState.CHECKING, BatchEvent.RETURN): BatchState.RETURNED,
        (BatchState.CHECKING, BatchEvent.FAIL): BatchState.FAILED,
        (BatchState.FAILED, BatchEvent.RETRY): BatchState.RECEIVED,
        (BatchState.RECEIVED, BatchEvent.REQUEST_WITHDRAWAL): BatchState.WITHDRAWING,
        (BatchState.ACCEPTED, BatchEvent.REQUEST_WITHDRAWAL): BatchState.WITHDRAWING,
        (BatchState.PARTLY_ACCEPTED, BatchEvent.REQUEST_WITHDRAWAL): BatchState.WITHDRAWING,
        (BatchState.WITHDRAWING, BatchEvent.WITHDRAW): BatchState.WITHDRAWN,
    },
    may_fire={
        BatchEvent.CHECK: _HUB,
        BatchEvent.ACCEPT: _HUB,
        BatchEvent.ACCEPT_PARTLY: _HUB,
        BatchEvent.RETURN: _HUB,
        BatchEvent.FAIL: _HUB,
        BatchEvent.RETRY: frozenset({Role.SOURCE, Role.OPERATOR}),
        BatchEvent.REQUEST_WITHDRAWAL: _SOURCE,
        BatchEvent.WITHDRAW: _HUB,
    },
)

#: Rows of a batch in one of these are in the lake.
IN_THE_LAKE = frozenset({BatchState.ACCEPTED, BatchState.PARTLY_ACCEPTED, BatchState.WITHDRAWING})
#: A batch in one of these still waits for the hub.
UNFINISHED = frozenset({BatchState.RECEIVED, BatchState.CHECKING, BatchState.WITHDRAWING})


#: Days after which a source is expected to have sent an item again, with some to spare. Proposed figures: the field's
#: documents name frequencies and no grace. What changes only by events, or is asked for, is never late by the clock.
_EXPECTED_DAYS = {
    Frequency.DAILY: 2,
    Frequency.WEEKLY: 9,
    Frequency.MONTHLY: 36,
    Frequency.QUARTERLY: 102,
    Frequency.ANNUAL: 396,
}


def expected_by(frequency: Frequency, last: date) -> date | None:
    """The day by which the next batch of an item is expected, after ``last`` was the day of the one before."""
    days = _EXPECTED_DAYS.get(frequency)
    return None if days is None else last + timedelta(days=days)
