"""Abuse cases A1 to A6 at the point of decision, and the laws no case may break."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.consent_cast import (
    BANK,
    FIRM,
    MICRO,
    OTHER_FIRM,
    OUTSIDER,
    SCOPE,
    T0,
    an_ask,
    an_authorisation,
    an_entrustment,
    asks,
    authorisations,
    entrustments,
    instants,
)

from xinqiao.domain.consent import (
    AuthState,
    Nearest,
    Product,
    Purpose,
    QueryAsk,
    decide,
    decide_self,
    withdraw,
)
from xinqiao.domain.errors import Code, Invalid

DEFAULT = object()


def decided(ask=None, *, authorisation=DEFAULT, entrustment=DEFAULT, bound=True, at=T0, live=frozenset()):
    return decide(
        ask or an_ask(),
        authorisation=an_authorisation() if authorisation is DEFAULT else authorisation,
        entrustment=an_entrustment() if entrustment is DEFAULT else entrustment,
        account_bound=bound,
        at=at,
        live_accounts=live,
    )


def test_what_was_authorised_and_entrusted_is_allowed():
    decision = decided()
    assert decision.allowed
    assert decision.code is None
    assert decision.nearest is None


def test_without_an_authorisation_there_is_no_consent():
    assert decided(authorisation=None).code is Code.CONSENT_MISSING


def test_an_authorisation_of_another_subject_is_no_consent_and_tells_nothing():
    decision = decided(an_ask(subject=OTHER_FIRM))
    assert decision.code is Code.CONSENT_MISSING
    assert decision.facts == {}


def test_naming_another_authorisation_than_the_one_found_is_no_consent():
    assert decided(an_ask(authorisation_id="auth:2")).code is Code.CONSENT_MISSING


def test_an_institution_cannot_use_the_consent_given_to_another():
    decision = decided(an_ask(institution=OUTSIDER, months=36))
    assert decision.code is Code.CONSENT_GRANTEE_MISMATCH
    assert decision.facts == {}
    assert decision.nearest is None


def test_a_withdrawn_authorisation_stays_withdrawn_even_if_the_clock_steps_back():
    withdrawn = withdraw(an_authorisation(), T0 + timedelta(days=1))
    for at in (T0, T0 + timedelta(days=1), T0 + timedelta(days=2), T0 + timedelta(days=99)):
        assert decided(authorisation=withdrawn, at=at).code is Code.CONSENT_REVOKED


@pytest.mark.parametrize(
    "row",
    [
        {"state": AuthState.WITHDRAWN},
        {"withdrawn_at": T0 + timedelta(days=9)},
    ],
)
def test_a_row_whose_two_columns_disagree_about_withdrawal_fails_closed(row):
    assert decided(authorisation=an_authorisation(**row)).code is Code.CONSENT_REVOKED


@pytest.mark.parametrize(
    ("state", "code", "reason"),
    [
        (AuthState.REQUESTED, Code.CONSENT_MISSING, "not_confirmed"),
        (AuthState.REFUSED, Code.CONSENT_REFUSED, "refused_by_subject"),
        (AuthState.LAPSED, Code.CONSENT_REFUSED, "lapsed_unanswered"),
    ],
)
def test_a_request_that_was_not_confirmed_allows_nothing(state, code, reason):
    decision = decided(authorisation=an_authorisation(state=state))
    assert (decision.code, decision.reason) == (code, reason)


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (T0 - timedelta(seconds=1), Code.CONSENT_NOT_YET_VALID),
        (T0 - MICRO, Code.CONSENT_NOT_YET_VALID),
        (T0, None),
        (T0 + MICRO, None),
        (T0 + timedelta(days=30) - MICRO, None),
        (T0 + timedelta(days=30), Code.CONSENT_EXPIRED),
        (T0 + timedelta(days=30) + MICRO, Code.CONSENT_EXPIRED),
        (T0 + timedelta(days=30, seconds=1), Code.CONSENT_EXPIRED),
    ],
)
def test_validity_includes_its_first_instant_and_excludes_its_last(at, code):
    assert decided(at=at).code is code


def test_another_purpose_is_refused_and_the_authorised_one_is_named_as_nearest():
    decision = decided(an_ask(purpose=Purpose.POST_LOAN))
    assert decision.code is Code.PURPOSE_MISMATCH
    assert decision.facts == {"purpose": "post_loan"}
    assert decision.nearest == Nearest("link:1", Product.REPORT, 12, Purpose.LOAN_APPLICATION)


@pytest.mark.parametrize(
    ("change", "items", "nearest"),
    [
        ({"months": 25}, ["months:25"], Nearest("link:1", Product.REPORT, 24, SCOPE.purpose)),
        (
            {"product": Product.SUMMARY},
            ["product:FLOW_SUMMARY"],
            Nearest("link:1", Product.REPORT, 12, SCOPE.purpose),
        ),
        ({"fields": frozenset({"*"})}, ["field:*"], Nearest("link:1", Product.REPORT, 12, SCOPE.purpose)),
        ({"account": "link:9"}, ["account:link:9"], None),
        (
            {"months": 36, "product": Product.SUMMARY, "fields": frozenset({"counterparty_name"})},
            ["product:FLOW_SUMMARY", "months:36", "field:counterparty_name"],
            Nearest("link:1", Product.REPORT, 24, SCOPE.purpose),
        ),
    ],
)
def test_widening_is_refused_by_naming_only_what_was_asked(change, items, nearest):
    decision = decided(an_ask(**change))
    assert decision.code is Code.SCOPE_EXCEEDED
    assert decision.facts == {"items": items}
    assert decision.nearest == nearest


def test_an_account_outside_is_answered_with_a_live_one_inside_when_the_caller_knows_one():
    decision = decided(an_ask(account="link:9"), live=frozenset({"link:2", "link:9"}))
    assert decision.nearest == Nearest("link:2", Product.REPORT, 12, SCOPE.purpose)


@pytest.mark.parametrize(
    ("entrustment", "bound", "code"),
    [
        (None, True, Code.ENTRUSTMENT_MISSING),
        (an_entrustment(account="link:2"), True, Code.ENTRUSTMENT_MISSING),
        (an_entrustment(subject=OTHER_FIRM), True, Code.ENTRUSTMENT_MISSING),
        (an_entrustment(products=frozenset({Product.SUMMARY})), True, Code.ENTRUSTMENT_MISSING),
        (an_entrustment(ended_at=T0), True, Code.ENTRUSTMENT_ENDED),
        (an_entrustment(ended_at=T0 + timedelta(days=1)), True, Code.ENTRUSTMENT_ENDED),
        (an_entrustment(), False, Code.ENTRUSTMENT_ENDED),
    ],
)
def test_both_keys_must_be_alive(entrustment, bound, code):
    decision = decided(entrustment=entrustment, bound=bound)
    assert decision.code is code
    assert decision.nearest is None


def test_the_last_use_is_allowed_and_the_next_is_not():
    assert decided(authorisation=an_authorisation(uses=5)).allowed
    decision = decided(authorisation=an_authorisation(uses=6))
    assert decision.code is Code.CONSENT_EXHAUSTED
    assert decision.facts == {"max_queries": 6}


def test_the_checks_run_in_the_published_order():
    """Everything is wrong at once; each repair uncovers the next code."""
    worst = an_authorisation(
        institution=OUTSIDER, withdrawn_at=T0, state=AuthState.REFUSED, uses=6, valid_from=T0 + MICRO
    )
    ask = an_ask(purpose=Purpose.POST_LOAN, months=36)
    repairs = [
        ({"institution": BANK}, {}),
        ({"withdrawn_at": None}, {}),
        ({"state": AuthState.CONFIRMED}, {}),
        ({"valid_from": T0 - timedelta(days=1), "valid_to": T0}, {}),
        ({"valid_to": T0 + MICRO}, {}),
        ({}, {"purpose": Purpose.LOAN_APPLICATION}),
        ({}, {"months": 24}),
    ]
    seen = [decided(ask, authorisation=None).code]
    seen.append(decided(ask, authorisation=worst, entrustment=None).code)
    for authorisation_change, ask_change in repairs:
        worst, ask = replace(worst, **authorisation_change), replace(ask, **ask_change)
        seen.append(decided(ask, authorisation=worst, entrustment=None).code)
    seen.append(decided(ask, authorisation=worst, bound=False).code)
    seen.append(decided(ask, authorisation=worst).code)
    assert seen == [
        Code.CONSENT_MISSING,
        Code.CONSENT_GRANTEE_MISMATCH,
        Code.CONSENT_REVOKED,
        Code.CONSENT_REFUSED,
        Code.CONSENT_NOT_YET_VALID,
        Code.CONSENT_EXPIRED,
        Code.PURPOSE_MISMATCH,
        Code.SCOPE_EXCEEDED,
        Code.ENTRUSTMENT_MISSING,
        Code.ENTRUSTMENT_ENDED,
        Code.CONSENT_EXHAUSTED,
    ]


everything = {
    "ask": asks,
    "authorisation": st.none() | authorisations,
    "entrustment": st.none() | entrustments,
    "bound": st.sampled_from([True, True, False]),
    "at": instants,
}


@settings(max_examples=400)
@given(**everything)
def test_nothing_outside_the_two_keys_is_ever_allowed(ask, authorisation, entrustment, bound, at):
    decision = decided(ask, authorisation=authorisation, entrustment=entrustment, bound=bound, at=at)
    holds = (
        authorisation is not None
        and authorisation.subject == ask.subject
        and ask.authorisation_id in (None, authorisation.id)
        and authorisation.institution == ask.institution
        and authorisation.state is AuthState.CONFIRMED
        and authorisation.withdrawn_at is None
        and authorisation.valid_from <= at < authorisation.valid_to
        and ask.purpose is authorisation.scope.purpose
        and ask.account in authorisation.scope.accounts
        and ask.product in authorisation.scope.products
        and ask.months <= authorisation.scope.months_back
        and not ask.fields
        and authorisation.uses < authorisation.scope.max_queries
        and entrustment is not None
        and entrustment.subject == ask.subject
        and entrustment.account == ask.account
        and ask.product in entrustment.products
        and entrustment.ended_at is None
        and bound
    )
    assert decision.allowed == holds
    assert (decision.code is None) == holds


def as_ask(ask: QueryAsk, nearest: Nearest) -> QueryAsk:
    return QueryAsk(
        ask.authorisation_id,
        ask.subject,
        ask.institution,
        nearest.account,
        nearest.product,
        nearest.months,
        nearest.purpose,
    )


@settings(max_examples=400)
@given(**everything)
def test_the_nearest_request_is_really_allowed_and_asks_for_no_more(
    ask, authorisation, entrustment, bound, at
):
    decision = decided(ask, authorisation=authorisation, entrustment=entrustment, bound=bound, at=at)
    if decision.nearest is not None:
        assert not decision.allowed
        assert decision.nearest.months <= ask.months
        again = as_ask(ask, decision.nearest)
        assert decided(
            again, authorisation=authorisation, entrustment=entrustment, bound=bound, at=at
        ).allowed


@settings(max_examples=300)
@given(**everything)
def test_a_refusal_before_the_scope_says_nothing_about_the_scope(ask, authorisation, entrustment, bound, at):
    decision = decided(ask, authorisation=authorisation, entrustment=entrustment, bound=bound, at=at)
    if decision.code not in (None, Code.SCOPE_EXCEEDED, Code.PURPOSE_MISMATCH):
        assert decision.nearest is None
        assert "items" not in decision.facts


def test_the_subject_needs_only_a_live_entrustment_for_itself():
    ask = QueryAsk(None, FIRM, "", "link:1", Product.SUMMARY, 36, None)
    assert decide_self(ask, entrustment=an_entrustment(), account_bound=True, at=T0).allowed
    for entrustment, bound in (
        (None, True),
        (an_entrustment(ended_at=T0), True),
        (an_entrustment(), False),
        (an_entrustment(subject=OTHER_FIRM), True),
    ):
        assert not decide_self(ask, entrustment=entrustment, account_bound=bound, at=T0).allowed


def test_the_subject_too_stays_within_thirty_six_months_and_the_product():
    ask = QueryAsk(None, FIRM, "", "link:1", Product.SUMMARY, 37, None, frozenset({"*"}))
    decision = decide_self(ask, entrustment=an_entrustment(), account_bound=True, at=T0)
    assert decision.code is Code.SCOPE_EXCEEDED
    assert decision.facts == {"items": ["field:*", "months:37"]}
    assert decision.nearest == Nearest("link:1", Product.SUMMARY, 36, None)


def test_an_ask_for_no_month_is_not_a_question():
    with pytest.raises(Invalid):
        an_ask(months=0)
