"""A staged table as SQL for DuckDB: row numbers, a mark for ragged rows, every column as text.

Why these settings (DuckDB 2.0, each held by a test):

``strict_mode=false``   mixed line ends and rows with more cells than the header are read, not an end of the file;
    what that mode mends in quotes, staging has refused or written anew before.
``null_padding=true``   a row with too few cells is kept; its last column is NULL, and nothing else is, because
    ``nullstr`` is a text that no cell holds: an empty cell stays an empty text.
``_rest``               one column more than the header: not NULL in a row with too many cells.
``parallel=false``      only where quotes occur: the parallel reader refuses padding beside a quoted line end.
``header=false, skip``  the reader takes a header with a quoted line end for a row.
``row_number() OVER ()``  follows the file: the window streams, in the order in which the file is read. It makes its
    own pipeline one thread wide, so whoever computes much per row may land the relation in a temporary table first
    and compute from that with all threads: 2 million rows of 110 bytes to Parquet on two idle cores took 1.3 s raw,
    2.7 s through the numbered relation, 1.8 s landed first. A scan alone costs the same with numbers as without.
``type_pushdown``       must be off (``READER_SETTINGS``): a column used only inside ``TRY_CAST`` is otherwise cast by
    the reader, and one bad value ends the statement instead of being NULL.
"""

from collections.abc import Sequence
from typing import Final

from xinqiao.lake.files.model import LONG, SHORT, Sheet, column_names

#: To be executed on a connection before it reads a relation.
READER_SETTINGS: Final = ("SET disabled_optimizers = 'type_pushdown'", "SET preserve_insertion_order = true")
_NULL: Final = "\x01\x02absent\x02\x01"
_LINE_BYTES: Final = 2 << 20
_RESERVED: Final = frozenset({"_row", "_ragged", "_rest"})


def relation_sql(sheet: Sheet, names: Sequence[str] | None = None) -> str:
    """A SELECT of ``_row`` BIGINT, ``_ragged`` VARCHAR and the columns as VARCHAR under ``names``.

    ``_row`` counts data rows from 1, the header and blank lines not counted. ``_ragged`` is NULL for a sound row,
    else ``short`` or ``long``: such a row is a finding, its cells stand under the wrong columns perhaps, and what
    is beyond the header is only in the upload. An empty cell is an empty text; NULL is a cell that is not there.

    Raises:
        ValueError: not one name per column, or names that SQL cannot tell apart.
    """
    names = _own_names(sheet.header) if names is None else names
    seen = {name.casefold() for name in names} - _RESERVED
    if len(seen) != len(sheet.header):
        raise ValueError("one name for each column, no two alike")
    columns = column_names(len(sheet.header))
    shown = ", ".join(f"{old} AS {_identifier(new)}" for old, new in zip(columns, names, strict=True))
    if sheet.kind == "parquet":
        return f"SELECT _row, _ragged, {shown} FROM read_parquet({_text(str(sheet.path))})"  # noqa: S608
    ragged = f"CASE WHEN _rest IS NOT NULL THEN '{LONG}' WHEN {columns[-1]} IS NULL THEN '{SHORT}' END"
    return f"SELECT row_number() OVER () AS _row, {ragged} AS _ragged, {shown} FROM {_reader(sheet, columns)}"  # noqa: S608


def _own_names(header: Sequence[str]) -> list[str]:
    """The header's own words; a column that is blank, or called like one of ours, goes by its number."""
    return [
        f"_column{place}" if not name or name.casefold() in _RESERVED else name
        for place, name in enumerate(header, start=1)
    ]


def _reader(sheet: Sheet, columns: Sequence[str]) -> str:
    types = ", ".join(f"'{name}': 'VARCHAR'" for name in [*columns, "_rest"])
    options = {
        "columns": f"{{{types}}}",
        "auto_detect": "false",
        "header": "false",
        "skip": str(sheet.skip),
        "delim": _text(sheet.delimiter),
        "quote": _text(sheet.quote),
        "escape": _text(sheet.quote),
        "nullstr": _text(_NULL),
        "null_padding": "true",
        "strict_mode": "false",
        "parallel": str(not sheet.quoted).lower(),
        "max_line_size": str(_LINE_BYTES),
        "encoding": "'utf-8'",
        "compression": "'none'",
    }
    return f"read_csv({_text(str(sheet.path))}, {', '.join(f'{name} = {value}' for name, value in options.items())})"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
