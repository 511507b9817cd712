"""Questions about imported repair results, each for a given actor."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from xinqiao.domain.errors import NotFound
from xinqiao.domain.repair_results import takes_back
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.redress.models import ImportedResult, RepairImport

_MEANT = Q(applied_at__isnull=True, reason="")


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A file in a list. ``matched``: rows that mean a record of ours and wait to be applied; ``listed``: all others."""

    id: str
    number: str
    platform: str
    file_name: str
    digest: str
    read_at: datetime
    applied_at: datetime | None
    version: int
    leaf_index: int
    rows: int
    matched: int
    applied: int

    @property
    def listed(self) -> int:
        """How many rows stay in the list with a reason."""
        return self.rows - self.matched - self.applied


@dataclass(frozen=True, slots=True)
class ResultView:
    """One row. ``state``: ``matched``, ``applied``, ``undone``, or ``listed`` with its ``reason``.

    ``withdraws``: it takes a former result back.
    """

    line: int
    uscc: str
    document: str
    decision: str
    decided_on: str
    state: str
    reason: str
    item: str
    record: str
    label: str
    withdraws: bool


def repair_imports(actor: Actor, *, limit: int = 50) -> list[ImportRow]:
    """The files, newest first."""
    files = list(RepairImport.objects.for_viewer(actor).order_by("-read_at", "-id")[:limit])
    told = ImportedResult.objects.filter(source_file__in=files).values_list("source_file").annotate(
        n=Count("id"), meant=Count("id", filter=_MEANT), done=Count("applied_at")
    )  # fmt: skip
    counts = {file: tuple(numbers) for file, *numbers in told}
    return [_row(one, *counts[one.id]) for one in files]


def repair_import(actor: Actor, import_id: str) -> tuple[ImportRow, list[ResultView]]:
    """One file with its rows, those that wait or changed something first. Raises NotFound."""
    made = RepairImport.objects.for_viewer(actor).filter(id=import_id).first()
    if made is None:
        raise NotFound
    rows = [
        ResultView(
            line=one.line, uscc=one.uscc, document=one.document or one.record, decision=one.decision,
            decided_on=one.decided_on, state=_state(one), reason=one.reason, item=one.item, record=one.record_ref,
            label=one.label, withdraws=takes_back(one.decision),
        )
        for one in made.rows.select_related("suppression").order_by("line")
    ]  # fmt: skip
    states = [one.state for one in rows]
    applied = states.count("applied") + states.count("undone")
    rows.sort(key=lambda one: one.state == "listed")
    return _row(made, len(rows), states.count("matched"), applied), rows


def _state(row: ImportedResult) -> str:
    """What took a repair back hides nothing: only its undoing hides the record again, by a suppression of this row."""
    if row.applied_at is None:
        return "listed" if row.reason else "matched"
    hidden = getattr(row, "suppression", None)
    if takes_back(row.decision):
        return "applied" if hidden is None else "undone"
    return "undone" if hidden is not None and hidden.ended_at else "applied"


def _row(made: RepairImport, rows: int, matched: int, applied: int) -> ImportRow:
    return ImportRow(
        id=made.id, number=made.number, platform=made.platform, file_name=made.file_name, digest=made.digest,
        read_at=made.read_at, applied_at=made.applied_at, version=made.version, leaf_index=made.leaf_index, rows=rows,
        matched=matched, applied=applied,
    )  # fmt: skip
