"""The bucket function is one function, whoever computes it."""

from collections import Counter

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.lake.store.synthetic import subject

from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.store import bucket_of, bucket_sql
from xinqiao.lake.store.buckets import (
    buckets_of_column,
    check_buckets,
    hashes_of_column,
    subject_hash,
)
from xinqiao.lake.store.index import Entry, _filter

SUBJECTS = st.lists(st.from_regex(r"[0-9A-Za-z]{4,70}", fullmatch=True), min_size=1, max_size=40)


@settings(deadline=None, max_examples=50)
@given(SUBJECTS, st.sampled_from([1, 2, 16, 64, 1024]))
def test_python_numpy_and_sql_agree(subjects: list[str], buckets: int) -> None:
    expected = [bucket_of(one, buckets) for one in subjects]
    column = pa.array(subjects)
    assert buckets_of_column(column, buckets).tolist() == expected
    with duckdb.connect() as connection:
        connection.register("t", pa.table({"s": column, "n": list(range(len(subjects)))}))
        rows = connection.execute(f"SELECT {bucket_sql('s', buckets)} FROM t ORDER BY n").fetchall()
    assert [row[0] for row in rows] == expected


@settings(deadline=None, max_examples=50)
@given(SUBJECTS)
def test_the_hashes_agree(subjects: list[str]) -> None:
    assert hashes_of_column(pa.array(subjects)).tolist() == [subject_hash(one) for one in subjects]
    sliced = pa.array(["x" * 9, *subjects]).slice(1)
    assert hashes_of_column(sliced).tolist() == [subject_hash(one) for one in subjects]


@pytest.mark.parametrize("buckets", [16, 64])
def test_codes_and_keyed_hashes_spread_well(buckets: int) -> None:
    import hashlib

    for subjects in (
        [subject(number) for number in range(40_000)],
        [hashlib.sha256(str(number).encode()).hexdigest() for number in range(40_000)],
    ):
        counts = Counter(bucket_of(one, buckets) for one in subjects)
        assert len(counts) == buckets
        assert max(counts.values()) < 1.35 * len(subjects) / buckets


@pytest.mark.parametrize("bad", ["", "ABC", "九一一四"])
def test_what_cannot_be_a_subject_is_refused(bad: str) -> None:
    with pytest.raises(Invalid) as told:
        bucket_of(bad, 16)
    assert told.value.code is Code.LAKE_INVALID


@pytest.mark.parametrize("bad", [0, 3, 24, 2048, -4])
def test_the_number_of_buckets_is_a_power_of_two(bad: int) -> None:
    with pytest.raises(Invalid):
        check_buckets(bad)


def test_a_filter_forgets_nobody_and_admits_few_strangers() -> None:
    inside = [subject(number) for number in range(5_000)]
    entry = Entry((5_000,), (), (), _filter(pa.array(inside)))
    assert all(entry.may_hold(subject_hash(one)) for one in inside)
    strangers = [entry.may_hold(subject_hash(subject(number))) for number in range(100_000, 110_000)]
    assert np.mean(strangers) < 0.02
    assert Entry.from_bytes(entry.to_bytes()) == entry
