"""What a loan tells its case: the case goes where the loan went, in the same transaction.

The case is held before the contract, everywhere in this order. What the case's table does not know, or what it was told by
hand already, moves nothing: the loan's report is what happened.
"""

from datetime import datetime

from xinqiao.domain.errors import Code, Conflict, Invalid
from xinqiao.domain.loans.said import ContractSaid
from xinqiao.domain.loans.states import LoanEvent
from xinqiao.domain.market.case import CASE, CaseEvent, CaseState
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.cases.services import moved_by_loan
from xinqiao.hub.apps.loans.models import LoanOfCase

#: A renewal without principal ends the case as a settlement does; what became of the money is the loan's to say.
_TELLS = {
    LoanEvent.DRAW: CaseEvent.DRAW,
    LoanEvent.REPAY: CaseEvent.REPAY,
    LoanEvent.PREPAY: CaseEvent.REPAY,
    LoanEvent.EXTEND: CaseEvent.EXTEND,
    LoanEvent.FALL_OVERDUE: CaseEvent.FALL_OVERDUE,
    LoanEvent.CURE: CaseEvent.CURE,
    LoanEvent.SETTLE: CaseEvent.SETTLE,
    LoanEvent.RENEW: CaseEvent.SETTLE,
    LoanEvent.WRITE_OFF: CaseEvent.WRITE_OFF,
}


def signed_case(actor: InstitutionActor, said: ContractSaid, at: datetime) -> Case | None:
    """The case a contract names, moved to signed; ``None`` where it names none.

    Raises:
        Invalid: ``case_no`` with the reason ``NONE``: no case of this institution and this firm. Conflict:
            ``CONFLICT_DUPLICATE``: another contract was reported for it; or as ``moved_by_loan``.
    """
    if not said.case_no:
        return None
    rows = Case.objects.for_viewer(actor).filter(number=said.case_no, enterprise__uscc=said.uscc)
    case = rows.first()
    if case is None:
        raise Invalid(Code.INVALID, "no such case", facts={"field": "case_no", "reason": "NONE"})
    if case.state != CaseState.CONTRACTED.value:
        case = moved_by_loan(actor=actor, case_id=case.id, event=CaseEvent.CONTRACT, at=at)
    if LoanOfCase.objects.filter(case=case).exists():
        raise Conflict(Code.CONFLICT_DUPLICATE, "another contract", facts={"field": "case_no"})
    return case


def tell_case(actor: InstitutionActor, contract_id: str, event: LoanEvent, at: datetime) -> None:
    """Move the case of a contract, if it has one, before the contract is held. Raises NotFound for a foreign contract's."""
    told = _TELLS.get(event)
    case = Case.objects.for_viewer(actor).filter(loan__contract_id=contract_id).first() if told else None
    if case is None or told is None:
        return
    state = CaseState(case.state)
    if state is CaseState.DRAWN and event is not LoanEvent.DRAW:
        state = CaseState(moved_by_loan(actor=actor, case_id=case.id, event=CaseEvent.REPAY, at=at).state)
    if (state, told) in CASE.moves:
        moved_by_loan(actor=actor, case_id=case.id, event=told, at=at)
