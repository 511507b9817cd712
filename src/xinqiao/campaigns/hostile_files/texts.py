"""Texts: encodings that lie (abuse case C5), CSV and JSONL that want memory, and their harmless twins."""

import json
from collections.abc import Callable

from xinqiao.campaigns.hostile_files.sample import Sample, bad, damaged, good

TEXT = "统一社会信用代码,名称,备注\n" + "".join(
    f"91140100MA{n:08d},山西某某贸易有限公司{n},经营正常\n" for n in range(40)
)
_TAIWAN = "公司名稱,地址\n" + "臺北市電腦資訊股份有限公司,新竹縣竹北市縣政九路\n" * 20


def _said(text: str, encoding: str = "utf-8") -> Callable[[], bytes]:
    return lambda: text.encode(encoding)


def _without(place: int) -> Callable[[], bytes]:
    """UTF-8 with one byte lost within a sign."""

    def make() -> bytes:
        raw = TEXT.encode()
        at = [i for i, byte in enumerate(raw) if 0xE4 <= byte <= 0xE9][place]
        return raw[: at + 1] + raw[at + 2 :]

    return make


def encodings() -> list[Sample]:
    """What declares nothing, or lies."""
    lost = "ENCODING_AMBIGUOUS"
    half = len(TEXT) // 2
    utf8, gbk = TEXT[:half].encode(), TEXT[half:].encode("gbk")
    return [
        bad("text Big5", lost, _said(_TAIWAN, "big5")),
        bad("text UTF-16 without a mark", lost, _said(TEXT, "utf-16-le")),
        bad("text UTF-16 big end without a mark", lost, _said("a,b\n1,2\n", "utf-16-be")),
        bad("text UTF-32", lost, _said(TEXT, "utf-32")),
        bad("text UTF-16 cut", lost, lambda: TEXT.encode("utf-16")[:-1]),
        bad("text GBK cut within a sign", lost, lambda: TEXT.encode("gbk")[:-2]),
        bad("text UTF-8, then GBK", lost, lambda: utf8 + gbk),
        bad("text GBK, then UTF-8", lost, lambda: TEXT[:half].encode("gbk") + TEXT[half:].encode()),
        bad("text GBK, one line UTF-8", lost, lambda: TEXT.encode("gbk") + "1,晋中某某有限公司,x\n".encode()),
        bad("text two signs that read both ways", lost, lambda: b"a,b\n1,\xc4\xa3\xca\xbd\n"),
        bad("text U+FFFD", lost, _said(TEXT.replace("甲", "") + "1,\ufffd,2\n")),
        bad("text marked, but GBK", lost, lambda: b"\xef\xbb\xbf" + TEXT.encode("gbk")),
        bad("text byte 80", lost, lambda: TEXT.encode("gbk") + b"1,\x80,2\n"),
        bad("text byte FF", lost, lambda: TEXT.encode("gbk") + b"1,\xff,2\n"),
        bad("text UTF-8 cut within a sign", lost, lambda: TEXT.encode()[:-2]),
        bad("text UTF-8 with a surrogate", lost, lambda: TEXT.encode() + b"1,\xed\xa0\x80,2\n"),
        *(bad(f"text UTF-8, a byte lost at {n}", lost, _without(n)) for n in (0, 5, 17, 99, 300)),
        good("text UTF-8", 40, _said(TEXT)),
        good("text UTF-8 marked", 40, _said(TEXT, "utf-8-sig")),
        good("text GBK", 40, _said(TEXT, "gbk")),
        good("text GB18030 of four bytes", 41, _said(TEXT + "1,㐂𠀀镕堃,x\n", "gb18030")),
        good("text UTF-16 marked", 40, _said(TEXT, "utf-16")),
        good("text the famous two signs", 1, _said("a,b\n联通,1\n", "gbk")),
        good("text rare and full-width", 1, _said("a,b\n𠮷野家（上海）＝,é\n")),
        good("text UTF-7", 1, lambda: b"a,b\n+ADw-script+AD4-,1\n"),
        *damaged("text", _said(TEXT), cuts=6, flips=10),
        *damaged("text GBK", _said(TEXT, "gbk"), cuts=4, flips=8),
    ]


