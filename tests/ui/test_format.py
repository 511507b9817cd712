"""Numbers, dates and identifiers in both languages (cases/ui/format.csv)."""

import csv
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import Language, use_language

CASES = Path(__file__).resolve().parents[1] / "cases" / "ui" / "format.csv"
NOW = datetime(2026, 11, 21, 2, 31, 8, tzinfo=UTC)


def _rows() -> list[dict[str, str]]:
    with CASES.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


@pytest.mark.parametrize("row", _rows(), ids=lambda row: f"{row['function']}({row['input']}){row['options']}")
@pytest.mark.parametrize("language", list(Language))
def test_every_case_is_written_as_the_table_says(row: dict[str, str], language: Language) -> None:
    function = getattr(fmt, row["function"])
    options = json.loads(row["options"]) if row["options"] else {}
    with use_language(language):
        assert (
            str(function(json.loads(row["input"]), **options))
            == row["en" if language is Language.EN else "zh"]
        )


def test_an_amount_may_not_be_a_float_a_bool_or_not_a_number() -> None:
    for wrong in (1.5, True, "1,000", "NaN", "Infinity", ""):
        with pytest.raises(ValueError):
            fmt.money(wrong)  # type: ignore[arg-type]


def test_a_ratio_may_not_be_a_float() -> None:
    with pytest.raises(ValueError):
        fmt.percent(0.5)  # type: ignore[arg-type]


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError):
        fmt.instant(datetime(2026, 11, 21, 10, 31))


def test_a_day_is_not_taken_from_an_instant() -> None:
    with pytest.raises(ValueError):
        fmt.day(NOW)


@given(st.integers(min_value=-(10**17), max_value=10**17))
def test_fen_and_yuan_text_of_one_amount_read_alike(fen: int) -> None:
    assert fmt.money_number(fen) == fmt.money_number(str(Decimal(fen) / 100))


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_yuan_shows_every_fen_and_no_hyphen(fen: int) -> None:
    text = fmt.money_number(fen)
    assert "-" not in text
    assert int(text.replace(",", "").replace(".", "").replace(fmt.MINUS, "-")) == fen


@pytest.mark.parametrize(
    ("start", "end", "zh", "en"),
    [
        ("2024-11-01", "2026-11-01", "2024-11 至 2026-10，24 个整月", "Nov 2024 to Oct 2026, 24 full months"),
        ("2026-10-01", "2026-11-01", "2026-10 至 2026-10，1 个整月", "Oct 2026 to Oct 2026, 1 full month"),
        ("2026-10-05", "2026-10-15", "2026-10-05 至 2026-10-14，10 天", "5 Oct 2026 to 14 Oct 2026, 10 days"),
    ],
)
def test_a_half_open_period_is_shown_inclusive(start: str, end: str, zh: str, en: str) -> None:
    assert fmt.period(start, end) == zh
    with use_language(Language.EN):
        assert fmt.period(date.fromisoformat(start), date.fromisoformat(end)) == en


@pytest.mark.parametrize(
    ("left", "zh", "en"),
    [
        (timedelta(days=12, hours=23), "剩 12 天", "12 days left"),
        (timedelta(days=1), "剩 1 天", "1 day left"),
        (timedelta(hours=23, minutes=59), "剩 23 小时", "23 hours left"),
        (timedelta(minutes=40), "剩 40 分钟", "40 minutes left"),
        (timedelta(seconds=3), "剩 1 分钟", "1 minute left"),
        (timedelta(0), "已过期", "Past the deadline"),
        (timedelta(days=-3), "已过期", "Past the deadline"),
    ],
)
def test_a_deadline_says_what_is_left_and_promises_nothing_more(left: timedelta, zh: str, en: str) -> None:
    assert fmt.days_left(NOW + left, now=NOW) == zh
    with use_language(Language.EN):
        assert fmt.days_left(NOW + left, now=NOW) == en


@pytest.mark.parametrize(
    ("at", "zh"),
    [
        (datetime(2026, 11, 21, 1, 42, tzinfo=UTC), "今天 09:42"),
        (datetime(2026, 11, 20, 16, 0, tzinfo=UTC), "今天 00:00"),
        (datetime(2026, 11, 20, 15, 59, tzinfo=UTC), "昨天 23:59"),
        (datetime(2026, 11, 18, 3, 0, tzinfo=UTC), "11-18"),
        (datetime(2025, 11, 18, 3, 0, tzinfo=UTC), "2025-11-18"),
    ],
)
def test_recent_days_are_counted_in_shanghai(at: datetime, zh: str) -> None:
    assert fmt.recent(at, now=NOW) == zh


def test_number_and_unit_come_apart_for_a_figure() -> None:
    assert fmt.money_parts("10600000.00") == ("1,060.00", "万元", False)
    with use_language(Language.EN):
        assert fmt.money_parts("10600000.00") == ("10,600,000.00", "CNY", True)
