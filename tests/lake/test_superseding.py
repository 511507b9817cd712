"""Rows that replaced an earlier value, against the lake's own versions of every record."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from tests.lake.store.synthetic import ITEM, new_lake, row, send, subject

from xinqiao.lake.store import Lake
from xinqiao.lake.superseding import count_superseding


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return new_lake(tmp_path / "lake", 2)


def counted(lake: Lake, *numbers: str) -> list[int | None]:
    return [count_superseding(lake, ITEM, number) for number in numbers]


def test_only_other_values_of_records_in_force_are_replaced(lake: Lake) -> None:
    send(lake, "B1", [row(1, 1), row(1, 2), row(2, 3), row(3, 4)])
    # the same; another volume; another firm's bill of that number; a bill nobody had
    send(lake, "B2", [row(1, 1), row(1, 2, volume=9), row(4, 3), row(3, 5)])
    send(lake, "B3", [row(1, 2), row(2, 3, note="改")])
    assert counted(lake, "B1", "B2", "B3") == [0, 1, 2]
    assert count_superseding(lake, ITEM, "B9") is None
    assert count_superseding(lake, "gas_fee", "B1") is None


def test_a_withdrawal_replaces_what_was_in_force_and_nothing_replaces_it(lake: Lake) -> None:
    send(lake, "B1", [row(1, 1), row(1, 2)])
    send(lake, "B1-W", [row(1, 1, _status="withdrawn"), row(9, 9, _status="withdrawn")])
    send(lake, "B2", [row(1, 1, volume=77), row(1, 2, volume=78)])
    assert counted(lake, "B1-W", "B2") == [1, 1]


def test_another_source_of_the_same_value_is_a_new_value(lake: Lake) -> None:
    send(lake, "B1", [row(1, 1)])
    send(lake, "B2", [row(1, 1, _source="另一家")])
    assert counted(lake, "B2") == [1]


def test_order_is_that_of_batches_not_of_arrival(lake: Lake) -> None:
    send(lake, "B2", [row(1, 1, volume=2)], seq=20)
    send(lake, "B1", [row(1, 1, volume=1)], seq=10)
    assert counted(lake, "B1", "B2") == [0, 1]


def test_what_was_folded_is_replaced_and_is_not_counted_itself_any_more(lake: Lake) -> None:
    send(lake, "B1", [row(1, 1), row(1, 2)])
    send(lake, "B2", [row(1, 1, volume=5)])
    lake.compact(full=True)
    # better no figure than a wrong one: a row that confirmed another stands in its place by now
    assert counted(lake, "B1", "B2") == [0, None]
    send(lake, "B3", [row(1, 1, volume=5), row(1, 2, volume=6)])
    assert counted(lake, "B3") == [1]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("compacted", [False, True])
def test_it_is_as_many_as_the_lake_makes_versions(lake: Lake, seed: int, compacted: bool) -> None:
    chance, firms = Random(seed), 12
    numbers = [f"B{place}" for place in range(5)]
    counts: dict[str, int | None] = {}
    for place, number in enumerate(numbers):
        rows = [
            row(firm, bill, volume=chance.randrange(3), _status=chance.choice(["valid"] * 5 + ["withdrawn"]))
            for firm in range(firms)
            for bill in range(4)
            if chance.random() < 0.6
        ]
        send(lake, number, rows)
        counts[number] = count_superseding(lake, ITEM, number)
        if compacted and place == 2:
            lake.compact(full=True)
    made: Counter[str] = Counter()
    for firm in range(firms):
        by_key: dict[str, list[dict[str, object]]] = {}
        for one in lake.history(subject(firm), ITEM):
            by_key.setdefault(str(one["bill_no"]), []).append(one)
        for versions in by_key.values():
            for before, after in pairwise(versions):
                # a version confirmed by a later batch is in its name; who made it is not said any more
                made["all"] += before["_status"] != "withdrawn"
                assert after["_version"] == before["_version"] + 1  # type: ignore[operator]
    assert sum(count or 0 for count in counts.values()) == made["all"] > 20
    assert counts["B0"] == 0
