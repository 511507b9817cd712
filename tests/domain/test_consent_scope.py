"""The lattice of scopes and the ceilings."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.consent_cast import SCOPE, scopes

from xinqiao.domain.consent import DEFAULT_CEILINGS, Ceiling, Purpose, check_within_ceiling
from xinqiao.domain.errors import Code, Invalid


@given(scopes(), scopes())
def test_meet_is_the_widest_scope_that_both_cover(a, b):
    low = a.meet(b)
    assert a.covers(low)
    assert b.covers(low)


@given(scopes(), scopes(), scopes())
def test_whatever_both_cover_the_meet_covers_too(a, b, c):
    if a.covers(c) and b.covers(c):
        assert a.meet(b).covers(c)


@given(scopes(), scopes(), scopes())
def test_whatever_covers_both_covers_the_join(a, b, c):
    high = a.join(b)
    assert high.covers(a)
    assert high.covers(b)
    if c.covers(a) and c.covers(b):
        assert c.covers(high)


@given(scopes(), scopes(), scopes())
def test_meet_and_join_commute_associate_and_absorb(a, b, c):
    assert a.meet(b) == b.meet(a)
    assert a.join(b) == b.join(a)
    assert a.meet(b.meet(c)) == a.meet(b).meet(c)
    assert a.join(b.join(c)) == a.join(b).join(c)
    assert a.meet(a.join(b)) == a
    assert a.join(a.meet(b)) == a
    assert a.meet(a) == a == a.join(a)


@given(scopes(), scopes())
def test_covering_agrees_with_meet_join_and_naming(a, b):
    assert a.covers(b) == (a.meet(b) == b) == (a.join(b) == a) == (b.beyond(a) == [])


@given(scopes(), scopes())
def test_scopes_that_cover_each_other_are_equal(a, b):
    assert (a.covers(b) and b.covers(a)) == (a == b)


@given(scopes(), scopes(st.just(Purpose.POST_LOAN)))
def test_two_purposes_never_cover_and_never_combine(a, b):
    assert not a.covers(b)
    for combine in (a.meet, a.join):
        with pytest.raises(Invalid) as refusal:
            combine(b)
        assert refusal.value.code is Code.PURPOSE_MISMATCH


@given(scopes(), scopes())
def test_only_items_of_the_scope_itself_are_named_as_too_much(asked, given_scope):
    for item in asked.beyond(given_scope):
        kind, _, name = item.partition(":")
        known = {
            "account": asked.accounts,
            "product": asked.products,
            "months": {str(asked.months_back)},
            "valid_days": {str(asked.valid_days)},
            "max_queries": {str(asked.max_queries)},
            "balance": {""},
        }
        assert name in known[kind]


@pytest.mark.parametrize(
    ("field", "value"),
    [("months_back", 0), ("months_back", 37), ("valid_days", 0), ("max_queries", 0), ("valid_days", 3651)],
)
def test_a_scope_outside_every_sense_cannot_be_written(field, value):
    with pytest.raises(Invalid) as refusal:
        replace(SCOPE, **{field: value})
    assert refusal.value.facts["field"] == field


def test_every_purpose_has_a_ceiling():
    assert set(DEFAULT_CEILINGS) == set(Purpose)
    assert {p.value: c.valid_days for p, c in DEFAULT_CEILINGS.items()} == {
        "loan_application": 30,
        "credit_review": 90,
        "post_loan": 365,
        "guarantee_review": 90,
        "other_agreed": 30,
    }


def test_a_scope_at_its_ceiling_passes_and_one_above_names_each_item():
    ceiling = Ceiling(months_back=24, valid_days=30, max_queries=6)
    check_within_ceiling(SCOPE, ceiling)
    with pytest.raises(Invalid) as refusal:
        check_within_ceiling(replace(SCOPE, months_back=25, max_queries=7), ceiling)
    assert refusal.value.code is Code.CEILING_EXCEEDED
    assert refusal.value.facts == {
        "items": ["months_back", "max_queries"],
        "max_months_back": 24,
        "max_max_queries": 6,
    }
