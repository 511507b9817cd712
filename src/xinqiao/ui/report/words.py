"""Words of the report: labels, the sentence under a null, kinds, purposes, and definitions of figures that are no
line of the indicator dictionary. Chinese source strings; the English is in the catalogue.
"""

from typing import Final, NamedTuple

from xinqiao.domain.fundflow.definitions import Line
from xinqiao.domain.fundflow.dictionary import BY_ID
from xinqiao.domain.fundflow.model import Channel, CounterpartyKind, PurposeKind
from xinqiao.domain.fundflow.wording import CHANNEL_WORDS, KIND_WORDS, PURPOSE_WORDS, Words
from xinqiao.ui.figures import Definition
from xinqiao.ui.i18n import N_, Language, gettext, language

# Why there is no figure: fits behind a dash.
NULL_REASONS: Final[dict[str, str]] = {
    "NO_ROWS": N_("账户没有流水"),
    "LIST_NOT_SUPPLIED": N_("没有提供名单"),
    "NO_WINDOW": N_("统计期内没有流水"),
    "SHORT_HISTORY": N_("月数不够"),
    "NO_BALANCE": N_("流水里没有余额"),
    "NO_TIME": N_("流水里没有时刻"),
    "TOO_FEW_OBSERVATIONS": N_("次数太少"),
    "ZERO_DENOMINATOR": N_("没有可比的金额"),
    "NEGATIVE_DENOMINATOR": N_("平均余额为负"),
    "WITHHELD": N_("企业没有给出"),
}

PURPOSES: Final[dict[str, str]] = {
    "loan_application": N_("贷前审查"),
    "credit_review": N_("授信审批"),
    "post_loan": N_("贷后管理"),
    "guarantee_review": N_("担保资格审查"),
    "other_agreed": N_("双方约定的其他用途"),
}

ACCOUNT_KINDS: Final[dict[str, str]] = {
    "basic": N_("基本户"),
    "general": N_("一般户"),
    "special": N_("专用户"),
    "temporary": N_("临时户"),
    "settlement": N_("结算户"),
    "payment": N_("支付账户"),
}

OBLIGATIONS: Final[dict[str, str]] = {
    "wages": N_("工资"),
    "tax": N_("税"),
    "social_insurance": N_("社保公积金"),
    "utilities": N_("水电"),
    "rent": N_("房租"),
    "loan_repayment": N_("还贷"),
}

LABELS: Final[dict[str, str]] = {
    "in_amount": N_("全部流入"),
    "in_count": N_("流入笔数"),
    "out_amount": N_("全部流出"),
    "out_count": N_("流出笔数"),
    "operating_in": N_("经营流入"),
    "operating_out": N_("经营流出"),
    "net_inflow": N_("净流入"),
    "operating_net": N_("经营净额"),
    "income_expense_ratio": N_("收支比"),
    "avg_monthly_operating_in": N_("月均经营流入"),
    "median_monthly_operating_in": N_("每月经营流入中位数"),
    "true_revenue_share": N_("经营流入占比"),
    "avg_daily_balance": N_("日均余额"),
    "min_eod_balance": N_("最低余额"),
    "max_eod_balance": N_("最高余额"),
    "active_days": N_("有交易的天数"),
    "active_months": N_("有交易的月数"),
    "longest_idle_days": N_("最长没有交易"),
    "max_single_in": N_("单笔最大流入"),
    "max_single_out": N_("单笔最大流出"),
    "own_transfers": N_("本企业互转"),
    "non_cny_share": N_("外币占比"),
    "growth_12m": N_("比前 12 个月"),
    "last3_vs_prev9": N_("近 3 月与前 9 月之比"),
    "trend_slope": N_("每月走势"),
    "volatility": N_("每月波动"),
    "seasonality": N_("季节性"),
    "positive_net_months": N_("净额为正的月份"),
    "zero_income_months": N_("没有收入的月份"),
    "liquidity_days": N_("余额够用天数"),
    "overdraft_days": N_("透支天数"),
    "own_transfer_ratio": N_("本企业互转占比"),
    "related_ratio_in": N_("关联方流入占比"),
    "related_ratio_out": N_("关联方流出占比"),
    "personal_ratio_in": N_("个人流入占比"),
    "personal_ratio_out": N_("个人流出占比"),
    "night_ratio": N_("夜间交易"),
    "debt_service_ratio": N_("还贷占经营流入"),
    "dscr_flow": N_("还贷覆盖倍数"),
    "bounced_count_30": N_("退票或扣款失败，近 30 天"),
    "bounced_count_60": N_("退票或扣款失败，近 60 天"),
    "bounced_count_90": N_("退票或扣款失败，近 90 天"),
    "fast_out_ratio": N_("快进快出"),
    "whole_amount_ratio": N_("整额交易"),
    "round_trip_count": N_("同一对手往返，笔数"),
    "round_trip_amount": N_("同一对手往返，金额"),
    "cash_deposit_amount": N_("现金存入"),
    "cash_withdrawal_amount": N_("现金支取"),
    "cash_share_in": N_("现金占流入"),
    "cash_share_out": N_("现金占流出"),
    "distinct": N_("家数"),
    "hhi": N_("集中度 HHI"),
    "recurring_share": N_("反复往来占比"),
    "new_share": N_("近 3 月新增占比"),
    "retention": N_("留存"),
    "top1_share": N_("第 1 占比"),
    "top3_share": N_("前 3 占比"),
    "top5_share": N_("前 5 占比"),
    "top10_share": N_("前 10 占比"),
    "repayment_to_operating_in": N_("还贷占经营流入"),
}


class OwnWords(NamedTuple):
    """Definition of a figure of the report that is no line of the dictionary."""

    sentence: str
    formula: str


