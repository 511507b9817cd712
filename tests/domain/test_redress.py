"""The page of rules is true; working days, the figures a platform may set, what is adverse and how long it goes out, clocks of objections."""

import re
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.catalogue import load
from xinqiao.domain.adverse import dishonesty, goes_out, record_ref
from xinqiao.domain.catalogue.model import Adverse, Field, FieldType
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.objection import (
    MARKED,
    MAY_STATE,
    OPEN,
    RECORD_OBJECTION,
    RecordObjectionState,
    answer_due,
)
from xinqiao.domain.redress import Rules, parse_rules
from xinqiao.domain.repair import DEFAULT_TERMS, Gravity, Terms
from xinqiao.domain.workdays import WorkCalendar

COURT = load().items["dishonest_judgment_debtor"]
FRIDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 23)
PENALTY = replace(
    load().items["construction_qualification"],
    id="x_demo_penalty",
    natural_key=("document_no",),
    fields=(
        Field("document_no", "文号", FieldType.STRING, required=True),
        Field("decided_on", "日期", FieldType.DATE, required=True),
        Field("class", "类别", FieldType.ENUM, code_list="x_demo_gravity"),
        Field("publish", "公示", FieldType.BOOLEAN),
    ),
    adverse=Adverse("decided_on", gravity_field="class", publish_field="publish"),
)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (FRIDAY, 0, FRIDAY),
        (FRIDAY, 1, MONDAY),
        (date(2026, 11, 21), 1, MONDAY),
        (FRIDAY, 10, date(2026, 12, 4)),
    ],
)
def test_working_days_pass_over_weekends(start, days, end):
    assert WorkCalendar().add(start, days) == end


def test_holidays_are_free_and_moved_weekends_are_worked():
    moved = WorkCalendar(frozenset({MONDAY}), frozenset({date(2026, 11, 21)}))
    assert moved.add(FRIDAY, 1) == date(2026, 11, 21)
    assert moved.add(FRIDAY, 2) == date(2026, 11, 24)


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(1, 40),
    st.sets(st.dates(date(2020, 1, 1), date(2030, 6, 1)), max_size=9),
)
def test_so_many_working_days_lie_between(start, days, holidays):
    calendar = WorkCalendar(frozenset(holidays))
    end = calendar.add(start, days)
    assert calendar.is_workday(end)
    passed = [date.fromordinal(day) for day in range(start.toordinal() + 1, end.toordinal() + 1)]
    assert sum(map(calendar.is_workday, passed)) == days


def test_the_answer_is_due_after_twenty_days_of_the_calendar():
    assert answer_due(FRIDAY, Rules().answer_days) == date(2026, 12, 10)


def test_what_is_left_out_of_the_file_stays():
    assert parse_rules("") == Rules()
    found = parse_rules(
        "answer_days = 15\nholidays = [2026-10-01]\nworked = [2026-10-10]\n[terms.general]\nleast = 6\nmost = 24\n"
    )
    assert (found.answer_days, found.accept_workdays) == (15, 3)
    assert found.calendar == WorkCalendar(frozenset({date(2026, 10, 1)}), frozenset({date(2026, 10, 10)}))
    assert found.terms == {**DEFAULT_TERMS, Gravity.GENERAL: Terms(6, 24)}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("answer_day = 20", "answer_day"),
        ("answer_days = 0", "answer_days"),
        ("answer_days = true", "answer_days"),
        ("answer_days = 99999", "answer_days"),
        ("holidays = [2026-10-01T00:00:00]", "holidays"),
        ('worked = ["2026-10-01"]', "worked"),
        ("terms = 3", "terms"),
        ("[terms.grave]\nleast = 1", "terms.grave"),
        ("[terms.minor]\nleast = 4", "terms.minor"),
        ("[terms.minor]\nlast = 4", "terms.minor"),
        ("[terms.minor]\nmost = 0", "terms.minor"),
        ('[terms.minor]\npublished = "yes"', "terms.minor"),
        ("answer_days =", "toml"),
    ],
)
def test_a_mistake_in_the_file_is_named(text, field):
    with pytest.raises(Invalid) as caught:
        parse_rules(text)
    assert (caught.value.code, caught.value.facts["field"]) == (Code.INVALID, field)


