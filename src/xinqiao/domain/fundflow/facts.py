"""The computed facts a product is made of: numbers, dates, closed codes, and nothing else.

This is the narrow place through which everything must pass that leaves the provider. No field here is free text:
names, account numbers and summaries cannot be expressed, so a product builder cannot let one slip. Both engines
fill these types; ``gather`` is the exact engine's way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from xinqiao.domain.fundflow.figures import Figure, IndicatorValue
from xinqiao.domain.fundflow.model import CashPolicy, Channel, CounterpartyKind, PurposeKind

RECENT_MONTHS = 12
"""Months of the regular-obligations grid (fund-flow rules 10.3 G)."""

REGULAR_FROM = 9
"""Present in at least this many of 12 months: the kind is regular, its missed months are listed."""

MINIMUM_CELL = 3
"""Fewer counterparties than this and a cell is merged (rule 28)."""


class ObligationKind(StrEnum):
    """Kinds of part G, in output order."""

    WAGES = "wages"
    TAX = "tax"
    SOCIAL_INSURANCE = "social_insurance"
    UTILITIES = "utilities"
    RENT = "rent"
    LOAN_REPAYMENT = "loan_repayment"


class MonthKey(NamedTuple):
    """A calendar month."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@dataclass(frozen=True, slots=True)
class Parameters:
    """How it was computed (3.9, parameters). Lists are told by their length only."""

    as_of: date
    months: int
    period_from: date
    period_to: date
    observed_from: date | None
    full_months: int
    observed_days: int
    known_days: int
    window_days: int
    opened_on: date | None
    holder_supplied: bool
    bound_accounts: int
    related_names: int
    core_buyer_names: int
    high_risk_names: int
    application_day: date | None
    cash_policy: CashPolicy
    cash_limit: int
    duplicates_dropped: int
    reversal_pairs: int
    foreign_left_out: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over E that are no line of the dictionary (part B). Amounts in fen."""

    active_months: int
    max_single_in: Figure
    max_single_out: Figure
    min_eod: Figure
    max_eod: Figure
    last_row: date | None
    own_transfers: int
    foreign: int


class MonthFacts(NamedTuple):
    """One calendar month that E touches (parts C and D). Amounts in fen; ``full`` says whether it is in M.

    A tuple, because a report is made of dozens: a frozen dataclass takes five times as long to make.
    """

    month: MonthKey
    full: bool
    in_amount: int
    in_count: int
    out_amount: int
    out_count: int
    operating_in: int
    operating_out: int
    avg_daily_balance: Figure
    eom_balance: Figure
    min_eod_balance: Figure
    max_eod_balance: Figure
    active_days: int
    distinct_payers: int
    distinct_payees: int
    max_single_in: Figure
    cash_deposit_amount: int
    cash_deposit_count: int
    cash_withdrawal_amount: int
    cash_withdrawal_count: int


@dataclass(frozen=True, slots=True)
class KindCell:
    """Counterparties of one kind and direction over E, after the minimum-cell rule (part E, rule 28).

    ``kind`` None is ``other``. ``distinct`` counts a missing counterparty as one.
    """

    sign: int
    kind: CounterpartyKind | None
    amount: int
    count: int
    distinct: int
    months_present: int
    first_month: MonthKey
    last_month: MonthKey
    merged: bool


@dataclass(frozen=True, slots=True)
class SummaryCell:
    """One row of the detail summary, after merging (10.4). ``kind`` None is ``other``."""

    month: MonthKey
    sign: int
    kind: CounterpartyKind | None
    purpose: PurposeKind
    channel: Channel
    amount: int
    count: int
    distinct: int
    max_single: int


@dataclass(frozen=True, slots=True)
class Concentration:
    """Shares of counterparties without names, one direction (part F)."""

    distinct: Figure
    top1: Figure
    top3: Figure
    top5: Figure
    top10: Figure
    hhi: Figure
    recurring: Figure
    new: Figure
    retention: Figure


@dataclass(frozen=True, slots=True)
class ObligationMonth:
    """One month of one obligation: ``day`` is the day of the month with the largest sum, None when nothing was paid."""

    month: MonthKey
    day: int | None
    amount: int
    count: int


@dataclass(frozen=True, slots=True)
class Obligation:
    """One kind of regular payment over the last months of M (part G).

    ``usual_day`` is the most frequent day; ``quarters`` are calendar quarters wholly inside the grid.
    """

    kind: ObligationKind
    grid: tuple[ObligationMonth, ...]
    usual_day: int | None
    avg_payees: Figure
    quarters: int
    quarters_paid: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the two products may say about one account (or a merged view of several).

    ``summary`` is None where it was not asked for; only the detail summary is made of it.
    """

    parameters: Parameters
    indicators: Mapping[str, IndicatorValue]
    totals: Totals
    income_expense_ratio: Figure
    own_transfer_ratio: Figure
    non_cny_share: Figure
    months: tuple[MonthFacts, ...]
    kinds: tuple[KindCell, ...]
    summary: tuple[SummaryCell, ...] | None
    received: Concentration
    paid: Concentration
    obligations: tuple[Obligation, ...]
    accounts_covered: int = 1
