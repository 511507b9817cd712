"""Loans in words: methods, classes, events, and why a report was not taken."""

from decimal import Decimal

from xinqiao.domain.errors import XinqiaoError
from xinqiao.domain.loans.monthly import COLUMNS
from xinqiao.domain.loans.plan import Method
from xinqiao.domain.loans.states import FiveClass
from xinqiao.hub.apps.loans.models import LoanContract, LoanFileRow
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.market_words import method_word

__all__ = [
    "class_word",
    "event_word",
    "facts_of",
    "field_word",
    "method_word",
    "reason_word",
    "refusal",
    "row_reason",
]


def class_word(five_class: str) -> str:
    """五级分类."""
    return {
        FiveClass.NORMAL: _("正常"),
        FiveClass.SPECIAL_MENTION: _("关注"),
        FiveClass.SUBSTANDARD: _("次级"),
        FiveClass.DOUBTFUL: _("可疑"),
        FiveClass.LOSS: _("损失"),
    }[FiveClass(five_class)]


def event_word(event: str) -> str:
    """What was reported."""
    return {
        "sign": _("签约"),
        "draw": _("放款"),
        "repay": _("还款"),
        "prepay": _("提前还款"),
        "extend": _("展期"),
        "fall_overdue": _("逾期"),
        "cure": _("恢复正常"),
        "classify": _("五级分类调整"),
        "renew": _("无还本续贷"),
        "settle": _("结清"),
        "write_off": _("核销"),
        "recover": _("收回已核销"),
    }[event]


def field_word(field: str) -> str:
    """What a field of a report is called."""
    return {
        "contract_no": _("合同编号"),
        "uscc": _("统一社会信用代码"),
        "case_no": _("融资申请编号"),
        "amount": _("金额"),
        "signed_on": _("签订日期"),
        "drawn_on": _("放款日期"),
        "due_on": _("到期日期"),
        "months": _("月数"),
        "annual_rate": _("年利率"),
        "rate": _("年利率"),
        "method": _("还款方式"),
        "fees": _("其他费用"),
        "guarantee_fee_rate": _("担保费率"),
        "guarantor": _("担保机构"),
        "renews": _("续贷的原合同编号"),
        "renewed_by": _("新合同编号"),
        "key": _("业务流水号"),
        "on": _("日期"),
        "draw": _("哪一笔放款"),
        "interest": _("随还利息"),
        "five_class": _("五级分类"),
        "note": _("说明"),
        "event": _("事项"),
    }.get(field) or (COLUMNS[field][0] if field in COLUMNS else field)


def reason_word(reason: str) -> str:
    """What is wrong with it."""
    return {
        "NEEDED": _("要填写"),
        "NOT_OF_EVENT": _("这一项用不着"),
        "RANGE": _("不在可以填的范围里"),
        "RATE": _("不是利率"),
        "SHAPE": _("写法不对"),
        "WORD": _("看不懂这个词"),
        "TERM": _("和放款日相隔的不是整月（前后可以差五天）"),
        "FUTURE": _("在今天以后"),
        "BEFORE": _("早于签约或放款"),
        "LATE": _("已经到期"),
        "ORDER": _("这一天以后还有别的报告"),
        "OVER": _("超过了合同或余额"),
        "NONE": _("没有找到"),
        "NO_ACCOUNT": _("这家企业在平台还没有数据账户"),
        "WHICH": _("有几笔放款，写明是哪一笔"),
        "OWED": _("还有本金没有还清，先报还款"),
        "ARREARS": _("有逾期时不能改还款计划"),
        "DIFFERS": _("和以前报告的不同"),
        "ENDED": _("这份合同已经结束"),
        "TWICE": _("同一个文件里有两行"),
        "BOTH": _("逾期天数和逾期金额要么都有，要么都没有"),
        "WIDTH": _("这一行的列数不对"),
        "NOT_TEXT": _("写法不对"),
        "DECIMALS": _("最多两位小数"),
        "SIGN": _("不能是负数"),
        "DATE": _("没有这一天"),
        "DUPLICATE": _("用过了，上次说的不一样"),
    }.get(reason, "")


def refusal(error: XinqiaoError) -> str:
    """Why a report was not taken, in one sentence."""
    said = reason_word(str(error.facts.get("reason") or ""))
    field = str(error.facts.get("field") or "")
    found = words(error.code)
    if said:
        return f"{field_word(field)}{_('：')}{said}" if field else said
    return f"{field_word(field)}{_('：')}{found.title}" if field else f"{found.title}{_('。')}{found.step}"


def row_reason(row: LoanFileRow) -> str:
    """Why a row of a file was not taken."""
    said = reason_word(row.reason) or words(row.code).title  # type: ignore[arg-type]  # a stored code
    return f"{field_word(row.field)}{_('：')}{said}" if row.field else said


def percent(rate: Decimal) -> str:
    """A fraction as per cent, as it is typed."""
    return format((Decimal(rate) * 100).normalize(), "f")


def facts_of(row: LoanContract) -> list[tuple[str, str]]:
    """What a contract says, beside its amounts."""
    found = [(_("还款方式"), method_word(Method(row.method))), (_("年利率"), f"{percent(row.annual_rate)}%")]
    if row.guarantee_fee_rate:
        found.append((_("担保费率"), f"{percent(row.guarantee_fee_rate)}%"))
    if row.guarantor:
        found.append((_("担保机构"), row.guarantor))
    marks = [word for flag, word in ((row.credit_loan, _("信用贷款")), (row.first_loan, _("首贷"))) if flag]
    if row.renews_id:
        marks.append(_("无还本续贷"))
    if marks:
        found.append((_("性质"), _("、").join(marks)))
    return found
