"""Notices as a list to read: who did what, when, where to look. A kind without words still tells that something happened.

Read or unread is the party's, not the person's: what one colleague has read, all have.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.notices import selectors
from xinqiao.ui.i18n import gettext as _


def notice_sentence(kind: str, facts: Mapping[str, object]) -> str:
    """The sentence of a notice, actor first."""
    who = str(facts.get("institution") or facts.get("enterprise") or facts.get("name") or "")
    masked = str(facts.get("masked") or "")
    sentences = {
        "dispute_recorded": _("纠纷 {number} 有了进展"),
        "guarantee_applied": _("{who}申请担保 {number}"),
        "guarantee_approved": _("担保 {number}：担保机构同意了"),
        "guarantee_declined": _("担保 {number}：担保机构没有同意"),
        "guarantee_lapse": _("担保 {number}：意向失效"),
        "guarantee_presented": _("{who}带来担保意向 {number}"),
        "guarantee_batch": _("担保 {number}：按总对总协议生效"),
        "guarantee_start": _("担保 {number}：贷款已发放，责任生效"),
        "guarantee_release": _("担保 {number}：贷款已结清，责任解除"),
        "guarantee_claim": _("担保 {number}：银行申请代偿"),
        "guarantee_return": _("担保 {number}：代偿申请被退回"),
        "guarantee_compensate": _("担保 {number}：担保机构已代偿"),
        "guarantee_recover": _("担保 {number}：追偿收回了一笔"),
        "guarantee_close": _("担保 {number}：追偿结束"),
        "batch_agreement_propose": _("总对总协议 {number}：等您答复"),
        "batch_agreement_agree": _("总对总协议 {number}：银行同意了"),
        "batch_agreement_decline": _("总对总协议 {number}：银行没有同意"),
        "batch_agreement_end": _("总对总协议 {number}：已终止"),
        "authorisation_requested": _("{who}向您申请授权"),
        "authorisation_confirmed": _("{who}同意了授权"),
        "authorisation_refused": _("{who}没有同意授权"),
        "authorisation_appended": _("{who}追加了授权"),
        "authorisation_withdrawn": _("{who}撤回了授权"),
        "authorisation_lapsed": _("{who}的申请逾期未答"),
        "items_requested": _("{who}申请在源头调用或核验您的信息"),
        "items_confirmed": _("{who}同意了事项授权"),
        "items_refused": _("{who}没有同意事项授权"),
        "items_appended": _("{who}追加了事项授权"),
        "items_withdrawn": _("{who}撤回了事项授权"),
        "items_lapsed": _("{who}的事项申请逾期未答"),
        "items_budget": _("对{who}的核验次数已满，暂不放行"),
        "items_budget_firm": _("{who}核验您的信息次数已满，暂不放行"),
        "account_bound": _("账户 {masked} 绑定成功"),
        "account_closed": _("账户 {masked} 已销户"),
        "invitation_joined": _("{who}接受了邀请，可以申请授权了"),
        "batch_accepted": _("批次 {number} 已接收"),
        "batch_partly_accepted": _("批次 {number} 部分接收，{refused} 行要改"),
        "batch_returned": _("批次 {number} 整批退回"),
        "batch_failed": _("批次 {number} 没有处理完，没有一行入库"),
        "batch_withdrawn": _("批次 {number} 已撤回"),
        "ticket_open": _("协调工单 {number}：请答复"),
        "ticket_escalated": _("协调工单 {number} 已升级"),
        "ticket_arrived": _("协调工单 {number} 已办结：批次到了"),
        "ticket_closed": _("协调工单 {number} 已由平台关闭"),
        "ticket_promised_by_source": _("{who}答复了协调工单 {number}"),
        "ticket_escalated_by_source": _("{who}的协调工单 {number} 已升级"),
        "quality_report_published": _("数据质量月报 {number} 已发布"),
        "loan_drawn": _("{who}报告已向您放款，合同 {number}"),
        "loan_overdue": _("{who}报告贷款 {number} 逾期"),
        "loan_extended": _("{who}报告贷款 {number} 已展期"),
        "loan_renewed": _("{who}报告贷款 {number} 已办理无还本续贷"),
        "loan_settled": _("{who}报告贷款 {number} 已结清"),
        "loan_warning": _("{who}有新的贷后预警 {number}"),
        "thresholds_proposed": _("预警阈值有新的修改，等第二个人复核"),
        "objection_submitted": _("企业提出异议 {number}，等平台受理"),
        "objection_forwarded": _("异议 {number} 已转数源核查"),
        "objection_declined": _("异议 {number} 没有受理"),
        "objection_corrected": _("异议 {number} 办结：数源已更正"),
        "objection_upheld": _("异议 {number} 办结：数源核查后没有修改，您可以附上声明"),
        "objection_left_open": _("异议 {number} 办结：未能查明，标注保留"),
        "objection_withdrawn": _("企业撤回了异议 {number}"),
        "objection_late": _("异议 {number} 已逾期"),
        "repair_applied": _("企业申请信用修复 {number}"),
        "repair_resubmitted": _("信用修复申请 {number} 已补正"),
        "repair_returned": _("信用修复申请 {number} 退回补正"),
        "repair_accepted": _("信用修复申请 {number} 已受理"),
        "repair_extended": _("信用修复申请 {number} 延长办理"),
        "repair_repaired": _("信用修复申请 {number} 办结：已修复，即刻停止公示"),
        "repair_revoked": _("信用修复 {number} 已被认定单位撤销，这条信息恢复公示"),
        "repair_not_repaired": _("信用修复申请 {number} 办结：不予修复"),
        "repair_withdrawn": _("企业撤回了信用修复申请 {number}"),
        "repair_late": _("信用修复申请 {number} 已逾期"),
        "repair_imported": _("{who}的修复结果已转入（{number}），这条信息即刻停止公示"),
        "repair_import_revoked": _("{who}撤销了修复（{number}），这条信息恢复公示"),
        "repair_import_undone": _("从{who}转入的修复结果已取回（{number}），这条信息恢复公示"),
        "record_restored": _("{who}有一条信息的修复已撤销，恢复公示，请重新查询"),
        "record_repaired": _("{who}有一条信息已经修复，请不再使用此前取得的内容，重新查询"),
        "record_corrected": _("{who}有一条信息已经更正，请以重新查询的为准"),
        "product_submitted": _("产品“{who}”的新版本等第二个人复核"),
        "product_refused": _("产品“{who}”的版本复核没有通过"),
        "product_published": _("产品“{who}”已发布，对外在售"),
        "product_suspended": _("产品“{who}”已停售"),
        "product_withdrawn": _("产品“{who}”已下架"),
        "need_matched": _("融资需求 {number} 已匹配，符合条件的产品 {count} 个"),
        "need_assigned": _("融资需求 {number} 有融资顾问跟进了"),
        "need_returned": _("融资需求 {number} 请您补充"),
        "need_proposed": _("融资顾问为需求 {number} 建议了{who}"),
        "need_dispatched": _("融资需求 {number} 已推送给{who}"),
        "need_closed": _("融资需求 {number} 已办结"),
        "need_cancelled": _("企业取消了融资需求 {number}"),
        "case_dispatch": _("{who}的融资需求推送给了您（{number}），请在期限内答复"),
        "case_accept": _("{who}受理了您的融资申请 {number}"),
        "case_decline": _("{who}没有受理融资申请 {number}，原因见申请页"),
        "case_time_out": _("融资申请 {number} 逾期没有受理，已失效"),
        "case_investigate": _("{who}开始对融资申请 {number} 尽调"),
        "case_ask": _("{who}请您为融资申请 {number} 补件"),
        "case_supply": _("{who}已补齐融资申请 {number} 的材料"),
        "case_approve": _("{who}通过了融资申请 {number} 的授信"),
        "case_reject": _("{who}没有通过融资申请 {number}，原因见申请页"),
        "case_lapse": _("融资申请 {number} 的授信已失效"),
        "case_withdraw": _("{who}撤回了融资申请 {number}"),
        "case_contract": _("融资申请 {number} 已与{who}签约"),
        "case_draw": _("融资申请 {number}：{who}报告已放款"),
        "case_repay": _("融资申请 {number} 的贷款开始还款"),
        "case_extend": _("融资申请 {number} 的贷款已展期"),
        "case_fall_overdue": _("融资申请 {number} 的贷款已逾期"),
        "case_cure": _("融资申请 {number} 的逾期已补足"),
        "case_settle": _("融资申请 {number} 的贷款已结清"),
        "case_write_off": _("融资申请 {number} 的贷款已核销"),
        "case_reminder": _("融资申请 {number} 快到期限了，请尽快办理"),
        "case_late": _("融资申请 {number} 已超过办理期限"),
        "case_message": _("{who}在融资申请 {number} 里给您留了言"),
        "case_complaint": _("{who}投诉了融资申请 {number} 的办理"),
        "case_complaint_taken_up": _("您对融资申请 {number} 的投诉已受理"),
        "case_complaint_answered": _("您对融资申请 {number} 的投诉已答复"),
        "policy_submitted": _("政策“{who}”的新版本等第二个人复核"),
        "policy_refused": _("“{who}”没有通过，原因在申请或版本里"),
        "policy_published": _("政策“{who}”已发布"),
        "policy_suspended": _("政策“{who}”已暂停受理"),
        "policy_withdrawn": _("政策“{who}”已停办"),
        "policy_found": _("有 {number} 项政策适合您，如“{who}”"),
        "policy_applied": _("{who}申请政策 {number}，等受理"),
        "policy_supplied": _("{who}补正了政策申请 {number}"),
        "policy_claim_withdrawn": _("{who}撤回了政策申请 {number}"),
        "policy_reviewed": _("{who}的政策申请 {number} 审核通过，等资金确认"),
        "policy_payable": _("政策申请 {number} 公示期满，等拨付"),
        "policy_accepted": _("您申请的“{who}”已受理"),
        "policy_asked": _("您申请的“{who}”要补正材料"),
        "policy_confirmed": _("您申请的“{who}”审核通过"),
        "policy_paid": _("您申请的“{who}”已拨付"),
        "policy_lapsed": _("您申请的“{who}”逾期没有补正，已失效"),
        "representative_changed": _("法定代表人已变更，请复核生效中的授权"),
    }
    return sentences.get(kind, _("有一条新的记录")).format(
        who=who or _("对方"),
        masked=masked,
        number=facts.get("number", ""),
        refused=facts.get("refused", ""),
        count=facts.get("count", ""),
    )


#: The newest of them; older ones say nothing that the records do not.
MOST = 100


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One notice in the list."""

    id: str
    sentence: str
    link: str
    created_at: datetime
    unread: bool


def notice_rows(actor: Actor, *, limit: int = MOST) -> list[NoticeRow]:
    """The actor's notices in words, newest first."""
    return [
        NoticeRow(n.id, notice_sentence(n.kind, n.facts), n.link, n.created_at, n.read_at is None)
        for n in selectors.notices(actor, limit=limit)
    ]


def notice_context(actor: Actor) -> dict[str, object]:
    """What the page of notices shows."""
    rows = notice_rows(actor)
    return {"notices": rows, "unread": selectors.unread_count(actor), "cut": len(rows) >= MOST, "most": MOST}
