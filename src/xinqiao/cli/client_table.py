"""A report as plain text for a terminal: the same view as the page, without charts."""

import re

from xinqiao.cli.terminal import padded, width
from xinqiao.client import Report
from xinqiao.domain.consent import Product
from xinqiao.ui.report_view import build_summary_view, build_view


def report_text(report: Report) -> str:
    """The overview and the months of a report, or the rows of a detail summary."""
    if report.kind is Product.SUMMARY:
        summary = build_summary_view(report.product)
        head = [summary.head.subject, summary.head.account, summary.head.period]
        labels = ["", *(column["label"] for column in summary.columns)]
        rows = [[group.month, *row] for group in summary.groups for row in group.rows]
        return "\n".join([" · ".join(head), "", _grid([str(one) for one in labels], rows)])
    view = build_view(report.product)
    head = [view.head.subject, view.head.account, view.head.period, view.head.report_no]
    figures = [
        [f.label, f"{f.quantity.number} {f.quantity.unit}".strip() if f.quantity else f"– {f.reason}"]
        for f in (*view.overview, *view.concentration, *view.totals, *view.cash, *view.features)
    ]
    finding = re.sub(r"</?b>", "", str(view.finding))
    flow = _grid(
        [str(c["label"]) for c in view.flow.columns], [[str(x) for x in row] for row in view.flow.rows]
    )
    return "\n".join([" · ".join(head), finding, "", _grid(["", ""], figures), "", flow])


def _grid(labels: list[str], rows: list[list[str]]) -> str:
    table = [labels, *rows] if any(labels) else rows
    widths = [max(width(row[k]) for row in table) for k in range(len(labels))] if table else []
    return "\n".join("  ".join(map(padded, row, widths)).rstrip() for row in table)
