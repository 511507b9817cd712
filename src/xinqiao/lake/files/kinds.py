"""What kind of file this is, by its content and never by its name, and the reader of that kind."""

import contextlib
from collections.abc import Collection
from pathlib import Path
from typing import Final

from xinqiao.domain.errors import Code, TooLarge, Unsupported, XinqiaoError
from xinqiao.lake.files.archive import Archive
from xinqiao.lake.files.delimited import csv_sheet
from xinqiao.lake.files.model import Limits, Sheet, over, unreadable
from xinqiao.lake.files.text import line_told

_CONTENT_TYPES: Final = "[Content_Types].xml"
#: Known by their first bytes, and not taken.
_REFUSED: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls, or an encrypted workbook"),
    (b"ARROW1", "Arrow"),
    (b"%PDF", "PDF"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!", "RAR"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"SQLite format 3\x00", "SQLite"),
    (b"\x7fELF", "program"),
    (b"MZ\x90", "program"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"{\\rtf", "RTF"),
    (b"ORC", "ORC"),
    (b"Obj\x01", "Avro"),
)
_MARKUP: Final = (b"<?xml", b"<!doctype", b"<html", b"<!entity")


def _unsupported(kind: str) -> Unsupported:
    return Unsupported(
        Code.FILE_KIND_UNSUPPORTED, f"a kind of file that is not taken: {kind}", facts={"kind": kind}
    )


def sheets(
    path: Path,
    into: Path,
    name: str,
    limits: Limits,
    expected: Collection[str],
    *,
    inside: Archive | None = None,
) -> tuple[Sheet, ...]:
    """The tables of a file. ``inside``: the archive it came from, whose budget a workbook in it shares.

    Raises:
        XinqiaoError: see ``stage``.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    for mark, kind in _REFUSED:
        if head.startswith(mark):
            raise _unsupported(kind)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(path, into, name, limits, expected, inside)
    if head.startswith(b"PAR1"):
        from xinqiao.lake.files.columnar import parquet_sheet

        return (parquet_sheet(path, into, name, limits),)
    if head.startswith(b"PARE"):
        raise unreadable("an encrypted file")
    begin = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin[:9].lower().startswith(_MARKUP):
        raise _unsupported("XML or HTML")
    if begin.startswith(b"{") or _utf16_brace(head):
        from xinqiao.lake.files.jsonlines import jsonl_sheet

        with line_told(path):
            return (jsonl_sheet(path, into, name, limits),)
    if begin.startswith((b"[{", b"[[", b"[\n", b"[\r", b"[ ", b"[]", b'["')):
        raise _unsupported("JSON array; one object a line is taken")
    with line_told(path):
        return (csv_sheet(path, into, name, limits, expected),)


def _utf16_brace(head: bytes) -> bool:
    return head[:4] in (b"\xff\xfe{\0", b"\xfe\xff\0{")


def _zip(
    path: Path, into: Path, name: str, limits: Limits, expected: Collection[str], inside: Archive | None
) -> tuple[Sheet, ...]:
    archive = Archive(path, limits, budget=inside.budget if inside else None)
    if inside:
        inside.budget -= sum(info.file_size for info in archive.members.values())
    if _CONTENT_TYPES in archive.members or "mimetype" in archive.members:
        return _office(path, archive, into, name, limits, expected)
    if inside:
        raise TooLarge(Code.ARCHIVE_LIMITS, "an archive within an archive")
    if not archive.members:
        raise unreadable("an archive with nothing in it")
    found: list[Sheet] = []
    archive.budget -= sum(info.file_size for info in archive.members.values())
    for place, member in enumerate(archive.members):
        inflated = into.with_name(f"{into.name}-{place}.member")
        archive.extract(member, inflated)
        try:
            found += sheets(
                inflated, into.with_name(f"{into.name}-{place}"), member, limits, expected, inside=archive
            )
        except XinqiaoError as error:
            error.facts.setdefault("file", member[:200])
            raise
        if len(found) > limits.sheets:
            raise over("sheets", limits.sheets)
        if all(sheet.path != inflated for sheet in found):
            with contextlib.suppress(FileNotFoundError):
                inflated.unlink()
    return tuple(found)


def _office(
    path: Path, archive: Archive, into: Path, name: str, limits: Limits, expected: Collection[str]
) -> tuple[Sheet, ...]:
    if "xl/workbook.xml" not in archive.members:
        raise _unsupported("an office document that is no XLSX")
    from xinqiao.lake.files.workbook import check_package, workbook_sheets

    check_package(archive, limits)
    return workbook_sheets(path, into, name, limits, expected)
