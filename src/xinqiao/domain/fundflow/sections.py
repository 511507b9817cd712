"""Parts B to H of the report and the rows of the detail summary, from facts to JSON (fund-flow rules 10.3, 10.4).

A *figure* is ``{value, unit, indicator, key, version, coverage, null_reason}``; ``indicator`` is null for a figure
that is no line of the dictionary. A table row holds plain values and ``null_reasons``, field → code.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from xinqiao.domain.canonical import Json
from xinqiao.domain.fundflow.facts import (
    REGULAR_FROM,
    Concentration,
    Facts,
    MonthFacts,
    Obligation,
    ObligationKind,
    SummaryCell,
)
from xinqiao.domain.fundflow.figures import Figure, NullReason, Unit, ratio, shown, yuan_text
from xinqiao.domain.fundflow.wording import SIGNAL_NOTE

_WAYS = {1: "in", -1: "out"}


@dataclass(frozen=True, slots=True)
class Ref:
    """A figure of the dictionary: line and key. ``balance`` marks what the subject may withhold."""

    indicator: str
    key: str
    balance: bool = False

    @property
    def signal(self) -> bool:
        """Whether it travels with the text "statistical signal, not a finding" (A family)."""
        return self.indicator.startswith("A")


def _own(value: Figure, unit: Unit, facts: Facts) -> dict[str, Json]:
    """A figure that is no line of the dictionary."""
    reason = value if isinstance(value, NullReason) else None
    return {
        "value": None if isinstance(value, NullReason) else shown(value, unit),
        "unit": unit.value,
        "indicator": None,
        "key": None,
        "version": None,
        "coverage": facts.indicators["Q02"].coverage,
        "null_reason": reason.value if reason else None,
    }


def _line(ref: Ref, facts: Facts, include_balance: bool) -> dict[str, Json]:
    """A figure of the dictionary, as computed."""
    found = facts.indicators[ref.indicator]
    withheld = ref.balance and not include_balance
    reason = NullReason.WITHHELD if withheld else found.null_reasons.get(ref.key)
    return {
        "value": None if withheld else found.values[ref.key],
        "unit": found.units[ref.key].value,
        "indicator": ref.indicator,
        "key": ref.key,
        "version": found.version,
        "coverage": found.coverage,
        "null_reason": reason.value if reason else None,
    }


OVERVIEW: dict[str, Ref | None] = {
    "in_amount": Ref("F01", "gross_in"),
    "in_count": Ref("F14", "tx_count_in"),
    "out_amount": Ref("F01", "gross_out"),
    "out_count": Ref("F14", "tx_count_out"),
    "operating_in": Ref("F02", "oi_total"),
    "operating_out": Ref("F02", "oo_total"),
    "net_inflow": None,
    "operating_net": Ref("F05", "net_operating_flow"),
    "income_expense_ratio": None,
    "avg_monthly_operating_in": Ref("F03", "oi_month_avg"),
    "median_monthly_operating_in": Ref("F03", "oi_month_median"),
    "true_revenue_share": Ref("F04", "true_revenue_share"),
    "avg_daily_balance": Ref("B01", "avg_daily_balance", balance=True),
    "min_eod_balance": None,
    "max_eod_balance": None,
    "active_days": Ref("Q03", "active_days"),
    "active_months": None,
    "longest_idle_days": Ref("Q04", "longest_gap_days"),
    "max_single_in": None,
    "max_single_out": None,
    "own_transfers": None,
    "non_cny_share": None,
}
"""Part B in output order; None: computed for the report, no line of the dictionary."""

_BALANCE_FIELDS = frozenset({"min_eod_balance", "max_eod_balance"})


def _gross(facts: Facts, sign: int) -> int:
    return sum(cell.amount for cell in facts.kinds if cell.sign == sign)


def _if_observed(facts: Facts, value: Figure) -> Figure:
    """The reason of the gross totals, when even those are null, else the value."""
    return facts.indicators["F01"].null_reasons.get("gross_in", value)


def overview_section(facts: Facts, include_balance: bool) -> dict[str, Json]:
    """Part B."""
    totals = facts.totals
    own: dict[str, tuple[Figure, Unit]] = {
        "net_inflow": (_if_observed(facts, _gross(facts, 1) - _gross(facts, -1)), Unit.YUAN),
        "income_expense_ratio": (facts.income_expense_ratio, Unit.RATIO),
        "min_eod_balance": (totals.min_eod, Unit.YUAN),
        "max_eod_balance": (totals.max_eod, Unit.YUAN),
        "active_months": (_if_observed(facts, totals.active_months), Unit.COUNT),
        "max_single_in": (totals.max_single_in, Unit.YUAN),
        "max_single_out": (totals.max_single_out, Unit.YUAN),
        "own_transfers": (_if_observed(facts, totals.own_transfers), Unit.YUAN),
        "non_cny_share": (facts.non_cny_share, Unit.RATIO),
    }
    section: dict[str, Json] = {}
    for name, ref in OVERVIEW.items():
        if ref is not None:
            section[name] = _line(ref, facts, include_balance)
        else:
            value, unit = own[name]
            withheld = name in _BALANCE_FIELDS and not include_balance
            section[name] = _own(NullReason.WITHHELD if withheld else value, unit, facts)
    section["last_txn_on"] = totals.last_row.isoformat() if totals.last_row else None
    return section


def _row(cells: Iterable[tuple[str, Figure, Unit]]) -> tuple[dict[str, Json], dict[str, Json]]:
    """Plain values and the reasons of the null ones."""
    values: dict[str, Json] = {}
    reasons: dict[str, Json] = {}
    for name, value, unit in cells:
        if isinstance(value, NullReason):
            values[name] = None
            reasons[name] = value.value
        else:
            values[name] = shown(value, unit)
    return values, reasons


def _year_on_year(month: MonthFacts, full: Mapping[tuple[int, int], MonthFacts]) -> Figure:
    """OI against the same month a year before; both must be full months."""
    before = full.get((month.month.year - 1, month.month.month))
    if before is None or not month.full:
        return NullReason.SHORT_HISTORY
    growth = ratio(month.operating_in, before.operating_in)
    return growth if isinstance(growth, NullReason) else growth - 1


def monthly_section(facts: Facts, include_balance: bool) -> list[Json]:
    """Part C, oldest month first. A month that is not ``full`` enters no monthly rate."""
    full = {(m.month.year, m.month.month): m for m in facts.months if m.full}

    def balance(value: Figure) -> Figure:
        return value if include_balance else NullReason.WITHHELD

    table: list[Json] = []
    for m in facts.months:
        values, reasons = _row(
            (
                ("in_amount", m.in_amount, Unit.YUAN),
                ("in_count", m.in_count, Unit.COUNT),
                ("out_amount", m.out_amount, Unit.YUAN),
                ("out_count", m.out_count, Unit.COUNT),
                ("operating_in", m.operating_in, Unit.YUAN),
                ("operating_out", m.operating_out, Unit.YUAN),
                ("operating_net", m.operating_in - m.operating_out, Unit.YUAN),
                ("net", m.in_amount - m.out_amount, Unit.YUAN),
                ("avg_daily_balance", balance(m.avg_daily_balance), Unit.YUAN),
                ("min_eod_balance", balance(m.min_eod_balance), Unit.YUAN),
                ("max_eod_balance", balance(m.max_eod_balance), Unit.YUAN),
                ("eom_balance", balance(m.eom_balance), Unit.YUAN),
                ("active_days", m.active_days, Unit.DAYS),
                ("distinct_payers", m.distinct_payers, Unit.COUNT),
                ("distinct_payees", m.distinct_payees, Unit.COUNT),
                ("max_single_in", m.max_single_in, Unit.YUAN),
                ("yoy_operating_in", _year_on_year(m, full), Unit.RATIO),
            )
        )
        table.append({"month": str(m.month), "full": m.full, **values, "null_reasons": reasons})
    return table


def _cash_row(
    deposits: tuple[int, int], withdrawals: tuple[int, int], gross: tuple[int, int]
) -> dict[str, Json]:
    values, reasons = _row(
        (
            ("cash_deposit_amount", deposits[0], Unit.YUAN),
            ("cash_deposit_count", deposits[1], Unit.COUNT),
            ("cash_withdrawal_amount", withdrawals[0], Unit.YUAN),
            ("cash_withdrawal_count", withdrawals[1], Unit.COUNT),
            ("cash_share_in", ratio(deposits[0], gross[0]), Unit.RATIO),
            ("cash_share_out", ratio(withdrawals[0], gross[1]), Unit.RATIO),
        )
    )
    return {**values, "null_reasons": reasons}


def cash_section(facts: Facts) -> dict[str, Json]:
    """Part D: total over E and per month."""
    months: list[Json] = []
    sums = [0] * 6
    for m in facts.months:
        cells = (
            m.cash_deposit_amount,
            m.cash_deposit_count,
            m.cash_withdrawal_amount,
            m.cash_withdrawal_count,
            m.in_amount,
            m.out_amount,
        )
        sums = [a + b for a, b in zip(sums, cells, strict=True)]
        months.append({"month": str(m.month), **_cash_row(cells[0:2], cells[2:4], cells[4:6])})
    total = _cash_row((sums[0], sums[1]), (sums[2], sums[3]), (sums[4], sums[5]))
    return {"total": total, "months": months}


def counterparty_section(facts: Facts) -> list[Json]:
    """Part E after the minimum-cell rule; ``share`` is of the gross of the direction."""
    table: list[Json] = []
    for cell in facts.kinds:
        values, reasons = _row((("share", ratio(cell.amount, _gross(facts, cell.sign)), Unit.RATIO),))
        table.append(
            {
                "direction": _WAYS[cell.sign],
                "counterparty_kind": "other" if cell.kind is None else cell.kind.value,
                "amount": yuan_text(cell.amount),
                "count": cell.count,
                "distinct": cell.distinct,
                **values,
                "months_present": cell.months_present,
                "first_month": str(cell.first_month),
                "last_month": str(cell.last_month),
                "merged": cell.merged,
                "null_reasons": reasons,
            }
        )
    return table


_CONCENTRATION: dict[str, tuple[Unit, Ref | None, Ref | None, Callable[[Concentration], Figure]]] = {
    "distinct": (Unit.COUNT, Ref("K01", "n_customers"), Ref("K01", "n_suppliers"), lambda c: c.distinct),
    "top1_share": (Unit.RATIO, Ref("K02", "top1"), None, lambda c: c.top1),
    "top3_share": (Unit.RATIO, None, None, lambda c: c.top3),
    "top5_share": (Unit.RATIO, Ref("K02", "top5"), Ref("K03", "top5_out_share"), lambda c: c.top5),
    "top10_share": (Unit.RATIO, Ref("K02", "top10"), None, lambda c: c.top10),
    "hhi": (Unit.RATIO, Ref("K04", "hhi_in"), Ref("K04", "hhi_out"), lambda c: c.hhi),
    "recurring_share": (Unit.RATIO, Ref("K06", "repeat_customer_share"), None, lambda c: c.recurring),
    "new_share": (Unit.RATIO, Ref("K07", "new_customer_oi_share"), None, lambda c: c.new),
    "retention": (Unit.RATIO, Ref("K05", "customer_retention"), None, lambda c: c.retention),
}


def concentration_section(facts: Facts) -> dict[str, Json]:
    """Part F: shares without type or name, operating in, and trade payments out (K01, K03, K04)."""
    section: dict[str, Json] = {}
    for way, source in (("in", facts.received), ("out", facts.paid)):
        figures: dict[str, Json] = {}
        for name, (unit, ref_in, ref_out, pick) in _CONCENTRATION.items():
            ref = ref_in if way == "in" else ref_out
            figures[name] = (
                _line(ref, facts, include_balance=True) if ref else _own(pick(source), unit, facts)
            )
        section[way] = figures
    return section


def _obligation_row(item: Obligation, facts: Facts) -> dict[str, Json]:
    paid = [cell for cell in item.grid if cell.day is not None]
    amount = sum(cell.amount for cell in paid)
    regular = len(item.grid) == 12 and len(paid) >= REGULAR_FROM
    values, reasons = _row(
        (
            ("amount", amount, Unit.YUAN),
            (
                "avg_amount",
                ratio(amount, len(paid)) if paid else NullReason.TOO_FEW_OBSERVATIONS,
                Unit.YUAN,
            ),
            ("avg_payees", item.avg_payees, Unit.DECIMAL),
        )
    )
    row: dict[str, Json] = {
        "kind": item.kind.value,
        "months": len(item.grid),
        "months_paid": len(paid),
        **values,
        "latest": str(paid[-1].month) if paid else None,
        "usual_day": item.usual_day,
        "quarters": item.quarters,
        "quarters_paid": item.quarters_paid,
        "regular": regular,
        "missed_months": [str(cell.month) for cell in item.grid if cell.day is None] if regular else [],
        "grid": [
            {"month": str(c.month), "day": c.day, "amount": yuan_text(c.amount), "count": c.count}
            for c in item.grid
        ],
        "null_reasons": reasons,
    }
    if item.kind is ObligationKind.LOAN_REPAYMENT:
        row["repayment_to_operating_in"] = _line(
            Ref("D05", "debt_service_ratio"), facts, include_balance=True
        )
    return row


def obligation_section(facts: Facts) -> list[Json]:
    """Part G over the last twelve full months, one row per kind."""
    return [_obligation_row(item, facts) for item in facts.obligations]


FEATURES: dict[str, Ref | None] = {
    "growth_12m": Ref("F10", "oi_yoy"),
    "last3_vs_prev9": Ref("F11", "oi_last3_vs_prev9"),
    "trend_slope": Ref("F09", "oi_trend"),
    "volatility": Ref("F08", "oi_cv"),
    "seasonality": Ref("F12", "seasonality_strength"),
    "positive_net_months": Ref("F06", "net_flow_positive_months"),
    "zero_income_months": Ref("F13", "zero_income_months"),
    "liquidity_days": Ref("B08", "cash_runway_days", balance=True),
    "overdraft_days": Ref("B07", "negative_days", balance=True),
    "own_transfer_ratio": None,
    "related_ratio_in": Ref("K11", "related_in"),
    "related_ratio_out": Ref("K11", "related_out"),
    "personal_ratio_in": Ref("K10", "personal_in"),
    "personal_ratio_out": Ref("K10", "personal_out"),
    "night_ratio": Ref("C08", "night_share"),
    "debt_service_ratio": Ref("D05", "debt_service_ratio"),
    "dscr_flow": Ref("D04", "dscr_flow"),
    "bounced_count_30": Ref("D12", "d30"),
    "bounced_count_60": Ref("D12", "d60"),
    "bounced_count_90": Ref("D12", "d90"),
    "fast_out_ratio": Ref("A01", "quick_in_out_share"),
    "whole_amount_ratio": Ref("A04", "round_amount_share"),
    "round_trip_count": Ref("A03", "count"),
    "round_trip_amount": Ref("A03", "amount"),
}
"""Part H in output order."""


def _lines_used() -> Iterable[str]:
    yield "Q02"
    refs = [*OVERVIEW.values(), *FEATURES.values()]
    for _, ref_in, ref_out, _ in _CONCENTRATION.values():
        refs += [ref_in, ref_out]
    yield from (ref.indicator for ref in refs if ref is not None)


LINES_USED: tuple[str, ...] = tuple(sorted(set(_lines_used())))
"""The dictionary lines that the report shows."""


def feature_section(facts: Facts, include_balance: bool) -> dict[str, Json]:
    """Part H. Figures of the A family carry ``signal`` with the text that they are no finding."""
    section: dict[str, Json] = {}
    for name, ref in FEATURES.items():
        if ref is None:
            section[name] = _own(facts.own_transfer_ratio, Unit.RATIO, facts)
            continue
        figure = _line(ref, facts, include_balance)
        if ref.signal:
            figure["signal"] = {"zh": SIGNAL_NOTE.zh, "en": SIGNAL_NOTE.en}
        section[name] = figure
    return section


def summary_rows(cells: Iterable[SummaryCell]) -> list[Json]:
    """The rows of the detail summary (10.4)."""
    return [
        {
            "month": str(cell.month),
            "direction": _WAYS[cell.sign],
            "counterparty_kind": "other" if cell.kind is None else cell.kind.value,
            "purpose_kind": cell.purpose.value,
            "channel": cell.channel.value,
            "amount": yuan_text(cell.amount),
            "count": cell.count,
            "distinct_counterparties": cell.distinct,
            "max_single": yuan_text(cell.max_single),
        }
        for cell in cells
    ]
