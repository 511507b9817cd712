"""Files of batches on the hub's disk: a beginning that grows, a whole file in its place, what lies beside it.

``incoming/<upload>`` grows; ``batches/<batch>/file.csv`` is whole, on disk before the batch's row is committed, and
never changed. A file without a row (a crash between the two) is swept away later, never believed.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from xinqiao.domain.errors import Code, Invalid, TooLarge, Unavailable, Unsupported

#: Kinds of files that can be read; what is inside decides, the ending only says what to try.
SUFFIXES = (".csv", ".txt", ".xlsx", ".jsonl", ".parquet", ".zip")
_NAME_LENGTH = 160
_BLOCK = 1 << 20


def _root() -> Path:
    return Path(settings.COLLECTION_DIR)


def incoming(upload_id: str) -> Path:
    """Where the beginning of a file is kept."""
    return _root() / "incoming" / upload_id


def batch_folder(batch_id: str) -> Path:
    """Everything of one batch."""
    return _root() / "batches" / batch_id


def batch_file(batch_id: str, file_name: str) -> Path:
    """The file of a batch as it came; its own name stays in the database only."""
    return batch_folder(batch_id) / f"file{suffix_of(file_name)}"


def clean_name(name: str) -> str:
    """The last part of a file's name, fit to be shown. Raises Invalid ``file``, Unsupported ``MEDIA_TYPE_UNSUPPORTED``."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1].strip()
    if not last or last.startswith(".") or not last.isprintable() or len(last) > _NAME_LENGTH:
        raise Invalid(Code.INVALID, "the file's name is out of form", facts={"field": "file"})
    suffix_of(last)
    return last


def suffix_of(name: str) -> str:
    """The ending of a name. Raises Unsupported when nothing of that kind is read."""
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise Unsupported(
            Code.MEDIA_TYPE_UNSUPPORTED,
            "no kind of file that is read",
            facts={"field": "file", "taken": [*SUFFIXES]},
        )
    return suffix


def check_size(size: int) -> int:
    """A size in bytes within the limits. Raises Invalid ``FILE_EMPTY``, TooLarge ``BODY_TOO_LARGE``."""
    if size <= 0:
        raise Invalid(Code.FILE_EMPTY, "there is nothing in the file", facts={"field": "file"})
    if size > settings.BATCH_MAX_BYTES:
        raise TooLarge(
            Code.BODY_TOO_LARGE,
            "the file is over the limit",
            facts={"field": "file", "max_mb": settings.BATCH_MAX_BYTES >> 20},
        )
    return size


@contextmanager
def storing() -> Iterator[None]:
    """Turn a disk that is full or broken into one answer. Raises Unavailable ``STORAGE_UNAVAILABLE``."""
    try:
        yield
    except OSError as error:
        raise Unavailable(Code.STORAGE_UNAVAILABLE, type(error).__name__) from error


@contextmanager
def growing(upload_id: str) -> Iterator[BinaryIO]:
    """The beginning of a file, to be written by nobody else meanwhile. Raises Unavailable."""
    path = incoming(upload_id)
    with storing():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as out:
            fcntl.flock(out, fcntl.LOCK_EX)  # until it is closed, also by a crash
            yield out


def write_piece(out: BinaryIO, offset: int, chunks: Iterator[bytes], *, most: int) -> int:
    """Write a piece behind ``offset`` and return the new length, which is on disk then; ``most`` bytes at the longest.

    Anything longer that an interrupted piece left behind is cut off first.

    Raises:
        TooLarge: more came than was announced; what was there before stays.
    """
    out.truncate(offset)  # opened to append, so what is written next stands behind it
    length = offset
    for chunk in chunks:
        length += len(chunk)
        if length > most:
            out.truncate(offset)
            raise TooLarge(Code.BODY_TOO_LARGE, "more than was announced", facts={"field": "file"})
        out.write(chunk)
    out.flush()
    os.fsync(out.fileno())
    return length


def digest_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    digest = hashlib.sha256()
    with storing(), path.open("rb") as source:
        while block := source.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def keep(whole: Path, batch_id: str, file_name: str) -> Path:
    """Move a whole file to its batch, and have both on disk. Raises Unavailable."""
    place = batch_file(batch_id, file_name)
    with storing():
        place.parent.mkdir(parents=True, exist_ok=True)
        whole.replace(place)
        for folder in (place.parent, place.parent.parent):
            _sync_folder(folder)
    return place


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def forget_incoming(upload_id: str) -> None:
    """Remove the beginning of a file."""
    incoming(upload_id).unlink(missing_ok=True)


def sweep(*, uploads: set[str], batches: set[str], older_than: float) -> int:
    """Remove files and folders without a row that were not touched since ``older_than`` (seconds since the epoch)."""
    removed = 0
    for folder, known in (("incoming", uploads), ("batches", batches)):
        place = _root() / folder
        for entry in sorted(place.iterdir()) if place.is_dir() else []:
            if entry.name in known or entry.stat().st_mtime >= older_than:
                continue
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink(missing_ok=True)
            removed += 1
    return removed
