"""The twins for columns say exactly what the scalar rules say."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xinqiao.domain.identifiers import (
    Finding,
    Reason,
    check_regno15,
    check_resident_id,
    check_uscc,
    resident_check,
    uscc_check,
)
from xinqiao.domain.identifiers.uscc import CHARSET
from xinqiao.lake.identifiers_np import check_regno15_column, check_resident_id_column, check_uscc_column

CASES = json.loads((Path(__file__).parents[1] / "cases" / "identifiers.json").read_text("utf-8"))
TODAY = date(2026, 5, 1)

TWINS = {
    "uscc": (check_uscc, check_uscc_column),
    "regno15": (check_regno15, check_regno15_column),
    "resident": (
        lambda text: check_resident_id(text, today=TODAY),
        lambda values: check_resident_id_column(values, today=TODAY),
    ),
}
twins = pytest.mark.parametrize(("scalar", "column"), TWINS.values(), ids=TWINS)

digits = st.text("0123456789", min_size=14, max_size=18)
uscc_bodies = st.builds(
    "{}{}{}".format,
    st.sampled_from(["91", "92", "04"]),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(CHARSET, min_size=9, max_size=9),
)
births = st.integers(18_400_101, 20_270_101).map(lambda n: f"{n:08d}") | st.dates(
    date(1840, 1, 1), date(2027, 1, 1)
).map(lambda d: f"{d:%Y%m%d}".zfill(8))
id_bodies = st.builds(
    "{}{}{}".format,
    st.text("0123456789", min_size=6, max_size=6) | st.sampled_from(["110105", "830000"]),
    births,
    st.text("0123456789", min_size=3, max_size=3),
)
vectors = st.sampled_from(
    CASES["uscc"]["valid"]
    + [c["value"] for c in CASES["uscc"]["invalid"] + CASES["resident_id"]["invalid"]]
    + [c["input"] for c in CASES["uscc"]["normalise"]]
    + CASES["resident_id"]["valid"]
    + CASES["business_reg_no"]["valid"]
    + CASES["business_reg_no"]["invalid"]
)
clean = st.one_of(
    vectors,
    digits,
    uscc_bodies.map(lambda b: b + uscc_check(b)),
    st.text(CHARSET, min_size=17, max_size=17).map(lambda b: b + uscc_check(b)),
    uscc_bodies.map(lambda b: b + "0"),
    id_bodies.map(lambda b: b + resident_check(b)),
    id_bodies.map(lambda b: b + "1"),
)
full_width = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
writings = st.one_of(
    clean,
    clean.map(str.lower),
    clean.map(lambda t: f" {t}\t"),
    clean.map(lambda t: f"{t[:6]}-{t[6:]}"),
    clean.map(lambda t: t.translate(full_width)),
    st.builds(
        lambda t, i, c: t[:i] + c + t[i + 1 :], clean, st.integers(0, 17), st.characters(codec="utf-8")
    ),
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.text(st.characters(codec="ascii"), min_size=18, max_size=18),
)


def words(found: str | Finding) -> tuple[bool, str]:
    return (False, str(found)) if isinstance(found, Finding) else (True, "")


@twins
@settings(max_examples=150, deadline=None)
@given(values=st.lists(st.none() | writings, max_size=40))
def test_each_row_gets_the_verdict_of_the_scalar_rule(scalar, column, values):
    verdict = column(values)
    found = [(bool(verdict.valid[row]), verdict.text(row)) for row in range(len(values))]
    assert found == [(False, "MISSING") if v is None else words(scalar(v)) for v in values]


@twins
def test_a_column_may_come_as_a_list_an_array_or_arrow(scalar, column):
    values = [
        *CASES["uscc"]["valid"],
        "x",
        *CASES["resident_id"]["valid"],
        *CASES["business_reg_no"]["valid"],
    ]
    expected = [words(scalar(v))[1] for v in values]
    forms = [
        values,
        tuple(values),
        np.array(values),
        np.array(values, dtype=object),
        pa.array(values),
        pa.array(["cut off", *values])[1:],
        pa.array(values, pa.large_string()),
        pa.array(values).dictionary_encode(),
        pa.chunked_array([values[:3], values[3:]]),
    ]
    for form in forms:
        verdict = column(form)
        assert [verdict.text(row) for row in range(len(values))] == expected


@twins
def test_an_empty_column_and_one_of_missing_values_are_judged(scalar, column):
    assert len(column([]).valid) == 0
    missing = column([None, float("nan"), None])
    assert missing.counts() == {Reason.MISSING: 3}
    assert column([""]).counts() == {Reason.LENGTH: 1}


def test_different_values_are_judged_once_and_reasons_are_counted():
    good, bad = "914403001922038216", "914403001922038217"
    verdict = check_uscc_column([good, bad, bad, None] * 1000)
    assert verdict.distinct == 2
    assert verdict.counts() == {Reason.MISSING: 1000, Reason.CHECKSUM: 2000}
    assert int(verdict.valid.sum()) == 1000
    assert set(verdict.position[verdict.reason > 0].tolist()) == {0, 18}


@pytest.mark.parametrize("place", range(2, 8))
def test_a_letter_in_the_division_is_found_even_when_the_check_character_fits(place):
    body = "91140105MA0DEM013"
    body = body[:place] + "A" + body[place + 1 :]
    value = body + uscc_check(body)
    assert check_uscc_column([value]).text(0) == f"CHARSET:{place + 1}" == str(check_uscc(value))


def test_a_column_longer_than_one_matrix_is_judged_whole(monkeypatch):
    monkeypatch.setattr("xinqiao.lake.identifiers_np._CHUNK", 7)
    bodies = [f"91140105MA{n:07d}" for n in range(50)]
    right = [b + uscc_check(b) for b in bodies]
    wrong = [b + CHARSET[(CHARSET.index(uscc_check(b)) + 1) % 31] for b in bodies]
    assert check_uscc_column(right).valid.all()
    assert check_uscc_column(wrong).counts() == {Reason.CHECKSUM: 50}


def test_every_day_at_the_edges_of_the_calendar_is_judged_as_the_calendar_does():
    numbers = [
        f"110105{y:04d}{m:02d}{d:02d}001"
        for y in (1849, 1850, 1900, 1999, 2000, 2024, 2026)
        for m in range(14)
        for d in range(33)
    ]
    values = [n + resident_check(n) for n in numbers]
    verdict = check_resident_id_column(values, today=TODAY)
    for row, value in enumerate(values):
        assert verdict.text(row) == words(check_resident_id(value, today=TODAY))[1]
