"""还款台账: what a loan stands at on a day, from its plan and what was paid.

A payment goes to the oldest instalment first and in it to the interest before the principal. Penalty interest is the
contract's affair and not counted here; nor is a classification derived: the institution reports it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.loans.plan import Instalment


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came in on a day."""

    day: date
    fen: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A loan on a day, all in fen.

    Attributes:
        balance_fen: principal that is owed, due or not.
        paid_principal_fen, paid_interest_fen: what has come in.
        overdue_fen: due before the day and not paid; what is due on the day itself is not overdue yet.
        overdue_days: days since the oldest unpaid due day; 0 when nothing is overdue.
        next_due: the first due day that is not paid in full, ``None`` when everything is.
        spare_fen: paid beyond the whole plan.
    """

    balance_fen: int
    paid_principal_fen: int
    paid_interest_fen: int
    overdue_fen: int
    overdue_days: int
    next_due: date | None
    spare_fen: int

    @property
    def settled(self) -> bool:
        """Everything of the plan has been paid."""
        return self.next_due is None


def standing(plan: Sequence[Instalment], payments: Sequence[Payment], day: date) -> Standing:
    """The loan at the end of ``day``. Raises ``Invalid`` for a payment that is none."""
    if any(payment.fen <= 0 for payment in payments):
        raise Invalid(Code.INVALID, "a payment above zero", facts={"field": "fen", "reason": "RANGE"})
    left = sum(payment.fen for payment in payments if payment.day <= day)
    principal = interest = overdue = 0
    first_open: date | None = None
    for due in plan:
        to_interest = min(left, due.interest_fen)
        to_principal = min(left - to_interest, due.principal_fen)
        left -= to_interest + to_principal
        interest += to_interest
        principal += to_principal
        unpaid = due.total_fen - to_interest - to_principal
        if unpaid:
            first_open = first_open or due.due_on
            overdue += unpaid if due.due_on < day else 0
    return Standing(
        balance_fen=sum(due.principal_fen for due in plan) - principal,
        paid_principal_fen=principal,
        paid_interest_fen=interest,
        overdue_fen=overdue,
        overdue_days=(day - first_open).days if overdue and first_open else 0,
        next_due=first_open,
        spare_fen=left,
    )
