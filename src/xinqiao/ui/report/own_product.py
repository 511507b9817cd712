"""The firm's own fund-flow product as a chapter of its credit report: its figures and its months, in words."""

from dataclasses import dataclass

from xinqiao.domain.report import OwnProduct
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report.view import ReportView, build_view


@dataclass(frozen=True, slots=True)
class OwnView:
    """``report`` is ``None`` when the bank did not answer; then ``nothing`` says so."""

    own: OwnProduct
    report: ReportView | None
    title: str
    nothing: str
    note: str


def build_own_view(own: OwnProduct) -> OwnView:
    """The chapter. Raises Invalid for a product of another shape than a node's report."""
    return OwnView(
        own,
        build_view(own.product) if own.product else None,
        _("资金流（自查）"),
        _("这次向开户行自查没有得到答复（{code}），不代表没有。").format(code=own.code),
        _("您自己选了放进来的，由开户行现在就算；机构的报告里没有这一节，要看须另有资金流授权。"),
    )
