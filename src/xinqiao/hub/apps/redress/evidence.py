"""Files that firms attach: a few kinds, told by what is inside, encrypted on the hub's disk.

A file is on disk before its row is committed. One that is attached to nothing in the end, or whose row was never
committed, is swept away after two days.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from xinqiao.domain.errors import Code, Fact, Invalid, NotFound, TooLarge, Unsupported
from xinqiao.hub.actors import Actor, AgentScope, EnterpriseActor
from xinqiao.hub.apps.collection.files import storing
from xinqiao.hub.apps.identity.services import require_capacity
from xinqiao.hub.apps.redress.models import Evidence, Objection, Repair
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime

#: First bytes → media type and ending. Nothing that a program inside could run.
_KINDS = (
    (b"%PDF-", "application/pdf", ".pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
)
ENDINGS = tuple(ending for _, _, ending in _KINDS)
_NAME = 160
KEPT_LOOSE = timedelta(days=2)
#: Higher apps attach files too: each says which of the files it is asked about are its own.
HOLDERS: list[Callable[[Sequence[str]], set[str]]] = []


def _place(evidence_id: str) -> Path:
    return Path(settings.EVIDENCE_DIR) / evidence_id


def read_upload(chunks: Iterable[bytes]) -> tuple[bytes, str, str]:
    """A file somebody sends, with its media type and ending as its first bytes tell them.

    Raises:
        Unsupported: ``MEDIA_TYPE_UNSUPPORTED``: neither PDF, PNG nor JPEG inside. TooLarge: ``BODY_TOO_LARGE``.
        Invalid: ``FILE_EMPTY``.
    """
    content = _whole(chunks)
    for beginning, media_type, ending in _KINDS:
        if content.startswith(beginning):
            return content, media_type, ending
    facts: dict[str, Fact] = {"field": "evidence", "taken": [*ENDINGS]}
    raise Unsupported(Code.MEDIA_TYPE_UNSUPPORTED, "no kind of file that is taken", facts=facts)


def _whole(chunks: Iterable[bytes]) -> bytes:
    most, found = settings.EVIDENCE_MAX_BYTES, bytearray()
    for chunk in chunks:
        found += chunk
        if len(found) > most:
            facts: dict[str, Fact] = {"field": "evidence", "max_mb": most >> 20}
            raise TooLarge(Code.BODY_TOO_LARGE, "the file is over the limit", facts=facts)
    if not found:
        raise Invalid(Code.FILE_EMPTY, "there is nothing in the file", facts={"field": "evidence"})
    return bytes(found)


def shown_name(name: str, ending: str) -> str:
    """What a file is called in lists: its own name without folders, with the ending of what is inside."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1].strip()
    stem = last.rsplit(".", 1)[0].strip(". ") if last.isprintable() else ""
    return f"{stem[: _NAME - 8] or '证明材料'}{ending}"


def add_evidence(
    *,
    actor: EnterpriseActor,
    file_name: str,
    chunks: Iterable[bytes],
    at: datetime,
    scope: AgentScope = AgentScope.OBJECT,
) -> Evidence:
    """Take a file from a firm, to be attached to what it says next.

    Raises:
        Forbidden: ``SUBJECT_NOT_AUTHORISED``. Unsupported: ``MEDIA_TYPE_UNSUPPORTED``: neither PDF, PNG nor JPEG inside.
        TooLarge: ``BODY_TOO_LARGE``. Invalid: ``FILE_EMPTY``. Unavailable: ``STORAGE_UNAVAILABLE``.
    """
    content, media_type, ending = read_upload(chunks)
    row_id = new_id(Prefix.EVIDENCE)
    with transaction.atomic(durable=True):
        require_capacity(actor, scope, at)
        keep_file(_place(row_id), content, table="evidence")
        return Evidence.objects.create(
            id=row_id,
            enterprise_id=actor.enterprise_id,
            file_name=shown_name(file_name, ending),
            media_type=media_type,
            size=len(content),
            digest=hashlib.sha256(content).hexdigest(),
            added_at=at,
        )


def keep_file(place: Path, content: bytes, *, table: str) -> None:
    """Write a file encrypted for its table and its row, after which it is named. Raises Unavailable."""
    stored = runtime.field_cipher.encrypt(content, table=table, column="content", row=place.name)
    with storing():
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "wb") as out:  # noqa: PTH123 - the descriptor with its mode
            out.write(stored)
            out.flush()
            os.fsync(out.fileno())


def kept_file(place: Path, *, table: str) -> bytes:
    """The content of a file so kept. Raises Unavailable when it cannot be read."""
    with storing():
        stored = place.read_bytes()
    return runtime.field_cipher.decrypt(stored, table=table, column="content", row=place.name)


def attach(row: Objection | Repair, evidence_ids: Sequence[str], actor: EnterpriseActor) -> list[Evidence]:
    """Attach loose files of the firm to its matter, inside the matter's transaction; all files it has then.

    Raises:
        Invalid: too many, or one that is not the firm's own or attached elsewhere.
    """
    wanted = list(dict.fromkeys(evidence_ids))
    kind = "objection" if isinstance(row, Objection) else "repair"
    rows = Evidence.objects.for_viewer(actor).filter(
        objection__isnull=True, repair__isnull=True, id__in=wanted
    )
    if any(holder(wanted) for holder in HOLDERS) or rows.update(**{kind: row}) != len(wanted):
        raise Invalid(Code.INVALID, "no such file of yours", facts={"field": "evidence"})
    found = list(row.evidence.order_by("added_at", "id"))
    if len(found) > settings.EVIDENCE_PER_MATTER:
        facts: dict[str, Fact] = {"field": "evidence", "max": settings.EVIDENCE_PER_MATTER}
        raise Invalid(Code.INVALID, "too many files", facts=facts)
    return found


def evidence_file(actor: Actor, evidence_id: str) -> tuple[Evidence, bytes]:
    """A file and its content. Raises NotFound for an absent or foreign one; Unavailable when it cannot be read."""
    row = Evidence.objects.for_viewer(actor).filter(id=evidence_id).first()
    if row is None:
        raise NotFound
    return row, content_of(row)


def content_of(row: Evidence) -> bytes:
    """The content of a file its caller may see. Raises Unavailable when it cannot be read."""
    return kept_file(_place(row.id), table="evidence")


def sweep_evidence(*, at: datetime) -> int:
    """Remove what was attached to nothing, and files without a row; returns how many. Safe to run twice at once."""
    old = at - KEPT_LOOSE
    loose = Evidence.objects.filter(objection__isnull=True, repair__isnull=True, added_at__lt=old)
    gone = 0
    ids = list(loose.values_list("id", flat=True))
    held = {one for holder in HOLDERS for one in holder(ids)}
    for row_id in [one for one in ids if one not in held]:
        with transaction.atomic(durable=True):
            removed, _ = loose.filter(id=row_id).delete()
        if removed:
            _place(row_id).unlink(missing_ok=True)
            gone += 1
    return gone + sum(_forget(path, old) for path in _files())


def _files() -> Iterator[Path]:
    folder = Path(settings.EVIDENCE_DIR)
    return iter(sorted(folder.iterdir()) if folder.is_dir() else ())


def _forget(path: Path, old: datetime) -> bool:
    if path.stat().st_mtime >= old.timestamp() or Evidence.objects.filter(id=path.name).exists():
        return False
    path.unlink(missing_ok=True)
    return True
