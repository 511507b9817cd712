"""Dictionary lines A01-A16 (authenticity and anomaly): statistical signals, never findings."""

# fmt: off

from xinqiao.domain.fundflow.definitions import Line, keys

LINES_A: tuple[Line, ...] = (
    Line(
        "A01", keys(("quick_in_out_share", "R", "快进快出占比")), "快进快出", "Quick in and out",
        "到账后 24 小时内转走九成以上的金额占进账的多少。",
        "24 小时内（无时间的 2 天内）至少 90% 转给不超过 3 个对手的流入 ÷ 总流入，每笔流出只用一次",
    ),
    Line(
        "A02", keys(("circular_flow_share", "R", "闭环流转占比")), "资金闭环", "Circular flow",
        "钱转一圈又回到原处、金额差不多的部分占进账的多少。",
        "所提供账户的流水中 2–4 步、7 天内闭合、金额相差 5% 以内的闭环的最小金额之和 ÷ 总流入",
    ),
    Line(
        "A03", keys(("count", "N", "次数"), ("amount", "Y", "金额")), "同一对手往返", "Identical in-out pairs",
        "和同一个对手 3 天内一进一出、金额完全相同，出现过几次、一共多少钱。",
        "同一对手、同一金额、方向相反、相隔不超过 3 天的配对数及单边金额，每笔只用一次",
    ),
    Line(
        "A04", keys(("round_amount_share", "R", "整额占比")), "整额交易", "Round amounts",
        "货款的笔数里，有多大比例是一万元的整数倍。",
        "金额为 10 000 元整数倍的货款笔数 ÷ 货款笔数",
    ),
    Line(
        "A05", keys(("benford_mad", "R", "首位数字偏差")), "首位数字分布偏差", "Benford deviation",
        "金额第一位数字的分布和自然规律差多少，越小越自然。",
        "首位数字占比与 log₁₀(1+1/d) 之差的绝对值的平均数，至少 300 笔",
    ),
    Line(
        "A06", keys(("repeated_amount_share", "R", "重复金额占比")), "重复金额", "Repeated amounts",
        "进账里有多大比例的金额是同一个数反复出现 5 次以上。",
        "出现至少 5 次的流入金额之和 ÷ 总流入（不含工资、房租）",
    ),
    Line(
        "A07", keys(("off_pattern_spike", "X", "异常峰值")), "单日异常峰值", "Off-pattern spike",
        "收入最高的那一天离平常水平有多远。",
        "有经营流入各日（当日 − 中位数）÷（1.4826 × MAD）的最大值，至少 30 天",
    ),
    Line(
        "A08", keys(("pre_application_lift", "R", "申请前抬升")), "申请前收入抬升", "Lift before application",
        "申请前 30 天的日均收入是再之前 150 天的几倍。",
        "申请日前 30 天日均经营流入 ÷ 再之前 150 天日均经营流入",
        needs_window=False,
    ),
    Line(
        "A09", keys(("dormant_wake", "N", "休眠后突增次数")), "休眠后突增", "Dormant account wakes",
        "账户停了 60 天以上、一恢复就大额进账，出现过几次。",
        "间隔至少 60 天无记录，且其后 10 天经营流入 ≥ 有收入月份的月中位数的次数",
    ),
    Line(
        "A10", keys(("split_deposit_count", "N", "拆分存现天数")), "拆分存现", "Split deposits",
        "有多少天当天存了 3 笔以上、每笔都刚好略低于限额的现金。",
        "同一天至少 3 笔存现金额在限额的 80% 到限额之间（不含限额）的天数",
    ),
    Line(
        "A11", keys(("high_risk_cp_share", "R", "高风险对手占比")), "高风险对手往来", "High-risk counterparties",
        "和名单内高风险对手（如虚拟币、博彩、典当）的往来占全部进出的多少。",
        "对手在提供的高风险名单内的金额 ÷（总流入 + 总流出）",
    ),
    Line(
        "A12", keys(("invoice_match_share", "R", "发票匹配占比")), "发票匹配占比", "Invoice match share",
        "经营收入里有多大比例能对上开出的发票。",
        "能匹配发票（同一买方、金额 ±2%、开票后 0–180 天，每张只用一次）的经营流入 ÷ 经营流入",
    ),
    Line(
        "A13", keys(("tax_declared_gap", "R", "申报差异")), "与申报销售额的差异", "Gap to declared sales",
        "账户收入和报税的销售额差多少，0 表示一致。",
        "1 − min(经营流入, 申报销售额) ÷ max(经营流入, 申报销售额)",
    ),
    Line(
        "A14", keys(("text_reuse_share", "R", "摘要雷同占比")), "摘要雷同", "Text reuse",
        "有多大比例的交易，摘要和另一个对手最常用的摘要一模一样。",
        "摘要等于其他对手最常见摘要的笔数 ÷ 全部笔数",
    ),
    Line(
        "A15", keys(("self_transfer_unpaired", "R", "未配对互转占比")), "未配对的本企业互转", "Unpaired own transfers",
        "自己账户之间的转账里，找不到另一边的金额占全部进出的多少。",
        "未能在已绑定账户间配对的本企业互转金额（双向）÷（总流入 + 总流出）",
    ),
    Line(
        "A16", keys(("count", "N", "笔数"), ("amount", "Y", "金额")), "冻结、扣划记录", "Freeze events",
        "流水里出现过几笔司法冻结、扣划，一共多少钱。",
        "摘要含冻结、扣划、司法（不含解冻）的笔数及金额",
    ),
)
