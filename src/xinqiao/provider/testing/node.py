"""A node to test against: in this process, or as a process of its own on a free port."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx

from xinqiao.clock import AdjustableClock, Pace
from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Entrustment, Permit
from xinqiao.provider.app import NodeApp, build_service
from xinqiao.provider.config import load_config
from xinqiao.provider.faults import Hooks
from xinqiao.provider.portal.app import make_portal
from xinqiao.provider.service import NodeService
from xinqiao.provider.setup import NodeSetup, write_home
from xinqiao.provider.testing.bank import FIRM, Holder, write_small_bank
from xinqiao.provider.testing.platform import HUB_ID, HUB_URL, NODE_URL, Platform, Sent
from xinqiao.trust.httpsig import verify_response
from xinqiao.trust.jws import ArtefactType, sign_jws

START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def make_home(home: Path, platform: Platform, *, users: tuple[tuple[str, str, str], ...] = ()) -> None:
    """The home of a node over the small bank."""
    setup = NodeSetup(
        node_id=platform.node, institution="ins-" + "1" * 32, name="岚江农商银行", bank_name="岚江农村商业银行（演示）",
        public_url=platform.base_url, hub_id=HUB_ID, hub_url=HUB_URL, demo=True, users=users,
    )  # fmt: skip
    write_home(home, setup, platform.anchor())
    write_small_bank(home / "data")


class NodeFixture:
    """A node in this process. ``post`` signs, sends, and checks the node's signature on whatever comes back."""

    def __init__(
        self, home: Path, *, clock: AdjustableClock | None = None, users: tuple[tuple[str, str, str], ...] = (),
        pace: Pace | None = None,
    ) -> None:  # fmt: skip
        self.clock = clock or AdjustableClock(START)
        self.home = home
        self.pace = pace
        self.hub = Platform(self.clock)
        self._make_home(users)
        self.app = self._open()
        self.service.trust.accept(self.hub.directory(), self.clock.now())
        self._runner = asyncio.Runner()

    @property
    def service(self) -> NodeService:
        """The node's verbs, store and state."""
        return self.app.service

    def _open(self) -> NodeApp:
        config = load_config(self.home, os.environ)
        service = build_service(config, clock=self.clock, hooks=Hooks(enabled=True))
        return NodeApp(service, portal=make_portal(service) if config.users else None, pace=self.pace)

    def _make_home(self, users: tuple[tuple[str, str, str], ...]) -> None:
        make_home(self.home, self.hub, users=users)

    def restart(self) -> None:
        """Close everything and start again from the same home."""
        self.app.close()
        self.app = self._open()

    def close(self) -> None:
        """Let go of files and the loop."""
        self.app.close()
        self._runner.close()

    def transport(self) -> httpx.ASGITransport:
        """For somebody else's client; 500s are answers, not exceptions."""
        return httpx.ASGITransport(app=self.app, raise_app_exceptions=False)

    def send(self, sent: Sent, *, bound: bool = True) -> httpx.Response:
        """Send a prepared request and check that the answer is the node's and answers this very request.

        ``bound=False`` where the node could not believe the request, so that its answer is bound to none.
        """
        answer = self.raw("POST", sent.url, headers=sent.headers, content=sent.content)
        own = self.service.key
        verify_response(
            answer.status_code, list(answer.headers.multi_items()), answer.content,
            lambda kid: own.public if kid == own.kid else None, self.clock.now(),
            request_signature=sent.signature if bound else None,
        )  # fmt: skip
        return answer

    def raw(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes = b""
    ) -> httpx.Response:
        """Any request, unsigned."""

        async def go() -> httpx.Response:
            async with httpx.AsyncClient(transport=self.transport(), base_url=NODE_URL) as client:
                return await client.request(method, url, headers=dict(headers or {}), content=content)

        return self._runner.run(go())

    def together(self, *requests: Sent) -> list[httpx.Response]:
        """Several requests at once."""

        async def go() -> list[httpx.Response]:
            async with httpx.AsyncClient(transport=self.transport()) as client:
                return await asyncio.gather(
                    *(client.post(r.url, headers=r.headers, content=r.content) for r in requests)
                )

        return self._runner.run(go())

    def post(self, path: str, body: Mapping[str, Json], nonce: str | None = None) -> httpx.Response:
        """A good request with this body."""
        content = json.dumps(dict(body), ensure_ascii=False).encode("utf-8")
        return self.send(self.hub.request(path, content, nonce=nonce))

    # --- the ordinary story -------------------------------------------------------------------------------------

    def check(self, holder: Holder = FIRM, **changes: str) -> httpx.Response:
        """An ownership check of a holder's account."""
        body: dict[str, Json] = {
            "link": holder.link, "uscc": holder.uscc, "name": holder.name, "account_no": holder.account_no,
            "account_kind": "basic",
        }  # fmt: skip
        return self.post("/node/v1/ownership-checks", body | changes)

    def entrust(self, holder: Holder = FIRM) -> Entrustment:
        """Ownership check and entrustment, both accepted."""
        assert self.check(holder).json()["result"] == "pass"
        claims = self.hub.entrustment_claims(holder)
        token = sign_jws(claims, self.hub.key, ArtefactType.ENTRUSTMENT)
        answer = self.post("/node/v1/entrustments", {"entrustment": token})
        assert answer.status_code == 201, answer.text
        return Entrustment.from_claims(claims)

    def ask(self, permit: Permit, **artefacts: str | None) -> httpx.Response:
        """Present a permit."""
        return self.post("/node/v1/products", self.hub.product_body(permit, **artefacts))

    def ask_for_institution(self, entrusted: Entrustment, **changes: object) -> httpx.Response:
        """A whole institution query that is allowed, unless ``changes`` to the permit say otherwise."""
        token, granted = self.hub.authorisation()
        statement = self.hub.statement()
        permit = self.hub.permit(entrusted, authorisation=granted, statement=statement)
        return self.ask(replace(permit, **changes), authorisation=token, statement=statement)  # type: ignore[arg-type]

    def ledger(self) -> list[tuple[str, str]]:
        """(event, code) of every ledger line, oldest first."""
        self.service.state.writer.submit(lambda _connection: None).result(
            10
        )  # all that was queued is written
        return [
            (str(e), str(c))
            for e, c in self.service.state.read("SELECT event, code FROM ledger ORDER BY seq")
        ]


@contextmanager
def node_process(home: Path, port: int, *, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """``xinqiao provider`` as a process of its own with test hooks, answering when the block begins; killed at its end."""
    arguments = ["provider", "--home", str(home), "--port", str(port), "--test-hooks"]
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "xinqiao.cli", *arguments], stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )  # fmt: skip
    try:
        _wait_until_up(process, f"http://127.0.0.1:{port}/node/v1/health", log)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, 9)
        process.wait(10)


def _wait_until_up(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, trust_env=False, timeout=2.0).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError(f"the node did not come up:\n{log.read_text(errors='replace')[-2000:]}")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])
