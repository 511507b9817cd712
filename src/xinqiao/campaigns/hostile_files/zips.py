"""Archives and workbooks: bombs, lies, names that lead outside, and their harmless twins (abuse case C2)."""

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from xinqiao.campaigns.hostile_files.sample import Sample, bad, damaged, good

CSV = "统一社会信用代码,名称\n91140100MA00000000,甲\n91140100MA00000001,乙\n".encode()
_UTF8 = 0x800


@dataclass(frozen=True, slots=True)
class Member:
    """A member with every number open to lying. ``None``: the truth."""

    name: bytes
    data: bytes = CSV
    packed: bytes | None = None
    method: int = 8
    flags: int = _UTF8
    crc: int | None = None
    size: int | None = None
    mode: int = 0o100644
    at: int | None = None
    local_name: bytes | None = None


def deflated(data: bytes) -> bytes:
    """Raw deflate."""
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    return pack.compress(data) + pack.flush()


def zipped(members: Sequence[Member], *, entries: int | None = None) -> bytes:
    """A ZIP file, made by hand."""
    body, directory = bytearray(), bytearray()
    for member in members:
        packed = member.packed if member.packed is not None else _packed(member)
        crc = zlib.crc32(member.data) if member.crc is None else member.crc
        size = len(member.data) if member.size is None else member.size
        numbers = (20, member.flags, member.method, 0, 0x21, crc, len(packed), size)
        at = len(body) if member.at is None else member.at
        local = member.name if member.local_name is None else member.local_name
        if member.at is None:
            body += struct.pack("<4s5H3I2H", b"PK\3\4", *numbers, len(local), 0) + local + packed
        tail = (len(member.name), 0, 0, 0, 0, member.mode << 16, at)
        directory += struct.pack("<4sH5H3I5H2I", b"PK\1\2", 0x314, *numbers, *tail) + member.name
    count = len(members) if entries is None else entries
    end = struct.pack(
        "<4s4H2IH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, len(directory), len(body), 0
    )
    return bytes(body + directory) + end


def _packed(member: Member) -> bytes:
    return deflated(member.data) if member.method == 8 else member.data


@cache
def _zeros(size: int) -> bytes:
    return deflated(bytes(size))


def _bomb(count: int, size: int, name: bytes = b"%d.csv") -> bytes:
    packed, crc = _zeros(size), zlib.crc32(bytes(size))
    members = [
        Member(name % n if b"%" in name else name, b"", packed, crc=crc, size=size) for n in range(count)
    ]
    return zipped(members)


def _overlapping() -> bytes:
    """Many entries of the directory over one kernel of data."""
    first = Member(b"0.csv", bytes(900_000))
    others = [replace(first, name=b"%d.csv" % n, at=0, packed=_packed(first)) for n in range(1, 400)]
    return zipped([first, *others])


def _quoted() -> bytes:
    """Local headers within the data of the member before: the better bomb."""
    inner = zipped([Member(b"b.csv", bytes(500_000))])
    outer = Member(b"a.csv", inner, method=0)
    within = 30 + len(b"a.csv")
    return zipped(
        [outer, replace(Member(b"b.csv", bytes(500_000)), at=within, packed=deflated(bytes(500_000)))]
    )


def _nested(depth: int) -> bytes:
    made = zipped([Member(b"a.csv")])
    for _ in range(depth):
        made = zipped([Member(b"a.zip", made)])
    return made


_SLIPS = (
    b"../a.csv", b"/etc/a.csv", b"..\\a.csv", b"C:\\a.csv", b"a/../../b.csv", b"\\\\host\\a.csv", b"a\nb.csv",
    b"x/..", b"a\x00b.csv",
)  # fmt: skip


