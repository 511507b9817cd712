"""Figures of handling cases: what is left out stays, what is wrong is named."""

import pytest

from xinqiao.domain.errors import Invalid
from xinqiao.domain.market.case import CASE_WORKDAYS, CaseState
from xinqiao.domain.market.case_work import CLOCKED, CaseRules, parse_case_rules


def test_what_is_left_out_stays_as_the_field_proposes() -> None:
    rules = parse_case_rules("live_per_need = 5\n[workdays]\ndispatched = 1\n")
    assert (rules.live_per_need, rules.remind_workdays) == (5, 1)
    assert rules.workdays == {**{one: CASE_WORKDAYS[one] for one in CLOCKED}, CaseState.DISPATCHED: 1}
    assert parse_case_rules("") == CaseRules()
    assert CaseState.DRAWN not in CaseRules().workdays


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("=", "toml"),
        ("more = 1", "more"),
        ("live_per_need = 0", "live_per_need"),
        ("live_per_need = true", "live_per_need"),
        ("remind_workdays = 21", "remind_workdays"),
        ("workdays = 3", "workdays"),
        ("[workdays]\ndrawn = 2", "workdays.drawn"),
        ("[workdays]\naccepted = 366", "workdays.accepted"),
    ],
)
def test_what_is_wrong_is_named(text: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_case_rules(text)
    assert refused.value.facts["field"] == field
