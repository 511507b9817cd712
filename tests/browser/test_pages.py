"""Every page of the public, the enterprise, the operator and the provider portal, as different people see it."""

import json
import re

import pytest
from tests.browser.conftest import Arrive, Province
from tests.browser.people import Person

from xinqiao.demo.ids import invented_uscc
from xinqiao.trust.keys import SigningKey

pytestmark = pytest.mark.browser

PUBLIC = {
    "home": "/", "data": "/data", "catalogue": "/catalogue", "catalogue-item": "/catalogue/dishonest_judgment_debtor",
    "firms": "/firms", "size": "/size", "verify": "/verify", "connect": "/connect", "login": "/login", "staff": "/login/staff",
}  # fmt: skip
ENTERPRISE = {
    "home": "/e/", "consents": "/e/authorisations", "report": "/e/report", "portrait": "/e/portrait", "ledger": "/e/ledger", "me": "/e/me",
    "accounts": "/e/accounts", "bind": "/e/accounts/bind", "notices": "/e/me/notices", "credit": "/e/credit",
    "declared": "/e/declared", "redress": "/e/redress",
}  # fmt: skip
CJK = re.compile(r"[\u4e00-\u9fff]")


def test_public_pages(arrive: Arrive) -> None:
    visitor = arrive.anybody("public")
    for name, path in PUBLIC.items():
        visitor.go(path).look(name)


def test_pages_of_a_firm_in_a_hurry(arrive: Arrive) -> None:
    owner = arrive.firm(0, "firm")
    for name, path in ENTERPRISE.items():
        owner.go(path).look(name)
    owner.go("/e/")
    owner.press("现在就算")
    owner.page.locator("#glance [data-chart] svg").wait_for()
    owner.look("home-glance")
    owner.go("/e/authorisations").page.locator("a.xq-li").first.click()
    owner.page.wait_for_load_state("networkidle")
    owner.look("consent")
    owner.go("/e/me")
    owner.page.get_by_text("委托一位代办人").click()
    owner.look("me-agent")
    owner.press("退出")
    assert owner.path == "/"
    owner.go("/e/ledger")
    assert owner.path.startswith("/login?next=")


def test_what_is_wrong_stands_at_its_field(arrive: Arrive, province: Province) -> None:
    visitor = arrive.anybody("wrong").expect(401, 422)
    visitor.go("/login")
    visitor.page.locator("[data-fill]").first.click()
    assert visitor.page.locator("#f-enterprise_name").input_value() == province.firm(0)["name"]
    visitor.fill(uscc="91 9901").submit().look("login-shape")
    assert "统一社会信用代码是 18 位，现在是 6 位。" in visitor.text
    assert visitor.page.locator("#f-uscc").get_attribute("aria-invalid") == "true"
    firm = province.firm(2)
    visitor.fill(
        uscc=firm["uscc"], enterprise_name=firm["name"], person_name="某某", id_no=firm["person"]["id_no"]
    )
    visitor.submit().look("login-refused")
    assert "身份没有核验通过" in visitor.text


def test_pages_that_are_not_there_and_pages_of_others(arrive: Arrive, province: Province) -> None:
    visitor = arrive.anybody("errors")
    visitor.go("/no-such-page", status=404).look("not-found")
    owner = arrive.firm(1, "errors")
    owner.go(f"/e/authorisations/aut-{'0' * 32}", status=404).look("absent")
    owner.go("/i/", status=403).look("other-portal")
    owner.press("回到首页")
    assert owner.path == "/e/"


def test_a_refusal_takes_one_press(arrive: Arrive) -> None:
    owner = arrive.firm(1, "refuse")
    owner.go("/e/").press("看清楚，再决定")
    address = owner.path
    owner.press("不同意")
    assert owner.path == address
    assert "您已拒绝" in owner.text
    owner.look("refused")


