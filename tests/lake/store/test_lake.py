"""A batch is visible whole and once; what the lake answers is what a plain model says, however it was compacted."""

import random
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from tests.lake.store.synthetic import (
    ITEM,
    KEY,
    PAYLOAD,
    facts_of,
    fill,
    new_lake,
    row,
    send,
    subject,
    table_of,
)

from xinqiao.domain.errors import Code, Conflict, Invalid, XinqiaoError
from xinqiao.lake.store import Lake
from xinqiao.lake.store.dossier import unpack


def _rows(firms: int, each: int) -> list[dict[str, Any]]:
    return [row(firm, firm * 1000 + bill) for bill in range(each) for firm in range(firms)]


def test_a_batch_is_read_back_with_its_lineage(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake")
    done = send(lake, "B1", _rows(30, 7), facts={"digest": "sha256:1", "received": 210})
    assert (done.new, done.rows, done.version, done.facts["received"]) == (True, 210, 1, 210)
    found = lake.records(subject(3))
    assert facts_of(found[ITEM]) == facts_of([row(3, 3000 + bill) for bill in range(7)])
    first = found[ITEM][0]
    assert (first["_batch"], first["_source"], first["_version"]) == ("B1", "水务集团", 1)
    assert (first["_as_of"], first["_since"], first["_status"]) == (
        date(2026, 10, 31),
        date(2026, 10, 31),
        "valid",
    )
    assert first["amount"] == Decimal("30.00")
    assert lake.records(subject(77)) == {}
    assert lake.check() == []


def test_other_processes_see_it_at_once(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake")
    reader = Lake.open(lake.folder)
    assert reader.records(subject(1)) == {}
    send(lake, "B1", _rows(3, 2))
    assert len(reader.records(subject(1))[ITEM]) == 2
    program = (
        "import sys; from pathlib import Path; from xinqiao.lake.store import Lake; "
        "print(len(Lake.open(Path(sys.argv[1])).records(sys.argv[2])[sys.argv[3]]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(lake.folder), subject(1), ITEM],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout == "2\n"


def test_the_same_batch_or_file_again_does_nothing(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake")
    first = send(lake, "B1", _rows(3, 2), facts={"digest": "sha256:one"})
    again = send(lake, "B1", _rows(3, 2), facts={"digest": "sha256:one"})
    other_number = send(lake, "B2", _rows(3, 2), facts={"digest": "sha256:one"})
    assert (first.new, again.new, other_number.new) == (True, False, False)
    assert other_number.batch_no == "B1"
    assert lake.manifest().version == 1
    assert lake.batch(ITEM, "B1") == again
    assert lake.batch_of_digest(ITEM, "sha256:one") == again
    assert lake.batch(ITEM, "B2") is None
    with pytest.raises(Conflict) as told:
        send(lake, "B1", _rows(9, 1), facts={"digest": "sha256:two"})
    assert told.value.code is Code.CONFLICT_DUPLICATE
    assert list((lake.folder / "drafts").glob("*/")) == []


def test_a_batch_without_rows_is_a_batch(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake")
    assert send(lake, "B1", []).rows == 0
    assert send(lake, "B1", []).new is False
    assert duckdb.sql(f"SELECT count(*) FROM {lake.relation_sql(ITEM)}").fetchall() == [(0,)]
    assert lake.compact(full=True).rows_read == 0


def _wrong_bucket(lake: Lake) -> None:
    draft = lake.begin(ITEM, "BX", 9, key=KEY)
    fill(draft, table_of("BX", 9, [row(1, 1)], date(2026, 1, 1)), lake.buckets)
    folder = next(draft.folder.glob("bucket=*"))
    number = int(folder.name.partition("=")[2])
    folder.rename(draft.folder / f"bucket={(number + 1) % lake.buckets:03d}")
    lake.publish(draft)


def _other_batch(lake: Lake) -> None:
    draft = lake.begin(ITEM, "BX", 9, key=KEY)
    fill(draft, table_of("BY", 9, [row(1, 1)], date(2026, 1, 1)), lake.buckets)
    lake.publish(draft)


def _without_a_column(lake: Lake) -> None:
    draft = lake.begin(ITEM, "BX", 9, key=KEY)
    table = table_of("BX", 9, [row(1, 1)], date(2026, 1, 1)).drop_columns(["_source"])
    fill(draft, table, lake.buckets)
    lake.publish(draft)


def _other_key(lake: Lake) -> None:
    send(lake, "BX", [row(1, 1)], key=("bill_no", "note"))


def _bad_cell(lake: Lake) -> None:
    send(lake, "BX", [row(1, 1)], facts={"rollup": [{"source": "S"}] * 40})


def _no_subject(lake: Lake) -> None:
    draft = lake.begin(ITEM, "BX", 9, key=KEY)
    table = table_of("BX", 9, [row(1, 1)], date(2026, 1, 1))
    table = table.set_column(0, "_subject", pa.array([None], pa.string()))
    (draft.folder / "bucket=000").mkdir()
    import pyarrow.parquet as pq

    pq.write_table(table, draft.folder / "bucket=000" / "x.parquet")
    lake.publish(draft)


@pytest.mark.parametrize(
    "wrong", [_wrong_bucket, _other_batch, _without_a_column, _other_key, _bad_cell, _no_subject]
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(tmp_path: Path, wrong: Any) -> None:
    lake = new_lake(tmp_path / "lake")
    send(lake, "B1", _rows(3, 2))
    before = _files(lake)
    with pytest.raises(Invalid) as told:
        wrong(lake)
    assert told.value.code is Code.LAKE_INVALID
    assert _files(lake) == before


def _files(lake: Lake) -> list[str]:
    return sorted(
        str(path.relative_to(lake.folder))
        for path in lake.folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    )


@pytest.mark.parametrize("name", ["", "../x", "a/b", "B 1", "批次"])
def test_names_that_cannot_be_files_are_refused(tmp_path: Path, name: str) -> None:
    lake = new_lake(tmp_path / "lake")
    with pytest.raises(XinqiaoError):
        lake.begin(ITEM, name, 1)
    with pytest.raises(XinqiaoError):
        lake.begin(name, "B1", 1)


def test_a_folder_without_a_lake_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        Lake.open(tmp_path)
    (tmp_path / "lake.json").write_text('{"format": "something else"}')
    with pytest.raises(Invalid):
        Lake.open(tmp_path)


def test_the_number_of_buckets_stays(tmp_path: Path) -> None:
    new_lake(tmp_path / "lake", 8)
    assert Lake.open(tmp_path / "lake", create=True, buckets=64).buckets == 8


# --------------------------------------------------------------------------------------------------- against a model


class Model:
    """Every row ever sent, and what they say."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def send(self, seq: int, as_of: date, rows: list[dict[str, Any]]) -> None:
        self.rows += [{**one, "_seq": seq, "_as_of": as_of, "_row": n} for n, one in enumerate(rows, 1)]

    def chains(self, firm: str) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for one in sorted(self.rows, key=lambda one: (one["_seq"], one["_row"])):
            if one["_subject"] == firm:
                found.setdefault(one["bill_no"], []).append(one)
        return found

    def versions(self, firm: str) -> list[tuple[Any, ...]]:
        found = []
        for key, rows in sorted(self.chains(firm).items()):
            number, since, own = 0, None, []
            for place, one in enumerate(rows):
                if not place or _said(rows[place - 1]) != _said(one):
                    number, since = number + 1, one["_as_of"]
                else:
                    own.pop()
                own.append((key, number, since, one["_as_of"], one["_seq"], one["_status"], _said(one)))
            found += own
        return found

    def current(self, firm: str) -> list[tuple[Any, ...]]:
        newest = {version[0]: version for version in self.versions(firm)}
        return [version for version in newest.values() if version[5] != "withdrawn"]


def _said(one: dict[str, Any]) -> tuple[Any, ...]:
    return (*(str(one[name]) for name in PAYLOAD), one["_status"])


def _version(one: dict[str, Any]) -> tuple[Any, ...]:
    return (
        one["bill_no"], one["_version"], one["_since"], one["_as_of"], one["_seq"], one["_status"], _said(one)
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_the_lake_says_what_the_model_says(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    lake, model = new_lake(tmp_path / "lake", 2), Model()
    for seq in range(1, 11):
        bills = chance.sample(range(60), chance.choice([2, 25, 60]))
        rows = [
            row(
                bill % 5,
                bill,
                note=chance.choice([None, "补缴"]),
                _status=chance.choices(["valid", "withdrawn", "repaired"], [8, 1, 1])[0],
            )
            for bill in bills
        ]
        as_of = date(2026, 1, 1 + seq)
        send(lake, f"B{seq}", rows, as_of=as_of)
        model.send(seq, as_of, rows)
        if chance.random() < 0.4:
            lake.compact(full=chance.random() < 0.4, row_group_rows=2048)
        for firm in (subject(number) for number in range(5)):
            found = lake.records(firm).get(ITEM, [])
            assert sorted(map(_version, found), key=str) == sorted(model.current(firm), key=str)
            history = [_version(one) for one in lake.history(firm, ITEM)]
            assert sorted(history, key=str) == sorted(model.versions(firm), key=str)
    total = sum(len(model.current(subject(number))) for number in range(5))
    count = f"SELECT count(*) FROM {lake.relation_sql(ITEM)}"
    assert duckdb.sql(count).fetchall() == [(total,)]
    assert lake.check() == []
    lake.compact(full=True)
    lake.sweep()
    assert duckdb.sql(f"SELECT count(*) FROM {lake.relation_sql(ITEM)}").fetchall() == [(total,)]
    assert lake.check() == []
    assert _orphans(lake) == []


def _orphans(lake: Lake) -> list[str]:
    known = lake.manifest().files()
    return [name for name in _files(lake) if name.endswith((".parquet", ".idx")) and name not in known]


def test_what_was_known_on_a_day(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake")
    for month, amount in ((1, "1.00"), (3, "2.00"), (5, "2.00"), (7, "3.00")):
        send(lake, f"B{month}", [row(1, 1, amount=Decimal(amount))], as_of=date(2026, month, 1))
        lake.compact(full=month > 1)
    asked = {month: lake.records(subject(1), as_of=date(2026, month, 15)) for month in range(1, 9)}
    found = {month: str(told[ITEM][0]["amount"]) for month, told in asked.items() if told}
    # confirmed in May, 2.00 holds since March; on that day the later confirmation changes nothing
    assert found == {1: "1.00", 2: "1.00", 3: "2.00", 4: "2.00", 5: "2.00", 6: "2.00", 7: "3.00", 8: "3.00"}
    assert lake.records(subject(1), as_of=date(2025, 12, 31)) == {}


def test_a_batch_that_comes_late_supersedes_nothing(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake")
    send(lake, "B2", [row(1, 1, note="新"), row(1, 2, _status="withdrawn")], seq=2)
    lake.compact(full=True)
    send(lake, "B1", [row(1, 1, note="旧"), row(1, 2)], seq=1)
    before = lake.records(subject(1))
    assert [one["note"] for one in before[ITEM]] == ["新"]
    history = lake.history(subject(1), ITEM, {"bill_no": "W000001"})
    assert [(one["note"], one["_version"]) for one in history] == [("旧", 0), ("新", 1)]
    lake.compact(full=True)
    assert lake.records(subject(1)) == before
    assert lake.history(subject(1), ITEM, {"bill_no": "W000001"}) == history


def test_a_key_that_is_no_column(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake")
    send(lake, "B1", [row(1, 1, note="一")], key=())
    send(lake, "B2", [row(1, 1, note="二"), row(1, 2)], key=())
    for _ in range(2):
        assert {one["note"] for one in lake.records(subject(1))[ITEM]} == {"二", None}
        assert [one["note"] for one in lake.history(subject(1), ITEM, "W000001")] == ["一", "二"]
        lake.compact(full=True)


def test_an_item_may_get_new_fields(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake")
    send(lake, "B1", [row(1, 1)])
    lake.compact()
    draft = lake.begin(ITEM, "B2", 2, key=KEY)
    table = table_of("B2", 2, [row(1, 2)], date(2026, 2, 1))
    fill(draft, table.append_column("meter_no", pa.array(["M1"])), lake.buckets)
    lake.publish(draft)
    for _ in range(2):
        found = lake.records(subject(1))[ITEM]
        assert sorted(str(one["meter_no"]) for one in found) == ["M1", "None"]
        assert lake.check() == []
        lake.compact(full=True)


def test_the_token_changes_when_the_subject_may_be_touched(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake", 1)
    send(lake, "B1", _rows(200, 1))
    before = lake.version(subject(1))
    send(lake, "B2", [row(2, 99)])
    assert lake.version(subject(1)) == before
    assert lake.version(subject(2)) != lake.version(subject(1))
    send(lake, "B3", [row(1, 99)])
    after = lake.version(subject(1))
    assert after != before
    lake.compact(full=True)
    assert lake.version(subject(1)) != after


def test_the_dossier_is_the_records_as_canonical_json(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake")
    send(lake, "B1", _rows(3, 5))
    told = unpack(lake.dossier(subject(2)))
    assert told["subject"] == subject(2)
    items = told["items"]
    assert isinstance(items, dict)
    rows = items[ITEM]
    assert isinstance(rows, list)
    assert [one["amount"] for one in rows if isinstance(one, dict)] == [
        "20.00",
        "20.01",
        "20.02",
        "20.03",
        "20.04",
    ]
    first = rows[0]
    assert isinstance(first, dict)
    assert (first["_received"], first["_as_of"]) == ("2026-11-01T08:00:01Z", "2026-10-31")
    before = lake.dossier(subject(2))
    lake.compact(full=True)
    assert lake.dossier(subject(2)) == before
