"""Django behind the gateway's address: what is not whole is not run, what waits is bounded, one host has one name."""

import asyncio
from collections.abc import Callable, Iterable

import pytest

from xinqiao.hub.gateway import wsgi_bridge
from xinqiao.hub.gateway.app import Application, Plane
from xinqiao.hub.gateway.http import Message

type Part = dict[str, object]
FORM = {"type": "http.request", "body": b"decision=refuse&reason=", "more_body": True}


class Portal:
    """A WSGI application that remembers what it was asked."""

    def __init__(self) -> None:
        self.made = 0
        self.bodies: list[bytes] = []

    def make(self) -> "Portal":
        self.made += 1
        return self

    def __call__(self, environ: dict[str, object], start: Callable[..., object]) -> Iterable[bytes]:
        self.bodies.append(environ["wsgi.input"].read())  # type: ignore[attr-defined]
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"done"]


class Visit:
    """One request to an application: its parts arrive as given, then nothing more."""

    def __init__(self, *parts: Part, hosts: tuple[bytes, ...] = (b"localhost",)) -> None:
        self.parts = list(parts)
        self.sent: list[Message] = []
        self.scope: dict[str, object] = {
            "type": "http", "method": "POST", "raw_path": b"/e/", "path": "/e/", "query_string": b"",
            "headers": [(b"host", host) for host in hosts], "client": ("192.0.2.1", 1),
        }  # fmt: skip

    async def receive(self) -> Message:
        if not self.parts:
            await asyncio.sleep(30)
        return self.parts.pop(0)

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> object:
        return self.sent[0]["status"] if self.sent else None

    async def to(self, app: Application) -> "Visit":
        await app(self.scope, self.receive, self.send)
        return self


@pytest.fixture
def portal() -> Portal:
    return Portal()


@pytest.fixture
def app(portal: Portal) -> Application:
    return Application(plane=Plane.PORTAL, portal=portal.make)


def test_a_form_whose_sender_went_away_is_not_run(app: Application, portal: Portal) -> None:
    visit = asyncio.run(Visit(FORM, {"type": "http.disconnect"}).to(app))
    assert visit.sent == []
    assert portal.bodies == []


def test_a_whole_form_is_run_once_however_it_was_cut(app: Application, portal: Portal) -> None:
    rest = {"type": "http.request", "body": b"none", "more_body": False}
    assert asyncio.run(Visit(FORM, rest).to(app)).status == 200
    assert portal.bodies == [b"decision=refuse&reason=none"]


def test_forms_that_are_still_coming_count_among_those_that_wait(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wsgi_bridge, "MAX_WAITING", 1)

    async def two() -> tuple[object, object]:
        slow = asyncio.ensure_future(Visit(FORM).to(app))
        await asyncio.sleep(0)
        busy = await Visit(FORM).to(app)
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)
        return busy.status, (await Visit({"type": "http.request", "body": b""}).to(app)).status

    assert asyncio.run(two()) == (503, 200)


def test_a_form_that_does_not_come_is_given_up(
    app: Application, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wsgi_bridge, "FORM_SECONDS", 0.02)
    assert asyncio.run(Visit(FORM).to(app)).status == 408
    assert portal.bodies == []


def test_two_names_of_the_host_are_refused(app: Application, portal: Portal) -> None:
    whole = {"type": "http.request", "body": b""}
    assert asyncio.run(Visit(whole, hosts=(b"localhost", b"elsewhere")).to(app)).status == 400
    assert portal.bodies == []


def test_the_portal_is_made_before_the_server_says_that_it_is_up(app: Application, portal: Portal) -> None:
    made: list[int] = []

    async def start() -> None:
        parts = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

        async def receive() -> Message:
            return parts.pop(0)

        async def send(message: Message) -> None:
            made.append(portal.made)

        await app({"type": "lifespan"}, receive, send)

    asyncio.run(start())
    assert made == [1, 1]
