"""A shop owner on a phone publishes a need and reads why a product does not fit; an adviser takes it from there."""

import pytest
from tests.browser.conftest import Arrive

pytestmark = pytest.mark.browser


def test_a_need_from_the_phone_to_its_adviser(arrive: Arrive) -> None:
    owner = arrive.firm(2, "needs", width=390)
    owner.go("/e/needs").look("needs-empty")
    owner.go("/e/needs/new").look("need-new")
    owner.fill(amount="50", months="12", contact="138****0000（演示）")
    owner.page.select_option("[name=purpose]", "working_capital")
    owner.page.get_by_role("checkbox", name="同意平台用").check()
    owner.press("发布，看哪些产品合适")
    assert "/e/needs/ned-" in owner.path, owner.text
    number = owner.page.title().split()[0]
    assert "最小的改动" in owner.text
    owner.page.locator("summary", has_text="为什么").first.click()
    owner.look("need")
    at = owner.path
    owner.page.get_by_role("button", name="选定这家").first.click()
    owner.page.wait_for_load_state("networkidle")
    assert "您选定了" in owner.text
    owner.look("need-chosen", axe=False)

    role = "adviser1" if "顾问丁" in owner.text else "adviser2"
    desk = arrive.staff(arrive.province.operator(role), "needs")
    desk.go("/o/needs").look("queue")
    assert number in desk.text
    desk.go(at.replace("/e/", "/o/"))
    desk.page.locator("summary", has_text="记一次联系").click()
    desk.look("adviser-need")
    desk.page.locator("#f-words-contact").fill("确认了金额和用途。")
    desk.press("记下", exact=True)
    assert "顾问联系企业" in desk.text
    desk.go("/o/needs/advisers").look("advisers")
