"""The main journey by hand: a firm binds, a bank asks, the firm agrees in part, the bank reads, the firm withdraws.

Confirmed once with the simulated face check of the demonstration and once with a real passkey ceremony.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page
from tests.browser.conftest import Arrive, Province
from tests.browser.people import Person, ask, bind

pytestmark = pytest.mark.browser


def _agree(owner: Person, *, months: str, look: bool = False) -> str:
    """From the start page to a confirmed authorisation; returns its address."""
    owner.go("/e/")
    assert "在等您的答复" in owner.text
    if look:
        owner.look("home-task")
    owner.press("看清楚，再决定")
    if look:
        owner.look("consent")
    address = owner.path
    owner.page.locator("input[name=account]:not([disabled])").first.check()
    if look:
        owner.press("预览它将看到的真实内容")
        owner.page.locator("#preview [data-chart] svg").wait_for()
        owner.look("consent-preview")
    owner.choose("months", months)
    verdict = owner.page.locator("[data-choice-verdict]").inner_text()
    assert verdict == ("与对方的要求一致。" if months == "24" else "比对方要的少。")
    owner.press("看清楚了，去确认")
    signed = owner.page.locator(".xq-signed").inner_text()
    assert f"{months} 个月" in signed or f"{months}" in signed
    if look:
        owner.look("consent-sign")
    return address


def _offline_verdict(path: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "xinqiao.cli", "verify", str(path)], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_a_firm_agrees_in_part_sees_the_use_and_withdraws(
    arrive: Arrive, province: Province, tmp_path: Path
) -> None:
    firm = province.firm(3)
    owner = arrive.firm(3, "journey")
    owner.look("home-empty")
    for number, account in enumerate(firm["accounts"][:2]):
        bind(owner, account, look=number == 0)
    owner.look("accounts")

    officer = arrive.staff(province.staff("chenghu"), "journey-bank")
    officer.look("desk")
    ask(officer, firm, "JOURNEY-1", look=True)
    request = officer.path
    officer.look("request-waiting")

    address = _agree(owner, months="12", look=True)
    owner.submit()
    assert owner.path == address
    assert "部分同意" in owner.text
    owner.look("authorisation")

    officer.go(request).look("request-live")
    officer.press("查询，在这里看")
    officer.page.locator(".xq-fig").first.wait_for()
    assert firm["name"] in officer.text
    officer.look("report")

    owner.go("/e/ledger").look("ledger-used")
    assert "澄湖银行看了您的资金流报告" in owner.text
    assert "平台代为显示，不留存" in owner.text
    with owner.page.expect_download() as export:
        owner.press("导出我的存证")
    saved = tmp_path / "ledger.jsonl"
    export.value.save_as(saved)
    assert _offline_verdict(saved)

    owner.go(address).press("撤回")
    owner.look("withdraw-sign")
    owner.submit()
    assert "已撤回" in owner.text
    owner.look("withdrawn")

    officer.expect(403, 409)
    officer.go(request)
    assert "企业已撤回，不能再查" in officer.text
    officer.look("request-withdrawn")
    assert officer.page.get_by_role("button", name="查询，在这里看").count() == 0

    owner.go("/e/ledger?kind=consent").look("ledger-consents")
    assert "您撤回了给澄湖银行的授权" in owner.text


def test_going_back_from_the_signature_keeps_the_choice_and_the_way_on(
    arrive: Arrive, province: Province
) -> None:
    firm = province.firm(7)
    owner = arrive.firm(7, "back")
    bind(owner, firm["accounts"][0])
    ask(arrive.staff(province.staff("chenghu"), "back-bank"), firm, "BACK-1")
    address = _agree(owner, months="12")
    owner.page.go_back(wait_until="load")
    assert owner.path == address
    assert owner.page.locator("input[name=account]:checked").count() == 1
    assert owner.page.locator("[data-choice-verdict]").inner_text() == "比对方要的少。"
    owner.press("看清楚了，去确认").submit()
    assert "部分同意" in owner.text


def test_a_query_sent_from_a_page_that_was_open_before_the_withdrawal_is_refused_and_recorded(
    arrive: Arrive, province: Province
) -> None:
    firm = province.firm(5)
    owner = arrive.firm(5, "late")
    bind(owner, firm["accounts"][0])
    officer = arrive.staff(province.staff("chenghu"), "late-bank")
    ask(officer, firm, "LATE-1")
    request = officer.path
    address = _agree(owner, months="24")
    owner.submit()
    officer.go(request)  # the form is open, the firm withdraws meanwhile
    owner.go(f"{address}/withdraw").submit()
    assert "已撤回" in owner.text
    officer.press("查询，在这里看")
    officer.page.wait_for_url("**/i/records/**")
    officer.look("refused")
    assert "CONSENT_REVOKED" in officer.text
    owner.go("/e/ledger?kind=deny").look("ledger-refusal")
    assert "没有放行：澄湖银行的查询" in owner.text
    assert "没有任何数据给出，不占次数。" in owner.text


def _give_passkey(page: Page) -> None:
    """A platform authenticator that verifies its user, as a phone or a laptop has one."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                "isUserVerified": True, "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip


