"""补件: an institution asks for things one by one, the firm answers each, and the case goes back when nothing is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict, Invalid, NotFound
from xinqiao.domain.market.case import CASE, CaseEvent, CaseState
from xinqiao.domain.market.case_work import ActionKind, ActionState
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import EnterpriseActor, InstitutionActor
from xinqiao.hub.apps.cases.authorised import is_authorised
from xinqiao.hub.apps.cases.files import attach
from xinqiao.hub.apps.cases.models import Case, CaseAction
from xinqiao.hub.apps.cases.rows import (
    Happened,
    change,
    fire,
    locked,
    note,
    require_firm,
    require_handler,
    tell,
)
from xinqiao.hub.apps.consents.records import actor_columns
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime
from xinqiao.hub.typed import text_of

MOST_AT_ONCE = 10
_WORDS = 300


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing asked for; ``item`` is the item of the catalogue that is to be authorised, else empty."""

    kind: str
    words: str
    item: str = ""


def ask_firm(
    *, actor: InstitutionActor, case_id: str, asks: Sequence[Ask], expected_version: int, at: datetime
) -> Case:
    """要求补件: the firm is asked to upload, confirm or authorise; its clock begins.

    Raises:
        NotFound. Stale. Forbidden: ``ROLE_FORBIDDEN``. Conflict: ``ILLEGAL_MOVE``. Invalid: naming ``asks``, ``kind``,
        ``item`` or ``words``.
    """
    with transaction.atomic(durable=True):
        row = locked(actor, case_id, expected_version)
        role = require_handler(actor)
        CASE.next(CaseState(row.state), CaseEvent.ASK)
        if not 1 <= len(asks) <= MOST_AT_ONCE:
            raise Invalid(Code.INVALID, "1 to 10 things", facts={"field": "asks", "max": MOST_AT_ONCE})
        read = [_read(one) for one in asks]
        fire(row, actor, role, CaseEvent.ASK, Happened(at))
        _write(row, actor, read, at)
        tell(row, "enterprise", what="case_ask", at=at)
    return row


def _read(ask: Ask) -> Ask:
    if ask.kind not in set(ActionKind):
        raise Invalid(Code.INVALID, "no such kind", facts={"field": "kind"})
    known = ask.item in runtime.catalogue.items
    if known != (ask.kind == ActionKind.AUTHORISE) or (ask.item and not known):
        raise Invalid(Code.INVALID, "an item goes with an authorisation", facts={"field": "item"})
    return Ask(ask.kind, text_of(ask.words, field="words", most=_WORDS), ask.item)


def _write(row: Case, actor: InstitutionActor, asks: Sequence[Ask], at: datetime) -> None:
    before, label = row.actions.count(), actor_columns(actor)[2][:120]
    CaseAction.objects.bulk_create(
        CaseAction(
            id=new_id(Prefix.CASE_ACTION), case=row, seq=before + place, kind=one.kind, item=one.item, words=one.words,
            asked_at=at, asked_by=label, due_on=row.due_on or business_day(at),
        )
        for place, one in enumerate(asks, 1)
    )  # fmt: skip


def answer_action(
    *, actor: EnterpriseActor, case_id: str, action_id: str, can: bool, answer: str, files: Sequence[str],
    expected_version: int, at: datetime,
) -> Case:  # fmt: skip
    """The firm answers one thing: done, with its files or the authorisation it gave, or that it cannot, with the reason.

    Raises:
        NotFound. Stale. Forbidden: ``SUBJECT_NOT_AUTHORISED``. Conflict: ``CONFLICT_STATE``: nothing is asked now, or it was
        answered. Invalid: ``answer``: a reason is missing; ``files``: a file is missing, or not the firm's; ``item``: the
        institution has no authorisation in force for it.
    """
    with transaction.atomic(durable=True):
        row = locked(actor, case_id, expected_version)
        require_firm(actor, at)
        action = row.actions.filter(id=action_id).first()
        if action is None:
            raise NotFound
        if row.state != CaseState.SUPPLEMENT.value or action.state != ActionState.OPEN.value:
            raise Conflict(Code.CONFLICT_STATE, "not asked, or answered", facts={"state": action.state})
        words = text_of(answer, field="answer", least=0 if can else 1)
        digests = _done(row, action, files, actor, at) if can else []
        action.state = (ActionState.DONE if can else ActionState.CANNOT).value
        action.answer, action.answered_at = words, at
        action.answered_by = actor_columns(actor)[2][:120]
        action.save(update_fields=["state", "answer", "answered_at", "answered_by"])
        change(row)
        facts: dict[str, Json] = {
            "action": action.id,
            "kind": action.kind,
            "outcome": action.state,
            "files": digests,
        }
        note(row, actor, require_firm(actor, at), "answer", Happened(at, text=words), facts)
    return row


def _done(
    row: Case, action: CaseAction, files: Sequence[str], actor: EnterpriseActor, at: datetime
) -> list[Json]:
    if action.kind == ActionKind.AUTHORISE.value and not is_authorised(row, action.item, at):
        raise Invalid(Code.INVALID, "no authorisation in force", facts={"field": "item"})
    if action.kind == ActionKind.UPLOAD.value and not files:
        raise Invalid(Code.INVALID, "a file is missing", facts={"field": "files"})
    return [one.digest for one in attach(action, files, actor)]


def supply_case(*, actor: EnterpriseActor, case_id: str, expected_version: int, at: datetime) -> Case:
    """补件提交: everything was answered, and the institution goes on.

    Raises:
        NotFound. Stale. Forbidden: ``SUBJECT_NOT_AUTHORISED``. Conflict: ``ILLEGAL_MOVE``; ``CONFLICT_STATE`` with the reason
        ``ACTIONS_OPEN`` and how many.
    """
    with transaction.atomic(durable=True):
        row = locked(actor, case_id, expected_version)
        role = require_firm(actor, at)
        CASE.next(CaseState(row.state), CaseEvent.SUPPLY)
        left = row.actions.filter(state=ActionState.OPEN.value).count()
        if left:
            raise Conflict(
                Code.CONFLICT_STATE,
                "not everything is answered",
                facts={"reason": "ACTIONS_OPEN", "open": left},
            )
        fire(row, actor, role, CaseEvent.SUPPLY, Happened(at))
        tell(row, "institution", what="case_supply", at=at)
    return row
