"""The label rules L01 to L23 and the flags as data (indicator dictionary 3.9 rules 15, 16, 18, 19).

Only data lives here; how it is applied is in ``labels``. Cues are already in normal form.
"""

from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """The primary label of a row; exactly one per row."""

    REV = "REV"
    SELF = "SELF"
    LOAN_IN = "LOAN_IN"
    LOAN_OUT = "LOAN_OUT"
    TAX = "TAX"
    SOCIAL = "SOCIAL"
    PAYROLL = "PAYROLL"
    UTIL = "UTIL"
    RENT = "RENT"
    FEE = "FEE"
    INT = "INT"
    INVEST = "INVEST"
    DEPOSIT_GUAR = "DEPOSIT_GUAR"
    GOV_IN = "GOV_IN"
    BILL_DISC = "BILL_DISC"
    BILL_COLL = "BILL_COLL"
    CASH = "CASH"
    PLATFORM = "PLATFORM"
    CAPITAL = "CAPITAL"
    REL = "REL"
    TRADE = "TRADE"


@dataclass(frozen=True, slots=True)
class LabelRule:
    """One rule: the direction fits, any one cue holds, and no ``unless`` cue is in the text.

    ``sign`` is +1 for in, -1 for out, 0 for both. ``text`` and ``names`` are substrings; ``kinds``, ``purposes``
    and ``channels`` are compared exactly. The switches name structured cues that need the row or the context.
    """

    id: str
    label: Label
    sign: int
    text: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    reversal_flag: bool = False
    own_party: bool = False
    cash_flag: bool = False
    related_name: bool = False
    always: bool = False


