"""Writes ``lifecycles.md`` and ``financing.md`` from the tables of ``xinqiao.domain.lifecycles``; a test keeps them fresh."""

from pathlib import Path

from xinqiao.domain.lifecycles import ALL, FINANCING
from xinqiao.domain.machine import Machine, Role, diagram

ROLES = {
    Role.ENTERPRISE: "企业",
    Role.INSTITUTION: "金融机构",
    Role.PROVIDER: "信息提供机构",
    Role.OPERATOR: "运营机构",
    Role.ADVISER: "融资顾问",
    Role.GUARANTOR: "担保机构",
    Role.DEPARTMENT: "政策部门",
    Role.SOURCE: "数源单位",
    Role.HUB: "平台程序",
    Role.CLOCK: "到时间",
}

TITLES = {
    "binding": (
        "资金账号绑定",
        "签了委托提供协议，还要等信息提供机构收下副本才算绑定：节点手里没有委托，就什么也不给。",
    ),
    "authorisation": (
        "查询授权",
        "“已到期”和“次数用完”不是状态：到期看时钟，次数看计数，都在读的那一刻算出来。撤回没有回头路。",
    ),
    "query": ("一次查询", "没有拿到许可就被拒绝的查询不在这张表里：它只是存证日志里的一条拒绝。"),
    "repair": (
        "信用修复",
        "修复是一件事：停止公示、停止共享和使用同时发生。谁认定、谁修复：决定由认定单位（数源）作出，平台可以代为受理、退回补正。最短公示期从认定文书之日按月计算；受理和决定的工作日数由平台设定（来源未核实）。",
    ),
    "objection": (
        "资金流信息的异议",
        "受理时打上异议标注；更正、维持时取下；核实不清的，核查情况和异议内容一并保留。",
    ),
    "record_objection": (
        "归集信息的异议",
        "提交的那一刻就打上标注；“已逾期”不是状态，看时钟。平台从不改记录：数源报来更正、或者撤回了这条记录，才能以“已更正”办结。未能查明的，标注和双方的说明一并保留。",
    ),
    "batch": (
        "归集批次",
        "整批可见或整批不可见；校验中的程序死了，就从保存的文件重新校验。“处理失败”是平台的问题，不是对文件的判断。",
    ),
    "ticket": (
        "协调工单",
        "缺的、晚的由规则开单，批次一到自动办结；其余由运营机构开、由运营机构说明原因后关。过了答复期限没有答复，或过了答应的日子没有到，就升级。",
    ),
    "need": (
        "融资需求",
        "一份需求由几家机构同时办，所以分成两张表：推送以前是需求自己的，推送以后每家机构一件申请。顾问跟进的期限是 1 个工作日（建议值）。",
    ),
    "case": (
        "融资申请",
        "一家机构一件；同一家企业在同一机构、同一产品上只能有一件没有办结的（`open`）。期限（工作日，建议值）：受理 3、尽调 10、补件 5、放款以后报告 2。没有拿到钱的结局都要写原因代码。",
    ),
    "complaint": (
        "对申请办理的投诉",
        "企业对一件申请的办理不满意，由平台受理并答复；同一件申请同时只有一件没有办结的投诉，机构在这里看不到它。",
    ),
    "loan": (
        "贷款合同",
        "每一步都由放款机构报告，平台不替机构判断：逾期天数由还款计划和已报的还款算出，状态和五级分类以机构报告为准。无还本续贷是后一份合同接上来、原合同以“已续贷”结束。核销不是免除，之后收回的照样报告。贷后授权随“已结清、已续贷、已核销”结束。",
    ),
    "guarantee": (
        "融资担保",
        "总对总（见贷即保）的，银行在约定条件内的决定就是担保机构的同意，由平台程序走“同意担保”。代偿只能从索赔来，只有一次；追偿可以有许多次。",
    ),
    "warning": (
        "贷后预警",
        "发给机构以前要有还在有效期里的贷后授权；级别和阈值由每家机构自己定。办结时说明属实还是误报，阈值据此调整。",
    ),
    "product": (
        "金融产品的一个版本",
        "谁写的，谁不能复核：复核人是另一个人，不予通过要写理由。提交以后，这个版本一个字也不改；发布以后要改，就写新版本，再复核一次，新版本发布时旧版本自动停用。办理中的申请沿用受理时的版本。一个产品同时至多一个版本在写或在复核，至多一个版本在售或停售。",
    ),
}

