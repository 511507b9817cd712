"""Where the built assets lie and what their hashed names are.

Each program serves :data:`BUILD_DIR` under :data:`DEFAULT_PREFIX` (file names carry a hash of the content, so they may
be cached for ever) and hands :func:`asset_url`, or its own function of the same shape, to the environment.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

BUILD_DIR = Path(__file__).resolve().parent / "static" / "build"
DEFAULT_PREFIX = "/static/ui/"


class AssetMissing(RuntimeError):
    """An asset or an icon that the build does not hold."""


class Manifest(NamedTuple):
    """What one build made."""

    files: dict[str, str]  # logical name -> hashed file name
    icons: frozenset[str]


@lru_cache(maxsize=4)
def _read(path: Path, stamp: int) -> Manifest:
    raw = json.loads(path.read_bytes())
    return Manifest(files=dict(raw["files"]), icons=frozenset(raw["icons"]))


def manifest() -> Manifest:
    """The present build's manifest; empty when nothing has been built (pages then link unhashed names)."""
    path = BUILD_DIR / "manifest.json"
    if not path.is_file():
        return Manifest({}, frozenset())
    return _read(path, path.stat().st_mtime_ns)


def asset_url(name: str, *, prefix: str = DEFAULT_PREFIX) -> str:
    """Address of an asset by its logical name: ``xinqiao.css``, ``xinqiao.js``, ``htmx.js``, ``icons.svg``, ``favicon.svg``.

    Raises :class:`AssetMissing` for a name the build does not hold.
    """
    files = manifest().files
    if files and name not in files:
        raise AssetMissing(f"no asset {name!r} in this build")
    return prefix + files.get(name, name)


def check_icon(name: str) -> str:
    """The icon's name, or :class:`AssetMissing` saying where to add it."""
    icons = manifest().icons
    if icons and name not in icons:
        raise AssetMissing(
            f"icon {name!r} is not in ui/static/src/icons.txt: add it and run python -m xinqiao.ui.build"
        )
    return name
