"""A credit officer answers five questions about a firm from its credit report alone; what is true is known beforehand."""

import csv
from collections.abc import Mapping

import pytest
from tests.browser.conftest import Arrive, Province
from tests.browser.people import Person

from xinqiao.demo import department

pytestmark = pytest.mark.browser

#: A section as the officer sees it: what stands above its table once, and the rows below, by column label.
READ = """(name) => {
  const title = [...document.querySelectorAll("main h3")].find((e) => e.innerText.trim().startsWith(name));
  if (!title) return null;
  const body = title.closest(".body");
  const facts = {};
  body.querySelectorAll("dl dt").forEach((dt) => { facts[dt.innerText.trim()] = dt.nextElementSibling.innerText.trim(); });
  const heads = [...body.querySelectorAll("thead th")].map((e) => e.innerText.trim());
  const rows = [...body.querySelectorAll("tbody tr")].map((tr) =>
    Object.fromEntries([...tr.children].map((cell, at) => [heads[at], cell.innerText.trim()])));
  return rows.length ? rows.map((row) => ({...facts, ...row})) : [facts];
}"""
#: The word beside an item that has no lines.
NOTHING = """(name) => {
  const row = [...document.querySelectorAll("#rest tr")].find((tr) => tr.innerText.includes(name));
  if (row) return row.innerText;
  const title = [...document.querySelectorAll("main h3")].find((e) => e.innerText.includes(name));
  return title ? title.parentElement.innerText : "";
}"""


def _collected(arrive: Arrive, province: Province) -> None:
    """Wait until the worker has judged what the power company sent: the demonstration says ready before that."""
    steward = arrive.staff(province.source("gongdian"), "officer-source")
    assert "B-2" in steward.go("/source/batches").text
    for _ in range(120):
        if "B-2" not in steward.go("/source/batches?show=waiting").text:
            return
        steward.page.wait_for_timeout(1_000)
    raise AssertionError("the batches were not judged in time")


def _rows(person: Person, item: str) -> list[Mapping[str, str]]:
    found = person.page.evaluate(READ, item)
    assert found, f"{item} is not in the report"
    return list(found)


def test_a_credit_officer_answers_five_questions_from_the_report_alone(
    arrive: Arrive, province: Province
) -> None:
    firm = province.firm(0)
    with (province.folder / "collected" / "electricity_fee_own.csv").open(encoding="utf-8-sig") as lines:
        power = [row for row in csv.DictReader(lines) if row["统一社会信用代码"] == firm["uscc"]]
    pensions = province.folder / "nodes" / "department" / "items" / f"{department.PENSION}.csv"
    with pensions.open(encoding="utf-8") as lines:
        insured = [row for row in csv.DictReader(lines) if row["uscc"] == firm["uscc"]]
    owed = f"{1000 + sum(firm['uscc'].encode()):,}.18"
    _collected(arrive, province)

    officer = arrive.staff(province.staff("chenghu"), "officer")
    officer.go("/i/credit").look("list", widths=(1440, 390))
    officer.press(firm["name"]).look("authorisation", widths=(1440, 390))
    officer.page.get_by_role("button", name="生成，在这里看").click()
    officer.page.get_by_text("平台代为显示这一次").wait_for(timeout=30_000)
    officer.look("report")

    # 1. What did it use last month, and does it pay its power bill?
    bills = _rows(officer, "电费")
    newest = max(bills, key=lambda row: row["费用所属期"])
    assert newest["费用所属期"] == power[-1]["费用所属期"]
    assert newest["用电量(千瓦时)"].replace(",", "") == power[-1]["用电量(千瓦时)"]
    assert {row["欠费金额(元)"] for row in bills} == {"0.00"}
    # 2. Did it ever owe taxes, and does it still?
    (tax,) = _rows(officer, "历史欠税")
    assert owed in tax.values()
    assert "已清缴" in tax.values() or "已缴清" in tax.values(), tax
    # 3. How many people does it insure, by the newest month?
    staff = max(_rows(officer, "企业职工基本养老保险"), key=lambda row: row["费款所属期"])
    assert (staff["费款所属期"], staff["参保缴费人数"]) == (
        insured[-1]["period"],
        insured[-1]["insured_count"],
    )
    # 4. What may the bank not see? That is said of the item, and not whether there is anything.
    assert "没有授权" in officer.page.evaluate(NOTHING, "职工医疗保险费变动信息")
    # 5. Where does it come from, and as of when?
    source = officer.page.evaluate(
        """() => [...document.querySelectorAll("main .xq-src")].map((e) => e.innerText).find((t) => t.includes("供电"))"""
    )
    assert "云陵供电公司（演示）" in source
    assert power[-1]["费用所属期"] in source