def test_a_record_is_known_by_the_same_whatever_else_it_says():
    values = {
        "case_no": "（2023）晋0105执1号",
        "subject_name": "某厂",
        "performance": "none",
        "removed_on": None,
    }
    ref = record_ref(COURT, "91140105MA0DEM013B", values)
    assert ref == record_ref(COURT, "91140105MA0DEM013B", {**values, "performance": "all", "province": "14"})
    others = [
        record_ref(COURT, "91140105MA0DEM014A", values),
        record_ref(COURT, "91140105MA0DEM013B", {**values, "case_no": "（2023）晋0105执2号"}),
        record_ref(replace(COURT, id="other"), "91140105MA0DEM013B", values),
    ]
    assert len({ref, *others}) == 4


def test_most_items_are_no_dishonest_information():
    assert [item.id for item in load().items.values() if item.adverse] == ["dishonest_judgment_debtor"]
    assert dishonesty(load().items["water_fee"], {}) is None
    assert goes_out(load().items["water_fee"], {}, FRIDAY)


def test_a_court_removes_its_own_whatever_the_class_says():
    values = {"published_on": date(2020, 1, 1)}
    assert goes_out(COURT, values, FRIDAY), "no longest term but the court's"
    assert dishonesty(COURT, values).first_repair_day() == date(2020, 1, 1)
    for name in ("removed_on", "listed_until"):
        ended = {**values, name: FRIDAY}
        assert goes_out(COURT, ended, date(2026, 11, 19))
        assert not goes_out(COURT, ended, FRIDAY)


@pytest.mark.parametrize(
    ("code", "publish", "out"),
    [
        ("minor", None, False),
        ("minor", True, True),
        ("general", None, True),
        ("serious", False, True),
        (None, None, True),
    ],
)
def test_the_class_a_record_states_decides(code, publish, out):
    values = {"decided_on": date(2026, 11, 1), "class": code, "publish": publish}
    assert goes_out(PENALTY, values, FRIDAY) is out
    last = {"minor": date(2027, 2, 1), "general": date(2027, 11, 1)}.get(code, date(2029, 11, 1))
    assert not goes_out(PENALTY, values, last)
    if out:
        assert goes_out(PENALTY, values, date.fromordinal(last.toordinal() - 1))


def test_a_record_without_its_day_is_left_to_its_source():
    assert dishonesty(PENALTY, {"class": "minor"}) is None


def test_what_is_open_is_marked_and_what_is_lost_may_be_spoken_to():
    assert OPEN < MARKED
    assert not OPEN & MAY_STATE
    assert {state for state in RecordObjectionState if RECORD_OBJECTION.allowed(state)} == OPEN


PAGE = (Path(__file__).parents[2] / "docs" / "rules" / "redress.md").read_text("utf-8")


def test_the_page_tells_every_figure_as_it_is():
    told = dict(re.findall(r"^\| `(\w+_\w+)` \| (\d+) \| (?:天|工作日|件) \|", PAGE, re.M))
    ours = {one.name: getattr(Rules(), one.name) for one in fields(Rules)}
    assert {name: int(text) for name, text in told.items()} == {
        name: value for name, value in ours.items() if isinstance(value, int)
    }


def test_the_example_of_the_page_is_read():
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
    found = parse_rules(example)
    assert (found.answer_days, found.terms[Gravity.GENERAL]) == (15, Terms(6, 12))
    assert found.calendar.add(date(2026, 12, 31), 1) == date(2027, 1, 2)


def test_the_page_names_every_key_of_adverse_items():
    section = PAGE.split("## 哪些记录可以修复")[1].split("## 修复")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.M)) == {one.name for one in fields(Adverse)}