def test_a_phone(arrive: Arrive) -> None:
    owner = arrive.firm(0, "phone", width=390)
    tabs = owner.page.locator(".xq-tabbar a")
    assert tabs.count() == 5
    for place in range(5):
        tabs.nth(place).click()
        owner.page.wait_for_load_state("networkidle")
        owner.look(f"tab-{place + 1}", widths=(390, 360))
    small = owner.page.evaluate(
        "[...document.querySelectorAll('.xq-tabbar a, main .btn:not(.btn-sm)')].filter((e) => e.checkVisibility())"
        ".map((e) => e.getBoundingClientRect().height).filter((h) => h < 44)"
    )
    assert small == []
    owner.go("/e/authorisations").page.locator("a.xq-li").first.click()
    owner.page.wait_for_load_state("networkidle")
    assert owner.page.locator(".xq-tabbar").count() == 0  # a focused task
    owner.look("consent", widths=(390, 360))
    act = owner.page.locator(".xq-act.stick")
    assert act.bounding_box()["y"] < 900, "the actions stay in sight"  # type: ignore[index]


def _chinese_left(person: Person) -> list[str]:
    """Headings, labels, buttons and places that are still Chinese; names and what people wrote are theirs."""
    found = person.page.evaluate(
        "[...document.querySelectorAll('main h2, main h3, legend, label, th, dt, nav a, main .btn, .xq-pill, .xq-fig button, "
        ".xq-src')].filter((e) => e.checkVisibility() && !e.closest('.xq-who, .xq-li b, [lang=zh-CN]')).map((e) => e.innerText)"
    )
    names = ("银行", "中文", "公司", "（演示）")  # the last: sources, under what they told
    return [text for text in found if CJK.search(text) and not any(name in text for name in names)]


def test_english(arrive: Arrive) -> None:
    visitor = arrive.anybody("english", locale="en-GB")
    for name, path in PUBLIC.items():
        visitor.go(path).look(name, widths=(1440, 390))
        assert _chinese_left(visitor) == [], name
        assert visitor.page.locator("html").get_attribute("lang") == "en"
    owner = arrive.firm(0, "english", locale="en-GB")
    for name, path in ENTERPRISE.items():
        owner.go(path).look(f"e-{name}", widths=(1440, 390))
        assert _chinese_left(owner) == [], name
    owner.go("/e/authorisations").page.locator("a.xq-li").first.click()
    owner.page.wait_for_load_state("networkidle")
    owner.look("e-consent", widths=(1440, 390))
    assert _chinese_left(owner) == []
    owner.go("/e/").page.get_by_role("link", name="中文").first.click()
    owner.page.wait_for_load_state("networkidle")
    assert "等您决定" in owner.text


def test_dark(arrive: Arrive) -> None:
    visitor = arrive.anybody("dark", dark=True)
    for name in ("home", "login"):
        visitor.go(PUBLIC[name]).look(name, widths=(1440, 390))
    owner = arrive.firm(0, "dark", dark=True)
    for name in ("home", "ledger", "me", "report"):
        owner.go(ENTERPRISE[name]).look(f"e-{name}", widths=(1440, 390))
    owner.submit().look("e-own-report", widths=(1440, 390))
    owner.go("/e/authorisations").page.locator("a.xq-li").first.click()
    owner.page.wait_for_load_state("networkidle")
    owner.look("e-consent", widths=(1440, 390))
    owner.go("/e/").page.locator("[data-theme-switch]").first.click()
    assert owner.page.locator("html").get_attribute("data-bs-theme") == "light"


def test_notices_are_read_on_a_phone_and_at_a_desk(arrive: Arrive, province: Province) -> None:
    owner = arrive.firm(0, "notices", width=390)
    owner.go("/e/me").press("全部通知")
    assert owner.path == "/e/me/notices"
    owner.look("unread", widths=(390, 360))
    unread = owner.page.get_by_role("button", name="标为已读", exact=True)
    before = unread.count()
    assert before > 0
    owner.press("标为已读", exact=True)
    assert unread.count() == before - 1
    officer = arrive.staff(province.staff("chenghu"), "notices-desk")
    officer.go("/i/").press("通知")
    assert officer.path == "/i/notices"
    officer.look("unread").press("全部标为已读").look("read")
    assert "都读过了" in officer.text
    officer.press("去看")
    assert officer.path.startswith("/i/")


