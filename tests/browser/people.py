"""One person in front of one browser window: goes to pages, presses things, and looks at every page it sees.

``look`` is the heart: one h1, no sideways scroll from 360 px on, nothing on the console, no violation of the content
security policy, no finding of axe-core (WCAG 2 A and AA, 2.1 A and AA), the mark of a demonstration, provenance under
figures. Screenshots go to ``test-artifacts/`` (not in git), for people to look at.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
        cls,
        browser: Browser,
        base: str,
        series: str,
        *,
        width: int = 1440,
        locale: str = "zh-CN",
        dark: bool = False,
    ) -> "Person":
        """A fresh window."""
        context = browser.new_context(
            viewport={"width": width, "height": HEIGHT}, locale=locale, accept_downloads=True
        )
        context.set_default_timeout(30_000)
        if dark:
            context.add_cookies([{"name": "xq_theme", "value": "dark", "url": base}])
        return cls(context, base, series)

    def leave(self) -> list[str]:
        """Close the window; what its console said and nobody expected."""
        self.context.close()
        return self.said

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

    def submit(self) -> "Person":
        """Press the filled button of the form and wait for the page that follows.

        Not for a quiet network alone: a passkey signs first, and until it has, nothing moves and the old page is quiet.
        """
        page = self.page
        page.evaluate("document.documentElement.dataset.old = ''")
        page.locator("main form button.btn-primary:visible").first.click()
        page.locator("html[data-old]").wait_for(state="detached")
        page.wait_for_load_state("networkidle")
        return self

    def expect(self, *statuses: int) -> "Person":
        """Say that the next answers may carry these; the browser's remark about them is no complaint."""
        self.expected.update(statuses)
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
                wrong += [
                    f"axe {rule['id']} at {width}: {rule['nodes'][0]['html'][:200]}"
                    for rule in found["violations"]
                ]
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
        assert wrong == [], f"{name} ({self.path}): {json.dumps(wrong, ensure_ascii=False, indent=1)}"
        return self

    def keep(self, name: str, width: int) -> None:
        """Keep a picture."""
        folder = ARTIFACTS / self.series
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(
            path=folder / f"{name}@{width}.png", full_page=True, animations="disabled", timeout=60_000
        )


@dataclass(frozen=True)
class Staff:
    """How somebody of an institution or of the platform logs in."""

    username: str
    password: str

    def log_in(self, person: Person) -> None:
        """Log in with name and password."""
        person.go("/login/staff").fill(username=self.username, password=self.password).submit()
        assert "/login" not in person.path


def firm_person(person: Person, firm: Mapping[str, Any]) -> None:
    """Log in as the legal representative of a firm of the demonstration."""
    who = firm["person"]
    person.go("/login").fill(
        uscc=firm["uscc"], enterprise_name=firm["name"], person_name=who["name"], id_no=who["id_no"]
    ).submit()
    assert person.path == "/e/"


def bind(person: Person, account: Mapping[str, str], *, look: bool = False) -> None:
    """Bind one account: choose, read, sign."""
    person.go("/e/accounts/bind")
    if look:
        person.look("bind")
    person.choose("node", account["node_id"]).choose("kind", account["kind"]).fill(
        account_no=account["account_no"]
    )
    person.submit()
    assert person.path.endswith("/agreement"), person.text
    if look:
        person.look("agreement")
    person.submit()
    assert person.path == "/e/accounts", person.text


def ask(person: Person, firm: Mapping[str, Any], ref: str, *, look: bool = False) -> None:
    """An institution's officer asks for 24 months, 30 days, 3 queries of the report, to be shown on the platform."""
    person.go("/i/requests/new")
    if look:
        person.look("request-new")
    person.fill(uscc=firm["uscc"], business_ref=ref)
    for name, value in (("months", "24"), ("days", "30"), ("queries", "3"), ("reader", "hub_display")):
        person.choose(name, value)
    person.choose("product", "FLOW_REPORT").submit()
    assert "/i/requests/aut-" in person.path, person.text
