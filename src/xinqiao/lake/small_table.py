"""A small table that somebody hands in and people look at row by row: staged like every foreign file, then held whole."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from xinqiao.domain.errors import Code, Fact, Invalid
from xinqiao.lake.files import READER_SETTINGS, Limits, Sheet, relation_sql, stage
from xinqiao.lake.files.headers import folded
from xinqiao.lake.files.model import over

_LIMITS = replace(Limits(), upload_bytes=4 << 20, cells=200_000, columns=100)


@dataclass(frozen=True, slots=True)
class SmallRow:
    """A row by the names that were asked for; ``line`` as the sender's program shows it, ``ragged``: not of the header's width."""

    line: int
    cells: Mapping[str, str]
    ragged: bool


def read_small(
    path: Path, into: Path, columns: Mapping[str, Sequence[str]], *, needed: Sequence[str], most: int
) -> list[SmallRow]:
    """The rows of a file with one table: of each name the column that is called by one of its words.

    Raises:
        XinqiaoError: as ``stage``; ``HEADER_MISMATCH`` with ``missing`` and ``repeated``: what no column, or several are called;
            ``FILE_LIMITS``: more than ``most`` rows; ``AMBIGUOUS_INPUT``: several tables.
    """
    expected = [word for words in columns.values() for word in words]
    staged = stage(path, into, limits=_LIMITS, expected=expected)
    try:
        if len(staged.sheets) != 1:
            raise Invalid(Code.AMBIGUOUS_INPUT, "several tables", facts={"field": "file"})
        (sheet,) = staged.sheets
        places = _places(sheet, columns, needed)
        rows = _rows(sheet, most)
    finally:
        for sheet in staged.sheets:
            if sheet.path != path.absolute():
                shutil.rmtree(sheet.path.parent, ignore_errors=True)
    if not rows:
        raise Invalid(Code.FILE_EMPTY, "no rows", facts={"field": "file"})
    return [
        SmallRow(
            sheet.first_row + number - 1, {name: cells[at] or "" for name, at in places.items()}, bool(ragged)
        )
        for number, ragged, *cells in rows
    ]


def _places(sheet: Sheet, columns: Mapping[str, Sequence[str]], needed: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    header = [folded(name) for name in sheet.header]
    missing, repeated = [], []
    for name, words in columns.items():
        known = {folded(word) for word in words}
        at = [place for place, said in enumerate(header) if said in known]
        if len(at) == 1:
            found[name] = at[0]
        elif at:
            repeated.append(words[0])
        elif name in needed:
            missing.append(words[0])
    if missing or repeated:
        facts: dict[str, Fact] = {"missing": missing, "repeated": repeated}
        raise Invalid(Code.HEADER_MISMATCH, f"missing: {missing}; repeated: {repeated}", facts=facts)
    return found


def _rows(sheet: Sheet, most: int) -> list[tuple[int, str | None, *tuple[str | None, ...]]]:
    names = [f"c{place}" for place in range(len(sheet.header))]
    with duckdb.connect() as connection:
        for setting in READER_SETTINGS:
            connection.execute(setting)
        rows = connection.execute(f"{relation_sql(sheet, names)} LIMIT {most + 1}").fetchall()
    if len(rows) > most:
        raise over("rows", most)
    return rows
