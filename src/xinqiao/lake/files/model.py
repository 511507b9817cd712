"""What staging yields, and within which limits it works."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final, Literal, Self

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid, TooLarge

#: A row with fewer, or with more, cells than the header.
SHORT: Final = "short"
LONG: Final = "long"
_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a foreign file is taken. Sizes in bytes.

    ``memory`` bounds the resident set of the child. A small file has ``seconds`` of the processor; each
    ``plain_rate`` bytes of a text, or ``packed_rate`` bytes of a compressed file, buy one more, so that an honest
    file of gigabytes is taken and a small hostile one is not waited for.
    """

    memory: int = 512 * _MIB
    seconds: int = 8
    plain_rate: int = 16 * _MIB
    packed_rate: int = 2 * _MIB
    upload_bytes: int = 16 << 30
    columns: int = 2_000
    record_bytes: int = _MIB
    cells: int = 5_000_000
    values: int = 1_000_000_000
    archive_entries: int = 1_000
    archive_bytes: int = 200 * _MIB
    archive_ratio: int = 100
    sheets: int = 100

    def as_json(self) -> dict[str, Json]:
        """For the child."""
        return dict(asdict(self))

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        """What :meth:`as_json` made. Raises TypeError."""
        if not isinstance(raw, dict):
            raise TypeError("limits")
        return cls(**{f.name: int(str(raw[f.name])) for f in fields(cls)})


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table, ready for ``relation_sql``.

    ``path``: the upload itself when it is a CSV in UTF-8, else a file that staging made. ``name``: the file inside
    an archive and the sheet of a workbook, joined by ``/``; empty when there is only the upload. ``header``: as
    written, trimmed. ``encoding``: as recognised (``utf-8``, ``utf-8-sig``, ``gb18030``, ``utf-16``), empty for
    binary kinds. ``first_row``: number of the first data row as the sender's program shows it. ``skip``: lines of
    a CSV up to its header's end. ``quoted``: whether quotes occur, so that a cell may hold a line end.
    """

    path: Path
    kind: Literal["csv", "parquet"]
    name: str
    header: tuple[str, ...]
    delimiter: str = ""
    quote: str = ""
    encoding: str = ""
    first_row: int = 1
    skip: int = 0
    quoted: bool = False

    def as_json(self) -> dict[str, Json]:
        """For the parent."""
        return {**asdict(self), "path": str(self.path), "header": list(self.header)}

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        """What :meth:`as_json` made, each member checked: the child read a hostile file.

        Raises:
            ValueError, KeyError, TypeError: it is something else.
        """
        if not isinstance(raw, dict) or raw["kind"] not in ("csv", "parquet"):
            raise ValueError("sheet")
        header = raw["header"]
        if not isinstance(header, list) or not header:
            raise ValueError("header")
        return cls(
            path=Path(str(raw["path"])),
            kind="csv" if raw["kind"] == "csv" else "parquet",
            name=str(raw["name"]),
            header=tuple(str(cell) for cell in header),
            delimiter=str(raw["delimiter"])[:1],
            quote=str(raw["quote"])[:1],
            encoding=str(raw["encoding"]),
            first_row=int(str(raw["first_row"])),
            skip=int(str(raw["skip"])),
            quoted=raw["quoted"] is True,
        )


@dataclass(frozen=True, slots=True)
class Staged:
    """An upload that can be read: its SHA-256 (hex), its size in bytes, its tables; the encoding its sender declared."""

    digest: str
    size: int
    sheets: tuple[Sheet, ...]
    declared: str = ""


def column_names(width: int) -> list[str]:
    """Columns of a staged table go by position: headers may be blank, or differ only in what SQL folds."""
    return [f"c{index}" for index in range(width)]


def unreadable(why: str, **facts: int | str) -> Invalid:
    """The refusal of a damaged file."""
    return Invalid(Code.FILE_UNREADABLE, why, facts=facts)


def over(limit: str, value: int) -> TooLarge:
    """The refusal of a table over a limit: its name and its value."""
    return TooLarge(
        Code.FILE_LIMITS, f"over the limit of {limit}: {value}", facts={"limit": limit, "max": value}
    )


def checked_header(cells: list[str], limits: Limits) -> tuple[str, ...]:
    """A header row, trimmed, without blank cells at its end.

    Raises:
        Invalid: HEADER_MISMATCH: a column twice (upper and lower case are the same to a database).
        TooLarge: FILE_LIMITS.
    """
    header = tuple(cell.strip().removeprefix("\ufeff") for cell in cells)
    if len(header) > limits.columns:
        raise over("columns", limits.columns)
    folded = [name.casefold() for name in header]
    twice = sorted({name for name, key in zip(header, folded, strict=True) if name and folded.count(key) > 1})
    if twice:
        detail = f"columns that appear twice: {', '.join(twice)}"
        raise Invalid(Code.HEADER_MISMATCH, detail[:500], facts={"repeated": twice[:50]})
    return header