OWN: Final[dict[str, OwnWords]] = {
    "net_inflow": OwnWords(N_("统计期里，进来的钱比出去的多多少。"), N_("全部流入 − 全部流出")),
    "income_expense_ratio": OwnWords(
        N_("每付出 1 元经营支出，收进多少元经营收入。"), N_("经营流入 ÷ 经营流出")
    ),
    "min_eod_balance": OwnWords(
        N_("统计期里，日终余额最低的那一天是多少。"), N_("观察期内已知日终余额的最小值")
    ),
    "max_eod_balance": OwnWords(
        N_("统计期里，日终余额最高的那一天是多少。"), N_("观察期内已知日终余额的最大值")
    ),
    "active_months": OwnWords(N_("统计期里有几个月账户动过。"), N_("至少有一笔记录的月数")),
    "max_single_in": OwnWords(N_("统计期里最大的一笔进账。"), N_("全部流入里单笔金额的最大值")),
    "max_single_out": OwnWords(N_("统计期里最大的一笔付款。"), N_("全部流出里单笔金额的最大值")),
    "own_transfers": OwnWords(
        N_("自己的账户之间转来转去的钱，不算收入也不算支出。"), N_("Σ 本企业同名账户互转的金额")
    ),
    "own_transfer_ratio": OwnWords(
        N_("自己的账户之间互转，占全部进出的比例。"), N_("本企业互转金额 ÷（全部流入 + 全部流出）")
    ),
    "non_cny_share": OwnWords(
        N_("外币折算成人民币以后，占全部进出的比例。"), N_("外币记录的人民币金额 ÷（全部流入 + 全部流出）")
    ),
    "cash_deposit_amount": OwnWords(N_("统计期里存进来的现金。"), N_("Σ 现金存入的金额")),
    "cash_withdrawal_amount": OwnWords(N_("统计期里取走的现金。"), N_("Σ 现金支取的金额")),
    "cash_share_in": OwnWords(N_("进来的钱里有多大比例是现金。"), N_("现金存入 ÷ 全部流入")),
    "cash_share_out": OwnWords(N_("出去的钱里有多大比例是现金。"), N_("现金支取 ÷ 全部流出")),
    "top1_share": OwnWords(
        N_("最大的一家，占这个方向经营金额的比例。"), N_("第 1 名的金额 ÷ 这个方向的金额")
    ),
    "top3_share": OwnWords(
        N_("最大的三家合计，占这个方向经营金额的比例。"), N_("前 3 名的金额 ÷ 这个方向的金额")
    ),
    "top5_share": OwnWords(
        N_("最大的五家合计，占这个方向经营金额的比例。"), N_("前 5 名的金额 ÷ 这个方向的金额")
    ),
    "top10_share": OwnWords(
        N_("最大的十家合计，占这个方向经营金额的比例。"), N_("前 10 名的金额 ÷ 这个方向的金额")
    ),
    "recurring_share": OwnWords(
        N_("在 3 个或更多月份都往来的对手，占这个方向金额的比例。"),
        N_("Σ 出现在 3 个以上月份的对手的金额 ÷ 这个方向的金额"),
    ),
    "new_share": OwnWords(
        N_("近 3 个月第一次出现的对手，占近 3 个月金额的比例。"),
        N_("Σ 新对手近 3 个月的金额 ÷ 近 3 个月的金额"),
    ),
    "retention": OwnWords(
        N_("前 6 个月的对手里，后 6 个月还有往来的家数比例。"),
        N_("两个 6 个月都出现的家数 ÷ 前 6 个月的家数"),
    ),
    "hhi": OwnWords(N_("各家占比的平方和，0 到 1，越大越集中。"), N_("Σ 占比²")),
    "distinct": OwnWords(N_("统计期里有往来的对手家数。"), N_("不同对手的个数")),
}


def english() -> bool:
    """Whether the page is English."""
    return language() is Language.EN


def label(name: str) -> str:
    """The short label of a figure."""
    return gettext(LABELS[name])


def null_reason(code: str) -> str:
    """The words for a null; a code of a newer provider is shown as it is rather than hidden."""
    return gettext(NULL_REASONS[code]) if code in NULL_REASONS else code


def line_title(line: Line) -> str:
    """The name of a dictionary line."""
    return line.en if english() else line.zh


def _both(words: Words) -> str:
    return words.en[:1].upper() + words.en[1:] if english() else words.zh


def kind_word(code: str) -> str:
    """A counterparty kind."""
    return _both(KIND_WORDS[None if code == "other" else CounterpartyKind(code)])


def purpose_kind_word(code: str) -> str:
    """What a payment was for."""
    return _both(PURPOSE_WORDS[PurposeKind(code)])


def channel_word(code: str) -> str:
    """A channel."""
    return _both(CHANNEL_WORDS[Channel(code)])


def purpose_word(code: str) -> str:
    """Why the institution asks; a purpose agreed in other words is shown as it was agreed."""
    return gettext(PURPOSES[code]) if code in PURPOSES else code


def account_kind_word(code: str) -> str:
    """Kind of account."""
    return gettext(ACCOUNT_KINDS[code]) if code in ACCOUNT_KINDS else code


def define(
    name: str, indicator: str, version: int | None, *, coverage: str, as_of: str, template: str
) -> Definition:
    """The definition of a figure: of the dictionary when it is a line, else the report's own."""
    line = BY_ID.get(indicator)
    if line is not None:
        return Definition(
            line.id,
            version or line.version,
            line_title(line),
            gettext(line.plain),
            gettext(line.formula),
            coverage,
            as_of,
        )
    own = OWN[name]
    number = int(template) if template.isdecimal() else 1
    return Definition(name, number, label(name), gettext(own.sentence), gettext(own.formula), coverage, as_of)
