"""Records about the demonstration's own firms that tell the story their bank statements tell.

Electricity and gas follow the month's revenue, insured staff follows it slowly, contributions fall behind where payroll
did, and a firm that got into trouble has a judgment against it. So the portrait of a firm and its fund-flow report
can be read side by side, and the truth about it is known.
"""

import random
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from xinqiao.catalogue.template import csv_template
from xinqiao.catalogue.words import example_row
from xinqiao.domain.catalogue.model import Catalogue

type Row = dict[str, str]
#: What ``truth.json`` holds of one firm.
type Told = Mapping[str, Any]

MONTHS = 24
#: Yuan of revenue for each insured person, kilowatt-hour and cubic metre: invented, of a plausible size.
_PER_PERSON, _PER_KWH, _PER_M3 = 45_000, 38, 2_600
_KWH_PRICE, _M3_PRICE = Decimal("0.68"), Decimal("3.85")


def write_own_records(
    truth: Mapping[str, Told], catalogue: Catalogue, folder: Path, *, as_of: date
) -> Iterator[tuple[str, Path]]:
    """A file of each item for the firms of ``truth`` (by credit code): item and path, one after another."""
    folder.mkdir(parents=True, exist_ok=True)
    known = ((uscc, one) for uscc, one in truth.items() if one.get("monthly_revenue"))
    told = [_Firm(number, uscc, one, catalogue, as_of) for number, (uscc, one) in enumerate(known, start=1)]
    for item, rows in (
        ("medical_insurance_basic", [row for firm in told for row in firm.insured()]),
        ("medical_insurance_change", [row for firm in told for row in firm.changes()]),
        ("medical_insurance_arrears", [row for firm in told for row in firm.arrears()]),
        ("electricity_fee", [row for firm in told for row in firm.electricity()]),
        ("gas_fee", [row for firm in told for row in firm.gas()]),
        ("public_resource_transaction", [row for firm in told for row in firm.projects()]),
        ("dishonest_judgment_debtor", [row for firm in told for row in firm.judgments()]),
    ):
        if rows:
            path = folder / f"{item}_own.csv"
            path.write_bytes(csv_template(catalogue.items[item], rows))
            yield item, path


def _yuan(amount: Decimal | int) -> str:
    return f"{Decimal(amount):.2f}"


