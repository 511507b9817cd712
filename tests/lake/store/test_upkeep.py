"""Compaction beside readers and writers, retention, rollups."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.lake.store.synthetic import ITEM, new_lake, row, send, subject

from xinqiao.domain.errors import Code, Conflict, Invalid
from xinqiao.lake.store import Lake, RetentionRule, phases
from xinqiao.lake.store import commit as committing
from xinqiao.lake.store.locks import exclusive
from xinqiao.lake.store.manifest import BASE, DELTA, HISTORY


def _kinds(lake: Lake) -> list[str]:
    return sorted(segment.kind for segment in lake.manifest().state(ITEM).segments)


def test_a_reader_keeps_its_version_while_compaction_goes_on(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake", 1)
    for number in range(3):
        send(lake, f"B{number}", [row(1, 1, volume=number), row(2, number + 10)])
    other = Lake.open(lake.folder)
    with other.reading() as manifest:
        files = [other.folder / segment.file for segment in manifest.state(ITEM).segments]
        sql = other.relation_sql(ITEM)
        lake.compact(full=True)
        assert all(path.exists() for path in files)
        assert duckdb.sql(f"SELECT sum(volume) FROM {sql}").fetchall()[0][0] == 2 + 10 + 11 + 12
        assert lake.sweep() > 0
    assert lake.sweep() == 0
    assert not any(path.exists() for path in files)
    assert lake.check() == []


def test_a_dead_reader_keeps_nothing(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake", 1)
    send(lake, "B1", [row(1, 1)])
    (lake.folder / "leases" / "1-dead").write_bytes(b"")
    lake.compact(full=True)
    assert lake.sweep() == 0
    assert list((lake.folder / "leases").iterdir()) == []


def test_a_reader_whose_file_was_swept_reads_the_next_version(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake", 1)
    send(lake, "B1", [row(1, 1)])
    other = Lake.open(lake.folder)
    stale = other.manifest()
    lake.compact(full=True)
    asked = []
    real = other.manifest

    def manifest() -> Any:
        asked.append(1)
        return stale if len(asked) == 1 else real()

    other.manifest = manifest  # type: ignore[method-assign]
    assert len(other.records(subject(1))[ITEM]) == 1
    assert len(asked) > 1


def test_one_writer_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = new_lake(tmp_path / "lake")
    monkeypatch.setattr(committing, "WRITER_WAIT_SECONDS", 0.0)
    monkeypatch.setattr(committing.Committer.writing, "__defaults__", (0.0,))
    with exclusive(lake.folder / "writer.lock", wait_seconds=0):
        draft = lake.begin(ITEM, "B1", 1, key=("bill_no",))
        with pytest.raises(Conflict) as told:
            lake.publish(draft)
        assert told.value.code is Code.LAKE_BUSY
    assert lake.publish(draft).new  # the draft was kept for that
    with exclusive(lake.folder / "compact.lock", wait_seconds=0), pytest.raises(Conflict) as told:
        lake.compact()
    assert told.value.code is Code.LAKE_BUSY


def test_a_batch_may_come_while_compaction_is_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = new_lake(tmp_path / "lake", 1)
    send(lake, "B1", [row(1, 1)])
    other = Lake.open(lake.folder)

    def hook(name: str) -> None:
        if name == "compact:synced":
            monkeypatch.setattr(phases, "hook", None)
            send(other, "B2", [row(1, 2)])

    monkeypatch.setattr(phases, "hook", hook)
    lake.compact(full=True)
    assert [one["bill_no"] for one in lake.records(subject(1))[ITEM]] == ["W000001", "W000002"]
    assert _kinds(lake) == [BASE, DELTA]


def test_small_batches_do_not_rewrite_a_large_base(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake", 1)
    send(lake, "B0", [row(bill % 50, bill) for bill in range(4_000)])
    lake.compact()
    written = base = 0
    for number in range(1, 16):
        send(lake, f"B{number}", [row(bill % 50, 10_000 + number * 100 + bill) for bill in range(100)])
        figures = lake.compact()
        written += figures.rows_read
        base = max(base, sum(segment.kind == DELTA for segment in lake.manifest().state(ITEM).segments))
    assert base <= 5
    # naive compaction would rewrite the base 15 times: more than 60,000 rows
    assert written < 10_000
    assert lake.check() == []
    assert sum(len(lake.records(subject(firm))[ITEM]) for firm in range(50)) == 4_000 + 1_500


def test_rows_grow_old_and_leave(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake", 1)
    send(lake, "B1", [row(1, bill, due_on=date(2020, 1 + bill, 1)) for bill in range(6)])
    lake.compact()
    send(lake, "B2", [row(1, 5, due_on=date(2020, 6, 1), amount=Decimal("7.00"))])
    lake.compact(full=True)
    send(lake, "B3", [row(1, 4, due_on=date(2020, 5, 1), _status="withdrawn")])
    assert _kinds(lake) == [BASE, DELTA, HISTORY]
    rule = RetentionRule(ITEM, months=60, column="due_on", history_months=12)
    figures = lake.retire(date(2025, 4, 1), [rule])
    assert (figures.rows, figures.history_rows) == (3, 0)
    assert [one["bill_no"] for one in lake.records(subject(1))[ITEM]] == ["W000003", "W000005"]
    assert lake.retire(date(2025, 4, 1), [rule]).segments == 0
    assert len(lake.history(subject(1), ITEM, {"bill_no": "W000005"})) == 2
    assert len(lake.history(subject(1), ITEM, {"bill_no": "W000004"})) == 2
    figures = lake.retire(date(2027, 12, 1), [RetentionRule(ITEM, history_months=12)])
    # the superseded 5, the withdrawn 4, and the mark that withdrew it
    assert (figures.rows, figures.history_rows) == (1, 2)
    assert len(lake.history(subject(1), ITEM, {"bill_no": "W000005"})) == 1
    assert lake.history(subject(1), ITEM, {"bill_no": "W000004"}) == []
    assert lake.check() == []
    with pytest.raises(Invalid):
        lake.retire(date(2027, 12, 1), [RetentionRule(ITEM, months=1, column="absent")])


def test_a_version_that_leaves_brings_no_older_one_back(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake", 1)
    send(lake, "B1", [row(1, bill, due_on=date(2024, 1, 1)) for bill in range(9)])
    lake.compact()
    send(lake, "B2", [row(1, 4, due_on=date(2019, 1, 1)), row(1, 5, _status="withdrawn")])
    rule = RetentionRule(ITEM, months=60, column="due_on", history_months=1)
    lake.retire(date(2026, 12, 5), [rule])
    assert {one["bill_no"] for one in lake.records(subject(1))[ITEM]} == {
        f"W{n:06d}" for n in (0, 1, 2, 3, 6, 7, 8)
    }


def test_rollups_add_up_over_batches_and_compactions(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake", 1)
    for number in range(20):
        cells = [
            {
                "source": f"S{number % 2}",
                "division": "140100",
                "month": f"2026-{1 + number % 3:02d}",
                "rule": rule,
                "count": count,
            }
            for rule, count in (("ACCEPTED", number), ("BAD_USCC", 1))
        ]
        send(lake, f"B{number}", [row(1, number)], facts={"digest": str(number), "rollup": cells})
        if number == 7:
            lake.compact()
    expected = [{"rule": "ACCEPTED", "count": sum(range(20))}, {"rule": "BAD_USCC", "count": 20}]
    assert lake.rollups(by=("rule",)) == expected
    assert lake.rollups(by=("item",), where={"rule": "BAD_USCC", "source": "S1"}) == [
        {"item": ITEM, "count": 10}
    ]
    assert lake.rollups(by=("month", "source"), where={"item": "another"}) == []
    lake.compact(full=True)
    assert lake.rollups(by=("rule",)) == expected
    assert Lake.open(lake.folder).rollups(by=("rule",)) == expected
    with pytest.raises(Invalid):
        lake.rollups(by=("colour",))


@pytest.mark.parametrize("change", ["bytes", "row", "missing"])
def test_a_change_behind_the_manifest_is_found(tmp_path: Path, change: str) -> None:
    lake = new_lake(tmp_path / "lake", 1)
    send(lake, "B1", [row(1, 1), row(1, 2)])
    lake.compact()
    path = lake.files(ITEM)[0]
    if change == "missing":
        path.unlink()
    elif change == "bytes":
        content = bytearray(path.read_bytes())
        content[20] ^= 1
        path.write_bytes(content)
    else:
        other = path.with_suffix(".other")
        duckdb.sql(f"COPY (SELECT * FROM '{path}' LIMIT 1) TO '{other}' (FORMAT parquet)")
        other.replace(path)
    assert len(lake.check()) == 1


def test_opening_a_lake_removes_what_a_dead_writer_left_and_never_refused_rows(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake")
    refused, orphan = (
        lake.folder / "quarantine" / ITEM / "B-1.parquet",
        lake.folder / "items" / "orphan.parquet",
    )
    for path in (refused, orphan):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"rows")
    Lake.open(lake.folder)
    assert (refused.exists(), orphan.exists()) == (True, False)