def _cues(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LENDERS = _cues("小额贷款 小贷 消费金融 融资租赁 汽车金融 典当")
_SOCIAL = _cues("社保 公积金 社会保险 养老保险 医疗保险 失业保险 工伤保险 医保")
_CAPITAL = _cues("投资款 增资 股本 出资款 注资款 分红 股利")
_PLATFORMS = _cues("支付宝 财付通 微信支付 银联商务 拉卡拉 收钱吧 网银在线 京东支付 抖音支付 云闪付")

REVERSAL_CUES = _cues("冲正 冲账 抹账 退汇")

LABEL_RULES: tuple[LabelRule, ...] = (
    LabelRule("L01", Label.REV, 0, text=REVERSAL_CUES, reversal_flag=True),
    LabelRule(
        "L02",
        Label.SELF,
        0,
        kinds=_codes("own_account"),
        purposes=_codes("internal_transfer"),
        own_party=True,
    ),
    LabelRule(
        "L03",
        Label.LOAN_IN,
        1,
        text=_cues("贷款发放 发放贷款 放款 贷款入账 借款"),
        unless=_cues("归还 偿还 还款 还借款"),
        purposes=_codes("loan_drawdown"),
    ),
    LabelRule("L04", Label.LOAN_IN, 1, names=_LENDERS, unless=_cues("利息 结息 保证金")),
    LabelRule(
        "L05",
        Label.LOAN_OUT,
        -1,
        text=_cues("还款 还贷 还本 归还贷款 贷款归还 归还借款 还借款 偿还 贷款本金 本息 融资租赁"),
        unless=_cues("退还款 返还款"),
        purposes=_codes("loan_repayment"),
    ),
    LabelRule("L06", Label.LOAN_OUT, -1, names=_LENDERS, unless=_cues("利息 结息 保证金 手续费")),
    LabelRule(
        "L07",
        Label.TAX,
        -1,
        text=_cues("缴税 税款 国库 扣税 税务 增值税 所得税 印花税 附加税"),
        names=_cues("税务局 国库 国家金库 海关"),
        unless=_SOCIAL,
        kinds=_codes("tax customs"),
        purposes=_codes("tax"),
    ),
    LabelRule(
        "L08",
        Label.SOCIAL,
        -1,
        text=_SOCIAL,
        names=_cues("社会保险 公积金管理"),
        kinds=_codes("social_security"),
        purposes=_codes("social_insurance"),
    ),
    LabelRule(
        "L09",
        Label.PAYROLL,
        0,
        text=_cues("代发工资 工资 奖金 薪资 薪酬"),
        unless=_cues("手续费"),
        purposes=_codes("wages"),
    ),
    LabelRule(
        "L10",
        Label.UTIL,
        -1,
        text=_cues("水费 电费 水电 燃气 煤气 供热 供暖 取暖"),
        names=_cues("供电公司 供电局 国网 自来水 燃气公司 燃气集团 热力公司"),
        kinds=_codes("utility"),
        purposes=_codes("utilities"),
    ),
    LabelRule("L11", Label.RENT, -1, text=_cues("房租 租金 租赁费"), purposes=_codes("rent")),
    LabelRule(
        "L12",
        Label.FEE,
        -1,
        text=_cues("手续费 年费 工本费 账户管理费 汇划费 短信费 罚息 滞纳金 违约金"),
        unless=_cues("年费用"),
        purposes=_codes("fee"),
    ),
    LabelRule(
        "L13",
        Label.INT,
        0,
        text=_cues("利息 结息 付息 收息"),
        purposes=_codes("interest"),
        channels=_codes("interest"),
    ),
    LabelRule(
        "L14",
        Label.INVEST,
        0,
        text=_cues("理财 申购 赎回 定期 定存 结构性存款 大额存单 通知存款"),
        unless=_CAPITAL,
        purposes=_codes("investment"),
    ),
    LabelRule("L15", Label.DEPOSIT_GUAR, 0, text=_cues("保证金")),
    LabelRule(
        "L16",
        Label.GOV_IN,
        1,
        text=_cues("退税 补贴 补助 奖补 稳岗 扶持资金 津贴"),
        kinds=_codes("tax customs social_security"),
        purposes=_codes("subsidy tax"),
    ),
    LabelRule("L17", Label.BILL_DISC, 0, text=_cues("贴现")),
    LabelRule(
        "L18",
        Label.BILL_COLL,
        0,
        text=_cues("托收 承兑 兑付 票据 汇票 商票"),
        channels=_codes("bill"),
    ),
    LabelRule(
        "L19a",
        Label.CASH,
        0,
        text=_cues("取现 存现 现存 现取 现金存 现金取 现金支取 ATM"),
        purposes=_codes("cash"),
        cash_flag=True,
    ),
    LabelRule(
        "L19b",
        Label.PLATFORM,
        1,
        text=_PLATFORMS,
        names=_PLATFORMS,
        kinds=_codes("payment_institution"),
        channels=_codes("pos third_party_payment"),
    ),
    LabelRule("L20", Label.CAPITAL, 0, text=_CAPITAL, unless=_cues("新增资"), purposes=_codes("dividend")),
    LabelRule("L21", Label.REL, 0, kinds=_codes("related_party"), related_name=True),
    LabelRule(
        "L22",
        Label.TRADE,
        0,
        text=_cues("货款 销售款 采购 工程款 加工费 运费 服务费 定金 订金 预付 尾款"),
        purposes=_codes("trade_receipt trade_payment refund"),
    ),
    LabelRule("L23", Label.TRADE, 0, always=True),
)

DEFAULT_RULE = "L23"

# flags beside the label (rule 19)
PENALTY_CUES = _cues("罚息 滞纳金 逾期 违约金")
RETURNED_CUES = _cues("退票 扣款失败 扣费失败 代扣失败 划扣失败")
FROZEN_CUES = _cues("冻结 扣划 司法")
UNFROZEN_CUES = _cues("解冻 解除冻结")

# the name rule of a natural person (rule 15)
PERSON_KINDS = frozenset({"", "unknown", "related_party"})
NOT_A_PERSON = _cues(
    "公司 集团 中心 商行 商店 超市 银行 支付 财付通 合作社 门市 经营部 饭店 酒店 学校 医院 税务 国库 社保 公积金"
    " 政府 财政 现金 利息 结息 工资 手续费 清算 过渡 内部 备付金 理财 基金"
)
NOT_A_PERSON_END = _cues("厂 店 部 局")


class LenderKind(StrEnum):
    """Who lent (rule 16), in output order of D01."""

    BANK = "bank"
    MICRO_LENDER = "micro_lender"
    CONSUMER_FINANCE = "consumer_finance"
    PERSON = "person"
    OTHER = "other"


MICRO_LENDER_CUES = _cues("小额贷款 小贷")
CONSUMER_FINANCE_CUES = _cues("消费金融")
BANK_CUES = _cues("银行 信用社 信用联社 农信")
OWN_BANK = "OWN_BANK"
"""The lender of a loan row without a counterparty (rule 16)."""
