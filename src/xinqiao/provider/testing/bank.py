"""A small invented bank: four accounts, two of them with a steady maker's statement, and planted canaries."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from xinqiao.provider.stores.base import ACCOUNT_COLUMNS, TRANSACTION_COLUMNS

AS_OF = date(2026, 11, 20)

type Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Holder:
    """A firm of the small bank and its account."""

    name: str
    uscc: str
    account_no: str
    link: str
    kind: str = "basic"
    status: str = "active"


FIRM = Holder("澄州禾木家具（演示）有限公司", "91990102MADEM0A16X", "990100000000000001", "acc-" + "a" * 32)
OTHER = Holder("澄州远舟商贸有限公司", "91990102MADEM0B24T", "990100000000000002", "acc-" + "b" * 32)
CLOSED = Holder(
    "澄州旧户有限公司", "91990102MADEM0C32P", "990100000000000003", "acc-" + "c" * 32, status="closed"
)
SPECIAL = Holder(
    "澄州专户有限公司", "91990102MADEM0D40L", "990100000000000004", "acc-" + "d" * 32, kind="special"
)
HOLDERS = (FIRM, OTHER, CLOSED, SPECIAL)


@dataclass(frozen=True, slots=True)
class Canaries:
    """Texts that must never leave the bank; planted in every column that is a person's or a trade secret."""

    customer: str = "北麓百货有限公司"
    customer_account: str = "622202990011223344"
    supplier: str = "松溪板材有限公司"
    worker: str = "许朗溪"
    text: str = "货款合同尾款"

    @property
    def all(self) -> tuple[str, ...]:
        """Every planted text."""
        return (self.customer, self.customer_account, self.supplier, self.worker, self.text)


def bank_rows(holder: Holder, canaries: Canaries, *, months: int = 27, as_of: date = AS_OF) -> list[Row]:
    """A steady maker's statement: each month three receipts, a purchase, wages and tax, with exact balances."""
    balance, found = 50_000_00, []
    for back in range(months, -1, -1):
        index = as_of.year * 12 + as_of.month - 1 - back
        year, month = index // 12, index % 12 + 1
        moves = [
            (3, "in", 120_000_00, canaries.customer, canaries.customer_account, canaries.text, "enterprise"),
            (11, "in", 60_000_00, "青屿家居有限公司", "622202990055667788", "货款", "enterprise"),
            (12, "out", 90_000_00, canaries.supplier, "622202990099887766", "采购板材", "enterprise"),
            (15, "out", 40_000_00, canaries.worker, "622202990000000001", "工资", "natural_person"),
            (18, "out", 5_000_00, "国家税务总局澄州税务局", "", "增值税", "tax"),
        ]
        for day, direction, fen, name, account, text, kind in moves:
            if date(year, month, day) > as_of:
                continue
            balance += fen if direction == "in" else -fen
            found.append(
                {
                    "txn_id": f"{holder.account_no[-4:]}-{year}{month:02d}{day:02d}",
                    "account_no": holder.account_no,
                    "booked_at": f"{year}-{month:02d}-{day:02d} 10:{day:02d}:00",
                    "value_date": f"{year}-{month:02d}-{day:02d}",
                    "direction": direction,
                    "amount": f"{fen // 100}.{fen % 100:02d}",
                    "currency": "CNY",
                    "balance_after": f"{balance // 100}.{balance % 100:02d}",
                    "channel": "e_banking",
                    "counterparty_name": name,
                    "counterparty_account": account,
                    "counterparty_kind": kind,
                    "summary_text": text,
                }
            )
    return found


def account_rows(holders: tuple[Holder, ...] = HOLDERS) -> list[Row]:
    """The accounts table of the small bank."""
    return [
        {
            "account_no": h.account_no, "name": h.name, "uscc": h.uscc, "kind": h.kind, "status": h.status,
            "opened_on": "2023-08-01", "cnaps": "901990100009", "bank_name": "岚江农村商业银行（演示）", "currency": "CNY",
        }
        for h in holders
    ]  # fmt: skip


def text_table(rows: list[Row], columns: tuple[str, ...]) -> pa.Table:
    """Rows as a table of text columns, null where a row has nothing."""
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in columns})


def write_small_bank(folder: Path, canaries: Canaries | None = None) -> None:
    """The data folder of the small bank, in the layout of docs/operations/provider.md."""
    planted = canaries or Canaries()
    (folder / "transactions").mkdir(parents=True, exist_ok=True)
    rows = [row for holder in (FIRM, OTHER) for row in bank_rows(holder, planted)]
    pq.write_table(text_table(rows, TRANSACTION_COLUMNS), folder / "transactions" / "part-0.parquet")
    pq.write_table(text_table(account_rows(), ACCOUNT_COLUMNS), folder / "accounts.parquet")
    (folder / "manifest.json").write_text(json.dumps({"data_as_of": AS_OF.isoformat()}), encoding="utf-8")
