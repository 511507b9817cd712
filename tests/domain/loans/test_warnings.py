"""Warnings: each signal at its threshold, by each institution's own levels."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from xinqiao.domain.errors import Invalid
from xinqiao.domain.loans.warnings import (
    FALLS,
    RECORDS,
    Appeared,
    Expiring,
    Level,
    Moved,
    Signal,
    Thresholds,
    Told,
    warnings_of,
)

D = Decimal
DAY = date(2026, 11, 21)


def told(
    *, appeared: list[Appeared] | None = None, moved: list[Moved] | None = None,
    expiring: list[Expiring] | None = None, thresholds: Thresholds | None = None,
) -> list[Told]:  # fmt: skip
    return warnings_of(appeared or [], moved or [], expiring or [], thresholds or Thresholds(), DAY)


def power(before: int, now: int) -> Moved:
    return Moved(Signal.POWER_FALL, D(before), D(now), "power:2026-10")


def test_a_fall_of_sixty_per_cent_in_power_is_a_yellow_warning() -> None:
    assert told(moved=[power(100, 40)]) == [Told(Signal.POWER_FALL, Level.YELLOW, "power:2026-10")]


@pytest.mark.parametrize(("before", "now"), [(100, 50), (100, 100), (100, 120), (0, 0)])
def test_just_half_is_not_more_than_half_and_nothing_falls_from_nothing(before: int, now: int) -> None:
    assert told(moved=[power(before, now)]) == []


def test_an_institution_sets_its_own() -> None:
    strict = Thresholds(levels={Signal.POWER_FALL: Level.RED}, falls={Signal.POWER_FALL: D("0.1")})
    record = Appeared(Signal.DISHONESTY, "r1", DAY)
    assert told(moved=[power(100, 89)], appeared=[record], thresholds=strict) == [
        Told(Signal.POWER_FALL, Level.RED, "power:2026-10")
    ]


def test_every_record_is_told_once_the_most_urgent_first() -> None:
    records = [Appeared(signal, f"ref {signal}", DAY) for signal in sorted(RECORDS)] * 2
    found = told(appeared=records)
    assert {one.signal for one in found} == RECORDS
    assert [one.level for one in found] == sorted((one.level for one in found), reverse=True)
    assert found[0].signal is Signal.DISHONESTY
    assert RECORDS | FALLS | {Signal.LICENCE_EXPIRING} == set(Signal)


@pytest.mark.parametrize(("days", "warns"), [(-1, False), (0, True), (60, True), (61, False)])
def test_a_licence_is_told_of_from_sixty_days_before_to_its_last_day(days: int, warns: bool) -> None:
    assert bool(told(expiring=[Expiring("licence", DAY + timedelta(days))])) is warns


@pytest.mark.parametrize(
    "bad",
    [{"falls": {Signal.POWER_FALL: D(1)}}, {"falls": {Signal.DISHONESTY: D("0.5")}}, {"licence_days": 0}],
)
def test_thresholds_that_are_none_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        Thresholds(**bad)  # type: ignore[arg-type]
