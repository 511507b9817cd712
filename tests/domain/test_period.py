"""Instants are strict RFC 3339 (abuse case B8), business days are Shanghai's, periods are half-open."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.period import (
    Period,
    add_months,
    business_day,
    format_instant,
    months_between,
    parse_date,
    parse_instant,
    shanghai,
    start_of_day,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-05-01T00:00:00Z", "2026-05-01T00:00:00+00:00"),
        ("2026-05-01T08:00:00+08:00", "2026-05-01T00:00:00+00:00"),
        ("2026-05-01T08:00:00.5+08:00", "2026-05-01T00:00:00.500000+00:00"),
        ("2026-05-01T08:00:00.000001+08:00", "2026-05-01T00:00:00.000001+00:00"),
        ("2026-01-01T00:30:00+14:00", "2025-12-31T10:30:00+00:00"),
        ("2026-01-01T00:30:00-12:00", "2026-01-01T12:30:00+00:00"),
        ("2024-02-29T23:59:59Z", "2024-02-29T23:59:59+00:00"),
        ("1991-09-14T23:30:00+09:00", "1991-09-14T14:30:00+00:00"),
        ("2026-05-01T00:00:00+05:45", "2026-04-30T18:15:00+00:00"),
    ],
)
def test_an_instant_with_an_offset_is_read_as_utc(text, iso):
    assert parse_instant(text).isoformat() == iso


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-02-30T00:00:00Z", "DATE"),
        ("2025-02-29T00:00:00Z", "DATE"),
        ("2026-13-01T00:00:00Z", "DATE"),
        ("2026-00-01T00:00:00Z", "DATE"),
        ("2026-05-01T24:00:00Z", "CLOCK"),
        ("2026-05-01T23:60:00Z", "CLOCK"),
        ("2016-12-31T23:59:60Z", "CLOCK"),
        ("0000-01-01T00:00:00Z", "YEAR"),
        ("0001-01-01T00:00:00+14:00", "YEAR"),
        ("9999-12-31T23:59:59-12:00", "YEAR"),
        ("1949-12-31T00:00:00Z", "YEAR"),
        ("2026-05-01T00:00:00+14:01", "OFFSET"),
        ("2026-05-01T00:00:00-12:30", "OFFSET"),
        ("2026-05-01T00:00:00+24:00", "OFFSET"),
        ("2026-05-01T00:00:00+08:60", "OFFSET"),
        ("2026-05-01T00:00:00-00:00", "OFFSET"),
        ("2026-05-01T00:00:00", "SHAPE"),
        ("2026-05-01T00:00:00 +08:00", "SHAPE"),
        ("2026-05-01 00:00:00Z", "SHAPE"),
        ("2026-05-01t00:00:00z", "SHAPE"),
        ("2026-05-01T00:00Z", "SHAPE"),
        ("2026-05-01T00:00:00.Z", "SHAPE"),
        ("2026-05-01T00:00:00,5Z", "SHAPE"),
        ("2026-05-01T00:00:00.0000001Z", "SHAPE"),
        ("2026-05-01T00:00:00+0800", "SHAPE"),
        ("2026-05-01T00:00:00+08", "SHAPE"),
        ("2026-05-01T00:00:00[Asia/Shanghai]", "SHAPE"),
        ("2026-5-1T00:00:00Z", "SHAPE"),
        ("20260501T000000Z", "SHAPE"),
        ("2026-W18-5T00:00:00Z", "SHAPE"),
        ("2026-05-01", "SHAPE"),
        ("+002026-05-01T00:00:00Z", "SHAPE"),
        ("２０２６-05-01T00:00:00Z", "SHAPE"),
        ("2026-05-01T00:00:00Z\n", "SHAPE"),
        ("", "SHAPE"),
        ("1777593600", "SHAPE"),
        ("1777593600000", "SHAPE"),
        (1_777_593_600, "NOT_TEXT"),
        (1_777_593_600_000, "NOT_TEXT"),
        (1.5, "NOT_TEXT"),
        (None, "NOT_TEXT"),
        (datetime(2026, 5, 1), "NOT_TEXT"),
    ],
)
def test_anything_else_is_refused_with_its_reason(text, reason):
    with pytest.raises(Invalid) as refusal:
        parse_instant(text, field="since")
    assert refusal.value.code is Code.TIME_FORMAT
    assert refusal.value.facts == {"field": "since", "reason": reason}


in_range = st.datetimes(datetime(1951, 1, 1), datetime(2198, 12, 31), timezones=st.just(UTC))


@given(in_range)
def test_an_instant_survives_its_text(instant):
    assert parse_instant(format_instant(instant)) == instant


@given(in_range)
def test_the_shanghai_clock_agrees_with_the_zone_database(instant):
    ours, theirs = shanghai(instant), instant.astimezone(SHANGHAI)
    # the clock faces are compared: times of a repeated hour are never equal across zones in Python (PEP 495)
    assert ours.replace(tzinfo=None) == theirs.replace(tzinfo=None, fold=0)
    assert ours.utcoffset() == theirs.utcoffset()
    assert business_day(instant) == theirs.date()


@given(st.datetimes(datetime(1986, 1, 1), datetime(1992, 1, 1), timezones=st.just(UTC)))
def test_the_six_summers_agree_with_the_zone_database(instant):
    assert shanghai(instant).utcoffset() == instant.astimezone(SHANGHAI).utcoffset()


def test_each_change_of_the_six_summers_happens_at_the_same_second():
    instant, step = datetime(1986, 1, 1, tzinfo=UTC), timedelta(minutes=30)
    changes = []
    while instant < datetime(1992, 1, 1, tzinfo=UTC):
        ours = shanghai(instant).utcoffset()
        assert ours == instant.astimezone(SHANGHAI).utcoffset()
        if ours != shanghai(instant - step).utcoffset():
            changes.append(instant)
        instant += step
    assert len(changes) == 12
    for change in changes:
        for micro in (-1, 0, 1):
            at = change + timedelta(microseconds=micro)
            assert shanghai(at).utcoffset() == at.astimezone(SHANGHAI).utcoffset()


def test_every_day_around_the_six_summers_starts_when_the_zone_database_says():
    day = date(1986, 1, 1)
    while day < date(1992, 1, 1):
        assert start_of_day(day) == datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)
        day += timedelta(days=1)


def test_the_repeated_hour_of_autumn_is_told_apart_by_its_offset():
    first, second = parse_instant("1991-09-14T16:30:00Z"), parse_instant("1991-09-14T17:30:00Z")
    assert [shanghai(at).isoformat() for at in (first, second)] == [
        "1991-09-15T01:30:00+09:00",
        "1991-09-15T01:30:00+08:00",
    ]


def test_the_last_summer_night_of_1991_falls_on_the_right_days():
    # clocks went back at 02:00 on 15 September 1991
    assert business_day(parse_instant("1991-09-13T15:30:00Z")) == date(1991, 9, 14)
    assert business_day(parse_instant("1991-09-15T15:30:00Z")) == date(1991, 9, 15)
    assert start_of_day(date(1991, 9, 15)) == datetime(1991, 9, 14, 15, tzinfo=UTC)
    assert start_of_day(date(1991, 9, 16)) == datetime(1991, 9, 15, 16, tzinfo=UTC)


@given(st.dates(date(1951, 1, 1), date(2198, 12, 31)) | st.dates(date(1986, 4, 1), date(1991, 10, 1)))
def test_a_day_starts_at_its_first_instant(day):
    start = start_of_day(day)
    assert business_day(start) == day
    assert business_day(start - timedelta(microseconds=1)) == day - timedelta(days=1)


def test_a_naive_time_is_a_fault_of_the_caller():
    for use in (business_day, format_instant, shanghai):
        with pytest.raises(ValueError, match="naive"):
            use(datetime(2026, 5, 1))


@pytest.mark.parametrize(
    "text", ["2026-02-30", "20260501", "2026-W18-5", "2026-121", "26-05-01", "2026-05-01Z", 5]
)
def test_a_date_is_one_form_only(text):
    with pytest.raises(Invalid):
        parse_date(text)
    assert parse_date("2026-05-01") == date(2026, 5, 1)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(2026, 5, 1), -36, date(2023, 5, 1)),
        (date(2026, 5, 1), 0, date(2026, 5, 1)),
    ],
)
def test_moving_by_months_stays_inside_the_month(day, months, expected):
    assert add_months(day, months) == expected


@given(st.dates(date(1951, 1, 1), date(2150, 1, 1)), st.integers(-400, 400))
def test_moving_by_months_moves_by_that_many_months(day, months):
    assert months_between(day, add_months(day, months)) == months


def test_a_period_includes_its_start_and_excludes_its_end():
    period = Period(date(2026, 1, 1), date(2026, 2, 1))
    assert date(2026, 1, 1) in period
    assert date(2026, 1, 31) in period
    assert date(2026, 2, 1) not in period
    assert period.days == 31


def test_a_period_is_never_reversed():
    with pytest.raises(Invalid):
        Period(date(2026, 2, 1), date(2026, 1, 1))


@pytest.mark.parametrize(
    ("start", "end", "full"),
    [
        ((2026, 1, 1), (2026, 4, 1), [1, 2, 3]),
        ((2026, 1, 2), (2026, 4, 1), [2, 3]),
        ((2026, 1, 1), (2026, 3, 31), [1, 2]),
        ((2026, 1, 15), (2026, 2, 15), []),
        ((2026, 1, 1), (2026, 1, 1), []),
    ],
)
def test_only_whole_months_are_full(start, end, full):
    assert [m.month for m in Period(date(*start), date(*end)).full_months()] == full


days = st.dates(date(2020, 1, 1), date(2026, 12, 31))
periods = st.tuples(days, days).map(lambda pair: Period(min(pair), max(pair)))


@given(periods)
def test_full_months_are_disjoint_inside_and_nothing_longer_fits(period):
    full = period.full_months()
    for month in full:
        assert period.covers(Period(month, add_months(month, 1)))
    assert full == [m for m in period.months() if period.covers(Period(m, add_months(m, 1)))]


@given(periods, periods)
def test_the_meet_of_periods_holds_exactly_the_common_days(a, b):
    both = a.meet(b)
    common = {a.start + timedelta(days=i) for i in range(a.days)} & {
        b.start + timedelta(days=i) for i in range(b.days)
    }
    assert len(common) == (both.days if both else 0)
    assert all(day in both for day in common)


@given(days, st.integers(1, 36))
def test_the_months_before_a_day_leave_its_own_month_out(day, months):
    period = Period.months_before(day, months)
    assert len(period.full_months()) == months == len(period.months())
    assert day not in period


def test_the_instants_of_a_period_bound_shanghai_days():
    first, last = Period(date(2026, 5, 1), date(2026, 5, 2)).instants()
    assert (format_instant(first), format_instant(last)) == ("2026-04-30T16:00:00Z", "2026-05-01T16:00:00Z")
