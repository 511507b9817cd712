"""Single records leave the lake as a batch of withdrawals, and stay in its history."""

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.store import Lake
from xinqiao.lake.store.buckets import bucket_name, bucket_of
from xinqiao.lake.takeout import find, take_out

AT = datetime(2026, 11, 21, tzinfo=UTC)
FIRMS = ("91330100MA2XQA0013", "91330200MA2XQB0021", "91330300MA2XQC003X")
ITEM = "penalty"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Three firms with two records each, the second without a part of its key."""
    made = Lake.open(tmp_path / "lake", create=True, buckets=2)
    _publish(
        made,
        2,
        [(firm, number, day) for firm in FIRMS for number, day in (("1", date(2026, 1, 2)), ("2", None))],
    )
    return made


def _publish(
    lake: Lake, seq: int, rows: list[tuple[str, str, date | None]], key: tuple[str, ...] = ("no", "day")
) -> None:
    with lake.begin(ITEM, f"B-{seq}", seq, key=key) as draft:
        for bucket in range(lake.buckets):
            mine = [
                {
                    "_subject": firm, "_row": place, "_batch": f"B-{seq}", "_source": "s", "_as_of": date(2026, 2, 1),
                    "_received": AT.replace(tzinfo=None), "_status": "valid", "_seq": seq, "_key": f"{number}",
                    "no": number, "day": day, "amount": place,
                }
                for place, (firm, number, day) in enumerate(rows, start=1)
                if bucket_of(firm, lake.buckets) == bucket
            ]  # fmt: skip
            if mine:
                folder = draft.folder / f"bucket={bucket_name(bucket)}"
                folder.mkdir()
                schema = pa.schema([("day", pa.date32())])
                table = pa.Table.from_pylist(mine)
                table = table.set_column(
                    table.column_names.index("day"), "day", table["day"].cast(schema.field(0).type)
                )
                pq.write_table(table, folder / "rows.parquet")
        lake.publish(draft)


def _left(lake: Lake) -> set[tuple[str, str]]:
    return {(firm, str(row["no"])) for firm in FIRMS for row in lake.records(firm).get(ITEM, [])}


ALL = {(firm, number) for firm in FIRMS for number in "12"}


def test_named_records_leave_over_all_buckets_and_nothing_else(lake: Lake) -> None:
    wanted = [(firm, {"no": "1", "day": "2026-01-02"}) for firm in FIRMS[:2]] + [
        (FIRMS[2], {"no": "2", "day": ""})
    ]
    assert take_out(lake, ITEM, wanted, batch_no="T-1", seq=4, received_at=AT) == 3
    gone = {(FIRMS[0], "1"), (FIRMS[1], "1"), (FIRMS[2], "2")}
    assert _left(lake) == ALL - gone
    lake.compact(full=True)
    assert _left(lake) == ALL - gone
    assert lake.check() == []
    (old, mark) = lake.history(FIRMS[0], ITEM, {"no": "1", "day": date(2026, 1, 2)})
    assert (old["_status"], mark["_status"], mark["amount"]) == ("valid", "withdrawn", old["amount"])


def test_again_is_no_more_and_absent_records_make_no_batch(lake: Lake) -> None:
    wanted = [(FIRMS[0], {"no": "1", "day": "2026-01-02"})]
    for _ in range(2):
        assert take_out(lake, ITEM, wanted, batch_no="T-1", seq=4, received_at=AT) == 1
    version = lake.manifest().version
    for absent in ([(FIRMS[0], {"no": "9", "day": ""})], wanted, [(FIRMS[0], {"no": "1"})]):
        assert take_out(lake, ITEM, absent, batch_no="T-2", seq=6, received_at=AT) == 0
    assert take_out(lake, "other", wanted, batch_no="T-2", seq=6, received_at=AT) == 0
    assert lake.manifest().version == version
    assert not list((lake.folder / "drafts").glob("*/bucket=*"))


def test_what_is_sent_later_is_back_and_what_was_older_is_not(lake: Lake) -> None:
    wanted = [(FIRMS[0], {"no": "1", "day": "2026-01-02"})]
    take_out(lake, ITEM, wanted, batch_no="T-1", seq=4, received_at=AT)
    _publish(lake, 3, [(FIRMS[0], "1", date(2026, 1, 2))])
    assert (FIRMS[0], "1") not in _left(lake)
    _publish(lake, 6, [(FIRMS[0], "1", date(2026, 1, 2))])
    assert (FIRMS[0], "1") in _left(lake)


def test_an_item_whose_key_is_not_stored_names_no_single_record(tmp_path: Path) -> None:
    made = Lake.open(tmp_path / "other", create=True, buckets=2)
    _publish(made, 2, [(FIRMS[0], "1", None)], key=())
    with pytest.raises(Invalid) as caught:
        take_out(made, ITEM, [(FIRMS[0], {"no": "1"})], batch_no="T-1", seq=4, received_at=AT)
    assert caught.value.code is Code.LAKE_INVALID


def test_records_are_found_by_a_condition(lake: Lake) -> None:
    found = find(lake, ITEM, "\"day\" <= DATE '2026-01-02'", limit=9)
    assert [(row["_subject"], row["no"]) for row in found] == [(firm, "1") for firm in sorted(FIRMS)]
    assert len(find(lake, ITEM, "true", limit=4)) == 4
    take_out(
        lake, ITEM, [(FIRMS[0], {"no": "1", "day": "2026-01-02"})], batch_no="T-1", seq=4, received_at=AT
    )
    assert len(find(lake, ITEM, '"day" IS NOT NULL', limit=9)) == 2
    assert find(lake, "other", "true", limit=1) == []
