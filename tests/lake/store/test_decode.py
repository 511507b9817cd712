"""One subject out of a row group: dictionaries, nulls, columns of one value, subjects that are not there."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xinqiao.lake.store.decode import at_places, of_subject, open_segment
from xinqiao.lake.store.measure import connect, parquet_options, text

ROWS = [
    {"_subject": f"S{firm:03d}", "_seq": 1, "note": note, "amount": Decimal(f"{firm}.50"), "on": date(2026, 1, 1 + place)}
    for firm in range(0, 40, 2)
    for place, note in enumerate(("甲", None, "乙"))
]  # fmt: skip


@pytest.fixture(params=[True, False], ids=["dictionaries", "plain"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), file, use_dictionary=request.param, row_group_size=30)
    return file


def test_a_subject_gives_up_its_rows_and_no_others(path: Path) -> None:
    opened = open_segment(path)
    for row in ROWS:
        group = 0 if ROWS.index(row) < 30 else 1
        wanted = [one for one in ROWS if one["_subject"] == row["_subject"]]
        assert of_subject(opened, group, str(row["_subject"]), {}) == wanted


@pytest.mark.parametrize("absent", ["", "S001", "S017", "S999"])
def test_a_subject_that_is_not_there_has_none(path: Path, absent: str) -> None:
    opened = open_segment(path)
    assert of_subject(opened, 0, absent, {}) == []
    assert of_subject(opened, 1, absent, {}) == []


def test_what_the_manifest_knows_is_not_decoded(path: Path) -> None:
    (first, *_) = of_subject(open_segment(path), 0, "S000", {1: {"note": "known", "_batch": "B1"}})
    assert (first["note"], first["_batch"], first["amount"]) == ("known", "B1", Decimal("0.50"))


def test_rows_at_places(path: Path) -> None:
    assert at_places(open_segment(path), 1, np.array([2, 5]), {}) == [ROWS[32], ROWS[35]]
    assert at_places(open_segment(path), 1, np.array([], np.int64), {}) == []


def test_a_row_group_of_one_subject(tmp_path: Path) -> None:
    rows = [{"_subject": "S1", "_seq": 1, "note": None}, {"_subject": "S1", "_seq": 1, "note": None}]
    table = pa.Table.from_pylist(
        rows, pa.schema([("_subject", pa.string()), ("_seq", pa.int64()), ("note", pa.string())])
    )
    pq.write_table(table, tmp_path / "one.parquet")
    opened = open_segment(tmp_path / "one.parquet")
    assert of_subject(opened, 0, "S1", {}) == rows
    assert of_subject(opened, 0, "S2", {}) == []


def test_a_text_that_has_a_dictionary_in_some_row_groups_only(tmp_path: Path) -> None:
    """The engine chooses for each row group anew; a text without one must not be asked for its dictionary."""
    path = tmp_path / "mixed.parquet"
    rows = "range(6144) t(i)"
    note = "CASE WHEN i // 2048 = 1 THEN md5(i::VARCHAR) ELSE 'same' || i % 2 END"
    with connect() as connection:
        connection.execute(
            f"COPY (SELECT 'S' || lpad((i // 3)::VARCHAR, 4, '0') AS _subject, 1::BIGINT AS _seq, {note} AS note"
            f" FROM {rows} ORDER BY i) TO {text(str(path))} {parquet_options(2048)}"
        ).fetchall()
    encodings = [pq.read_metadata(path).row_group(group).column(2).encodings for group in range(3)]
    assert ["RLE_DICTIONARY" in one for one in encodings] == [True, False, True]
    opened = open_segment(path)
    for subject, group in (("S0001", 0), ("S0700", 1), ("S2047", 2), ("S0900", 1)):
        found = of_subject(opened, group, subject, {})
        assert [row["_subject"] for row in found] == [subject] * 3
        assert all(len(str(row["note"])) == (32 if group == 1 else 5) for row in found)