def test_a_passkey_signs_the_agreement_confirms_and_withdraws(arrive: Arrive, province: Province) -> None:
    firm = province.firm(4)
    owner = arrive.firm(4, "passkey")
    _give_passkey(owner.page)
    owner.go("/e/me").fill(label="办公室的电脑").press("添加通行密钥")
    owner.page.get_by_text("办公室的电脑").wait_for()
    owner.look("me-passkey")
    bind(owner, firm["accounts"][0])
    officer = arrive.staff(province.staff("chenghu"), "passkey-bank")
    ask(officer, firm, "PASSKEY-1")
    address = _agree(owner, months="24")
    assert owner.page.locator("input[name=method]").first.input_value() == "passkey"
    assert "指纹、面容或设备密码" in owner.text
    owner.look("consent-sign")
    owner.submit()
    owner.page.wait_for_url(f"**{address}")
    assert "生效中" in owner.text
    owner.press("撤回").submit()
    owner.page.get_by_text("已撤回").first.wait_for()
    owner.look("withdrawn")


def test_the_other_way_to_confirm_is_one_press_away(arrive: Arrive, province: Province) -> None:
    firm = province.firm(6)
    owner = arrive.firm(6, "switch")
    _give_passkey(owner.page)
    owner.go("/e/me").press("添加通行密钥")
    owner.page.get_by_text("这台设备").wait_for()
    bind(owner, firm["accounts"][0])
    ask(arrive.staff(province.staff("chenghu"), "switch-bank"), firm, "SWITCH-1")
    address = _agree(owner, months="12")
    owner.press("改用模拟刷脸（演示）")
    assert owner.page.locator("input[name=method]").first.input_value() == "simulated_face"
    owner.submit()
    assert owner.path == address
    assert "部分同意" in owner.text


def test_the_own_report_is_a_page_a_signed_paper_and_a_file(
    arrive: Arrive, province: Province, tmp_path: Path
) -> None:
    owner = arrive.firm(0, "own")
    owner.go("/e/report").look("report-ask").submit()
    owner.page.locator("[data-chart] svg").first.wait_for()
    owner.look("report")
    with owner.page.expect_download() as paper:
        owner.press("PDF")
    paper.value.save_as(tmp_path / "report.pdf")
    content = (tmp_path / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"/ByteRange" in content  # signed
    with owner.page.expect_download() as data:
        owner.press("JSON")
    data.value.save_as(tmp_path / "report.json")
    bundle = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert bundle["product"]["head"]["report_no"].startswith("FR-")
    owner.go("/e/report").choose("product", "FLOW_SUMMARY").submit()
    owner.look("summary")
    owner.go("/verify").fill(code=bundle["verify_code"]).submit()
    owner.look("verify-own")
    assert "是从这里放行的" in owner.text
    owner.fill(code="7KQ4-M2XD-09TF").submit()
    owner.look("verify-none")
    assert "没有放行过这样的报告" in owner.text
