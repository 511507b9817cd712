"""Product JSON → :class:`ReportView`: every figure in words with its definition, every chart with its data and table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from markupsafe import Markup

from xinqiao.domain.canonical import Json
from xinqiao.ui import format as fmt
from xinqiao.ui.figures import Definition
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.i18n import ngettext
from xinqiao.ui.report import words
from xinqiao.ui.report.charts import Chart, balance_chart, flow_chart, kinds_chart
from xinqiao.ui.report.finding import finding
from xinqiao.ui.report.obligations import Calendar, calendar
from xinqiao.ui.report.reader import Node, shaped

# Shown as shares of a whole; every other ratio keeps its four decimals.
SHARES: Final = frozenset(
    {
        "true_revenue_share", "non_cny_share", "growth_12m", "own_transfer_ratio", "related_ratio_in", "related_ratio_out",
        "personal_ratio_in", "personal_ratio_out", "night_ratio", "debt_service_ratio", "fast_out_ratio",
        "whole_amount_ratio", "cash_share_in", "cash_share_out", "recurring_share", "new_share", "retention",
        "top1_share", "top3_share", "top5_share", "top10_share", "repayment_to_operating_in", "positive_net_months",
    }
)  # fmt: skip
SIGNED: Final = frozenset({"operating_net", "net_inflow", "growth_12m", "trend_slope"})
SIGNALS: Final = (
    "fast_out_ratio",
    "whole_amount_ratio",
    "round_trip_amount",
    "round_trip_count",
    "night_ratio",
    "bounced_count_90",
)
MORE: Final = (
    "growth_12m", "last3_vs_prev9", "trend_slope", "volatility", "seasonality", "zero_income_months", "debt_service_ratio",
    "dscr_flow", "related_ratio_in", "related_ratio_out", "personal_ratio_in", "personal_ratio_out", "own_transfer_ratio",
    "liquidity_days", "overdraft_days",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FigureView:
    """A figure ready for the macro ``fig``: quantity None and a reason in words when there is none."""

    name: str
    label: str
    quantity: fmt.Quantity | None
    definition: Definition
    uid: str
    meaning: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SignalView:
    """One line of the statistical signals; ``share`` is the length of its bar, None for what is no share."""

    figure: FigureView
    value: str
    share: str | None


@dataclass(frozen=True, slots=True)
class ShareView:
    """Shares by rank of one direction; no parts and a reason when there are none."""

    label: str
    direction: str
    parts: tuple[tuple[str, str], ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HeadView:
    """Who, which account, which period, on what ground."""

    subject: str
    uscc: str
    account: str
    period: str
    currency: str
    report_no: str
    provider: str
    self_query: bool
    institution: str
    purpose: str
    authorisation_no: str
    valid_to: str
    generated_at: str
    as_of: str
    rules: str
    coverage: tuple[int, int]
    last_txn_on: str
    accounts_covered: int


@dataclass(frozen=True, slots=True)
class MarkView:
    """A part of the information the subject disputes."""

    number: str
    words: str


@dataclass(frozen=True, slots=True)
class StatementView:
    """The subject's own words, not verified."""

    text: str
    attached: str


@dataclass(frozen=True, slots=True)
class ReportView:
    """The whole report in words."""

    head: HeadView
    finding: Markup
    overview: tuple[FigureView, ...]
    totals: tuple[FigureView, ...]
    flow: Chart
    balance: Chart | None
    balance_reason: str
    kinds: Chart
    shares: tuple[ShareView, ...]
    concentration: tuple[FigureView, ...]
    calendar: Calendar
    cash: tuple[FigureView, ...]
    features: tuple[FigureView, ...]
    signals: tuple[SignalView, ...]
    statements: tuple[StatementView, ...]
    marks: tuple[MarkView, ...]
    notes: tuple[str, ...]
    definitions: int


def quantity(name: str, value: Node, unit: str) -> fmt.Quantity | None:
    """A value in its unit (Y yuan, R ratio, X decimal, N count, D days); None for null."""
    number = value.decimal if unit != "B" else None
    if number is None:
        return None
    if unit == "Y":
        return fmt.money_parts(number, signed=name in SIGNED)
    if unit in ("R", "X"):
        if name in SHARES:
            return fmt.percent_parts(number, signed=name in SIGNED)
        text = fmt.decimal(number, digits=4 if unit == "R" else 2, signed=name in SIGNED)
        return fmt.Quantity(
            text, {"dscr_flow": _("倍"), "liquidity_days": ngettext("天", "天", 2)}.get(name, "")
        )
    return fmt.Quantity(fmt.count(int(number)), _unit(name, unit, int(number)))


def _unit(name: str, unit: str, number: int) -> str:
    if unit == "D":
        return ngettext("天", "天", number)
    if name.endswith("_months"):
        return ngettext("个月", "个月", number)
    if name == "distinct":
        return _("家")
    return ngettext("笔", "笔", number)


