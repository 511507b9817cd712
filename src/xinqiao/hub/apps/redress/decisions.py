"""Verbs of the unit that determined, and of the desk, about credit repair: accept, send back, extend, decide.

A repair is one moment: in the transaction of the decision the record is suppressed, and no answer made after it
carries it. Taking it out of the lake and telling other platforms follow behind.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from xinqiao.domain.errors import Code, Conflict
from xinqiao.domain.machine import Role
from xinqiao.domain.period import business_day
from xinqiao.domain.repair import REPAIR, RepairEvent, RepairState
from xinqiao.hub.actors import OperatorActor, SourceActor
from xinqiao.hub.apps.redress.matters import (
    Happened,
    locked,
    move,
    require_either,
    require_unit,
    tell,
    write_step,
)
from xinqiao.hub.apps.redress.models import Repair
from xinqiao.hub.apps.redress.receivers import tell_receivers
from xinqiao.hub.apps.redress.standing import touch_standing
from xinqiao.hub.apps.redress.suppression import back_in_lake, restore, suppress_repaired
from xinqiao.hub.runtime import runtime
from xinqiao.hub.typed import text_of

type Desk = OperatorActor | SourceActor


def accept_repair(*, actor: Desk, repair_id: str, expected_version: int, at: datetime) -> Repair:
    """受理: complete; the days for the decision begin. Raises NotFound, Stale, ROLE_FORBIDDEN, ILLEGAL_MOVE."""
    rules = runtime.redress_rules
    with transaction.atomic(durable=True):
        row = locked(Repair, actor, repair_id, expected_version)
        due = rules.calendar.add(business_day(at), rules.decide_workdays)
        columns: dict[str, Any] = {"accepted_at": at, "decide_by": due, "late_told_at": None}
        _fire(row, actor, RepairEvent.ACCEPT, require_either(actor), at, **columns)
        tell(
            row,
            "enterprise",
            "source" if isinstance(actor, OperatorActor) else "operator",
            what="repair_accepted",
            at=at,
        )
    return row


def return_repair(*, actor: Desk, repair_id: str, reason: str, expected_version: int, at: datetime) -> Repair:
    """退回补正, with what is missing. Raises NotFound, Stale, ROLE_FORBIDDEN, ILLEGAL_MOVE, Invalid ``reason``."""
    why = text_of(reason, field="reason")
    with transaction.atomic(durable=True):
        row = locked(Repair, actor, repair_id, expected_version)
        _fire(row, actor, RepairEvent.RETURN, require_either(actor), at, why)
        tell(row, "enterprise", what="repair_returned", at=at)
    return row


def extend_repair(
    *, actor: SourceActor, repair_id: str, reason: str, expected_version: int, at: datetime
) -> Repair:
    """延长办理, once, for a complicated one.

    Raises:
        NotFound, Stale, ROLE_FORBIDDEN, ILLEGAL_MOVE, Invalid ``reason``. Conflict: ``CONFLICT_STATE`` with ``EXTENDED``.
    """
    why, rules = text_of(reason, field="reason"), runtime.redress_rules
    with transaction.atomic(durable=True):
        row = locked(Repair, actor, repair_id, expected_version)
        role = require_unit(actor)
        REPAIR.fire(RepairState(row.state), RepairEvent.EXTEND, role)
        if row.extended or row.decide_by is None:
            raise Conflict(Code.CONFLICT_STATE, "extended already", facts={"reason": "EXTENDED"})
        due = rules.calendar.add(row.decide_by, rules.extend_workdays)
        _fire(row, actor, RepairEvent.EXTEND, role, at, why, extended=True, decide_by=due, late_told_at=None)
        tell(row, "enterprise", "operator", what="repair_extended", at=at)
    return row


def grant_repair(
    *, actor: SourceActor, repair_id: str, answer: str, expected_version: int, at: datetime
) -> Repair:
    """决定修复: from this instant the record is in no report, no file, no public page. The one way back is :func:`revoke_repair`.

    Raises:
        NotFound, Stale, ROLE_FORBIDDEN, ILLEGAL_MOVE, Invalid ``answer``.
    """
    words = text_of(answer, field="answer")
    with transaction.atomic(durable=True):
        row = locked(Repair, actor, repair_id, expected_version)
        REPAIR.fire(RepairState(row.state), RepairEvent.REPAIR, require_unit(actor))
        touch_standing(row.enterprise.uscc, at=at)
        leaf = _fire(row, actor, RepairEvent.REPAIR, require_unit(actor), at, words, decided_at=at)
        suppress_repaired(row, leaf_index=leaf, at=at)
        tell(row, "enterprise", "operator", what="repair_repaired", at=at)
        tell_receivers(row.enterprise_id, row.item, what="record_repaired", number=row.number, at=at)
    return row


def refuse_repair(
    *, actor: SourceActor, repair_id: str, answer: str, expected_version: int, at: datetime
) -> Repair:
    """不予修复, with the reason. Raises NotFound, Stale, ROLE_FORBIDDEN, ILLEGAL_MOVE, Invalid ``answer``."""
    words = text_of(answer, field="answer")
    with transaction.atomic(durable=True):
        row = locked(Repair, actor, repair_id, expected_version)
        _fire(row, actor, RepairEvent.TURN_DOWN, require_unit(actor), at, words, decided_at=at)
        tell(row, "enterprise", "operator", what="repair_not_repaired", at=at)
    return row


def revoke_repair(
    *, actor: SourceActor, repair_id: str, reason: str, expected_version: int, at: datetime
) -> Repair:
    """撤销修复: the promise was false, or was broken. From this instant answers carry the record again.

    What the lake had let go is put back before, still hidden; the decision itself, its leaf, and the end of the
    suppression are one transaction. A term that is over by now stays over.

    Raises:
        NotFound, Stale, ROLE_FORBIDDEN, ILLEGAL_MOVE, Invalid ``reason``. Unavailable: ``LAKE_BUSY``, ``LAKE_FULL``;
            nothing is decided.
    """
    why = text_of(reason, field="reason")
    with transaction.atomic():
        row = locked(Repair, actor, repair_id, expected_version)
        REPAIR.fire(RepairState(row.state), RepairEvent.REVOKE, require_unit(actor))
    back_in_lake(row.suppression, at=at)
    with transaction.atomic(durable=True):
        row = locked(Repair, actor, repair_id, expected_version)
        role = require_unit(actor)
        REPAIR.fire(RepairState(row.state), RepairEvent.REVOKE, role)
        touch_standing(row.enterprise.uscc, at=at)
        leaf = _fire(row, actor, RepairEvent.REVOKE, role, at, why)
        restore(row.suppression, leaf_index=leaf, at=at)
        tell(row, "enterprise", "operator", what="repair_revoked", at=at)
        tell_receivers(row.enterprise_id, row.item, what="record_restored", number=row.number, at=at)
    return row


def _fire(
    row: Repair, actor: Desk, event: RepairEvent, role: Role, at: datetime, words: str = "", **columns: object
) -> int:
    """The move, its step and its leaf; the leaf's index."""
    before = RepairState(row.state)
    state = REPAIR.fire(before, event, role)
    if words:
        columns["answer"] = words
    move(row, before.value, state=state.value, **columns)
    return write_step(row, actor, Happened(f"repair_{event}", event.value, at, words)).index
