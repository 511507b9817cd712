"""The node's pages: who gets in, what a form needs, what every answer carries."""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from xinqiao.provider.portal.sessions import SESSION_LIFE
from xinqiao.provider.testing import FIRM, OTHER, NodeFixture

PAGES = ("/", "/permits", "/entrustments", "/refusals", "/keys", "/rules")
PASSWORD = "correct horse battery"


class Browser:
    """Keeps cookies and fills the form token, as a browser does."""

    def __init__(self, node: NodeFixture) -> None:
        self.node = node
        self.cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self._sent("GET", path, b"", headers)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        form = {"content-type": "application/x-www-form-urlencoded"}
        return self._sent("POST", path, urlencode(fields).encode(), form | headers)

    def _sent(self, method: str, path: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.node.raw(method, path, headers={**headers, "cookie": cookie}, content=content)
        for line in answer.headers.get_list("set-cookie"):
            name, _equals, rest = line.partition("=")
            value = rest.split(";")[0].strip('"')
            if value and "Max-Age=0" not in line:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return answer

    def token(self, path: str = "/login") -> str:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path).text)
        assert found
        return found[1]

    def login(self, username: str = "node", password: str = PASSWORD) -> httpx.Response:
        fields = {"username": username, "password": password, "csrfmiddlewaretoken": self.token()}
        return self.post("/login", fields)


@pytest.fixture
def browser(node: NodeFixture) -> Browser:
    return Browser(node)


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_a_page_without_logging_in(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert answer.content == b""


@pytest.mark.parametrize("path", [*PAGES, "/login", "/nowhere", "/static/ui/nothing.js"])
def test_every_answer_carries_the_policy_and_is_kept_by_no_cache(browser: Browser, path: str) -> None:
    browser.login()
    headers = browser.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_logging_in_opens_the_pages_and_logging_out_ends_the_cookie_for_good(browser: Browser) -> None:
    answer = browser.login()
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("xq_node_session"))
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    for path in PAGES:
        assert browser.get(path).status_code == 200
    stolen = dict(browser.cookies)
    assert browser.post("/logout", {"csrfmiddlewaretoken": browser.token("/")}).status_code == 303
    assert browser.get("/").status_code == 303
    browser.cookies = stolen
    assert browser.get("/").status_code == 303


def test_a_node_behind_https_keeps_its_cookies_to_https(tmp_path: Path) -> None:
    node = NodeFixture(tmp_path / "n", users=(("node", "吴桐", PASSWORD),))
    toml = node.home / "provider.toml"
    toml.write_text(toml.read_text().replace("http://node.test", "https://node.test"))
    node.restart()
    answer = Browser(node).get("/login")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]
    node.close()


@pytest.mark.parametrize(
    ("username", "password"), [("node", "wrong"), ("nobody", PASSWORD), ("", ""), ("node", "")]
)
def test_a_wrong_name_and_a_wrong_password_look_the_same(
    browser: Browser, username: str, password: str
) -> None:
    answer = browser.login(username, password)
    assert answer.status_code == 401
    assert "用户名或密码不对" in answer.text
    assert browser.get("/").status_code == 303


def test_five_failures_lock_the_name_for_half_an_hour_even_for_the_right_password(
    node: NodeFixture, browser: Browser
) -> None:
    for _ in range(4):
        assert browser.login(password="wrong").status_code == 401
    assert browser.login(password="wrong").status_code == 429
    assert browser.login().status_code == 429
    node.clock.advance(timedelta(minutes=29))
    assert browser.login().status_code == 429
    node.clock.advance(timedelta(minutes=2))
    assert browser.login().status_code == 303


def test_a_form_without_its_token_or_with_anothers_does_nothing(node: NodeFixture, browser: Browser) -> None:
    other = Browser(node)
    foreign = other.token()
    browser.token()
    for token in ("", "x", foreign, "令"):
        fields = {"username": "node", "password": PASSWORD, "csrfmiddlewaretoken": token}
        assert browser.post("/login", fields).status_code == 403
    browser.login()
    assert browser.post("/logout", {}).status_code == 403
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"username=node&username=node", "application/x-www-form-urlencoded"),
        (b"x=" + b"a" * 9000, "application/x-www-form-urlencoded"),
        (b"\xff=\xfe", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
    ],
)
def test_a_form_out_of_form_is_refused(node: NodeFixture, content: bytes, kind: str) -> None:
    assert node.raw("POST", "/login", headers={"content-type": kind}, content=content).status_code == 403


def test_a_session_ends_by_itself_after_eight_hours(node: NodeFixture, browser: Browser) -> None:
    browser.login()
    node.clock.advance(SESSION_LIFE - timedelta(seconds=1))
    assert browser.get("/").status_code == 200
    node.clock.advance(timedelta(seconds=1))
    assert browser.get("/").status_code == 303


def test_a_session_survives_a_restart_and_ends_with_the_password(node: NodeFixture, browser: Browser) -> None:
    from xinqiao.provider.setup import hash_password

    browser.login()
    node.restart()
    assert browser.get("/").status_code == 200
    toml = node.home / "provider.toml"
    text = re.sub(
        r'password = "scrypt[^"]+"', f'password = "{hash_password("another one")}"', toml.read_text()
    )
    toml.write_text(text)
    node.restart()
    assert browser.get("/").status_code == 303


