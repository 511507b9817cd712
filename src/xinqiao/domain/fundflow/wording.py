"""Words a product carries with it: code → Chinese and English. A product must read without the platform beside it."""

from dataclasses import dataclass

from xinqiao.domain.fundflow.definitions import CHANNEL_ZH
from xinqiao.domain.fundflow.model import Channel, CounterpartyKind, PurposeKind


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages."""

    zh: str
    en: str


KIND_WORDS: dict[CounterpartyKind | None, Words] = {
    CounterpartyKind.ENTERPRISE: Words("企业", "enterprise"),
    CounterpartyKind.INDIVIDUAL_BUSINESS: Words("个体工商户", "individual business"),
    CounterpartyKind.NATURAL_PERSON: Words("自然人", "natural person"),
    CounterpartyKind.GOVERNMENT: Words("机关财政", "government"),
    CounterpartyKind.TAX: Words("税务", "tax office"),
    CounterpartyKind.SOCIAL_SECURITY: Words("社保公积金", "social security"),
    CounterpartyKind.CUSTOMS: Words("海关", "customs"),
    CounterpartyKind.FINANCIAL_INSTITUTION: Words("金融机构", "financial institution"),
    CounterpartyKind.PAYMENT_INSTITUTION: Words("支付机构", "payment institution"),
    CounterpartyKind.OWN_ACCOUNT: Words("本企业同名账户", "own account"),
    CounterpartyKind.RELATED_PARTY: Words("关联方", "related party"),
    CounterpartyKind.UTILITY: Words("公用事业", "utility"),
    CounterpartyKind.UNKNOWN: Words("未知", "unknown"),
    None: Words("其他（合并）", "other (merged)"),
}

PURPOSE_WORDS: dict[PurposeKind, Words] = {
    PurposeKind.TRADE_RECEIPT: Words("货款收入", "trade receipt"),
    PurposeKind.TRADE_PAYMENT: Words("货款支出", "trade payment"),
    PurposeKind.WAGES: Words("工资", "wages"),
    PurposeKind.TAX: Words("税款", "tax"),
    PurposeKind.SOCIAL_INSURANCE: Words("社保公积金", "social insurance"),
    PurposeKind.RENT: Words("房租", "rent"),
    PurposeKind.UTILITIES: Words("水电燃气", "utilities"),
    PurposeKind.LOAN_DRAWDOWN: Words("借款到账", "loan drawdown"),
    PurposeKind.LOAN_REPAYMENT: Words("还款", "loan repayment"),
    PurposeKind.INTEREST: Words("利息", "interest"),
    PurposeKind.DIVIDEND: Words("分红", "dividend"),
    PurposeKind.INVESTMENT: Words("投资理财", "investment"),
    PurposeKind.SUBSIDY: Words("补贴退税", "subsidy"),
    PurposeKind.REFUND: Words("退款", "refund"),
    PurposeKind.INTERNAL_TRANSFER: Words("本企业互转", "internal transfer"),
    PurposeKind.CASH: Words("现金", "cash"),
    PurposeKind.FEE: Words("手续费", "fee"),
    PurposeKind.OTHER: Words("其他", "other"),
}

_CHANNEL_EN: dict[Channel, str] = {channel: channel.value.replace("_", " ") for channel in Channel}
CHANNEL_WORDS: dict[Channel, Words] = {c: Words(zh, _CHANNEL_EN[c]) for c, zh in CHANNEL_ZH.items()}

DISCLAIMER = Words(
    "本产品仅供参考，不含评分或授信建议；机构自行决定，并对自己的决定负责。",
    "For reference; holds no score and no lending advice. The institution decides and answers for its own decision.",
)
SIGNAL_NOTE = Words("统计信号，不是结论", "statistical signal, not a finding")

NOTE_WORDS: dict[str, Words] = {
    "FOR_REFERENCE": DISCLAIMER,
    "SIGNAL_NOT_FINDING": SIGNAL_NOTE,
    "MINIMUM_CELL": Words(
        "同一类型少于 3 个对手的已并入“其他”并标记。",
        "Types with fewer than 3 counterparties are merged into other and marked.",
    ),
    "PARTIAL_MONTH": Words(
        "开户当月不完整，不计入月度平均。", "The month of opening is partial and enters no monthly rate."
    ),
    "COVERAGE_BELOW_ONE": Words(
        "部分日期的余额未知，覆盖率低于 1。", "Some balances are unknown: coverage is below 1."
    ),
    "DUPLICATES_DROPPED": Words("已剔除完全重复的记录。", "Exact duplicates were dropped."),
    "REVERSALS_PAIRED": Words("已剔除冲正配对的记录。", "Reversal pairs were removed from flows."),
    "FOREIGN_LEFT_OUT": Words(
        "部分外币记录没有中间价，未计入。", "Rows in foreign currency without a central parity were left out."
    ),
    "BALANCE_WITHHELD": Words(
        "信息主体选择不提供余额。", "The subject chose to withhold balances."
    ),
    "MERGED_ACCOUNTS": Words(
        "多个账户合并计算，已剔除其间的互转。", "Several accounts merged; transfers between them removed."
    ),
}  # fmt: skip
