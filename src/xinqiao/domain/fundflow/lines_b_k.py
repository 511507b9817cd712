"""Dictionary lines B01-B13 (balance and liquidity) and K01-K16 (counterparties and concentration)."""

# fmt: off

from xinqiao.domain.fundflow.definitions import Line, keys

LINES_B: tuple[Line, ...] = (
    Line(
        "B01", keys(("avg_daily_balance", "Y", "日均余额")), "日均余额", "Average daily balance",
        "平均每天晚上账户里留着多少钱。",
        "观察期内日终余额已知各日的平均数",
    ),
    Line(
        "B02", keys(("median_daily_balance", "Y", "余额中位数")), "日终余额中位数", "Median daily balance",
        "一半的日子余额比这个数高，一半比它低。",
        "观察期内已知日终余额的中位数",
    ),
    Line(
        "B03", keys(("min_balance", "Y", "最低余额"), ("p05_balance", "Y", "5 分位余额")), "最低余额", "Minimum balance",
        "账户最紧的时候还剩多少钱。",
        "已知日终余额的最小值、第 5 百分位数",
    ),
    Line(
        "B04", keys(("balance_cv", "R", "余额波动")), "余额波动", "Balance volatility",
        "余额忽高忽低的程度，越小越平稳。",
        "已知日终余额的总体标准差 ÷ 平均数",
    ),
    Line(
        "B05", (), "每月 10 日、20 日和月末余额", "Balances on fixed days",
        "每个月 10 号、20 号和最后一天晚上账户里有多少钱。",
        "各完整月 10 日、20 日、最后一日的日终余额，键为日期",
        least_months=1,
    ),
    Line(
        "B06", keys(("low_balance_days", "D", "低余额天数")), "低余额天数", "Low balance days",
        "有多少天账户里的钱还不够平常一天开销的十分之一。",
        "日终余额 < 经营流出 ÷（10 × 观察期天数）的天数",
    ),
    Line(
        "B07", keys(("negative_days", "D", "透支天数")), "透支天数", "Negative days",
        "有多少天余额是负数。",
        "日终余额 < 0 的天数",
    ),
    Line(
        "B08", keys(("cash_runway_days", "X", "够用天数")), "余额够用天数", "Cash runway",
        "如果不再进账，平常的余额够花多少天。",
        "日均余额 × 观察期天数 ÷ 经营流出",
    ),
    Line(
        "B09", keys(("intramonth_min_ratio", "R", "月内最低比")), "月内最低余额比", "Intramonth minimum ratio",
        "每个月最紧那天的余额是当月平均余额的几成。",
        "各月（最低日终余额 ÷ 平均日终余额）的平均数，只计平均余额为正的完整月",
        least_months=1,
    ),
    Line(
        "B10", keys(("balance_trend", "R", "余额趋势")), "余额趋势", "Balance trend",
        "月均余额平均每个月大约涨或跌百分之几。",
        "各完整月平均日终余额的 Theil–Sen 斜率 ÷ 日均余额",
        least_months=3,
    ),
    Line(
        "B11", keys(("sweep_ratio", "R", "当日转空占比")), "当日转空占比", "Sweep ratio",
        "进账多的日子里，有多大比例当天就把钱几乎转空。",
        "流入不低于日经营流入中位数且余额已知的日子中，日终余额 < 当日流入 5% 的比例",
    ),
    Line(
        "B12", keys(("deposit_retention", "X", "沉淀天数")), "资金沉淀天数", "Deposit retention",
        "进来的钱平均在账户里停留多少天。",
        "日均余额 × 观察期天数 ÷ 总流入",
    ),
    Line(
        "B13", keys(("eod_vs_intraday_gap", "R", "日内回落")), "日内余额回落", "End-of-day vs intraday",
        "一天里余额最高的时候，到晚上平均少了几成。",
        "有交易且余额已知各日（日内最高余额 − 日终余额）÷ 日内最高余额的平均数",
    ),
)