def archives() -> list[Sample]:
    """ZIP files."""
    limits, unsafe, broken = "ARCHIVE_LIMITS", "ARCHIVE_UNSAFE", "FILE_UNREADABLE"

    def one(**how: object) -> Callable[[], bytes]:
        return lambda: zipped([Member(b"a.csv", **how)])  # type: ignore[arg-type]

    big = bytes(30 << 20)
    return [
        bad("zip one member of zeros", limits, lambda: _bomb(1, 50 << 20)),
        bad("zip a gigabyte in members of a mebibyte", limits, lambda: _bomb(999, 1 << 20)),
        bad("zip overlapping members", limits, _overlapping),
        bad("zip a member within another", limits, _quoted),
        bad("zip 100,000 entries", limits, lambda: zipped([Member(b"%d.csv" % n, b"") for n in range(100_000)])),
        bad("zip 1,001 entries", limits, lambda: zipped([Member(b"%d.csv" % n, b"a\n") for n in range(1_001)])),
        bad("zip entries denied", limits, lambda: zipped([Member(b"%040000d" % n, b"") for n in range(30)], entries=1)),
        *(bad(f"zip nested {depth}", limits, lambda d=depth: _nested(d)) for depth in (1, 2, 5, 40)),  # type: ignore[misc]
        bad("zip size denied", limits, one(data=big, size=10)),
        bad("zip stored size denied", limits, one(method=0, size=10)),
        bad("zip size exaggerated", broken, one(size=5_000)),
        bad("zip wrong check sum", broken, one(crc=1)),
        bad("zip other local name", broken, one(local_name=b"b.csv")),
        bad("zip offset outside", broken, lambda: zipped([Member(b"a.csv"), Member(b"b.csv", at=1 << 30)])),
        bad("zip damaged data", broken, one(packed=b"\xff" * 40)),
        bad("zip data after data", broken, one(packed=deflated(CSV) + b"tail")),
        bad("zip encrypted", broken, one(flags=_UTF8 | 1)),
        *(bad(f"zip method {m}", broken, one(method=m)) for m in (9, 12, 14, 93, 99)),
        *(bad(f"zip slip {n!r}", unsafe, lambda n=n: zipped([Member(n)])) for n in _SLIPS),  # type: ignore[misc]
        *(bad(f"zip mode {m:o}", unsafe, one(mode=m)) for m in (0o120777, 0o010644, 0o020644, 0o060644, 0o140644)),
        bad("zip two of one name", unsafe, lambda: zipped([Member(b"a.csv"), Member(b"a.csv")])),
        bad("zip of nothing", broken, lambda: zipped([])),
        bad("zip of folders", broken, lambda: zipped([Member(b"a/", b"", mode=0o40755)])),
        bad("zip without its end", broken, lambda: zipped([Member(b"a.csv")])[:-22]),
        bad("zip of a PDF", "FILE_KIND_UNSUPPORTED", lambda: zipped([Member(b"a.csv", b"%PDF-1.7 hidden")])),
        bad("zip of a program", "FILE_KIND_UNSUPPORTED", lambda: zipped([Member(b"a.csv", b"MZ\x90\0")])),
        bad("zip of mixed text", "ENCODING_AMBIGUOUS", lambda: zipped([Member(b"a.csv", CSV + "丙,丁\n".encode("gbk"))])),
        good("zip of a CSV", 2, lambda: zipped([Member(b"a.csv")])),
        good("zip stored", 2, one(method=0)),
        good("zip of two", 4, lambda: zipped([Member(b"a.csv"), Member("二.csv".encode())])),
        good("zip names in GBK", 2, lambda: zipped([Member("企业.csv".encode("gbk"), flags=0)])),
        good("zip with litter", 2, lambda: zipped([Member(b"__MACOSX/._a.csv", b"\0\5"), Member(b"d/", b""), Member(b"a.csv")])),
        good("zip well packed", 40_000, lambda: zipped([Member(b"a.csv", b"a,b\n" + b"1,2\n" * 40_000)])),
        good("zip of 90", 90, lambda: zipped([Member(b"%d.csv" % n, b"a,b\n1,2\n") for n in range(90)])),
        *damaged("zip", lambda: zipped([Member(b"a.csv", CSV * 20), Member(b"b.csv")]), cuts=6, flips=10),
    ]  # fmt: skip


_TYPES = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
_BOOK = (
    b'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    b'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    b'<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_RELS = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
    b'Target="worksheets/sheet1.xml"/></Relationships>'
)


_ROOT = _RELS.replace(b"worksheets/sheet1.xml", b"xl/workbook.xml").replace(
    b"relationships/worksheet", b"relationships/officeDocument"
)


def row(number: int, *cells: str) -> str:
    """A row of inline text."""
    inner = "".join(
        f'<c r="{chr(65 + n)}{number}" t="inlineStr"><is><t>{c}</t></is></c>' for n, c in enumerate(cells)
    )
    return f'<row r="{number}">{inner}</row>'


def sheet(inside: str | bytes, before: bytes = b"") -> bytes:
    """A worksheet around rows."""
    body = inside.encode() if isinstance(inside, str) else inside
    head = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return before + head + body + b"</sheetData></worksheet>"


def workbook(
    inside: str | bytes = "", *, raw: bytes | None = None, more: Sequence[Member] = (), types: bytes = _TYPES
) -> bytes:
    """An XLSX around one worksheet."""
    parts = {
        b"[Content_Types].xml": types,
        b"_rels/.rels": _ROOT,
        b"xl/workbook.xml": _BOOK,
        b"xl/_rels/workbook.xml.rels": _RELS,
        b"xl/worksheets/sheet1.xml": sheet(inside) if raw is None else raw,
    }
    return zipped([*(Member(name, data) for name, data in parts.items()), *more])


GOOD_ROWS = row(1, "名称", "金额") + row(2, "甲", "1") + row(4, "乙", "2")
_LAUGHS = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY a%d "%s">' % (n, (b"&a%d;" % (n - 1) if n else b"&a;") * 10) for n in range(10)
) + b"]>"  # fmt: skip
_FAR = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'