_KINDS = (
    b"%PDF-1.7\n", b"\x1f\x8b\x08\0\0", b"7z\xbc\xaf\x27\x1c\0\4", b"Rar!\x1a\7\1\0", b"SQLite format 3\0", b"\x7fELF\2\1",
    b"MZ\x90\0\3", b"\x89PNG\r\n", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", b"<?xml version='1.0'?><a/>",
    b"  <!DOCTYPE html><html>", b"<html>=1+1</html>", b"{\\rtf1", b"\x28\xb5\x2f\xfd", b"ARROW1\0\0", b"BZh91AY",
    b'[{"a": 1}]', b"\xfd7zXZ\0\0",
)  # fmt: skip


def tables() -> list[Sample]:
    """CSV."""
    broken, limits = "FILE_UNREADABLE", "FILE_LIMITS"
    cells = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "%0A=1", '=HYPERLINK(""x"")')
    return [
        bad("csv NUL", broken, lambda: TEXT.encode() + b"1,\0,2\n"),
        bad("csv NUL in GBK", broken, lambda: TEXT.encode("gbk") + b"1,\0,2\n"),
        bad("csv a million columns", limits, lambda: b",".join(b"c%d" % n for n in range(1_000_000)) + b"\n1\n"),
        bad("csv 2,001 columns", limits, lambda: b",".join(b"c%d" % n for n in range(2_001)) + b"\n1\n"),
        bad("csv two million cells in a row", limits, lambda: b"a,b\n" + b"," * 2_000_000 + b"\n"),
        bad("csv a cell of 100 MB", limits, lambda: b"a,b\n1," + b"x" * 100_000_000 + b"\n"),
        bad("csv a cell of 100 MB in quotes", limits, lambda: b'a,b\n1,"' + b"x\n" * 50_000_000 + b'"\n'),
        bad("csv one line of 3 MB", limits, lambda: b"x" * 3_000_000),
        bad("csv quote never closed", broken, lambda: b'a,b\n1,"2\n3,4\n5,6\n'),
        bad("csv quote never closed in the last cell", broken, lambda: b'a,b\n1,2\n3,"4'),
        bad("csv quote closed within a cell", broken, lambda: b'a,b\n"x"y,2\n3,4\n'),
        bad("csv quotes escaped otherwise", broken, lambda: b'a,b\n"x\\"y",2\n3,4\n'),
        bad("csv quote never closed, large", broken, lambda: b'a,b\n1,"2\n' + b"3,4\n" * 200_000),
        bad("csv nothing", "FILE_EMPTY", lambda: b""),
        bad("csv only a mark", "FILE_EMPTY", lambda: b"\xef\xbb\xbf"),
        bad("csv blank lines", "FILE_EMPTY", lambda: b"\n\r\n  \n"),
        bad("csv header only", "FILE_EMPTY", lambda: b"a,b\n"),
        bad("csv column twice", "HEADER_MISMATCH", lambda: b"a,A\n1,2\n"),
        *(bad(f"kind {mark[:5]!r}", "FILE_KIND_UNSUPPORTED", lambda m=mark: m) for mark in _KINDS),  # type: ignore[misc]
        good("csv formulas", len(cells), lambda: ("a,b\n" + "".join(f'"{c}",1\n' for c in cells)).encode()),
        good("csv ragged", 3, lambda: b"a,b\n1\n1,2,3\n1,2,3,4,5\n"),
        good("csv quoted line ends", 3, lambda: b'a,b\r\n"x\r\ny",2\r\n"""",""\r\n3,"4"'),
        good("csv quotes within cells", 2, lambda: b'a,b\n5" pipe,1\n7" pipe,2\n'),
        good("csv of an old machine", 2, lambda: b"a,b\r1,2\r3,4\r"),
        good("csv mixed line ends", 3, lambda: b"a,b\n1,2\r\n3,4\n5,6"),
        good("csv tabs", 2, lambda: b"a\tb\n1,5\t2\n3,5\t4\n"),
        good("csv one column", 2, lambda: b"a\n1\n2\n"),
        good("csv 1,999 columns", 1, lambda: b",".join(b"c%d" % n for n in range(1_999)) + b"\n" + b"1" + b"," * 1_998 + b"\n"),
        good("csv 300,000 rows", 300_000, lambda: b"a,b\n" + b"1,2\n" * 300_000),
        *damaged("csv quoted", lambda: b'a,b\n' + b'"x\ny","z""w"\n' * 60, cuts=6, flips=10),
    ]  # fmt: skip


