"""Files of supplements, taken and kept in the manner of the evidence of objections: a few kinds, encrypted on the hub's disk."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from xinqiao.domain.errors import Code, Fact, Invalid, NotFound
from xinqiao.hub.actors import Actor, EnterpriseActor
from xinqiao.hub.apps.cases.models import CaseAction, CaseFile
from xinqiao.hub.apps.cases.rows import require_firm
from xinqiao.hub.apps.redress.evidence import (
    KEPT_LOOSE,
    keep_file,
    kept_file,
    read_upload,
    shown_name,
)
from xinqiao.hub.ids import Prefix, new_id

_TABLE = "case_file"


def _place(file_id: str) -> Path:
    return Path(settings.CASE_FILES_DIR) / file_id


def add_case_file(
    *, actor: EnterpriseActor, file_name: str, chunks: Iterable[bytes], at: datetime
) -> CaseFile:
    """Take a file from a firm, to be attached to what it answers next.

    Raises: as ``read_upload``. Forbidden: ``SUBJECT_NOT_AUTHORISED``. Unavailable: ``STORAGE_UNAVAILABLE``.
    """
    content, media_type, ending = read_upload(chunks)
    row_id = new_id(Prefix.CASE_FILE)
    with transaction.atomic(durable=True):
        require_firm(actor, at)
        keep_file(_place(row_id), content, table=_TABLE)
        return CaseFile.objects.create(
            id=row_id,
            enterprise_id=actor.enterprise_id,
            file_name=shown_name(file_name, ending),
            media_type=media_type,
            size=len(content),
            digest=hashlib.sha256(content).hexdigest(),
            added_at=at,
        )


def attach(action: CaseAction, file_ids: Sequence[str], actor: EnterpriseActor) -> list[CaseFile]:
    """Attach loose files of the firm to an answer, inside its transaction. Raises Invalid ``files``."""
    wanted = list(dict.fromkeys(file_ids))
    if len(wanted) > settings.EVIDENCE_PER_MATTER:
        facts: dict[str, Fact] = {"field": "files", "max": settings.EVIDENCE_PER_MATTER}
        raise Invalid(Code.INVALID, "too many files", facts=facts)
    rows = CaseFile.objects.for_viewer(actor).filter(action__isnull=True, id__in=wanted)
    if rows.update(action=action) != len(wanted):
        raise Invalid(Code.INVALID, "no such file of yours", facts={"field": "files"})
    return list(action.files.order_by("added_at", "id"))


def case_file(actor: Actor, file_id: str) -> tuple[CaseFile, bytes]:
    """A file and its content. Raises NotFound for an absent or foreign one; Unavailable when it cannot be read."""
    row = CaseFile.objects.for_viewer(actor).filter(id=file_id).first()
    if row is None:
        raise NotFound
    return row, kept_file(_place(row.id), table=_TABLE)


def sweep_case_files(*, at: datetime) -> int:
    """Remove what answered nothing in the end, and files without a row; returns how many. Safe to run twice at once."""
    old, gone = at - KEPT_LOOSE, 0
    loose = CaseFile.objects.filter(action__isnull=True, added_at__lt=old)
    for row_id in list(loose.values_list("id", flat=True)):
        with transaction.atomic(durable=True):
            removed, _ = loose.filter(id=row_id).delete()
        if removed:
            _place(row_id).unlink(missing_ok=True)
            gone += 1
    folder = Path(settings.CASE_FILES_DIR)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.stat().st_mtime < old.timestamp() and not CaseFile.objects.filter(id=path.name).exists():
            path.unlink(missing_ok=True)
            gone += 1
    return gone