LINES_K: tuple[Line, ...] = (
    Line(
        "K01", keys(("n_customers", "N", "客户数"), ("n_suppliers", "N", "供应商数")), "客户数与供应商数",
        "Customers and suppliers",
        "有多少个不同的客户付过钱给您，您付过钱给多少个供应商。",
        "经营流入中不同对手数；货款流出中不同对手数",
    ),
    Line(
        "K02", keys(("top1", "R", "第 1 大"), ("top5", "R", "前 5 大"), ("top10", "R", "前 10 大")), "大客户占比",
        "Top customers share",
        "最大的 1 个、5 个、10 个客户带来多大比例的经营收入。",
        "经营流入最大的 1、5、10 个对手的金额 ÷ 全部经营流入（含对手缺失的记录）",
    ),
    Line(
        "K03", keys(("top5_out_share", "R", "前 5 大供应商")), "前五大供应商占比", "Top 5 suppliers share",
        "付出的货款里，前 5 个供应商占多少。",
        "货款流出最大的 5 个对手的金额 ÷ 全部货款流出",
    ),
    Line(
        "K04", keys(("hhi_in", "R", "客户 HHI"), ("hhi_out", "R", "供应商 HHI")), "集中度 HHI",
        "Concentration (HHI)",
        "客户和供应商集中在少数几家的程度，1 表示只有一家。",
        "Σ 各对手占比²，流入以经营流入为分母，流出以货款流出为分母",
    ),
    Line(
        "K05", keys(("customer_retention", "R", "老客户留存")), "老客户留存", "Customer retention",
        "前半年的客户里，有多大比例最近半年还在付钱。",
        "最近 6 个月和之前 6 个月都有经营流入的对手数 ÷ 之前 6 个月的对手数",
        least_months=12,
    ),
    Line(
        "K06", keys(("repeat_customer_share", "R", "反复往来占比")), "反复往来客户占比", "Repeat customer share",
        "经营收入里有多大比例来自至少 3 个月都有往来的客户。",
        "在至少 3 个日历月有经营流入的对手金额 ÷ 经营流入",
    ),
    Line(
        "K07", keys(("new_customer_oi_share", "R", "新客户占比")), "近 3 个月新客户占比", "New customer share",
        "最近 3 个月的收入里有多大比例来自第一次出现的客户。",
        "首次经营流入落在最近 3 个月的对手在这 3 个月的金额 ÷ 最近 3 个月经营流入",
        least_months=6,
    ),
    Line(
        "K08", keys(("regularity_top_customer", "R", "大客户规律性")), "大客户付款规律性", "Top customer regularity",
        "几个最大的客户付款间隔有多规律，1 表示非常准时。",
        "前 5 大客户 max(0, 1 − 收款间隔的变异系数) 按金额加权平均；收款日少于 3 个的不计",
    ),
    Line(
        "K09", keys(("both_way_share", "R", "双向往来占比")), "双向往来占比", "Both-way share",
        "有多大比例的进账来自既收又付、金额相近的对手。",
        "经营流入与经营流出之小 ÷ 大 ≥ 0.5 的对手的经营流入 ÷ 总流入",
    ),
    Line(
        "K10", keys(("personal_in", "R", "流入"), ("personal_out", "R", "流出")), "个人往来占比", "Personal share",
        "和个人之间的往来占进账、出账的多少。",
        "与自然人（不含冲正、本企业互转）的金额 ÷ 同方向总额",
    ),
    Line(
        "K11", keys(("related_in", "R", "流入"), ("related_out", "R", "流出")), "关联方往来占比", "Related party share",
        "和老板、股东、关联企业之间的往来占进账、出账的多少。",
        "标签为关联方的金额 ÷ 同方向总额",
    ),
    Line(
        "K12", keys(("intergroup_net", "Y", "关联方净流入")), "关联方净流入", "Net related party flow",
        "关联方一共净投入（正）或净拿走（负）多少钱。",
        "关联方流入 − 关联方流出",
    ),
    Line(
        "K13",
        keys(("legal_rep_in", "Y", "流入"), ("legal_rep_out", "Y", "流出"), ("legal_rep_net", "Y", "净额")),
        "与法定代表人、股东个人往来", "Transfers with owners",
        "和法定代表人、股东个人之间进出了多少钱。",
        "对手为关联名单中自然人的金额（不含冲正、本企业互转），分方向及净额",
    ),
    Line(
        "K14", keys(("core_buyer_share", "R", "核心买方占比")), "核心企业、机关客户占比", "Core buyer share",
        "经营收入里有多大比例来自核心企业、机关等名单内客户。",
        "对手在提供的核心企业名单内的经营流入 ÷ 经营流入",
    ),
    Line(
        "K15", keys(("counterparty_bank_spread", "N", "对手银行数")), "对手开户行数", "Counterparty banks",
        "付钱给您的客户分布在多少家不同的银行。",
        "经营流入记录中不同对手开户行的个数",
    ),
    Line(
        "K16", keys(("collection_gap_days", "X", "收款间隔")), "客户收款间隔天数", "Collection gap",
        "常来往的客户一般隔多少天付一次款。",
        "收款日不少于 4 个的对手的相邻收款间隔中位数，按金额加权平均",
    ),
)
