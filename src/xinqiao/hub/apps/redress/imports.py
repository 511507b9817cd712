"""Repair results of other platforms: a file is read and shown, and what means one record of ours exactly is applied.

谁认定、谁修复 stays true: the desk decides nothing here, it carries on what the unit that determined decided elsewhere.
What is not applied stays in the list with its reason; the same file twice is one.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import transaction

from xinqiao.domain.adverse import dishonesty
from xinqiao.domain.catalogue.keys import canonical_text
from xinqiao.domain.catalogue.model import Item
from xinqiao.domain.errors import Code, Conflict, Fact, Invalid, NotFound, Stale, TooLarge
from xinqiao.domain.period import business_day
from xinqiao.domain.repair import PENDING
from xinqiao.domain.repair_results import (
    COLUMNS,
    NEEDED,
    Candidate,
    ResultRow,
    Unmatched,
    match,
    read_row,
    takes_back,
)
from xinqiao.domain.report import Record
from xinqiao.hub.actors import OperatorActor
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.collection.held import held_records
from xinqiao.hub.apps.consents.records import next_number
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.redress.import_parts import tell_result, unit_of
from xinqiao.hub.apps.redress.lookups import Found
from xinqiao.hub.apps.redress.matters import require_desk
from xinqiao.hub.apps.redress.models import ImportedResult, Repair, RepairImport, Suppression
from xinqiao.hub.apps.redress.standing import touch_standing
from xinqiao.hub.apps.redress.suppression import back_in_lake, restore, suppress_imported
from xinqiao.hub.apps.redress.withdrawals import (
    former_of,
    name_former,
    take_back,
    taken_back_later,
    undo_withdrawal,
)
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime
from xinqiao.hub.typed import text_of
from xinqiao.lake.small_table import SmallRow, read_small

#: Rows of one file: each is looked up in the lake while somebody waits. More are sent in several files.
MOST_ROWS = 2_000
MOST_BYTES = 4 << 20
_PENDING = sorted(state.value for state in PENDING)
#: Reasons that time may lift: a record may come, an application may end.
_LATER = frozenset(
    {
        Unmatched.NO_FIRM, Unmatched.NO_RECORD, Unmatched.CLOSE, Unmatched.SEVERAL, Unmatched.PENDING,
        Unmatched.NOT_IN_FORCE, Unmatched.WITHDRAWN,
    }
)  # fmt: skip
_WIDTHS = {"uscc": 200, "document": 200, "record": 64, "decision": 40, "decided_on": 40}


@dataclass(frozen=True, slots=True)
class Read:
    """A file as it was read; ``repeated``: by an earlier upload of the same bytes."""

    row: RepairImport
    repeated: bool


def read_results(
    *, actor: OperatorActor, platform: str, file_name: str, chunks: Iterable[bytes], at: datetime
) -> Read:
    """Read a file of another platform's results and say of every row which record it means. Nothing is applied yet.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``. Invalid: ``platform``; ``HEADER_MISMATCH``, ``FILE_EMPTY`` and the other codes of
            foreign files. TooLarge: ``BODY_TOO_LARGE``, ``FILE_LIMITS``.
    """
    require_desk(actor)
    called = text_of(platform, field="platform", most=80)
    with TemporaryDirectory(prefix="xinqiao-results-") as folder:
        path, digest, size = _keep(Path(folder), file_name, chunks)
        known = RepairImport.objects.filter(digest=digest).first()
        if known is not None:
            return Read(known, repeated=True)
        rows = read_small(path, Path(folder), COLUMNS, needed=NEEDED, most=MOST_ROWS)
    judged = _judged(rows, called, at)
    with transaction.atomic(durable=True):
        row_id, number = (
            new_id(Prefix.REPAIR_IMPORT),
            next_number("RI", at),
        )  # the lock under which digests are read
        known = RepairImport.objects.filter(digest=digest).first()
        if known is not None:
            return Read(known, repeated=True)
        leaf = append_leaf(
            type="CORRECT",
            at=at,
            facts={"act": "results_read", "number": number, "digest": digest, "rows": len(rows), "by": actor.user_id},
            refs=Refs(object=row_id),
            personal={"text": called},
        )  # fmt: skip
        made = RepairImport.objects.create(
            id=row_id, number=number, platform=called, file_name=_name(file_name), digest=digest, size=size,
            read_at=at, read_by=actor.user_id, leaf_index=leaf.index,
        )  # fmt: skip
        for one in judged:
            one.source_file = made
        ImportedResult.objects.bulk_create(judged)
    return Read(made, repeated=False)


def apply_results(
    *, actor: OperatorActor, import_id: str, expected_version: int, at: datetime
) -> RepairImport:
    """Look every row that was not applied up anew, and let the records that are meant exactly leave the answers.

    A row that takes a former result back lets its record into the answers again. Each is one moment of its own, as a
    repair decided here is; what could not be applied keeps its reason. Stopped in
    the middle, it is asked for again: nothing is applied twice.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale: somebody applied it meanwhile.
        Unavailable: ``LAKE_BUSY``, ``LAKE_FULL``: a record cannot be put back now; what was applied before stays.
    """
    require_desk(actor)
    with transaction.atomic(durable=True):
        made = RepairImport.objects.for_viewer(actor).filter(id=import_id).first()
        if made is None:
            raise NotFound
        mine = RepairImport.objects.filter(id=import_id, version=expected_version)
        if mine.update(version=expected_version + 1, applied_at=at) != 1:
            raise Stale("applied meanwhile")
    for row in list(made.rows.filter(applied_at=None).order_by("line")):
        if row.reason in ("", *_LATER):
            _again(made, row, actor, at)
    made.refresh_from_db()
    return made


def undo_result(
    *, actor: OperatorActor, import_id: str, line: int, reason: str, at: datetime
) -> ImportedResult:
    """Take one applied row back: it was a mistake, or the other platform revoked it. Answers carry the record again; where
    the row had itself taken a repair back, they carry it no more.

    As when a repair decided here is revoked, what the lake let go is put back before, still hidden.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``. Invalid ``reason``. Conflict: ``CONFLICT_STATE``: it was not applied, or
            was taken back. Unavailable: ``LAKE_BUSY``, ``LAKE_FULL``; nothing is changed.
    """
    require_desk(actor)
    why = text_of(reason, field="reason")
    made = RepairImport.objects.for_viewer(actor).filter(id=import_id).first()
    row = made.rows.filter(line=line).first() if made is not None else None
    if made is None or row is None:
        raise NotFound
    if takes_back(row.decision):
        return undo_withdrawal(actor=actor, made=made, row=row, why=why, at=at)
    back_in_lake(_applied(row), at=at)
    unit = unit_of(row)
    with transaction.atomic(durable=True):
        touch_standing(row.uscc, at=at)  # of two who take it back at once the second finds nothing in force
        hidden = _applied(row)
        firm = Enterprise.objects.filter(uscc=row.uscc).first()
        leaf = append_leaf(
            type="CORRECT",
            at=at,
            facts={
                "act": "result_undone",
                "number": made.number,
                "line": row.line,
                "item": row.item,
                "record": row.record_ref,
                "by": actor.user_id,
            },
            refs=Refs(subject=firm.id if firm else None, object=hidden.id),
            personal={"text": why},
        )
        restore(hidden, leaf_index=leaf.index, at=at)
        tell_result(made, row, firm, unit, at, kind="repair_import_undone", change="record_restored")
    return row


def _applied(row: ImportedResult) -> Suppression:
    found = Suppression.objects.filter(imported=row, ended_at=None).first()
    if found is None:
        raise Conflict(Code.CONFLICT_STATE, "nothing of it is in force", facts={"reason": "NOT_IN_FORCE"})
    return found


def _again(made: RepairImport, row: ImportedResult, actor: OperatorActor, at: datetime) -> None:
    cells = {name: str(getattr(row, name)) for name in _WIDTHS}
    verdict = _verdict(cells, made.platform, at)
    if isinstance(verdict, Suppression):
        take_back(made, row, verdict, actor, at)
        return
    if not isinstance(verdict, Found):
        made.rows.filter(id=row.id).update(reason=verdict.value)
        return
    with transaction.atomic(durable=True):
        touch_standing(row.uscc, at=at)  # whoever decides about a record of this firm waits here
        stopped = _stopped(verdict.record.ref)
        if stopped is not None:
            made.rows.filter(id=row.id).update(reason=stopped.value)
            return
        _name_record(row, verdict)
        row.reason, row.applied_at = "", at
        row.save(update_fields=["reason", "applied_at", "item", "record_ref", "label"])
        firm = Enterprise.objects.filter(uscc=row.uscc).first()
        row_id = new_id(Prefix.SUPPRESSION)
        leaf = append_leaf(
            type="CORRECT",
            at=at,
            facts={
                "act": "result_applied",
                "number": made.number,
                "line": row.line,
                "item": row.item,
                "record": row.record_ref,
                "decided_on": row.decided_on,
                "by": actor.user_id,
            },
            refs=Refs(subject=firm.id if firm else None, object=row_id),
            personal={"text": f"{made.platform} {row.document}".strip()},
        )
        suppress_imported(row, verdict.key, row_id=row_id, leaf_index=leaf.index, at=at)
        tell_result(made, row, firm, verdict.record.source_code, at)


# which record a row means


def _judged(rows: list[SmallRow], platform: str, at: datetime) -> list[ImportedResult]:
    made, seen = [], set[tuple[str, ...]]()
    for row in rows:
        cells = {name: row.cells.get(name, "").strip()[:width] for name, width in _WIDTHS.items()}
        one = ImportedResult(line=row.line, **cells)
        told = tuple(cells.values())
        verdict = Unmatched.REPEATED if told in seen else _verdict(cells, platform, at)
        if row.ragged:  # its cells may stand under the wrong columns
            verdict = Unmatched.DOCUMENT
        seen.add(told)
        if isinstance(verdict, Found):
            _name_record(one, verdict)
            stopped = _stopped(one.record_ref)
            one.reason = stopped.value if stopped else ""
        elif isinstance(verdict, Suppression):
            name_former(one, verdict)
        else:
            one.reason = verdict.value
        made.append(one)
    return made


def _name_record(row: ImportedResult, found: Found) -> None:
    row.item, row.record_ref, row.label = found.item.id, found.record.ref, found.label


def _verdict(cells: dict[str, str], platform: str, at: datetime) -> Found | Suppression | Unmatched:
    """The record a row repairs, the repair it takes back, or why neither."""
    row = read_row(cells, today=business_day(at))
    if not isinstance(row, ResultRow):
        return row
    if row.withdraws:
        return former_of(row, platform)
    held = _adverse_records(row.uscc)
    verdict = match(row, [*(_candidate(item, record, at) for item, record in held), *_gone(row.uscc, held)])
    if isinstance(verdict, Unmatched):
        return verdict
    if taken_back_later(row, verdict.ref):
        return Unmatched.WITHDRAWN
    return next(Found(item, record) for item, record in held if record.ref == verdict.ref)


def _adverse_records(uscc: str) -> list[tuple[Item, Record]]:
    items = {one.id: one for one in runtime.catalogue.items.values() if one.adverse and one.mode.is_collected}
    held = held_records(uscc, items=items)
    return [(items[name], record) for name, records in held.items() for record in records]


def _gone(uscc: str, held: list[tuple[Item, Record]]) -> Iterator[Candidate]:
    """The firm's records that no answer carries and the lake holds no more."""
    here = {record.ref for _item, record in held}
    for row in Suppression.objects.filter(uscc=uscc, ended_at=None).exclude(record_ref__in=here):
        numbers = frozenset(str(value) for value in row.record_key.values() if value)
        yield Candidate(row.item, row.record_ref, numbers, date.min, gone=True)


