"""Durable writing: a file is there whole, or not at all, also after the power failed."""

import contextlib
import errno
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

from xinqiao.domain.errors import Code, Invalid, Unavailable

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_ITEM = re.compile(r"[a-z][a-z0-9_]{0,79}")
_BATCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
TEMPORARY = ".tmp-"


@contextlib.contextmanager
def room() -> Iterator[None]:
    """Turns "no room left" of the operating system and of DuckDB into our error.

    Raises:
        Unavailable: ``LAKE_FULL``.
    """
    import duckdb

    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise Unavailable(Code.LAKE_FULL, "no room left for the lake") from error
        raise
    except duckdb.IOException as error:
        said = str(error)
        if any(os.strerror(number) in said for number in _FULL):
            raise Unavailable(Code.LAKE_FULL, "no room left for the lake") from error
        raise


def sync_file(path: Path) -> None:
    """Have a file's content on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


#: Names of a folder are made durable in the same way.
sync_folder = sync_file


def make_folder(path: Path) -> None:
    """A folder and those above it, their names durable."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    sync_folder(path.parent)


def write_durable(path: Path, content: bytes) -> None:
    """Write beside, have it on the disk, rename, have the name on the disk."""
    beside = path.with_name(f"{path.name}{TEMPORARY}{uuid.uuid4().hex}")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def item_name(item_id: str) -> str:
    """An item's identifier, when it may be the name of a folder.

    Raises:
        Invalid: ``LAKE_INVALID``.
    """
    if not _ITEM.fullmatch(item_id):
        raise Invalid(Code.LAKE_INVALID, "item: small letters, digits, underscores")
    return item_id


def batch_name(batch_no: str) -> str:
    """A batch's number, when it may be the name of a file.

    Raises:
        Invalid: ``LAKE_INVALID``.
    """
    if not _BATCH.fullmatch(batch_no) or TEMPORARY in batch_no:
        raise Invalid(Code.LAKE_INVALID, "batch number: letters, digits, dot, hyphen, underscore")
    return batch_no
