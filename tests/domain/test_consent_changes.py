"""Confirming in whole or part, appending, withdrawing, and the word a page shows."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from tests.domain.consent_cast import MICRO, SCOPE, T0, an_authorisation, claims_of, scopes

from xinqiao.domain.consent import (
    DEFAULT_CEILINGS,
    AuthState,
    Product,
    Purpose,
    VisibleState,
    answer_by,
    append,
    confirm,
    sealed,
    visible_state,
    withdraw,
)
from xinqiao.domain.errors import Code, Conflict, Invalid


def test_agreeing_to_the_whole_is_not_partly():
    assert confirm(SCOPE, SCOPE).partly is False


@pytest.mark.parametrize(
    "less",
    [
        {"accounts": frozenset({"link:1"})},
        {"months_back": 12},
        {"valid_days": 10},
        {"max_queries": 1},
    ],
)
def test_agreeing_to_less_is_partly(less):
    confirmation = confirm(SCOPE, replace(SCOPE, **less))
    assert confirmation.partly
    assert SCOPE.covers(confirmation.scope)


@pytest.mark.parametrize(
    ("more", "item"),
    [
        ({"accounts": SCOPE.accounts | {"link:3"}}, "account:link:3"),
        ({"products": frozenset(Product)}, "product:FLOW_SUMMARY"),
        ({"months_back": 25}, "months:25"),
        ({"valid_days": 31}, "valid_days:31"),
        ({"max_queries": 7}, "max_queries:7"),
        ({"include_balance": True}, "balance"),
        ({"purpose": Purpose.POST_LOAN}, "purpose:post_loan"),
    ],
)
def test_choosing_more_than_was_asked_is_refused_by_name(more, item):
    with pytest.raises(Invalid) as refusal:
        confirm(SCOPE, replace(SCOPE, **more))
    assert refusal.value.code is Code.SCOPE_EXCEEDED
    assert refusal.value.facts["items"] == [item]


@pytest.mark.parametrize("nothing", [{"accounts": frozenset()}, {"products": frozenset()}])
def test_choosing_nothing_is_not_a_confirmation(nothing):
    with pytest.raises(Invalid):
        confirm(SCOPE, replace(SCOPE, **nothing))


def test_the_ceiling_holds_even_when_the_subject_agrees_to_more():
    wide = replace(SCOPE, valid_days=31)
    with pytest.raises(Invalid) as refusal:
        confirm(wide, wide)
    assert refusal.value.code is Code.CEILING_EXCEEDED


@given(scopes(), scopes())
def test_a_confirmation_never_exceeds_the_request(asked, chosen):
    try:
        confirmation = confirm(asked, chosen)
    except Invalid:
        assert chosen.is_empty or not asked.covers(chosen)
    else:
        assert asked.covers(confirmation.scope)


@given(scopes(), scopes())
def test_appending_never_narrows_and_points_to_the_artefact_it_grew_from(old, more):
    before = an_authorisation(scope=old)
    at = T0 + timedelta(hours=5)
    try:
        after = append(before, more, at)
    except Invalid:
        # nothing new: everything was there and the end would not move
        assert old.covers(more)
        assert at + timedelta(days=more.valid_days) <= before.valid_to
        return
    assert after.scope == old.join(more)
    assert after.valid_from == before.valid_from
    assert after.valid_to >= before.valid_to
    assert (after.id, after.uses) == (before.id, before.uses)
    assert after.predecessor == before.artefact_digest
    assert after.artefact_digest == ""


def test_a_chain_of_appends_can_be_followed_back_by_its_digests():
    first = an_authorisation()
    second = append(first, replace(SCOPE, accounts=frozenset({"link:3"})), T0)
    second = sealed(second, claims_of(second))
    third = append(second, replace(SCOPE, months_back=36), T0)
    third = sealed(third, claims_of(third))
    assert third.predecessor == second.artefact_digest
    assert second.predecessor == first.artefact_digest
    assert first.predecessor is None
    assert len({first.artefact_digest, second.artefact_digest, third.artefact_digest}) == 3


def test_prolonging_counts_from_the_append_and_stays_under_the_ceiling():
    at = T0 + timedelta(days=20)
    after = append(an_authorisation(), SCOPE, at)
    assert after.valid_to == at + timedelta(days=30)
    with pytest.raises(Invalid) as refusal:
        append(an_authorisation(), replace(SCOPE, valid_days=31), at)
    assert refusal.value.code is Code.CEILING_EXCEEDED


@pytest.mark.parametrize(
    ("authorisation", "at"),
    [
        (an_authorisation(state=AuthState.REQUESTED), T0),
        (an_authorisation(state=AuthState.REFUSED), T0),
        (an_authorisation(state=AuthState.LAPSED), T0),
        (withdraw(an_authorisation(), T0), T0),
        (an_authorisation(withdrawn_at=T0), T0),
        (an_authorisation(), T0 - MICRO),
        (an_authorisation(), T0 + timedelta(days=30)),
    ],
)
def test_only_a_live_authorisation_can_be_appended_to(authorisation, at):
    with pytest.raises(Conflict):
        append(authorisation, replace(SCOPE, months_back=36), at)


def test_an_append_cannot_change_the_purpose_or_grow_from_an_unsigned_artefact():
    with pytest.raises(Invalid) as refusal:
        append(an_authorisation(), replace(SCOPE, purpose=Purpose.POST_LOAN), T0)
    assert refusal.value.code is Code.PURPOSE_MISMATCH
    with pytest.raises(Invalid):
        append(an_authorisation(artefact_digest=""), replace(SCOPE, months_back=36), T0)


def test_withdrawal_is_absorbing():
    withdrawn = withdraw(an_authorisation(), T0)
    with pytest.raises(Conflict) as refusal:
        withdraw(withdrawn, T0 + MICRO)
    assert refusal.value.code is Code.ILLEGAL_MOVE
    assert withdrawn.withdrawn_at == T0


def test_an_expired_authorisation_can_still_be_withdrawn():
    assert withdraw(an_authorisation(), T0 + timedelta(days=99)).state is AuthState.WITHDRAWN


END = T0 + timedelta(days=30)


@pytest.mark.parametrize(
    ("authorisation", "at", "options", "word"),
    [
        (an_authorisation(state=AuthState.REQUESTED), T0, {}, VisibleState.REQUESTED),
        (an_authorisation(state=AuthState.REQUESTED), T0, {"answer_by": T0}, VisibleState.LAPSED),
        (an_authorisation(state=AuthState.REQUESTED), T0 - MICRO, {"answer_by": T0}, VisibleState.REQUESTED),
        (an_authorisation(state=AuthState.LAPSED), T0, {}, VisibleState.LAPSED),
        (an_authorisation(state=AuthState.REFUSED), T0, {}, VisibleState.REFUSED),
        (an_authorisation(), T0, {}, VisibleState.ACTIVE),
        (an_authorisation(), END - MICRO, {}, VisibleState.ACTIVE),
        (an_authorisation(), END, {}, VisibleState.EXPIRED),
        (an_authorisation(), T0, {"partly": True}, VisibleState.PARTLY),
        (an_authorisation(uses=6), T0, {"partly": True}, VisibleState.USED_UP),
        (an_authorisation(uses=6), END, {}, VisibleState.EXPIRED),
        (withdraw(an_authorisation(uses=6), T0), END, {}, VisibleState.WITHDRAWN),
        (an_authorisation(state=AuthState.WITHDRAWN), T0, {}, VisibleState.WITHDRAWN),
    ],
)
def test_the_word_on_the_page(authorisation, at, options, word):
    assert visible_state(authorisation, at, **options) is word


def test_a_request_waits_fifteen_days():
    ceiling = DEFAULT_CEILINGS[Purpose.LOAN_APPLICATION]
    assert answer_by(T0, ceiling) == T0 + timedelta(days=15)
