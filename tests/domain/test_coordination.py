"""Terms of tickets, and the figures of quality that a platform may set."""

from datetime import date
from decimal import Decimal

import pytest

from xinqiao.domain.coordination import TicketState, answer_by, check_promise, is_overdue
from xinqiao.domain.errors import Invalid
from xinqiao.domain.quality import Dimension, Told
from xinqiao.domain.quality_rules import QualityRules, parse_quality_rules
from xinqiao.domain.workdays import WorkCalendar

FRIDAY = date(2026, 10, 2)


def test_the_answer_is_counted_in_working_days():
    assert answer_by(FRIDAY, 3, WorkCalendar()) == date(2026, 10, 7)
    week_off = WorkCalendar(
        frozenset({date(2026, 10, 5), date(2026, 10, 6)}), frozenset({date(2026, 10, 10)})
    )
    assert answer_by(FRIDAY, 4, week_off) == date(2026, 10, 10)


@pytest.mark.parametrize("day", [date(2026, 10, 1), date(2026, 10, 13)])
def test_a_promise_lies_ahead_and_not_too_far(day):
    assert check_promise(date(2026, 10, 12), today=FRIDAY, longest=10) == date(2026, 10, 12)
    with pytest.raises(Invalid) as wrong:
        check_promise(day, today=FRIDAY, longest=10)
    assert wrong.value.facts["field"] == "promised_on"


@pytest.mark.parametrize(
    ("state", "today", "late"),
    [
        (TicketState.OPEN, FRIDAY, False),
        (TicketState.OPEN, date(2026, 10, 3), True),
        (TicketState.PROMISED, date(2026, 10, 8), False),
        (TicketState.PROMISED, date(2026, 10, 9), True),
        (TicketState.ESCALATED, date(2026, 12, 1), False),
        (TicketState.CLOSED, date(2026, 12, 1), False),
    ],
)
def test_what_has_to_be_escalated(state, today, late):
    assert is_overdue(state, answer_by=FRIDAY, promised=date(2026, 10, 8), today=today) is late


def test_small_counts_are_not_told_and_none_is():
    assert [Told.of(n, 5).number for n in (0, 1, 4, 5, 6)] == [0, None, None, 5, 6]
    assert Told.of(3, 5).hidden
    assert not Told.of(0, 5).hidden


def test_the_rules_of_a_platform_are_read_from_a_file():
    assert parse_quality_rules("") == QualityRules()
    found = parse_quality_rules(
        "threshold = 70\nsmall = 10\nreply_workdays = 5\npromise_days = 30\n"
        "holidays = [2026-10-05]\nworked = [2026-10-10]\n[weights]\ntimeliness = 30\n"
    )
    assert (found.threshold, found.small, found.reply_workdays, found.promise_days) == (
        Decimal(70),
        10,
        5,
        30,
    )
    assert (found.weights[Dimension.TIMELINESS], found.weights[Dimension.VALIDITY]) == (30, 30)
    assert not found.calendar.is_workday(date(2026, 10, 5))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("small = 0", "small"),
        ("small = true", "small"),
        ("threshold = 101", "threshold"),
        ("nonsense = 1", "nonsense"),
        ("holidays = [1]", "holidays"),
        ("weights = 3", "weights"),
        ("[weights]\nnonsense = 3", "weights.nonsense"),
        ("[weights]\nvalidity = -1", "weights.validity"),
        ("[weights]\nvalidity=0\ncompleteness=0\nconsistency=0\nuniqueness=0\ntimeliness=0", "weights"),
        ("=", "toml"),
    ],
)
def test_a_mistake_in_the_file_is_named(text, named):
    with pytest.raises(Invalid) as wrong:
        parse_quality_rules(text)
    assert wrong.value.facts["field"] == named