def _candidate(item: Item, record: Record, at: datetime) -> Candidate:
    found = dishonesty(item, record.values)
    assert found is not None
    numbers = frozenset(
        canonical_text(value) for name in item.natural_key if (value := record.values.get(name)) is not None
    )
    over = found.publication_end(runtime.redress_rules.terms) <= business_day(at)
    return Candidate(item.id, record.ref, numbers, found.determined_on, gone=over)


def _stopped(ref: str) -> Unmatched | None:
    """Why a record that is meant exactly is not to be touched."""
    if Suppression.objects.filter(record_ref=ref, ended_at=None).exists():
        return Unmatched.GONE
    if Repair.objects.filter(record_ref=ref, state__in=_PENDING).exists():
        return Unmatched.PENDING
    return None


# the file


def _keep(folder: Path, file_name: str, chunks: Iterable[bytes]) -> tuple[Path, str, int]:
    ending = Path(_name(file_name)).suffix.lower()
    path, digest, size = folder / f"upload{ending if ending.isascii() else ''}", hashlib.sha256(), 0
    with path.open("wb") as out:
        for chunk in chunks:
            size += len(chunk)
            if size > MOST_BYTES:
                facts: dict[str, Fact] = {"field": "file", "max_mb": MOST_BYTES >> 20}
                raise TooLarge(Code.BODY_TOO_LARGE, "the file is over the limit", facts=facts)
            digest.update(chunk)
            out.write(chunk)
    if not size:
        raise Invalid(Code.FILE_EMPTY, "there is nothing in the file", facts={"field": "file"})
    return path, digest.hexdigest(), size


def _name(file_name: str) -> str:
    last = file_name.replace("\\", "/").rsplit("/", 1)[-1].strip()
    return (last if last.isprintable() else "")[-160:] or "results"
