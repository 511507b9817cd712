"""台账: what a contract stands at on any day, from its plans, its payments and the positions its institution reported.

Two sources, and the newer one speaks: payments that were reported one by one are put against the plan in force on the day;
a position of a monthly file counts from its day until a later payment or position. Classes are only ever reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from xinqiao.domain.errors import Invalid
from xinqiao.domain.loans.cost import Drawn, Fee, annual_cost, flows_of
from xinqiao.domain.loans.ledger import Payment, Standing, standing
from xinqiao.domain.loans.plan import Instalment, Terms
from xinqiao.domain.loans.states import FiveClass
from xinqiao.domain.market.product import Charge, ChargeBasis, ChargeKind
from xinqiao.domain.market.quote import Wish, fees_of


@dataclass(frozen=True, slots=True)
class Made:
    """A plan and the day from which it is in force."""

    since: date
    plan: tuple[Instalment, ...]


@dataclass(frozen=True, slots=True)
class Tranche:
    """One drawdown: its terms when it was drawn, its plans from the first on, what came in for it."""

    terms: Terms
    plans: tuple[Made, ...]
    payments: tuple[Payment, ...] = ()

    def plan_on(self, day: date) -> tuple[Instalment, ...]:
        """The plan in force on a day; before the first, the first."""
        return next((made.plan for made in reversed(self.plans) if made.since <= day), self.plans[0].plan)


@dataclass(frozen=True, slots=True)
class Reported:
    """How the institution said a contract stood at the end of a day."""

    day: date
    balance_fen: int
    overdue_fen: int
    overdue_days: int
    five_class: FiveClass


@dataclass(frozen=True, slots=True)
class History:
    """Everything known of a contract. ``reported`` and ``classes`` in the order they came; the last word on a day counts.

    ``ended``: the first day on which nothing is owed any more (settled, renewed) or nobody counts on it (written off).
    """

    tranches: tuple[Tranche, ...]
    reported: tuple[Reported, ...] = ()
    classes: tuple[tuple[date, FiveClass], ...] = ()
    ended: date | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """A contract at the end of a day, in fen. ``reported_on``: the day of the institution's own figures, if those speak."""

    day: date
    drawn_fen: int
    balance_fen: int
    overdue_fen: int
    overdue_days: int
    five_class: FiveClass
    next_due: date | None
    next_fen: int
    reported_on: date | None


def position(history: History, day: date) -> Position:
    """A contract at the end of a day."""
    drawn = [one for one in history.tranches if one.terms.drawn_on <= day]
    total = sum(one.terms.principal_fen for one in drawn)
    five_class = _class_on(history, day)
    if history.ended is not None and history.ended <= day:
        return Position(day, total, 0, 0, 0, five_class, None, 0, None)
    told = max((one for one in history.reported if one.day <= day), key=lambda one: one.day, default=None)
    if told is not None:
        told = [one for one in history.reported if one.day == told.day][-1]
        if all(last <= told.day for last in (_last_moved(one, day) for one in drawn)):
            return _as_told(told, drawn, total, five_class, day)
    stands = [standing(one.plan_on(day), one.payments, day) for one in drawn]
    next_due = min((one.next_due for one in stands if one.next_due), default=None)
    return Position(
        day, total, sum(one.balance_fen for one in stands), sum(one.overdue_fen for one in stands),
        max((one.overdue_days for one in stands), default=0), five_class, next_due,
        sum(_open(one, stand, next_due, day) for one, stand in zip(drawn, stands, strict=True)), None,
    )  # fmt: skip


def _as_told(
    told: Reported, drawn: Sequence[Tranche], total: int, five_class: FiveClass, day: date
) -> Position:
    coming = [due for one in drawn for due in one.plan_on(day) if due.due_on > told.day]
    owed = bool(told.balance_fen)
    next_due = min((due.due_on for due in coming), default=None) if owed else None
    late = told.overdue_days + (day - told.day).days if told.overdue_days else 0
    due_fen = sum(due.total_fen for due in coming if due.due_on == next_due)
    return Position(
        day, total, told.balance_fen, told.overdue_fen, late, five_class, next_due, due_fen, told.day
    )


def _last_moved(one: Tranche, day: date) -> date:
    moved = [one.terms.drawn_on, *(paid.day for paid in one.payments if paid.day <= day)]
    return max([*moved, *(made.since for made in one.plans if made.since <= day)])


def _open(one: Tranche, stand: Standing, next_due: date | None, day: date) -> int:
    """What is still to be paid of the instalments up to the next due day."""
    if next_due is None:
        return 0
    due = sum(part.total_fen for part in one.plan_on(day) if part.due_on <= next_due)
    return max(0, due - stand.paid_principal_fen - stand.paid_interest_fen - stand.spare_fen)


def _class_on(history: History, day: date) -> FiveClass:
    told = [*((one.day, one.five_class) for one in history.reported), *history.classes]
    # sorted is stable: of two words about one day the later one counts
    return max((one for one in enumerate(told) if one[1][0] <= day), key=lambda one: (one[1][0], one[0]),
               default=(0, (day, FiveClass.NORMAL)))[1][1]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fees:
    """What a contract costs beside interest: a guarantee's fee as a share of the principal a year, and all other fees."""

    guarantee_rate: Decimal = Decimal(0)
    other_fen: int = 0

    def of(self, terms: Terms, contract_fen: int) -> tuple[Fee, ...]:
        """The fees of one drawdown on their days; other fees fall to drawdowns by their share of the contract."""
        other = self.other_fen * terms.principal_fen // contract_fen
        charges = [
            *([Charge(ChargeKind.GUARANTEE, ChargeBasis.YEARLY_RATE, self.guarantee_rate)] if self.guarantee_rate else []),
            *([Charge(ChargeKind.OTHER, ChargeBasis.ONCE_FEN, Decimal(other))] if other else []),
        ]  # fmt: skip
        wish = Wish(terms.principal_fen, terms.months, terms.drawn_on)
        return fees_of(tuple(charges), wish)


def annual_cost_of(tranches: Sequence[Tranche], fees: Fees, contract_fen: int) -> Decimal | None:
    """综合年化成本 of a contract by its first plans, fees and the guarantee included.

    ``None`` before anything was drawn, and where money comes in again after a payment: then there is no one such rate.
    """
    flows = [
        flow
        for one in tranches
        for flow in flows_of(one.terms, one.plans[0].plan, fees.of(one.terms, contract_fen))
    ]
    try:
        return annual_cost(flows)
    except Invalid:
        return None


def drawn_of(terms: Terms, fees: Fees, contract_fen: int) -> Drawn:
    """One drawdown as the all-in rate of reports counts it."""
    other = fees.other_fen * terms.principal_fen // contract_fen
    days = (terms.due_on - terms.drawn_on).days
    return Drawn(terms.principal_fen, terms.annual_rate, fees.guarantee_rate, other, days)
