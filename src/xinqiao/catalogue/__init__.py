"""The catalogue of credit information, as data shipped with the program; a province's own items from a folder.

``2024``: annex of 国办发〔2024〕15号, 17 categories and 37 items. ``2021``: the list it replaced, of which only the
document, the counts and, unverified, what its text spoke of are known here. The shape and the rules of the data are
:mod:`xinqiao.domain.catalogue`.
"""

import functools
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from xinqiao.domain.catalogue.model import Catalogue
from xinqiao.domain.catalogue.parse import CatalogueError, Problem, extend_catalogue, parse_catalogue

__all__ = ["CURRENT", "EDITIONS", "CatalogueError", "Problem", "load"]

#: Newest first.
EDITIONS = ("2024", "2021")
CURRENT = EDITIONS[0]
#: A data file of an item is a few kilobytes; anything near this is no catalogue.
_MAX_FILE = 1 << 20


@functools.lru_cache(maxsize=32)
def load(edition: str = CURRENT, extensions: Path | None = None) -> Catalogue:
    """An edition of the national list, with the items of a folder if one is named.

    Args:
        edition: one of :data:`EDITIONS`.
        extensions: a folder of data files of the shape of the national ones, or of one such folder per province.

    Raises:
        KeyError: there is no such edition.
        CatalogueError: a data file is not right; it lists every mistake. Raised by a folder that cannot be read, too.

    Read once per process: a file that is changed is seen at the next start.
    """
    if edition not in EDITIONS:
        raise KeyError(edition)
    catalogue = parse_catalogue(_shipped(resources.files(__name__) / edition))
    return catalogue if extensions is None else _extended(catalogue, extensions)


def _shipped(folder: Traversable) -> dict[str, str]:
    texts: dict[str, str] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            texts |= {f"{entry.name}/{name}": text for name, text in _shipped(entry).items()}
        elif entry.name.endswith(".toml"):
            texts[entry.name] = entry.read_text(encoding="utf-8")
    return texts


def _extended(catalogue: Catalogue, extensions: Path) -> Catalogue:
    if not extensions.is_dir():
        raise CatalogueError([Problem(str(extensions), "", "不是文件夹 not a folder")])
    folders = [extensions, *sorted(path for path in extensions.iterdir() if path.is_dir())]
    for folder in folders:
        texts = {path.name: _dropped(path) for path in sorted(folder.glob("*.toml"))}
        if texts:
            catalogue = extend_catalogue(catalogue, texts, origin=folder.name)
    return catalogue


def _dropped(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_FILE:
            raise CatalogueError([Problem(path.name, "", "文件过大 file is too large")])
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(
            [Problem(path.name, "", f"读不出来 cannot be read: {type(error).__name__}")]
        ) from error
