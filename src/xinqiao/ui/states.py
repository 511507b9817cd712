"""Every word of state a page may show: one table (the look, section 7.4), no synonyms anywhere else.

A key is ``family.state``, or ``family.state.viewer`` where the firm reads another word than everybody else. A state
machine's state without an entry here is a failing test in the room that owns the machine.
"""

from typing import Final, NamedTuple

from xinqiao.ui.i18n import Language, language


class UnknownState(KeyError):
    """A state without a word."""


class StateWord(NamedTuple):
    """What a pill shows: words, the class beside ``xq-pill`` and an outline of Tabler's."""

    key: str
    zh: str
    en: str
    cls: str  # ok wait go no out, or empty for grey
    icon: str

    @property
    def word(self) -> str:
        """The word in the language in force."""
        return self.en if language() is Language.EN else self.zh


_TABLE: Final = (
    # authorisations: what domain/consent/states.py calls the visible state
    StateWord("authorisation.requested.firm", "待您确认", "Awaiting you", "wait", "clock"),
    StateWord("authorisation.requested", "待企业确认", "Awaiting firm", "wait", "clock"),
    StateWord("authorisation.active", "生效中", "Active", "ok", "circle-check"),
    StateWord("authorisation.confirmed", "生效中", "Active", "ok", "circle-check"),
    StateWord("authorisation.partly", "部分同意", "Partly confirmed", "ok", "circle-half-2"),
    StateWord("authorisation.refused.firm", "您已拒绝", "You declined", "", "ban"),
    StateWord("authorisation.refused", "企业未同意", "Declined by firm", "", "ban"),
    StateWord("authorisation.lapsed", "逾期未答", "Lapsed", "out", "hourglass-off"),
    StateWord("authorisation.withdrawn", "已撤回", "Withdrawn", "", "arrow-back-up"),
    StateWord("authorisation.expired", "已到期", "Expired", "out", "calendar-off"),
    StateWord("authorisation.used_up", "次数用完", "Used up", "out", "number-0"),
    # queries and products
    StateWord("query.permitted", "计算中", "Computing", "go", "loader-2"),
    StateWord("query.computing", "计算中", "Computing", "go", "loader-2"),
    StateWord("query.released", "已放行", "Released", "go", "eye-check"),
    StateWord("query.denied", "未放行", "Not released", "no", "shield-x"),
    StateWord("query.failed", "数源未应答", "Source unavailable", "no", "alert-triangle"),
    StateWord("query.source_unavailable", "数源未应答", "Source unavailable", "no", "alert-triangle"),
    # bindings of an account
    StateWord("binding.selected", "已选账户", "Account chosen", "wait", "clock"),
    StateWord("binding.ownership_check", "核对户名中", "Checking", "go", "loader-2"),
    StateWord("binding.rejected", "核对没有通过", "Check not passed", "no", "x"),
    StateWord("binding.agreement_presented", "待您签署", "Awaiting signature", "wait", "signature"),
    StateWord("binding.agreement_signed", "待银行确认", "Awaiting the bank", "go", "progress"),
    StateWord("binding.bound", "已绑定", "Bound", "ok", "link"),
    StateWord("binding.unbound", "已解绑", "Unbound", "", "unlink"),
    StateWord("binding.closed", "账户已销户", "Account closed", "out", "calendar-off"),
    # batches
    StateWord("batch.accepted", "已接收", "Accepted", "ok", "check"),
    StateWord("batch.partly_accepted", "部分接收", "Partly accepted", "wait", "alert-circle"),
    StateWord("batch.returned", "整批退回", "Batch returned", "no", "x"),
    StateWord("batch.received", "已收到", "Received", "go", "clock"),
    StateWord("batch.checking", "校验中", "Checking rows", "go", "loader-2"),
    # applications for credit repair
    StateWord("result.matched", "对上，待转入", "Matched, to apply", "wait", "clock"),
    StateWord("result.applied", "已转入", "Applied", "ok", "circle-check"),
    StateWord("result.listed", "未转入", "Not applied", "", "help-circle"),
    StateWord("result.undone", "已取回", "Taken back", "", "arrow-back-up"),
    StateWord("repair.applied", "已申请", "Applied", "go", "clock"),
    StateWord("repair.returned", "退回补正", "Returned for completion", "wait", "arrow-back-up"),
    StateWord("repair.accepted", "已受理", "Accepted", "go", "progress"),
    StateWord("repair.repaired", "已修复", "Repaired", "ok", "circle-check"),
    StateWord("repair.not_repaired", "不予修复", "Not repaired", "no", "circle-x"),
    StateWord("repair.revoked", "修复已撤销", "Repair revoked", "no", "arrow-back-up"),
    StateWord("repair.withdrawn", "已撤回", "Withdrawn", "", "arrow-back-up"),
    StateWord("batch.failed", "处理失败", "Could not be processed", "no", "alert-triangle"),
    StateWord("batch.withdrawing", "撤回办理中", "Being withdrawn", "go", "progress"),
    StateWord("batch.withdrawn", "已撤回", "Withdrawn", "", "arrow-back-up"),
    # nodes
    StateWord("node.online", "在线", "Online", "ok", "circle-check"),
    StateWord("node.slow", "变慢", "Slow", "wait", "alert-circle"),
    StateWord("node.offline", "离线", "Offline", "no", "plug-x"),
    StateWord("node.paused", "已暂停", "Paused", "out", "player-pause"),
    StateWord("node.unchecked", "未检查", "Not checked", "out", "circle-dashed"),
    # permits, as the node sees them
    StateWord("permit.served", "已服务", "Served", "go", "eye-check"),
    StateWord("permit.refused", "已拒绝", "Refused", "no", "shield-x"),
    # the kinds of nothing
    StateWord("data.no_record", "查无记录", "No record", "ok", "circle-check"),
    StateWord("data.not_collected", "未归集", "Not collected", "out", "circle-dashed"),
    StateWord("data.not_authorised", "未授权", "Not authorised", "wait", "lock"),
    StateWord("data.on_claim", "只作核验", "Verified only", "out", "clipboard-check"),
    StateWord("data.source_silent", "数源未答", "No answer from source", "no", "plug-x"),
    StateWord("data.not_called", "没有调用", "Not called", "out", "circle-dashed"),
    # objections
    StateWord("record_objection.submitted", "待平台受理", "With the platform", "wait", "clock"),
    StateWord("record_objection.not_accepted", "未受理", "Not accepted", "", "ban"),
    StateWord("record_objection.at_source", "数源核查中", "Under review at source", "go", "progress"),
    StateWord("record_objection.corrected", "已更正", "Corrected", "ok", "circle-check"),
    StateWord("record_objection.upheld", "核查后未改", "Reviewed, unchanged", "out", "check"),
    StateWord("record_objection.unresolved", "未能查明", "Unresolved", "wait", "help-circle"),
    StateWord("record_objection.withdrawn", "已撤回", "Withdrawn", "", "arrow-back-up"),
    StateWord("objection.disputed", "有异议", "Disputed", "wait", "flag"),
    StateWord("objection.submitted", "待受理", "Submitted", "wait", "clock"),
    StateWord("objection.not_accepted", "未受理", "Not accepted", "", "ban"),
    StateWord("objection.accepted", "已受理", "Accepted", "go", "flag"),
    StateWord("objection.at_provider", "数源核查中", "Under review at source", "go", "progress"),
    StateWord("objection.replied", "数源已答复", "Source replied", "go", "message-2"),
    StateWord("objection.corrected", "已更正", "Corrected", "ok", "circle-check"),
    StateWord("objection.upheld", "核查后未改", "Reviewed, unchanged", "out", "check"),
    StateWord("objection.unresolved", "未能查明", "Unresolved", "wait", "help-circle"),
    # market
    StateWord("invitation.sent", "已邀请", "Invited", "go", "send"),
    StateWord("invitation.open", "已邀请", "Invited", "go", "send"),
    StateWord("invitation.joined", "已开通", "Joined", "ok", "circle-check"),
    StateWord("product.draft", "草稿", "Draft", "out", "pencil"),
    StateWord("product.in_review", "待复核", "In review", "wait", "clock"),
    StateWord("product.published", "在售", "On offer", "ok", "circle-check"),
    StateWord("product.suspended", "停售", "Off offer", "out", "player-pause"),
    StateWord("product.superseded", "已被取代", "Superseded", "out", "history"),
    StateWord("product.withdrawn", "已下架", "Withdrawn", "", "arrow-back-up"),
    StateWord("product.dropped", "已作废", "Dropped", "", "x"),
    StateWord("need.draft", "草稿", "Draft", "out", "pencil"),
    StateWord("need.submitted", "已提交", "Submitted", "go", "send"),
    StateWord("need.returned.firm", "请您补充", "Please complete", "wait", "arrow-back-up"),
    StateWord("need.returned", "已退回补充", "Returned to the firm", "wait", "arrow-back-up"),
    StateWord("need.matched", "已匹配", "Matched", "go", "progress"),
    StateWord("need.assigned", "顾问跟进", "With an adviser", "go", "user-check"),
    StateWord("need.dispatched", "已推送机构", "Sent to lenders", "go", "send"),
    StateWord("need.closed", "已办结", "Closed", "out", "checks"),
    StateWord("need.cancelled", "已取消", "Cancelled", "", "x"),
    StateWord("match.fits", "符合", "Fits", "ok", "circle-check"),
    StateWord("match.unknown", "还不知道", "Not known yet", "wait", "help-circle"),
    StateWord("match.not_fits", "不符合", "Does not fit", "no", "circle-x"),
    StateWord("dispute.prepared", "准备中", "Being prepared", "out", "pencil"),
    StateWord("dispute.filed", "已提交", "Filed", "wait", "send"),
    StateWord("dispute.accepted", "已受理", "Accepted", "go", "circle-check"),
    StateWord("dispute.in_hearing", "审理中", "In hearing", "go", "progress"),
    StateWord("dispute.decided", "已有决定", "Decided", "ok", "scale"),
    StateWord("dispute.enforced", "执行完毕", "Enforced", "out", "checks"),
    StateWord("dispute.refused", "没有受理", "Not accepted", "", "ban"),
    StateWord("dispute.withdrawn", "已撤回", "Withdrawn", "", "arrow-back-up"),
    StateWord("guarantee.applied", "已申请", "Applied", "wait", "clock"),
    StateWord("guarantee.reviewing", "审查中", "In review", "go", "progress"),
    StateWord("guarantee.approved", "已同意担保", "Promised", "ok", "circle-check"),
    StateWord("guarantee.in_force", "担保中", "In force", "ok", "shield-check"),
    StateWord("guarantee.released", "已解除", "Released", "out", "checks"),
    StateWord("guarantee.claim", "申请代偿", "Claimed", "wait", "alert-triangle"),
    StateWord("guarantee.compensated", "已代偿", "Compensated", "no", "coin-yuan"),
    StateWord("guarantee.recovering", "追偿中", "Recovering", "go", "progress"),
    StateWord("guarantee.closed", "已结束", "Closed", "out", "checks"),
    StateWord("guarantee.declined", "没有同意", "Declined", "", "ban"),
    StateWord("guarantee.lapsed", "已失效", "Lapsed", "out", "hourglass-off"),
    StateWord("claim.open", "待担保机构处理", "Awaiting the guarantor", "wait", "clock"),
    StateWord("claim.paid", "已代偿", "Compensated", "ok", "circle-check"),
    StateWord("claim.returned", "已退回", "Sent back", "", "arrow-back-up"),
    StateWord("agreement.proposed", "待银行同意", "Awaiting the bank", "wait", "clock"),
    StateWord("agreement.active", "生效中", "In force", "ok", "circle-check"),
    StateWord("agreement.declined", "没有同意", "Declined", "", "ban"),
    StateWord("agreement.ended", "已终止", "Ended", "out", "x"),
    StateWord("case.dispatched", "待机构受理", "Awaiting the lender", "wait", "clock"),
    StateWord("case.accepted", "机构已受理", "Taken up", "go", "progress"),
    StateWord("case.due_diligence", "尽调中", "Due diligence", "go", "search"),
    StateWord("case.supplement.firm", "请您补件", "Please supply", "wait", "upload"),
    StateWord("case.supplement", "待企业补件", "Awaiting the firm", "wait", "upload"),
    StateWord("case.approved", "授信通过", "Approved", "ok", "circle-check"),
    StateWord("case.contracted", "已签约", "Signed", "ok", "signature"),
    StateWord("loan.signed", "已签约", "Signed", "go", "signature"),
    StateWord("loan.outstanding", "还款中", "Repaying", "ok", "coin-yuan"),
    StateWord("loan.extended", "已展期", "Extended", "wait", "history"),
    StateWord("loan.overdue", "逾期", "Overdue", "wait", "alert-triangle"),
    StateWord("loan.settled", "已结清", "Settled", "out", "circle-check"),
    StateWord("loan.renewed", "已续贷", "Renewed", "out", "history"),
    StateWord("loan.written_off", "已核销", "Written off", "", "x"),
    StateWord("warning.raised", "待签收", "Raised", "wait", "alert-triangle"),
    StateWord("warning.acknowledged", "已签收", "Acknowledged", "go", "check"),
    StateWord("warning.handled", "已处置", "Handled", "go", "progress"),
    StateWord("warning.closed_true", "属实，已办结", "Closed, true", "ok", "circle-check"),
    StateWord("warning.closed_false", "误报，已办结", "Closed, false alarm", "out", "check"),
    # versions of policies, and applications for them
    StateWord("policy.draft", "草稿", "Draft", "out", "pencil"),
    StateWord("policy.in_review", "待复核", "In review", "wait", "clock"),
    StateWord("policy.published", "办理中", "Open", "ok", "circle-check"),
    StateWord("policy.suspended", "暂停受理", "Paused", "out", "player-pause"),
    StateWord("policy.superseded", "已被取代", "Superseded", "out", "history"),
    StateWord("policy.withdrawn", "已停办", "Ended", "", "arrow-back-up"),
    StateWord("policy.dropped", "已作废", "Dropped", "", "x"),
    StateWord("policy_claim.applied", "已申请", "Applied", "wait", "clock"),
    StateWord("policy_claim.accepted", "审核中", "In review", "go", "progress"),
    StateWord("policy_claim.supplement.firm", "待您补正", "Awaiting you", "wait", "alert-triangle"),
    StateWord("policy_claim.supplement", "待补正", "Awaiting firm", "wait", "clock"),
    StateWord("policy_claim.reviewed", "待资金确认", "Awaiting fund officer", "go", "progress"),
    StateWord("policy_claim.in_notice", "公示中", "Public notice", "go", "progress"),
    StateWord("policy_claim.payable", "待拨付", "To be paid", "go", "progress"),
    StateWord("policy_claim.paid", "已拨付", "Paid", "ok", "coin-yuan"),
    StateWord("policy_claim.returned", "已退回", "Returned", "out", "history"),
    StateWord("policy_claim.declined", "不予受理", "Not accepted", "no", "circle-x"),
    StateWord("policy_claim.refused", "未通过", "Refused", "no", "circle-x"),
    StateWord("policy_claim.withdrawn", "已撤回", "Withdrawn", "", "arrow-back-up"),
    StateWord("policy_claim.lapsed", "已失效", "Lapsed", "out", "clock"),
    StateWord("case.drawn", "已放款", "Drawn", "ok", "coin-yuan"),
    StateWord("case.repaying", "还款中", "Repaying", "go", "progress"),
    StateWord("case.extended", "已展期", "Extended", "wait", "calendar-event"),
    StateWord("case.overdue", "逾期", "Overdue", "no", "alert-triangle"),
    StateWord("case.settled", "已结清", "Repaid", "out", "checks"),
    StateWord("case.written_off", "已核销", "Written off", "", "x"),
    StateWord("case.declined", "机构未受理", "Not taken up", "", "ban"),
    StateWord("case.rejected", "授信未通过", "Not approved", "", "ban"),
    StateWord("case.lapsed", "已失效", "Lapsed", "out", "hourglass-off"),
    StateWord("case.cancelled", "已撤回", "Withdrawn", "", "arrow-back-up"),
    StateWord("action.open", "待办", "To do", "wait", "clock"),
    StateWord("action.done", "已办", "Done", "ok", "circle-check"),
    StateWord("action.cannot", "办不了", "Cannot", "", "ban"),
    StateWord("complaint.lodged", "投诉待受理", "Complaint waiting", "wait", "clock"),
    StateWord("complaint.handling", "投诉处理中", "Complaint handled", "go", "progress"),
    StateWord("complaint.answered", "投诉已答复", "Complaint answered", "ok", "circle-check"),
    StateWord("complaint.withdrawn", "投诉已撤回", "Complaint withdrawn", "", "arrow-back-up"),
    StateWord("condition.met", "满足", "Met", "ok", "circle-check"),
    StateWord("condition.not_met", "差", "Short by", "no", "circle-x"),
    StateWord("condition.unknown", "不知道", "Unknown", "wait", "help-circle"),
    # registry of receivables and movables
    StateWord("registration.current", "登记有效", "Registered", "ok", "certificate"),
    StateWord("registration.expired", "登记到期", "Registration ended", "out", "calendar-off"),
    StateWord("registration.discharged", "已注销登记", "Discharged", "", "arrow-back-up"),
    StateWord("receivable.confirmed", "买方已确认", "Confirmed by buyer", "ok", "circle-check"),
    StateWord("receivable.awaiting", "待买方确认", "Awaiting buyer", "wait", "clock"),
    StateWord("receivable.refused", "买方未确认", "Not confirmed by buyer", "", "ban"),
    StateWord("receivable.pledged", "已融资", "Financed", "go", "lock"),
    # keys, people, tickets
    StateWord("key.active", "启用", "In use", "ok", "key"),
    StateWord("key.retired", "已停用", "Retired", "out", "lock"),
    StateWord("key.proposed", "待安全员同意", "Awaiting approval", "wait", "clock"),
    StateWord("key.revoked", "已吊销", "Revoked", "", "ban"),
    StateWord("key.expired", "已过期", "Ended", "out", "calendar-off"),
    StateWord("member.active", "在岗", "In post", "ok", "user-check"),
    StateWord("member.pending", "待另一人同意", "Awaiting a second person", "wait", "clock"),
    StateWord("member.ended", "已离岗", "Left", "out", "calendar-off"),
    StateWord("institution.active", "正常", "In service", "ok", "circle-check"),
    StateWord("institution.suspended", "已停用", "Suspended", "out", "player-pause"),
    StateWord("ticket.open", "待答复", "Awaiting answer", "wait", "clock"),
    StateWord("ticket.promised", "已答复", "Answered", "go", "message-2"),
    StateWord("ticket.escalated", "已升级", "Escalated", "no", "alert-triangle"),
    StateWord("ticket.arrived", "已到", "Arrived", "ok", "check"),
    StateWord("ticket.closed", "已关闭", "Closed", "out", "checks"),
    StateWord("verify.valid", "核验通过", "Verified", "ok", "rosette-discount-check"),
    StateWord("verify.invalid", "核验不通过", "Not valid", "no", "shield-x"),
)

STATES: Final[dict[str, StateWord]] = {entry.key: entry for entry in _TABLE}


def state_word(key: str, *, viewer: str | None = None) -> StateWord:
    """The entry for a key; with a viewer (``firm``) the viewer's own word if there is one.

    Raises :class:`UnknownState`: a page never shows a raw state.
    """
    if viewer is not None and (own := STATES.get(f"{key}.{viewer}")) is not None:
        return own
    try:
        return STATES[key]
    except KeyError:
        raise UnknownState(f"no word for state {key!r}: add it to ui/states.py") from None
