"""Pieces of a table: cut anywhere, read by either reader, they are the rows of the table."""

import random
from pathlib import Path

import duckdb
import pytest
from tests.lake.staging import staged_here

from xinqiao.lake.collecting import pieces as cutting
from xinqiao.lake.collecting import reading
from xinqiao.lake.collecting.pieces import pieces
from xinqiao.lake.collecting.reading import careful, quick, read
from xinqiao.lake.collecting.verdicts import Cells
from xinqiao.lake.files import READER_SETTINGS, Sheet

_CELLS = ["", " ", "a", "太原", "0012", "x y", "　", "=1", "1.50", "é\u2028", "a;b"]
_QUOTED = ['"a,b"', '"""q"""', '"two\nlines"', '"\r\n"', '""', '"说""了"']


def a_csv(rng: random.Random, rows: int, *, end: str = "\n", quoted: bool = True, blank: bool = True) -> str:
    lines = ["a,b,c"]
    for _ in range(rows):
        lines.append(",".join(rng.choice(_CELLS + (_QUOTED if quoted else [])) for _ in range(3)))
        if blank and rng.random() < 0.1:
            lines.append("")
    return end.join(lines) + rng.choice(["", end])


def staged(tmp_path: Path, text: str) -> Sheet:
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    (sheet,) = staged_here(path, tmp_path).sheets
    return sheet


def rows_of(cells: Cells) -> list[tuple[object, ...]]:
    ragged = [False] * len(cells.rows) if cells.ragged is None else cells.ragged.tolist()
    columns = [column.take(slice(None)).to_pylist() for column in cells.columns]
    return list(zip(cells.rows.tolist(), ragged, *columns, strict=True))


def connected() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for statement in READER_SETTINGS:
        connection.execute(statement).fetchall()
    return connection


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("quoted", [True, False])
def test_both_readers_read_the_same(tmp_path: Path, end: str, quoted: bool) -> None:
    rng = random.Random(f"{end}{quoted}")
    with connected() as connection:
        for number in range(12):
            sheet = staged(tmp_path, a_csv(rng, 60, end=end, quoted=quoted))
            for piece in pieces(0, sheet, piece_bytes=rng.choice([200, 10_000])):
                found = quick(piece, sheet)
                assert found is not None, number
                assert rows_of(found) == rows_of(careful(connection, piece, sheet))


def test_what_the_quick_reader_does_not_know_it_leaves(tmp_path: Path) -> None:
    for text in ("a,b\n1,2\n1\n", "a,b\n1,2,3\n", "a,b\n1,2\r3,4\n", "a\n1\n\n2\n"):
        sheet = staged(tmp_path, text)
        (piece,) = pieces(0, sheet)
        assert quick(piece, sheet) is None, text
        with connected() as connection:
            assert len(read(connection, piece, sheet).rows) == 2 - (text == "a,b\n1,2,3\n")


def test_blocks_end_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = staged(tmp_path, "a,b\r\n" + "1,太原\r\n" * 40)
    (piece,) = pieces(0, usual)
    whole = rows_of(read(duckdb.connect(), piece, usual))
    assert len(whole) == 40
    for block in range(30, 50):
        monkeypatch.setattr(reading, "_BLOCK", block)
        found = quick(piece, usual)
        assert found is not None
        assert rows_of(found) == whole
    usual.path.write_bytes(usual.path.read_bytes()[:-20])
    with pytest.raises(OSError, match="shorter"):
        quick(piece, usual)
    mixed = staged(tmp_path, "a,b\n" + "1,太原\n" * 40 + "2,3\r4,5\n")
    (piece,) = pieces(0, mixed)
    for block in range(30, 50):
        monkeypatch.setattr(reading, "_BLOCK", block)
        assert quick(piece, mixed) is None


def test_a_column_that_hardly_repeats_is_seen_at_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f'{number},{number % 3},"a\nb {number % 2}"\n' for number in range(300)]
    sheet = staged(tmp_path, "a,b,c\n" + "".join(lines))
    (piece,) = pieces(0, sheet)
    with connected() as connection:
        expected = rows_of(careful(connection, piece, sheet))
    # wherever the beginning ends, within quotes too
    for head in (*range(300, 330), 10_000):
        monkeypatch.setattr(reading, "_HEAD", head)
        found = quick(piece, sheet)
        assert found is not None
        assert rows_of(found) == expected
        assert [len(column.values) for column in found.columns] == [300, 3, 2]
        with sheet.path.open("rb", buffering=0) as file:
            plain = reading._hardly_repeating(file, piece, sheet, ["x0", "x1", "x2"])
        assert plain == ({"x0"} if head < 10_000 else set())


def test_bytes_that_are_no_text_are_left_to_the_other_reader(tmp_path: Path) -> None:
    for cells in ("1,太原", "太原,1"):
        sheet = staged(tmp_path, "a,b\n" + f"{cells}\n" * 40)
        (piece,) = pieces(0, sheet)
        assert quick(piece, sheet) is not None
        sheet.path.write_bytes(sheet.path.read_bytes().replace("原".encode(), b"\xff\xfe\xfd"))
        assert quick(piece, sheet) is None


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_cuts_do_not_matter(tmp_path: Path, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # a line feed within a cell would make old line ends a mixture, which is not cut
    sheet = staged(tmp_path, a_csv(random.Random(5), 300, end=end, quoted=end != "\r"))
    with connected() as connection:
        (one,) = pieces(0, sheet)
        whole = [row[1:] for row in rows_of(read(connection, one, sheet))]
        assert len(whole) == 300
        for most_bytes, most_cells in ((100, 10**9), (10**9, 90), (1_000, 300)):
            monkeypatch.setattr(cutting, "PIECE_CELLS", most_cells)
            monkeypatch.setattr(cutting, "_BLOCK", 64)
            parts = pieces(0, sheet, piece_bytes=most_bytes)
            assert len(parts) >= 4
            assert [row[1:] for part in parts for row in rows_of(read(connection, part, sheet))] == whole
