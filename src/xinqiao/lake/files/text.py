"""Which encoding a text file is in, for certain: a byte order mark, else strict UTF-8, else GB18030, else refused.

One streaming pass. Nothing is ever replaced by U+FFFD, and a file that already holds one has lost something before it
came here. What reads both ways, or neither, is refused with the offset of the byte that shows it.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.files.model import unreadable

#: Decoding stays in the processor's cache with pieces of this size: 1.4 GB/s, against 0.5 GB/s with a mebibyte.
CHUNK: Final = 64 << 10
_BOM: Final = codecs.BOM_UTF8
#: Four whole Chinese signs of UTF-8 in a row: in GB18030 text that is an accident of one in ten thousand million.
_UTF8_RUN: Final = re.compile(rb"(?:[\xe4-\xe9][\x80-\xbf]{2}){4}")
_SAMPLE: Final = 1 << 20

type Observer = Callable[[bytes], None]


def ambiguous(offset: int, why: str = "neither UTF-8 nor GB18030 for certain") -> Invalid:
    """The refusal, naming the byte."""
    return Invalid(Code.ENCODING_AMBIGUOUS, f"{why} at byte {offset}", facts={"byte_offset": offset})


@contextmanager
def line_told(path: Path) -> Iterator[None]:
    """Adds to a refusal that names a byte of this text the ``line`` it is in, which an editor can show."""
    try:
        yield
    except Invalid as error:
        offset = error.facts.get("byte_offset")
        if isinstance(offset, int):
            line = _line(path, offset)
            if line:
                error.facts["line"] = line
        raise


def _line(path: Path, offset: int) -> int:
    """The line of a byte, from 1; 0 where lines cannot be told by bytes."""
    ends, left, last = 1, offset, b""
    with path.open("rb") as file:
        head = file.read(4096)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or head.count(0) * 4 > len(head):
            return 0
        file.seek(0)
        while left and (piece := file.read(min(CHUNK, left))):
            left -= len(piece)
            # a return and the line feed after it are one end of a line
            ends += piece.count(b"\n") + piece.count(b"\r") - piece.count(b"\r\n")
            ends -= last == b"\r" and piece.startswith(b"\n")
            last = piece[-1:]
    return ends


def recognise(path: Path) -> str:
    """The encoding by the first bytes and, where they do not say, by reading: what :class:`Sheet` calls ``encoding``.

    ``utf-8`` here only means that no mark says otherwise: :func:`verify_utf8` finds out.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise ambiguous(0, "UTF-32")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.count(0) * 4 > len(head):
        raise ambiguous(head.index(0), "UTF-16 without a byte order mark, or no text,")
    return "utf-8-sig" if head.startswith(_BOM) else "utf-8"


