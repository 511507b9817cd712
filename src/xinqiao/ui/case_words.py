"""Cases in words: why they ended, what was asked, what happened, and how far one has come."""

from xinqiao.domain.market.case import CaseState, Refusal
from xinqiao.domain.market.case_work import ActionKind
from xinqiao.ui.i18n import gettext as _


def refusal_word(code: str) -> str:
    """Why a case ended without money."""
    return {
        Refusal.INDUSTRY_POLICY: _("行业政策限制"),
        Refusal.CREDIT_RECORD: _("信用记录不符合要求"),
        Refusal.INSUFFICIENT_DATA: _("信息不足，无法判断"),
        Refusal.FINANCIALS: _("经营和财务状况不符合要求"),
        Refusal.SECURITY: _("担保条件不足"),
        Refusal.PURPOSE: _("贷款用途不符合要求"),
        Refusal.REGION: _("不在服务地区"),
        Refusal.CAPACITY: _("机构额度或人手不足"),
        Refusal.DUPLICATE: _("重复申请"),
        Refusal.ENTERPRISE_WITHDREW: _("企业撤回"),
        Refusal.OTHER: _("其他原因"),
    }[Refusal(code)]


def refusal_choices() -> list[tuple[str, str]]:
    """The reasons an institution may give."""
    return [(code.value, refusal_word(code)) for code in Refusal if code is not Refusal.ENTERPRISE_WITHDREW]


def action_word(kind: str) -> str:
    """What the firm is asked to do."""
    return {
        ActionKind.UPLOAD: _("上传材料"),
        ActionKind.CONFIRM: _("确认事项"),
        ActionKind.AUTHORISE: _("授权信息"),
    }[ActionKind(kind)]


def action_choices() -> list[tuple[str, str]]:
    """The kinds for a form."""
    return [(kind.value, action_word(kind)) for kind in ActionKind]


def event_words() -> dict[str, tuple[str, str, str]]:
    """Of each event: the class of its line, its icon, its words."""
    return {
        "dispatch": ("ask", "send", _("推送给机构")),
        "accept": ("give", "check", _("机构受理")),
        "decline": ("", "ban", _("机构没有受理")),
        "time_out": ("", "hourglass-off", _("机构逾期没有受理，申请失效")),
        "investigate": ("", "search", _("机构开始尽调")),
        "ask": ("ask", "upload", _("机构要求补件")),
        "answer": ("", "check", _("企业办理了一项补件")),
        "supply": ("give", "send", _("企业交回补件")),
        "approve": ("give", "circle-check", _("授信通过")),
        "reject": ("", "ban", _("授信没有通过")),
        "lapse": ("", "hourglass-off", _("授信失效")),
        "contract": ("give", "signature", _("签订合同")),
        "withdraw": ("", "arrow-back-up", _("企业撤回申请")),
        "draw": ("give", "coin-yuan", _("放款")),
        "repay": ("", "progress", _("开始还款")),
        "extend": ("", "calendar-event", _("展期")),
        "fall_overdue": ("", "alert-triangle", _("逾期")),
        "cure": ("give", "circle-check", _("补足逾期")),
        "settle": ("give", "checks", _("结清")),
        "write_off": ("", "x", _("核销")),
        "rate": ("", "star", _("企业评价了服务")),
        "complain": ("ask", "flag", _("企业投诉")),
        "complaint_take_up": ("", "check", _("平台受理投诉")),
        "complaint_answer": ("give", "message-2", _("平台答复投诉")),
        "complaint_withdraw": ("", "arrow-back-up", _("企业撤回投诉")),
    }


_STAGE = {
    CaseState.DISPATCHED: 0, CaseState.ACCEPTED: 1, CaseState.DUE_DILIGENCE: 1, CaseState.SUPPLEMENT: 1, CaseState.APPROVED: 2,
    CaseState.CONTRACTED: 3, CaseState.DRAWN: 4, CaseState.REPAYING: 4, CaseState.EXTENDED: 4, CaseState.OVERDUE: 4,
    CaseState.SETTLED: 5, CaseState.WRITTEN_OFF: 5,
}  # fmt: skip


def stages() -> list[tuple[str, str]]:
    """The five nouns of the way to the money, each with what happens there."""
    return [
        (_("推送"), _("等机构受理")),
        (_("审查"), _("尽调、补件")),
        (_("授信"), _("额度和利率")),
        (_("签约"), _("签订合同")),
        (_("放款"), _("还款到结清")),
    ]


def stage_of(state: str, reached: list[str]) -> int:
    """How far a case has come, from 0; one that ended without money stays where it ended."""
    at = _STAGE.get(CaseState(state))
    before = [_STAGE[CaseState(one)] for one in reached if CaseState(one) in _STAGE]
    return at if at is not None else max(before, default=0)


def next_sentence(state: str, viewer: str) -> str:
    """What comes next and whose turn it is, for the firm or its institution."""
    firm = {
        CaseState.DISPATCHED: _("机构正在看您的申请，期限内会答复受理或不受理。"),
        CaseState.ACCEPTED: _("机构已经受理，接下来做尽调。"),
        CaseState.DUE_DILIGENCE: _("机构正在尽调，可能会请您补件。"),
        CaseState.SUPPLEMENT: _("机构在等您补件：逐项办完，再一起交回。"),
        CaseState.APPROVED: _("授信已经通过，接下来和机构签约。"),
        CaseState.CONTRACTED: _("合同已经签订，等机构放款。"),
    }
    bank = {
        CaseState.DISPATCHED: _("请在期限内答复：受理，或者说明原因不受理；逾期自动失效。"),
        CaseState.ACCEPTED: _("请开始尽调。"),
        CaseState.DUE_DILIGENCE: _("请给出授信结论，或者请企业补件。"),
        CaseState.SUPPLEMENT: _("在等企业补件。"),
        CaseState.APPROVED: _("请与企业签约；不再签约的，说明原因办理失效。"),
    }
    return {"firm": firm, "bank": bank}.get(viewer, {}).get(CaseState(state), "")


def role_word(role: str) -> str:
    """Who did something."""
    return {
        "enterprise": _("企业"),
        "institution": _("机构"),
        "adviser": _("融资顾问"),
        "operator": _("平台"),
        "clock": _("到时间"),
    }.get(role, _("平台"))


def show_words() -> dict[str, str]:
    """The lists of an institution and of the platform."""
    return {
        "": _("全部"),
        "new": _("待受理"),
        "working": _("办理中"),
        "granted": _("已授信"),
        "over": _("已办结"),
        "late": _("已逾期"),
    }
