"""The demonstration's department: one node for tax, social insurance, real estate and marriage items, all invented.

Every record is marked 演示数据 where the item has a text for it. The firm that is verified has a legal representative
born in 1850: a number in good form that no living person can have.
"""

import csv
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from xinqiao.demo.ids import invented_uscc
from xinqiao.demo.model import Province
from xinqiao.domain.identifiers import resident_check

#: The node's name among the ports and folders of a demonstration.
KEY = "department"
NAME = "云陵省政务数据节点（演示数据）"
UNIT = "云陵省数据局（演示）"
UNIT_USCC = invented_uscc(serial=9001, kind="11")
ARREARS, DEFERRED, PENSION = "historical_tax_arrears", "deferred_tax", "pension_contribution"
HOUSE, MARRIAGE = "real_estate_registration", "legal_rep_marital_status"
ITEMS = (ARREARS, DEFERRED, PENSION, HOUSE, MARRIAGE)

type Row = dict[str, str]


def _nobodys_number() -> str:
    body = "11010218500101901"
    return body + resident_check(body)


@dataclass(frozen=True, slots=True)
class Claimant:
    """The firm whose legal representative consents to a verification, and what the department knows about that person."""

    uscc: str = invented_uscc(serial=9000)
    name: str = "澄州问真仪器（演示）有限公司"
    person: str = "许问（演示）"
    id_no: str = _nobodys_number()
    certificate: str = "云陵（演示）不动产权第0000901号"

    @property
    def house(self) -> Row:
        """A house as it would be stated."""
        return {
            "owner_name": self.person, "owner_id_type": "01", "owner_id_no": self.id_no,
            "certificate_no": self.certificate,
        }  # fmt: skip

    @property
    def marriage(self) -> Row:
        """The marital status as it would be stated."""
        return {"legal_rep_name": self.person, "legal_rep_id_no": self.id_no, "marital_status": "20"}


CLAIMANT = Claimant()


def write_items(province: Province, folder: Path) -> None:
    """The department's folder: records of every firm of the province and of the claimant."""
    folder.mkdir(parents=True, exist_ok=True)
    firms = [(firm.uscc, firm.name) for firm in province.firms if firm.origin == "generated"]
    firms.append((CLAIMANT.uscc, CLAIMANT.name))
    last = province.as_of
    _write(folder / f"{PENSION}.csv", [row for firm in firms for row in _pensions(firm, last)])
    _write(folder / f"{ARREARS}.csv", [_arrears(firm, last) for firm in firms[::3] + firms[-1:]])
    _write(folder / f"{DEFERRED}.csv", [_deferred(firm, last) for firm in firms[1::4]])
    _write(folder / f"{HOUSE}.csv", [CLAIMANT.house | {"usage": "residential", "area_sqm": "88.50"}])
    _write(folder / f"{MARRIAGE}.csv", [CLAIMANT.marriage | {"registration_authority": "演示数据"}])
    (folder / "manifest.json").write_text(json.dumps({"data_as_of": last.isoformat()}), encoding="utf-8")


def _pensions(firm: tuple[str, str], last: date) -> list[Row]:
    """The twelve months before the last day; the heads follow the code, so that the same seed gives the same rows."""
    heads = 8 + sum(firm[0].encode()) % 40
    found = []
    for back in range(12, 0, -1):
        index = last.year * 12 + last.month - 1 - back
        due = f"{heads * 1250}.00"
        found.append(
            {
                "ent_name": firm[1], "uscc": firm[0], "period": f"{index // 12}-{index % 12 + 1:02d}",
                "insured_count": str(heads), "payable_amount": due, "paid_amount": due, "arrears_amount": "0.00",
                "status": "normal", "agency": "云陵省社保中心（演示数据）",
            }
        )  # fmt: skip
    return found


def _arrears(firm: tuple[str, str], last: date) -> Row:
    year = last.year - 1
    return {
        "ent_name": firm[1], "uscc": firm[0], "tax_type": "vat", "period_start": f"{year}-01-01",
        "period_end": f"{year}-03-31", "arrears_amount": f"{1000 + sum(firm[0].encode())}.18",
        "due_date": f"{year}-04-20", "cleared_on": f"{year}-05-06", "status": "cleared",
        "tax_authority": "云陵省税务局（演示数据）",
    }  # fmt: skip


def _deferred(firm: tuple[str, str], last: date) -> Row:
    year = last.year - 1
    return {
        "ent_name": firm[1], "uscc": firm[0], "tax_type": "vat", "period_start": f"{year}-07-01",
        "period_end": f"{year}-09-30", "deferred_amount": f"{20000 + sum(firm[0].encode())}.00",
        "deferred_due_date": f"{year + 1}-03-31", "status": "settled", "tax_authority": "云陵省税务局（演示数据）",
    }  # fmt: skip


def _write(path: Path, rows: list[Row]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names)
        writer.writeheader()
        writer.writerows({tuple(row.values()): row for row in rows}.values())