WORDS = {
    "selected": "已选账户",
    "ownership_check": "核对户名",
    "rejected": "核对未通过",
    "agreement_presented": "待签协议",
    "agreement_signed": "协议已签",
    "bound": "已绑定",
    "unbound": "已解绑",
    "closed": "已销户",
    "check": "提交核对",
    "pass": "核对一致",
    "reject": "核对不一致",
    "sign": "签署协议",
    "activate": "数源收下委托",
    "unbind": "解绑",
    "close": "报告销户",
    "requested": "待确认",
    "confirmed": "已确认",
    "refused": "未同意",
    "lapsed": "逾期未答",
    "withdrawn": "已撤回",
    "confirm": "确认",
    "refuse": "不同意",
    "lapse": "逾期",
    "append": "追加",
    "withdraw": "撤回",
    "permitted": "已许可",
    "released": "已放行",
    "denied": "未放行",
    "failed": "数源未应答",
    "release": "放行",
    "applied": "已申请",
    "returned": "退回补正",
    "return": "退回补正",
    "resubmit": "补正后再报",
    "repaired": "已修复",
    "repair": "决定修复",
    "not_repaired": "不予修复",
    "turn_down": "决定不予修复",
    "revoke": "撤销修复",
    "revoked": "修复已撤销",
    "deny": "拦下",
    "fail": "失败",
    "submitted": "已提交",
    "not_accepted": "不予受理",
    "accepted": "已受理",
    "at_provider": "数源核查中",
    "replied": "数源已答复",
    "corrected": "已更正",
    "upheld": "维持原样",
    "unresolved": "核实不清",
    "accept": "受理",
    "decline": "不予受理",
    "forward": "转数源核查",
    "reply": "答复",
    "correct": "更正",
    "uphold": "维持",
    "leave_open": "留存双方说明",
    "at_source": "数源核查中",
    "record_objection.unresolved": "未能查明",
    "extend": "延长办理",
    "received": "已收到",
    "checking": "校验中",
    "partly_accepted": "部分接收",
    "batch.returned": "整批退回",
    "withdrawing": "撤回办理中",
    "accept_partly": "部分接收",
    "batch.return": "整批退回",
    "retry": "再试一次",
    "request_withdrawal": "申请撤回",
    "batch.failed": "处理失败",
    "batch.accepted": "已接收",
    "batch.accept": "全部接收",
    "batch.check": "开始校验",
    "batch.withdraw": "撤回完成",
    "open": "待答复",
    "promised": "已答复",
    "escalated": "已升级",
    "arrived": "已到",
    "ticket.closed": "已关闭",
    "promise": "答应一个日期",
    "escalate": "升级",
    "arrive": "批次到了",
    "ticket.close": "说明原因后关闭",
    "draft": "草稿",
    "submit": "提交",
    "matched": "已匹配",
    "match": "匹配",
    "assigned": "顾问跟进",
    "assign": "派给顾问",
    "dispatched": "已推送机构",
    "dispatch": "推送机构",
    "cancelled": "已取消",
    "cancel": "取消",
    "need.returned": "已退回",
    "need.return": "退回修改",
    "need.closed": "已关闭",
    "need.close": "关闭",
    "case.accepted": "机构受理",
    "case.withdraw": "企业撤回",
    "case.decline": "不受理",
    "declined": "不受理",
    "time_out": "逾期未受理",
    "investigate": "开始尽调",
    "due_diligence": "尽调",
    "ask": "要求补件",
    "supplement": "补件",
    "supply": "补交",
    "approve": "授信通过",
    "approved": "授信通过",
    "case.reject": "拒绝",
    "case.rejected": "已拒绝",
    "case.lapsed": "已失效",
    "case.lapse": "失效",
    "contract": "签约",
    "contracted": "已签约",
    "draw": "放款",
    "drawn": "已放款",
    "repay": "开始还款",
    "repaying": "还款中",
    "extended": "已展期",
    "case.extend": "展期",
    "fall_overdue": "逾期",
    "overdue": "逾期",
    "cure": "补足",
    "settle": "结清",
    "settled": "已结清",
    "write_off": "核销",
    "written_off": "已核销",
    "lodged": "待受理",
    "take_up": "受理",
    "handling": "处理中",
    "answer": "答复",
    "answered": "已答复",
    "complaint.withdraw": "企业撤回",
    "complaint.withdrawn": "已撤回",
    "signed": "已签约",
    "outstanding": "还款中",
    "loan.repay": "还款",
    "prepay": "提前还款",
    "loan.extend": "展期",
    "classify": "调整五级分类",
    "renew": "无还本续贷",
    "renewed": "已续贷",
    "loan.recover": "收回已核销",
    "review": "审查",
    "reviewing": "审查中",
    "guarantee.approve": "同意担保",
    "guarantee.approved": "同意担保",
    "guarantee.decline": "不同意担保",
    "guarantee.declined": "不同意担保",
    "guarantee.lapsed": "已失效",
    "guarantee.lapse": "失效",
    "start": "随放款生效",
    "in_force": "在保",
    "guarantee.release": "解除",
    "guarantee.released": "已解除",
    "claim": "索赔",
    "guarantee.return": "退回索赔",
    "compensate": "代偿",
    "compensated": "已代偿",
    "recover": "追偿入账",
    "recovering": "追偿中",
    "guarantee.closed": "已办结",
    "guarantee.close": "办结",
    "raised": "已发出",
    "acknowledge": "签收",
    "acknowledged": "已签收",
    "handle": "处置",
    "handled": "已处置",
    "warning.confirm": "属实，办结",
    "dismiss": "误报，办结",
    "closed_true": "属实",
    "closed_false": "误报",
    "in_review": "待复核",
    "published": "在售",
    "suspended": "停售",
    "superseded": "已被新版本取代",
    "product.withdrawn": "已下架",
    "dropped": "已作废",
    "product.submit": "提交复核",
    "recall": "收回修改",
    "product.refuse": "复核不通过",
    "publish": "复核通过并发布",
    "suspend": "停售",
    "resume": "恢复在售",
    "product.withdraw": "下架",
    "supersede": "新版本发布",
    "drop": "作废",
}


