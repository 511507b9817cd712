"""Questions about loans: an institution's book, a firm's own loans, how they stood on a day, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q, QuerySet

from xinqiao.domain.errors import NotFound
from xinqiao.domain.loans.book import Position, Tranche, annual_cost_of, drawn_of, position
from xinqiao.domain.loans.cost import all_in_rate
from xinqiao.domain.loans.plan import Instalment
from xinqiao.domain.loans.states import NON_PERFORMING, LoanState
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.loans.models import Drawdown, LoanContract, LoanOfCase, LoanStep
from xinqiao.hub.apps.loans.rows import fees_of, histories, history

#: A page of the book.
PAGE = 50


@dataclass(frozen=True, slots=True)
class LoanRow:
    """A contract with how it stands on a day."""

    contract: LoanContract
    position: Position


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over contracts on a day, in fen; rates are fractions, ``None`` where nothing is owed."""

    loans: int
    balance_fen: int
    overdue_balance_fen: int
    overdue_90_balance_fen: int
    bad_balance_fen: int

    @property
    def overdue_rate(self) -> Decimal | None:
        """逾期率: the balance of loans with anything overdue over all."""
        return _share(self.overdue_balance_fen, self.balance_fen)

    @property
    def bad_rate(self) -> Decimal | None:
        """不良率: the balance of the three lower classes over all."""
        return _share(self.bad_balance_fen, self.balance_fen)


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(Decimal("1e-6")) if whole else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for in a book; nothing said, nothing left out. ``before``: the row after which a page begins."""

    state: str = ""
    text: str = ""
    before: str = ""
    page: int = PAGE


def book(actor: Actor, wanted: Wanted, day: date) -> tuple[list[LoanRow], bool]:
    """A page of the contracts somebody sees, newest report first, as they stand on a day; and whether there are more."""
    rows = LoanContract.objects.for_viewer(actor).select_related("enterprise", "institution")
    if wanted.state in set(LoanState):
        rows = rows.filter(state=wanted.state)
    if wanted.text:
        rows = rows.filter(
            Q(contract_no=wanted.text) | Q(number=wanted.text) | Q(enterprise__uscc=wanted.text)
            | Q(enterprise__name__icontains=wanted.text)
        )  # fmt: skip
    if wanted.before:
        last = LoanContract.objects.for_viewer(actor).filter(id=wanted.before).first()
        if last is not None:
            rows = rows.filter(Q(reported_at__lt=last.reported_at) | Q(reported_at=last.reported_at, id__lt=last.id))  # fmt: skip
    found = list(rows.order_by("-reported_at", "-id")[: wanted.page + 1])
    return positions(found[: wanted.page], day), len(found) > wanted.page


def positions(rows: Sequence[LoanContract], day: date) -> list[LoanRow]:
    """Contracts the caller was given, as they stand on a day."""
    known = histories(rows)
    return [LoanRow(row, position(known[row.id], day)) for row in rows]


def totals(actor: Actor, day: date) -> Totals:
    """What is owed on a day over all contracts somebody sees. Contracts that ended before it need not be read."""
    rows = LoanContract.objects.for_viewer(actor).filter(drawn_fen__gt=0)
    live = list(rows.filter(Q(ended_on=None) | Q(ended_on__gt=day)))
    stands = [one.position for one in positions(live, day) if one.position.drawn_fen]
    return Totals(
        len(stands), sum(one.balance_fen for one in stands),
        sum(one.balance_fen for one in stands if one.overdue_days),
        sum(one.balance_fen for one in stands if one.overdue_days > 90),
        sum(one.balance_fen for one in stands if one.five_class in NON_PERFORMING),
    )  # fmt: skip


def contract(actor: Actor, contract_id: str) -> LoanContract:
    """One contract. Raises NotFound for an absent or foreign one."""
    rows = LoanContract.objects.for_viewer(actor).select_related("enterprise", "institution", "renews")
    found = rows.filter(id=contract_id).first()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """A drawdown with the plan in force on a day."""

    row: Drawdown
    tranche: Tranche
    plan: tuple[Instalment, ...]


@dataclass(frozen=True, slots=True)
class Whole:
    """A contract with everything of it on a day.

    ``annual_cost``: 综合年化成本 by the first plans with all fees, compound; ``all_in``: 融资综合利率 as reports weigh it, plain.
    """

    row: LoanContract
    position: Position
    draws: tuple[DrawnRow, ...]
    annual_cost: Decimal | None
    all_in: Decimal | None
    steps: tuple[LoanStep, ...]


def whole(row: LoanContract, day: date) -> Whole:
    """Everything of a contract the caller was given."""
    known = history(row)
    draws = list(Drawdown.objects.filter(contract=row).order_by("drawn_on", "id"))
    fees = fees_of(row)
    return Whole(
        row, position(known, day),
        tuple(DrawnRow(one, part, part.plan_on(day)) for one, part in zip(draws, known.tranches, strict=True)),
        annual_cost_of(known.tranches, fees, row.amount_fen),
        all_in_rate(drawn_of(one.terms, fees, row.amount_fen) for one in known.tranches),
        tuple(LoanStep.objects.filter(contract=row).select_related("drawdown").order_by("seq")),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a loan, for matching, data suppliers and statistics. The last five are of its case, empty without one.

    ``sender``: who handed the need to the institution (``enterprise`` or ``adviser``), the source of the loan.
    """

    contract_id: str
    institution_id: str
    enterprise_id: str
    state: LoanState
    five_class: str
    drawn_fen: int
    balance_fen: int
    annual_rate: Decimal
    signed_on: date
    reported_at: datetime
    case_id: str = ""
    need_id: str = ""
    product_id: str = ""
    adviser_id: str = ""
    sender: str = ""

    @property
    def bad(self) -> bool:
        """It went wrong: of the three lower classes, or written off."""
        return self.state is LoanState.WRITTEN_OFF or self.five_class in NON_PERFORMING


