"""The gallery in a real browser: axe, no sideways scroll, strict content security policy, definitions that open."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from xinqiao.ui.csp import POLICY
from xinqiao.ui.gallery import PAGES, write

pytestmark = pytest.mark.browser

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Quiet."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("gallery")
    write(folder)
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize("place", ["zh", "zh-dark", "en"])
@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_clean_and_does_not_scroll_sideways(
    address: str, browser: Browser, place: str, name: str
) -> None:
    # The dark theme changes no length, so it is read at two widths only.
    for width in (390, 1440) if place.endswith("dark") else (360, 390, 768, 1440):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, bypass_csp=width in (390, 1440)
        )
        page = context.new_page()
        said: list[str] = []
        page.on(
            "console",
            lambda message, said=said: said.append(message.text) if message.type == "error" else None,
        )
        page.goto(f"{address}/{place}/{name}.html")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{width} px scrolls sideways"
        assert page.locator("h1").count() == 1
        if width in (390, 1440):
            found = Axe().run(page, options=RULES).response
            assert len(found["passes"]) > 5
            assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]] == []
        assert said == []
        context.close()


def test_a_definition_opens_closes_and_gives_the_focus_back(address: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{address}/zh/report.html")
    label = page.locator(".xq-fig button").first
    label.click()
    dialog = page.locator(".xq-pop:popover-open")
    assert dialog.count() == 1
    assert "口径" in dialog.inner_text()
    page.keyboard.press("Escape")
    assert page.locator(".xq-pop:popover-open").count() == 0
    assert label.evaluate("element => element === document.activeElement")
    context.close()


def test_the_consent_card_repeats_the_present_choice(address: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{address}/zh/consent.html")
    line, verdict = page.locator("[data-choice-line]"), page.locator("[data-choice-verdict]")
    assert line.inner_text() == "1 个账户 · 24 个月 · 30 天 · 3 次 · 含余额"
    assert verdict.inner_text() == "与对方的要求一致。"
    page.locator(".xq-seg label", has_text="12").first.click()
    assert "12 个月" in line.inner_text()
    assert verdict.inner_text() == "比对方要的少。"
    page.locator("input[name=account]").first.uncheck()
    assert page.locator("button[value=confirm]").is_disabled()
    assert page.locator("button[value=refuse]").is_enabled()
    context.close()


def test_charts_are_drawn_and_carry_their_sentence(address: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{address}/zh/report.html")
    page.wait_for_selector("[data-chart] svg")
    for chart in page.locator("[data-chart]").all():
        assert chart.locator("svg path").count() > 3
        assert chart.get_attribute("aria-label")
    context.close()
