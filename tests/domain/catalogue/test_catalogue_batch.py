"""Rows among each other, and laws that hold for whatever is sent."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalogue.cases import should_fail, should_pass

from xinqiao.catalogue import load
from xinqiao.catalogue.words import example_row
from xinqiao.domain.catalogue.batch import check_batch
from xinqiao.domain.catalogue.keys import as_of, canonical_text, natural_key, payload, subject
from xinqiao.domain.catalogue.rows import check_row

CATALOGUE = load()
DAY = date(2026, 5, 1)
WATER = CATALOGUE.items["water_fee"]
GOOD = example_row(WATER, CATALOGUE)
ITEMS = st.sampled_from(list(CATALOGUE.items.values()))
TEXTS = st.one_of(
    st.text(max_size=40),
    st.text('0123456789.-+,;；年月日/XYNtrue是否 　\u200b[]{}"http:', max_size=24),
    st.sampled_from(
        ["长期", "9999-12-31", "01", "10", "-", "--", "\ud800", "[{}]", "1" * 300, "9" * 61, "-0.000"]
    ),
)


def found(rows):
    verdict = check_batch(CATALOGUE, WATER, rows, received_on=DAY)
    return [
        [(one.field, str(one.rule), one.value) for one in row.findings] for row in verdict.rows
    ], verdict.repeats


def test_the_same_row_again_is_counted_and_no_mistake():
    other_spelling = {**GOOD, "opened_on": "20250630", "arrears_amount": "12.5"}
    assert found([GOOD, other_spelling, {**GOOD, "account_no": "9"}]) == ([[], [], []], {1})


def test_rows_that_contradict_each_other_are_all_put_aside():
    key = f"{GOOD['account_no']}|2026-03"
    contradiction = [("account_no", "DUPLICATE_KEY", key)]
    rows = [GOOD, {**GOOD, "arrears_amount": "1"}, {**GOOD, "account_no": "9"}, GOOD]
    assert found(rows) == ([contradiction, contradiction, [], contradiction], set())


def test_a_row_with_mistakes_of_its_own_contradicts_nobody():
    wrong = {**GOOD, "arrears_amount": "x"}
    assert found([GOOD, wrong]) == ([[], [("arrears_amount", "BAD_DECIMAL", "x")]], set())


def test_the_case_files_as_batches():
    for item in CATALOGUE.items.values():
        good = check_batch(CATALOGUE, item, [row for row, _ in should_pass(item)], received_on=DAY)
        assert all(verdict.ok for verdict in good.rows)
        bad = check_batch(CATALOGUE, item, [row for row, _ in should_fail(item)], received_on=DAY)
        assert not any(verdict.ok for verdict in bad.rows)
        assert good.repeats == bad.repeats == frozenset()


@settings(max_examples=150, deadline=None)
@given(ITEMS, st.data())
def test_whatever_is_sent_is_answered_and_what_is_good_can_be_sent_again(item, data):
    cells = example_row(item, CATALOGUE)
    for field in data.draw(st.lists(st.sampled_from(item.fields), max_size=6)):
        cells[field.name] = data.draw(TEXTS)
    verdict = check_row(CATALOGUE, item, cells, received_on=DAY)
    own = [
        one.field for one in verdict.findings if one.field not in verdict.values and cells[one.field].strip()
    ]
    assert len(own) == len(set(own))
    if verdict.ok:
        again = {name: canonical_text(value) for name, value in verdict.values.items()}
        once_more = check_row(CATALOGUE, item, again, received_on=DAY)
        assert once_more == verdict
        assert payload(once_more.values) == payload(verdict.values)
        assert len(natural_key(item, verdict.values)) == len(item.natural_key)
        assert subject(item, verdict.values) is None or len(subject(item, verdict.values)) == 2
        day = as_of(item, verdict.values, received_on=DAY)
        assert day is None or day <= DAY
