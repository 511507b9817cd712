"""Rows that take a former result of the same platform back: the record is in the answers again, with its marks.

Exactly one repair in force must be meant, brought by an earlier row of that platform; a repair decided here is revoked by
the unit that determined, not by a file. Such a row can itself be undone: then the record leaves the answers again.
"""

from datetime import datetime

from django.db import transaction

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict
from xinqiao.domain.period import business_day, parse_date
from xinqiao.domain.repair import PENDING
from xinqiao.domain.repair_results import Former, ResultRow, Unmatched, match_withdrawal, takes_back
from xinqiao.hub.actors import OperatorActor
from xinqiao.hub.apps.audit.services import LeafRef, Refs, append_leaf
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.redress.import_parts import tell_result, unit_of
from xinqiao.hub.apps.redress.models import ImportedResult, Repair, RepairImport, Suppression
from xinqiao.hub.apps.redress.standing import touch_standing
from xinqiao.hub.apps.redress.suppression import back_in_lake, restore, suppress_imported
from xinqiao.hub.ids import Prefix, new_id


def former_of(row: ResultRow, platform: str) -> Suppression | Unmatched:
    """The repair in force that a row of a platform's file takes back, or why there is none."""
    hidden = {
        one.record_ref: one
        for one in Suppression.objects.filter(uscc=row.uscc, reason="repaired", ended_at=None).select_related(
            "imported__source_file"
        )
    }
    found = match_withdrawal(row, [_former(one) for one in hidden.values()], platform)
    return found if isinstance(found, Unmatched) else hidden[found.ref]


def _former(one: Suppression) -> Former:
    numbers = {str(value) for value in one.record_key.values() if value}
    if one.imported is None:
        return Former(one.record_ref, frozenset(numbers), business_day(one.from_at))
    by = one.imported
    numbers |= {by.document} if by.document else set()
    return Former(one.record_ref, frozenset(numbers), parse_date(by.decided_on), by.source_file.platform)


def name_former(row: ImportedResult, hidden: Suppression) -> None:
    """Write down which record a row means."""
    row.item, row.record_ref = hidden.item, hidden.record_ref
    row.label = hidden.imported.label if hidden.imported else ""


def taken_back_later(row: ResultRow, ref: str) -> bool:
    """Whether a decision of the same day or later took the repair of a record back: an old file does not repair it again."""
    done = ImportedResult.objects.filter(record_ref=ref, applied_at__isnull=False, suppression=None)
    return any(takes_back(one.decision) and parse_date(one.decided_on) >= row.decided_on for one in done)


def take_back(
    made: RepairImport, row: ImportedResult, hidden: Suppression, actor: OperatorActor, at: datetime
) -> None:
    """Let the record of one row into the answers again, as when a repair decided here is revoked.

    Raises:
        Unavailable: ``LAKE_BUSY``, ``LAKE_FULL``; nothing is changed.
    """
    back_in_lake(hidden, at=at)
    name_former(row, hidden)
    unit = unit_of(row)
    with transaction.atomic(durable=True):
        touch_standing(row.uscc, at=at)  # of two who take it back at once the second finds nothing in force
        if not Suppression.objects.filter(id=hidden.id, ended_at=None).exists():
            made.rows.filter(id=row.id).update(reason=Unmatched.NOT_IN_FORCE.value)
            return
        row.reason, row.applied_at = "", at
        row.save(update_fields=["reason", "applied_at", "item", "record_ref", "label"])
        firm = Enterprise.objects.filter(uscc=row.uscc).first()
        leaf = _leaf(
            "result_withdrawn",
            made,
            row,
            firm,
            hidden.id,
            actor,
            at,
            f"{made.platform} {row.document}".strip(),
        )
        restore(hidden, leaf_index=leaf.index, at=at)
        tell_result(made, row, firm, unit, at, kind="repair_import_revoked", change="record_restored")


def undo_withdrawal(
    *, actor: OperatorActor, made: RepairImport, row: ImportedResult, why: str, at: datetime
) -> ImportedResult:
    """Undo a row that took a repair back: the record leaves the answers again, now on the word of this row's undoing.

    Raises:
        Conflict: ``CONFLICT_STATE``: it was not applied or was undone; the record is hidden already, or an application
            for its repair is pending here.
    """
    unit = unit_of(row)
    with transaction.atomic(durable=True):
        touch_standing(row.uscc, at=at)
        _may_undo(row)
        last = Suppression.objects.filter(record_ref=row.record_ref).order_by("from_at", "id").last()
        assert last is not None  # it hid the record before
        firm, row_id = Enterprise.objects.filter(uscc=row.uscc).first(), new_id(Prefix.SUPPRESSION)
        leaf = _leaf("withdrawal_undone", made, row, firm, row_id, actor, at, why)
        key = {str(name): str(value) for name, value in last.record_key.items()}
        suppress_imported(row, key, row_id=row_id, leaf_index=leaf.index, at=at)
        tell_result(made, row, firm, unit, at)
    return row


def _may_undo(row: ImportedResult) -> None:
    done = ImportedResult.objects.filter(id=row.id, applied_at__isnull=False, suppression=None).exists()
    hidden = Suppression.objects.filter(record_ref=row.record_ref, ended_at=None).exists()
    pending = Repair.objects.filter(
        record_ref=row.record_ref, state__in=sorted(state.value for state in PENDING)
    ).exists()
    if not done or hidden:
        raise Conflict(Code.CONFLICT_STATE, "nothing of it is in force", facts={"reason": "NOT_IN_FORCE"})
    if pending:
        raise Conflict(Code.CONFLICT_STATE, "an application is pending", facts={"reason": "PENDING"})


def _leaf(
    act: str, made: RepairImport, row: ImportedResult, firm: Enterprise | None, object_id: str, actor: OperatorActor,
    at: datetime, text: str,
) -> LeafRef:  # fmt: skip
    facts: dict[str, Json] = {
        "act": act, "number": made.number, "line": row.line, "item": row.item, "record": row.record_ref,
        "decided_on": row.decided_on, "by": actor.user_id,
    }  # fmt: skip
    return append_leaf(
        type="CORRECT", at=at, facts=facts, refs=Refs(subject=firm.id if firm else None, object=object_id),
        personal={"text": text},
    )  # fmt: skip
