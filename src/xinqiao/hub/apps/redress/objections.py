"""Verbs of objections. Nothing here changes a record: a source corrects by its batches, and this app looks whether it did."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict, Invalid, TooMany
from xinqiao.domain.machine import Role
from xinqiao.domain.objection import (
    MAY_STATE,
    OPEN,
    RECORD_OBJECTION,
    RecordObjectionEvent,
    RecordObjectionState,
    answer_due,
)
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import Actor, AgentScope, EnterpriseActor, OperatorActor, SourceActor
from xinqiao.hub.apps.consents.records import next_number
from xinqiao.hub.apps.identity.models import Enterprise, Source
from xinqiao.hub.apps.identity.services import require_capacity
from xinqiao.hub.apps.redress.evidence import attach
from xinqiao.hub.apps.redress.lookups import Found, find, one_of
from xinqiao.hub.apps.redress.matters import (
    Happened,
    locked,
    move,
    require_desk,
    require_unit,
    tell,
    write_step,
)
from xinqiao.hub.apps.redress.models import KINDS, Objection
from xinqiao.hub.apps.redress.receivers import tell_receivers
from xinqiao.hub.apps.redress.standing import touch_standing
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime
from xinqiao.hub.typed import form_key, text_of

_OPEN = sorted(state.value for state in OPEN)
_STATEMENT = 300


def submit_objection(
    *,
    actor: EnterpriseActor,
    item: str,
    record_ref: str,
    field: str,
    kind: str,
    reason: str,
    evidence: Sequence[str],
    key: str,
    at: datetime,
) -> Objection:
    """提出异议: the firm says that a record about it, or one field of it, is wrong. The mark is there from now on.

    ``key`` is the form's: the same once more is the same objection.

    Raises:
        Forbidden: ``SUBJECT_NOT_AUTHORISED``. NotFound: no such record of this firm in any answer. Invalid: naming the
            field. Conflict: ``CONFLICT_DUPLICATE`` with the number: the record is disputed already. TooMany: ``TOO_MANY_OPEN``.
    """
    why, key = text_of(reason, field="reason"), form_key(key)
    if kind not in KINDS:
        raise Invalid(Code.INVALID, "no such kind", facts={"field": "kind"})
    require_capacity(actor, AgentScope.OBJECT, at)
    uscc = Enterprise.objects.values_list("uscc", flat=True).get(id=actor.enterprise_id)
    known = Objection.objects.for_viewer(actor).filter(key=key).first()
    if known is not None:
        return known
    found = one_of(uscc, item, record_ref)
    if field and field not in {one.name for one in found.item.fields}:
        raise Invalid(Code.INVALID, "no such field", facts={"field": "field"})
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.OBJECT, at)
        # The lock under which a firm's objections are counted and the form's key is looked up again.
        firm = Enterprise.objects.select_for_update().get(id=actor.enterprise_id)
        known = Objection.objects.filter(enterprise=firm, key=key).first()
        if known is not None:
            return known
        _refuse_flood(firm)
        row = _new(firm, found, at, field=field, kind=kind, reason=why, key=key)
        files = attach(row, evidence, actor)
        touch_standing(firm.uscc, at=at)
        digests: list[Json] = [*sorted(one.digest for one in files)]
        happened = Happened("objection_submitted", "submit", at, why)
        write_step(row, actor, happened, {"evidence": digests, "kind": kind})
        tell(row, "operator", what="objection_submitted", at=at)
    return row


def _refuse_flood(firm: Enterprise) -> None:
    most = runtime.redress_rules.open_per_firm
    if Objection.objects.filter(enterprise=firm, state__in=_OPEN).count() >= most:
        raise TooMany(Code.TOO_MANY_OPEN, "too many are open", facts={"max": most, "retry_after": 86400})


def _new(firm: Enterprise, found: Found, at: datetime, **columns: str) -> Objection:
    rules, day = runtime.redress_rules, business_day(at)
    row = Objection(
        id=new_id(Prefix.OBJECTION),
        number=next_number("OB", at),
        enterprise=firm,
        source=Source.objects.get(code=found.record.source_code),
        item=found.item.id,
        record_ref=found.record.ref,
        label=found.label,
        seen_version=found.record.version,
        seen_digest=found.digest(columns["field"]),
        submitted_at=at,
        forward_by=rules.calendar.add(day, rules.objection_workdays),
        due_on=answer_due(day, rules.answer_days),
        **columns,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        open_one = Objection.objects.filter(
            enterprise=firm, record_ref=found.record.ref, state__in=_OPEN
        ).first()
        number = open_one.number if open_one else ""
        raise Conflict(
            Code.CONFLICT_DUPLICATE,
            "the record is disputed already",
            facts={"field": "record", "number": number},
        ) from None
    return row


def forward_objection(
    *, actor: OperatorActor, objection_id: str, expected_version: int, at: datetime
) -> Objection:
    """转数源核查: the desk passes it on. Raises NotFound, Stale, ROLE_FORBIDDEN, ILLEGAL_MOVE."""
    with transaction.atomic(durable=True):
        row = locked(Objection, actor, objection_id, expected_version)
        _fire(row, actor, RecordObjectionEvent.FORWARD, require_desk(actor), at, forwarded_at=at)
        tell(row, "source", "enterprise", what="objection_forwarded", at=at)
    return row


def decline_objection(
    *, actor: OperatorActor, objection_id: str, reason: str, expected_version: int, at: datetime
) -> Objection:
    """不予受理, with the reason. Raises NotFound, Stale, ROLE_FORBIDDEN, ILLEGAL_MOVE, Invalid ``reason``."""
    why = text_of(reason, field="reason")
    with transaction.atomic(durable=True):
        row = locked(Objection, actor, objection_id, expected_version)
        _fire(row, actor, RecordObjectionEvent.DECLINE, require_desk(actor), at, answer=why, closed_at=at)
        tell(row, "enterprise", what="objection_declined", at=at)
    return row


def correct_objection(
    *, actor: SourceActor, objection_id: str, answer: str, expected_version: int, at: datetime
) -> Objection:
    """已更正: the source has sent the correction, or taken the record back, and answers so.

    Raises:
        NotFound, Stale, ROLE_FORBIDDEN, ILLEGAL_MOVE, Invalid ``answer``. Conflict: ``NOT_CORRECTED``: the lake holds
        the record as it was disputed.
    """
    words = text_of(answer, field="answer")
    # Looked up before the lock: what is later now is not earlier afterwards.
    corrected = _is_corrected(actor, objection_id)
    with transaction.atomic(durable=True):
        row = locked(Objection, actor, objection_id, expected_version)
        role = require_unit(actor)
        RECORD_OBJECTION.fire(RecordObjectionState(row.state), RecordObjectionEvent.CORRECT, role)
        if not corrected:
            raise Conflict(Code.NOT_CORRECTED, "nothing later came", facts={"number": row.number})
        _fire(row, actor, RecordObjectionEvent.CORRECT, role, at, answer=words, closed_at=at)
        tell(row, "enterprise", "operator", what="objection_corrected", at=at)
        tell_receivers(row.enterprise_id, row.item, what="record_corrected", number=row.number, at=at)
    return row


def _is_corrected(actor: SourceActor, objection_id: str) -> bool:
    row = Objection.objects.for_viewer(actor).select_related("enterprise").filter(id=objection_id).first()
    return row is not None and has_correction(row)


def has_correction(row: Objection) -> bool:
    """Whether the lake holds something later than what was disputed, or nothing any more."""
    found = find(row.enterprise.uscc, row.item, row.record_ref)
    if found is None:
        return True
    return found.record.version > row.seen_version and found.digest(row.field) != row.seen_digest


def uphold_objection(
    *, actor: SourceActor, objection_id: str, answer: str, expected_version: int, at: datetime
) -> Objection:
    """核查后未改, with the reason. Raises NotFound, Stale, ROLE_FORBIDDEN, ILLEGAL_MOVE, Invalid ``answer``."""
    words = text_of(answer, field="answer")
    with transaction.atomic(durable=True):
        row = locked(Objection, actor, objection_id, expected_version)
        _fire(row, actor, RecordObjectionEvent.UPHOLD, require_unit(actor), at, answer=words, closed_at=at)
        tell(row, "enterprise", "operator", what="objection_upheld", at=at)
    return row


def leave_objection_open(
    *, actor: OperatorActor, objection_id: str, answer: str, expected_version: int, at: datetime
) -> Objection:
    """未能查明: the time for the answer is over and nobody could tell; the mark stays, with what both have said.

    Raises:
        NotFound, Stale, ROLE_FORBIDDEN, ILLEGAL_MOVE, Invalid ``answer``. Conflict: ``CONFLICT_STATE`` with ``NOT_DUE``:
        the source still has time.
    """
    words = text_of(answer, field="answer")
    with transaction.atomic(durable=True):
        row = locked(Objection, actor, objection_id, expected_version)
        role = require_desk(actor)
        RECORD_OBJECTION.fire(RecordObjectionState(row.state), RecordObjectionEvent.LEAVE_OPEN, role)
        if business_day(at) <= row.due_on:
            facts = {"reason": "NOT_DUE", "until": row.due_on.isoformat()}
            raise Conflict(Code.CONFLICT_STATE, "the source still has time", facts=facts)
        _fire(row, actor, RecordObjectionEvent.LEAVE_OPEN, role, at, answer=words, closed_at=at)
        tell(row, "enterprise", "source", what="objection_left_open", at=at)
    return row


def withdraw_objection(
    *, actor: EnterpriseActor, objection_id: str, expected_version: int, at: datetime
) -> Objection:
    """撤回异议: the mark goes. Raises NotFound, Stale, SUBJECT_NOT_AUTHORISED, ILLEGAL_MOVE."""
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.OBJECT, at)
        row = locked(Objection, actor, objection_id, expected_version)
        at_source = row.forwarded_at is not None
        _fire(row, actor, RecordObjectionEvent.WITHDRAW, Role.ENTERPRISE, at, closed_at=at)
        tell(
            row, *(("operator", "source") if at_source else ("operator",)), what="objection_withdrawn", at=at
        )
    return row


def _fire(
    row: Objection, actor: Actor, event: RecordObjectionEvent, role: Role, at: datetime, **columns: object
) -> None:
    before = RecordObjectionState(row.state)
    state = RECORD_OBJECTION.fire(before, event, role)
    move(row, before.value, state=state.value, **columns)
    text = row.answer if "answer" in columns else ""
    touch_standing(row.enterprise.uscc, at=at)
    write_step(row, actor, Happened(f"objection_{event}", event.value, at, text))


def state_beside(
    *, actor: EnterpriseActor, objection_id: str, text: str, expected_version: int, at: datetime
) -> Objection:
    """声明: a short text beside the record, after the objection did not lead to a correction; another replaces it.

    Raises:
        NotFound, Stale, SUBJECT_NOT_AUTHORISED, Invalid ``text``. Conflict: ``CONFLICT_STATE``: still open, or corrected.
    """
    words = text_of(text, field="text", most=_STATEMENT)
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.OBJECT, at)
        row = locked(Objection, actor, objection_id, expected_version)
        if RecordObjectionState(row.state) not in MAY_STATE:
            raise Conflict(Code.CONFLICT_STATE, "not after this outcome", facts={"state": row.state})
        move(row, row.state, statement=words, stated_at=at)
        touch_standing(row.enterprise.uscc, at=at)
        write_step(row, actor, Happened("objection_stated", "state", at, words))
    return row


def unstate(*, actor: EnterpriseActor, objection_id: str, expected_version: int, at: datetime) -> Objection:
    """Take the statement back. Raises NotFound, Stale, SUBJECT_NOT_AUTHORISED; Conflict: there is none."""
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.OBJECT, at)
        row = locked(Objection, actor, objection_id, expected_version)
        if not row.statement:
            raise Conflict(Code.CONFLICT_STATE, "there is no statement", facts={"state": row.state})
        move(row, row.state, statement="", stated_at=None)
        touch_standing(row.enterprise.uscc, at=at)
        write_step(row, actor, Happened("objection_unstated", "unstate", at))
    return row
