"""What an institution does with a case, what the firm may end, and what the loan tells of it."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from xinqiao.domain.errors import Code, Conflict, Invalid
from xinqiao.domain.loans.plan import MOST_MONTHS
from xinqiao.domain.machine import Role
from xinqiao.domain.market.case import CASE, NEED, CaseEvent, CaseState, NeedState, Refusal
from xinqiao.domain.market.need import FINANCED
from xinqiao.domain.money import MAX_FEN
from xinqiao.hub.actors import Actor, EnterpriseActor, InstitutionActor, SystemActor
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.cases.rows import (
    Happened,
    fire,
    locked,
    refusal_of,
    require_firm,
    require_handler,
    tell,
)
from xinqiao.hub.apps.needs.services import closed
from xinqiao.hub.typed import text_of

_HUB = SystemActor("cases")
_RATE_STEP = Decimal("0.000001")
#: A case that the firm may still take back.
TAKEN_BACK = frozenset(state for state in CaseState if CaseEvent.WITHDRAW in CASE.allowed(state))
#: What the loan of a case tells.
LOAN_EVENTS = frozenset(
    {
        CaseEvent.CONTRACT,
        CaseEvent.DRAW,
        CaseEvent.REPAY,
        CaseEvent.EXTEND,
        CaseEvent.FALL_OVERDUE,
        CaseEvent.CURE,
        CaseEvent.SETTLE,
        CaseEvent.WRITE_OFF,
    }
)


def accept_case(*, actor: InstitutionActor, case_id: str, expected_version: int, at: datetime) -> Case:
    """受理: the institution takes the case up.

    Raises:
        NotFound: absent or foreign. Stale. Forbidden: ``ROLE_FORBIDDEN``. Conflict: ``ILLEGAL_MOVE``; ``CONFLICT_STATE``
        with the reason ``NEED_ENDED``: the need was taken back or is over.
    """
    with transaction.atomic(durable=True):
        row = locked(actor, case_id, expected_version)
        role = require_handler(actor)
        _needed(row, CaseEvent.ACCEPT)
        fire(row, actor, role, CaseEvent.ACCEPT, Happened(at))
        tell(row, "enterprise", what="case_accept", at=at)
    return row


def investigate_case(*, actor: InstitutionActor, case_id: str, expected_version: int, at: datetime) -> Case:
    """尽调 begins. Raises as :func:`accept_case`."""
    with transaction.atomic(durable=True):
        row = locked(actor, case_id, expected_version)
        role = require_handler(actor)
        _needed(row, CaseEvent.INVESTIGATE)
        fire(row, actor, role, CaseEvent.INVESTIGATE, Happened(at))
        tell(row, "enterprise", what="case_investigate", at=at)
    return row


def _needed(row: Case, event: CaseEvent) -> None:
    """Whether the firm still wants it; a move the table refuses is refused first. Raises as :func:`accept_case`."""
    CASE.next(CaseState(row.state), event)
    if NeedState(row.need.state) in NEED.final:
        raise Conflict(Code.CONFLICT_STATE, "the need is over", facts={"reason": "NEED_ENDED"})


def decline_case(
    *, actor: InstitutionActor, case_id: str, reason: str, words: str, expected_version: int, at: datetime
) -> Case:
    """不予受理, with a reason of the list. Raises NotFound, Stale, ROLE_FORBIDDEN, ILLEGAL_MOVE, Invalid ``reason``, ``words``."""
    return _refuse(actor, case_id, CaseEvent.DECLINE, (reason, words), expected_version, at)


def reject_case(
    *, actor: InstitutionActor, case_id: str, reason: str, words: str, expected_version: int, at: datetime
) -> Case:
    """未通过, after due diligence. Raises as :func:`decline_case`."""
    return _refuse(actor, case_id, CaseEvent.REJECT, (reason, words), expected_version, at)


def lapse_case(
    *, actor: InstitutionActor, case_id: str, reason: str, words: str, expected_version: int, at: datetime
) -> Case:
    """授信失效: what was granted and never signed ends. Raises as :func:`decline_case`."""
    return _refuse(actor, case_id, CaseEvent.LAPSE, (reason, words), expected_version, at)


def _refuse(
    actor: InstitutionActor, case_id: str, event: CaseEvent, why: tuple[str, str], expected_version: int, at: datetime
) -> Case:  # fmt: skip
    with transaction.atomic(durable=True):
        row = locked(actor, case_id, expected_version)
        role = require_handler(actor)
        CASE.fire(CaseState(row.state), event, role)
        code, words = refusal_of(*why)
        end(row, actor, role, event, Happened(at, code.value, words))
        tell(row, "enterprise", "operator", what=f"case_{event}", at=at)
    return row


def end(row: Case, actor: Actor, role: Role, event: CaseEvent, happened: Happened) -> None:
    """End a held case without money, with its reason."""
    fire(row, actor, role, event, happened, refusal=happened.reason, refusal_words=happened.text)


def approve_case(
    *, actor: InstitutionActor, case_id: str, amount_fen: int, rate: Decimal, months: int, words: str = "",
    expected_version: int, at: datetime,
) -> Case:  # fmt: skip
    """授信通过: how much (fen), at what yearly rate (0.0385 is 3.85 %), for how many months.

    Raises:
        NotFound. Stale. Forbidden: ``ROLE_FORBIDDEN``. Conflict: as :func:`accept_case`. Invalid: naming ``amount``,
        ``rate``, ``months`` or ``words``.
    """
    with transaction.atomic(durable=True):
        row = locked(actor, case_id, expected_version)
        role = require_handler(actor)
        _needed(row, CaseEvent.APPROVE)
        _granted(amount_fen, rate, months)
        text = text_of(words, field="words", least=0)
        granted = {"approved_fen": amount_fen, "approved_rate": rate, "approved_months": months}
        fire(row, actor, role, CaseEvent.APPROVE, Happened(at, text=text), **granted)
        tell(row, "enterprise", "operator", what="case_approve", at=at)
    return row


def _granted(amount_fen: int, rate: Decimal, months: int) -> None:
    for field, fits in (
        ("amount", 0 < amount_fen <= MAX_FEN),
        ("rate", rate.is_finite() and 0 <= rate <= 1 and not rate % _RATE_STEP),
        ("months", 0 < months <= MOST_MONTHS),
    ):
        if not fits:
            raise Invalid(Code.INVALID, f"{field}: out of bounds", facts={"field": field})


def contract_case(*, actor: InstitutionActor, case_id: str, expected_version: int, at: datetime) -> Case:
    """签约: of one need one institution signs; the need is over with it, and its other open cases are taken back.

    Raises:
        NotFound. Stale. Forbidden: ``ROLE_FORBIDDEN``. Conflict: ``ILLEGAL_MOVE``; ``CONFLICT_STATE`` with the reason
        ``NEED_ENDED``: it was taken back, is over, or another signed, which looks the same.
    """
    with transaction.atomic(durable=True):
        return moved_by_loan(
            actor=actor, case_id=case_id, event=CaseEvent.CONTRACT, expected_version=expected_version, at=at
        )


def moved_by_loan(
    *, actor: InstitutionActor, case_id: str, event: CaseEvent, at: datetime, text: str = "",
    expected_version: int | None = None,
) -> Case:  # fmt: skip
    """What the contract and the loan tell of a case, inside the caller's transaction, so that both are true together.

    The caller asks before it locks rows of its own: the need and the case are locked here, in this order.

    Raises:
        ValueError: no event of a loan. NotFound. Stale. Forbidden: ``ROLE_FORBIDDEN``. Conflict: as :func:`contract_case`.
    """
    if event not in LOAN_EVENTS:
        raise ValueError(f"{event} is no event of a loan")
    with transaction.atomic():
        row = locked(actor, case_id, expected_version)
        role = require_handler(actor)
        if event is CaseEvent.CONTRACT:
            _needed(row, event)
        fire(row, actor, role, event, Happened(at, text=text))
        if event is CaseEvent.CONTRACT:
            closed(row.need, actor=_HUB, code=FINANCED, at=at)
            _end_others(row, at)
        tell(row, "enterprise", what=f"case_{event}", at=at)
    return row


def _end_others(signed: Case, at: datetime) -> None:
    for row in open_cases(signed, at=at):
        if row.id != signed.id:
            take_back(row, _HUB, at)


def open_cases(like: Case, *, at: datetime) -> list[Case]:
    """The cases of the same need that the firm could take back; the need is held by the caller."""
    rows = Case.objects.filter(need=like.need, state__in=[state.value for state in TAKEN_BACK])
    found = list(
        rows.select_for_update(of=("self",)).select_related("institution", "enterprise").order_by("id")
    )
    for row in found:
        row.need = like.need
    return found


def take_back(row: Case, actor: Actor, at: datetime, words: str = "") -> None:
    """End a held case because the firm does not want it any more; others than the firm act for it and give no words."""
    end(
        row, actor, Role.ENTERPRISE, CaseEvent.WITHDRAW, Happened(at, Refusal.ENTERPRISE_WITHDREW.value, words)
    )  # fmt: skip
    tell(row, "institution", what="case_withdraw", at=at)


def withdraw_case(
    *, actor: EnterpriseActor, case_id: str, words: str = "", expected_version: int, at: datetime
) -> Case:
    """撤回申请, until the contract. Raises NotFound, Stale, SUBJECT_NOT_AUTHORISED, ILLEGAL_MOVE, Invalid ``words``."""
    with transaction.atomic(durable=True):
        row = locked(actor, case_id, expected_version)
        require_firm(actor, at)
        CASE.next(CaseState(row.state), CaseEvent.WITHDRAW)
        take_back(row, actor, at, text_of(words, field="words", least=0))
    return row
