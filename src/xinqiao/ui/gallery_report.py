"""The gallery's report: two years of an invented firm, run through the real engine, so the sample is what a bank gives."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

from xinqiao.domain.canonical import Json
from xinqiao.domain.fundflow.books import Statement
from xinqiao.domain.fundflow.facts import Facts
from xinqiao.domain.fundflow.gather import gather_facts
from xinqiao.domain.fundflow.model import Context
from xinqiao.domain.fundflow.parse import parse_rows
from xinqiao.domain.fundflow.products import (
    ObjectionMark,
    QueryKind,
    ReportHead,
    SubjectStatement,
    build_report,
    build_summary,
)
from xinqiao.ui.gallery_data import MONTHS, OPERATING_IN, OPERATING_OUT

ACCOUNT = "6217000012343017"
CUSTOMERS = [
    (f"澄州客户{k:02d}家具商行有限公司", weight)
    for k, weight in enumerate((18, 11, 8, 6, 5, 5, 4, 4, 3, 3, *([1] * 22)), 1)
]
SUPPLIERS = [
    (f"沐阳木料供应{k:02d}有限公司", weight)
    for k, weight in enumerate((24, 13, 10, 7, 6, 5, 5, 4, 3, 3, *([2] * 9)), 1)
]
# (what, day of month, share of the month's payments in thousandths, name, kind, purpose)
REGULAR = (
    ("wages", 15, 180, "代发工资", "natural_person", "wages"),
    ("tax", 14, 41, "国家金库澄州支库", "tax", "tax"),
    ("social", 20, 51, "澄州市社会保险中心", "social_security", "social_insurance"),
    ("utilities", 8, 22, "澄州供电公司", "utility", "utilities"),
    ("loan", 21, 64, "岚江农商银行", "financial_institution", "loan_repayment"),
)


def _row(
    day: str, time: str, way: str, fen: int, name: str, kind: str, purpose: str, channel: str = "e_banking"
) -> dict[str, str]:
    return {
        "account_no": ACCOUNT, "booked_at": f"{day} {time}", "direction": way, "amount": f"{fen // 100}.{fen % 100:02d}",
        "counterparty_name": name, "counterparty_kind": kind, "purpose_kind": purpose, "channel": channel, "currency": "CNY",
    }  # fmt: skip


def _month(k: int, month: str) -> Iterator[dict[str, str]]:
    yield from _receipts(k, month)
    yield from _payments(k, month)


def _receipts(k: int, month: str) -> Iterator[dict[str, str]]:
    income = OPERATING_IN[k] * 100
    platform = income * 23 // 100
    active = [item for n, item in enumerate(CUSTOMERS) if n < 10 or (n + k) % 3]
    whole = sum(weight for _name, weight in active)
    for n, (name, weight) in enumerate(active):
        yield _row(
            f"{month}-{n % 27 + 1:02d}",
            f"{9 + n % 8:02d}:{n * 7 % 60:02d}:11",
            "in",
            (income - platform) * weight // whole,
            name,
            "individual_business" if n % 4 == 3 else "enterprise",
            "trade_receipt",
        )
    for n in range(4):
        yield _row(
            f"{month}-{n * 7 + 3:02d}",
            "23:10:05" if n == 3 else "11:20:05",
            "in",
            platform // 4,
            f"岚江支付{n}号有限公司",
            "payment_institution",
            "trade_receipt",
            "third_party_payment",
        )
    if k == 7:
        yield _row(f"{month}-11", "10:00:00", "in", 30_000_000, "陈禾", "related_party", "other")


def _payments(k: int, month: str) -> Iterator[dict[str, str]]:
    spent = OPERATING_OUT[k] * 100
    left = spent
    for what, day, share, name, kind, purpose in REGULAR:
        fen = spent * share // 1000
        left -= fen
        late = what == "social" and k == 18
        if not (what == "utilities" and k == 15):
            date_text = f"{month}-{27 if late else day:02d}"
            parts = 6 if what == "wages" else 3 if what in ("utilities", "loan") else 1
            for n in range(parts):
                payee = f"{name}{n + 1}" if parts > 1 else name
                yield _row(
                    date_text,
                    f"10:31:{n:02d}",
                    "out",
                    fen // parts,
                    payee,
                    kind,
                    purpose,
                    "batch" if parts == 6 else "e_banking",
                )
    if k % 3 == 1:
        left -= 4_500_000
        yield _row(
            f"{month}-05", "14:00:00", "out", 4_500_000, "澄州产业园管理有限公司", "enterprise", "rent"
        )
    yield _row(
        f"{month}-26",
        "16:00:00",
        "out",
        4_700_000,
        "澄州禾木家具有限公司",
        "own_account",
        "internal_transfer",
    )
    active = [item for n, item in enumerate(SUPPLIERS) if n < 8 or (n + k) % 2]
    whole = sum(weight for _name, weight in active)
    for n, (name, weight) in enumerate(active):
        yield _row(
            f"{month}-{n * 2 % 27 + 2:02d}",
            f"{13 + n % 4:02d}:{n * 11 % 60:02d}:42",
            "out",
            left * weight // whole,
            name,
            "enterprise",
            "trade_payment",
        )


def _rows() -> list[dict[str, str]]:
    rows = sorted(
        (row for k, month in enumerate(MONTHS) for row in _month(k, month)), key=lambda row: row["booked_at"]
    )
    balance = 22_000_000
    for row in rows:
        fen = int(row["amount"].replace(".", ""))
        balance += fen if row["direction"] == "in" else -fen
        row["balance_after"] = f"{'-' if balance < 0 else ''}{abs(balance) // 100}.{abs(balance) % 100:02d}"
    return rows


def head(*, self_query: bool = False) -> ReportHead:
    """The head of the sample."""
    return ReportHead(
        report_no="FR-20261121-003950",
        generated_at=datetime(2026, 11, 21, 2, 31, 8, tzinfo=UTC),
        provider="岚江农商银行",
        query_kind=QueryKind.SELF if self_query else QueryKind.INSTITUTION,
        institution=None if self_query else "远山银行 小企业信贷部",
        purpose=None if self_query else "credit_review",
        authorisation_no=None if self_query else "AU-20261121-0047",
        valid_to=None if self_query else datetime(2026, 12, 21, 2, 30, tzinfo=UTC),
        subject_name="澄州禾木家具有限公司",
        uscc="91990102MADEM0A16X",
        account_masked="6217 **** **** 3017",
        account_kind="basic",
        bank_name="岚江农商银行",
        opened_on=date(2019, 4, 2),
        objection_marks=(
            ObjectionMark("OB-20261112-0003", datetime(2026, 11, 12, 1, 0, tzinfo=UTC), ("2026-02",)),
        ),
        statements=(
            SubjectStatement("2026 年 2 月厂房搬迁，停产 9 天，水电由原房东代缴。", date(2026, 11, 12)),
        ),
    )


def product(*, self_query: bool = False, include_balance: bool = True) -> dict[str, Json]:
    """The sample report as product JSON."""
    return build_report(head(self_query=self_query), _facts(), include_balance=include_balance)


def summary_product() -> dict[str, Json]:
    """The sample detail summary as product JSON."""
    return build_summary(head(), _facts())


def _facts() -> Facts:
    context = Context(
        as_of=date(2026, 10, 31),
        months=24,
        opened_on=date(2019, 4, 2),
        holder="澄州禾木家具有限公司",
        related=frozenset({"陈禾"}),
    )
    return gather_facts(Statement(parse_rows(_rows()), context).books(ACCOUNT))