def outcomes(since: datetime, until: datetime) -> list[Outcome]:
    """What became of the loans that were reported on in a half-open span, oldest report first."""
    rows = LoanContract.objects.filter(reported_at__gte=since, reported_at__lt=until)
    return [_outcome(row) for row in _with_cases(rows).order_by("reported_at", "id")]


def outcomes_of(
    *, need_id: str | None = None, product_id: str | None = None, adviser_id: str | None = None
) -> list[Outcome]:
    """What became of the loans of a need, of a product, of an adviser; all that is named must hold."""
    named = {"need_id": need_id, "product_id": product_id, "need__adviser_id": adviser_id}
    wanted = {f"of_case__case__{name}": value for name, value in named.items() if value is not None}
    rows = LoanContract.objects.filter(of_case__isnull=False, **wanted)
    return [_outcome(row) for row in _with_cases(rows).order_by("reported_at", "id")]


def _with_cases(rows: QuerySet[LoanContract]) -> QuerySet[LoanContract]:
    return rows.select_related("of_case__case__need")


def _outcome(row: LoanContract) -> Outcome:
    link: LoanOfCase | None = getattr(row, "of_case", None)
    case = link.case if link is not None else None
    return Outcome(
        row.id, row.institution_id, row.enterprise_id, LoanState(row.state), row.five_class, row.drawn_fen,
        row.balance_fen, Decimal(row.annual_rate), row.signed_on, row.reported_at,
        *(() if case is None else (case.id, case.need_id, case.product_id, case.need.adviser_id or "", case.sender)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tally:
    """Outcomes of one group, in fen."""

    loans: int
    drawn_fen: int
    bad: int

    @property
    def bad_share(self) -> Decimal | None:
        """Loans that went wrong over all; ``None`` without loans."""
        return _share(self.bad, self.loans)


def tally(found: Sequence[Outcome], by: str) -> dict[str, Tally]:
    """Outcomes by a member of theirs (``product_id``, ``adviser_id``, ``sender``, ``institution_id``); drawn ones only."""
    groups: dict[str, list[Outcome]] = {}
    for one in found:
        if one.drawn_fen:
            groups.setdefault(str(getattr(one, by)), []).append(one)
    return {
        name: Tally(len(ones), sum(one.drawn_fen for one in ones), sum(one.bad for one in ones))
        for name, ones in sorted(groups.items())
    }


def case_of(row: LoanContract) -> Case | None:
    """The case a contract the caller was given came from."""
    link = LoanOfCase.objects.filter(contract=row).select_related("case").first()
    return link.case if link is not None else None
