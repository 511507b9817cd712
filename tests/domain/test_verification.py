"""Claims: normal forms, the whole tuple, one answer for every no, and what a guess costs."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.consent_cast import BANK, FIRM, MICRO, OTHER_FIRM, OUTSIDER, T0
from tests.domain.items_cast import CATALOGUE, HOUSE, MARRIAGE

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.verification import (
    Answer,
    BudgetRules,
    Verified,
    check_budget,
    claim_digest,
    compare,
    guess_key,
    next_slot,
    normal_record,
    read_claim,
)

DAY = date(2026, 11, 21)
SALT = "5a" * 32
#: invented, with a good check character
PERSON = {"legal_rep_name": "演示甲", "legal_rep_id_no": "110105194912310013", "marital_status": "20"}


def good_person() -> dict[str, str]:
    from xinqiao.domain.identifiers import resident_check

    number = "11010519491231001"
    return {**PERSON, "legal_rep_id_no": number + resident_check(number)}


def marriage(**changes):
    return read_claim(CATALOGUE, CATALOGUE.items[MARRIAGE], {**good_person(), **changes}, on=DAY)


def records(*rows):
    return [normal_record(CATALOGUE, CATALOGUE.items[MARRIAGE], row, on=DAY) for row in rows]


def test_the_whole_tuple_must_be_in_one_record():
    one = good_person()
    other = {**one, "legal_rep_name": "演示乙", "marital_status": "10"}
    assert compare(marriage(), records(one)) is Answer.YES
    assert compare(marriage(marital_status="10"), records(one, other)) is Answer.NOT
    assert compare(marriage(), records(other, one)) is Answer.YES


def test_an_unknown_person_and_a_wrong_value_are_one_answer_of_one_length():
    assert (
        compare(marriage(), [])
        is compare(marriage(marital_status="10"), records(good_person()))
        is Answer.NOT
    )
    assert len(Answer.YES) == len(Answer.NOT)


def test_an_optional_field_counts_when_it_is_stated():
    row = {**good_person(), "status_since": "2020-02-29"}
    assert compare(marriage(status_since="2020年2月29日"), records(row)) is Answer.YES
    assert compare(marriage(status_since="20200228"), records(row)) is Answer.NOT
    assert compare(marriage(status_since="20200228"), records(good_person())) is Answer.NOT


def test_two_writings_of_one_value_are_one_value():
    label = CATALOGUE.code_lists["marital_status"].entries["20"]
    claim = marriage(marital_status=label, legal_rep_name=" 演示　甲 ")
    assert compare(claim, records(good_person())) is Answer.YES
    assert claim_digest(claim, SALT) == claim_digest(marriage(), SALT)


def test_amounts_are_compared_as_amounts():
    house = CATALOGUE.items[HOUSE]
    stated = {
        "owner_name": "演示甲",
        "owner_id_type": "01",
        "owner_id_no": good_person()["legal_rep_id_no"],
        "certificate_no": "演示（2026）不动产权第0000001号",
    }
    record = normal_record(
        CATALOGUE,
        house,
        {**stated, "certificate_no": "演示(2026)不动产权第0000001号", "area_sqm": "88.5"},
        on=DAY,
    )
    claim = read_claim(CATALOGUE, house, {**stated, "area_sqm": "088.50"}, on=DAY)
    assert compare(claim, [record]) is Answer.YES


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"marital_status": ""}, Code.INVALID, "marital_status"),
        ({"legal_rep_id_no": "110105194912310000"}, Code.INVALID, "legal_rep_id_no"),
        ({"marital_status": "99"}, Code.INVALID, "marital_status"),
        ({"income": "1"}, Code.UNKNOWN_FIELD, "income"),
    ],
)
def test_a_claim_must_state_what_it_must_in_order(changes, code, field):
    with pytest.raises(Invalid) as error:
        marriage(**changes)
    assert (error.value.code, error.value.facts["field"]) == (code, field)
    assert all(value not in str(error.value) for value in changes.values() if value)


def test_a_record_with_a_broken_value_equals_no_claim():
    assert compare(marriage(), records({**good_person(), "marital_status": "99"})) is Answer.NOT
    assert compare(marriage(), records({})) is Answer.NOT


def test_the_digest_binds_item_values_and_salt():
    digests = {
        claim_digest(marriage(), SALT),
        claim_digest(marriage(), "5b" * 32),
        claim_digest(marriage(marital_status="10"), SALT),
        claim_digest(marriage(status_since="2020-01-01"), SALT),
    }
    assert len(digests) == 4
    for salt in ("", "5a" * 31, "5A" * 32, "zz" * 32):
        with pytest.raises(Invalid):
            claim_digest(marriage(), salt)


def test_a_guess_is_known_again_whatever_its_salt_and_not_without_the_key():
    assert guess_key(marriage(), b"k" * 32) == guess_key(marriage(), b"k" * 32)
    assert guess_key(marriage(), b"k" * 32) != guess_key(marriage(), b"l" * 32)
    assert guess_key(marriage(), b"k" * 32) != guess_key(marriage(marital_status="10"), b"k" * 32)


def test_a_claim_does_not_show_its_values():
    assert "演示甲" not in repr(marriage())


# --------------------------------------------------------------------------------------------------------- slots


@pytest.mark.parametrize(
    ("arrived", "ready", "tick"),
    [(10.0, 10.0, 10.25), (10.0, 10.25, 10.25), (10.0, 10.3, 10.5), (10.0, 10.9, 11.0)],
)
def test_an_answer_goes_out_at_the_next_tick(arrived, ready, tick):
    assert next_slot(arrived, ready, 0.25) == tick


@given(st.floats(0, 1e6), st.floats(0, 100), st.floats(0.01, 10))
def test_a_tick_is_never_early_and_never_more_than_a_slot_late(arrived, took, grid):
    tick = next_slot(arrived, arrived + took, grid)
    assert tick >= arrived + took - 1e-6
    assert tick - arrived >= grid - 1e-6
    assert tick <= arrived + max(took, 0) + grid + 1e-6


def test_a_grid_is_positive():
    with pytest.raises(ValueError, match="positive"):
        next_slot(0, 0, 0)


# ------------------------------------------------------------------------------------------------------- budgets


def one(
    guess: str, *, at: datetime = T0, who: str = BANK, firm: str = FIRM, item: str = MARRIAGE
) -> Verified:
    return Verified(at, who, firm, item, guess)


HOUR = timedelta(hours=1)


def test_a_fourth_distinct_guess_within_a_day_is_refused():
    history = [one(guess, at=T0 + n * HOUR) for n, guess in enumerate("abc")]
    late = T0 + 3 * HOUR
    decision = check_budget(one("d", at=late), history)
    assert (decision.code, decision.reason) == (Code.VERIFICATION_BUDGET, "distinct_guesses")
    assert decision.facts["retry_after"] == 21 * 3600
    assert check_budget(one("d", at=late), history[:2]).allowed
    assert check_budget(one("b", at=late), history).allowed  # the same guess again is no new one
    assert check_budget(one("d", at=late, item=HOUSE), history).allowed
    assert check_budget(one("d", at=late, firm=OTHER_FIRM), history).allowed


def test_institutions_cannot_share_the_guessing_out():
    history = [one("a", who=BANK), one("b", who=OUTSIDER), one("c", who="inst:third")]
    assert check_budget(one("d", who="inst:fourth", at=T0 + HOUR), history).code is Code.VERIFICATION_BUDGET


def test_the_window_is_half_open():
    history = [one(guess) for guess in "abc"]
    assert not check_budget(one("d", at=T0 + timedelta(hours=24) - MICRO), history).allowed
    assert check_budget(one("d", at=T0 + timedelta(hours=24)), history).allowed


def test_the_budgets_of_a_pair_and_of_an_institution():
    rules = BudgetRules(per_pair=2, per_institution=3)
    history = [one("a"), one("a", at=T0 + HOUR)]
    later = T0 + 2 * HOUR
    assert check_budget(one("a", at=later), history, rules=rules).reason == "per_pair"
    assert check_budget(one("a", at=later, firm=OTHER_FIRM), history, rules=rules).allowed
    history.append(one("a", firm=OTHER_FIRM))
    decision = check_budget(one("a", at=later, firm="third"), history, rules=rules)
    assert decision.reason == "per_institution"
    assert check_budget(one("a", at=later, who=OUTSIDER, firm="third"), history, rules=rules).allowed


@given(
    st.lists(
        st.builds(
            one,
            st.sampled_from("abcdef"),
            at=st.timedeltas(timedelta(0), timedelta(hours=30)).map(lambda d: T0 + d),
            who=st.sampled_from([BANK, OUTSIDER]),
        ),
        max_size=12,
    ),
    st.sampled_from("abcdef"),
)
def test_waiting_as_long_as_told_is_enough(history, guess):
    """If nothing else comes, the refusal's own waiting time frees a place."""
    rules = BudgetRules(per_pair=4, per_institution=6)
    ask = one(guess, at=T0 + timedelta(hours=30))
    decision = check_budget(ask, history, rules=rules)
    for _ in range(3):  # one wait for each budget at most
        if decision.allowed:
            break
        wait = decision.facts["retry_after"]
        assert isinstance(wait, int)
        assert wait >= 1
        ask = one(guess, at=ask.at + timedelta(seconds=wait))
        decision = check_budget(ask, history, rules=rules)
    assert decision.allowed
