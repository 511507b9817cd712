"""Dictionary lines Q01-Q10 (coverage and integrity) and F01-F20 (size, growth, rhythm)."""

# fmt: off

from xinqiao.domain.fundflow.definitions import Line, keys

LINES_Q: tuple[Line, ...] = (
    Line(
        "Q01", keys(("history_days", "D", "流水跨度")), "流水跨度天数", "History length",
        "从第一笔到最后一笔流水，一共跨了多少天。",
        "截至日以前最后一笔日期 − 第一笔日期 + 1（全部记录，不限窗口）",
        needs_window=False,
    ),
    Line(
        "Q02", keys(("coverage", "R", "余额覆盖率")), "余额覆盖率", "Balance coverage",
        "统计期里有多大比例的日子能看到当天的余额；越接近 1，下面的数字越可靠。",
        "观察期内日终余额已知的天数 ÷ 统计窗口总天数",
        needs_window=False,
    ),
    Line(
        "Q03", keys(("active_days", "D", "有交易天数")), "有交易天数", "Active days",
        "统计期里有多少天账户动过。",
        "观察期内至少有一笔记录的天数",
    ),
    Line(
        "Q04", keys(("longest_gap_days", "D", "最长无交易天数")), "最长无交易天数", "Longest gap",
        "账户最长连续多少天一笔交易都没有。",
        "观察期内连续无记录的最长天数，首尾也算；未提供开户日时从第一笔记录日起算",
    ),
    Line(
        "Q05", keys(("balance_breaks", "N", "余额不连续次数")), "余额不连续次数", "Balance breaks",
        "有多少笔的余额和上一笔对不上，可能是流水缺页。",
        "观察期内 余额ᵢ ≠ 余额ᵢ₋₁ ± 金额ᵢ 的记录数（两个余额都已知才比）",
    ),
    Line(
        "Q06", keys(("unlabelled_share", "R", "未识别用途占比")), "未识别用途占比", "Unlabelled share",
        "有多大比例的金额看不出用途，只能先当作普通货款。",
        "仅由默认规则 L23 归类的金额 ÷ 全部流入流出金额",
    ),
    Line(
        "Q07", keys(("cp_missing_share", "R", "对手缺失占比")), "对手信息缺失占比", "Missing counterparty share",
        "有多大比例的交易看不到对方的户名和账号。",
        "对手账号和户名都缺失的笔数 ÷ 全部笔数",
    ),
    Line(
        "Q08", keys(("reversal_rate", "R", "冲正占比")), "冲正占比", "Reversal rate",
        "收进来的钱里，有多大比例后来又被冲正、退回。",
        "冲正配对中的流入金额 ÷ 配对前全部流入金额",
    ),
    Line(
        "Q09", keys(("account_age_days", "D", "账龄"), ("lower_bound", "B", "仅为下限")), "账户年龄", "Account age",
        "账户开了多少天；没有开户日时按第一笔流水算，是至少的天数。",
        "截至日 − 开户日；未提供开户日时为截至日 − 第一笔记录日，并标记为下限",
        needs_window=False,
    ),
    Line(
        "Q10", keys(("bound_account_share", "R", "已绑定账户占比")), "已绑定账户占比", "Bound account share",
        "在您名下、流水里看得到的账户中，有多大比例已经绑定。",
        "已绑定账户数 ÷（已绑定账户 ∪ 本企业互转记录中出现的对手账号）个数",
    ),
)

