"""ZIP, the container of archives and of workbooks: judged by its central directory before a byte is inflated.

The directory may lie, so inflating is capped as well: by what it says of the member, and by the check sum.
"""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from xinqiao.domain.errors import Code, Invalid, TooLarge
from xinqiao.lake.files.model import Limits, unreadable

_END: Final = b"PK\x05\x06"
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_ENCRYPTED: Final = 0x1
_UTF8_NAME: Final = 0x800
#: A small member may well shrink a hundredfold; a bomb is one that becomes large.
_RATIO_FROM: Final = 1 << 20
_PIECE: Final = 64 << 10
#: What two systems add to archives by themselves.
_LITTER: Final = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def _over(limit: str, value: int) -> TooLarge:
    detail = f"over the limit of {limit}: {value}"
    return TooLarge(Code.ARCHIVE_LIMITS, detail, facts={"limit": limit, "max": value})


def _unsafe(why: str) -> Invalid:
    return Invalid(Code.ARCHIVE_UNSAFE, why)


class Archive:
    """The members of a ZIP file that passed the gate.

    Raises:
        TooLarge: ARCHIVE_LIMITS: too many members, too large, too well packed, over each other.
        Invalid: ARCHIVE_UNSAFE: names that lead outside, links. FILE_UNREADABLE: damaged, encrypted.
    """

    def __init__(self, path: Path, limits: Limits, *, budget: int | None = None) -> None:
        self._path = path
        self.budget = limits.archive_bytes if budget is None else budget
        _count(path, limits)
        try:
            with zipfile.ZipFile(path) as opened:
                found = opened.infolist()
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, struct.error) as error:
            raise unreadable("not a ZIP file that can be read") from error
        self._gate(found, limits)
        self.members = {_name(info): info for info in found if not _is_litter(info)}
        if len(self.members) < sum(not _is_litter(info) for info in found):
            raise _unsafe("two members of one name")

    def _gate(self, found: list[zipfile.ZipInfo], limits: Limits) -> None:
        if len(found) > limits.archive_entries:
            raise _over("archive_entries", limits.archive_entries)
        for info in found:
            _safe(_name(info), info)
            if info.flag_bits & _ENCRYPTED:
                raise unreadable("an encrypted member")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise unreadable("a way of packing that is not taken")
            if info.file_size > max(_RATIO_FROM, limits.archive_ratio * info.compress_size):
                raise _over("archive_ratio", limits.archive_ratio)
        if sum(info.file_size for info in found) > self.budget:
            raise _over("archive_bytes", limits.archive_bytes)
        self._apart(found)

    def _apart(self, found: list[zipfile.ZipInfo]) -> None:
        """Members must not share bytes: that is how a small file holds petabytes."""
        end = 0
        with self._path.open("rb") as file:
            for info in sorted(found, key=lambda info: info.header_offset):
                if info.header_offset < end:
                    raise TooLarge(Code.ARCHIVE_LIMITS, "members that overlap")
                end = _data_at(file.fileno(), info) + info.compress_size

    def read(self, name: str) -> Iterator[bytes]:
        """A member's bytes in pieces.

        Raises:
            TooLarge: ARCHIVE_LIMITS: more than the directory says.
            Invalid: FILE_UNREADABLE: less, or other bytes than the check sum says.
        """
        info = self.members[name]
        left, checked = info.file_size, 0
        with self._path.open("rb") as file:
            file.seek(_data_at(file.fileno(), info))
            for piece in _inflated(file.read, info):
                left -= len(piece)
                if left < 0:
                    raise TooLarge(Code.ARCHIVE_LIMITS, "a member that is larger than the directory says")
                checked = zlib.crc32(piece, checked)
                yield piece
        if left or checked != info.CRC:
            raise unreadable("a member that is not what its check sum says")

    def extract(self, name: str, into: Path) -> None:
        """Write a member to a path of our own choosing. Raises as :meth:`read`."""
        with into.open("wb") as out:
            for piece in self.read(name):
                out.write(piece)


def _count(path: Path, limits: Limits) -> None:
    """The end record's own count and size of the directory, before anything is made of it."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - (1 << 16) - 22))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise unreadable("a ZIP file without its end")
    entries, directory = struct.unpack_from("<HI", tail, at + 10)
    # 65,535 and 2**32 - 1 mean: more than fits here. That is more than is taken in any case.
    if entries > limits.archive_entries or directory > limits.archive_entries * 1024:
        raise _over("archive_entries", limits.archive_entries)


def _data_at(descriptor: int, info: zipfile.ZipInfo) -> int:
    """Where a member's bytes begin, from its own header, whose name must be the directory's."""
    raw = os.pread(descriptor, _LOCAL.size, info.header_offset) if info.header_offset >= 0 else b""
    if len(raw) < _LOCAL.size or raw[:4] != b"PK\x03\x04":
        raise unreadable("a member that is not where the directory says")
    *_, name_length, extra_length = _LOCAL.unpack(raw)
    name = os.pread(descriptor, name_length, info.header_offset + _LOCAL.size)
    if name != _raw_name(info):
        raise unreadable("a member whose name is not the directory's")
    return info.header_offset + _LOCAL.size + int(name_length) + int(extra_length)


def _inflated(read: Callable[[int], bytes], info: zipfile.ZipInfo) -> Iterator[bytes]:
    unpack = zlib.decompressobj(-15) if info.compress_type == zipfile.ZIP_DEFLATED else None
    left = info.compress_size
    while left:
        packed = read(min(_PIECE, left))
        if not packed:
            raise unreadable("a ZIP file that ends too early")
        left -= len(packed)
        if unpack is None:
            yield packed
            continue
        try:
            while packed:
                yield unpack.decompress(packed, _PIECE)
                packed = unpack.unconsumed_tail
        except zlib.error as error:
            raise unreadable("a damaged member") from error
    if unpack is not None:
        yield unpack.flush(_PIECE)
        if not unpack.eof or unpack.unused_data:
            raise unreadable("a damaged member")


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    return info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8_NAME else "cp437")


def _name(info: zipfile.ZipInfo) -> str:
    """The name: in UTF-8 where it is marked so or reads so, else in GB18030, as Chinese systems write it."""
    raw = _raw_name(info)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("gb18030", errors="backslashreplace")


def _safe(name: str, info: zipfile.ZipInfo) -> None:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if (
        not name
        or name.startswith(("/", "\\"))
        or ".." in parts
        or name[1:2] == ":"
        or any(c < " " for c in name)
    ):
        raise _unsafe("a member's name leads outside the archive")
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _unsafe("a member that is a link or a device")


def _is_litter(info: zipfile.ZipInfo) -> bool:
    name = _name(info)
    return name.endswith("/") or name.startswith(_LITTER[0]) or PurePosixPath(name).name in _LITTER[1:]