def objects() -> list[Sample]:
    """JSONL."""
    broken, value = "FILE_UNREADABLE", "FILE_VALUE"

    def line(text: str) -> Callable[[], bytes]:
        return lambda: f'{{"a": 1}}\n{text}\n'.encode()

    lines = "".join(
        json.dumps({"名称": f"甲{n}", "金额": n / 4, "有效": True}, ensure_ascii=False) + "\n"
        for n in range(60)
    )
    return [
        bad("jsonl lists 100,000 deep", broken, line('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}")),
        bad("jsonl objects 100,000 deep", broken, line('{"a":' * 100_000 + "1" + "}" * 100_000)),
        bad("jsonl lists never closed", broken, line('{"a": ' + "[" * 500_000)),
        bad("jsonl object within", value, line('{"a": {"b": 1}}')),
        bad("jsonl list within a list", value, line('{"a": [[1]]}')),
        bad("jsonl a semicolon in a list", value, line('{"a": ["x;y"]}')),
        bad("jsonl NUL", value, line('{"a": "\\u0000"}')),
        bad("jsonl U+FFFD", value, line('{"a": "\\ufffd"}')),
        bad("jsonl a member twice", "AMBIGUOUS_INPUT", line('{"a": 1, "a": 2}')),
        bad("jsonl a member twice by escape", "AMBIGUOUS_INPUT", line('{"a": 1, "\\u0061": 2}')),
        bad("jsonl NaN", broken, line('{"a": NaN}')),
        bad("jsonl half a surrogate", broken, line('{"a": "\\ud800"}')),
        bad("jsonl a list", broken, line("[1]")),
        bad("jsonl a number", broken, line("1")),
        bad("jsonl cut", broken, line('{"a": 1')),
        bad("jsonl more behind", broken, line('{"a": 1} {"a": 2}')),
        bad("jsonl single quotes", broken, line("{'a': 1}")),
        bad("jsonl 3,000 members", "FILE_LIMITS", line(json.dumps({f"m{n}": 1 for n in range(3_000)}))),
        bad("jsonl a line of 3 MB", "FILE_LIMITS", line('{"a": "' + "x" * 3_000_000 + '"}')),
        bad("jsonl a number of 2,000,000 digits", "FILE_LIMITS", line('{"a": ' + "9" * 2_000_000 + "}")),
        bad("jsonl empty objects", "FILE_EMPTY", lambda: b"{}\n{}\n"),
        bad("jsonl two members SQL folds", "HEADER_MISMATCH", line('{"b": 1, "B": 2}')),
        bad("jsonl mixed text", "ENCODING_AMBIGUOUS", lambda: lines.encode() + '{"a": "丙"}\n'.encode("gbk")),
        good("jsonl", 60, _said(lines)),
        good("jsonl GBK", 60, _said(lines, "gbk")),
        good("jsonl a number of 300 digits", 2, line('{"a": 1' + "0" * 299 + "}")),
        good("jsonl a code kept as a number", 2, line('{"a": 123456789012345678901234}')),
        good("jsonl lists and null", 2, line('{"a": ["x", 1, true], "b": null}')),
        *damaged("jsonl", _said(lines), cuts=6, flips=10),
    ]