def word(machine: str, name: str) -> str:
    """The word of a state or an event; a machine may have one of its own for a name others use too."""
    return WORDS.get(f"{machine}.{name}", WORDS[name])


def page() -> str:
    """The page of authorisations, queries and records."""
    return _page("生命周期", ALL)


def financing_page() -> str:
    """The page of needs, cases, guarantees and warnings."""
    return _page("融资对接的状态表", FINANCING)


def _page(heading: str, machines: tuple[Machine, ...]) -> str:
    parts = [
        f"# {heading}",
        "",
        "本页由 `src/xinqiao/domain/lifecycles.py` 里的表生成，请不要手改；改表之后运行 `python docs/rules/lifecycles.py`。",
        "",
        "表里没有的一步就是不允许的一步：程序回 `ILLEGAL_MOVE`（409），什么都不改变；身份不对回 `ROLE_FORBIDDEN`（403）。",
    ]
    for machine in machines:
        title, note = TITLES[machine.name]
        parts += [
            "",
            f"## {title} `{machine.name}`",
            "",
            note,
            "",
            "```mermaid",
            diagram(machine).rstrip(),
            "```",
            "",
        ]
        parts += ["| 从 | 事件 | 到 | 谁可以 |", "| --- | --- | --- | --- |"]
        for (source, event), target in machine.moves.items():
            who = "、".join(ROLES[role] for role in sorted(machine.may_fire[event]))
            cells = (f"{word(machine.name, name)} `{name}`" for name in (source, event, target))
            parts.append(f"| {' | '.join(cells)} | {who} |")
        ends = "、".join(f"{word(machine.name, state)} `{state}`" for state in sorted(machine.final))
        parts += ["", f"终点：{ends}。"]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    Path(__file__).with_suffix(".md").write_text(page(), "utf-8")
    Path(__file__).with_name("financing.md").write_text(financing_page(), "utf-8")
