"""The watched folder: ``SOURCE/ITEM/name`` is taken when it is complete, and moved to where its receipt is.

A file is complete when its size and time stood still for a while; a sender that wants to be sure writes it under a name
that starts with a dot or ends with ``.part`` and renames it. It is first renamed to a name of the hub's (so that two
workers never take one), then received like any other; when its batch is done, file and receipt are put side by side into
``done`` or ``refused`` of its item. What was claimed when a worker died is found again by its name.
"""

import json
import logging
import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from xinqiao.domain.canonical import Json
from xinqiao.domain.collection import UNFINISHED, BatchState
from xinqiao.domain.errors import TooMany, Unavailable, XinqiaoError
from xinqiao.hub.actors import SourceActor, SourceRole
from xinqiao.hub.apps.collection import files
from xinqiao.hub.apps.collection.intake import submit_batch
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.collection.receipts import receipt_of
from xinqiao.hub.apps.identity.models import Source
from xinqiao.hub.ids import Prefix, new_id

log = logging.getLogger("xinqiao.collection")

#: How long a file must have stood still.
STILL = timedelta(seconds=3)
DONE, REFUSED, TAKEN = "done", "refused", ".taken"
_OWN = (DONE, REFUSED, TAKEN)
_GOOD = (BatchState.ACCEPTED, BatchState.WITHDRAWN, BatchState.WITHDRAWING)


def watch_inbox(inbox: Path, *, at: datetime) -> int:
    """Take what is complete and answer what is done; returns how many files were taken. Safe to run twice at once."""
    taken = 0
    for source in Source.objects.filter(status="active"):
        for item in source.items:
            folder = inbox / source.code / item
            if folder.is_dir():
                taken += _take_all(source, item, folder, at)
                _answer_all(folder)
    return taken


def _take_all(source: Source, item: str, folder: Path, at: datetime) -> int:
    actor = SourceActor(None, source.id, frozenset({SourceRole.SUPPLIER}), source.short_name)
    for entry in sorted(folder.iterdir()):
        if entry.name not in _OWN and _complete(entry, at):
            _claim(folder, entry)
    count = 0
    for claim in sorted((folder / TAKEN).glob("*")) if (folder / TAKEN).is_dir() else []:
        if claim.is_dir() and not (claim / "batch").exists():
            count += _submit(actor, item, folder, claim, at)
    return count


def _complete(entry: Path, at: datetime) -> bool:
    if entry.name.startswith(".") or entry.name.endswith((".part", ".tmp", ".filepart")):
        return False
    if entry.is_symlink() or not entry.is_file():
        return False
    try:
        return at.timestamp() - entry.stat().st_mtime >= STILL.total_seconds()
    except FileNotFoundError:
        return False


def _claim(folder: Path, entry: Path) -> None:
    """Make the file the hub's: whoever renames it first has it."""
    claim = folder / TAKEN / new_id(Prefix.UPLOAD)
    claim.mkdir(parents=True)
    try:
        entry.rename(claim / entry.name)
    except FileNotFoundError:
        claim.rmdir()


def _submit(actor: SourceActor, item: str, folder: Path, claim: Path, at: datetime) -> int:
    given = next(iter(claim.iterdir()), None)
    if given is None:
        return 0
    own = files.incoming(claim.name)
    try:
        with files.storing():
            own.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(given, own)
        done = submit_batch(actor=actor, item=item, whole=own, file_name=given.name, at=at, channel="folder")
    except (TooMany, Unavailable) as later:
        log.warning("inbox %s: %s", given.name, later.code)
        return 0
    except XinqiaoError as refused:
        _put(folder / REFUSED, claim, {"file": given.name, "state": "refused", "code": refused.code.value})
        return 0
    finally:
        own.unlink(missing_ok=True)
    _write(claim / "batch", done.batch.id)
    return 1


def _answer_all(folder: Path) -> None:
    """Put what is done beside its receipt."""
    for note in sorted((folder / TAKEN).glob("*/batch")):
        row = Batch.objects.select_related("source").filter(id=note.read_text(encoding="utf-8")).first()
        if row is None or BatchState(row.state) in UNFINISHED:
            continue
        place = DONE if BatchState(row.state) in _GOOD else REFUSED
        note.unlink()
        _put(folder / place, note.parent, receipt_of(row))


def _put(place: Path, claim: Path, receipt: dict[str, Json]) -> None:
    """Move a claimed file beside its receipt, both named after the file and what is unique about the claim."""
    place.mkdir(exist_ok=True)
    given = next(iter(claim.iterdir()), None)
    if given is not None:
        name = f"{claim.name[-8:]}-{given.name}"
        _write(place / f"{name}.receipt.json", json.dumps(receipt, ensure_ascii=False, indent=1) + "\n")
        given.rename(place / name)
    claim.rmdir()


def _write(path: Path, text: str) -> None:
    """A small file that is whole or absent."""
    beside = path.with_name(f".{path.name}.part")
    with beside.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)
