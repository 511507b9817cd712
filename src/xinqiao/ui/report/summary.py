"""The detail summary (fund-flow rules 10.4) as people read it."""

from collections.abc import Mapping
from dataclasses import dataclass

from xinqiao.domain.canonical import Json
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report import words
from xinqiao.ui.report.charts import Column, column, name_column
from xinqiao.ui.report.reader import Node, shaped
from xinqiao.ui.report.view import (
    HeadView,
    MarkView,
    StatementView,
    head_view,
    marks_of,
    notes_of,
    statements_of,
)


@dataclass(frozen=True, slots=True)
class MonthGroup:
    """The rows of one month."""

    month: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class SummaryView:
    """The whole product in words."""

    head: HeadView
    columns: tuple[Column, ...]
    groups: tuple[MonthGroup, ...]
    count: int
    statements: tuple[StatementView, ...]
    marks: tuple[MarkView, ...]
    notes: tuple[str, ...]


@shaped()
def build_summary_view(product: Mapping[str, Json]) -> SummaryView:
    """The detail summary in the language in force, newest month first. Raises ``Invalid`` for another shape."""
    root = Node(product)
    groups: dict[str, list[tuple[str, ...]]] = {}
    for row in root["rows"]:
        groups.setdefault(row["month"].text, []).append(_row(row))
    yuan = fmt.money_unit(fmt.Scale.YUAN)
    return SummaryView(
        head=head_view(root["head"], last_txn_on=None),
        columns=(
            name_column(_("方向")), name_column(_("对手类型")), name_column(_("用途")), name_column(_("渠道"), "hide-s"),
            column(_("金额"), yuan), column(_("笔数")), column(_("家数")), column(_("单笔最大"), yuan),
        ),
        groups=tuple(MonthGroup(fmt.month(month), tuple(groups[month])) for month in sorted(groups, reverse=True)),
        count=sum(len(rows) for rows in groups.values()),
        statements=statements_of(root["head"]),
        marks=marks_of(root["head"]),
        notes=notes_of(root["notes"]),
    )  # fmt: skip


def _row(row: Node) -> tuple[str, ...]:
    return (
        _("流入") if row["direction"].text == "in" else _("流出"),
        words.kind_word(row["counterparty_kind"].text),
        words.purpose_kind_word(row["purpose_kind"].text),
        words.channel_word(row["channel"].text),
        fmt.money_number(row["amount"].decimal),
        fmt.count(row["count"].number),
        fmt.count(row["distinct_counterparties"].number),
        fmt.money_number(row["max_single"].decimal),
    )
