"""Dictionary lines C01-C09 (cash, channels) and D01-D24 (debt, tax, wages, utilities)."""

# fmt: off

from xinqiao.domain.fundflow.definitions import CHANNEL_ZH, Line, keys

LINES_C: tuple[Line, ...] = (
    Line(
        "C01", keys(("cash_in_share", "R", "存现占比")), "现金存入占比", "Cash in share",
        "进账里有多大比例是存的现金。",
        "现金流入 ÷ 总流入",
    ),
    Line(
        "C02", keys(("cash_out_share", "R", "取现占比")), "现金支取占比", "Cash out share",
        "出账里有多大比例是取的现金。",
        "现金流出 ÷ 总流出",
    ),
    Line(
        "C03", keys(("cash_in_rounding", "R", "整千存现占比")), "整千元存现笔数占比", "Round cash deposits",
        "存现金的笔数里，有多大比例是整千元。",
        "金额为 1 000 元整数倍的存现笔数 ÷ 存现笔数",
    ),
    Line(
        "C04", keys(("large_cash_count", "N", "大额现金笔数")), "大额现金笔数", "Large cash count",
        "单笔达到 5 万元（或设定限额）的存取现有几笔。",
        "金额 ≥ 限额（默认 50 000 元）的现金笔数，存取合计",
    ),
    Line(
        "C05", keys(("platform_settlement_share", "R", "平台结算占比")), "平台结算占比", "Platform settlement share",
        "经营收入里有多大比例是扫码、刷卡等平台结算来的。",
        "平台结算流入 ÷ 经营流入",
    ),
    Line(
        "C06", keys(("platform_days_share", "R", "平台到账天数占比")), "平台到账天数占比", "Platform days share",
        "有多大比例的日子有平台结算到账，大致反映开门营业的天数。",
        "有平台结算流入的天数 ÷ 观察期天数",
    ),
    Line(
        "C07",
        keys(
            *(
                (f"{way}.{channel.value}", "R", f"{label}·{zh}")
                for way, label in (("in", "流入"), ("out", "流出"))
                for channel, zh in CHANNEL_ZH.items()
            )
        ),
        "渠道构成", "Channel mix",
        "进账、出账分别通过柜台、网银、扫码等哪些渠道。",
        "各渠道金额 ÷ 同方向总额；渠道为空或不在代码表内计入其他",
    ),
    Line(
        "C08", keys(("night_share", "R", "夜间占比")), "夜间交易占比", "Night share",
        "有时间的交易里，晚上 10 点到早上 6 点的金额占多少。",
        "22:00:00 至次日 06:00:00 前的金额 ÷ 有时间的金额",
    ),
    Line(
        "C09", keys(("bill_share_in", "R", "票据托收占比"), ("discount_share", "R", "贴现占比")), "票据占比", "Bill shares",
        "经营收入里票据到期收款占多少，票据贴现的金额相当于进账的多少。",
        "票据托收流入 ÷ 经营流入；贴现金额（收付都算）÷ 总流入",
    ),
)

