"""The report and the detail summary as values for templates: see :mod:`xinqiao.ui.report`."""

from xinqiao.ui.report.summary import SummaryView, build_summary_view
from xinqiao.ui.report.view import ReportView, build_view

__all__ = ["ReportView", "SummaryView", "build_summary_view", "build_view"]