def _walk(person: Person, home: str) -> list[str]:
    """Look at every place of the navigation of a desk portal; their names."""
    person.go(home)
    places = person.page.locator("nav a.l")
    addresses = {str(places.nth(i).get_attribute("href")) for i in range(places.count())}
    for address in sorted(addresses):
        name = address.strip("/").replace("/", "-") or "home"
        person.go(address).look(name)
    return sorted(addresses)


def test_pages_of_an_institution(arrive: Arrive, province: Province) -> None:
    officer = arrive.staff(province.staff("chenghu"), "institution")
    assert len(_walk(officer, "/i/")) >= 8
    head = arrive.staff(province.staff("chenghu", "institution_admin"), "institution-admin")
    assert len(_walk(head, "/i/")) >= 5


@pytest.mark.parametrize("role", ["operator", "security", "auditor"])
def test_pages_of_the_platforms_own_people(arrive: Arrive, province: Province, role: str) -> None:
    person = arrive.staff(province.operator(role), role)
    assert len(_walk(person, "/o/")) >= 5


def test_pages_of_a_provider_node(arrive: Arrive, province: Province) -> None:
    node = province.credentials["nodes"][0]
    person = arrive.anybody("provider")
    person.base = node["url"]
    person.go("/").look("login", widths=(1440, 390))
    names = person.page.locator("form input:not([type=hidden])")
    names.nth(0).fill(node["portal"]["login"])
    names.nth(1).fill(node["portal"]["password"])
    person.submit()
    assert len(_walk(person, "/")) >= 4


def test_pages_that_let_a_bank_in(arrive: Arrive, province: Province) -> None:
    """The last in this file: it leaves an institution and a node behind."""
    head = arrive.staff(province.operator("operator"), "admit").expect(422)
    head.go("/o/institutions").press("登记机构").look("institution-new")
    head.fill(
        name="青屿农村商业银行股份有限公司", short_name="青屿银行", uscc="91990102MADEM0A16Y", display_name="沈岚（演示）",
        username="operator",
    )  # fmt: skip
    head.choose("takes_part", "provider")
    head.submit().look("institution-wrong")
    assert head.page.locator("#f-uscc").get_attribute("aria-invalid") == "true"
    head.fill(uscc=invented_uscc(serial=29_000)).submit().look("institution-taken")
    assert "这个登录名已经有人用" in head.text
    head.fill(username="qingyu.shen").submit().look("institution-made")
    assert "密码只显示这一次" in head.text
    head.go("/o/institutions").press("青屿农村商业银行股份有限公司").press("登记节点").look("node-new")
    bank = head.path.split("/")[3]
    key = json.dumps(SigningKey.generate().public.to_jwk())
    head.fill(base_url="node.qingyu.example", jwk="{").submit().look("node-wrong")
    head.fill(base_url="http://localhost:9", jwk=key).submit().look("node-made")
    assert head.path.startswith("/o/nodes/nod-")
    node = head.path

    officer = arrive.staff(province.operator("security"), "admit-security").expect(422)
    officer.go(node).look("node-keys")
    officer.fill(jwk=key).press("加上").look("node-key-known")
    assert "这把密钥已经登记过" in officer.text
    officer.fill(jwk=json.dumps(SigningKey.generate().public.to_jwk())).press("加上")
    officer.press("吊销").look("node-key-revoked")

    visitor = arrive.staff(province.operator("operator"), "admit-english", locale="en-GB")
    for name, path in (
        ("institution-new", "/o/institutions/new"),
        ("node-new", f"/o/institutions/{bank}/nodes/new"),
    ):
        visitor.go(path).look(name, widths=(1440, 390))
        assert _chinese_left(visitor) == [], name
    night = arrive.staff(province.operator("operator"), "admit-dark", dark=True)
    night.go("/o/institutions/new").look("institution-new", widths=(1440, 390))
