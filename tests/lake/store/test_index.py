"""A segment whose rows are in order is looked up by its groups; one whose rows are not is read as before."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xinqiao.campaigns.planted import plant
from xinqiao.catalogue import load
from xinqiao.domain.errors import Invalid
from xinqiao.lake.collect import Means, collect
from xinqiao.lake.files import expected_names, stage
from xinqiao.lake.store import Lake
from xinqiao.lake.store.index import build

CATALOGUE = load()
ITEM = CATALOGUE.items["electricity_fee"]


def written(path: Path, subjects: list[str]) -> Path:
    """A file of these subjects, two rows a group."""
    pq.write_table(pa.table({"_subject": subjects}), path, row_group_size=2)
    return path


def test_order_is_seen(tmp_path: Path) -> None:
    entry, _ = build(written(tmp_path / "a", ["AAAA", "AAAA", "BBBB", "CCCC", "CCCC"]), is_sorted=False)
    assert entry.is_sorted
    assert (entry.groups_of("AAAA"), entry.groups_of("CCCC"), entry.groups_of("BBBC")) == ([0], [1, 2], [1])
    entry, _ = build(written(tmp_path / "b", ["BBBB", "AAAA", "CCCC"]), is_sorted=False)
    assert not entry.is_sorted
    # out of order within a group alone
    entry, _ = build(written(tmp_path / "c", ["BBBB", "AAAA", "CCCC", "CCCC"]), is_sorted=False)
    assert not entry.is_sorted
    entry, _ = build(written(tmp_path / "d", ["AAAA"]), is_sorted=False)
    assert entry.is_sorted


def test_what_must_be_in_order_is_refused_otherwise(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        build(written(tmp_path / "a", ["CCCC", "CCCC", "AAAA", "BBBB"]), is_sorted=True)


def test_a_collected_batch_lies_in_order_and_a_lookup_finds_all_of_a_firm(tmp_path: Path) -> None:
    path = tmp_path / "bills.csv"
    plant(path, 6_000, seed=8, share=0.02)
    lake = Lake.open(tmp_path / "lake", create=True, buckets=2)
    collect(
        lake, stage(path, tmp_path, expected=expected_names(ITEM)), ITEM, CATALOGUE, source="s", batch_no="b1",
        received_at=datetime(2026, 11, 21, 3, tzinfo=UTC), means=Means(piece_bytes=300_000, secret=b"s"),
    )  # fmt: skip
    state = lake.manifest().state(ITEM.id)
    in_order = [lake._reader._entry(segment).is_sorted for segment in state.segments]
    # a few rows that might have stood twice are written apart, as they come
    assert in_order.count(True) >= 2
    rows: dict[str, int] = {}
    for segment in state.segments:
        for one in pq.read_table(lake.folder / segment.file, columns=["_subject"])["_subject"].to_pylist():
            rows[one] = rows.get(one, 0) + 1
    asked = [*rows][::40]
    assert {one: len(lake.records(one)[ITEM.id]) for one in asked} == {one: rows[one] for one in asked}
    lake.compact(full=True)
    assert {one: len(lake.records(one)[ITEM.id]) for one in asked} == {one: rows[one] for one in asked}