class _Firm:
    """One firm with the months its records cover, the last whole one at the end."""

    def __init__(self, number: int, uscc: str, told: Told, catalogue: Catalogue, as_of: date) -> None:
        self._catalogue = catalogue
        self._rng = random.Random(uscc)  # noqa: S311 - a demonstration that is the same every time
        self._told, self._uscc, self._name = told, uscc, str(told["name"])
        last = as_of.year * 12 + as_of.month - 2
        self._months = [f"{n // 12}-{n % 12 + 1:02d}" for n in range(last - MONTHS + 1, last + 1)]
        revenue: Mapping[str, int] = told["monthly_revenue"]
        self._revenue = {month: revenue.get(month, 0) // 100 for month in self._months}
        self._late = set(told.get("late_payroll_months", ()))
        self._staff = list(self._headcounts())
        self._no = number

    def _row(self, item: str, **cells: str) -> Row:
        """An example row with what is known of the firm; what the example invents and nobody said stays empty."""
        entry = self._catalogue.items[item]
        usual = example_row(entry, self._catalogue)
        needed = {field.name for field in entry.fields if field.required}
        kept = {name: value if name in needed else "" for name, value in usual.items()}
        named = {"ent_name": self._name} if "ent_name" in usual else {}
        return {**kept, **named, "uscc": self._uscc, **cells}

    def _headcounts(self) -> Iterator[int]:
        """Staff follows the average of half a year's revenue, at most two people a month."""
        month_list = self._months
        count = 0
        for at, _month in enumerate(month_list):
            span = [self._revenue[m] for m in month_list[max(0, at - 5) : at + 1]]
            wanted = max(3, sum(span) // len(span) // _PER_PERSON)
            count = wanted if not at else count + max(-2, min(2, wanted - count))
            yield count

    def insured(self) -> Iterator[Row]:
        """职工医疗保险费: every month; in arrears in the months payroll was late."""
        for month, staff in zip(self._months, self._staff, strict=True):
            base = staff * 5_200
            payable = Decimal(base) * Decimal("0.08")
            paid = payable / 2 if month in self._late else payable
            yield self._row(
                "medical_insurance_basic", unit_no=f"YB{self._no:08d}", insured_since="2019-04-01", period=month,
                insured_count=str(staff), contribution_base=_yuan(base), payable_amount=_yuan(payable),
                paid_amount=_yuan(paid), status="欠缴" if month in self._late else "正常缴费",
                agency="云陵省演示市医疗保障事务中心",
            )  # fmt: skip

    def changes(self) -> Iterator[Row]:
        """人员变动: where the head count moved."""
        pairs = zip(self._staff, self._staff[1:], self._months[1:], strict=False)
        for number, (before, after, month) in enumerate(pairs, start=1):
            if before == after:
                continue
            yield self._row(
                "medical_insurance_change", change_no=f"{self._no:08d}{number:04d}", period=month,
                change_kind="增员" if after > before else "减员", count_before=str(before),
                count_added=str(max(0, after - before)), count_reduced=str(max(0, before - after)),
                count_after=str(after), changed_on=f"{month}-05",
            )  # fmt: skip

    def arrears(self) -> Iterator[Row]:
        """医疗保险欠费: half a month's contribution, where payroll was late."""
        for month, staff in zip(self._months, self._staff, strict=True):
            if month in self._late:
                yield self._row(
                    "medical_insurance_arrears", period=month,
                    arrears_amount=_yuan(Decimal(staff * 5_200) * Decimal("0.04")), affected_count=str(staff),
                    due_date=f"{month}-25", cleared_on="", status="欠缴",
                )  # fmt: skip

    def electricity(self) -> Iterator[Row]:
        """电费: follows revenue, with some noise; a bill stays unpaid in months of late payroll."""
        for month in self._months:
            kwh = Decimal(self._revenue[month] * self._rng.randint(92, 108) // 100 // _PER_KWH + 400)
            bill = kwh * _KWH_PRICE
            owed = bill if month in self._late else Decimal(0)
            yield self._row(
                "electricity_fee", account_no=f"{self._no:010d}", address="云陵省演示市云栖路 1 号",
                running_capacity_kva="200.00", contract_capacity_kva="250.00", first_supply_on="2019-03-01",
                account_status="正常", arrears_amount=_yuan(owed), default_count_24m=str(len(self._late)),
                period=month, usage_kwh=_yuan(kwh), billed_amount=_yuan(bill), paid_amount=_yuan(bill - owed),
                usage_category="大工业",
            )  # fmt: skip

    def gas(self) -> Iterator[Row]:
        """气费: of the firms that make things."""
        if self._told["kind"] not in ("maker", "seasonal"):
            return
        for month in self._months:
            used = Decimal(self._revenue[month] // _PER_M3 + 30)
            bill = used * _M3_PRICE
            yield self._row(
                "gas_fee", account_no=f"RQ{self._no:07d}", opened_on="2019-03-01", address="云陵省演示市云栖路 1 号",
                prepaid_amount="0.00", arrears_amount="0.00", one_meter_per_household="是", period=month,
                usage_m3=_yuan(used), billed_amount=_yuan(bill), paid_amount=_yuan(bill), late_count_24m="0",
                account_status="正常",
            )  # fmt: skip

    def projects(self) -> Iterator[Row]:
        """公共资源交易: what project business lives on, one in each half-year."""
        if self._told["kind"] != "project":
            return
        for number, month in enumerate(self._months[3::6], start=1):
            amount = sum(self._revenue.values()) // 5 + number * 10_000
            yield self._row(
                "public_resource_transaction", transaction_kind="政府采购", project_no=f"YL{self._no:06d}-{number}",
                project_name=f"演示市公共设施改造项目第 {number} 标段", project_amount=_yuan(amount),
                owner_org_name="云陵省演示市城市管理局（演示）",
                source_url=f"https://example.org/notice/{self._no}-{number}", notice_date=f"{month}-18",
                notice_kind="中标（成交）结果",
            )  # fmt: skip

    def judgments(self) -> Iterator[Row]:
        """失信被执行人: of a firm that got into trouble."""
        trouble = self._told.get("trouble_from")
        if not trouble:
            return
        month = max(self._months[0], min(str(trouble)[:7], self._months[-1]))
        yield self._row(
            "dishonest_judgment_debtor", subject_name=self._name, subject_kind="法人或其他组织", case_no=f"（2026）演0102执{self._no}号",
            executing_court="云陵省演示市人民法院（演示）", basis_document_no=f"（2026）演0102民初{self._no}号",
            basis_issuer="云陵省演示市人民法院（演示）", obligations="支付货款及利息", performance="全部未履行",
            conduct="有履行能力而拒不履行生效法律文书确定义务", filed_on=f"{month}-08", published_on=f"{month}-20",
        )  # fmt: skip