class _Figures:
    """Makes figures with definitions that all carry this report's coverage and as-of."""

    def __init__(self, head: Node) -> None:
        known, every = head["coverage"]["known_days"].number, head["coverage"]["window_days"].number
        self.coverage = _("{known} / {all} 天").format(known=fmt.count(known), all=fmt.count(every))
        self.as_of = fmt.day(head["as_of"].text)
        self.template = head["template_version"].text

    def make(
        self, name: str, figure: Node, *, prefix: str = "", meaning: str = "", label: str = ""
    ) -> FigureView:
        """A figure object of the product."""
        reason = figure["null_reason"].optional
        return FigureView(
            name,
            label or words.label(name),
            quantity(name, figure["value"], figure["unit"].text),
            self._define(
                name,
                figure["indicator"].optional,
                None if figure["version"].is_null else figure["version"].number,
            ),
            f"d-{prefix}{name}",
            "" if reason else meaning,
            words.null_reason(reason) if reason else "",
        )

    def plain(self, name: str, row: Node, unit: str) -> FigureView:
        """A plain value of a table row, whose reasons stand beside it."""
        reasons = row["null_reasons"]
        reason = reasons[name].text if name in reasons else ""
        value = quantity(name, row[name], unit)
        return FigureView(
            name,
            words.label(name),
            value,
            self._define(name, "", None),
            f"d-c-{name}",
            "",
            words.null_reason(reason) if reason else "",
        )

    def _define(self, name: str, indicator: str, version: int | None) -> Definition:
        return words.define(
            name, indicator, version, coverage=self.coverage, as_of=self.as_of, template=self.template
        )


@shaped()
def build_view(product: Mapping[str, Json]) -> ReportView:
    """The report in the language in force. Raises ``Invalid`` (MALFORMED, with the path) for a product of another shape."""
    root = Node(product)
    head, overview, features = root["head"], root["overview"], root["features"]
    figures = _Figures(head)
    monthly = list(root["monthly"])
    obligations = list(root["obligations"])
    disputed = {month.text for mark in head["objection_marks"] for month in mark["months"]}
    band = balance_chart(monthly, overview)
    return ReportView(
        head=head_view(head, last_txn_on=overview["last_txn_on"].optional or None),
        finding=finding(features, monthly, obligations),
        overview=_overview(figures, overview, features),
        totals=tuple(figures.make(name, overview[name], prefix="t-") for name in (
            "in_amount", "in_count", "out_amount", "out_count", "net_inflow", "income_expense_ratio", "max_single_in", "max_single_out",
            "min_eod_balance", "max_eod_balance", "active_days", "longest_idle_days", "own_transfers", "non_cny_share",
        )),
        flow=flow_chart(monthly, disputed),
        balance=band,
        balance_reason="" if band else words.null_reason(overview["avg_daily_balance"]["null_reason"].optional or "NO_BALANCE"),
        kinds=kinds_chart(list(root["counterparties"])),
        shares=tuple(_share(root["concentration"][way], way) for way in ("in", "out")),
        concentration=_concentration(figures, root["concentration"], features),
        calendar=calendar(obligations, figures.coverage, figures.as_of),
        cash=tuple(figures.plain(name, root["cash"]["total"], "R" if "share" in name else "Y") for name in ("cash_deposit_amount", "cash_share_in", "cash_withdrawal_amount", "cash_share_out")),
        features=tuple(figures.make(name, features[name], prefix="h-") for name in MORE),
        signals=tuple(_signal(figures, name, features[name]) for name in SIGNALS),
        statements=statements_of(head),
        marks=marks_of(head),
        notes=notes_of(root["notes"]),
        definitions=sum(1 for _item in root["notes"]["definitions"]),
    )  # fmt: skip


def head_view(head: Node, *, last_txn_on: str | None) -> HeadView:
    """Part A in words."""
    first, last = date.fromisoformat(head["period_from"].text), date.fromisoformat(head["period_to"].text)
    account = " ".join(
        (
            head["bank_name"].text,
            words.account_kind_word(head["account_kind"].text),
            head["account_masked"].text,
        )
    ).strip()
    self_query = head["query_kind"].text == "self"
    return HeadView(
        subject=head["subject_name"].text,
        uscc=head["uscc"].text,
        account=account,
        # The product names the last day; the formatter takes half-open periods.
        period=fmt.period(first, last + timedelta(days=1)),
        currency=_("人民币") if head["currency"].text == "CNY" else head["currency"].text,
        report_no=head["report_no"].text,
        provider=head["provider"].text,
        self_query=self_query,
        institution=head["institution"].optional,
        purpose=words.purpose_word(head["purpose"].optional) if head["purpose"].optional else "",
        authorisation_no=head["authorisation_no"].optional,
        valid_to=fmt.moment(head["valid_to"].optional or None),
        generated_at=fmt.instant(head["generated_at"].text),
        as_of=fmt.day(head["as_of"].text),
        rules=f"v{head['rules_version'].text}",
        coverage=(head["coverage"]["known_days"].number, head["coverage"]["window_days"].number),
        last_txn_on=fmt.day(last_txn_on),
        accounts_covered=head["accounts_covered"].number,
    )