def _shared() -> bytes:
    """One long shared text, shown by many cells."""
    text = b"<sst><si><t>" + b"".join(b"%08d" % n for n in range(120_000)) + b"</t></si></sst>"
    rel = _RELS.replace(
        b"</Relationships>",
        b'<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        b'sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    )
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 3_000))
    parts = [
        (b"[Content_Types].xml", _TYPES),
        (b"xl/workbook.xml", _BOOK),
        (b"xl/_rels/workbook.xml.rels", rel),
    ]
    parts += [
        (b"_rels/.rels", _ROOT),
        (b"xl/worksheets/sheet1.xml", sheet(cells)),
        (b"xl/sharedStrings.xml", text),
    ]
    return zipped([Member(name, data) for name, data in parts])


def workbooks() -> list[Sample]:
    """XLSX files and their relatives."""
    kind, broken = "FILE_KIND_UNSUPPORTED", "FILE_UNREADABLE"
    cells = b"<row>" + b"<c><v>1</v></c>" * 4_000_000 + b"</row>"
    macro = b'<Types><Override ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>'
    ods = Member(b"mimetype", b"application/vnd.oasis.opendocument.spreadsheet", method=0)
    head = row(1, "a", "b")
    return [
        bad("xlsx sheet of blanks", "ARCHIVE_LIMITS", lambda: workbook(b" " * (100 << 20))),
        bad("xlsx sheet of cells", "ARCHIVE_LIMITS", lambda: workbook(cells)),
        bad("xlsx in a zip, a bomb", "ARCHIVE_LIMITS", lambda: zipped([Member(b"a.xlsx", workbook(cells), method=0)])),
        bad("xlsx one text shown 3,000 times", broken, _shared),
        bad("xlsx a cell far out", "FILE_LIMITS", lambda: workbook(GOOD_ROWS + _FAR)),
        bad("xlsx 2,500 columns", "FILE_LIMITS", lambda: workbook(
            "<row>" + "".join(f'<c t="inlineStr"><is><t>c{n}</t></is></c>' for n in range(2_500)) + "</row>")),
        bad("xlsx entities", broken, lambda: workbook(raw=sheet(row(1, "&a9;"), _LAUGHS))),
        bad("xlsx external entity", broken, lambda: workbook(
            raw=sheet(row(1, "&x;"), b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'))),
        bad("xlsx macros", kind, lambda: workbook(GOOD_ROWS, more=[Member(b"xl/vbaProject.bin", b"x")])),
        bad("xlsx macro type", kind, lambda: workbook(GOOD_ROWS, types=macro)),
        bad("xlsx old macros", kind, lambda: workbook(GOOD_ROWS, more=[Member(b"xl/macrosheets/sheet1.xml", b"<x/>")])),
        bad("ods", kind, lambda: zipped([ods, Member(b"content.xml", b"<a/>")])),
        bad("ods bomb", "ARCHIVE_LIMITS", lambda: zipped([ods, Member(b"content.xml", b" " * (60 << 20))])),
        bad("docx", kind, lambda: zipped([Member(b"[Content_Types].xml", _TYPES), Member(b"word/document.xml", b"<a/>")])),
        bad("xlsb", kind, lambda: zipped([Member(b"[Content_Types].xml", _TYPES), Member(b"xl/workbook.bin", b"x")])),
        bad("xlsx sheet missing", broken, lambda: zipped([Member(b"[Content_Types].xml", _TYPES), Member(
            b"xl/workbook.xml", _BOOK), Member(b"xl/_rels/workbook.xml.rels", _RELS)])),
        bad("xlsx text index outside", broken, lambda: workbook('<row r="1"><c r="A1" t="s"><v>99</v></c></row>')),
        bad("xlsx cut XML", broken, lambda: workbook(raw=sheet(GOOD_ROWS)[:-60])),
        good("xlsx a number that is none", 1, lambda: workbook(head + '<row r="2"><c r="A2"><v>1.2.3</v></c></row>')),
        bad("xlsx no rows", "FILE_EMPTY", lambda: workbook("")),
        bad("xlsx header only", "FILE_EMPTY", lambda: workbook(head)),
        bad("xlsx column twice", "HEADER_MISMATCH", lambda: workbook(row(1, "a", "A") + row(2, "1", "2"))),
        bad("xlsx U+FFFD", "ENCODING_AMBIGUOUS", lambda: workbook(head + row(2, "甲\ufffd", "1"))),
        good("xlsx", 2, lambda: workbook(GOOD_ROWS)),
        good("xlsx formula as text", 1, lambda: workbook(head + row(2, "=1+1", "@x"))),
        good("xlsx 5,000 rows", 5_000, lambda: workbook(head + "".join(row(n, f"甲{n}", "1") for n in range(2, 5_002)))),
        good("xlsx in a zip", 2, lambda: zipped([Member(b"a.xlsx", workbook(GOOD_ROWS))])),
        *damaged("xlsx", lambda: workbook(GOOD_ROWS), cuts=6, flips=10),
    ]  # fmt: skip