LINES_D: tuple[Line, ...] = (
    Line(
        "D01",
        keys(
            ("total", "Y", "合计"), ("bank", "Y", "银行"), ("micro_lender", "Y", "小额贷款公司"),
            ("consumer_finance", "Y", "消费金融"), ("person", "Y", "个人"), ("other", "Y", "其他"),
        ),
        "借入金额", "Loans received",
        "统计期里一共借进多少钱，分别从哪类出借方借的。",
        "标签为借款流入的金额，按出借方类型分列",
    ),
    Line(
        "D02", keys(("loan_repay_total", "Y", "还款合计")), "还款金额", "Loan repayments",
        "统计期里一共还了多少借款。",
        "标签为还款流出的金额合计",
    ),
    Line(
        "D03", keys(("debt_service_month", "Y", "月还款中位数")), "每月还款", "Monthly debt service",
        "一般每个月要还多少。",
        "各完整月还款流出的中位数",
        least_months=1,
    ),
    Line(
        "D04", keys(("dscr_flow", "R", "偿债覆盖")), "偿债覆盖倍数", "Debt service coverage",
        "经营上剩下的钱够还借款的几倍。",
        "（经营流入 − 经营流出）÷ 还款流出",
    ),
    Line(
        "D05", keys(("debt_service_ratio", "R", "还款占收入")), "还款占经营流入", "Debt service ratio",
        "经营收入里有多大比例拿去还借款。",
        "还款流出 ÷ 经营流入",
    ),
    Line(
        "D06", keys(("n_lenders_active", "N", "在还出借方数")), "在还出借方数", "Active lenders",
        "最近 3 个月在向几家还款。",
        "最近 3 个完整月有还款流出的不同出借方数",
        least_months=3,
    ),
    Line(
        "D07", keys(("new_lender_90d", "N", "新增出借方")), "近 90 天新增出借方", "New lenders in 90 days",
        "最近 90 天新增了几家出借方。",
        "首次借款流入落在截至日前 90 天内的出借方数",
        needs_window=False,
    ),
    Line(
        "D08", keys(("repay_regularity", "R", "还款规律性")), "还款规律性", "Repayment regularity",
        "还款日是不是每个月都差不多，1 表示一直准时。",
        "各出借方还款日落在常见日 ±3 天内的月份比例，按还款金额加权；少于 3 个月的不计",
    ),
    Line(
        "D09", keys(("refinance_signal", "N", "借新还旧信号")), "借新还旧信号", "Refinance signal",
        "借到钱 7 天内又还给另一家、金额相近，出现过几次。",
        "借款流入后 7 天内向另一出借方还款 80%–120% 的次数，每笔还款只用一次",
    ),
    Line(
        "D10", keys(("bridge_signal", "N", "过桥信号")), "过桥信号", "Bridge signal",
        "先找人垫钱还大额借款、再借新款还回去，出现过几次。",
        "大额还款（≥ 95 分位）前 3 天内有关联方或个人转入 ≥ 80%，之后 10 天内有新借款并转回该方的次数",
    ),
    Line(
        "D11", keys(("penalty_fee_count", "N", "罚息违约金笔数")), "罚息、滞纳金、违约金笔数", "Penalty fee count",
        "被收过几次罚息、滞纳金或违约金。",
        "摘要含罚息、滞纳金、逾期、违约金的流出笔数（不含冲正）",
    ),
    Line(
        "D12", keys(("d30", "N", "近 30 天"), ("d60", "N", "近 60 天"), ("d90", "N", "近 90 天")), "退票、扣款失败笔数",
        "Returned items",
        "最近 30、60、90 天有几笔退票或扣款失败。",
        "截至日前 30、60、90 天内摘要含退票、扣款失败等的笔数（不含冲正）",
        needs_window=False,
    ),
    Line(
        "D13", keys(("interest_paid_rate", "R", "付息年化率")), "付息年化率", "Interest paid rate",
        "按流水推算，借款一年大约付百分之几的利息。",
        "利息流出 × 365 ÷ 观察期每日推算贷款余额之和",
    ),
    Line(
        "D14", keys(("tax_continuity", "R", "缴税月份占比")), "缴税连续性", "Tax continuity",
        "有多大比例的月份缴过税。",
        "有税款流出的完整月份数 ÷ 完整月份数",
        least_months=1,
    ),
    Line(
        "D15", keys(("tax_to_oi", "R", "税款占收入")), "税款占经营流入", "Tax to income",
        "缴的税相当于经营收入的百分之几。",
        "税款流出 ÷ 经营流入",
    ),
    Line(
        "D16", keys(("social_continuity", "R", "社保月份占比")), "社保公积金连续性", "Social insurance continuity",
        "有多大比例的月份缴过社保或公积金。",
        "有社保公积金流出的完整月份数 ÷ 完整月份数",
        least_months=1,
    ),
    Line(
        "D17", keys(("payroll_continuity", "R", "发薪月份占比"), ("payroll_day_sd", "X", "发薪日波动")), "发薪连续性",
        "Payroll continuity",
        "有多大比例的月份发过工资，发薪的日子准不准。",
        "有工资流出的完整月份数 ÷ 完整月份数；各月发薪日的总体标准差（天）",
        least_months=1,
    ),
    Line(
        "D18", keys(("payroll_trend", "R", "工资趋势")), "工资总额趋势", "Payroll trend",
        "工资总额平均每个月大约涨或跌百分之几。",
        "各完整月工资流出的 Theil–Sen 斜率 ÷ 中位数",
        least_months=3,
    ),
    Line(
        "D19", keys(("utility_continuity", "R", "水电月份占比")), "水电燃气连续性", "Utility continuity",
        "有多大比例的月份缴过水电燃气费。",
        "有水电燃气流出的完整月份数 ÷ 完整月份数",
        least_months=1,
    ),
    Line(
        "D20", keys(("utility_intensity_change", "R", "单位收入水电变化")), "单位收入水电变化", "Utility intensity change",
        "每收 1 元所花的水电费，最近半年比之前半年多了或少了多少。",
        "（近 6 个月水电 ÷ 经营流入）÷（前 6 个月水电 ÷ 经营流入）− 1",
        least_months=12,
    ),
    Line(
        "D21", keys(("rent_continuity", "R", "房租连续性")), "房租连续性", "Rent continuity",
        "房租是不是按月（或按季）都付了。",
        "按月付：有房租的月份数 ÷ 完整月份数；间隔 2 个月及以上：有房租的完整季度数 ÷ 完整季度数",
    ),
    Line(
        "D22", keys(("guarantee_deposit_net", "Y", "保证金净流出")), "保证金净流出", "Net guarantee deposits",
        "交出去还没退回的保证金大约多少。",
        "保证金流出 − 保证金流入",
    ),
    Line(
        "D23", keys(("free_cash_after_debt_month", "Y", "月度偿债后结余")), "每月偿债后结余", "Free cash after debt",
        "一般每个月经营收支和还款之后还剩多少。",
        "各完整月（经营流入 − 经营流出 − 还款）的中位数",
        least_months=1,
    ),
    Line(
        "D24", keys(("affordable_instalment", "Y", "可承受月供")), "可承受月供", "Affordable instalment",
        "按比较紧的月份估算，每个月还能多还多少；只供参考。",
        "max(0, 各完整月（经营流入 − 经营流出 − 还款）的第 30 百分位数)",
        least_months=1,
    ),
)
