"""Private keys in files: written whole or not at all, readable by the owner only.

Here: the plain-file form for the embedded profile. A hardware module or a key service is another
implementation of "give me a SigningKey" and does not belong here.
"""

import json
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Unavailable
from xinqiao.trust.encoding import strict_object
from xinqiao.trust.keys import OpenKey, SigningKey
from xinqiao.trust.suites import INTERNATIONAL, Random, Suite

_MAX_FILE = 16_384


def write_private(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` with mode 0600; never replaces an existing file.

    Write, fsync, link, fsync the folder: after a power cut the file is there whole or not at all, and of two
    programs that start at once exactly one wins.

    Raises:
        FileExistsError: somebody was faster.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_private(path: Path, max_bytes: int = _MAX_FILE) -> bytes:
    """Read a private file, refusing one that others may read.

    Raises:
        FileNotFoundError: it is not there.
        OSError: it is a link, or cannot be opened.
        Unavailable: group or others have rights on it, it is not a plain file, or it is too long.
    """
    # O_NONBLOCK: opening a pipe would wait for whoever writes to it.
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        raise Unavailable(Code.KEY_UNUSABLE, "the key file is not a plain file")
    with os.fdopen(handle, "rb") as source:
        if mode & 0o077:
            raise Unavailable(Code.KEY_UNUSABLE, "the key file is open to others: chmod 600")
        data = source.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise Unavailable(Code.KEY_UNUSABLE, "the key file is too long")
    return data


def _load_or_create(path: Path, make: Callable[[], dict[str, Json]]) -> dict[str, Json]:
    try:
        data = read_private(path)
    except FileNotFoundError:
        with suppress(FileExistsError):  # another program made it meanwhile: its key is the key
            write_private(path, json.dumps(make(), indent=1).encode("ascii"))
        data = read_private(path)
    try:
        return strict_object(data)
    except ValueError:
        # An existing file is never replaced: losing a key silently would orphan everything it signed.
        raise Unavailable(Code.KEY_UNUSABLE, "the key file does not hold a key") from None


def load_or_create_keyfile(
    path: Path, suite: Suite = INTERNATIONAL, rng: Random = secrets.token_bytes
) -> SigningKey:
    """Return the signing key kept in ``path``, making it on first use.

    The file's own suite wins over ``suite``, which only matters when the file is made.

    Raises:
        Unavailable: the file is open to others or holds no key. Invalid: the JWK in it is damaged.
    """
    return SigningKey.from_jwk(
        _load_or_create(path, lambda: SigningKey.generate(suite, rng).to_jwk(private=True))
    )


def load_or_create_open_keyfile(
    path: Path, suite: Suite = INTERNATIONAL, rng: Random = secrets.token_bytes
) -> OpenKey:
    """The same for a long-lived key that opens sealed content."""
    return OpenKey.from_jwk(_load_or_create(path, lambda: OpenKey.generate(suite, rng).to_jwk(private=True)))
