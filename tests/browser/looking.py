"""One person in front of one browser window: goes to pages, presses things, and looks at every page it sees.

``look`` is the heart: one h1, no sideways scroll from 360 px on, nothing on the console, no violation of the content
security policy, no finding of axe-core (WCAG 2 A and AA, 2.1 A and AA), the mark of a demonstration, provenance under
figures. Screenshots go to ``test-artifacts/`` (not in git), for people to look at.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

ARTIFACTS = Path(__file__).resolve().parents[2] / "test-artifacts"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
WIDTHS = (1440, 768, 390, 360)
HEIGHT = 900

#: Runs before any script of the page: what the policy refuses is remembered, not only printed.
WATCH = """
window.__refused = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.__refused.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""

#: What the design system promises of every page (look, 7.1 and 11): read from the page itself.
PROMISES = """() => {
  const seen = (e) => e.checkVisibility();
  const shown = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  return {
    h1: document.querySelectorAll("h1").length,
    demo: shown(".xq-demo").length,
    undefined_figures: shown(".xq-fig").filter((e) => !e.querySelector("button[popovertarget]")).map((e) => e.innerText),
    unsourced: shown(".xq-card").filter((e) => e.querySelector(".xq-fig") && !e.querySelector(".xq-src") && !e.parentElement.closest(".xq-card")).map((e) => e.innerText.slice(0, 80)),
    filled: shown(".btn-primary").map((e) => e.innerText),
    title: document.title,
  };
}"""


@dataclass
class Sight:
    """Where a look found something wrong; kept so that a test can say all of it at once."""

    page: str
    wrong: list[str] = field(default_factory=list)


@dataclass
class Person:
    """A window with its own cookies."""

    context: BrowserContext
    base: str
    series: str
    page: Page = field(init=False)
    said: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)
    last: Response | None = None

    def __post_init__(self) -> None:
        self.context.add_init_script(WATCH)
        self.page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.said.append(f"pageerror: {error}"))

    @classmethod
    def arrive(
        cls, browser: Browser, base: str, series: str, *, width: int = 1440, locale: str = "zh-CN", dark: bool = False
    ) -> "Person":
        """A fresh window."""
        context = browser.new_context(viewport={"width": width, "height": HEIGHT}, locale=locale, accept_downloads=True)
        context.set_default_timeout(15_000)
        if dark:
            context.add_cookies([{"name": "xq_theme", "value": "dark", "url": base}])
        return cls(context, base, series)

    def leave(self) -> None:
        """Close the window; whatever the console said meanwhile is an error of the test."""
        said = list(self.said)
        self.context.close()
        assert said == []

    def _console(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        refused = re.search(r"status of (\d{3})", message.text)
        if refused and int(refused[1]) in self.expected:
            return  # the browser says so of every page that is answered with 4xx; the test asked for it
        self.said.append(f"{message.text} ({message.location.get('url', '')})")

    # -- moving ----------------------------------------------------------------------------------------------------

    def go(self, path: str, *, status: int = 200) -> "Person":
        """Open an address of this platform."""
        self.expected.add(status)
        url = path if path.startswith("http") else f"{self.base}{path}"
        self.last = self.page.goto(url)
        assert self.last is not None
        assert self.last.status == status, f"{path}: {self.last.status}"
        return self

    def press(self, name: str, *, exact: bool = False) -> "Person":
        """Press the button or link of that name and wait for the page that follows."""
        found = self.page.get_by_role("button", name=name, exact=exact).or_(
            self.page.get_by_role("link", name=name, exact=exact)
        )
        found.filter(visible=True).first.click()
        self.page.wait_for_load_state("networkidle")
        return self

    def fill(self, **values: str) -> "Person":
        """Fill fields by their names."""
        for name, value in values.items():
            self.page.locator(f"[name={name}]").fill(value)
        return self

    def choose(self, name: str, value: str) -> "Person":
        """Choose a segment or a card."""
        self.page.locator(f"input[name={name}][value='{value}']").check(force=True)
        return self

    @property
    def text(self) -> str:
        """What stands on the page."""
        return self.page.locator("body").inner_text()

    @property
    def path(self) -> str:
        """The present address without the host."""
        return self.page.url.removeprefix(self.base)

    # -- looking ---------------------------------------------------------------------------------------------------

    def look(
        self, name: str, *, widths: tuple[int, ...] = WIDTHS, demo: bool = True, axe: bool = True
    ) -> "Person":
        """Check the page as it stands and keep pictures of it."""
        page = self.page
        page.wait_for_load_state("networkidle")
        wrong: list[str] = []
        size = page.viewport_size or {"width": 1440, "height": HEIGHT}
        for width in widths:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.wait_for_timeout(60)  # a chart redraws after a resize; not a wait for a state
            far = page.evaluate("document.documentElement.scrollWidth")
            if far > width:
                wrong.append(f"{width} px scrolls sideways to {far}")
            if axe and width in (widths[0], 390):
                found = Axe().run(page, options=RULES).response
                wrong += [f"axe {rule['id']} at {width}: {rule['nodes'][0]['html'][:200]}" for rule in found["violations"]]
                if len(found["passes"]) <= 5:
                    wrong.append("axe looked at nothing")
            if width in (1440, 390):
                self.keep(name, width)
        page.set_viewport_size(size)
        told = page.evaluate(PROMISES)
        if told["h1"] != 1:
            wrong.append(f"{told['h1']} h1")
        if demo and not told["demo"]:
            wrong.append("no mark of a demonstration")
        wrong += [f"figure without definition: {one!r}" for one in told["undefined_figures"]]
        wrong += [f"figures without provenance: {one!r}" for one in told["unsourced"]]
        wrong += [f"refused by the policy: {one}" for one in page.evaluate("window.__refused")]
        wrong += [f"console: {one}" for one in self.said]
        self.said.clear()
        assert wrong == [], f"{name} ({self.path}): {json.dumps(wrong, ensure_ascii=False, indent=1)}"
        return self

    def keep(self, name: str, width: int) -> None:
        """Keep a picture."""
        folder = ARTIFACTS / self.series
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}@{width}.png", full_page=True, animations="disabled")