def statements_of(head: Node) -> tuple[StatementView, ...]:
    """The subject's statements."""
    return tuple(
        StatementView(item["text"].text, fmt.day(item["attached_on"].text)) for item in head["statements"]
    )


def marks_of(head: Node) -> tuple[MarkView, ...]:
    """Objection marks."""
    return tuple(_mark(mark) for mark in head["objection_marks"])


def notes_of(notes: Node) -> tuple[str, ...]:
    """Data limits and the disclaimer."""
    return tuple(_note(item) for item in notes["items"])


def _overview(figures: _Figures, overview: Node, features: Node) -> tuple[FigureView, ...]:
    share, median = overview["true_revenue_share"], overview["median_monthly_operating_in"]
    days = features["liquidity_days"]["value"].decimal
    positive = features["positive_net_months"]["value"].decimal
    return (
        figures.make("operating_in", overview["operating_in"], meaning=_("占全部流入 {share}").format(share=fmt.percent(share["value"].decimal))),
        figures.make("operating_out", overview["operating_out"]),
        figures.make("operating_net", overview["operating_net"], meaning=_("净额为正的月份占 {share}").format(share=fmt.percent(positive)) if positive is not None else ""),
        figures.make("avg_monthly_operating_in", overview["avg_monthly_operating_in"], meaning=_("中位数 {amount}").format(amount=fmt.money(median["value"].decimal))),
        figures.make("avg_daily_balance", overview["avg_daily_balance"], meaning=ngettext("够用约 {n} 天", "够用约 {n} 天", int(days)).format(n=int(days)) if days is not None else ""),
    )  # fmt: skip


def _share(way: Node, direction: str) -> ShareView:
    label = _("客户") if direction == "in" else _("供应商")
    tops = [way[name]["value"].decimal for name in ("top1_share", "top3_share", "top5_share", "top10_share")]
    if any(top is None for top in tops):
        return ShareView(
            label,
            direction,
            (),
            words.null_reason(way["top1_share"]["null_reason"].optional or "TOO_FEW_OBSERVATIONS"),
        )
    shown = [top for top in tops if top is not None]
    steps = [
        shown[0],
        *(later - earlier for earlier, later in pairwise(shown)),
        1 - shown[-1],
    ]
    distinct = way["distinct"]["value"].decimal
    rest = _("其余 {n}").format(n=int(distinct) - 10) if distinct is not None and distinct > 10 else _("其余")
    names = (_("第 1"), _("第 2–3"), _("第 4–5"), _("第 6–10"), rest)
    return ShareView(
        label,
        direction,
        tuple((name, f"{step:.4f}") for name, step in zip(names, steps, strict=True) if step > 0),
    )


def _concentration(figures: _Figures, section: Node, features: Node) -> tuple[FigureView, ...]:
    inward, outward = section["in"], section["out"]
    return (
        figures.make("distinct", inward["distinct"], prefix="ki-", label=_("客户家数")),
        figures.make("hhi", inward["hhi"], prefix="ki-", label=_("客户集中度 HHI")),
        figures.make("retention", inward["retention"], prefix="ki-", label=_("老客户留存")),
        figures.make("recurring_share", inward["recurring_share"], prefix="ki-", label=_("客户反复往来")),
        figures.make("new_share", inward["new_share"], prefix="ki-", label=_("近 3 月新客户")),
        figures.make("distinct", outward["distinct"], prefix="ko-", label=_("供应商家数")),
        figures.make("hhi", outward["hhi"], prefix="ko-", label=_("供应商集中度 HHI")),
        figures.make("retention", outward["retention"], prefix="ko-", label=_("老供应商留存")),
        figures.make("recurring_share", outward["recurring_share"], prefix="ko-", label=_("供应商反复往来")),
        figures.make("related_ratio_in", features["related_ratio_in"], prefix="ki-"),
    )


def _signal(figures: _Figures, name: str, figure: Node) -> SignalView:
    view = figures.make(name, figure, prefix="s-")
    value = figure["value"].decimal
    if value is None:
        return SignalView(view, fmt.NOTHING, None)
    if figure["unit"].text == "R":
        return SignalView(view, fmt.percent(value, digits=2), f"{max(0, min(1, value)):.4f}")
    return SignalView(view, str(view.quantity), None)


def _mark(mark: Node) -> MarkView:
    months = _("、").join(fmt.month(month.text) for month in mark["months"]) or _("整份报告")
    text = _("{months} 的数据，企业在 {day} 提出异议，正在核查").format(
        months=months, day=fmt.moment(mark["marked_at"].text)
    )
    return MarkView(mark["objection_no"].text, text)


def _note(item: Node) -> str:
    text = item["en" if words.english() else "zh"].text
    return (
        text
        if item["count"].is_null
        else _("{text}（{n}）").format(text=text, n=fmt.count(item["count"].number))
    )
