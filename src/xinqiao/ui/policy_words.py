"""Words of policies: kinds, how much is paid, what an application says and why one gets nothing. In the language in force."""

from decimal import Decimal

from xinqiao.domain.policies.claim import Reason
from xinqiao.domain.policies.policy import ApplyMode, PolicyKind, PolicyTerms
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _


def policy_kind_word(kind: str) -> str:
    """What a policy does."""
    return {
        PolicyKind.INTEREST_SUBSIDY: _("贷款贴息"),
        PolicyKind.GUARANTEE_FEE: _("担保费补贴"),
        PolicyKind.PREMIUM: _("保险保费补贴"),
        PolicyKind.TURNOVER: _("应急周转金（转贷）"),
        PolicyKind.GRANT: _("惠企资金"),
        PolicyKind.RISK_COMPENSATION: _("信贷风险补偿"),
        PolicyKind.GUARANTEE_FUND: _("信用保证基金"),
        PolicyKind.AWARD: _("首贷、信用贷奖励"),
    }[PolicyKind(kind)]


def mode_word(mode: str) -> str:
    """How much a firm has to do."""
    return {
        ApplyMode.AUTOMATIC: _("免申即享，确认即可"),
        ApplyMode.SIMPLE: _("简化申报"),
        ApplyMode.FULL: _("完整申报，要附材料"),
    }[ApplyMode(mode)]


def reason_word(reason: str) -> str:
    """Why an application gets nothing."""
    return {
        Reason.NOT_ELIGIBLE: _("不符合条件"),
        Reason.MATERIAL: _("材料不全"),
        Reason.FACTS_WRONG: _("申报内容与事实不符"),
        Reason.DUPLICATE: _("重复申报"),
        Reason.NO_FUND: _("资金已用完"),
        Reason.NOTICE_OBJECTION: _("公示期内有异议，查实成立"),
        Reason.OTHER: _("其他原因"),
    }[Reason(reason)]


def rate_word(value: Decimal | None) -> str:
    """A fraction as percent with two decimals, more where it has more."""
    if value is None:
        return "–"
    digits = max(2, -int((value * 100).normalize().as_tuple().exponent))
    return fmt.percent(value, digits=digits)


def formula_sentence(terms: PolicyTerms) -> str:
    """How the benefit is counted."""
    one = terms.formula
    pattern = {
        PolicyKind.INTEREST_SUBSIDY: _("每天的贷款余额 × {rate} ÷ {year}，逐日相加，最多 {days} 天"),
        PolicyKind.GUARANTEE_FEE: _("在保余额 × 担保年费率 × 天数 ÷ {year} × {share}，最多 {days} 天"),
        PolicyKind.PREMIUM: _("实际交的保费 × {share}"),
        PolicyKind.TURNOVER: _("借给企业转贷，按每天 {rate} 收费，最多 {days} 天"),
        PolicyKind.GRANT: _("每户 {each}"),
        PolicyKind.RISK_COMPENSATION: _("机构的损失 × {share}；损失是本金加至多 90 天利息，减已收回的"),
        PolicyKind.GUARANTEE_FUND: _("代偿的损失 × {share}，以后追回的按同一比例分"),
        PolicyKind.AWARD: _("每户 {each}，加发放额的 {share}"),
    }[terms.kind]
    return pattern.format(
        rate=rate_word(one.rate), share=rate_word(one.share), year=one.days_in_year, days=one.most_days,
        each=fmt.money(one.each_fen, scale=fmt.Scale.YUAN) if one.each_fen is not None else "–",
    )  # fmt: skip


def bound_word(bound: str) -> str:
    """Which cap bound an amount."""
    return {"claim": _("一次申请的上限"), "firm": _("一户企业的上限"), "fund": _("资金池剩下的钱")}.get(
        bound, ""
    )


def said_problem(reason: str) -> str:
    """Why what an application says is not taken; empty where another list has the words."""
    return {
        "LOAN_TOO_LARGE": _("贷款金额超过了政策支持的上限。"),
        "LOAN_TOO_DEAR": _("贷款利率高于政策支持的上限。"),
        "OUTSIDE_PERIOD": _("有的日子不在政策支持的期间里。"),
        "TOO_MANY_DAYS": _("天数超过了政策支持的天数。"),
        "OVERLAP": _("两段余额的日子重叠了。"),
        "NOT_ELIGIBLE": _("有条件不满足，不能申请。"),
        "FOUR_EYES": _("审核的人不能再确认、拨付，请另一位办理。"),
        "BUDGET": _("预算低于已经预留和拨付的钱。"),
        "QUOTA": _("名额用完了。"),
        "FUND": _("资金池剩下的钱不够。"),
        "FIRM": _("这户企业的累计已到上限。"),
        "RETURN": _("退回的比拨付的还多。"),
    }.get(reason, "")
