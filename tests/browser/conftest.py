"""One demonstration, one browser, for all journeys.

The demonstration is built in a temporary folder and served by real processes on free ports, as ``make demo`` does it.
``BROWSER_DEMO=folder`` uses one that is already running instead (while writing a journey). These tests are run with
``-m browser`` only: a plain ``pytest`` deselects them and needs no Chromium.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.browser.people import Person, Staff, firm_person

from xinqiao.demo.processes import free_ports

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
FIRMS = 8
READY_SECONDS = 120


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A journey runs when it is asked for by its mark."""
    if "browser" in config.option.markexpr:
        return
    kept = [item for item in items if item.get_closest_marker("browser") is None]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@dataclass(frozen=True)
class Province:
    """The running demonstration and how to log in."""

    folder: Path
    credentials: dict[str, Any]

    @property
    def url(self) -> str:
        """The hub's address."""
        return str(self.credentials["hub"]["url"])

    def firm(self, index: int) -> dict[str, Any]:
        """An enterprise; 0 and 1 have a story, the others have never logged in."""
        return dict(self.credentials["enterprises"][index])

    def staff(self, bank: str, role: str = "query_operator") -> Staff:
        """A person of an institution."""
        own = next(one for one in self.credentials["institutions"] if one["key"] == bank)
        user = next(one for one in own["users"] if one["role"] == role)
        return Staff(user["username"], user["password"])

    def source(self, code: str, role: str = "steward") -> Staff:
        """A person of a data source: ``steward`` or ``supplier``."""
        own = next(one for one in self.credentials["sources"] if one["code"] == code)
        user = next(one for one in own["users"] if one["role"] == role)
        return Staff(user["username"], user["password"])

    def operator(self, role: str) -> Staff:
        """A person of the platform: ``operator``, ``security`` or ``auditor``."""
        every = [*self.credentials["operators"], self.credentials["auditor"]]
        user = next(one for one in every if one["role"] == role)
        return Staff(user["username"], user["password"])


@pytest.fixture(scope="session")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """A freshly built demonstration, up until the last journey has ended."""
    given = os.environ.get("BROWSER_DEMO")
    if given:
        yield _read(Path(given))
        return
    folder = tmp_path_factory.mktemp("province") / "demo"
    log = folder.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "xinqiao.cli", "demo", "--data", str(folder), "--port", str(_room()),
             "--firms", str(FIRMS)],
            stdout=out, stderr=subprocess.STDOUT, env={**os.environ, "XINQIAO_DATA_DIR": ""},
        )  # fmt: skip
        try:
            _wait_until_ready(process, log)
            yield _read(folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)


def _read(folder: Path) -> Province:
    return Province(folder, json.loads((folder / "credentials.json").read_text(encoding="utf-8")))


def _room() -> int:
    """A port with two free ones after it, because the nodes take the next two."""
    for _ in range(50):
        port = free_ports(1)[0]
        if port < 65_000 and all(_is_free(port + more) for more in (1, 2)):
            return port
    raise RuntimeError("no three free ports in a row")


def _is_free(port: int) -> bool:
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as held:
        try:
            held.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        said = log.read_text(encoding="utf-8", errors="replace")
        if " ready " in said:
            return
        if process.poll() is not None:
            raise RuntimeError(f"the demonstration ended at start:\n{said[-3000:]}")
        time.sleep(0.2)  # waiting for another process to say that it listens
    raise RuntimeError(f"the demonstration was not ready in time:\n{log.read_text(encoding='utf-8')[-3000:]}")


@pytest.fixture
def arrive(browser: Browser, province: Province) -> Iterator["Arrive"]:
    """Open windows; every one is closed at the end and must not have complained."""
    host = Arrive(browser, province)
    yield host
    host.everybody_leaves()


class Arrive:
    """Opens windows for people."""

    def __init__(self, browser: Browser, province: Province) -> None:
        self.browser, self.province = browser, province
        self.here: list[Person] = []

    def anybody(self, series: str, *, width: int = 1440, locale: str = "zh-CN", dark: bool = False) -> Person:
        """A visitor."""
        person = Person.arrive(self.browser, self.province.url, series, width=width, locale=locale, dark=dark)
        self.here.append(person)
        return person

    def firm(self, index: int, series: str, **how: Any) -> Person:
        """The legal representative of a firm, logged in."""
        person = self.anybody(series, **how)
        firm_person(person, self.province.firm(index))
        return person

    def staff(self, who: Staff, series: str, **how: Any) -> Person:
        """Somebody of an institution or of the platform, logged in."""
        person = self.anybody(series, **how)
        who.log_in(person)
        return person

    def everybody_leaves(self) -> None:
        """Close all windows, also those of a failed test."""
        said = [one for person in self.here for one in person.leave()]
        assert said == []
