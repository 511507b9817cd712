"""From an untrusted upload to tables the pipeline can read: everything foreign is parsed in a limited child process."""

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Final

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, TooLarge
from xinqiao.lake import sandbox
from xinqiao.lake.files.kinds import sheets
from xinqiao.lake.files.model import Limits, Sheet, Staged, unreadable

#: What the libraries' own pages take beside what they allocate.
_LIBRARIES: Final = 96 << 20
_PACKED: Final = (b"PK", b"PAR1")
#: Text takes at most half as much again in UTF-8 as in GB18030, and a table of it less than four times.
_GROWTH: Final = 4
_WALL: Final = 4
LIMITS: Final = Limits()
#: In a name these make DuckDB look for several files.
_PATTERNS: Final = frozenset("*?[")


def stage(
    path: Path,
    into: Path,
    *,
    limits: Limits = LIMITS,
    expected: Collection[str] = (),
    declared: str = "",
) -> Staged:
    """Make an upload readable. What is written goes into a new folder in ``into``; after a refusal nothing is left.

    ``expected``: names a header may hold (``headers.expected_names``): with them, a title above a header and a sheet
    of explanations are told from data. ``declared``: the encoding the sender says; it is recorded, not believed.

    Raises:
        XinqiaoError: ARCHIVE_LIMITS, FILE_LIMITS, BODY_TOO_LARGE (413); FILE_KIND_UNSUPPORTED (415);
            FILE_UNREADABLE, FILE_EMPTY, FILE_VALUE, ENCODING_AMBIGUOUS, AMBIGUOUS_INPUT, ARCHIVE_UNSAFE,
            HEADER_MISMATCH (422).
    """
    path = sandbox.readable(path).absolute()
    size = path.stat().st_size
    if size > limits.upload_bytes:
        detail, facts = "the file is too large", {"limit_bytes": limits.upload_bytes}
        raise TooLarge(Code.BODY_TOO_LARGE, detail, facts=facts)
    folder = Path(tempfile.mkdtemp(prefix="staged-", dir=into.absolute()))
    try:
        if _PATTERNS & set(str(path)):
            path = _linked(path, folder)
        with ThreadPoolExecutor(1) as beside:
            digest = beside.submit(_digest, path)
            found = _in_child(path, folder, size, limits, expected)
            staged = Staged(digest.result(), size, found, declared[:64])
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _tidy(folder, staged.sheets)
    return staged


def _digest(path: Path) -> str:
    """By the parent: the child read the file, so what it says of it is not believed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _linked(path: Path, folder: Path) -> Path:
    link = folder / "upload"
    link.symlink_to(path)
    return link


def _in_child(
    path: Path, folder: Path, size: int, limits: Limits, expected: Collection[str]
) -> tuple[Sheet, ...]:
    with path.open("rb") as file:
        packed = file.read(4).startswith(_PACKED)
    seconds = limits.seconds + size // (limits.packed_rate if packed else limits.plain_rate)
    bounds = sandbox.Limits(
        memory=2 * limits.memory,
        cpu_seconds=seconds,
        # nothing here waits for anything but the processor: the wall only ends what a crowded machine starves
        wall_seconds=_WALL * seconds,
        private=limits.memory - _LIBRARIES,
        file_bytes=limits.archive_bytes + _GROWTH * size,
    )
    answer = sandbox.run_limited(
        child, str(path), str(folder), limits.as_json(), list(expected), limits=bounds
    )
    try:
        found = tuple(Sheet.from_json(raw) for raw in answer) if isinstance(answer, list) else ()
    except (KeyError, TypeError, ValueError) as error:
        raise unreadable("the file could not be read") from error
    if not found or any(sheet.path != path and sheet.path.parent != folder for sheet in found):
        raise unreadable("the file could not be read")
    return found


class _NoPandas(MetaPathFinder):
    """Arrow loads pandas wherever it finds it, only to ask whether a list is one of its own: seconds, and memory."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Nothing but pandas is refused."""
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)
        return None


def child(path: str, folder: str, limits: Json, expected: Json) -> Json:
    """What the child does."""
    sys.meta_path.insert(0, _NoPandas())
    names = [str(name) for name in expected] if isinstance(expected, list) else []
    made = sheets(Path(path), Path(folder) / "t", "", Limits.from_json(limits), names)
    return [sheet.as_json() for sheet in made]


def _tidy(folder: Path, used: Sequence[Sheet]) -> None:
    """Drop what was only on the way (members of an archive that were converted), and an empty folder."""
    kept = {sheet.path for sheet in used}
    for file in folder.iterdir():
        if file not in kept:
            file.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
