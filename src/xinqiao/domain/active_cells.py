"""Cells a spreadsheet program would run: made inert in exports, given back as they were on import.

Abuse case C1: a text such as ``=HYPERLINK(…)`` in a collected value is stored as it is, and must never begin a cell
of a file we hand out. The apostrophe is what spreadsheet programs themselves put before text.
"""

import re
from typing import Final

MARK: Final = "'"
#: All that Python calls white space, spelled out: the SQL twin knows only that of ASCII by name.
_BLANK: Final = "\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000" + r"\x00"
#: Formula signs, also full-width, also after blanks, line ends (as they are or percent-encoded) and earlier marks.
_ACTIVE_PATTERN: Final = rf"^'*(?:[{_BLANK}]|%0[9aAdD])*[=+\-@＝＋－＠]|^'*(?:[\t\r\n\x00]|%0[9aAdD])"
_ACTIVE: Final = re.compile(_ACTIVE_PATTERN)


def is_active(cell: str) -> bool:
    """Whether a spreadsheet program might take the text for a formula, at once or after the marks before it."""
    return _ACTIVE.search(cell) is not None


def neutral(cell: str) -> str:
    """The cell as an export writes it: it never begins with an active character; ``restored`` gives it back."""
    return MARK + cell if is_active(cell) else cell


def restored(cell: str) -> str:
    """What ``neutral`` was given. Only for files of our own making: a supplier's own apostrophe is his."""
    return cell[1:] if cell.startswith(MARK) and is_active(cell[1:]) else cell


def restored_sql(column: str) -> str:
    """``restored`` as an SQL expression over a column (already quoted), in the dialect of RE2."""
    pattern = _ACTIVE_PATTERN.replace("'", "''")
    return (
        f"CASE WHEN {column}[1:1] = '''' AND regexp_matches({column}[2:], '{pattern}') "
        f"THEN {column}[2:] ELSE {column} END"
    )