LINES_F: tuple[Line, ...] = (
    Line(
        "F01", keys(("gross_in", "Y", "总流入"), ("gross_out", "Y", "总流出")), "总流入与总流出", "Gross in and out",
        "统计期里账户一共进了多少钱、出了多少钱。",
        "剔除重复和冲正后，观察期内流入、流出金额合计（不分用途）",
    ),
    Line(
        "F02", keys(("oi_total", "Y", "经营流入"), ("oo_total", "Y", "经营流出")), "经营流入与经营流出",
        "Operating in and out",
        "和做生意有关的钱一共进了多少、出了多少，不含借款、自己账户互转等。",
        "经营流入 = 货款、平台结算、票据托收及按口径计入的现金；经营流出 = 货款、票据、税、社保、工资、水电、房租、手续费及按口径计入的现金",
    ),
    Line(
        "F03", keys(("oi_month_avg", "Y", "月均"), ("oi_month_median", "Y", "月中位数")), "月均经营流入",
        "Monthly operating income",
        "平均每个月经营上收进多少钱；中位数不受个别大月影响。",
        "完整月份经营流入的平均数、中位数",
        least_months=1,
    ),
    Line(
        "F04", keys(("true_revenue_share", "R", "经营流入占比")), "经营流入占全部流入", "True revenue share",
        "进账的钱里有多大比例真正来自经营。",
        "经营流入 ÷ 总流入",
    ),
    Line(
        "F05", keys(("net_operating_flow", "Y", "经营净额")), "经营净额", "Net operating flow",
        "经营上收的钱减去花的钱，还剩多少。",
        "经营流入 − 经营流出",
    ),
    Line(
        "F06", keys(("net_flow_positive_months", "R", "收大于支月份占比")), "收大于支的月份占比",
        "Share of months with positive net flow",
        "有多大比例的月份经营收的比花的多。",
        "经营流入 > 经营流出的完整月份数 ÷ 完整月份数",
        least_months=1,
    ),
    Line(
        "F07", keys(("operating_margin_proxy", "R", "经营结余率")), "经营结余率", "Operating margin proxy",
        "经营上每收 1 元，最后能留下多少。",
        "（经营流入 − 经营流出）÷ 经营流入",
    ),
    Line(
        "F08", keys(("oi_cv", "R", "月度波动")), "月度经营流入波动", "Volatility of monthly income",
        "各月收入忽高忽低的程度，越小越平稳。",
        "各完整月经营流入的总体标准差 ÷ 平均数",
        least_months=2,
    ),
    Line(
        "F09", keys(("oi_trend", "R", "月度趋势")), "经营流入趋势", "Income trend",
        "收入平均每个月大约涨或跌百分之几，不受个别月份影响。",
        "各完整月经营流入的 Theil–Sen 斜率 ÷ 中位数",
        least_months=3,
    ),
    Line(
        "F10", keys(("oi_yoy", "R", "同比增长")), "经营流入同比", "Year-on-year growth",
        "最近 12 个月的经营收入比再前 12 个月多了或少了多少。",
        "最近 12 个完整月经营流入合计 ÷ 之前 12 个月合计 − 1",
        least_months=24,
    ),
    Line(
        "F11", keys(("oi_last3_vs_prev9", "R", "近 3 月对前 9 月")), "近 3 个月对前 9 个月", "Last 3 vs previous 9",
        "最近 3 个月的月均收入是之前 9 个月的几倍，1 表示持平。",
        "最近 3 个月月均经营流入 ÷ 之前 9 个月月均经营流入",
        least_months=12,
    ),
    Line(
        "F12", keys(("seasonality_strength", "R", "季节性强度")), "季节性强度", "Seasonality strength",
        "收入的起伏有多大部分是每年固定的淡旺季造成的。",
        "1 − 各月经营流入减去同一日历月均值后的方差 ÷ 各月经营流入的方差",
        least_months=24,
    ),
    Line(
        "F13", keys(("zero_income_months", "N", "零收入月数")), "零收入月数", "Months without income",
        "有几个月经营上一分钱都没收到。",
        "经营流入为 0 的完整月份数",
        least_months=1,
    ),
    Line(
        "F14",
        keys(("tx_count_in", "N", "流入笔数"), ("tx_count_out", "N", "流出笔数"), ("tx_per_active_day", "X", "日均笔数")),
        "交易笔数", "Number of transactions",
        "一共进出多少笔，有交易的日子平均每天几笔。",
        "流入、流出笔数；两者之和 ÷ 有交易天数",
    ),
    Line(
        "F15",
        keys(
            ("avg_ticket_in", "Y", "流入均值"), ("median_ticket_in", "Y", "流入中位数"),
            ("avg_ticket_out", "Y", "流出均值"), ("median_ticket_out", "Y", "流出中位数"),
        ),
        "单笔货款金额", "Ticket size",
        "每笔货款一般多少钱，收和付分开看。",
        "货款类记录分方向的单笔金额平均数、中位数",
    ),
    Line(
        "F16", keys(("max_single_in_share", "R", "最大单笔占比")), "最大单笔流入占比", "Largest single receipt share",
        "最大的一笔经营收入占全部经营收入的多少。",
        "经营流入中最大单笔 ÷ 经营流入",
    ),
    Line(
        "F17", keys(("last_tx_days", "D", "距最后一笔天数")), "距最后一笔交易天数", "Days since last transaction",
        "账户已经多少天没有动过了。",
        "截至日 − 截至日以前最后一笔记录日",
        needs_window=False,
    ),
    Line(
        "F18", keys(("inflow_day_spread", "R", "有收入天数占比")), "有经营流入的天数占比", "Spread of income days",
        "平均每个月有多大比例的日子有经营收入；零售店高，工程类低。",
        "各完整月（有经营流入的天数 ÷ 当月天数）的平均数",
        least_months=1,
    ),
    Line(
        "F19", keys(("month_end_inflow_share", "R", "月末流入占比")), "月末三天流入占比", "Month-end share",
        "经营收入里有多大比例集中在每月最后三天。",
        "每月最后 3 天的经营流入 ÷ 经营流入",
    ),
    Line(
        "F20", keys(("quarter_end_spike", "R", "季末对平月")), "季末月与其他月之比", "Quarter-end spike",
        "3、6、9、12 月的平均收入是其他月份的几倍。",
        "季末月经营流入平均数 ÷ 其他月经营流入平均数（完整月份）",
    ),
)
