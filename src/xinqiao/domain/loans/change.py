"""提前还款与展期: what becomes of a plan when part of the loan is paid early or the last day is put off.

What was due up to the day of the change stays as it was; an early payment stands in the plan on its own day; the rest of
the principal is spread over the due days that are left, by the same method. So the principal of a plan sums to what was
lent before and after every change, and the ledger needs to know nothing about changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import NoReturn

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.loans.plan import Instalment, Method, Stretch, Terms, plan_over
from xinqiao.domain.period import add_months


@dataclass(frozen=True, slots=True)
class Change:
    """What is agreed on a day.

    Attributes:
        day: when it takes effect; before the last due day.
        principal_fen: paid early, less than what is still to come; 0 for an extension.
        interest_fen: paid with it, as the institution counts it for the days since the last due day.
        months: by which the last due day is put off; 0 for a prepayment.
        rate: the nominal rate of the rest, ``None`` for the same.
    """

    day: date
    principal_fen: int = 0
    interest_fen: int = 0
    months: int = 0
    rate: Decimal | None = None


def changed_terms(terms: Terms, change: Change) -> Terms:
    """The terms from the change on; the principal stays what was lent. Raises ``Invalid`` for what cannot be agreed."""
    rate = terms.annual_rate if change.rate is None else change.rate
    return replace(terms, months=terms.months + change.months, annual_rate=rate)


def changed_plan(terms: Terms, plan: Sequence[Instalment], change: Change) -> tuple[Instalment, ...]:
    """The whole plan after a change to one that follows ``terms``.

    Raises:
        Invalid: ``INVALID`` naming ``on`` (``BEFORE`` the drawdown, ``LATE``: the last due day has come), ``amount``
            (``RANGE``: below zero, nothing changes, or no less than what is to come: then the loan is settled), or as ``Terms``.
    """
    if change.day < terms.drawn_on:
        _bad("on", "BEFORE")
    if change.day >= terms.due_on:
        _bad("on", "LATE")
    kept = [due for due in plan if due.due_on <= change.day]
    left = terms.principal_fen - sum(due.principal_fen for due in kept)
    if min(change.principal_fen, change.interest_fen, change.months) < 0 or change.principal_fen >= left:
        _bad("amount", "RANGE")
    if not change.principal_fen and not change.months:
        _bad("amount", "RANGE")
    if change.principal_fen:
        left -= change.principal_fen
        paid = Instalment(len(kept) + 1, change.day, change.principal_fen, change.interest_fen, left)
        kept.append(paid)
    after = changed_terms(terms, change)
    rest = replace(after, principal_fen=left)
    return (*kept, *plan_over(rest, _left(after, change.day), first=len(kept) + 1))


def _left(terms: Terms, day: date) -> list[Stretch]:
    """The periods that end after a day; the one the day is in counts whole, on what is left of the principal."""
    if terms.method is Method.BULLET:
        return [Stretch(terms.due_on, terms.day_count.share(terms.drawn_on, terms.due_on, terms.months))]
    days = [add_months(terms.drawn_on, month) for month in range(terms.months + 1)]
    return [Stretch(end, terms.day_count.share(start, end, 1)) for start, end in pairwise(days) if end > day]


def _bad(field: str, reason: str) -> NoReturn:
    raise Invalid(Code.INVALID, f"{field}: {reason}", facts={"field": field, "reason": reason})
