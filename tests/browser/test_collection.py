"""A data steward corrects a rejected file with nothing but the receipt, from the empty form to the last row accepted."""

from pathlib import Path

import pytest
from tests.browser.conftest import Arrive, Province
from tests.browser.people import Person

pytestmark = pytest.mark.browser

ITEM = "water_fee"
HEADER = (
    "企业名称,统一社会信用代码,用水户号,开户日期,用户地址,预交金额(元),欠费金额(元),是否一户一表,费用所属期"
)


def _bill(firm: dict[str, str], account: str, *, code: str = "", opened: str = "2020-01-05") -> str:
    return f"{firm['name']},{code or firm['uscc']},{account},{opened},云栖路 1 号,10.00,0.00,是,2026-09"


def _choose(person: Person, path: Path) -> None:
    """Put a file into the box and send it; the script sends it in pieces and leads to the batch."""
    person.page.locator("#f-file").set_input_files(path)
    assert path.name in person.page.locator(".xq-drop").inner_text()
    person.page.locator("#send button[type=submit]").click()
    person.page.wait_for_url("**/source/batches/bat-*")


def _until_done(person: Person) -> None:
    """The page asks by itself how far the batch is, and comes again when it is done."""
    person.page.locator("text=SHA-256").wait_for()
    person.page.get_by_text("回执（JSON）").wait_for(timeout=60_000)
    person.page.wait_for_load_state("networkidle")


def test_a_steward_corrects_a_file_with_nothing_but_the_receipt(
    arrive: Arrive, province: Province, tmp_path: Path
) -> None:
    firms = [province.firm(n) for n in range(4)]
    wrong = firms[1]["uscc"][:17] + ("A" if firms[1]["uscc"][17] != "A" else "B")
    sent = tmp_path / "water_fee_202609.csv"
    rows = [
        _bill(firms[0], "T001"), _bill(firms[1], "T002", code=wrong), _bill(firms[2], "T003", opened="2020-02-30"),
        _bill(firms[3], "T004"), _bill(firms[3], "T005"),
    ]  # fmt: skip
    sent.write_text("\n".join([HEADER, *rows, ""]), encoding="gb18030")

    steward = arrive.staff(province.source("shuiwu"), "collection")
    steward.look("home")
    steward.go("/source/items").look("items")
    steward.go(f"/source/items/{ITEM}").look("item")
    _choose(steward, sent)
    _until_done(steward)
    assert "部分接收" in steward.text
    steward.look("receipt")
    with steward.page.expect_download() as taken:
        steward.page.get_by_role("link", name="下载 CSV").click()
    refused = tmp_path / "refused.csv"
    taken.value.save_as(refused)

    text = refused.read_text(encoding="utf-8-sig")
    assert text.count("\n") == 3  # the header and the two rows
    fixed = tmp_path / "corrected.csv"
    fixed.write_text(
        text.replace(wrong, firms[1]["uscc"]).replace("2020-02-30", "2020-02-29"), encoding="utf-8"
    )
    steward.page.locator("main").get_by_role("link", name="报送更正").click()
    steward.page.wait_for_load_state("networkidle")
    assert "更正批次" in steward.text
    steward.look("correction", widths=(1440, 390))
    _choose(steward, fixed)
    _until_done(steward)
    assert "已接收" in steward.text
    assert steward.page.locator(".xq-fig").nth(1).locator("b").inner_text() == "2行"
    steward.look("accepted", widths=(1440, 390))
    steward.go("/source/batches").look("batches")

    _choose(steward.go(f"/source/items/{ITEM}"), fixed)  # a slip: the same file once more
    assert "没有重复入库" in steward.text
    steward.press("撤回").look("withdraw", widths=(1440, 390))

    phone = arrive.staff(province.source("shuiwu", "supplier"), "collection-phone", width=390)
    phone.look("home", widths=(390, 360))
    phone.go("/source/").press("看回执，去改").look("receipt", widths=(390, 360))

    operator = arrive.staff(province.operator("operator"), "collection-operator")
    operator.go("/o/sources").look("sources", widths=(1440, 390)).go("/o/sources/new").look(
        "new", widths=(1440, 390)
    )
    operator.go("/o/batches").look("batches", widths=(1440, 390))
    english = arrive.staff(province.source("yibao"), "collection-english", locale="en")
    english.look("home", widths=(1440,)).go("/source/items/medical_insurance_arrears").look(
        "item", widths=(1440,)
    )
