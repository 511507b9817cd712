"""What is said inside a case: messages between the firm and its institution, stars afterwards, and complaints."""

from datetime import datetime

from django.db import IntegrityError, transaction

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale
from xinqiao.domain.machine import Role
from xinqiao.domain.market.case import CASE, CaseState
from xinqiao.domain.market.case_work import COMPLAINT, ComplaintEvent, ComplaintState
from xinqiao.hub.actors import Actor, EnterpriseActor, InstitutionActor, OperatorActor, OperatorRole
from xinqiao.hub.apps.cases.models import SIGNED, Case, CaseComplaint, CaseMessage, CaseRating
from xinqiao.hub.apps.cases.rows import Happened, locked, note, require_firm, require_handler, tell
from xinqiao.hub.apps.consents.records import actor_columns, next_number
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.typed import form_key, text_of

_MESSAGE, _JUDGEMENT = 1000, 300
_DESK = frozenset({OperatorRole.ADMIN, OperatorRole.SERVICE})
#: The firm may judge: it is over, or the contract is signed.
JUDGED = CASE.final | SIGNED


def _side(actor: EnterpriseActor | InstitutionActor, at: datetime) -> Role:
    return require_firm(actor, at) if isinstance(actor, EnterpriseActor) else require_handler(actor)


def send_message(
    *, actor: EnterpriseActor | InstitutionActor, case_id: str, text: str, key: str, at: datetime
) -> CaseMessage:
    """One side writes to the other. The same form once more is the same message.

    Raises:
        NotFound. Forbidden: ``SUBJECT_NOT_AUTHORISED``, ``ROLE_FORBIDDEN``. Invalid: ``text`` or ``key``. Conflict:
        ``CONFLICT_STATE``: the case is over.
    """
    words, key = text_of(text, field="text", most=_MESSAGE), form_key(key)
    with transaction.atomic(durable=True):
        row = locked(actor, case_id, None)
        role = _side(actor, at)
        known = CaseMessage.objects.filter(case=row, side=role.value, key=key).first()
        if known is not None:
            return known
        if CaseState(row.state) in CASE.final:
            raise Conflict(Code.CONFLICT_STATE, "the case is over", facts={"state": row.state})
        sent = CaseMessage.objects.create(
            id=new_id(Prefix.CASE_MESSAGE), case=row, seq=CaseMessage.objects.filter(case=row).count() + 1, key=key,
            side=role.value, author_label=actor_columns(actor)[2][:120], text=words, at=at,
        )  # fmt: skip
        tell(row, _other(role), what="case_message", at=at)
    return sent


def _other(role: Role) -> str:
    return "institution" if role is Role.ENTERPRISE else "enterprise"


def read_messages(*, actor: EnterpriseActor | InstitutionActor, case_id: str, at: datetime) -> int:
    """What the other side wrote is read now; how many there were. Raises NotFound."""
    row = Case.objects.for_viewer(actor).filter(id=case_id).first()
    if row is None:
        raise NotFound
    theirs = "institution" if isinstance(actor, EnterpriseActor) else "enterprise"
    return CaseMessage.objects.filter(case=row, side=theirs, read_at=None).update(read_at=at)


def rate_case(
    *, actor: EnterpriseActor, case_id: str, stars: int, words: str = "", at: datetime
) -> CaseRating:
    """满意度: once, one to five stars.

    Raises:
        NotFound. Forbidden: ``SUBJECT_NOT_AUTHORISED``. Invalid: ``stars`` or ``words``. Conflict: ``CONFLICT_STATE``: not yet
        over; ``CONFLICT_DUPLICATE``: judged already.
    """
    if not 1 <= stars <= 5:
        raise Invalid(Code.INVALID, "1 to 5", facts={"field": "stars"})
    judgement = text_of(words, field="words", most=_JUDGEMENT, least=0)
    with transaction.atomic(durable=True):
        row = locked(actor, case_id, None)
        role = require_firm(actor, at)
        if CaseState(row.state) not in JUDGED:
            raise Conflict(Code.CONFLICT_STATE, "not yet over", facts={"state": row.state})
        if CaseRating.objects.filter(case=row).exists():
            raise Conflict(Code.CONFLICT_DUPLICATE, "judged already", facts={"field": "stars"})
        made = CaseRating.objects.create(case=row, stars=stars, words=judgement, at=at)
        note(row, actor, role, "rate", Happened(at), {"stars": stars})
    return made


