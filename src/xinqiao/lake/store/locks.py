"""Locks of the operating system: they end with the process that held them, however it ended."""

import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xinqiao.domain.errors import Code, Conflict

_POLL_SECONDS = 0.005


def try_lock(path: Path) -> int | None:
    """Lock a file (made when absent); the open descriptor, or ``None`` when somebody holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def exclusive(path: Path, *, wait_seconds: float) -> Iterator[None]:
    """Hold a lock; waits for it as long as said.

    Raises:
        Conflict: ``LAKE_BUSY`` when another writer kept it for longer.
    """
    end = time.monotonic() + wait_seconds
    while (descriptor := try_lock(path)) is None:
        if time.monotonic() >= end:
            raise Conflict(Code.LAKE_BUSY, "another writer is at work in the lake")
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        os.close(descriptor)


class Leases:
    """Versions that readers have asked to be kept: a locked file each, named by the version."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, version: int) -> tuple[Path, int]:
        """Keep what a version names; give it back with :meth:`release`."""
        self._folder.mkdir(exist_ok=True)
        while True:
            path = self._folder / f"{version}-{uuid.uuid4().hex}"
            descriptor = try_lock(path)
            # a sweeper may have taken the file for an abandoned one before it was locked
            if descriptor is not None and path.exists():
                return path, descriptor
            if descriptor is not None:
                os.close(descriptor)

    @staticmethod
    def release(lease: tuple[Path, int]) -> None:
        """Give a lease back."""
        path, descriptor = lease
        path.unlink(missing_ok=True)
        os.close(descriptor)

    def oldest(self) -> int | None:
        """The oldest version somebody alive reads; what dead readers left is removed."""
        versions: list[int] = []
        for path in sorted(self._folder.glob("*-*")):
            descriptor = try_lock(path)
            if descriptor is None:
                versions.append(int(path.name.partition("-")[0]))
                continue
            path.unlink(missing_ok=True)
            os.close(descriptor)
        return min(versions, default=None)
