"""A made-up but plausible firm's account for the benchmarks: seeded, any number of rows and months. 演示数据."""

from datetime import date, timedelta
from random import Random

CUSTOMERS, SUPPLIERS = 160, 90
_IN_TEXTS = ("货款", "销售款", "收货款", "转账", "网银转账", "货款 合同{n}", "尾款")
_OUT_TEXTS = ("采购", "货款", "加工费", "运费", "转账", "付货款 订单{n}", "服务费")


def statement(
    rows: int,
    months: int = 36,
    *,
    seed: int = 1,
    account: str = "6222000000000001",
    last: date = date(2026, 10, 31),
) -> list[dict[str, str]]:
    """Canonical text rows of one account up to the last day of a month, in order of time."""
    r = Random(seed)
    number = last.year * 12 + last.month - months
    first = date(number // 12, number % 12 + 1, 1)
    span = (last - first).days + 1
    planned: list[tuple[int, int, str, int, str, str, str, str, str]] = []
    for m in range(months):
        planned += _obligations(r, first, m, span)
    while len(planned) < rows:
        planned.append(_trade(r, span))
    planned = sorted(planned)[:rows]
    balance = 30_000_000
    out: list[dict[str, str]] = []
    for i, (day, second, direction, fen, name, number_, text, channel, kind) in enumerate(planned):
        if direction == "out" and balance - fen < 1_000_000:
            fen = max(100, (balance - 1_000_000) // 3)
        balance += fen if direction == "in" else -fen
        clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        out.append(
            {
                "txn_id": f"{account[-4:]}{i:08d}",
                "account_no": account,
                "booked_at": f"{first + timedelta(days=day)} {clock}",
                "direction": direction,
                "amount": f"{fen // 100}.{fen % 100:02d}",
                "currency": "CNY",
                "balance_after": f"{balance // 100}.{balance % 100:02d}",
                "channel": channel,
                "counterparty_name": name,
                "counterparty_account": number_,
                "counterparty_bank": f"示例银行{r.randrange(12)}支行" if number_ else "",
                "counterparty_kind": kind,
                "summary_text": text,
                "purpose_kind": "",
                "is_cash": "",
                "is_reversal": "",
                "reversal_of": "",
                "value_date": "",
            }
        )
    return out


def _trade(r: Random, span: int) -> tuple[int, int, str, int, str, str, str, str, str]:
    day, second = r.randrange(span), r.randrange(8 * 3600, 20 * 3600)
    fen = int(r.lognormvariate(13.8, 1.2)) + 1
    if r.random() < 0.2:
        fen = max(1, fen // 1_000_000) * 1_000_000
    if r.random() < 0.52:
        if r.random() < 0.18:
            return (
                day,
                second,
                "in",
                fen // 8 + 1,
                "财付通支付科技有限公司",
                "",
                "财付通 结算",
                "third_party_payment",
                "",
            )
        who = min(int(r.expovariate(1 / 25)), CUSTOMERS - 1)
        text = r.choice(_IN_TEXTS).format(n=r.randrange(1000))
        return (
            day,
            second,
            "in",
            fen,
            f"演示客户{who:03d}有限公司",
            f"62170{who:011d}",
            text,
            "e_banking",
            "enterprise",
        )
    who = min(int(r.expovariate(1 / 15)), SUPPLIERS - 1)
    if r.random() < 0.03:
        who = r.randrange(20)
        return (
            day,
            second,
            "out",
            fen // 4 + 1,
            f"演示客户{who:03d}有限公司",
            f"62170{who:011d}",
            "退款",
            "e_banking",
            "",
        )
    text = r.choice(_OUT_TEXTS).format(n=r.randrange(1000))
    return (
        day,
        second,
        "out",
        fen,
        f"演示供应商{who:03d}有限公司",
        f"62284{who:011d}",
        text,
        "e_banking",
        "enterprise",
    )


def _obligations(
    r: Random, first: date, month: int, span: int
) -> list[tuple[int, int, str, int, str, str, str, str, str]]:
    base = min(span - 28, month * 30 + month // 2)
    jitter = r.randrange(-200_000, 200_000)
    rows = [
        (base + 9, 36_000, "out", 5_000_000 + jitter, "", "", "代发工资", "batch", ""),
        (
            base + 14,
            37_000,
            "out",
            900_000 + jitter,
            "国家税务局演示分局",
            "",
            "缴税 增值税",
            "e_banking",
            "tax",
        ),
        (base + 12, 37_500, "out", 700_000, "演示社保中心", "", "社会保险费", "batch", "social_security"),
        (base + 18, 38_000, "out", 300_000 + jitter // 4, "演示供电公司", "", "电费", "batch", "utility"),
        (
            base + 4,
            38_500,
            "out",
            800_000,
            "演示园区管理有限公司",
            "62280000000000099",
            "房租",
            "e_banking",
            "",
        ),
        (
            base + 20,
            39_000,
            "out",
            1_500_000,
            "演示农商银行",
            "",
            "归还贷款 本息",
            "e_banking",
            "financial_institution",
        ),
        (base + 20, 39_500, "out", 120_000, "", "", "贷款利息", "interest", ""),
        (base + 25, 40_000, "out", 1_200, "", "", "手续费", "other", ""),
    ]
    if month % 12 == 2:
        rows.append(
            (
                base + 3,
                36_500,
                "in",
                20_000_000,
                "演示农商银行",
                "",
                "贷款发放",
                "e_banking",
                "financial_institution",
            )
        )
    if month % 3 == 0:
        rows.append((base + 21, 36_100, "in", 3_210, "", "", "结息", "interest", ""))
    return rows