def lodge_complaint(
    *, actor: EnterpriseActor, case_id: str, text: str, key: str, at: datetime
) -> CaseComplaint:
    """投诉: the platform looks into how the case was handled. The same form once more is the same complaint.

    Raises:
        NotFound. Forbidden: ``SUBJECT_NOT_AUTHORISED``. Invalid: ``text`` or ``key``. Conflict: ``CONFLICT_DUPLICATE`` with the
        number: one is open.
    """
    words, key = text_of(text, field="text"), form_key(key)
    with transaction.atomic(durable=True):
        row = locked(actor, case_id, None)
        role = require_firm(actor, at)
        known = CaseComplaint.objects.filter(case=row, key=key).first()
        if known is not None:
            return known
        number = next_number("CP", at)
        try:
            with transaction.atomic():
                made = CaseComplaint.objects.create(
                    id=new_id(Prefix.COMPLAINT), number=number, case=row, key=key, text=words, lodged_at=at
                )
        except IntegrityError:
            raise Conflict(
                Code.CONFLICT_DUPLICATE, "a complaint is open", facts={"field": "complaint"}
            ) from None
        note(row, actor, role, "complain", Happened(at), {"complaint": made.number})
        tell(row, "operator", what="case_complaint", at=at)
    return made


def take_up_complaint(
    *, actor: OperatorActor, complaint_id: str, expected_version: int, at: datetime
) -> CaseComplaint:
    """受理投诉. Raises NotFound, Stale, ROLE_FORBIDDEN, ILLEGAL_MOVE."""
    label = actor_columns(actor)[2][:120]
    with transaction.atomic(durable=True):
        row = _complaint(actor, complaint_id, expected_version)
        _require_desk(actor)
        _move(row, actor, Role.OPERATOR, ComplaintEvent.TAKE_UP, at, taken_up_at=at, taken_up_by=label)
        tell(row.case, "enterprise", what="case_complaint_taken_up", at=at)
    return row


def answer_complaint(
    *, actor: OperatorActor, complaint_id: str, answer: str, expected_version: int, at: datetime
) -> CaseComplaint:
    """答复投诉. Raises NotFound, Stale, ROLE_FORBIDDEN, ILLEGAL_MOVE, Invalid ``answer``."""
    words = text_of(answer, field="answer")
    with transaction.atomic(durable=True):
        row = _complaint(actor, complaint_id, expected_version)
        _require_desk(actor)
        _move(row, actor, Role.OPERATOR, ComplaintEvent.ANSWER, at, answer=words, ended_at=at)
        tell(row.case, "enterprise", what="case_complaint_answered", at=at)
    return row


def withdraw_complaint(
    *, actor: EnterpriseActor, complaint_id: str, expected_version: int, at: datetime
) -> CaseComplaint:
    """撤回投诉. Raises NotFound, Stale, SUBJECT_NOT_AUTHORISED, ILLEGAL_MOVE."""
    with transaction.atomic(durable=True):
        row = _complaint(actor, complaint_id, expected_version)
        role = require_firm(actor, at)
        _move(row, actor, role, ComplaintEvent.WITHDRAW, at, ended_at=at)
    return row


def _require_desk(actor: OperatorActor) -> None:
    if not actor.roles & _DESK:
        raise Forbidden(Code.ROLE_FORBIDDEN, "the platform role is missing")


def _complaint(actor: Actor, complaint_id: str, expected_version: int) -> CaseComplaint:
    rows = CaseComplaint.objects.for_viewer(actor)
    case_id = rows.filter(id=complaint_id).values_list("case_id", flat=True).first()
    if case_id is None:
        raise NotFound
    held = locked(actor, case_id, None)
    row = rows.get(id=complaint_id)
    row.case = held
    if row.version != expected_version:
        raise Stale("changed since it was shown")
    return row


def _move(
    row: CaseComplaint, actor: Actor, role: Role, event: ComplaintEvent, at: datetime, **columns: object
) -> None:
    state = COMPLAINT.fire(ComplaintState(row.state), event, role)
    columns |= {"state": state.value, "version": row.version + 1}
    if CaseComplaint.objects.filter(id=row.id, state=row.state, version=row.version).update(**columns) != 1:
        raise Stale("changed meanwhile")
    for name, value in columns.items():
        setattr(row, name, value)
    note(row.case, actor, role, f"complaint_{event}", Happened(at), {"complaint": row.number})
