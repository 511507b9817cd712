"""Terms of publication and the table of repair (国办发〔2025〕22号; the order in force 2026-04-01)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.domain.repair import DEFAULT_TERMS, Dishonesty, Gravity, Missing, Terms, lacking

DAY = date(2026, 1, 31)


@pytest.mark.parametrize(
    ("gravity", "first", "end"),
    [
        (Gravity.MINOR, date(2026, 1, 31), date(2026, 4, 30)),
        (Gravity.GENERAL, date(2026, 4, 30), date(2027, 1, 31)),
        (Gravity.SERIOUS, date(2027, 1, 31), date(2029, 1, 31)),
    ],
)
def test_terms_count_in_calendar_months_from_the_document(gravity, first, end):
    record = Dishonesty(gravity, DAY)
    assert record.first_repair_day() == first
    assert record.publication_end() == end


def test_a_minor_one_is_published_only_when_somebody_decided_so():
    assert not Dishonesty(Gravity.MINOR, DAY).is_published(DAY)
    assert Dishonesty(Gravity.MINOR, DAY, must_publish=True).is_published(DAY)


@given(
    st.sampled_from(Gravity),
    st.dates(date(2015, 1, 1), date(2035, 1, 1)),
    st.integers(-400, 2000),
    st.one_of(st.none(), st.integers(0, 2000)),
)
def test_publication_is_one_half_open_stretch(gravity, start, after, repaired_after):
    repaired = None if repaired_after is None else start + timedelta(repaired_after)
    record = Dishonesty(gravity, start, must_publish=True, repaired_on=repaired)
    day = start + timedelta(after)
    assert record.is_published(day) == (start <= day < record.publication_end())
    if repaired is not None:
        assert not record.is_published(max(repaired, start))


def test_an_application_is_told_everything_it_lacks():
    record = Dishonesty(Gravity.GENERAL, DAY)
    early = lacking(record, day=date(2026, 4, 29), duty_performed=False, commitment_signed=False)
    assert early == [Missing.TERM, Missing.DUTY, Missing.COMMITMENT]
    assert lacking(record, day=date(2026, 4, 30), duty_performed=True, commitment_signed=True) == []


def test_terms_are_a_setting():
    terms = {**DEFAULT_TERMS, Gravity.GENERAL: Terms(least=6, most=24)}
    assert Dishonesty(Gravity.GENERAL, DAY).first_repair_day(terms) == date(2026, 7, 31)
    assert Dishonesty(Gravity.GENERAL, DAY).publication_end(terms) == date(2028, 1, 31)
