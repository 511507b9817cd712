"""Writes the province as the banks' own files: one folder per bank in the layout a provider node reads.

``accounts.parquet``, ``transactions/part-0.parquet``, ``related.csv``, ``parity.csv`` and ``manifest.json``. The
truth of the generator goes to a file of its own that no program of the platform reads.
"""

import csv
import json
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from xinqiao.demo.model import COLUMNS, Bank, Province
from xinqiao.demo.real_data import CURRENCY, PARITY

ACCOUNT_COLUMNS = (
    "account_no", "name", "uscc", "kind", "status", "opened_on", "closed_on", "cnaps", "bank_name", "currency", "balance",
)  # fmt: skip


def _write(rows: list[dict[str, str]], columns: tuple[str, ...], path: Path) -> None:
    table = pa.table(
        {name: pa.array([row.get(name) or None for row in rows], pa.string()) for name in columns}
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd", row_group_size=20_000)


def _account_rows(province: Province, bank: Bank) -> list[dict[str, str]]:
    closing = {row["account_no"]: row["balance_after"] for row in province.rows.get(bank.key, [])}
    return [
        {
            "account_no": account.account_no,
            "name": firm.name,
            "uscc": firm.uscc,
            "kind": account.kind,
            "status": "active",
            "opened_on": account.opened_on.isoformat(),
            "cnaps": bank.cnaps,
            "bank_name": bank.name,
            "currency": account.currency,
            "balance": closing.get(account.account_no, ""),
        }
        for firm in province.firms
        for account in firm.accounts
        if account.bank == bank.key
    ]


def write_bank(province: Province, bank: Bank, folder: Path) -> None:
    """Write one bank's data folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(_account_rows(province, bank), ACCOUNT_COLUMNS, folder / "accounts.parquet")
    # Sorted by account, so that a reader of one account touches few row groups.
    rows = sorted(province.rows.get(bank.key, []), key=lambda row: row["account_no"])
    _write(rows, COLUMNS, folder / "transactions" / "part-0.parquet")
    with (folder / "related.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["uscc", "name"])
        for firm in province.firms:
            for name in (firm.legal_rep, *(firm.truth.related_parties if firm.truth else ())):
                if "*" not in name:
                    writer.writerow([firm.uscc, name])
    if any(row["currency"] == CURRENCY for row in rows):
        with (folder / "parity.csv").open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([["date", "currency", "rate"], ["", CURRENCY, PARITY]])
    manifest = {"data_as_of": province.as_of.isoformat()}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def write_truth(province: Province, path: Path) -> None:
    """Write what the generator knows, for tests and for the curious."""
    truth = {
        firm.uscc: {
            "name": firm.name,
            "accounts": [a.account_no for a in firm.accounts],
            **asdict(firm.truth),
        }
        for firm in province.firms
        if firm.truth
    }
    path.write_text(json.dumps(truth, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
