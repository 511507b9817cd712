"""A policy's formula in numbers: the same loan for every policy, so that a reader can compare and compute it again.

The loan is one million yuan for 180 days, or what the policy supports of it, from the first day it covers; the guarantee
fee half a percent, the premium 8,000 yuan. It is an example and says so; it is also the estimate for a firm of whose
loans nothing is known.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from xinqiao.domain.policies.claim import Said, benefit
from xinqiao.domain.policies.formulas import Paid, Stretch, turnover_fee
from xinqiao.domain.policies.policy import PolicyKind, PolicyTerms

LOAN_FEN, DAYS, FEE_RATE, PREMIUM_FEN = 100_000_000, 180, Decimal("0.005"), 800_000


@dataclass(frozen=True, slots=True)
class Example:
    """What is assumed and what the formula gives; ``fee_fen`` is what a turnover fund takes for it."""

    said: Said
    paid: Paid
    fee_fen: int = 0

    @property
    def days(self) -> int:
        """How many days are counted."""
        return self.said.days


def worked(terms: PolicyTerms, day: date) -> Example | None:
    """The example of a policy that firms can apply for, ``None`` for the others; ``day`` stands in for a first day."""
    if not terms.pays_firms:
        return None
    first = terms.covers[0] or day
    days = min(DAYS, terms.formula.most_days or DAYS)
    amount = min(LOAN_FEN, terms.loan_fen or LOAN_FEN)
    needs_loan = terms.kind not in (PolicyKind.GRANT, PolicyKind.PREMIUM)
    said = Said(
        principal_fen=amount if needs_loan else 0,
        stretches=(Stretch(first, first + timedelta(days=days), amount),) if needs_loan else (),
        fee_rate=FEE_RATE if terms.kind is PolicyKind.GUARANTEE_FEE else Decimal(0),
        fee_fen=PREMIUM_FEN if terms.kind is PolicyKind.PREMIUM else 0,
    )
    paid = benefit(terms, said, firm_left_fen=terms.firm_cap_fen)
    is_turnover = terms.kind is PolicyKind.TURNOVER
    return Example(
        said, paid, turnover_fee(paid.fen, terms.formula.rate or Decimal(0), days) if is_turnover else 0
    )
