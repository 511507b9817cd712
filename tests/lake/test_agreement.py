"""Agreement of sources: the last word of each, what is withdrawn left out, the same before and after compaction."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.lake.test_collect import ITEM, NOW, a_file, good, take

from xinqiao.campaigns.planted import HEADER
from xinqiao.lake.agreement import Agreement, agreement
from xinqiao.lake.collect import Terms
from xinqiao.lake.store import Lake

SINCE, UNTIL = datetime(2026, 10, 31, 16, tzinfo=UTC), datetime(2026, 11, 30, 16, tzinfo=UTC)
BEFORE = NOW.replace(month=10)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Two sources: rows 1 and 2 alike, 3 differs, 4 and 5 are each known to one of them; 6 was corrected to agree."""
    lake = Lake.open(tmp_path / "lake", create=True, buckets=4)
    take(lake, a_file(tmp_path / "a.csv", good(1), good(2), good(3), good(4), good(6)), "a", source="a")
    other = good(3, **{"欠费金额(元)": "9.00"})
    wrong = good(6, **{"欠费金额(元)": "7.00"})
    take(lake, a_file(tmp_path / "b.csv", good(1), good(2), other, good(5), wrong), "b", source="b")
    take(lake, a_file(tmp_path / "c.csv", good(6)), "c", source="b")
    return lake


def found(lake: Lake, **changes: datetime) -> list[Agreement]:
    return agreement(lake, ITEM, **{"since": SINCE, "until": UNTIL, **changes})


BOTH = [Agreement("a", "140000", 4, 3), Agreement("b", "140000", 4, 3)]


@pytest.mark.parametrize("compacted", [False, True])
def test_the_last_word_of_each_source_is_compared(lake: Lake, compacted: bool) -> None:
    if compacted:
        lake.compact(full=True)
    assert found(lake) == BOTH


def test_only_what_came_in_the_month_is_counted_beside_whatever_came_before(
    lake: Lake, tmp_path: Path
) -> None:
    take(lake, a_file(tmp_path / "d.csv", good(5)), "d", source="a", received_at=NOW.replace(month=12))
    assert found(lake) == BOTH
    later = {"since": UNTIL, "until": datetime(2026, 12, 31, 16, tzinfo=UTC)}
    assert found(lake, **later) == [Agreement("a", "140000", 1, 1)]
    assert found(lake, until=BEFORE) == []


def test_a_withdrawn_record_agrees_with_nobody(lake: Lake, tmp_path: Path) -> None:
    path = a_file(tmp_path / "w.csv", good(3)[:11], header=HEADER[:11])
    take(lake, path, "w", source="b", terms=Terms(withdrawal=True))
    assert found(lake) == [replace(one, compared=3) for one in BOTH]


def test_an_item_nobody_sent_has_no_agreement(tmp_path: Path) -> None:
    assert agreement(Lake.open(tmp_path / "l", create=True), ITEM, since=SINCE, until=UNTIL) == []