@pytest.mark.parametrize("change", ["body", "mac", "cut", "long", "text"])
def test_a_cookie_that_was_touched_is_no_session(browser: Browser, change: str) -> None:
    browser.login()
    good = browser.cookies["xq_node_session"]
    body, mac = good.split(".")
    browser.cookies["xq_node_session"] = {
        "body": f"{body[:-1]}{'A' if body[-1] != 'A' else 'B'}.{mac}", "mac": f"{body}.{mac[:-1]}_",
        "cut": body, "long": good + "A" * 600, "text": "node",
    }[change]  # fmt: skip
    assert browser.get("/").status_code == 303


def test_the_key_of_the_cookies_is_private(node: NodeFixture) -> None:
    assert (node.home / "keys" / "portal.key").stat().st_mode & 0o077 == 0


def test_the_pages_cannot_reach_the_operations_nor_the_other_way(browser: Browser) -> None:
    browser.login()
    assert browser.get("/node/v1/nothing").json()["code"] == "NOT_FOUND"
    assert browser.post("/node/v1/products", {}).json()["code"] == "UNAUTHENTICATED"
    assert browser.get("/nowhere").status_code == 404
    assert browser.get("/login/").status_code == 404


def test_the_overview_counts_what_happened(node: NodeFixture, browser: Browser) -> None:
    from dataclasses import replace

    entrusted = node.entrust()
    for _ in range(3):
        node.ask(node.hub.permit(entrusted))
    node.ask(replace(node.hub.permit(entrusted), entrustment_digest="f" * 64))
    node.ledger()
    browser.login()
    text = re.sub(r"<[^>]+>", " ", browser.get("/").text)
    assert re.search(r"24 小时服务.{0,40}3\s+次", text, re.S)
    assert re.search(r"24 小时拒绝.{0,40}1\s+次", text, re.S)
    assert "服务 3 次，拒绝 1 次" in text
    assert "企业没有委托开户行提供" in text


def test_permits_can_be_filtered_found_and_paged(node: NodeFixture, browser: Browser) -> None:
    from xinqiao.provider.records import Entry, Event, put_entry

    def fill(connection: object) -> None:
        for n in range(120):
            event = Event.SERVED if n % 2 else Event.REFUSED
            code = "" if n % 2 else "SCOPE_EXCEEDED"
            entry = Entry(
                node.clock.now(), event, code, jti=f"{n:032x}", link=FIRM.link, product="FLOW_REPORT"
            )
            put_entry(connection, entry)  # type: ignore[arg-type]

    node.service.state.writer.submit(fill).result(10)
    browser.login()

    def shown(path: str) -> list[str]:
        return re.findall(r'title="([0-9a-f]{32})"', browser.get(path).text)

    first = shown("/permits")
    assert [int(one, 16) for one in first] == list(range(119, 69, -1))
    following = re.search(r'rel="next" href="([^"]+)"', browser.get("/permits").text)
    assert following
    assert [int(one, 16) for one in shown(following[1].replace("&amp;", "&"))] == list(range(69, 19, -1))
    assert all(int(one, 16) % 2 == 0 for one in shown("/permits?event=refused"))
    assert len(shown("/refusals")) == 50
    assert shown("/permits?product=FLOW_SUMMARY") == []
    assert shown(f"/permits?q={7:032x}") == [f"{7:032x}"]
    for nonsense in ("before=x", "before=" + "9" * 40, "event='--", "product=%00", "q=%25"):
        assert browser.get(f"/permits?{nonsense}").status_code == 200


def test_entrustments_are_shown_masked_with_their_end(node: NodeFixture, browser: Browser) -> None:
    node.entrust()
    node.entrust(OTHER)
    node.post("/node/v1/terminations", {"termination": node.hub.termination(OTHER)})
    browser.login()
    every = browser.get("/entrustments").text
    assert "9901****0001" in every
    assert "9901****0002" in every
    live = browser.get("/entrustments?state=live").text
    assert "9901****0001" in live
    assert "9901****0002" not in live
    assert "9901****0002" in browser.get("/entrustments?state=ended").text


@pytest.mark.parametrize("path", [*PAGES, "/login"])
def test_every_page_is_said_wholly_in_english_too(node: NodeFixture, browser: Browser, path: str) -> None:
    node.ask(node.hub.permit(node.entrust()))
    if path != "/login":
        browser.login()
    text = browser.get(path, **{"accept-language": "en-GB"}).text
    text = re.sub(r"<(script|title)[^>]*>.*?</\1>", " ", text, flags=re.S)
    for allowed in ("岚江农商银行", "远山银行", "吴桐", "信桥", "中文", "桐", "吴"):
        text = text.replace(allowed, "")
    assert re.findall(r"[\u4e00-\u9fff]+", text) == []


def test_a_language_asked_for_in_the_address_is_kept(browser: Browser) -> None:
    assert "Node log-in" in browser.get("/login?lang=en").text
    assert "Node log-in" in browser.get("/login").text
    assert "节点登录" in browser.get("/login?lang=zh").text