def _pieces(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    at = file.tell()
    while piece := file.read(CHUNK):
        nul = piece.find(0)
        if nul >= 0:
            raise unreadable(f"a NUL at byte {at + nul}", byte_offset=at + nul)
        yield at, piece
        at += len(piece)


def verify_utf8(path: Path, *, marked: bool, observe: Observer | None = None) -> int | None:
    """None when the file is UTF-8; else the offset of the first byte that is not.

    Raises:
        Invalid: FILE_UNREADABLE: a NUL. ENCODING_AMBIGUOUS: a U+FFFD in the text, or two-byte signs only that read
            as Chinese in GB18030 (the famous two signs of a text editor).
    """
    decode = codecs.getincrementaldecoder("utf-8")().decode
    foreign = -1  # the first byte beyond ASCII, while no sign of three bytes was seen
    wide = marked
    with path.open("rb") as file:
        file.seek(len(_BOM) if marked else 0)
        for at, piece in _pieces(file):
            try:
                text = decode(piece)
            except UnicodeDecodeError as error:
                # what the decoder kept of the piece before is counted in error.object
                return at + len(piece) - len(error.object) + error.start
            if len(text) != len(piece):
                if "\ufffd" in text:
                    raise ambiguous(
                        at + max(piece.find("\ufffd".encode()), 0), "U+FFFD, so something was lost,"
                    )
                if not wide:
                    wide = bool(np.frombuffer(piece, np.uint8).max() >= 0xE0)
                    foreign = foreign if foreign >= 0 else at + _first_foreign(piece)
            if observe:
                observe(piece)
        try:
            decode(b"", True)
        except UnicodeDecodeError as error:
            return path.stat().st_size - len(error.object)
    if foreign >= 0 and not wide:
        _refuse_both_ways(path, foreign)
    return None


def _first_foreign(piece: bytes) -> int:
    return int(np.argmax(np.frombuffer(piece, np.uint8) >= 0x80))


def _refuse_both_ways(path: Path, foreign: int) -> None:
    """Valid UTF-8 with no sign above U+07FF: refused when the same bytes as GB18030 are nothing but Chinese."""
    decode = codecs.getincrementaldecoder("gb18030")().decode
    with path.open("rb") as file:
        try:
            for _, piece in _pieces(file):
                text = decode(piece)
                if any("\x80" <= sign < "\u4e00" or sign > "\u9fff" for sign in set(text)):
                    return
            decode(b"", True)
        except UnicodeDecodeError:
            return
    raise ambiguous(foreign)


def transcode(path: Path, into: Path, encoding: str, *, broken_at: int = 0) -> None:
    """Write the text as UTF-8 without a mark. ``broken_at``: where it stopped being UTF-8.

    Raises:
        Invalid: ENCODING_AMBIGUOUS with the offset.
    """
    if encoding == "gb18030":
        _refuse_damaged_utf8(path, broken_at)
        _refuse_big5(path)
    decode = codecs.getincrementaldecoder(encoding)().decode
    with path.open("rb") as file, into.open("wb") as out:
        at = 0
        while True:
            piece = file.read(CHUNK)
            try:
                text = decode(piece, not piece)
            except UnicodeDecodeError as error:
                raise ambiguous(at + len(piece) - len(error.object) + error.start) from error
            if "\0" in text:
                raise unreadable("a NUL in the text")
            if "\ufffd" in text:
                raise ambiguous(at, "U+FFFD, so something was lost,")
            out.write(text.encode())
            if not piece:
                return
            at += len(piece)


def _refuse_damaged_utf8(path: Path, broken_at: int) -> None:
    """A file of which parts are UTF-8: damaged, or glued together from two. GB18030 would read it as nonsense."""
    whole = broken = 0
    tail = b""
    with path.open("rb") as file:
        for at, piece in _pieces(file):
            if _UTF8_RUN.search(tail + piece):
                raise ambiguous(broken_at)
            tail = piece[-11:]
            if at < _SAMPLE:
                text = piece.decode("utf-8", errors="replace")
                whole += len(text) - len(_CHINESE.sub("", text))
                broken += text.count("\ufffd")
    if whole > broken:
        raise ambiguous(broken_at)


_CHINESE: Final = re.compile("[\u4e00-\u9fff]")


def _refuse_big5(path: Path) -> None:
    """Big5 reads as GB18030 nearly always, as rare signs. Which of the two shows common signs decides."""
    with path.open("rb") as file:
        raw = file.read(_SAMPLE)
    try:
        other = codecs.getincrementaldecoder("big5")().decode(raw)
        text = codecs.getincrementaldecoder("gb18030")().decode(raw)
    except UnicodeDecodeError:
        return
    if _share(other, "big5", 0xA4, 0xC6) >= 0.85 and _share(text, "gb2312", 0xB0, 0xD7) < 0.7:
        raise ambiguous(_first_foreign(raw), "Big5 or GB18030")


def _share(text: str, encoding: str, first: int, last: int) -> float:
    """Which share of the Chinese signs lies in the first level of a character set, its few thousand common ones."""
    signs = "".join(_CHINESE.findall(text))
    leads = np.frombuffer(signs.encode(encoding, errors="ignore"), np.uint8)[::2]
    return float(np.count_nonzero((leads >= first) & (leads <= last))) / max(len(signs), 1)
