"""The register of firms, if this platform has one: the index file beside the lake, opened once in each thread.

It says which firms there are, never which of them have a data account. Everything in it is public; how often a stranger
may ask is the asking page's business.
"""

import threading
from pathlib import Path

from django.conf import settings

from xinqiao.lake.firms import Firm, FirmIndex, Hit


class _Opened(threading.local):
    """The index of this thread and which file it is of: a file built anew under the name is another one."""

    index: FirmIndex | None = None
    file: tuple[str, int, int] | None = None


_opened = _Opened()


def _index() -> FirmIndex | None:
    path = Path(settings.XINQIAO_FIRMS)
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    file = (str(path), found.st_dev, found.st_ino)
    if _opened.file != file:
        if _opened.index is not None:
            _opened.index.close()
        _opened.index, _opened.file = None, None
        _opened.index = FirmIndex.open(path)
        _opened.file = file
    return _opened.index


def has_register() -> bool:
    """Whether there is one; without it firms are known by their code only."""
    return Path(settings.XINQIAO_FIRMS).exists()


def firms_called(text: str, *, limit: int) -> list[Hit]:
    """Firms by name, part of it, pinyin or any number they ever had. Raises Invalid ``FILE_UNREADABLE``."""
    index = _index()
    return [] if index is None else index.search(text, limit=limit)


def firms_numbered(text: str) -> list[Hit]:
    """Firms by a number alone: the code, the organisation code, the tax number, the number from before 2015.

    Never one that is merely near (abuse case B7). Raises Invalid ``FILE_UNREADABLE``.
    """
    index = _index()
    return [] if index is None else index.by_code(text)


def registered(uscc: str) -> Firm | None:
    """The firm of a code, whose check character is right."""
    return next((hit.firm for hit in firms_numbered(uscc) if hit.firm.uscc == uscc), None)
